#include "tools/literals.h"

#include <gtest/gtest.h>

namespace brink::tools {
namespace {

// The bits of a value that is well written, or nothing.
std::optional<u64> bits(std::string_view text, ValueType type) {
  Result<Value> value = parse_value(text, type);
  if (!value) return std::nullopt;
  EXPECT_EQ(value->type(), type);
  return value->bits();
}

TEST(ParseSize, SuffixesArePowersOf1024) {
  EXPECT_EQ(*parse_size("0"), 0u);
  EXPECT_EQ(*parse_size("4096"), 4096u);
  EXPECT_EQ(*parse_size("64K"), 65536u);
  EXPECT_EQ(*parse_size("64k"), 65536u);
  EXPECT_EQ(*parse_size("3M"), 3145728u);
  EXPECT_EQ(*parse_size("3MiB"), 3145728u);
  EXPECT_EQ(*parse_size("2G"), 2147483648u);
}

TEST(ParseSize, RefusesWhatDoesNotFit64Bits) {
  EXPECT_EQ(*parse_size("18446744073709551615"), ~u64{0});
  EXPECT_FALSE(parse_size("18446744073709551616"));
  EXPECT_EQ(*parse_size("17179869183G"), 17179869183u * (u64{1} << 30));  // 2^34 - 1
  EXPECT_FALSE(parse_size("17179869184G"));
}

TEST(ParseSize, RefusesOtherText) {
  for (const char* text : {"", "K", "-1", "+1", " 1", "1 K", "1.5M", "1T", "1KB", "1MiBs", "ten"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(ParseDuration, UnitsStandBehindTheNumber) {
  using namespace std::chrono_literals;
  EXPECT_EQ(*parse_duration("2"), 2s);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("200ms"), 200ms);
  EXPECT_EQ(*parse_duration("0.5us"), 500ns);
  EXPECT_EQ(*parse_duration("7ns"), 7ns);
  EXPECT_EQ(*parse_duration("3m"), 3min);
  EXPECT_EQ(*parse_duration("2h"), 2h);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(ParseDuration, RefusesOtherText) {
  for (const char* text : {"", "s", "-1s", "+1", " 1", "1 s", "1d", "1.5.5", ".", "1e3", "ten", "9300000000", "1msec"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ParseValue, IntegersInSignedAndUnsignedRange) {
  EXPECT_EQ(bits("0", kI32), 0u);
  EXPECT_EQ(bits("2147483647", kI32), 0x7FFFFFFFu);
  EXPECT_EQ(bits("4294967295", kI32), 0xFFFFFFFFu);
  EXPECT_EQ(bits("-1", kI32), 0xFFFFFFFFu);  // zero-extended in its slot
  EXPECT_EQ(bits("-2147483648", kI32), 0x80000000u);
  EXPECT_EQ(bits("0xff", kI32), 255u);
  EXPECT_EQ(bits("-0x80000000", kI32), 0x80000000u);
  EXPECT_EQ(bits("+7", kI32), 7u);
  EXPECT_EQ(bits("-9223372036854775808", kI64), 0x8000000000000000u);
  EXPECT_EQ(bits("18446744073709551615", kI64), ~u64{0});
  EXPECT_EQ(bits("0xFFFFFFFFFFFFFFFF", kI64), ~u64{0});
}

TEST(ParseValue, RefusesIntegersOutOfRangeOrBadlyWritten) {
  for (const char* text : {"4294967296", "-2147483649", "0x100000000", "", "-", "0x", "1.0", "1e3", "12x", " 1", "0b1"})
    EXPECT_FALSE(parse_value(text, kI32)) << text;
  EXPECT_FALSE(parse_value("18446744073709551616", kI64));
  EXPECT_FALSE(parse_value("-9223372036854775809", kI64));
  EXPECT_FALSE(parse_value("0x10000000000000000", kI64));
}

TEST(ParseValue, Floats) {
  EXPECT_EQ(bits("1", kF32), 0x3F800000u);
  EXPECT_EQ(bits("-0.5", kF32), 0xBF000000u);
  EXPECT_EQ(bits("1e2", kF32), 0x42C80000u);
  EXPECT_EQ(bits("0x1.8p1", kF32), 0x40400000u);  // 3
  EXPECT_EQ(bits("-0", kF32), 0x80000000u);
  EXPECT_EQ(bits("inf", kF32), 0x7F800000u);
  EXPECT_EQ(bits("-inf", kF32), 0xFF800000u);
  EXPECT_EQ(bits("nan", kF32), 0x7FC00000u);
  EXPECT_EQ(bits("-nan", kF32), 0xFFC00000u);
  EXPECT_EQ(bits("nan:0x1", kF32), 0x7F800001u);
  EXPECT_EQ(bits("1", kF64), 0x3FF0000000000000u);
  EXPECT_EQ(bits("nan", kF64), 0x7FF8000000000000u);
  EXPECT_EQ(bits("-inf", kF64), 0xFFF0000000000000u);
  EXPECT_EQ(bits("nan:0xfffffffffffff", kF64), 0x7FFFFFFFFFFFFFFFu);
  // Rounded once, from the decimal digits: 2^24 + 1 lies between two floats and goes to the even one.
  EXPECT_EQ(bits("16777217", kF32), 0x4B800000u);
}

TEST(ParseValue, RefusesFloatsOutOfRangeOrBadlyWritten) {
  for (const char* text : {"", "-", ".", "1e39", "infinity", "NAN", "nan:", "nan:0x0", "nan:0x800000", "nan:1", "1f",
                           " 1", "0x", "1p3", "--1", "e5", "nan(1)"})
    EXPECT_FALSE(parse_value(text, kF32)) << text;
  EXPECT_FALSE(parse_value("1e309", kF64));
}

TEST(ParseValue, Vectors) {
  Result<Value> value = parse_value("0x0f0e0d0c0b0a09080706050403020100", kV128);
  ASSERT_TRUE(value);
  for (u8 i = 0; i < 16; ++i) EXPECT_EQ(value->as_v128().bytes[i], i);
  EXPECT_EQ(parse_value("0x1", kV128)->as_v128().bytes[0], 1);
  EXPECT_FALSE(parse_value("0x00f0e0d0c0b0a090807060504030201001", kV128) &&
               parse_value("0x10f0e0d0c0b0a090807060504030201001", kV128));
  EXPECT_FALSE(parse_value("1", kV128));
}

TEST(ParseValue, ReferencesCanOnlyBeNull) {
  Result<Value> null = parse_value("null", kExternRef);
  ASSERT_TRUE(null);
  EXPECT_TRUE(null->is_null());
  EXPECT_FALSE(parse_value("1", kExternRef));
  EXPECT_FALSE(parse_value("null", kFuncRef.with_nullable(false)));
}

}  // namespace
}  // namespace brink::tools
