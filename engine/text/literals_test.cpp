#include "engine/text/literals.h"

#include <gtest/gtest.h>

#include <string>

namespace brink::text {
namespace {

constexpr auto kOk = LiteralStatus::Ok, kNot = LiteralStatus::NotALiteral, kRange = LiteralStatus::OutOfRange;

void expect_integer(const char* text, u32 bits, LiteralStatus status, u64 value = 0) {
  Literal<u64> literal = parse_integer(text, bits);
  EXPECT_EQ(literal.status, status) << text;
  if (status == kOk) {
    EXPECT_EQ(literal.value, value) << text;
  }
}

void expect_f32(const std::string& text, u32 bits) {
  Literal<u32> literal = parse_f32(text);
  EXPECT_EQ(literal.status, kOk) << text;
  EXPECT_EQ(literal.value, bits) << text << std::hex << " 0x" << literal.value << " wanted 0x" << bits;
}

void expect_f64(const std::string& text, u64 bits) {
  Literal<u64> literal = parse_f64(text);
  EXPECT_EQ(literal.status, kOk) << text;
  EXPECT_EQ(literal.value, bits) << text << std::hex << " 0x" << literal.value << " wanted 0x" << bits;
}

TEST(Integer, CoversSignedAndUnsignedRange) {
  expect_integer("0", 32, kOk, 0);
  expect_integer("4294967295", 32, kOk, 0xFFFFFFFF);
  expect_integer("4294967296", 32, kRange);
  expect_integer("-2147483648", 32, kOk, 0x80000000);
  expect_integer("-2147483649", 32, kRange);
  expect_integer("-1", 32, kOk, 0xFFFFFFFF);
  expect_integer("+0x7fff_ffff", 32, kOk, 0x7FFFFFFF);
  expect_integer("-0x8000000000000000", 64, kOk, 0x8000000000000000);
  expect_integer("-0x8000000000000001", 64, kRange);
  expect_integer("18446744073709551615", 64, kOk, ~u64{0});
  expect_integer("18446744073709551616", 64, kRange);
  expect_integer("99999999999999999999999", 64, kRange);
  expect_integer("-128", 8, kOk, 0x80);
  expect_integer("-129", 8, kRange);
  expect_integer("255", 8, kOk, 255);
  expect_integer("256", 8, kRange);
}

TEST(Integer, FollowsTheGrammar) {
  expect_integer("1_000", 32, kOk, 1000);
  for (const char* bad : {"", "-", "+", "_1", "1_", "1__0", "0x", "0x_1", "0x1_", "1a", "0xg", "1.0", "--1", "0X1"}) {
    expect_integer(bad, 32, kNot);
  }
  EXPECT_EQ(parse_unsigned("-0", 32).status, kNot);
  EXPECT_EQ(parse_unsigned("+1", 32).status, kNot);
}

TEST(Float, FollowsTheGrammar) {
  for (const char* bad :
       {"",     "-",    ".5",   "1e",       "1e+",  "1_.0",  "1._0",   "1e_1",     "1.0_",  "0x",       "0x.8",
        "0x1p", "0xp1", "inf1", "infinity", "nan:", "nan:1", "nan:0x", "nan:0x_1", "1.5.5", "0x1.8e1p", "e1"}) {
    EXPECT_EQ(parse_f64(bad).status, kNot) << bad;
    EXPECT_EQ(parse_f32(bad).status, kNot) << bad;
  }
  expect_f64("1.", 0x3FF0000000000000);
  expect_f64("1.e1", 0x4024000000000000);
  expect_f64("0x1.", 0x3FF0000000000000);
  expect_f64("0x1.p1", 0x4000000000000000);
  expect_f64("1_0.2_5E+0_1", 0x4059A00000000000);  // 102.5
  expect_f64("0xA_B.8P-1", 0x4055700000000000);    // 85.75
  EXPECT_TRUE(is_number("-nan:0x1"));
  EXPECT_FALSE(is_number("12monkeys"));
}

TEST(Float, Specials) {
  expect_f32("inf", 0x7F800000);
  expect_f32("-inf", 0xFF800000);
  expect_f32("nan", 0x7FC00000);
  expect_f32("-nan", 0xFFC00000);
  expect_f32("nan:0x1", 0x7F800001);
  expect_f32("+nan:0x7f_ffff", 0x7FFFFFFF);
  expect_f64("-nan:0xf_ffff_ffff_ffff", 0xFFFFFFFFFFFFFFFF);
  expect_f32("-0", 0x80000000);
  expect_f64("-0x0p0", 0x8000000000000000);
  for (const char* bad : {"nan:0x0", "nan:0x800000", "nan:0xffffffffffffffffff"}) {
    EXPECT_EQ(parse_f32(bad).status, kRange) << bad;
  }
  EXPECT_EQ(parse_f64("nan:0x10000000000000").status, kRange);
}

// Halfway cases around 1, known from the format: ulp(1) = 2^-23 and 2^-52.
TEST(Float, RoundsToNearestTiesToEven) {
  expect_f32("0x1.000001p0", 0x3F800000);            // tie, down to even
  expect_f32("0x1.000003p0", 0x3F800002);            // tie, up to even
  expect_f32("0x1.0000010000000001p0", 0x3F800001);  // just above the tie
  expect_f32("0x1.0000010000000000000000000000000000001p0", 0x3F800001);
  expect_f32("0x1.ffffffp0", 0x40000000);  // carries into the exponent
  expect_f64("0x1.00000000000008p0", 0x3FF0000000000000);
  expect_f64("0x1.00000000000018p0", 0x3FF0000000000002);
  expect_f64("0x1.000000000000080000000000000000000001p0", 0x3FF0000000000001);
  expect_f32("1.000000059604644775390625", 0x3F800000);  // 1 + 2^-24 exactly
  expect_f32("1.0000000596046447753906250000000001", 0x3F800001);
  expect_f32("1.000000178813934326171875", 0x3F800002);                                       // 1 + 3 * 2^-24
  expect_f64("1.00000000000000011102230246251565404236316680908203125", 0x3FF0000000000000);  // 1 + 2^-53
  expect_f64("1.00000000000000011102230246251565404236316680908203126", 0x3FF0000000000001);
  // By way of f64 this would round twice, to 0x3F800000: 1 + 2^-24 + 2^-60.
  expect_f32("0x1.000001000000001p0", 0x3F800001);
  expect_f32("1.00000005960464477626798862", 0x3F800001);
}

TEST(Float, LargestAndBeyond) {
  expect_f32("0x1.fffffep127", 0x7F7FFFFF);
  expect_f32("0x1.fffffefffffffp127", 0x7F7FFFFF);
  EXPECT_EQ(parse_f32("0x1.ffffffp127").status, kRange);
  EXPECT_EQ(parse_f32("0x1p128").status, kRange);
  expect_f32("340282356779733661637539395458142568447", 0x7F7FFFFF);  // one below the tie to 2^128
  EXPECT_EQ(parse_f32("340282356779733661637539395458142568448").status, kRange);
  expect_f64("0x1.fffffffffffff7fffffp1023", 0x7FEFFFFFFFFFFFFF);
  EXPECT_EQ(parse_f64("0x1.fffffffffffff8p1023").status, kRange);
  expect_f64("1.7976931348623157e308", 0x7FEFFFFFFFFFFFFF);
  EXPECT_EQ(parse_f64("1.7976931348623159e308").status, kRange);
  EXPECT_EQ(parse_f64("1e309").status, kRange);
  EXPECT_EQ(parse_f64("-1e99999999999999999999").status, kRange);
  EXPECT_EQ(parse_f64("0x1p99999999999999999999").status, kRange);
}

TEST(Float, SubnormalsAndUnderflow) {
  expect_f32("0x1p-149", 0x00000001);
  expect_f32("0x1p-150", 0x00000000);  // tie, to even
  expect_f32("0x1.000001p-150", 0x00000001);
  expect_f32("0x3p-150", 0x00000002);  // 1.5 units, to even
  expect_f32("0x1p-151", 0x00000000);
  expect_f32("-0x1p-99999999999999999999", 0x80000000);
  expect_f32("0x1.fffffcp-127", 0x007FFFFF);  // the largest subnormal
  expect_f32("0x1.fffffep-127", 0x00800000);  // tie, becomes the smallest normal
  expect_f32("1.1754943508222875e-38", 0x00800000);
  expect_f32("1.4e-45", 0x00000001);
  expect_f32("7.0064923216240853e-46", 0x00000000);  // just below half of the smallest
  expect_f32("7.0064923216240854e-46", 0x00000001);  // just above
  expect_f64("0x1p-1074", 0x0000000000000001);
  expect_f64("0x1p-1075", 0x0000000000000000);
  expect_f64("0x1.0000000000001p-1075", 0x0000000000000001);
  expect_f64("4.9406564584124654e-324", 0x0000000000000001);
  expect_f64("2.4703282292062327e-324", 0x0000000000000000);
  expect_f64("2.4703282292062328e-324", 0x0000000000000001);
  expect_f64("2.2250738585072011e-308", 0x000FFFFFFFFFFFFF);  // the largest subnormal
  expect_f64("2.2250738585072014e-308", 0x0010000000000000);
  expect_f64("1e-400", 0x0000000000000000);
  expect_f64("-1e-99999999999999999999", 0x8000000000000000);
}

TEST(Float, LongLiterals) {
  expect_f64("1" + std::string(400, '0') + "e-400", 0x3FF0000000000000);
  expect_f64("0." + std::string(400, '0') + "1e401", 0x3FF0000000000000);
  expect_f64("0x1" + std::string(400, '0') + "p-1600", 0x3FF0000000000000);
  expect_f64("0x0." + std::string(400, '0') + "1p1604", 0x3FF0000000000000);
  expect_f64("0e99999999999", 0);
  expect_f32("16777217", 0x4B800000);  // 2^24 + 1, to even
  expect_f32("16777219", 0x4B800002);
  expect_f64("9007199254740993", 0x4340000000000000);  // 2^53 + 1
}

}  // namespace
}  // namespace brink::text
