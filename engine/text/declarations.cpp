// First pass: which fields there are, and what every index space holds under which identifier.
#include "engine/text/module_parser.h"

namespace brink::text {
namespace {

const char* space_keyword(Space space) {
  constexpr const char* kKeywords[] = {"type", "func", "table", "memory", "global", "tag", "elem", "data"};
  return kKeywords[static_cast<u32>(space)];
}

// The spaces that imports can extend.
std::optional<Space> importable_space(std::string_view keyword) {
  for (Space space : {Space::Func, Space::Table, Space::Memory, Space::Global, Space::Tag}) {
    if (keyword == space_keyword(space)) return space;
  }
  return {};
}

}  // namespace

void ModuleParser::declare(Space which, const Token* id) {
  IndexSpace& target = space(which);
  u32 index = target.declared++;
  if (!id || id->kind != TokenKind::Id) return;
  if (!target.names.emplace(decode_id(list_.text(*id)), index).second) {
    cursor_.fail_at(*id, std::string("duplicate ") + space_keyword(which) + " " + std::string(list_.text(*id)));
  }
}

void ModuleParser::scan() {
  while (cursor_.ok() && !cursor_.at(TokenKind::End)) scan_field();
}

void ModuleParser::scan_field() {
  if (!cursor_.at(TokenKind::LeftParen)) return cursor_.fail_unexpected("a module field");
  const u32 start = cursor_.index();
  const Token keyword_token = cursor_.peek(1);
  const std::string_view keyword =
      keyword_token.kind == TokenKind::Keyword ? list_.text(keyword_token) : std::string_view();
  if (keyword == "type" || keyword == "rec") {
    type_fields_.push_back({start});
    if (keyword == "type") {
      Token id = cursor_.peek(2);
      declare(Space::Type, &id);
    } else {
      cursor_.next(), cursor_.next();
      while (cursor_.at(TokenKind::LeftParen)) {
        Token id = cursor_.peek(2);
        if (cursor_.at_form("type")) declare(Space::Type, &id);
        cursor_.skip_form();
      }
      cursor_.seek(start);
    }
    return cursor_.skip_form();
  }
  other_fields_.push_back({start});
  std::optional<Space> definition = importable_space(keyword);
  if (definition) return scan_definition(*definition);
  if (keyword == "import") {
    // ( import "module" "name" ( kind id?
    std::optional<Space> imported;
    if (cursor_.peek(4).kind == TokenKind::LeftParen) imported = importable_space(list_.text(cursor_.peek(5)));
    if (imported) {
      Token id = cursor_.peek(6);
      declare(*imported, &id);
    }
    if (!first_definition_.empty()) cursor_.fail("import after " + first_definition_);
  } else if (keyword == "elem" || keyword == "data") {
    Token id = cursor_.peek(2);
    declare(keyword == "elem" ? Space::Elem : Space::Data, &id);
  } else if (keyword != "export" && keyword != "start") {
    cursor_.next();
    return cursor_.fail_unexpected("a module field");
  }
  cursor_.skip_form();
}

// A definition with everything that its abbreviations may hold: an import, an element or data segment.
void ModuleParser::scan_definition(Space which) {
  Token field = cursor_.next();
  cursor_.next();
  Token id = cursor_.peek();
  declare(which, &id);
  bool is_import = false;
  while (cursor_.ok() && !cursor_.at(TokenKind::RightParen)) {
    if (!cursor_.at(TokenKind::LeftParen)) {
      if (cursor_.at(TokenKind::End)) return cursor_.fail_unexpected("')'");
      cursor_.next();
      continue;
    }
    if (cursor_.at_form("import")) is_import = true;
    if (which == Space::Table && cursor_.at_form("elem")) declare(Space::Elem, nullptr);
    if (which == Space::Memory && cursor_.at_form("data")) declare(Space::Data, nullptr);
    cursor_.skip_form();
  }
  cursor_.next();
  if (!cursor_.ok()) return;
  if (!is_import && first_definition_.empty())
    first_definition_ = which == Space::Func ? "function" : space_keyword(which);
  else if (is_import && !first_definition_.empty()) cursor_.fail_at(field, "import after " + first_definition_);
}

}  // namespace brink::text
