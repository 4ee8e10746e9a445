// What a person types on the command line, as values: sizes, durations and typed arguments of `--invoke`.
#pragma once
#include <chrono>
#include <string_view>

#include "engine/engine.h"

namespace brink::tools {

// "4096", "64K", "16M", "2G" or with "iB" behind the letter: bytes, powers of 1024, either case. Refuses what is not a
// whole number of bytes below 2^64.
Result<u64> parse_size(std::string_view text);

// "1.5s", "200ms", "50us", "10ns", "2m", "1h", or a plain number of seconds; fractions of a nanosecond are cut off.
// Refuses what is negative or longer than 290 years.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// A value of the given type.
//   i32, i64   decimal or 0x…, with a sign; the signed and the unsigned range are both accepted
//   f32, f64   decimal, hexadecimal (0x1.8p3), inf, nan, nan:0xPAYLOAD, with a sign
//   v128       an integer literal 0x… of at most 32 digits; its lowest byte is lane 0 of i8x16
//   references "null", where the type allows it; nothing else can be written down
Result<Value> parse_value(std::string_view text, ValueType type);

}  // namespace brink::tools
