// The fuzzer's bytes as a sequence of choices; when they are used up every choice is the first.
#pragma once
#include <span>

#include "engine/base/integers.h"

namespace brink::fuzz {

class Choices {
 public:
  explicit Choices(std::span<const u8> bytes) : bytes_(bytes) {}

  bool is_empty() const { return at_ == bytes_.size(); }
  u8 byte() { return is_empty() ? 0 : bytes_[at_++]; }
  // 0 … bound - 1; bound is at least 1.
  u32 below(u32 bound) {
    if (bound <= 1) return 0;
    u32 value = byte();
    if (bound > 256) value = value << 8 | byte();
    return value % bound;
  }
  bool one_in(u32 n) { return below(n) == n - 1; }
  u64 bits(u32 bytes) {
    u64 value = 0;
    while (bytes-- > 0) value = value << 8 | byte();
    return value;
  }

 private:
  std::span<const u8> bytes_;
  size_t at_ = 0;
};

}  // namespace brink::fuzz
