// Inputs made to hurt: every truncation, random damage, counts that promise more than the bytes hold.
#include <gtest/gtest.h>
#include <time.h>

#include <random>

#include "engine/decode/test_modules.h"

namespace brink {
namespace {

using namespace test;

// A module with something in every section.
Bytes full_module() {
  return module({
      custom("first", {1, 2, 3}),
      section(1, {0x03, 0x60, 0x00, 0x00, 0x4E, 0x02, 0x50, 0x00, 0x5F, 0x01, 0x63,
                  0x02, 0x01, 0x50, 0x00, 0x5E, 0x77, 0x01, 0x60, 0x01, 0x7F, 0x00}),
      section(
          2, Bytes{0x02} + text("m") + text("f") + Bytes{0x00, 0x00} + text("m") + text("g") + Bytes{0x03, 0x7F, 0x00}),
      section(3, {0x01, 0x00}),
      section(4, {0x02, 0x70, 0x01, 0x01, 0x0A, 0x40, 0x00, 0x63, 0x70, 0x00, 0x01, 0xD2, 0x00, 0x0B}),
      section(5, {0x02, 0x00, 0x01, 0x05, 0x01, 0x02}),
      section(13, {0x01, 0x00, 0x03}),
      section(6, {0x01, 0x7F, 0x01, 0x23, 0x00, 0x0B}),
      section(7, Bytes{0x02} + text("run") + Bytes{0x00, 0x01} + text("memory") + Bytes{0x02, 0x00}),
      section(8, {0x01}),
      section(9, {0x02, 0x00, 0x41, 0x00, 0x0B, 0x01, 0x00, 0x05, 0x70, 0x01, 0xD0, 0x70, 0x0B}),
      section(12, {0x02}),
      section(10, {0x01, 0x02, 0x00, 0x0B}),
      section(11, {0x02, 0x00, 0x41, 0x00, 0x0B, 0x01, 'x', 0x01, 0x01, 'y'}),
      custom("name", {0x01, 0x04, 0x01, 0x00, 0x01, 'f'}),
  });
}

TEST(Hostile, EveryTruncationIsRefusedOrStopsBetweenSections) {
  Bytes whole = full_module();
  ASSERT_EQ(refusal(whole), "");
  u32 refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    std::string text = refusal(cut);
    if (!text.empty()) {
      ++refused;
      EXPECT_TRUE(text.starts_with("malformed: ")) << size << ": " << text;
    }
  }
  // Good are: the header alone, after "first", types, imports; after code bodies are there but data is announced; and
  // before the last custom section.
  EXPECT_EQ(refused, whole.size() - 5);
}

TEST(Hostile, RandomDamageIsSurvived) {
  std::mt19937 random(1);
  Bytes whole = full_module();
  u32 accepted = 0;
  for (u32 i = 0; i < 5'000; ++i) {
    Bytes damaged = whole;
    for (u32 j = 0, n = 1 + random() % 4; j < n; ++j) damaged[random() % damaged.size()] = static_cast<u8>(random());
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    Decoded m(damaged);
    if (m.result) {
      ++accepted;
      Names names = m->read_names();
      for (u32 f = 0; f < m->functions.size(); ++f) {
        EXPECT_FALSE(m->function_label(f, names).empty());
        EXPECT_LE(m->functions[f].body.end(), damaged.size());
      }
    } else {
      EXPECT_LE(m.result.error().offset, damaged.size());
      EXPECT_FALSE(m.result.error().message.empty());
    }
  }
  EXPECT_GT(accepted, 0u);
}

// Every vector count at 2^32 - 1 with nothing behind it.
TEST(Hostile, CountsAreCheckedBeforeAllocation) {
  const Bytes kHuge{0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  const Bytes kCases[] = {
      module({section(1, kHuge)}),
      module({section(1, Bytes{0x01, 0x60} + kHuge)}),
      module({section(1, Bytes{0x01, 0x60, 0x00} + kHuge)}),
      module({section(1, Bytes{0x01, 0x5F} + kHuge)}),
      module({section(1, Bytes{0x01, 0x4E} + kHuge)}),
      module({section(1, Bytes{0x01, 0x50} + kHuge)}),
      module({section(2, kHuge)}),
      module({section(2, Bytes{0x01} + kHuge)}),
      module({section(3, kHuge)}),
      module({section(4, kHuge)}),
      module({section(5, kHuge)}),
      module({section(6, kHuge)}),
      module({section(7, kHuge)}),
      module({section(9, kHuge)}),
      module({section(9, Bytes{0x01, 0x01, 0x00} + kHuge)}),
      module({section(10, kHuge)}),
      module({section(11, kHuge)}),
      module({section(11, Bytes{0x01, 0x01} + kHuge)}),
      module({section(13, kHuge)}),
      module({section(0, kHuge)}),
  };
  for (const Bytes& bytes : kCases) {
    EXPECT_REFUSED(bytes, "malformed: unexpected end");
    TypeRegistry registry;
    largest_allocation = 0;
    auto result = decode_module(bytes, registry, FeatureSet::wasm3());
    EXPECT_FALSE(result);
    EXPECT_LT(largest_allocation, 1024u);
  }
  // A data count allocates nothing.
  EXPECT_REFUSED(module({section(12, kHuge)}), "malformed: data count and data section have inconsistent lengths");
}

TEST(Hostile, LimitsHold) {
  auto many = [](u8 id, u32 count, const Bytes& item) {
    Bytes payload = leb(count);
    payload.reserve(payload.size() + count * item.size());
    for (u32 i = 0; i < count; ++i) payload.insert(payload.end(), item.begin(), item.end());
    return section(id, payload);
  };
  EXPECT_REFUSED(module({many(1, 1'000'001, {0x60, 0x00, 0x00})}), "limit: type count is 1000001");
  EXPECT_REFUSED(module({kType, many(3, 1'000'001, {0x00})}), "limit: function count is 1000001");
  EXPECT_REFUSED(module({kType, section(2, {0x01, 0x00, 0x00, 0x00, 0x00}), many(3, 1'000'000, {0x00})}),
                 "limit: function count is 1000001");
  EXPECT_REFUSED(module({many(4, 100'001, {0x70, 0x00, 0x00})}), "limit: table count is 100001");
  EXPECT_ACCEPTED(module({many(5, 100, {0x00, 0x00})}));
  EXPECT_REFUSED(module({many(5, 101, {0x00, 0x00})}), "limit: memory count is 101");
  EXPECT_REFUSED(module({many(2, 101, {0x00, 0x00, 0x02, 0x00, 0x00})}), "limit: more than 100 imports of kind memory");
  EXPECT_REFUSED(module({many(11, 100'001, {0x01, 0x00})}), "limit: data segment count is 100001");
  EXPECT_REFUSED(module({kType, kFunction,
                         section(9, Bytes{0x01, 0x01, 0x00} + leb(10'000'001) + Bytes(10'000'001, 0x00)), kCode}),
                 "limit: element count is 10000001");
  EXPECT_REFUSED(module({kType, kFunction, section(10, Bytes{0x01} + leb(7'654'322) + Bytes(7'654'322, 0x00))}),
                 "limit: body of function 0 is 7654322 bytes long");
  EXPECT_ACCEPTED(module({kType, kFunction, section(10, Bytes{0x01} + leb(7'654'321) + Bytes(7'654'321, 0x00))}));
}

TEST(Hostile, ModulesPastOneGibibyteAreRefused) {
  // The bytes are never read, so the span need not exist.
  static const u8 kByte = 0;
  TypeRegistry registry;
  auto result = decode_module({&kByte, (size_t{1} << 30) + 1}, registry, FeatureSet::wasm3());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Limit);
}

// 100 MB in a custom section and 30 MB of bodies cost nothing but their headers.
TEST(Hostile, SizeAloneCostsNothing) {
  constexpr u32 kBodies = 3'000, kBodySize = 10'000;
  Bytes code = leb(kBodies), functions = leb(kBodies) + Bytes(kBodies, 0x00);
  for (u32 i = 0; i < kBodies; ++i) code = std::move(code) + leb(kBodySize) + Bytes(kBodySize, 0x01);
  Bytes bytes = module({kType, section(3, functions), section(10, code), custom("big", Bytes(100'000'000, 0xAA))});
  TypeRegistry registry;
  allocated_bytes = 0;
  // Of the processor: what else runs on the machine does not count.
  auto milliseconds = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1'000 + t.tv_nsec / 1'000'000;
  };
  auto start = milliseconds();
  auto result = decode_module(bytes, registry, FeatureSet::wasm3());
  auto elapsed = milliseconds() - start;
  size_t allocated = allocated_bytes;
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->functions.size(), kBodies);
  EXPECT_EQ(result->functions.back().body.size, kBodySize);
  EXPECT_LT(elapsed, 200);  // about 0.1 ms; reading all bytes would take longer than that
  // 12 bytes a function, the list of sections and the registry's first chunk of types.
  EXPECT_LT(allocated, 200'000u);
}

}  // namespace
}  // namespace brink
