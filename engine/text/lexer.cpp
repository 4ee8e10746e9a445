#include "engine/text/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/utf8.h"

namespace brink::text {
namespace {

constexpr auto kIdCharacters = [] {
  std::array<bool, 256> set{};
  for (char c = '0'; c <= '9'; ++c) set[static_cast<u8>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) set[static_cast<u8>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) set[static_cast<u8>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~")) set[static_cast<u8>(c)] = true;
  return set;
}();

bool is_id_character(char c) { return kIdCharacters[static_cast<u8>(c)]; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The annotations that the assembler acts upon.
bool is_known_annotation(std::string_view name) {
  return name == "custom" || name == "name" || name == "metadata.code.branch_hint";
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) { list_.source = source; }

  Result<TokenList> run() {
    std::string_view source = list_.source;
    if (source.size() >= ~u32{0}) return fail(ErrorKind::Limit, "source text of 4 GiB or more");
    find_lines();
    if (!is_valid_utf8(source)) return std::unexpected(list_.error(first_invalid(), "malformed UTF-8 encoding"));
    while (next_token()) {
    }
    if (error_) return std::unexpected(std::move(*error_));
    list_.tokens.push_back({end(), 0, TokenKind::End});
    return std::move(list_);
  }

 private:
  u32 end() const { return static_cast<u32>(list_.source.size()); }
  char at(u32 offset) const { return offset < end() ? list_.source[offset] : '\0'; }

  void find_lines() {
    list_.line_starts.push_back(0);
    for (u32 i = 0; i < end(); ++i) {
      char c = list_.source[i];
      if (c == '\n' || (c == '\r' && at(i + 1) != '\n')) list_.line_starts.push_back(i + 1);
    }
  }

  // No character crosses a line break, so the first bad line holds the first bad byte.
  u32 first_invalid() const {
    for (size_t line = 0; line < list_.line_starts.size(); ++line) {
      u32 start = list_.line_starts[line];
      u32 stop = line + 1 < list_.line_starts.size() ? list_.line_starts[line + 1] : end();
      if (is_valid_utf8(list_.source.substr(start, stop - start))) continue;
      u32 valid = start;
      for (u32 i = start; i < stop;) {
        u32 size = 1;
        while (size < 4 && i + size <= stop && !is_valid_utf8(list_.source.substr(i, size))) ++size;
        if (i + size > stop || !is_valid_utf8(list_.source.substr(i, size))) return valid;
        i += size;
        valid = i;
      }
    }
    return end();
  }

  bool fail_at(u32 offset, std::string message) {
    error_ = list_.error(offset, std::move(message));
    return false;
  }

  bool next_token() {
    if (!skip_space()) return false;
    if (position_ == end()) {
      if (in_annotation_) return fail_at(annotation_.offset, "unclosed annotation");
      return false;
    }
    u32 start = position_;
    char c = at(start);
    if (c == '(') {
      ++position_;
      if (in_annotation_) {
        ++annotation_depth_;
      } else if (at(position_) == '@') {
        return begin_annotation(start);
      }
      return push({start, 1, TokenKind::LeftParen});
    }
    if (c == ')') {
      ++position_;
      if (in_annotation_ && annotation_depth_-- == 0) {
        in_annotation_ = false;
        if (is_known_annotation(annotation_.name)) list_.annotations.push_back(std::move(annotation_));
        annotation_ = {};
        return true;
      }
      return push({start, 1, TokenKind::RightParen});
    }
    Run run;
    if (!scan_run(run)) return false;
    if (position_ == start) return fail_at(start, "illegal character");
    Token token{start, position_ - start, TokenKind::Reserved};
    return classify(token, run) && push(token);
  }

  bool push(Token token) {
    if (!in_annotation_) list_.tokens.push_back(token);
    else if (is_known_annotation(annotation_.name)) annotation_.tokens.push_back(token);
    return true;
  }

  bool begin_annotation(u32 start) {
    ++position_;  // the @
    u32 name_start = position_;
    std::string name;
    if (at(position_) == '"') {
      if (!scan_string()) return false;
      name = decode_string(list_.source.substr(name_start, position_ - name_start));
      if (!is_valid_utf8(name)) return fail_at(name_start, "malformed UTF-8 encoding");
    } else {
      while (is_id_character(at(position_))) ++position_;
      name = list_.source.substr(name_start, position_ - name_start);
    }
    if (name.empty()) return fail_at(start, "empty annotation id");
    in_annotation_ = true;
    annotation_depth_ = 0;
    annotation_ = Annotation{static_cast<u32>(list_.tokens.size()), start, std::move(name), {}};
    return true;
  }

  // White space and comments, section 6.3.3 and 6.3.4.
  bool skip_space() {
    while (position_ < end()) {
      char c = at(position_);
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++position_;
      } else if (c == ';' && at(position_ + 1) == ';') {
        while (position_ < end() && at(position_) != '\n' && at(position_) != '\r') ++position_;
      } else if (c == '(' && at(position_ + 1) == ';') {
        if (!skip_block_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  bool skip_block_comment() {
    u32 start = position_;
    u32 depth = 0;
    do {
      if (position_ >= end()) return fail_at(start, "unclosed comment");
      if (at(position_) == '(' && at(position_ + 1) == ';') {
        ++depth;
        position_ += 2;
      } else if (at(position_) == ';' && at(position_ + 1) == ')') {
        --depth;
        position_ += 2;
      } else {
        ++position_;
      }
    } while (depth > 0);
    return true;
  }

  // What a maximal run of characters without white space and parentheses consists of.
  struct Run {
    u32 strings = 0;
    u32 first_string = 0;      // offset
    bool has_special = false;  // one of , ; [ ] { }
  };

  // Tokens must be separated: everything up to the next white space or parenthesis is one token (section 6.3.1).
  bool scan_run(Run& run) {
    for (;;) {
      char c = at(position_);
      if (is_id_character(c)) {
        ++position_;
      } else if (c == '"') {
        if (run.strings++ == 0) run.first_string = position_;
        if (!scan_string()) return false;
      } else if (c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || (c == ';' && at(position_ + 1) != ';')) {
        run.has_special = true;
        ++position_;
      } else {
        return true;
      }
    }
  }

  bool classify(Token& token, const Run& run) {
    if (run.has_special) return true;
    char first = at(token.offset);
    std::string_view text = list_.text(token);
    if (run.strings == 1 && run.first_string == token.offset && text.back() == '"' && last_string_end_ == position_ &&
        last_string_start_ == token.offset) {
      token.kind = TokenKind::String;
    } else if (first == '$') {
      bool quoted = run.strings == 1 && run.first_string == token.offset + 1 && last_string_end_ == position_;
      if (run.strings != 0 && !quoted) return true;
      if (in_annotation_) return token.kind = TokenKind::Id, true;
      if (text.size() == 1) return fail_at(token.offset, "empty identifier");
      if (quoted) {
        std::string name = decode_id(text);
        if (name.empty()) return fail_at(token.offset, "empty identifier");
        if (!is_valid_utf8(name)) return fail_at(token.offset, "malformed UTF-8 encoding");
      }
      token.kind = TokenKind::Id;
    } else if (run.strings != 0) {
      return true;
    } else if (first >= 'a' && first <= 'z') {
      token.kind = TokenKind::Keyword;
    } else if ((first >= '0' && first <= '9') || first == '+' || first == '-') {
      token.kind = TokenKind::Number;
    }
    return true;
  }

  // Section 6.3.3 (strings). Leaves the position after the closing quote.
  bool scan_string() {
    u32 start = position_++;
    for (;;) {
      if (position_ >= end()) return fail_at(start, "unclosed string");
      u8 c = static_cast<u8>(at(position_));
      if (c == '"') break;
      if (c == '\n' || c == '\r') return fail_at(position_, "unclosed string");
      if (c < 0x20 || c == 0x7F) return fail_at(position_, "illegal character in string");
      ++position_;
      if (c == '\\' && !scan_escape()) return false;
    }
    ++position_;
    last_string_start_ = start;
    last_string_end_ = position_;
    return true;
  }

  bool scan_escape() {
    u32 start = position_ - 1;
    char c = at(position_++);
    switch (c) {
      case 't':
      case 'n':
      case 'r':
      case '"':
      case '\'':
      case '\\': return true;
      case 'u': break;
      default:
        if (hex_digit(c) < 0 || hex_digit(at(position_)) < 0) return fail_at(start, "illegal escape");
        ++position_;
        return true;
    }
    if (at(position_++) != '{') return fail_at(start, "illegal escape");
    u32 scalar = 0;
    bool after_digit = false;
    for (; at(position_) != '}'; ++position_) {
      char digit = at(position_);
      if (digit == '_' && after_digit) {
        after_digit = false;
        continue;
      }
      if (hex_digit(digit) < 0) return fail_at(start, "illegal escape");
      scalar = scalar * 16 + static_cast<u32>(hex_digit(digit));
      if (scalar > 0x10FFFF) return fail_at(start, "illegal escape: no Unicode scalar value");
      after_digit = true;
    }
    if (!after_digit || (scalar >= 0xD800 && scalar < 0xE000)) {
      return fail_at(start, "illegal escape: no Unicode scalar value");
    }
    ++position_;
    return true;
  }

  TokenList list_;
  u32 position_ = 0;
  u32 last_string_start_ = 0, last_string_end_ = 0;
  bool in_annotation_ = false;
  u32 annotation_depth_ = 0;
  Annotation annotation_;
  std::optional<Error> error_;
};

}  // namespace

LineColumn TokenList::position(u32 offset) const {
  auto next = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  u32 start = *(next - 1);
  u32 column = 1;
  for (u32 i = start; i < offset && i < source.size(); ++i) {
    if ((static_cast<u8>(source[i]) & 0xC0) != 0x80) ++column;
  }
  return {static_cast<u32>(next - line_starts.begin()), column};
}

LineColumn LineColumns::at(u32 offset) {
  if (offset < offset_) {
    position_ = list_.position(offset);
    offset_ = offset;
  }
  while (position_.line < list_.line_starts.size() && list_.line_starts[position_.line] <= offset) {
    offset_ = list_.line_starts[position_.line++];
    position_.column = 1;
  }
  for (; offset_ < offset && offset_ < list_.source.size(); ++offset_) {
    if ((static_cast<u8>(list_.source[offset_]) & 0xC0) != 0x80) ++position_.column;
  }
  return position_;
}

Error TokenList::error(u32 offset, std::string message, ErrorKind kind) const {
  LineColumn where = position(offset);
  return Error{kind, std::move(message), Error::kNoOffset, where.line, where.column, {}};
}

Result<TokenList> tokenize(std::string_view source) { return Lexer(source).run(); }

std::string decode_string(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    char c = text[i];
    if (c != '\\') {
      bytes.push_back(c);
      continue;
    }
    c = text[++i];
    switch (c) {
      case 't': bytes.push_back('\t'); break;
      case 'n': bytes.push_back('\n'); break;
      case 'r': bytes.push_back('\r'); break;
      case '"':
      case '\'':
      case '\\': bytes.push_back(c); break;
      case 'u': {
        u32 scalar = 0;
        for (i += 2; text[i] != '}'; ++i) {
          if (text[i] != '_') scalar = scalar * 16 + static_cast<u32>(hex_digit(text[i]));
        }
        append_utf8(bytes, scalar);
        break;
      }
      default: bytes.push_back(static_cast<char>(hex_digit(c) << 4 | hex_digit(text[++i]))); break;
    }
  }
  return bytes;
}

std::string decode_id(std::string_view text) {
  text.remove_prefix(1);
  return text.starts_with('"') ? decode_string(text) : std::string(text);
}

}  // namespace brink::text
