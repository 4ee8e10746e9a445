// Last pass: module fields (specification, section 6.6), except for segments.
#include <bit>

#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

constexpr struct {
  std::string_view keyword;
  ExternKind kind;
  Space space;
} kExternKinds[] = {
    {"func", ExternKind::Func, Space::Func},       {"table", ExternKind::Table, Space::Table},
    {"memory", ExternKind::Memory, Space::Memory}, {"global", ExternKind::Global, Space::Global},
    {"tag", ExternKind::Tag, Space::Tag},
};

IndexedNames* names_of(NameSection& names, Space space) {
  switch (space) {
    case Space::Type: return &names.types;
    case Space::Func: return &names.functions;
    case Space::Table: return &names.tables;
    case Space::Memory: return &names.memories;
    case Space::Global: return &names.globals;
    case Space::Tag: return &names.tags;
    case Space::Elem: return &names.elements;
    default: return &names.data;
  }
}

void put_limits(ByteWriter& out, const TextLimits& limits) {
  u8 flags = 0;
  if (limits.has_max) flags |= 1;
  if (limits.is_shared) flags |= 2;
  if (limits.is_64) flags |= 4;
  if (limits.page_size_log2) flags |= 8;
  out.put(flags);
  out.put_u64(limits.min);
  if (limits.has_max) out.put_u64(limits.max);
  if (limits.page_size_log2) out.put_u32(*limits.page_size_log2);
}

}  // namespace

bool ModuleParser::require(Feature feature, const Token& token, std::string_view what) {
  if (features_.has(feature)) return true;
  cursor_.fail_at(token, std::string(what) + " needs the " + feature_name(feature) + " proposal, which is not enabled",
                  ErrorKind::Unsupported);
  return false;
}

void ModuleParser::parse_field() {
  if (cursor_.at_form("func")) parse_function();
  else if (cursor_.at_form("import")) parse_import();
  else if (cursor_.at_form("export")) parse_export();
  else if (cursor_.at_form("table")) parse_table();
  else if (cursor_.at_form("memory")) parse_memory();
  else if (cursor_.at_form("global")) parse_global();
  else if (cursor_.at_form("tag")) parse_tag();
  else if (cursor_.at_form("start")) parse_start();
  else if (cursor_.at_form("elem")) parse_element_segment();
  else parse_data_segment();
}

std::optional<std::string> ModuleParser::parse_binding(IndexedNames* names, u32 index) {
  std::optional<std::string> id;
  if (cursor_.at(TokenKind::Id)) id = decode_id(cursor_.text(cursor_.next()));
  std::optional<std::string> shown = take_name_annotation();
  if (!shown) shown = id;
  if (names && shown) (*names)[index] = *std::move(shown);
  return id;
}

// ( keyword id? (export "name")* (import "module" "name")?; an import is parsed to its closing parenthesis.
ModuleParser::Head ModuleParser::parse_head(Space which, ExternKind kind) {
  Token start = cursor_.next();
  cursor_.next();
  Head head;
  head.index = space(which).parsed++;
  parse_binding(names_of(encoder_.names(), which), head.index);
  while (cursor_.at_form("export")) {
    CodeWriter& out = encoder_.add(SectionSlot::Export);
    out.mark(cursor_.peek().offset);
    cursor_.next(), cursor_.next();
    out.put_vector(cursor_.expect_name("an export name"));
    out.put(static_cast<u8>(kind));
    out.put_u32(head.index);
    cursor_.expect_right();
  }
  if (cursor_.accept_form("import")) {
    head.is_import = true;
    CodeWriter& out = encoder_.add(SectionSlot::Import);
    out.mark(start.offset);
    out.put_vector(cursor_.expect_name("a module name"));
    out.put_vector(cursor_.expect_name("an import name"));
    cursor_.expect_right();
    out.put(static_cast<u8>(kind));
    parse_extern_type(kind, out);
    cursor_.expect_right();
  }
  return head;
}

// (import "module" "name" (kind id? type))
void ModuleParser::parse_import() {
  CodeWriter& out = encoder_.add(SectionSlot::Import);
  out.mark(cursor_.peek().offset);
  cursor_.next(), cursor_.next();
  out.put_vector(cursor_.expect_name("a module name"));
  out.put_vector(cursor_.expect_name("an import name"));
  cursor_.expect_left("'('");
  for (const auto& extern_kind : kExternKinds) {
    if (!cursor_.accept_keyword(extern_kind.keyword)) continue;
    parse_binding(names_of(encoder_.names(), extern_kind.space), space(extern_kind.space).parsed++);
    out.put(static_cast<u8>(extern_kind.kind));
    parse_extern_type(extern_kind.kind, out);
    cursor_.expect_right();
    return cursor_.expect_right();
  }
  cursor_.fail_unexpected("func, table, memory, global or tag");
}

void ModuleParser::parse_extern_type(ExternKind kind, ByteWriter& out) {
  switch (kind) {
    case ExternKind::Func: return out.put_u32(parse_type_use(true, false));
    case ExternKind::Table: {
      TextLimits limits = parse_limits(parse_address_type());
      put_type(out, parse_reference_type());
      return put_limits(out, limits);
    }
    case ExternKind::Memory: return put_memory_type(out);
    case ExternKind::Global: return put_global_type(out);
    case ExternKind::Tag: out.put(0); return out.put_u32(parse_type_use(true, false));
  }
}

// (export "name" (kind index))
void ModuleParser::parse_export() {
  CodeWriter& out = encoder_.add(SectionSlot::Export);
  out.mark(cursor_.peek().offset);
  cursor_.next(), cursor_.next();
  out.put_vector(cursor_.expect_name("an export name"));
  cursor_.expect_left("'('");
  for (const auto& extern_kind : kExternKinds) {
    if (!cursor_.accept_keyword(extern_kind.keyword)) continue;
    out.put(static_cast<u8>(extern_kind.kind));
    out.put_u32(parse_index(extern_kind.space));
    cursor_.expect_right();
    return cursor_.expect_right();
  }
  cursor_.fail_unexpected("func, table, memory, global or tag");
}

// The next local: an identifier if there is one, and its place in the name section.
void ModuleParser::bind_local() {
  Token id = cursor_.peek();
  IndexedNames shown;
  std::optional<std::string> name = parse_binding(&shown, local_count_);
  if (name && !locals_.emplace(*name, local_count_).second) cursor_.fail_at(id, "duplicate local $" + *name);
  if (!shown.empty()) encoder_.names().locals[function_index_].merge(shown);
  ++local_count_;
}

void ModuleParser::parse_function() {
  Token start = cursor_.peek();
  Head head = parse_head(Space::Func, ExternKind::Func);
  if (head.is_import) return;
  function_index_ = head.index;
  in_function_ = true;
  locals_.clear();
  local_count_ = block_count_ = 0;
  hints_.clear();
  u32 type = parse_type_use(true, true);
  CodeWriter& declaration = encoder_.add(SectionSlot::Function);
  declaration.mark(start.offset);
  declaration.put_u32(type);
  CodeWriter body;
  put_local_declarations(body);
  parse_expression(body);
  cursor_.expect_right();
  in_function_ = false;
  for (const HintAt& hint : hints_) encoder_.add_branch_hint(function_index_, hint.offset, hint.value);
  CodeWriter& out = encoder_.add(SectionSlot::Code);
  out.mark(start.offset);
  out.put_u64(body.size());
  out.append(body);
}

// (local id type) or (local type*), as runs of equal types.
void ModuleParser::put_local_declarations(ByteWriter& out) {
  struct Run {
    u32 count;
    TextType type;
  };
  std::vector<Run> runs;
  auto add = [&] {
    bind_local();
    TextType type = parse_value_type();
    if (!runs.empty() && runs.back().type == type) ++runs.back().count;
    else runs.push_back({1, type});
  };
  while (cursor_.accept_form("local")) {
    if (cursor_.at(TokenKind::Id)) {
      add();
    } else {
      while (cursor_.ok() && !cursor_.at(TokenKind::RightParen)) {
        if (cursor_.at(TokenKind::Id)) return cursor_.fail_unexpected("a value type");
        add();
      }
    }
    cursor_.expect_right();
  }
  out.put_u64(runs.size());
  for (const Run& run : runs) {
    out.put_u32(run.count);
    put_type(out, run.type);
  }
}

bool ModuleParser::parse_address_type() {
  if (cursor_.accept_keyword("i64")) return true;
  cursor_.accept_keyword("i32");
  return false;
}

TextLimits ModuleParser::parse_limits(bool is_64) {
  TextLimits limits;
  limits.is_64 = is_64;
  int bits = features_.has(Feature::Memory64) ? 64 : 32;
  limits.min = cursor_.expect_unsigned(bits, "a minimum size");
  limits.has_max = cursor_.at(TokenKind::Number);
  if (limits.has_max) limits.max = cursor_.expect_unsigned(bits, "a maximum size");
  return limits;
}

// (table id? … address? limits reftype expr?) or (table id? … address? reftype (elem …))
void ModuleParser::parse_table() {
  Token start = cursor_.peek();
  Head head = parse_head(Space::Table, ExternKind::Table);
  if (head.is_import) return;
  bool is_64 = parse_address_type();
  CodeWriter& out = encoder_.add(SectionSlot::Table);
  out.mark(start.offset);
  if (at_reference_type()) {
    TextType type = parse_value_type();
    TextLimits limits;
    limits.is_64 = is_64;
    limits.has_max = true;
    limits.min = limits.max = parse_inline_elements(head.index, type, is_64);
    put_type(out, type);
    put_limits(out, limits);
  } else {
    TextLimits limits = parse_limits(is_64);
    TextType type = parse_reference_type();
    bool has_initial = !cursor_.at(TokenKind::RightParen);
    if (has_initial) out.put(0x40), out.put(0x00);
    put_type(out, type);
    put_limits(out, limits);
    if (has_initial) parse_expression(out);
  }
  cursor_.expect_right();
}

// (pagesize N), custom page sizes proposal.
void ModuleParser::parse_page_size(TextLimits& limits) {
  Token start = cursor_.peek();
  if (!cursor_.accept_form("pagesize")) return;
  if (!require(Feature::CustomPageSizes, start, "(pagesize …)")) return;
  Token number = cursor_.peek();
  u64 size = cursor_.expect_unsigned(32, "a page size");
  cursor_.expect_right();
  if (!std::has_single_bit(size)) return cursor_.fail_at(number, "invalid custom page size: no power of two");
  limits.page_size_log2 = static_cast<u32>(std::countr_zero(size));
}

void ModuleParser::put_memory_type(ByteWriter& out) {
  TextLimits limits = parse_limits(parse_address_type());
  Token shared = cursor_.peek();
  if (cursor_.accept_keyword("shared")) limits.is_shared = require(Feature::Threads, shared, "a shared memory");
  parse_page_size(limits);
  put_limits(out, limits);
}

// (memory id? … address? limits) or (memory id? … address? (data "…"*))
void ModuleParser::parse_memory() {
  Token start = cursor_.peek();
  Head head = parse_head(Space::Memory, ExternKind::Memory);
  if (head.is_import) return;
  CodeWriter& out = encoder_.add(SectionSlot::Memory);
  out.mark(start.offset);
  u32 ahead = cursor_.at_keyword("i64") || cursor_.at_keyword("i32") ? 1 : 0;
  if (cursor_.peek(ahead).kind != TokenKind::LeftParen) {
    put_memory_type(out);
    return cursor_.expect_right();
  }
  TextLimits limits;
  limits.is_64 = parse_address_type();
  parse_page_size(limits);
  if (!cursor_.at_form("data")) return cursor_.fail_unexpected("limits or (data");
  CodeWriter& segment = encoder_.add(SectionSlot::Data);
  segment.mark(cursor_.peek().offset);
  ++space(Space::Data).parsed;
  cursor_.next(), cursor_.next();
  std::string bytes = parse_data_strings();
  cursor_.expect_right();
  cursor_.expect_right();
  segment.put(head.index == 0 ? 0 : 2);
  if (head.index != 0) segment.put_u32(head.index);
  put_opcode(segment, limits.is_64 ? Op::I64Const : Op::I32Const);
  segment.put(0);
  put_opcode(segment, Op::End);
  segment.put_vector(bytes);
  u32 log2 = limits.page_size_log2.value_or(16);
  u64 page = u64{1} << log2;
  limits.has_max = true;
  limits.min = limits.max = (bytes.size() + page - 1) >> log2;
  put_limits(out, limits);
}

void ModuleParser::put_global_type(ByteWriter& out) {
  bool is_mutable = cursor_.accept_form("mut");
  put_type(out, parse_value_type());
  if (is_mutable) cursor_.expect_right();
  out.put(is_mutable ? 1 : 0);
}

void ModuleParser::parse_global() {
  Token start = cursor_.peek();
  Head head = parse_head(Space::Global, ExternKind::Global);
  if (head.is_import) return;
  CodeWriter& out = encoder_.add(SectionSlot::Global);
  out.mark(start.offset);
  put_global_type(out);
  parse_expression(out);
  cursor_.expect_right();
}

void ModuleParser::parse_tag() {
  Token start = cursor_.peek();
  Head head = parse_head(Space::Tag, ExternKind::Tag);
  if (head.is_import) return;
  CodeWriter& out = encoder_.add(SectionSlot::Tag);
  out.mark(start.offset);
  out.put(0);
  out.put_u32(parse_type_use(true, false));
  cursor_.expect_right();
}

void ModuleParser::parse_start() {
  Token start = cursor_.next();
  cursor_.next();
  if (encoder_.count(SectionSlot::Start) != 0) return cursor_.fail_at(start, "multiple start sections");
  CodeWriter& out = encoder_.add(SectionSlot::Start);
  out.mark(start.offset);
  out.put_u32(parse_index(Space::Func));
  cursor_.expect_right();
}

}  // namespace brink::text
