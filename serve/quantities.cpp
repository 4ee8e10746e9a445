#include "serve/quantities.h"

#include <charconv>

namespace brink::serve {
namespace {

constexpr u64 kMostMilliseconds = u64{366} * 24 * 3600 * 1000;

struct Quantity {
  u64 number;
  std::string_view unit;
};

bool split(std::string_view text, Quantity& quantity) {
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, quantity.number);
  quantity.unit = {parsed.ptr, static_cast<size_t>(end - parsed.ptr)};
  return parsed.ec == std::errc();
}

}  // namespace

Result<u64> parse_bytes(std::string_view text) {
  Quantity quantity;
  int shift = -1;
  if (split(text, quantity)) {
    if (quantity.unit.empty()) shift = 0;
    if (quantity.unit == "K" || quantity.unit == "k") shift = 10;
    if (quantity.unit == "M" || quantity.unit == "m") shift = 20;
    if (quantity.unit == "G" || quantity.unit == "g") shift = 30;
  }
  if (shift < 0 || quantity.number > ~u64{0} >> shift)
    return fail(ErrorKind::Usage, "'" + std::string(text) + "' is not a size, as in 65536, 64K, 16M or 1G");
  return quantity.number << shift;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  Quantity quantity;
  u64 factor = 0;
  if (split(text, quantity)) {
    if (quantity.unit == "ms") factor = 1;
    if (quantity.unit == "s") factor = 1000;
    if (quantity.unit == "m") factor = 60 * 1000;
    if (quantity.unit == "h") factor = 3600 * 1000;
  }
  if (factor == 0 || quantity.number == 0 || quantity.number > kMostMilliseconds / factor)
    return fail(ErrorKind::Usage, "'" + std::string(text) + "' is not a time, as in 500ms, 30s, 2m or 1h");
  return std::chrono::milliseconds(static_cast<i64>(quantity.number * factor));
}

}  // namespace brink::serve
