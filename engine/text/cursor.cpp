#include "engine/text/cursor.h"

#include <unordered_set>

#include "engine/base/utf8.h"
#include "engine/module/opcodes.h"
#include "engine/text/literals.h"

namespace brink::text {
namespace {

// Keywords that are no instructions (section 6.3.1).
constexpr std::string_view kKeywords[] = {
    "any",
    "anyref",
    "array",
    "arrayref",
    "binary",
    "catch",
    "catch_all_ref",
    "catch_ref",
    "data",
    "declare",
    "definition",
    "delegate",
    "do",
    "elem",
    "eq",
    "eqref",
    "exn",
    "exnref",
    "export",
    "extern",
    "externref",
    "f32",
    "f32x4",
    "f64",
    "f64x2",
    "field",
    "final",
    "func",
    "funcref",
    "global",
    "i16",
    "i16x8",
    "i31",
    "i31ref",
    "i32",
    "i32x4",
    "i64",
    "i64x2",
    "i8",
    "i8x16",
    "import",
    "inf",
    "instance",
    "item",
    "local",
    "memory",
    "module",
    "mut",
    "nan",
    "nan:canonical",
    "nan:arithmetic",
    "noexn",
    "noextern",
    "nofunc",
    "none",
    "null",
    "nullexnref",
    "nullexternref",
    "nullfuncref",
    "nullref",
    "offset",
    "pagesize",
    "param",
    "quote",
    "rec",
    "ref",
    "result",
    "shared",
    "start",
    "struct",
    "structref",
    "sub",
    "table",
    "tag",
    "then",
    "type",
    "v128",
};

struct ProposalKeyword {
  std::string_view keyword;
  std::string_view proposal;
};
constexpr ProposalKeyword kProposalKeywords[] = {
    {"descriptor", "custom-descriptors"},
    {"describes", "custom-descriptors"},
    {"exact", "custom-descriptors"},
    {"br_on_cast_desc_eq", "custom-descriptors"},
    {"br_on_cast_desc_eq_fail", "custom-descriptors"},
    {"ref.cast_desc_eq", "custom-descriptors"},
    {"ref.get_desc", "custom-descriptors"},
    {"struct.new_desc", "custom-descriptors"},
    {"struct.new_default_desc", "custom-descriptors"},
    {"cont", "stack-switching"},
    {"contref", "stack-switching"},
    {"cont.new", "stack-switching"},
    {"cont.bind", "stack-switching"},
    {"suspend", "stack-switching"},
    {"resume", "stack-switching"},
    {"resume_throw", "stack-switching"},
    {"switch", "stack-switching"},
};

const std::unordered_set<std::string_view>& keyword_set() {
  static const auto* set = [] {
    auto* all = new std::unordered_set<std::string_view>(std::begin(kKeywords), std::end(kKeywords));
    for (const OpInfo& info : kOpInfo) all->insert(info.text());
    return all;
  }();
  return *set;
}

}  // namespace

bool is_known_keyword(std::string_view text) {
  return keyword_set().contains(text) || text.starts_with("offset=") || text.starts_with("align=") || is_number(text);
}

std::string Cursor::quote(const Token& token) const {
  std::string_view all = text(token);
  if (all.size() <= 60) return std::string(all);
  size_t cut = 60;
  while ((static_cast<u8>(all[cut]) & 0xC0) == 0x80) --cut;
  return std::string(all.substr(0, cut)) + "…";
}

void Cursor::fail_unexpected(const char* expected) {
  const Token& token = peek();
  const Token& keyword = peek(token.kind == TokenKind::LeftParen ? 1 : 0);
  for (const ProposalKeyword& entry : kProposalKeywords) {
    if (keyword.kind != TokenKind::Keyword || text(keyword) != entry.keyword) continue;
    return fail_at(
        keyword,
        std::string(entry.keyword) + " needs the " + std::string(entry.proposal) + " proposal, which is not supported",
        ErrorKind::Unsupported);
  }
  if (token.kind == TokenKind::End) {
    fail(std::string("unexpected token: end of the text, expected ") + expected);
  } else if (token.kind == TokenKind::Reserved || (token.kind == TokenKind::Number && !is_number(text(token))) ||
             (token.kind == TokenKind::Keyword && !is_known_keyword(text(token)))) {
    fail("unknown operator " + quote(token));
  } else {
    fail("unexpected token " + quote(token) + ", expected " + expected);
  }
}

std::string Cursor::expect_string(const char* what) {
  if (!at(TokenKind::String)) return fail_unexpected(what), std::string();
  return decode_string(text(next()));
}

std::string Cursor::expect_name(const char* what) {
  Token token = peek();
  std::string name = expect_string(what);
  if (!is_valid_utf8(name)) fail_at(token, std::string("malformed UTF-8 encoding in ") + what);
  return name;
}

u64 Cursor::expect_unsigned(u32 bits, const char* what) {
  if (!at(TokenKind::Number)) return fail_unexpected(what), 0;
  Literal<u64> literal = parse_unsigned(text(peek()), bits);
  if (literal.status == LiteralStatus::NotALiteral) return fail_unexpected(what), 0;
  if (!literal.ok()) {
    return fail(std::string("i").append(std::to_string(bits)) + " constant out of range: " + quote(peek()) + " as " +
                what),
           0;
  }
  next();
  return literal.value;
}

u64 Cursor::expect_integer(u32 bits, const char* what) {
  if (!at(TokenKind::Number)) return fail_unexpected(what), 0;
  Literal<u64> literal = parse_integer(text(peek()), bits);
  if (literal.status == LiteralStatus::NotALiteral) return fail_unexpected(what), 0;
  if (!literal.ok()) return fail("constant out of range: " + quote(peek()) + " as " + what), 0;
  next();
  return literal.value;
}

u32 Cursor::expect_f32() {
  if (!at(TokenKind::Number) && !at(TokenKind::Keyword)) return fail_unexpected("an f32 number"), 0;
  Literal<u32> literal = parse_f32(text(peek()));
  if (literal.status == LiteralStatus::NotALiteral) return fail_unexpected("an f32 number"), 0;
  if (!literal.ok()) return fail("constant out of range: " + quote(peek()) + " as f32"), 0;
  next();
  return literal.value;
}

u64 Cursor::expect_f64() {
  if (!at(TokenKind::Number) && !at(TokenKind::Keyword)) return fail_unexpected("an f64 number"), 0;
  Literal<u64> literal = parse_f64(text(peek()));
  if (literal.status == LiteralStatus::NotALiteral) return fail_unexpected("an f64 number"), 0;
  if (!literal.ok()) return fail("constant out of range: " + quote(peek()) + " as f64"), 0;
  next();
  return literal.value;
}

void Cursor::skip_form() {
  u32 depth = 0;
  do {
    Token token = peek();
    if (token.kind == TokenKind::End) return fail_unexpected("')'");
    if (token.kind == TokenKind::LeftParen) ++depth;
    if (token.kind == TokenKind::RightParen) --depth;
    next();
  } while (depth > 0);
}

}  // namespace brink::text
