// Which opcode does what two do.
#pragma once
#include <array>
#include <bit>

#include "engine/quicken/quick_op.h"

namespace brink::quick {

inline constexpr u32 kFusionCount = kNarrowCount - static_cast<u32>(QuickOp::kFusedFirst);

// Keys are pairs of opcodes; open addressing, with a load factor below one half.
struct FusionTable {
  static constexpr u32 kSize = std::bit_ceil(2 * kFusionCount + 2);
  static constexpr u32 kFree = ~u32{0};
  static constexpr u32 key_of(QuickOp first, QuickOp second) {
    return static_cast<u32>(first) << 16 | static_cast<u32>(second);
  }
  static constexpr u32 place_of(u32 key) { return (key * 0x9E3779B1u) >> 12 & (kSize - 1); }

  std::array<u32, kSize> keys;
  std::array<QuickOp, kSize> fused;
  std::array<u8, kNarrowCount / 8 + 1> begins;  // a bit an opcode: whether there is a pair that it begins
};
extern const FusionTable kFusionTable;

// The opcode that does `first` and then `second`, or kNarrowCount where there is none. `first` may be kNarrowCount.
inline QuickOp fused(QuickOp first, QuickOp second) {
  auto n = static_cast<u32>(first);
  if (!(kFusionTable.begins[n / 8] >> (n % 8) & 1)) return QuickOp::kNarrowCount;
  u32 key = FusionTable::key_of(first, second);
  for (u32 at = FusionTable::place_of(key);; at = (at + 1) & (FusionTable::kSize - 1)) {
    if (kFusionTable.keys[at] == key) return kFusionTable.fused[at];
    if (kFusionTable.keys[at] == FusionTable::kFree) return QuickOp::kNarrowCount;
  }
}

}  // namespace brink::quick
