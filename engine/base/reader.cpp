#include "engine/base/reader.h"

namespace brink {

// More than one byte. Linkers write indices in five, so that they can be changed later.
u32 Reader::read_long_u32(const char* what) {
  const u8* p = position_;
  if (remaining() < 5) [[unlikely]]
    return static_cast<u32>(read_unsigned(32, what));
  u32 value = (p[0] & 0x7Fu) | (p[1] & 0x7Fu) << 7;
  if (p[1] < 0x80) return position_ += 2, value;
  value |= (p[2] & 0x7Fu) << 14;
  if (p[2] < 0x80) return position_ += 3, value;
  value |= (p[3] & 0x7Fu) << 21;
  if (p[3] < 0x80) return position_ += 4, value;
  if (p[4] > 0x0F) return static_cast<u32>(read_unsigned(32, what));
  return position_ += 5, value | u32{p[4]} << 28;
}

u64 Reader::read_unsigned(int bits, const char* what) {
  u64 start = offset();
  u64 value = 0;
  for (int shift = 0;; shift += 7) {
    if (position_ == end_) return unexpected_end(what), 0;
    u8 byte = *position_++;
    value |= u64{byte & 0x7Fu} << shift;
    if (shift + 7 >= bits) {
      if (byte & 0x80) {
        fail_at(start, ErrorKind::Malformed, std::string("integer representation too long in ") + what);
        return 0;
      }
      if (byte >> (bits - shift)) {
        fail_at(start, ErrorKind::Malformed, std::string("integer too large in ") + what);
        return 0;
      }
      return value;
    }
    if (!(byte & 0x80)) return value;
  }
}

i64 Reader::read_signed(int bits, const char* what) {
  u64 start = offset();
  u64 value = 0;
  for (int shift = 0;; shift += 7) {
    if (position_ == end_) return unexpected_end(what), 0;
    u8 byte = *position_++;
    value |= u64{byte & 0x7Fu} << shift;
    bool last = shift + 7 >= bits;
    if (last) {
      if (byte & 0x80) {
        fail_at(start, ErrorKind::Malformed, std::string("integer representation too long in ") + what);
        return 0;
      }
      int used = bits - shift;  // bits of this byte that belong to the value, the sign among them
      u8 sign_and_above = static_cast<u8>((byte & 0x7F) >> (used - 1));
      if (sign_and_above != 0 && sign_and_above != 0x7F >> (used - 1)) {
        fail_at(start, ErrorKind::Malformed, std::string("integer too large in ") + what);
        return 0;
      }
    }
    if (!(byte & 0x80)) {
      int width = shift + 7;
      if (width < 64 && (byte & 0x40)) value |= ~u64{0} << width;
      return static_cast<i64>(value);
    }
  }
}

}  // namespace brink
