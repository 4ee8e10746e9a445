// Element and data segments, the data count, and the delimiting of function bodies (sections 5.5.12 to 5.5.15), with
// their validity (sections 3.4.7 and 3.4.8).
#include "engine/decode/limits.h"
#include "engine/decode/module_decoder.h"
#include "engine/module/opcodes.h"
#include "engine/validate/validator.h"

namespace brink {
namespace {

// Bits of an element segment's kind (section 5.5.12).
constexpr u32 kNotActive = 1;    // passive or declarative
constexpr u32 kExplicit = 2;     // active: table index follows; not active: declarative
constexpr u32 kExpressions = 4;  // else function indices
constexpr u32 kLastElementKind = 7;

// Of an expression that is one i32.const of at most four bytes, in which nothing can be wrong, as nearly all are; 0: it is another.
u32 size_of_number(std::span<const u8> bytes) {
  constexpr u32 kLongest = 4;
  if (bytes.size() < 2 + kLongest || op_from_byte(bytes[0]) != Op::I32Const) return 0;
  u32 size = 1;
  while (size <= kLongest && bytes[size] >= 0x80) ++size;
  return size <= kLongest && op_from_byte(bytes[size + 1]) == Op::End ? size + 2 : 0;
}

}  // namespace

ConstantExpression ModuleDecoder::read_constant_expression(ValueType expected) {
  u32 at = static_cast<u32>(r_.offset());
  if (!r_.ok()) return {};
  if (u32 size = size_of_number(m_.bytes.subspan(at, static_cast<u32>(r_.remaining()))); size != 0 && expected == kI32) {
    r_.read_bytes(size, "constant expression");
    return {{at, size}};
  }
  m_.declared_functions.resize(m_.functions.size());
  auto size = validate_constant_expression(m_, at, at + static_cast<u32>(r_.remaining()), expected,
                                           static_cast<u32>(m_.globals.size()), &m_.declared_functions);
  if (!size) {
    r_.fail_at(size.error().offset, size.error().kind, std::move(size.error().message));
    return {};
  }
  r_.read_bytes(*size, "constant expression");
  return {{at, *size}};
}

void ModuleDecoder::decode_element_section() {
  m_.declared_functions.resize(m_.functions.size());
  u32 count = read_limited_count("element segment count", 2, limits::kElementSegments);
  for (u32 i = 0; i < count && r_.ok(); ++i) decode_element_segment();
}

void ModuleDecoder::decode_element_segment() {
  ElementSegment segment;
  u64 at = r_.offset();
  u32 kind = r_.read_u32("element segment kind");
  if (!r_.ok()) return;
  if (kind > kLastElementKind) return malformed(at, "malformed elements segment kind " + std::to_string(kind));
  if (kind != 0 && !require(Feature::BulkMemory, at, "element segment of kind " + std::to_string(kind))) return;

  segment.is_expressions = kind & kExpressions;
  segment.type = segment.is_expressions ? kFuncRef : ValueType::ref(AbstractHeap::Func, false);
  if (kind & kNotActive) {
    segment.mode = kind & kExplicit ? SegmentMode::Declarative : SegmentMode::Passive;
  } else {
    segment.mode = SegmentMode::Active;
    u64 table_at = r_.offset();
    if (kind & kExplicit) segment.table = r_.read_u32("table index");
    if (!check_index(ExternKind::Table, segment.table, table_at)) return;
    segment.offset = read_constant_expression(value_type_of(m_.tables[segment.table].type.limits.address));
  }
  if (kind & (kNotActive | kExplicit)) {
    u64 type_at = r_.offset();
    if (segment.is_expressions) {
      segment.type = read_reference_type();
    } else if (u8 element_kind = r_.read_byte("element kind")) {
      malformed(type_at, "malformed element kind " + hex_byte(element_kind));
    }
  }
  if (r_.ok() && segment.mode == SegmentMode::Active) {
    ValueType element = m_.tables[segment.table].type.element;
    if (!registry_.is_subtype(segment.type, element)) {
      invalid(at, "type mismatch: element segment of " + to_string(segment.type) + " for table " +
                      std::to_string(segment.table) + " of " + to_string(element));
    }
  }

  segment.count = read_limited_count("element count", segment.is_expressions ? 2 : 1, limits::kElements);
  segment.items.offset = static_cast<u32>(r_.offset());
  if (segment.is_expressions) {
    for (u32 i = 0; i < segment.count && r_.ok(); ++i) read_constant_expression(segment.type);
  } else {
    for (u32 i = 0; i < segment.count && r_.ok(); ++i) {
      u64 item_at = r_.offset();
      u32 function = r_.read_u32("function index");
      if (check_index(ExternKind::Func, function, item_at)) declare_function(function);
    }
  }
  segment.items.size = static_cast<u32>(r_.offset()) - segment.items.offset;
  m_.elements.push_back(segment);
}

void ModuleDecoder::decode_data_count_section() {
  if (!require(Feature::BulkMemory, r_.offset(), "data count section")) return;
  m_.data_count = r_.read_u32("data count");
}

void ModuleDecoder::decode_data_section() {
  has_data_section_ = true;
  u64 start = r_.offset();
  u32 count = read_limited_count("data segment count", 2, limits::kDataSegments);
  if (r_.ok() && m_.data_count && *m_.data_count != count) {
    return malformed(start, "data count and data section have inconsistent lengths: " + std::to_string(*m_.data_count) +
                                " announced, " + std::to_string(count) + " present");
  }
  m_.data.reserve(count);
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    DataSegment segment;
    u64 at = r_.offset();
    u32 kind = r_.read_u32("data segment kind");
    if (!r_.ok()) return;
    if (kind > 2) return malformed(at, "malformed data segment kind " + std::to_string(kind));
    if (kind != 0 && !require(Feature::BulkMemory, at, "data segment of kind " + std::to_string(kind))) return;
    if (kind != 1) {
      segment.mode = SegmentMode::Active;
      u64 memory_at = r_.offset();
      if (kind == 2) segment.memory = r_.read_u32("memory index");
      if (!check_index(ExternKind::Memory, segment.memory, memory_at)) return;
      segment.offset = read_constant_expression(value_type_of(m_.memories[segment.memory].limits.address));
    }
    u32 size = r_.read_u32("data segment size");
    segment.bytes = {static_cast<u32>(r_.offset()), size};
    r_.read_bytes(size, "data segment bytes");
    m_.data.push_back(segment);
  }
}

void ModuleDecoder::decode_code_section() {
  has_code_section_ = true;
  m_.code_section = m_.sections.back().payload;
  u64 start = r_.offset();
  u32 count = r_.read_count("function body count");
  if (r_.ok() && count != own_function_count()) {
    return malformed(start,
                     "function and code section have inconsistent lengths: " + std::to_string(own_function_count()) +
                         " functions declared, " + std::to_string(count) + " bodies present");
  }
  if (r_.ok() && find_bodies_ && take_known_bodies(find_bodies_(m_))) return;
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    u64 at = r_.offset();
    u32 size = r_.read_u32("function body size");
    ByteRange body{static_cast<u32>(r_.offset()), size};
    r_.read_bytes(size, "function body");
    if (r_.ok() && size > limits::kFunctionBytes) {
      return r_.fail_at(at, ErrorKind::Limit,
                        "body of function " + std::to_string(m_.imported_functions + i) + " is " +
                            std::to_string(size) + " bytes long, at most " + std::to_string(limits::kFunctionBytes) +
                            " are supported");
    }
    m_.functions[m_.imported_functions + i].body = body;
  }
}

// Where nothing but sizes can be between them, the bodies are taken and the section is not read.
bool ModuleDecoder::take_known_bodies(std::span<const ByteRange> bodies) {
  if (bodies.empty() || bodies.size() != own_function_count()) return false;
  constexpr u64 kMaxSizeBytes = 5;  // of a 32-bit LEB128
  u64 end = r_.offset();
  for (ByteRange body : bodies) {
    if (body.offset <= end || body.offset - end > kMaxSizeBytes || body.size > limits::kFunctionBytes) return false;
    end = u64{body.offset} + body.size;
  }
  if (end != r_.offset() + r_.remaining()) return false;
  for (size_t i = 0; i < bodies.size(); ++i) m_.functions[m_.imported_functions + i].body = bodies[i];
  r_.skip(r_.remaining());
  return true;
}

Result<void> check_body_place(const ModuleInfo& module, u32 function_index) {
  ByteRange body = module.functions[function_index].body;
  u32 begin = module.code_section.offset;
  bool is_first = function_index == module.imported_functions;
  if (!is_first) begin = module.functions[function_index - 1].body.end();
  Reader reader(module.bytes.subspan(begin, body.offset - begin), begin);
  if (is_first) reader.read_u32("function body count");
  u32 size = reader.read_u32("function body size");
  if (reader.ok() && reader.at_end() && size == body.size) return {};
  return fail(ErrorKind::Malformed, "function " + std::to_string(function_index) + " is no longer where it was: the module's bytes have changed",
              begin);
}

}  // namespace brink
