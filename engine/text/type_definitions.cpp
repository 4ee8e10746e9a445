// Types (specification, sections 6.4 and 6.6.1) and their uses (6.6.2).
#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

struct NamedCode {
  std::string_view keyword;
  u8 code;
};

constexpr NamedCode kValueTypes[] = {
    {"i32", 0x7F},         {"i64", 0x7E},        {"f32", 0x7D},    {"f64", 0x7C},     {"v128", 0x7B},
    {"funcref", 0x70},     {"externref", 0x6F},  {"anyref", 0x6E}, {"eqref", 0x6D},   {"i31ref", 0x6C},
    {"structref", 0x6B},   {"arrayref", 0x6A},   {"exnref", 0x69}, {"nullref", 0x71}, {"nullexternref", 0x72},
    {"nullfuncref", 0x73}, {"nullexnref", 0x74},
};
constexpr u8 kFirstNumberCode = 0x7B;

constexpr NamedCode kHeapTypes[] = {
    {"func", 0x70},  {"extern", 0x6F}, {"any", 0x6E},  {"eq", 0x6D},       {"i31", 0x6C},    {"struct", 0x6B},
    {"array", 0x6A}, {"exn", 0x69},    {"none", 0x71}, {"noextern", 0x72}, {"nofunc", 0x73}, {"noexn", 0x74},
};

template <size_t N>
std::optional<u8> find_code(const NamedCode (&table)[N], std::string_view keyword) {
  for (const NamedCode& entry : table) {
    if (entry.keyword == keyword) return entry.code;
  }
  return {};
}

std::string key_of(const TextFunctionType& type) {
  ByteWriter key;
  put_function_type(key, type);
  return std::string(key.bytes().begin(), key.bytes().end());
}

}  // namespace

void put_type(ByteWriter& out, const TextType& type) {
  out.put(type.code);
  if (type.code == TextType::kRef || type.code == TextType::kRefNull) out.put_s64(type.heap);
}

void put_function_type(ByteWriter& out, const TextFunctionType& type) {
  out.put(0x60);
  for (const auto* list : {&type.params, &type.results}) {
    out.put_u64(list->size());
    for (const TextType& each : *list) put_type(out, each);
  }
}

// (type …) or (rec (type …)*). A group of one is the type alone.
void ModuleParser::parse_type_group() {
  Token start = cursor_.peek();
  CodeWriter group;
  u32 first = static_cast<u32>(types_.size());
  bool is_rec = cursor_.accept_form("rec");
  if (is_rec) {
    while (cursor_.at_form("type")) parse_type_definition(group);
    cursor_.expect_right();
  } else {
    parse_type_definition(group);
  }
  u32 count = static_cast<u32>(types_.size()) - first;
  CodeWriter& out = encoder_.add(SectionSlot::Type);
  out.mark(start.offset);
  if (count != 1) {
    out.put(0x4E);
    out.put_u32(count);
  } else if (types_[first].is_plain_function) {
    function_types_.emplace(key_of(types_[first].function), first);
  }
  out.append(group);
}

// (type id? subtype)
void ModuleParser::parse_type_definition(CodeWriter& out) {
  Token start = cursor_.next();
  cursor_.next();
  out.mark(start.offset);
  u32 index = static_cast<u32>(types_.size());
  types_.emplace_back();
  TypeInfo info;
  parse_binding(&encoder_.names().types, index);
  bool is_final = true;
  std::vector<u32> supertypes;
  bool is_sub = cursor_.accept_form("sub");
  if (is_sub) {
    is_final = cursor_.accept_keyword("final");
    while (cursor_.at_index()) supertypes.push_back(parse_index(Space::Type));
  }
  if (!is_final || !supertypes.empty()) {
    out.put(is_final ? 0x4F : 0x50);
    out.put_u64(supertypes.size());
    for (u32 supertype : supertypes) out.put_u32(supertype);
  }
  parse_composite_type(out, info, index);
  if (is_sub) cursor_.expect_right();
  cursor_.expect_right();
  info.is_plain_function = info.is_function && is_final && supertypes.empty();
  types_[index] = std::move(info);
}

void ModuleParser::parse_composite_type(CodeWriter& out, TypeInfo& info, u32 index) {
  if (cursor_.accept_form("func")) {
    info.is_function = true;
    parse_params(info.function, true, false);
    parse_results(info.function);
    put_function_type(out, info.function);
  } else if (cursor_.accept_form("struct")) {
    ByteWriter fields;
    u32 count = 0;
    while (cursor_.at_form("field")) parse_structure_field(fields, info, index, count);
    out.put(0x5F);
    out.put_u32(count);
    out.put_bytes(fields.bytes());
  } else if (cursor_.accept_form("array")) {
    out.put(0x5E);
    put_field_type(out);
  } else {
    if (cursor_.at(TokenKind::LeftParen)) cursor_.next();
    return cursor_.fail_unexpected("func, struct or array");
  }
  cursor_.expect_right();
}

// (field id type) or (field type*)
void ModuleParser::parse_structure_field(ByteWriter& out, TypeInfo& info, u32 type_index, u32& count) {
  cursor_.next(), cursor_.next();
  Token id = cursor_.peek();
  IndexedNames names;
  if (std::optional<std::string> name = parse_binding(&names, count)) {
    if (!info.fields.emplace(*name, count).second) cursor_.fail_at(id, "duplicate field $" + *name);
    put_field_type(out);
    ++count;
  } else {
    for (; cursor_.ok() && !cursor_.at(TokenKind::RightParen); ++count) put_field_type(out);
  }
  if (!names.empty()) encoder_.names().fields[type_index].merge(names);
  cursor_.expect_right();
}

void ModuleParser::put_field_type(ByteWriter& out) {
  bool is_mutable = cursor_.accept_form("mut");
  if (cursor_.accept_keyword("i8")) out.put(0x78);
  else if (cursor_.accept_keyword("i16")) out.put(0x77);
  else put_type(out, parse_value_type());
  if (is_mutable) cursor_.expect_right();
  out.put(is_mutable ? 1 : 0);
}

bool ModuleParser::at_reference_type() const {
  if (cursor_.at_form("ref")) return true;
  std::optional<u8> code;
  if (cursor_.at(TokenKind::Keyword)) code = find_code(kValueTypes, cursor_.text(cursor_.peek()));
  return code && *code < kFirstNumberCode;
}

TextType ModuleParser::parse_value_type() {
  if (!cursor_.at_form("ref")) {
    std::optional<u8> code;
    if (cursor_.at(TokenKind::Keyword)) code = find_code(kValueTypes, cursor_.text(cursor_.peek()));
    if (!code) return cursor_.fail_unexpected("a value type"), TextType{};
    cursor_.next();
    return {*code, 0};
  }
  cursor_.next(), cursor_.next();
  bool nullable = cursor_.accept_keyword("null");
  i64 heap = parse_heap_type();
  cursor_.expect_right();
  if (nullable && heap < 0) return {static_cast<u8>(heap + 0x80), 0};
  return {nullable ? TextType::kRefNull : TextType::kRef, heap};
}

TextType ModuleParser::parse_reference_type() {
  if (!at_reference_type()) return cursor_.fail_unexpected("a reference type"), TextType{};
  return parse_value_type();
}

i64 ModuleParser::parse_heap_type() {
  if (cursor_.at_index()) return parse_index(Space::Type);
  std::optional<u8> code;
  if (cursor_.at(TokenKind::Keyword)) code = find_code(kHeapTypes, cursor_.text(cursor_.peek()));
  if (!code) return cursor_.fail_unexpected("a heap type"), 0;
  cursor_.next();
  return i64{*code} - 0x80;
}

void ModuleParser::parse_params(TextFunctionType& type, bool names_allowed, bool bind_locals) {
  while (cursor_.accept_form("param")) {
    if (names_allowed && cursor_.at(TokenKind::Id)) {
      if (bind_locals) bind_local();
      else cursor_.next(), take_name_annotation();
      type.params.push_back(parse_value_type());
    } else {
      while (cursor_.ok() && !cursor_.at(TokenKind::RightParen)) {
        if (bind_locals) bind_local();
        type.params.push_back(parse_value_type());
      }
    }
    cursor_.expect_right();
  }
}

void ModuleParser::parse_results(TextFunctionType& type) {
  while (cursor_.accept_form("result")) {
    while (cursor_.ok() && !cursor_.at(TokenKind::RightParen)) type.results.push_back(parse_value_type());
    cursor_.expect_right();
  }
}

// (type x)? param* result*; returns the type index. With a type index alone, the index may be out of range: that is for
// the validator to say.
u32 ModuleParser::parse_type_use(bool names_allowed, bool bind_locals) {
  Token start = cursor_.peek();
  std::optional<u32> index;
  if (cursor_.accept_form("type")) {
    index = parse_index(Space::Type);
    cursor_.expect_right();
  }
  TextFunctionType type;
  parse_params(type, names_allowed, bind_locals);
  parse_results(type);
  if (cursor_.at_form("param")) cursor_.next(), cursor_.fail_unexpected("parameters in front of results");
  if (!cursor_.ok()) return 0;
  if (!index) return type_index_of(type);
  const TypeInfo* info = *index < types_.size() ? &types_[*index] : nullptr;
  if (type == TextFunctionType{}) {
    if (bind_locals && info) local_count_ += static_cast<u32>(info->function.params.size());
  } else if (!info) {
    cursor_.fail_at(start, "unknown type " + std::to_string(*index));
  } else if (!info->is_function || info->function != type) {
    cursor_.fail_at(start, "inline function type does not match type " + std::to_string(*index));
  }
  return *index;
}

// The lowest type that is this function type and nothing else, appended where there is none.
u32 ModuleParser::type_index_of(const TextFunctionType& type) {
  u32 next = static_cast<u32>(types_.size());
  auto [it, is_new] = function_types_.emplace(key_of(type), next);
  if (is_new) {
    TypeInfo& info = types_.emplace_back();
    info.is_function = info.is_plain_function = true;
    info.function = type;
    CodeWriter& out = encoder_.add(SectionSlot::Type);
    out.mark(cursor_.peek().offset);
    put_function_type(out, type);
  }
  return it->second;
}

void ModuleParser::put_block_type(ByteWriter& out) {
  if (cursor_.at_form("type")) return out.put_s64(parse_type_use(false, false));
  TextFunctionType type;
  parse_params(type, false, false);
  parse_results(type);
  if (!cursor_.ok()) return;
  if (!type.params.empty() || type.results.size() > 1) out.put_s64(type_index_of(type));
  else if (type.results.empty()) out.put(0x40);
  else put_type(out, type.results[0]);
}

}  // namespace brink::text
