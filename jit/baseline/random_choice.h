// A mode to find the compiler's defects (jit::Options::random_seed): where it may choose, it chooses at random, and spills what
// need not be spilled. What it chooses depends on the seed and the function only, so that compiling again gives the same code.
#pragma once
#include <bit>
#include <optional>

#include "engine/base/integers.h"

namespace brink::jit {

class RandomChoice {
 public:
  RandomChoice(std::optional<u64> seed, u32 function_index)
      : is_on_(seed.has_value()), state_(seed.value_or(0) * 0xD1342543DE82EF95 + function_index) {}
  // Whether choices are random.
  explicit operator bool() const { return is_on_; }
  // Below `count`, which is not 0.
  u32 below(u32 count) { return static_cast<u32>((next() >> 32) * count >> 32); }
  // Whether to do once in so many times what is never done otherwise.
  bool once_in(u32 count) { return is_on_ && below(count) == 0; }
  // The number of a bit in a mask, which is not 0: the lowest, or any.
  u32 of(u32 mask) {
    if (is_on_) [[unlikely]]
      for (u32 left = below(static_cast<u32>(std::popcount(mask))); left != 0; --left) mask &= mask - 1;
    return static_cast<u32>(std::countr_zero(mask));
  }

 private:
  // SplitMix64 (Steele, Lea, Flood 2014).
  u64 next() {
    u64 z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  bool is_on_;
  u64 state_;
};

}  // namespace brink::jit
