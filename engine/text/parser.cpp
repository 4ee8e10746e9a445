#include "engine/text/parser.h"

#include <algorithm>

#include "engine/text/module_form.h"
#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

Result<AssembledModule> assemble_source(std::string_view source, FeatureSet features, bool allow_quote) {
  Result<TokenList> list = tokenize(source);
  if (!list) return std::unexpected(std::move(list.error()));
  Cursor cursor(*list, 0, static_cast<u32>(list->tokens.size()) - 1);
  if (!cursor.at_form("module")) return assemble_fields(cursor, features);
  Token start = cursor.peek();
  ScriptModule module = parse_module_form(cursor, features, allow_quote);
  if (module.is_instance || module.is_definition) {
    cursor.fail_at(start, "unexpected token: module instances and definitions belong into scripts");
  }
  if (cursor.ok() && module.assembled && !cursor.at(TokenKind::End)) cursor.fail_unexpected("the end of the text");
  if (!cursor.ok()) return std::unexpected(cursor.take_error());
  return std::move(module.assembled);
}

std::string parse_strings(Cursor& cursor) {
  std::string bytes;
  while (cursor.at(TokenKind::String)) bytes += decode_string(cursor.text(cursor.next()));
  cursor.expect_right();
  return bytes;
}

}  // namespace

SourceMap::Entry SourceMap::find(u64 offset) const {
  auto next = std::upper_bound(entries.begin(), entries.end(), offset,
                               [](u64 wanted, const Entry& entry) { return wanted < entry.offset; });
  return next == entries.begin() ? Entry{0, 0, 0} : *(next - 1);
}

Result<AssembledModule> assemble(std::string_view source, FeatureSet features) {
  return assemble_source(source, features, true);
}

Result<AssembledModule> assemble_fields(Cursor& cursor, FeatureSet features) {
  u32 begin = cursor.index();
  u32 end = begin;
  while (cursor.peek(end - begin).kind != TokenKind::End) ++end;
  cursor.seek(end);
  return ModuleParser(cursor.list(), begin, end, features).parse({});
}

ScriptModule parse_module_form(Cursor& cursor, FeatureSet features, bool allow_quote) {
  ScriptModule module;
  u32 form = cursor.index();
  LineColumn where = cursor.position();
  module.position = {where.line, where.column};
  cursor.next(), cursor.next();
  auto accept_id = [&] { return cursor.at(TokenKind::Id) ? decode_id(cursor.text(cursor.next())) : std::string(); };
  if (cursor.accept_keyword("instance")) {
    module.is_instance = true;
    module.id = accept_id();
    module.definition = accept_id();
    cursor.expect_right();
    return module;
  }
  module.is_definition = cursor.accept_keyword("definition");
  module.id = accept_id();
  if (cursor.accept_keyword("binary")) {
    module.form = ScriptModule::Form::Binary;
    std::string bytes = parse_strings(cursor);
    module.assembled->bytes.assign(bytes.begin(), bytes.end());
    return module;
  }
  if (allow_quote && cursor.accept_keyword("quote")) {
    module.form = ScriptModule::Form::Quote;
    std::string source = parse_strings(cursor);
    if (cursor.ok()) module.assembled = assemble_source(source, features, false);
    return module;
  }
  u32 begin = cursor.index();
  cursor.seek(form);
  cursor.skip_form();
  if (cursor.ok()) module.assembled = ModuleParser(cursor.list(), begin, cursor.index() - 1, features).parse(module.id);
  return module;
}

Result<AssembledModule> ModuleParser::parse(std::string_view id) {
  find_annotations();
  NameSection& names = encoder_.names();
  std::optional<std::string> shown = take_name_annotation();
  names.has_module = shown || !id.empty();
  names.module = shown.value_or(std::string(id));
  scan();
  if (!cursor_.ok()) return std::unexpected(cursor_.take_error());
  for (Field field : type_fields_) {
    cursor_.seek(field.begin);
    parse_custom_annotations();
    parse_type_group();
  }
  for (Field field : other_fields_) {
    cursor_.seek(field.begin);
    parse_custom_annotations();
    parse_field();
  }
  cursor_.seek(end_);
  parse_custom_annotations();
  if (cursor_.ok()) check_annotations();
  if (!cursor_.ok()) return std::unexpected(cursor_.take_error());
  if (uses_data_) encoder_.set_single(SectionSlot::DataCount, encoder_.count(SectionSlot::Data));
  return encoder_.finish(list_);
}

}  // namespace brink::text
