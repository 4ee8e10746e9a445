// Lexical format (specification, section 6.3): source text → tokens, with annotations set aside.
//
// A token is a range of the source; its line and column are looked up when a message or a source map needs them.
// Annotations are legal between any two tokens, so they do not stand in the token list: they are kept beside it with
// the index of the token they precede. Those that mean nothing to Brink are checked and dropped.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace brink::text {

enum class TokenKind : u8 {
  End,  // past the last token
  LeftParen,
  RightParen,
  Id,        // $name or $"name"
  String,    // with its quotes
  Keyword,   // starts with a lower-case letter
  Number,    // starts with a digit or a sign; not checked further
  Reserved,  // follows the character rules, but has no meaning in the grammar
};

struct Token {
  u32 offset = 0;
  u32 size = 0;
  TokenKind kind = TokenKind::End;
};

struct LineColumn {
  u32 line = 0;    // 1-based
  u32 column = 0;  // 1-based, in characters
};

struct Annotation {
  u32 before = 0;  // index of the token it precedes
  u32 offset = 0;  // of its opening parenthesis in the source
  std::string name;
  std::vector<Token> tokens;  // between the name and the closing parenthesis
};

// The tokens of a source that must outlive it.
struct TokenList {
  std::string_view source;
  std::vector<Token> tokens;
  std::vector<Annotation> annotations;  // by `before`
  std::vector<u32> line_starts;

  std::string_view text(const Token& token) const { return source.substr(token.offset, token.size); }
  LineColumn position(u32 offset) const;
  Error error(u32 offset, std::string message, ErrorKind kind = ErrorKind::Malformed) const;
};

// Positions of offsets that mostly ascend, in one walk over the source.
class LineColumns {
 public:
  explicit LineColumns(const TokenList& list) : list_(list) {}
  LineColumn at(u32 offset);

 private:
  const TokenList& list_;
  u32 offset_ = 0;
  LineColumn position_{1, 1};
};

// Malformed where the source is no sequence of tokens; Limit where it is larger than 4 GiB.
Result<TokenList> tokenize(std::string_view source);

// The bytes that a String token stands for. `text` includes the quotes and has passed tokenize.
std::string decode_string(std::string_view text);
// The name of an Id token, without the dollar sign.
std::string decode_id(std::string_view text);

}  // namespace brink::text
