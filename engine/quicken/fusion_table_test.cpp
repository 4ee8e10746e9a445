#include "engine/quicken/fusion_table.h"

#include <gtest/gtest.h>

#include <string>

namespace brink::quick {
namespace {

// Against the names, which say what a fused opcode is made of. The second of a pair is a single instruction.
TEST(FusionTable, HasEveryPairAndNoOther) {
  u32 found = 0;
  for (u32 first = 0; first <= kNarrowCount; ++first)
    for (u32 second = 0; second < static_cast<u32>(QuickOp::kFusedFirst); ++second) {
      QuickOp both = fused(static_cast<QuickOp>(first), static_cast<QuickOp>(second));
      if (both == QuickOp::kNarrowCount) continue;
      ++found;
      ASSERT_LT(first, kNarrowCount);
      ASSERT_EQ(quick_op_name(both), std::string(quick_op_name(static_cast<QuickOp>(first))) + "__" +
                                         std::string(quick_op_name(static_cast<QuickOp>(second))));
    }
  EXPECT_EQ(found, kFusionCount);
}

}  // namespace
}  // namespace brink::quick
