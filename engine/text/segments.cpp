// Element and data segments (specification, sections 6.6.9 and 6.6.10; binary forms in 5.5.12 and 5.5.14).
#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

// The flags of an element segment.
constexpr u32 kNotActive = 1;           // passive or declarative
constexpr u32 kExplicitOrDeclared = 2;  // active: a table index follows; else: declarative
constexpr u32 kExpressions = 4;

constexpr TextType kFuncRefType{0x70, 0};
constexpr TextType kNonNullFunc{TextType::kRef, 0x70 - 0x80};

}  // namespace

// (offset expr) or one folded instruction.
void ModuleParser::parse_offset(CodeWriter& out) {
  if (!cursor_.accept_form("offset")) return parse_folded_expression(out);
  parse_expression(out);
  cursor_.expect_right();
}

u32 ModuleParser::parse_function_indices(ByteWriter& items) {
  u32 count = 0;
  for (; cursor_.at_index(); ++count) items.put_u32(parse_index(Space::Func));
  return count;
}

// (item expr) or one folded instruction, each.
u32 ModuleParser::parse_element_expressions(CodeWriter& items) {
  u32 count = 0;
  for (; cursor_.at(TokenKind::LeftParen); ++count) {
    if (cursor_.accept_form("item")) {
      parse_expression(items);
      cursor_.expect_right();
    } else {
      parse_folded_expression(items);
    }
  }
  return count;
}

void ModuleParser::parse_element_segment() {
  CodeWriter& out = encoder_.add(SectionSlot::Elem);
  out.mark(cursor_.peek().offset);
  cursor_.next(), cursor_.next();
  parse_binding(&encoder_.names().elements, space(Space::Elem).parsed++);

  u32 flags = 0;
  u32 table = 0;
  CodeWriter offset;
  bool has_table = cursor_.accept_form("table");
  if (has_table) {
    table = parse_index(Space::Table);
    cursor_.expect_right();
  }
  // WebAssembly 1.0 wrote the table's index alone.
  bool is_bare_index = !features_.has(Feature::ReferenceTypes) && cursor_.at(TokenKind::Number);
  if (is_bare_index) table = parse_index(Space::Table);
  bool is_active = has_table || is_bare_index || (cursor_.at(TokenKind::LeftParen) && !cursor_.at_form("ref"));
  if (is_active) parse_offset(offset);
  else flags = cursor_.accept_keyword("declare") ? kNotActive | kExplicitOrDeclared : kNotActive;

  CodeWriter items;
  u32 count = 0;
  TextType type = kFuncRefType;
  if (at_reference_type()) {
    type = parse_value_type();
    count = parse_element_expressions(items);
    flags |= kExpressions;
  } else if (cursor_.accept_keyword("func") || (is_active && !has_table)) {
    count = parse_function_indices(items);
  } else {
    return cursor_.fail_unexpected("func or a reference type");
  }
  cursor_.expect_right();

  bool has_type = !is_active;
  if (is_active && (table != 0 || type != kFuncRefType)) {
    flags |= kExplicitOrDeclared;
    has_type = true;
  }
  out.put_u32(flags);
  if (is_active) {
    if (has_type) out.put_u32(table);
    out.append(offset);
  }
  if (has_type) {
    if (flags & kExpressions) put_type(out, type);
    else out.put(0);
  }
  out.put_u32(count);
  out.append(items);
}

// The (elem …) of a table definition: an active segment of the table's own type at offset zero. Returns its length.
u32 ModuleParser::parse_inline_elements(u32 table, TextType type, bool is_64) {
  Token start = cursor_.peek();
  if (!cursor_.accept_form("elem")) return cursor_.fail_unexpected("(elem"), 0;
  CodeWriter& out = encoder_.add(SectionSlot::Elem);
  out.mark(start.offset);
  ++space(Space::Elem).parsed;
  CodeWriter items;
  u32 count = 0;
  bool is_function_table = type == kFuncRefType || type == kNonNullFunc;
  bool is_expressions = cursor_.at(TokenKind::LeftParen) || !is_function_table;
  if (cursor_.at(TokenKind::LeftParen)) {
    count = parse_element_expressions(items);
  } else if (is_function_table) {
    count = parse_function_indices(items);
  } else {
    for (; cursor_.at_index(); ++count) {
      items.mark(cursor_.peek().offset);
      put_opcode(items, Op::RefFunc);
      items.put_u32(parse_index(Space::Func));
      put_opcode(items, Op::End);
    }
  }
  cursor_.expect_right();
  bool has_table = table != 0 || (is_expressions && type != kFuncRefType);
  out.put_u32((is_expressions ? kExpressions : 0) | (has_table ? kExplicitOrDeclared : 0));
  if (has_table) out.put_u32(table);
  put_opcode(out, is_64 ? Op::I64Const : Op::I32Const);
  out.put(0);
  put_opcode(out, Op::End);
  if (has_table) {
    if (is_expressions) put_type(out, type);
    else out.put(0);
  }
  out.put_u32(count);
  out.append(items);
  return count;
}

std::string ModuleParser::parse_data_strings() {
  std::string bytes;
  while (cursor_.at(TokenKind::String)) bytes += decode_string(cursor_.text(cursor_.next()));
  return bytes;
}

// (data id? (memory x)? offset? "…"*)
void ModuleParser::parse_data_segment() {
  CodeWriter& out = encoder_.add(SectionSlot::Data);
  out.mark(cursor_.peek().offset);
  cursor_.next(), cursor_.next();
  parse_binding(&encoder_.names().data, space(Space::Data).parsed++);
  bool has_memory = cursor_.accept_form("memory");
  u32 memory = 0;
  if (has_memory) {
    memory = parse_index(Space::Memory);
    cursor_.expect_right();
  }
  // WebAssembly 1.0 wrote the memory's index alone.
  bool is_bare_index = !features_.has(Feature::BulkMemory) && cursor_.at(TokenKind::Number);
  if (is_bare_index) memory = parse_index(Space::Memory);
  if (has_memory || is_bare_index || cursor_.at(TokenKind::LeftParen)) {
    out.put(memory == 0 ? 0 : 2);
    if (memory != 0) out.put_u32(memory);
    parse_offset(out);
  } else {
    out.put(1);
  }
  out.put_vector(parse_data_strings());
  cursor_.expect_right();
}

}  // namespace brink::text
