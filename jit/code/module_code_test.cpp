#include "jit/code/module_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/engine.h"
#include "engine/runtime/objects.h"
#include "jit/code/stubs.h"

namespace brink::jit {
namespace {

constexpr u64 kPage = 4096;

struct Space {
  explicit Space(u32 arena_bytes) {
    arena = *CodeArena::create(arena_bytes);
    EXPECT_TRUE(stubs.make(*arena, Features::host(), false, {}, nullptr));
    code = ModuleCode::create(arena, map, stubs, *module.state(), {});
  }
  const u8* place(size_t size) {
    std::vector<u8> bytes(size, 0x90);
    return code->place(bytes, {}, nullptr, 0, {});
  }

  Engine engine;
  Module module = *Module::from_text(engine, "(module (func))");
  std::shared_ptr<CodeArena> arena;
  std::shared_ptr<CodeMap> map = std::make_shared<CodeMap>();
  Stubs stubs;
  std::shared_ptr<ModuleCode> code;
};

// What fits into a page lies in one, code is aligned, nothing overlaps, and little is lost.
TEST(ModuleCode, FunctionsStayWithinPages) {
  Space space(4 << 20);
  std::vector<std::pair<u64, u64>> taken;
  u64 total = 0;
  u32 random = 1;
  for (u32 i = 0; i < 1000; ++i) {
    random = random * 1664525 + 1013904223;
    size_t size = 1 + (random >> 16) % (i % 10 == 0 ? 9000 : 700);
    const u8* entry = space.place(size);
    ASSERT_NE(entry, nullptr);
    u64 at = reinterpret_cast<u64>(entry);
    EXPECT_EQ(at % kCodeAlignment, 0u);
    if (size <= kPage) {
      EXPECT_EQ(at / kPage, (at + size - 1) / kPage) << "function " << i << " of " << size;
    }
    taken.emplace_back(at - sizeof(CodeHeader), at + size);
    total += size;
  }
  std::sort(taken.begin(), taken.end());
  for (size_t i = 1; i < taken.size(); ++i) EXPECT_LE(taken[i - 1].second, taken[i].first);
  EXPECT_EQ(space.code->code_bytes(), total);
  EXPECT_LT(space.arena->used_bytes(), total * 5 / 4);
}

TEST(ModuleCode, FullArena) {
  Space space(256 << 10);
  EXPECT_EQ(space.place(1 << 20), nullptr);
  u32 placed = 0;
  while (space.place(5000) != nullptr) ++placed;
  EXPECT_GT(placed, 20u);
  EXPECT_LT(placed, 52u);
  EXPECT_NE(space.place(100), nullptr);  // there is still room for less
}

}  // namespace
}  // namespace brink::jit
