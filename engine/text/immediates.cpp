// Instructions' immediates (specification, section 6.5; binary forms in 5.4).
#include <algorithm>
#include <bit>

#include "engine/text/literals.h"
#include "engine/text/module_parser.h"
#include "engine/text/vector_literal.h"

namespace brink::text {
namespace {

const char* space_name(Space space) {
  constexpr const char* kNames[] = {"type",   "function", "table",        "memory",
                                    "global", "tag",      "elem segment", "data segment"};
  return kNames[static_cast<u32>(space)];
}

struct HeapUse {
  bool nullable;
  i64 heap;
};

const char* space_index_name(Space space) {
  constexpr const char* kNames[] = {
      "a type index", "a function index",         "a table index",       "a memory index", "a global index",
      "a tag index",  "an element segment index", "a data segment index"};
  return kNames[static_cast<u32>(space)];
}

HeapUse heap_of(const TextType& type) {
  if (type.code == TextType::kRef) return {false, type.heap};
  if (type.code == TextType::kRefNull) return {true, type.heap};
  return {true, i64{type.code} - 0x80};
}

}  // namespace

void ModuleParser::put_opcode(ByteWriter& out, Op op) {
  u32 code = op_info(op).code;
  if (code >> 16 == 0) return out.put(static_cast<u8>(code));
  out.put(static_cast<u8>(code >> 16));
  out.put_u32(code & 0xFFFF);
}

void ModuleParser::put_instruction(ByteWriter& out, Op op) {
  // Those whose opcode depends on what follows.
  if (op == Op::Select) return put_select(out);
  if (op == Op::RefTest || op == Op::RefCast) return put_reference_operator(out, op);
  put_opcode(out, op);
  switch (op_info(op).immediate) {
    case Immediate::None: return;
    case Immediate::SelectTypes: return;  // put_select
    case Immediate::BlockType: return put_block_type(out);
    case Immediate::TryTable: put_block_type(out); return put_catch_clauses(out);
    case Immediate::Label: return out.put_u32(parse_label_index());
    case Immediate::BrTable: return put_branch_table(out);
    case Immediate::Func: return out.put_u32(parse_index(Space::Func));
    case Immediate::TypeTable: {
      u32 table = parse_optional_index(Space::Table);
      out.put_u32(parse_type_use(false, false));
      return out.put_u32(table);
    }
    case Immediate::Type: return out.put_u32(parse_index(Space::Type));
    case Immediate::Tag: return out.put_u32(parse_index(Space::Tag));
    case Immediate::Local: return out.put_u32(parse_local_index());
    case Immediate::Global: return out.put_u32(parse_index(Space::Global));
    case Immediate::Table: return out.put_u32(parse_optional_index(Space::Table));
    case Immediate::Memory: return out.put_u32(parse_optional_index(Space::Memory));
    case Immediate::MemArg: return put_memory_argument(out, op, false);
    case Immediate::MemArgLane: put_memory_argument(out, op, true); return put_lane(out);
    case Immediate::I32: return out.put_s64(static_cast<i32>(cursor_.expect_integer(32, "i32")));
    case Immediate::I64: return out.put_s64(static_cast<i64>(cursor_.expect_integer(64, "i64")));
    case Immediate::F32: return out.put_fixed32(cursor_.expect_f32());
    case Immediate::F64: return out.put_fixed64(cursor_.expect_f64());
    case Immediate::V128: {
      std::array<u8, 16> bytes = parse_vector_literal(cursor_, false).bytes;
      return out.put_bytes(bytes.data(), bytes.size());
    }
    case Immediate::Shuffle: return put_shuffle(out);
    case Immediate::Lane: return put_lane(out);
    case Immediate::HeapType: return out.put_s64(parse_heap_type());
    case Immediate::TypeField: {
      u32 type = parse_index(Space::Type);
      out.put_u32(type);
      return out.put_u32(parse_field_index(type));
    }
    case Immediate::TypeCount:
      out.put_u32(parse_index(Space::Type));
      return out.put_u32(static_cast<u32>(cursor_.expect_unsigned(32, "a count")));
    case Immediate::TypeData:
      uses_data_ = true;
      out.put_u32(parse_index(Space::Type));
      return out.put_u32(parse_index(Space::Data));
    case Immediate::TypeElem: out.put_u32(parse_index(Space::Type)); return out.put_u32(parse_index(Space::Elem));
    case Immediate::TypeType: out.put_u32(parse_index(Space::Type)); return out.put_u32(parse_index(Space::Type));
    case Immediate::BrOnCast: return put_cast_branch(out);
    case Immediate::DataMemory: uses_data_ = true; return put_segment_and_target(out, Space::Data, Space::Memory);
    case Immediate::Data: uses_data_ = true; return out.put_u32(parse_index(Space::Data));
    case Immediate::MemoryMemory: return put_two_indices(out, Space::Memory);
    case Immediate::ElemTable: return put_segment_and_target(out, Space::Elem, Space::Table);
    case Immediate::Elem: return out.put_u32(parse_index(Space::Elem));
    case Immediate::TableTable: return put_two_indices(out, Space::Table);
    case Immediate::Fence: return out.put(0);
  }
}

u32 ModuleParser::parse_index(Space which) {
  if (!cursor_.at(TokenKind::Id)) {
    return static_cast<u32>(cursor_.expect_unsigned(32, space_index_name(which)));
  }
  const auto& names = space(which).names;
  auto it = names.find(decode_id(cursor_.text(cursor_.peek())));
  if (it == names.end()) {
    cursor_.fail(std::string("unknown ") + space_name(which) + " " + std::string(cursor_.text(cursor_.peek())));
    return 0;
  }
  cursor_.next();
  return it->second;
}

u32 ModuleParser::parse_local_index() {
  if (!cursor_.at(TokenKind::Id)) return static_cast<u32>(cursor_.expect_unsigned(32, "a local index"));
  auto it = locals_.find(decode_id(cursor_.text(cursor_.peek())));
  if (it == locals_.end() || !in_function_) {
    return cursor_.fail("unknown local " + std::string(cursor_.text(cursor_.peek()))), 0;
  }
  cursor_.next();
  return it->second;
}

u32 ModuleParser::parse_label_index() {
  if (!cursor_.at(TokenKind::Id)) return static_cast<u32>(cursor_.expect_unsigned(32, "a label"));
  auto it = label_depths_.find(decode_id(cursor_.text(cursor_.peek())));
  if (it == label_depths_.end()) {
    return cursor_.fail("unknown label " + std::string(cursor_.text(cursor_.peek()))), 0;
  }
  cursor_.next();
  return static_cast<u32>(labels_.size()) - 1 - it->second.back();
}

u32 ModuleParser::parse_field_index(u32 type_index) {
  if (!cursor_.at(TokenKind::Id)) return static_cast<u32>(cursor_.expect_unsigned(32, "a field index"));
  std::string name = decode_id(cursor_.text(cursor_.peek()));
  if (type_index < types_.size()) {
    auto it = types_[type_index].fields.find(name);
    if (it != types_[type_index].fields.end()) return cursor_.next(), it->second;
  }
  return cursor_.fail("unknown field $" + name), 0;
}

// Both or neither.
void ModuleParser::put_two_indices(ByteWriter& out, Space which) {
  bool has_indices = cursor_.at_index();
  out.put_u32(has_indices ? parse_index(which) : 0);
  out.put_u32(has_indices ? parse_index(which) : 0);
}

// Text: target? segment; binary: segment target.
void ModuleParser::put_segment_and_target(ByteWriter& out, Space segment, Space target) {
  TokenKind second = cursor_.peek(1).kind;
  u32 target_index = second == TokenKind::Id || second == TokenKind::Number ? parse_index(target) : 0;
  out.put_u32(parse_index(segment));
  out.put_u32(target_index);
}

// memory? offset=N? align=N?
void ModuleParser::put_memory_argument(ByteWriter& out, Op op, bool lane_follows) {
  constexpr std::string_view kOffset = "offset=", kAlign = "align=";
  auto at_argument = [&](std::string_view prefix, u32 ahead) {
    const Token& token = cursor_.peek(ahead);
    return token.kind == TokenKind::Keyword && cursor_.text(token).starts_with(prefix);
  };
  auto take_argument = [&](std::string_view prefix) -> u64 {
    Literal<u64> literal = parse_unsigned(cursor_.text(cursor_.peek()).substr(prefix.size()), 64);
    if (literal.status == LiteralStatus::NotALiteral) {
      cursor_.fail("unknown operator " + std::string(cursor_.text(cursor_.peek())));
    } else if (!literal.ok()) {
      cursor_.fail("i64 constant out of range: " + std::string(cursor_.text(cursor_.peek())));
    }
    cursor_.next();
    return literal.value;
  };
  u32 memory = 0;
  // With a lane index behind, a single number is that.
  bool number_is_memory =
      !lane_follows || cursor_.peek(1).kind == TokenKind::Number || at_argument(kOffset, 1) || at_argument(kAlign, 1);
  if (cursor_.at(TokenKind::Id) || (cursor_.at(TokenKind::Number) && number_is_memory)) {
    memory = parse_index(Space::Memory);
  }
  u64 offset = at_argument(kOffset, 0) ? take_argument(kOffset) : 0;
  u32 exponent = natural_alignment(op);
  if (at_argument(kAlign, 0)) {
    Token token = cursor_.peek();
    u64 align = take_argument(kAlign);
    if (!std::has_single_bit(align)) return cursor_.fail_at(token, "alignment must be a power of two");
    exponent = static_cast<u32>(std::countr_zero(align));
  }
  out.put_u32(exponent | (memory != 0 ? 0x40 : 0));
  if (memory != 0) out.put_u32(memory);
  out.put_u64(offset);
}

void ModuleParser::put_lane(ByteWriter& out) { out.put(static_cast<u8>(cursor_.expect_unsigned(8, "a lane index"))); }

void ModuleParser::put_shuffle(ByteWriter& out) {
  for (int i = 0; i < 16 && cursor_.ok(); ++i) {
    if (!cursor_.at(TokenKind::Number)) return cursor_.fail("invalid lane length: expected 16 lane indices");
    put_lane(out);
  }
  if (cursor_.at(TokenKind::Number)) cursor_.fail("invalid lane length: more than 16 lane indices");
}

void ModuleParser::put_branch_table(ByteWriter& out) {
  std::vector<u32> labels;
  do labels.push_back(parse_label_index());
  while (cursor_.at_index());
  out.put_u64(labels.size() - 1);
  for (u32 label : labels) out.put_u32(label);
}

// The labels are those around the block, not its own.
void ModuleParser::put_catch_clauses(ByteWriter& out) {
  constexpr std::string_view kClauses[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  ByteWriter clauses;
  u32 count = 0;
  while (cursor_.at(TokenKind::LeftParen)) {
    u8 kind = 0;
    while (kind < 4 && !cursor_.at_form(kClauses[kind])) ++kind;
    if (kind == 4) break;
    cursor_.next(), cursor_.next();
    clauses.put(kind);
    if (kind < 2) clauses.put_u32(parse_index(Space::Tag));
    clauses.put_u32(parse_label_index());
    cursor_.expect_right();
    ++count;
  }
  out.put_u32(count);
  out.put_bytes(clauses.bytes());
}

void ModuleParser::put_select(ByteWriter& out) {
  if (!cursor_.at_form("result")) return put_opcode(out, Op::Select);
  TextFunctionType type;
  parse_results(type);
  put_opcode(out, Op::SelectT);
  out.put_u64(type.results.size());
  for (const TextType& result : type.results) put_type(out, result);
}

void ModuleParser::put_reference_operator(ByteWriter& out, Op op) {
  HeapUse use = heap_of(parse_reference_type());
  if (use.nullable) op = op == Op::RefTest ? Op::RefTestNull : Op::RefCastNull;
  put_opcode(out, op);
  out.put_s64(use.heap);
}

void ModuleParser::put_cast_branch(ByteWriter& out) {
  u32 label = parse_label_index();
  HeapUse source = heap_of(parse_reference_type());
  HeapUse target = heap_of(parse_reference_type());
  out.put(static_cast<u8>((source.nullable ? 1 : 0) | (target.nullable ? 2 : 0)));
  out.put_u32(label);
  out.put_s64(source.heap);
  out.put_s64(target.heap);
}

}  // namespace brink::text
