#include "engine/text/literals.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string>

namespace brink::text {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// Takes digits with single underscores between them off the front and hands each to `use`; false where there is none.
template <class Use>
bool take_digits(std::string_view& text, int base, Use use) {
  bool after_digit = false, any = false;
  while (!text.empty()) {
    if (text[0] == '_') {
      if (!after_digit || text.size() < 2 || digit_value(text[1]) >= base) return false;
      after_digit = false;
    } else {
      int digit = digit_value(text[0]);
      if (digit >= base) break;
      use(static_cast<u32>(digit));
      after_digit = any = true;
    }
    text.remove_prefix(1);
  }
  return any;
}

bool take_sign(std::string_view& text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

// The value of an unsigned number, saturated; NotALiteral unless all of the text is one.
Literal<u64> parse_magnitude(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  u64 value = 0;
  bool overflow = false;
  bool any = take_digits(text, base, [&](u32 digit) {
    u64 wide_base = static_cast<u64>(base);
    if (value > (~u64{0} - digit) / wide_base) overflow = true;
    value = value * wide_base + digit;
  });
  if (!any || !text.empty()) return {};
  return {overflow ? LiteralStatus::OutOfRange : LiteralStatus::Ok, value};
}

template <class Bits>
struct Format;
template <>
struct Format<u32> {
  using Float = f32;
  static constexpr int kMantissaBits = 23, kBias = 127;
};
template <>
struct Format<u64> {
  using Float = f64;
  static constexpr int kMantissaBits = 52, kBias = 1023;
};

template <class Bits>
constexpr Bits infinity_bits() {
  return Bits{2 * Format<Bits>::kBias + 1} << Format<Bits>::kMantissaBits;
}

// Exponents beyond this are as good as infinite; it leaves room for four bits a digit of a 4 GiB token.
constexpr i64 kHugeExponent = i64{1} << 40;

bool take_exponent(std::string_view& text, i64& exponent) {
  text.remove_prefix(1);
  bool negative = take_sign(text);
  i64 value = 0;
  if (!take_digits(text, 10, [&](u32 digit) { value = std::min(value * 10 + digit, kHugeExponent); })) return false;
  exponent += negative ? -value : value;
  return true;
}

// mantissa × 2^exponent, with `sticky` standing for non-zero bits below, rounded to nearest, ties to even.
template <class Bits>
Literal<Bits> round_binary(u64 mantissa, i64 exponent, bool sticky) {
  constexpr int kMantissaBits = Format<Bits>::kMantissaBits, kBias = Format<Bits>::kBias;
  if (mantissa == 0) return {LiteralStatus::Ok, 0};
  int zeros = std::countl_zero(mantissa);
  mantissa <<= zeros;
  i64 leading = exponent - zeros + 63;  // the exponent of the leading bit
  if (leading > kBias) return {LiteralStatus::OutOfRange, 0};
  bool subnormal = leading < 1 - kBias;
  i64 kept = kMantissaBits + 1 - (subnormal ? 1 - kBias - leading : 0);  // mantissa bits that fit
  if (kept < 0) return {LiteralStatus::Ok, 0};
  int dropped = static_cast<int>(64 - kept);
  u64 quotient = dropped == 64 ? 0 : mantissa >> dropped;
  bool half = mantissa >> (dropped - 1) & 1;
  bool rest = sticky || (mantissa & ((u64{1} << (dropped - 1)) - 1)) != 0;
  if (half && (rest || (quotient & 1))) ++quotient;
  // The implicit leading one of a normal number adds one to the exponent field, as does a carry out of the rounding.
  Bits bits = static_cast<Bits>(quotient);
  if (!subnormal) bits += static_cast<Bits>(static_cast<Bits>(leading + kBias - 1) << kMantissaBits);
  if (bits >= infinity_bits<Bits>()) return {LiteralStatus::OutOfRange, 0};
  return {LiteralStatus::Ok, bits};
}

template <class Bits>
Literal<Bits> parse_hexadecimal(std::string_view text) {
  u64 mantissa = 0;
  i64 exponent = 0;
  bool sticky = false;
  auto use = [&](u32 digit, bool fraction) {
    if (mantissa >> 60 == 0) {
      mantissa = mantissa << 4 | digit;
      if (fraction) exponent -= 4;
    } else {
      sticky |= digit != 0;
      if (!fraction) exponent += 4;
    }
  };
  if (!take_digits(text, 16, [&](u32 digit) { use(digit, false); })) return {};
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!text.empty() && text[0] != 'p' && text[0] != 'P' &&
        !take_digits(text, 16, [&](u32 digit) { use(digit, true); })) {
      return {};
    }
  }
  if (text.starts_with('p') || text.starts_with('P')) {
    if (!take_exponent(text, exponent)) return {};
  }
  if (!text.empty()) return {};
  return round_binary<Bits>(mantissa, exponent, sticky);
}

template <class Bits>
Literal<Bits> parse_decimal(std::string_view text) {
  std::string digits;  // without underscores, as std::from_chars wants it
  i64 scale = 0;       // decimal exponent of the first digit that is not zero
  bool significant = false;
  auto use = [&](u32 digit, bool fraction) {
    digits.push_back(static_cast<char>('0' + digit));
    if (!significant && fraction) --scale;
    if (significant && !fraction) ++scale;
    significant |= digit != 0;
  };
  if (!take_digits(text, 10, [&](u32 digit) { use(digit, false); })) return {};
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits.push_back('.');
    bool has_fraction = !text.empty() && text[0] != 'e' && text[0] != 'E';
    if (has_fraction && !take_digits(text, 10, [&](u32 digit) { use(digit, true); })) return {};
    if (!has_fraction) digits.push_back('0');
  }
  i64 exponent = 0;
  if (text.starts_with('e') || text.starts_with('E')) {
    if (!take_exponent(text, exponent)) return {};
  }
  if (!text.empty()) return {};
  if (!significant) return {LiteralStatus::Ok, 0};
  // Far outside of any format; spares std::from_chars exponents of many digits.
  if (scale + exponent > 400) return {LiteralStatus::OutOfRange, 0};
  if (scale + exponent < -400) return {LiteralStatus::Ok, 0};
  if (exponent != 0) digits.append("e").append(std::to_string(exponent));
  typename Format<Bits>::Float value = 0;
  auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  // An underflow is no error of the literal: the nearest value is zero.
  if (code == std::errc::result_out_of_range && scale + exponent < 0) return {LiteralStatus::Ok, 0};
  if (code != std::errc{} || stop != digits.data() + digits.size()) return {LiteralStatus::OutOfRange, 0};
  Bits bits = std::bit_cast<Bits>(value);
  if (bits >= infinity_bits<Bits>()) return {LiteralStatus::OutOfRange, 0};
  return {LiteralStatus::Ok, bits};
}

template <class Bits>
Literal<Bits> parse_float(std::string_view text) {
  constexpr int kMantissaBits = Format<Bits>::kMantissaBits;
  bool negative = take_sign(text);
  Literal<Bits> result;
  if (text == "inf") {
    result = {LiteralStatus::Ok, infinity_bits<Bits>()};
  } else if (text == "nan") {
    result = {LiteralStatus::Ok, infinity_bits<Bits>() | Bits{1} << (kMantissaBits - 1)};
  } else if (text.starts_with("nan:0x")) {
    Literal<u64> payload = parse_magnitude(text.substr(4));
    if (payload.status == LiteralStatus::NotALiteral) return {};
    if (!payload.ok() || payload.value == 0 || payload.value >> kMantissaBits != 0) {
      return {LiteralStatus::OutOfRange, 0};
    }
    result = {LiteralStatus::Ok, infinity_bits<Bits>() | static_cast<Bits>(payload.value)};
  } else if (text.starts_with("0x")) {
    result = parse_hexadecimal<Bits>(text.substr(2));
  } else {
    result = parse_decimal<Bits>(text);
  }
  if (negative) result.value |= Bits{1} << (8 * sizeof(Bits) - 1);
  return result;
}

}  // namespace

Literal<u64> parse_unsigned(std::string_view text, u32 bits) {
  Literal<u64> result = parse_magnitude(text);
  if (result.ok() && bits < 64 && result.value >> bits != 0) result.status = LiteralStatus::OutOfRange;
  return result;
}

Literal<u64> parse_integer(std::string_view text, u32 bits) {
  bool negative = take_sign(text);
  Literal<u64> result = parse_unsigned(text, bits);
  if (result.ok() && negative) {
    if (result.value > u64{1} << (bits - 1)) result.status = LiteralStatus::OutOfRange;
    result.value = (0 - result.value) & (~u64{0} >> (64 - bits));
  }
  return result;
}

Literal<u32> parse_f32(std::string_view text) { return parse_float<u32>(text); }
Literal<u64> parse_f64(std::string_view text) { return parse_float<u64>(text); }

bool is_number(std::string_view text) { return parse_f64(text).status != LiteralStatus::NotALiteral; }

}  // namespace brink::text
