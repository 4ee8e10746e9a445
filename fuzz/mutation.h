// Damaging inputs in ways that find faults, the same way every time for the same seed.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/integers.h"

namespace brink::fuzz {

using Bytes = std::vector<u8>;

// xorshift64*: small, and the same on every machine.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  u32 next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<u32>(state_ * 0x2545F4914F6CDD1Du >> 32);
  }
  u32 below(u32 bound) { return bound == 0 ? 0 : next() % bound; }

 private:
  u64 state_;
};

// One to eight changes: bits, bytes, numbers at their limits, pieces removed, doubled, exchanged or taken from `other`,
// truncation. The result is at most 64 KiB long.
Bytes mutate_bytes(Bytes bytes, std::span<const u8> other, Random& random);

// The same for text: whole tokens and parenthesised forms are changed as well as bytes.
Bytes mutate_text(Bytes bytes, std::span<const u8> other, Random& random);

// Applies `mutate` to the contents of one section of a binary module, or of one function body in it, and puts the sizes
// in front of them right. Nothing if the bytes are not sections throughout.
std::optional<Bytes> mutate_part(std::span<const u8> module, Random& random, const std::function<Bytes(Bytes)>& mutate);

}  // namespace brink::fuzz
