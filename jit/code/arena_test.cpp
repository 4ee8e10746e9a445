#include "jit/code/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "jit/code/convention.h"
#include "jit/code/patch.h"
#include "jit/emit/assembler.h"

namespace brink::jit {
namespace {

TEST(CodeArena, GivesOutAndTakesBack) {
  auto arena = CodeArena::create(16 * CodeArena::granule());
  ASSERT_TRUE(arena);
  std::vector<CodeArena::Block> blocks;
  while (auto block = (*arena)->allocate(1)) blocks.push_back(*block);
  EXPECT_EQ(blocks.size(), 16u);
  EXPECT_EQ((*arena)->used_bytes(), 16u * CodeArena::granule());
  // Neighbours become one block again, in whatever order they come back.
  (*arena)->release(blocks[4]);
  (*arena)->release(blocks[6]);
  EXPECT_FALSE((*arena)->allocate(2 * CodeArena::granule()));
  (*arena)->release(blocks[5]);
  auto three = (*arena)->allocate(3 * CodeArena::granule());
  ASSERT_TRUE(three);
  EXPECT_EQ(three->offset, blocks[4].offset);
  EXPECT_FALSE((*arena)->allocate(~u32{0}));
}

TEST(CodeArena, WhatWasGivenBackIsZeroAgain) {
  for (bool is_anonymous : {false, true}) {
    auto arena = CodeArena::create(CodeArena::granule(), {.is_anonymous = is_anonymous});
    ASSERT_TRUE(arena);
    auto block = (*arena)->allocate(1);
    ASSERT_TRUE(block);
    const u8* code = (*arena)->begin() + block->offset;
    std::memset((*arena)->writable(code), 0x90, 100);
    EXPECT_EQ(code[99], 0x90);
    (*arena)->release(*block);
    EXPECT_EQ(code[99], 0);
  }
}

#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
int run(const u8* code) {
  return reinterpret_cast<int (*)()>(reinterpret_cast<u64>(code))();
}

TEST(CodeArena, RunsWhatIsWrittenThroughTheOtherView) {
  auto arena = CodeArena::create(CodeArena::granule());
  ASSERT_TRUE(arena);
  auto block = (*arena)->allocate(16);
  ASSERT_TRUE(block);
  const u8* code = (*arena)->begin() + block->offset;
#if defined(__aarch64__)
  const u8 answer[] = {0x40, 0x05, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6};  // mov w0, #42; ret
#else
  const u8 answer[] = {0xB8, 42, 0, 0, 0, 0xC3};  // mov eax,42; ret
#endif
  std::memcpy((*arena)->writable(code), answer, sizeof answer);
  finish_code(code, code + sizeof answer);
  EXPECT_EQ(run(code), 42);
}

// As far apart as two pieces of code can be, in either direction.
TEST(CodeArena, CallsReachFromEndToEnd) {
  constexpr u32 kBytes = std::min(kBranchReach, 512u << 20), kPiece = 64;
  for (bool is_forward : {true, false}) {
    auto arena = CodeArena::create(kBytes);
    ASSERT_TRUE(arena);
    ASSERT_TRUE((*arena)->allocate(kBytes));
    const u8* caller = (*arena)->begin();
    const u8* callee = (*arena)->end() - kPiece;
    if (!is_forward) std::swap(caller, callee);
    Assembler a(Features{});
    auto put = [&](const u8* at) {
      EXPECT_TRUE(a.ok());
      EXPECT_LE(a.code().size(), kPiece);
      std::memcpy((*arena)->writable(at), a.code().data(), a.code().size());
      for (const Assembler::Relocation& relocation : a.relocations())
        write_distance((*arena)->writable(at) + relocation.at, at + relocation.at, relocation.target);
      finish_code(at, at + kPiece);
    };
    a.open_frame({}, {});
    a.call(callee);
    a.close_frame({}, {});
    put(caller);
    a.begin();
    a.move_constant(kResult, 42, true);
    a.return_();
    put(callee);
    EXPECT_EQ(run(caller), 42);
  }
}

// Of the whole process, while an arena is there: no page may be written and run.
TEST(CodeArena, NoPageIsWritableAndExecutable) {
  auto arena = CodeArena::create(1 << 20);
  ASSERT_TRUE(arena);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  int executable_views = 0, writable_views = 0;
  while (std::getline(maps, line)) {
    std::istringstream fields(line);
    std::string range, permissions;
    fields >> range >> permissions;
    ASSERT_EQ(permissions.size(), 4u);
    EXPECT_FALSE(permissions[1] == 'w' && permissions[2] == 'x') << line;
    if (line.find("brink-code") == std::string::npos) continue;
    executable_views += permissions[2] == 'x';
    writable_views += permissions[1] == 'w';
  }
  EXPECT_EQ(executable_views, 1);
  EXPECT_EQ(writable_views, 1);
}

}  // namespace
}  // namespace brink::jit
