#include "engine/base/utf8.h"

namespace brink {

bool is_valid_utf8(std::string_view bytes) {
  const auto* p = reinterpret_cast<const u8*>(bytes.data());
  const u8* end = p + bytes.size();
  auto continuation = [&](int ahead) { return end - p > ahead && (p[ahead] & 0xC0) == 0x80; };
  while (p < end) {
    u8 lead = *p;
    if (lead < 0x80) {
      ++p;
    } else if (lead < 0xC2) {
      return false;  // a stray continuation byte or an overlong two-byte form
    } else if (lead < 0xE0) {
      if (!continuation(1)) return false;
      p += 2;
    } else if (lead < 0xF0) {
      if (!continuation(1) || !continuation(2)) return false;
      if (lead == 0xE0 && p[1] < 0xA0) return false;   // overlong
      if (lead == 0xED && p[1] >= 0xA0) return false;  // surrogate
      p += 3;
    } else if (lead < 0xF5) {
      if (!continuation(1) || !continuation(2) || !continuation(3)) return false;
      if (lead == 0xF0 && p[1] < 0x90) return false;   // overlong
      if (lead == 0xF4 && p[1] >= 0x90) return false;  // past U+10FFFF
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

void append_utf8(std::string& out, u32 c) {
  auto put = [&](u32 byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace brink
