// A position in a token list, with the checks that every part of the grammar needs.
//
// Failure is sticky, as in Reader: the first error is kept and the cursor jumps to the end, where every look-ahead
// gives TokenKind::End and every expectation is ignored. Loops that run while they see a certain token therefore stop
// by themselves; loops that run until they see one must also test ok().
#pragma once
#include <optional>

#include "engine/text/lexer.h"

namespace brink::text {

class Cursor {
 public:
  // Over the tokens with indices begin to end - 1; the list must outlive the cursor.
  Cursor(const TokenList& list, u32 begin, u32 end)
      : list_(list),
        positions_(list),
        position_(begin),
        end_(end),
        end_token_{list.tokens[end].offset, 0, TokenKind::End} {}

  const TokenList& list() const { return list_; }
  bool ok() const { return !error_; }
  Error take_error() { return std::move(*error_); }
  u32 index() const { return position_; }
  void seek(u32 index) {
    if (ok()) position_ = index;
  }

  const Token& peek(u32 ahead = 0) const {
    return end_ - position_ > ahead ? list_.tokens[position_ + ahead] : end_token_;
  }
  std::string_view text(const Token& token) const { return list_.text(token); }
  // Of the next token.
  LineColumn position() { return positions_.at(peek().offset); }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_keyword(std::string_view keyword, u32 ahead = 0) const {
    const Token& token = peek(ahead);
    return token.kind == TokenKind::Keyword && text(token) == keyword;
  }
  // "(keyword"
  bool at_form(std::string_view keyword) const { return at(TokenKind::LeftParen) && at_keyword(keyword, 1); }
  // An index in the text format: a number or an identifier.
  bool at_index() const { return at(TokenKind::Id) || at(TokenKind::Number); }

  Token next() {
    Token token = peek();
    if (position_ < end_) ++position_;
    return token;
  }
  bool accept(TokenKind kind) {
    if (!at(kind)) return false;
    next();
    return true;
  }
  bool accept_keyword(std::string_view keyword) {
    if (!at_keyword(keyword)) return false;
    next();
    return true;
  }
  bool accept_form(std::string_view keyword) {
    if (!at_form(keyword)) return false;
    next(), next();
    return true;
  }
  void expect_left(const char* what) {
    if (!accept(TokenKind::LeftParen)) fail_unexpected(what);
  }
  void expect_right() {
    if (!accept(TokenKind::RightParen)) fail_unexpected("')'");
  }

  // The bytes of a String token.
  std::string expect_string(const char* what);
  // The same, and they must be UTF-8.
  std::string expect_name(const char* what);
  u64 expect_unsigned(u32 bits, const char* what);
  u64 expect_integer(u32 bits, const char* what);
  u32 expect_f32();
  u64 expect_f64();

  // Moves past a balanced form that starts here, without recursion.
  void skip_form();

  void fail_at(const Token& token, std::string message, ErrorKind kind = ErrorKind::Malformed) {
    if (!error_) error_ = list_.error(token.offset, std::move(message), kind);
    position_ = end_;
  }
  void fail(std::string message) { fail_at(peek(), std::move(message)); }
  // "unexpected token …"; where the token has no meaning anywhere, "unknown operator …"; where it has one in a proposal
  // that Brink does not know, the proposal's name.
  void fail_unexpected(const char* expected);

 private:
  std::string quote(const Token& token) const;

  const TokenList& list_;
  LineColumns positions_;
  u32 position_;
  u32 end_;
  Token end_token_;
  std::optional<Error> error_;
};

// Whether the grammar knows the keyword, as an instruction or otherwise.
bool is_known_keyword(std::string_view text);

}  // namespace brink::text
