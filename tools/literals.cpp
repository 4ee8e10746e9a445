#include "tools/literals.h"

#include <charconv>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace brink::tools {
namespace {

struct Magnitude {
  u64 high = 0;
  u64 low = 0;
};

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_hex_prefix(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

// An unsigned integer below 2^128 (hexadecimal) or 2^64 (decimal).
std::optional<Magnitude> parse_magnitude(std::string_view text) {
  Magnitude value;
  if (has_hex_prefix(text)) {
    for (char c : text.substr(2)) {
      int digit = digit_value(c);
      if (digit < 0 || value.high >> 60 != 0) return std::nullopt;
      value.high = value.high << 4 | value.low >> 60;
      value.low = value.low << 4 | static_cast<u64>(digit);
    }
    return value;
  }
  if (text.empty()) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value.low, u64{10}, &value.low) ||
        __builtin_add_overflow(value.low, static_cast<u64>(c - '0'), &value.low))
      return std::nullopt;
  }
  return value;
}

bool take_sign(std::string_view& text) {
  bool is_negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return is_negative;
}

std::unexpected<Error> refuse(std::string_view text, std::string_view expected) {
  return fail(ErrorKind::Usage, "'" + std::string(text) + "' is not " + std::string(expected));
}

Result<Value> parse_integer(std::string_view text, ValueType type) {
  u32 bits = type == kI32 ? 32 : 64;
  std::string expected = "an " + to_string(type) + " (decimal or 0x…, at most " + std::to_string(bits) + " bits)";
  std::string_view rest = text;
  bool is_negative = take_sign(rest);
  std::optional<Magnitude> magnitude = parse_magnitude(rest);
  if (!magnitude || magnitude->high != 0) return refuse(text, expected);
  u64 value = magnitude->low;
  u64 limit = is_negative ? u64{1} << (bits - 1) : bits == 32 ? 0xFFFFFFFFu : ~u64{0};
  if (value > limit) return refuse(text, expected);
  if (is_negative) value = u64{0} - value;
  return type == kI32 ? Value::i32(static_cast<i32>(value)) : Value::i64(static_cast<i64>(value));
}

// The layout of a float's bits.
struct FloatFormat {
  u32 bits;
  u32 fraction_bits;
  u64 infinity() const { return ((u64{1} << (bits - 1 - fraction_bits)) - 1) << fraction_bits; }
};

Result<Value> parse_float(std::string_view text, ValueType type) {
  FloatFormat format = type == kF32 ? FloatFormat{32, 23} : FloatFormat{64, 52};
  std::string expected = "an " + to_string(type) + " (e.g. 1.5, -2e3, 0x1.8p3, inf, nan, nan:0x400000)";
  std::string_view rest = text;
  u64 sign = take_sign(rest) ? u64{1} << (format.bits - 1) : 0;
  if (rest == "inf") return Value::from_bits(type, sign | format.infinity());
  if (rest == "nan") return Value::from_bits(type, sign | format.infinity() | u64{1} << (format.fraction_bits - 1));
  if (rest.starts_with("nan:")) {
    std::string_view digits = rest.substr(4);
    std::optional<Magnitude> payload = parse_magnitude(digits);
    if (!has_hex_prefix(digits) || !payload || payload->high != 0 || payload->low == 0 ||
        payload->low >> format.fraction_bits != 0)
      return refuse(text, expected);
    return Value::from_bits(type, sign | format.infinity() | payload->low);
  }
  // strtod also takes white space, "infinity", "NAN(…)" and half-written hexadecimal; those are refused first.
  bool is_hex = has_hex_prefix(rest);
  bool has_digit = false;
  for (char c : is_hex ? rest.substr(2) : rest) {
    bool is_digit = is_hex ? digit_value(c) >= 0 : c >= '0' && c <= '9';
    has_digit |= is_digit;
    if (!is_digit && std::string_view("+-.eEpP").find(c) == std::string_view::npos) return refuse(text, expected);
  }
  if (!has_digit) return refuse(text, expected);
  std::string terminated(text);
  char* end = nullptr;
  Value value;
  bool is_infinite = false;
  if (type == kF32) {
    float number = std::strtof(terminated.c_str(), &end);
    is_infinite = number - number != 0;
    value = Value::f32(number);
  } else {
    double number = std::strtod(terminated.c_str(), &end);
    is_infinite = number - number != 0;
    value = Value::f64(number);
  }
  if (*end != '\0') return refuse(text, expected);
  if (is_infinite) return refuse(text, "in the range of " + to_string(type));
  return value;
}

Result<Value> parse_vector(std::string_view text) {
  std::optional<Magnitude> magnitude = parse_magnitude(text);
  if (!has_hex_prefix(text) || !magnitude) return refuse(text, "a v128 (0x… with at most 32 digits)");
  return Value::from_bits(kV128, magnitude->low, magnitude->high);
}

}  // namespace

Result<u64> parse_size(std::string_view text) {
  std::string_view rest = text;
  size_t digits = rest.find_first_not_of("0123456789");
  std::string_view suffix = digits == std::string_view::npos ? "" : rest.substr(digits);
  std::optional<Magnitude> magnitude = parse_magnitude(rest.substr(0, rest.size() - suffix.size()));
  u32 shift = 0;
  if (!suffix.empty()) {
    switch (suffix[0]) {
      case 'k':
      case 'K': shift = 10; break;
      case 'm':
      case 'M': shift = 20; break;
      case 'g':
      case 'G': shift = 30; break;
      default: magnitude.reset();
    }
    if (suffix.size() > 1 && suffix.substr(1) != "iB") magnitude.reset();
  }
  if (!magnitude || magnitude->low > ~u64{0} >> shift)
    return refuse(text, "a size: bytes, or a number with K, M or G behind it, below 2^64 bytes");
  return magnitude->low << shift;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1e9}, {"ns", 1},    {"us", 1e3}, {"ms", 1e6},
                                                                   {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  for (auto [unit, nanoseconds] : kUnits) {
    if (unit != text.substr(digits) || error != std::errc() || end != text.data() + digits) continue;
    if (number * nanoseconds < 9.2e18) return std::chrono::nanoseconds(static_cast<i64>(number * nanoseconds));
  }
  return refuse(text, "a duration: seconds, or a number with ns, us, ms, s, m or h behind it");
}

Result<Value> parse_value(std::string_view text, ValueType type) {
  switch (type.kind()) {
    case TypeKind::I32:
    case TypeKind::I64: return parse_integer(text, type);
    case TypeKind::F32:
    case TypeKind::F64: return parse_float(text, type);
    case TypeKind::V128: return parse_vector(text);
    default: break;
  }
  if (type.is_ref() && type.is_nullable() && text == "null") return Value::null(type);
  if (type.is_ref() && type.is_nullable())
    return refuse(text, "a " + to_string(type) + ": a reference can only be given as 'null'");
  return fail(ErrorKind::Usage, "a value of type " + to_string(type) + " cannot be given on the command line");
}

}  // namespace brink::tools
