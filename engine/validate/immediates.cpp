#include "engine/validate/immediates.h"

#include <algorithm>

namespace brink {
namespace {

constexpr HeapTypeCode kFirstAbstract = -0x17;  // 0x69
constexpr HeapTypeCode kLastAbstract = -0x0C;   // 0x74

std::string hex_byte(u32 value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = value > 0xFF ? 8 : 0; shift >= 0; shift -= 8) {
    text += kDigits[value >> (shift + 4) & 0xF];
    text += kDigits[value >> shift & 0xF];
  }
  return text;
}

}  // namespace

AbstractHeap abstract_heap_of(HeapTypeCode code) {
  switch (code) {
    case -0x0C: return AbstractHeap::NoExn;
    case -0x0D: return AbstractHeap::NoFunc;
    case -0x0E: return AbstractHeap::NoExtern;
    case -0x0F: return AbstractHeap::None;
    case -0x10: return AbstractHeap::Func;
    case -0x11: return AbstractHeap::Extern;
    case -0x12: return AbstractHeap::Any;
    case -0x13: return AbstractHeap::Eq;
    case -0x14: return AbstractHeap::I31;
    case -0x15: return AbstractHeap::Struct;
    case -0x16: return AbstractHeap::Array;
    case -0x17: return AbstractHeap::Exn;
    default: return AbstractHeap::Bottom;
  }
}

HeapTypeCode read_heap_type(Reader& reader) {
  u64 start = reader.offset();
  u8 first = reader.peek();
  HeapTypeCode code = reader.read_s33("heap type");
  // An abstract heap type is one byte; only a type index may be longer.
  if (reader.ok() && code < 0 && (first >= 0x80 || code < kFirstAbstract || code > kLastAbstract))
    reader.fail_at(start, ErrorKind::Malformed, "malformed heap type: found 0x" + hex_byte(first));
  return reader.ok() ? code : 0;
}

ValueTypeCode read_value_type(Reader& reader) {
  u64 start = reader.offset();
  ValueTypeCode type{reader.read_byte("value type"), 0};
  switch (type.code) {
    case 0x7F:
    case 0x7E:
    case 0x7D:
    case 0x7C:
    case 0x7B: return type;
    case ValueTypeCode::kRef:
    case ValueTypeCode::kRefNull: type.heap = read_heap_type(reader); return type;
    default: break;
  }
  HeapTypeCode shorthand = HeapTypeCode{type.code} - 0x80;
  if (shorthand >= kFirstAbstract && shorthand <= kLastAbstract) return {ValueTypeCode::kRefNull, shorthand};
  if (reader.ok()) reader.fail_at(start, ErrorKind::Malformed, "malformed value type: found 0x" + hex_byte(type.code));
  return {0x7F, 0};
}

BlockTypeCode read_block_type(Reader& reader) {
  BlockTypeCode type;
  u8 first = reader.peek();
  if (first == 0x40) {
    reader.read_byte("block type");
  } else if (first > 0x40 && first < 0x80) {
    type.form = BlockTypeCode::Form::Value;
    type.value = read_value_type(reader);
  } else {
    u64 start = reader.offset();
    i64 index = reader.read_s33("block type");
    if (reader.ok() && index < 0) reader.fail_at(start, ErrorKind::Malformed, "malformed block type");
    type.form = BlockTypeCode::Form::Index;
    type.index = reader.ok() ? static_cast<u32>(index) : 0;
  }
  return type;
}

CatchClauseCode read_catch_clause(Reader& reader) {
  u64 start = reader.offset();
  u8 kind = reader.read_byte("catch clause");
  if (kind > 3) {
    reader.fail_at(start, ErrorKind::Malformed, "malformed catch clause: found 0x" + hex_byte(kind));
    return {};
  }
  CatchClauseCode clause{kind >= 2, (kind & 1) != 0, 0, 0};
  if (!clause.is_all) clause.tag = reader.read_u32("tag index");
  clause.label = reader.read_u32("label index");
  return clause;
}

u32 read_memory_index(Reader& reader, FeatureSet features) {
  u64 start = reader.offset();
  u8 first = reader.peek();
  u32 index = reader.read_u32("memory index");
  if (first != 0 && reader.ok() && !features.has(Feature::MultiMemory))
    reader.fail_at(start, ErrorKind::Malformed,
                   "zero byte expected: a memory index needs the multi-memory proposal, which is not enabled");
  return index;
}

void fail_access_flags(Reader& reader, u64 offset, u32 flags) {
  std::string message = "malformed memop flags: found " + std::to_string(flags);
  if (flags >= 0x80) message += ", expected less than 128";
  else message += ", a memory index needs the multi-memory proposal, which is not enabled";
  reader.fail_at(offset, ErrorKind::Malformed, std::move(message));
}

Op read_unusual_opcode(Reader& reader, u8 byte, u64 start) {
  u32 sub_opcode = 0;
  if (is_prefix(byte)) {
    sub_opcode = reader.read_u32("opcode");
    Op op = op_from_prefixed(byte, sub_opcode);
    if (!reader.ok()) return Op::kUnknown;
    if (op != Op::kUnknown) [[likely]]
      return op;
  }
  std::string shown = hex_byte(byte);
  if (is_prefix(byte)) shown += " " + (sub_opcode > 0xFFFF ? std::to_string(sub_opcode) : hex_byte(sub_opcode));
  reader.fail_at(start, ErrorKind::Malformed, "illegal opcode " + shown);
  return Op::kUnknown;
}

void read_fence(Reader& reader) {
  u64 start = reader.offset();
  if (reader.read_byte("zero byte") != 0) reader.fail_at(start, ErrorKind::Malformed, "zero byte expected");
}

bool require_data_count(Reader& reader, const ModuleInfo& module, u64 opcode_offset) {
  if (module.data_count) return true;
  reader.fail_at(opcode_offset, ErrorKind::Malformed, "data count section required");
  return false;
}

std::string missing_end_message(const ModuleInfo& module, u64 end_offset, bool is_function) {
  if (is_function && end_offset != module.code_section.end()) return "END opcode expected, found the end of the body";
  return "unexpected end of section or function, expected the END opcode";
}

namespace {

// Only function bodies need the data count section; it stands behind the constant expressions of globals and elements.
void skip_immediates(Reader& reader, const ModuleInfo& module, Op op, u64 start, bool is_function) {
  switch (op_info(op).immediate) {
    case Immediate::None: return;
    case Immediate::BlockType: read_block_type(reader); return;
    case Immediate::BrTable:
      for (u32 n = reader.read_count("label count"); n > 0 && reader.ok(); --n) reader.read_u32("label index");
      reader.read_u32("label index");
      return;
    case Immediate::Label:
    case Immediate::Func:
    case Immediate::Type:
    case Immediate::Tag:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Elem: reader.read_u32("index"); return;
    case Immediate::TypeTable:
    case Immediate::TypeField:
    case Immediate::TypeCount:
    case Immediate::TypeElem:
    case Immediate::TypeType:
    case Immediate::ElemTable:
    case Immediate::TableTable:
      reader.read_u32("index");
      reader.read_u32("index");
      return;
    case Immediate::SelectTypes:
      for (u32 n = reader.read_count("type count"); n > 0 && reader.ok(); --n) read_value_type(reader);
      return;
    case Immediate::TryTable:
      read_block_type(reader);
      for (u32 n = reader.read_count("catch clause count", 2); n > 0 && reader.ok(); --n) read_catch_clause(reader);
      return;
    case Immediate::Memory: read_memory_index(reader, module.features_allowed); return;
    case Immediate::MemoryMemory:
      read_memory_index(reader, module.features_allowed);
      read_memory_index(reader, module.features_allowed);
      return;
    case Immediate::MemArg: read_mem_arg(reader, module.features_allowed); return;
    case Immediate::MemArgLane:
      read_mem_arg(reader, module.features_allowed);
      reader.read_byte("lane index");
      return;
    case Immediate::I32: reader.read_s32("i32 constant"); return;
    case Immediate::I64: reader.read_s64("i64 constant"); return;
    case Immediate::F32: reader.read_bytes(4, "f32 constant"); return;
    case Immediate::F64: reader.read_bytes(8, "f64 constant"); return;
    case Immediate::V128: reader.read_bytes(16, "v128 constant"); return;
    case Immediate::Shuffle: reader.read_bytes(16, "lane indices"); return;
    case Immediate::Lane: reader.read_byte("lane index"); return;
    case Immediate::HeapType: read_heap_type(reader); return;
    case Immediate::TypeData:
      reader.read_u32("type index");
      reader.read_u32("data index");
      if (is_function) require_data_count(reader, module, start);
      return;
    case Immediate::BrOnCast: {
      u64 flags_offset = reader.offset();
      if (reader.read_byte("cast flags") > 3)
        reader.fail_at(flags_offset, ErrorKind::Malformed, "malformed cast flags");
      reader.read_u32("label index");
      read_heap_type(reader);
      read_heap_type(reader);
      return;
    }
    case Immediate::DataMemory:
      reader.read_u32("data index");
      read_memory_index(reader, module.features_allowed);
      if (is_function) require_data_count(reader, module, start);
      return;
    case Immediate::Data:
      reader.read_u32("data index");
      if (is_function) require_data_count(reader, module, start);
      return;
    case Immediate::Fence: read_fence(reader); return;
  }
}

void skip_local_declarations(Reader& reader) {
  u64 start = reader.offset();
  u64 total = 0;
  for (u32 groups = reader.read_count("local declaration count", 2); groups > 0 && reader.ok(); --groups) {
    total += reader.read_u32("local count");
    read_value_type(reader);
  }
  if (reader.ok() && total > 0xFFFFFFFF) reader.fail_at(start, ErrorKind::Malformed, "too many locals");
}

}  // namespace

std::optional<Error> find_malformed(const ModuleInfo& module, ByteRange range, bool is_function) {
  Reader reader(module.bytes.subspan(range.offset, range.size), range.offset);
  if (is_function) skip_local_declarations(reader);
  std::vector<Op> open;  // If may have an `else`; Try and Catch a `catch` or `catch_all`, Try a `delegate`
  auto is_open = [&](std::initializer_list<Op> kinds) {
    return !open.empty() && std::find(kinds.begin(), kinds.end(), open.back()) != kinds.end();
  };
  auto unexpected = [&](u64 at, Op op) {
    reader.fail_at(at, ErrorKind::Malformed, "END opcode expected, found " + std::string(op_info(op).text()));
  };
  while (!reader.at_end()) {
    u64 start = reader.offset();
    u8 byte = reader.read_byte("opcode");
    Op op = op_from_byte(byte);
    if (op == Op::kUnknown) op = read_unusual_opcode(reader, byte, start);
    if (!reader.ok()) break;
    if (!is_enabled(op, module.features_allowed)) return std::nullopt;
    skip_immediates(reader, module, op, start, is_function);
    if (op == Op::Block || op == Op::Loop || op == Op::If || op == Op::TryTable || op == Op::Try) {
      open.push_back(op);
    } else if (op == Op::Else) {
      if (!is_open({Op::If})) unexpected(start, op);
      else open.back() = op;
    } else if (op == Op::Catch || op == Op::CatchAll) {
      if (!is_open({Op::Try, Op::Catch})) unexpected(start, op);
      else open.back() = op;
    } else if (op == Op::Delegate) {
      if (!is_open({Op::Try})) unexpected(start, op);
      else open.pop_back();
    } else if (op == Op::End) {
      if (!open.empty()) {
        open.pop_back();
      } else if (is_function && !reader.at_end()) {
        reader.fail(ErrorKind::Malformed, "END opcode expected as the last byte of the function body");
      } else {
        return std::nullopt;
      }
    }
  }
  if (!reader.ok()) return reader.take_error();
  return Error{ErrorKind::Malformed, missing_end_message(module, range.end(), is_function), range.end(), 0, 0, {}};
}

}  // namespace brink
