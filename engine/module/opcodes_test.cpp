#include "engine/module/opcodes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace brink {
namespace {

TEST(Opcodes, EveryCodeIsUniqueAndFoundAgain) {
  std::map<u32, std::string_view> seen;
  for (u32 i = 0; i < kOpCount; ++i) {
    const OpInfo& info = kOpInfo[i];
    auto [entry, is_new] = seen.emplace(info.code, info.text());
    EXPECT_TRUE(is_new) << info.text() << " has the code of " << entry->second;
    u8 prefix = static_cast<u8>(info.code >> 16);
    u32 low = info.code & 0xFFFF;
    if (prefix == 0) {
      ASSERT_LE(low, 0xFFu) << info.text();
      EXPECT_FALSE(is_prefix(static_cast<u8>(low))) << info.text();
      EXPECT_EQ(op_from_byte(static_cast<u8>(low)), static_cast<Op>(i)) << info.text();
    } else {
      EXPECT_TRUE(is_prefix(prefix)) << info.text();
      ASSERT_LE(low, kMaxSubOpcode) << info.text();
      EXPECT_EQ(op_from_prefixed(prefix, low), static_cast<Op>(i)) << info.text();
    }
  }
}

// Those three have a second code that differs in its immediates.
TEST(Opcodes, EveryNameIsUniqueButThree) {
  std::multiset<std::string_view> names;
  for (const OpInfo& info : kOpInfo) names.insert(info.text());
  for (std::string_view name : names) {
    bool has_two = name == "select" || name == "ref.test" || name == "ref.cast";
    EXPECT_EQ(names.count(name), has_two ? 2u : 1u) << name;
  }
}

TEST(Opcodes, UnassignedCodesAreUnknown) {
  EXPECT_EQ(op_from_byte(0x27), Op::kUnknown);
  EXPECT_EQ(op_from_byte(0xC5), Op::kUnknown);
  EXPECT_EQ(op_from_byte(0xFF), Op::kUnknown);
  EXPECT_EQ(op_from_byte(0xFC), Op::kUnknown);
  EXPECT_EQ(op_from_prefixed(0xFC, 0x20), Op::kUnknown);
  EXPECT_EQ(op_from_prefixed(0xFB, 0x1F), Op::kUnknown);
  EXPECT_EQ(op_from_prefixed(0xFD, 0x9A), Op::kUnknown);
  EXPECT_EQ(op_from_prefixed(0xFD, kMaxSubOpcode + 1), Op::kUnknown);
  EXPECT_EQ(op_from_prefixed(0xFE, ~u32{0}), Op::kUnknown);
}

// Codes from the specification's index of instructions (appendix A.7).
TEST(Opcodes, HaveTheSpecificationsCodes) {
  EXPECT_EQ(op_from_byte(0x00), Op::Unreachable);
  EXPECT_EQ(op_from_byte(0x0B), Op::End);
  EXPECT_EQ(op_from_byte(0x10), Op::Call);
  EXPECT_EQ(op_from_byte(0x1F), Op::TryTable);
  EXPECT_EQ(op_from_byte(0x20), Op::LocalGet);
  EXPECT_EQ(op_from_byte(0x28), Op::I32Load);
  EXPECT_EQ(op_from_byte(0x41), Op::I32Const);
  EXPECT_EQ(op_from_byte(0x6A), Op::I32Add);
  EXPECT_EQ(op_info(op_from_byte(0xA0)).text(), "f64.add");
  EXPECT_EQ(op_info(op_from_byte(0xC4)).text(), "i64.extend32_s");
  EXPECT_EQ(op_info(op_from_byte(0xD2)).text(), "ref.func");
  EXPECT_EQ(op_info(op_from_byte(0xD5)).text(), "br_on_null");
  EXPECT_EQ(op_info(op_from_byte(0xD6)).text(), "br_on_non_null");
  EXPECT_EQ(op_info(op_from_prefixed(0xFB, 0x00)).text(), "struct.new");
  EXPECT_EQ(op_info(op_from_prefixed(0xFB, 0x1C)).text(), "ref.i31");
  EXPECT_EQ(op_info(op_from_prefixed(0xFC, 0x08)).text(), "memory.init");
  EXPECT_EQ(op_info(op_from_prefixed(0xFC, 0x11)).text(), "table.fill");
  EXPECT_EQ(op_info(op_from_prefixed(0xFD, 0x0C)).text(), "v128.const");
  EXPECT_EQ(op_info(op_from_prefixed(0xFD, 0xFF)).text(), "f64x2.convert_low_i32x4_u");
  EXPECT_EQ(op_info(op_from_prefixed(0xFD, 0x100)).text(), "i8x16.relaxed_swizzle");
  EXPECT_EQ(op_info(op_from_prefixed(0xFD, 0x113)).text(), "i32x4.relaxed_dot_i8x16_i7x16_add_s");
  EXPECT_EQ(op_info(op_from_prefixed(0xFE, 0x03)).text(), "atomic.fence");
}

TEST(Opcodes, SignaturesAreParsed) {
  OpSignature add = op_info(Op::I32Add).signature;
  EXPECT_EQ(add.result, 'i');
  EXPECT_EQ(add.operand_count, 2);
  EXPECT_EQ(std::string_view(add.operands, 2), "ii");
  OpSignature store = op_info(Op::F64Store).signature;
  EXPECT_EQ(store.result, 'v');
  EXPECT_EQ(std::string_view(store.operands, 2), "ad");
  OpSignature constant = op_info(Op::I64Const).signature;
  EXPECT_EQ(constant.result, 'l');
  EXPECT_EQ(constant.operand_count, 0);
  EXPECT_TRUE(op_info(Op::Call).signature.special);
}

TEST(Opcodes, NaturalAlignmentIsTheLogarithmOfTheBytesAccessed) {
  std::map<std::string_view, u32> expected = {
      {"i32.load", 2},
      {"i64.load", 3},
      {"f32.load", 2},
      {"f64.load", 3},
      {"i32.load8_s", 0},
      {"i32.load8_u", 0},
      {"i32.load16_s", 1},
      {"i64.load8_u", 0},
      {"i64.load16_u", 1},
      {"i64.load32_s", 2},
      {"i64.load32_u", 2},
      {"i32.store", 2},
      {"i64.store", 3},
      {"f32.store", 2},
      {"f64.store", 3},
      {"i32.store8", 0},
      {"i32.store16", 1},
      {"i64.store8", 0},
      {"i64.store16", 1},
      {"i64.store32", 2},
      {"v128.load", 4},
      {"v128.load8x8_s", 3},
      {"v128.load8x8_u", 3},
      {"v128.load16x4_s", 3},
      {"v128.load16x4_u", 3},
      {"v128.load32x2_s", 3},
      {"v128.load32x2_u", 3},
      {"v128.load8_splat", 0},
      {"v128.load16_splat", 1},
      {"v128.load32_splat", 2},
      {"v128.load64_splat", 3},
      {"v128.load32_zero", 2},
      {"v128.load64_zero", 3},
      {"v128.store", 4},
      {"v128.load8_lane", 0},
      {"v128.load16_lane", 1},
      {"v128.load32_lane", 2},
      {"v128.load64_lane", 3},
      {"v128.store8_lane", 0},
      {"v128.store16_lane", 1},
      {"v128.store32_lane", 2},
      {"v128.store64_lane", 3},
      {"i32.atomic.load", 2},
      {"i64.atomic.load", 3},
      {"i64.atomic.load8_u", 0},
      {"i32.atomic.load16_u", 1},
      {"i64.atomic.load32_u", 2},
      {"i64.atomic.store", 3},
      {"i32.atomic.store8", 0},
      {"i64.atomic.store16", 1},
      {"i32.atomic.rmw.add", 2},
      {"i64.atomic.rmw.xchg", 3},
      {"i32.atomic.rmw8.xor_u", 0},
      {"i64.atomic.rmw16.xchg_u", 1},
      {"i64.atomic.rmw32.cmpxchg_u", 2},
      {"i64.atomic.rmw.cmpxchg", 3},
      {"memory.atomic.notify", 2},
      {"memory.atomic.wait32", 2},
      {"memory.atomic.wait64", 3},
  };
  size_t checked = 0;
  for (u32 i = 0; i < kOpCount; ++i) {
    auto found = expected.find(kOpInfo[i].text());
    if (found == expected.end()) continue;
    ++checked;
    EXPECT_EQ(natural_alignment(static_cast<Op>(i)), found->second) << found->first;
  }
  EXPECT_EQ(checked, expected.size());
}

TEST(Features, Wasm3HoldsTheStandardOnes) {
  FeatureSet set = FeatureSet::wasm3();
  EXPECT_TRUE(set.has(Feature::Mvp));
  EXPECT_TRUE(set.has(Feature::Exceptions));
  EXPECT_FALSE(set.has(Feature::LegacyExceptions));
  EXPECT_FALSE(set.has(Feature::CustomPageSizes));
  set.add(Feature::Threads);
  EXPECT_TRUE(set.has(Feature::Threads));
  set.remove(Feature::Gc);
  EXPECT_FALSE(set.has(Feature::Gc));
  EXPECT_TRUE(set.has(Feature::FunctionReferences));
}

TEST(Features, AllHoldsThoseThatAreNotInTheStandardYet) {
  FeatureSet set = FeatureSet::all();
  for (Feature feature :
       {Feature::LegacyExceptions, Feature::Threads, Feature::WideArithmetic, Feature::CustomPageSizes})
    set.remove(feature);
  EXPECT_EQ(set, FeatureSet::wasm3());
}

TEST(Features, AreFoundByName) {
  EXPECT_EQ(feature_from_name("threads"), Feature::Threads);
  EXPECT_EQ(feature_from_name("exception-handling"), Feature::Exceptions);
  EXPECT_EQ(feature_from_name("exceptions"), Feature::Exceptions);
  EXPECT_EQ(feature_from_name("bulk-memory"), Feature::BulkMemory);
  EXPECT_EQ(feature_from_name("mvp"), std::nullopt);
  EXPECT_EQ(feature_from_name(""), std::nullopt);
}

TEST(Features, HaveNames) {
  std::set<std::string_view> names;
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i) {
    std::string_view name = feature_name(static_cast<Feature>(i));
    EXPECT_NE(name, "unknown");
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace brink
