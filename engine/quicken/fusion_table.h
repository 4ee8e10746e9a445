// Which opcode does what two do.
#pragma once
#include <array>
#include <bit>

#include "engine/quicken/quick_op.h"

namespace brink::quick {

inline constexpr u32 kFusionCount = kNarrowCount - static_cast<u32>(QuickOp::kFusedFirst);

// A row an opcode that begins a pair, all rows laid over each other so that no two pairs share a place: one look is
// enough. An opcode that begins none looks where others' pairs are, which are not its own.
struct FusionTable {
  static constexpr u32 kSize = std::bit_ceil(2 * kFusionCount + 2);
  struct Place {
    QuickOp first = QuickOp::kNarrowCount;
    QuickOp fused = QuickOp::kNarrowCount;
  };
  static_assert(std::endian::native == std::endian::little);

  std::array<u16, kNarrowCount + 1> rows;  // where the opcode's row begins
  std::array<Place, kSize> places;
};
static_assert(static_cast<u32>(QuickOp::kFusedFirst) <= FusionTable::kSize);
extern const FusionTable kFusionTable;

// The opcode that does `first` and then `second`, a single instruction, or kNarrowCount where there is none. `first` may
// be kNarrowCount. One load and no branch: nobody can predict which it is.
inline QuickOp fused(QuickOp first, QuickOp second) {
  u32 at = (kFusionTable.rows[static_cast<u32>(first)] + static_cast<u32>(second)) & (FusionTable::kSize - 1);
  auto place = std::bit_cast<u32>(kFusionTable.places[at]);
  u32 both = place >> 16;
  return static_cast<QuickOp>((place & 0xFFFF) == static_cast<u32>(first) ? both : kNarrowCount);
}

}  // namespace brink::quick
