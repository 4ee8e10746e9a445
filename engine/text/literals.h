// Number literals (specification, section 6.3.2). Tokens are taken as text; positions and messages are the caller's.
#pragma once
#include <string_view>

#include "engine/base/integers.h"

namespace brink::text {

enum class LiteralStatus : u8 {
  Ok,
  NotALiteral,  // does not follow the grammar of this kind of literal
  OutOfRange,   // follows it, but the type cannot hold the value
};

template <class T>
struct Literal {
  LiteralStatus status = LiteralStatus::NotALiteral;
  T value = 0;
  bool ok() const { return status == LiteralStatus::Ok; }
};

// uN: digits or 0x and hexadecimal digits, single underscores between digits, no sign. bits is 8, 16, 32 or 64.
Literal<u64> parse_unsigned(std::string_view text, u32 bits);
// iN: as uN with an optional sign; the range is that of uN and sN together. Two's complement in the low `bits` bits.
Literal<u64> parse_integer(std::string_view text, u32 bits);
// fN: the bit pattern of the nearest value, ties to even; a value that rounds to infinity is out of range.
Literal<u32> parse_f32(std::string_view text);
Literal<u64> parse_f64(std::string_view text);

// Whether the text follows the grammar of any number at all.
bool is_number(std::string_view text);

}  // namespace brink::text
