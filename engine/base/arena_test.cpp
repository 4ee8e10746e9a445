#include "engine/base/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace brink {
namespace {

TEST(Arena, KeepsWhatWasWrittenIntoItsRoom) {
  Arena arena;
  std::vector<std::span<u8>> kept;
  for (u32 i = 0; i < 1000; ++i) {
    size_t size = i * 37 % 3001;
    std::span<u8> room = arena.room(size);
    ASSERT_GE(room.size(), size);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(room.data()) % alignof(u64), 0u);
    std::fill_n(room.data(), size, static_cast<u8>(i));
    arena.keep(size);
    kept.push_back(room.first(size));
  }
  for (u32 i = 0; i < kept.size(); ++i)
    EXPECT_TRUE(std::all_of(kept[i].begin(), kept[i].end(), [&](u8 byte) { return byte == static_cast<u8>(i); })) << i;
}

TEST(Arena, RoomThatIsNotKeptIsGivenAgain) {
  Arena arena;
  u8* first = arena.room(100).data();
  EXPECT_EQ(arena.room(100).data(), first);
  arena.keep(8);
  EXPECT_EQ(arena.room(100).data(), first + 8);
}

TEST(Arena, HasRoomForMoreThanAChunk) {
  Arena arena;
  arena.room(10);
  arena.keep(10);
  std::span<u8> large = arena.room(10'000'000);
  ASSERT_GE(large.size(), 10'000'000u);
  std::memset(large.data(), 1, large.size());
  arena.keep(10'000'000);
  std::memset(arena.room(1).data(), 2, 1);
  EXPECT_EQ(large[9'999'999], 1);
}

TEST(Arena, AllocatesAligned) {
  Arena arena;
  for (size_t alignment : {1, 2, 4, 8, 16, 64})
    for (size_t size : {1, 3, 100}) {
      void* p = arena.allocate(size, alignment);
      std::memset(p, 0xFF, size);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % alignment, 0u);
    }
}

}  // namespace
}  // namespace brink
