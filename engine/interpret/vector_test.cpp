// Vector instructions with expectations worked out by hand from the specification: the edges of each. Agreement with
// the scalar instructions over many values is vector_model_test.cpp's.
#include "engine/interpret/vector.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <type_traits>

namespace brink::vector {
namespace {

template <class T, class... Values>
v128 make(Values... values) {
  static_assert(sizeof...(values) == 16 / sizeof(T));
  const std::array<T, sizeof...(values)> lanes = {static_cast<T>(values)...};
  v128 result;
  std::memcpy(&result, &lanes, 16);
  return result;
}

template <class T, class Value>
v128 all(Value value) {
  std::array<T, 16 / sizeof(T)> lanes;
  lanes.fill(static_cast<T>(value));
  v128 result;
  std::memcpy(&result, &lanes, 16);
  return result;
}

// Operands and functions pass through memory, so that the machine computes the result and not the compiler.
template <class T>
T opaque(T x) {
  asm volatile("" : "+m"(x));
  return x;
}

template <class R, class... P>
R run(R (*f)(P...), std::type_identity_t<P>... operands) {
  return opaque(f)(opaque(operands)...);
}

// As bytes, which GoogleTest can compare and print.
std::array<u32, 16> shown(v128 v) {
  std::array<u32, 16> result;
  for (size_t i = 0; i < 16; ++i) result[i] = v[i];
  return result;
}

#define EXPECT_VECTOR(got, expected) EXPECT_EQ(shown(got), shown(expected))

constexpr f32 kInf32 = std::numeric_limits<f32>::infinity();
constexpr f64 kInf64 = std::numeric_limits<f64>::infinity();
const f32 kNan32 = std::bit_cast<f32>(0x7FC00000u);
const f64 kNan64 = std::bit_cast<f64>(u64{0x7FF8000000000000});

const v128 kAscending = make<u8>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

TEST(Vector, Splat) {
  EXPECT_VECTOR(run(i8x16_splat, 0x12345680u), all<u8>(0x80));
  EXPECT_VECTOR(run(i16x8_splat, 0x12348001u), all<u16>(0x8001));
  EXPECT_VECTOR(run(i32x4_splat, 0x80000001u), all<u32>(0x80000001u));
  EXPECT_VECTOR(run(i64x2_splat, 0x8000000000000001u), all<u64>(0x8000000000000001u));
  EXPECT_VECTOR(run(f32x4_splat, std::bit_cast<f32>(0x7FA00001u)), all<u32>(0x7FA00001u));
  EXPECT_VECTOR(run(f64x2_splat, -0.0), all<u64>(0x8000000000000000u));
}

TEST(Vector, ExtractLane) {
  const v128 a = make<u8>(0x80, 0x7F, 0xFF, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xFE, 0x81);
  EXPECT_EQ(run(i8x16_extract_lane_s, a, 0), 0xFFFFFF80u);
  EXPECT_EQ(run(i8x16_extract_lane_u, a, 0), 0x80u);
  EXPECT_EQ(run(i8x16_extract_lane_s, a, 1), 0x7Fu);
  EXPECT_EQ(run(i8x16_extract_lane_s, a, 15), 0xFFFFFF81u);
  EXPECT_EQ(run(i8x16_extract_lane_u, a, 15), 0x81u);
  EXPECT_EQ(run(i16x8_extract_lane_s, a, 0), 0x7F80u);
  EXPECT_EQ(run(i16x8_extract_lane_s, a, 7), 0xFFFF81FEu);
  EXPECT_EQ(run(i16x8_extract_lane_u, a, 7), 0x81FEu);
  EXPECT_EQ(run(i32x4_extract_lane, a, 0), 0x00FF7F80u);
  EXPECT_EQ(run(i32x4_extract_lane, a, 3), 0x81FE0A09u);
  EXPECT_EQ(run(i64x2_extract_lane, a, 0), 0x0403020100FF7F80u);
  EXPECT_EQ(run(i64x2_extract_lane, a, 1), 0x81FE0A0908070605u);
  EXPECT_EQ(std::bit_cast<u32>(run(f32x4_extract_lane, make<u32>(1, 2, 0x7FA00001u, 4), 2)), 0x7FA00001u);
  EXPECT_EQ(run(f64x2_extract_lane, make<f64>(1.5, -2.5), 1), -2.5);
}

TEST(Vector, ReplaceLaneChangesThatLaneAlone) {
  for (u32 lane = 0; lane < 16; ++lane) {
    v128 expected = kAscending;
    expected[lane] = 0xAB;
    EXPECT_VECTOR(run(i8x16_replace_lane, kAscending, lane, 0x123456ABu), expected);
    EXPECT_VECTOR(run(v128_load8_lane, kAscending, lane, u8{0xAB}), expected);
  }
  EXPECT_VECTOR(run(i16x8_replace_lane, make<u16>(0, 1, 2, 3, 4, 5, 6, 7), 0, 0x1234FFFFu),
                make<u16>(0xFFFF, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_VECTOR(run(i16x8_replace_lane, make<u16>(0, 1, 2, 3, 4, 5, 6, 7), 5, 99), make<u16>(0, 1, 2, 3, 4, 99, 6, 7));
  EXPECT_VECTOR(run(v128_load16_lane, make<u16>(0, 1, 2, 3, 4, 5, 6, 7), 7, u16{99}),
                make<u16>(0, 1, 2, 3, 4, 5, 6, 99));
  EXPECT_VECTOR(run(i32x4_replace_lane, make<u32>(0, 1, 2, 3), 2, 0xFFFFFFFFu), make<u32>(0, 1, 0xFFFFFFFFu, 3));
  EXPECT_VECTOR(run(v128_load32_lane, make<u32>(0, 1, 2, 3), 0, 9), make<u32>(9, 1, 2, 3));
  EXPECT_VECTOR(run(i64x2_replace_lane, make<u64>(10, 11), 0, 99), make<u64>(99, 11));
  EXPECT_VECTOR(run(i64x2_replace_lane, make<u64>(10, 11), 1, 99), make<u64>(10, 99));
  EXPECT_VECTOR(run(v128_load64_lane, make<u64>(10, 11), 1, 98), make<u64>(10, 98));
  EXPECT_VECTOR(run(f32x4_replace_lane, make<f32>(1, 2, 3, 4), 3, std::bit_cast<f32>(0x7FA00001u)),
                make<u32>(0x3F800000u, 0x40000000u, 0x40400000u, 0x7FA00001u));
  EXPECT_VECTOR(run(f64x2_replace_lane, make<f64>(1, 2), 0, -0.0), make<f64>(-0.0, 2));
}

TEST(Vector, StoreLane) {
  EXPECT_EQ(run(v128_store8_lane, kAscending, 13), 13);
  EXPECT_EQ(run(v128_store16_lane, kAscending, 7), 0x0F0E);
  EXPECT_EQ(run(v128_store32_lane, kAscending, 1), 0x07060504u);
  EXPECT_EQ(run(v128_store64_lane, kAscending, 1), 0x0F0E0D0C0B0A0908u);
}

TEST(Vector, LoadExtended) {
  EXPECT_VECTOR(run(v128_load8x8_s, 0x807F0001FF028103u), make<i16>(3, -127, 2, -1, 1, 0, 127, -128));
  EXPECT_VECTOR(run(v128_load8x8_u, 0x807F0001FF028103u), make<u16>(3, 129, 2, 255, 1, 0, 127, 128));
  EXPECT_VECTOR(run(v128_load16x4_s, 0x80007FFFFFFF0001u), make<i32>(1, -1, 32767, -32768));
  EXPECT_VECTOR(run(v128_load16x4_u, 0x80007FFFFFFF0001u), make<u32>(1, 65535, 32767, 32768));
  EXPECT_VECTOR(run(v128_load32x2_s, 0x800000007FFFFFFFu), make<i64>(2147483647, -2147483648));
  EXPECT_VECTOR(run(v128_load32x2_u, 0x800000007FFFFFFFu), make<u64>(2147483647, 2147483648));
  EXPECT_VECTOR(run(v128_load8_splat, u8{0x81}), all<u8>(0x81));
  EXPECT_VECTOR(run(v128_load16_splat, u16{0x8123}), all<u16>(0x8123));
  EXPECT_VECTOR(run(v128_load32_splat, 0x81234567u), all<u32>(0x81234567u));
  EXPECT_VECTOR(run(v128_load64_splat, 0x8123456789ABCDEFu), all<u64>(0x8123456789ABCDEFu));
  EXPECT_VECTOR(run(v128_load32_zero, 0x81234567u), make<u32>(0x81234567u, 0, 0, 0));
  EXPECT_VECTOR(run(v128_load64_zero, 0x8123456789ABCDEFu), make<u64>(0x8123456789ABCDEFu, 0));
}

TEST(Vector, ShuffleTakesLanesOfBoth) {
  const v128 b = kAscending + 100;
  const u8 reversed[] = {31, 30, 29, 28, 27, 26, 25, 24, 7, 6, 5, 4, 3, 2, 1, 0};
  EXPECT_VECTOR(run(i8x16_shuffle, kAscending, b, reversed),
                make<u8>(115, 114, 113, 112, 111, 110, 109, 108, 7, 6, 5, 4, 3, 2, 1, 0));
  const u8 mixed[] = {0, 16, 15, 31, 1, 17, 14, 30, 0, 0, 16, 16, 8, 24, 7, 23};
  EXPECT_VECTOR(run(i8x16_shuffle, kAscending, b, mixed),
                make<u8>(0, 100, 15, 115, 1, 101, 14, 114, 0, 0, 100, 100, 8, 108, 7, 107));
}

TEST(Vector, SwizzleGivesZeroOutOfRange) {
  const v128 a = kAscending + 100;
  const v128 s = make<u8>(15, 14, 0, 16, 17, 31, 32, 127, 128, 143, 240, 255, 1, 2, 3, 4);
  const v128 expected = make<u8>(115, 114, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 101, 102, 103, 104);
  EXPECT_VECTOR(run(i8x16_swizzle, a, s), expected);
  EXPECT_VECTOR(run(i8x16_relaxed_swizzle, a, s), expected);
}

TEST(Vector, SaturationEdges) {
  EXPECT_VECTOR(run(i8x16_add_sat_s, all<i8>(127), all<i8>(1)), all<i8>(127));
  EXPECT_VECTOR(run(i8x16_add_sat_s, all<i8>(-128), all<i8>(-1)), all<i8>(-128));
  EXPECT_VECTOR(run(i8x16_sub_sat_s, all<i8>(0), all<i8>(-128)), all<i8>(127));
  EXPECT_VECTOR(run(i8x16_sub_sat_u, all<u8>(0), all<u8>(1)), all<u8>(0));
  EXPECT_VECTOR(run(i16x8_add_sat_u, all<u16>(0xFFFF), all<u16>(1)), all<u16>(0xFFFF));
  EXPECT_VECTOR(run(i16x8_sub_sat_s, all<i16>(-32768), all<i16>(1)), all<i16>(-32768));
  EXPECT_VECTOR(run(i8x16_avgr_u, all<u8>(255), all<u8>(254)), all<u8>(255));
  EXPECT_VECTOR(run(i16x8_avgr_u, all<u16>(0), all<u16>(1)), all<u16>(1));
  EXPECT_VECTOR(run(i16x8_q15mulr_sat_s, all<i16>(-32768), all<i16>(-32768)), all<i16>(32767));
  EXPECT_VECTOR(run(i16x8_q15mulr_sat_s, all<i16>(-32768), all<i16>(32767)), all<i16>(-32767));
  EXPECT_VECTOR(run(i16x8_q15mulr_sat_s, all<i16>(1), all<i16>(16384)), all<i16>(1));
  EXPECT_VECTOR(run(i16x8_q15mulr_sat_s, all<i16>(1), all<i16>(16383)), all<i16>(0));
  EXPECT_VECTOR(run(i8x16_abs, all<i8>(-128)), all<u8>(128));
  EXPECT_VECTOR(run(i64x2_abs, all<u64>(0x8000000000000000u)), all<u64>(0x8000000000000000u));
  EXPECT_VECTOR(run(i32x4_neg, all<u32>(0x80000000u)), all<u32>(0x80000000u));
}

TEST(Vector, NarrowingSaturates) {
  const v128 a = make<i16>(-32768, -129, -128, -1, 0, 127, 128, 32767);
  const v128 b = make<i16>(255, 256, 254, -32768, 1, 2, 3, 4);
  EXPECT_VECTOR(run(i8x16_narrow_i16x8_s, a, b),
                make<i8>(-128, -128, -128, -1, 0, 127, 127, 127, 127, 127, 127, -128, 1, 2, 3, 4));
  EXPECT_VECTOR(run(i8x16_narrow_i16x8_u, a, b), make<u8>(0, 0, 0, 0, 0, 127, 128, 255, 255, 255, 254, 0, 1, 2, 3, 4));
  const v128 c = make<i32>(-2147483647 - 1, -32769, 32768, 2147483647);
  const v128 d = make<i32>(65535, 65536, -1, 0);
  EXPECT_VECTOR(run(i16x8_narrow_i32x4_s, c, d), make<i16>(-32768, -32768, 32767, 32767, 32767, 32767, -1, 0));
  EXPECT_VECTOR(run(i16x8_narrow_i32x4_u, c, d), make<u16>(0, 0, 32768, 65535, 65535, 65535, 0, 0));
}

TEST(Vector, ShiftCountsAreTakenModuloTheWidth) {
  EXPECT_VECTOR(run(i8x16_shl, all<u8>(0x81), 9), all<u8>(0x02));
  EXPECT_VECTOR(run(i8x16_shr_s, all<u8>(0x81), 7), all<u8>(0xFF));
  EXPECT_VECTOR(run(i8x16_shr_s, all<u8>(0x81), 8), all<u8>(0x81));
  EXPECT_VECTOR(run(i8x16_shr_u, all<u8>(0x81), 15), all<u8>(0x01));
  EXPECT_VECTOR(run(i16x8_shl, all<u16>(0x8001), 17), all<u16>(0x0002));
  EXPECT_VECTOR(run(i16x8_shr_s, all<u16>(0x8001), 31), all<u16>(0xFFFF));
  EXPECT_VECTOR(run(i32x4_shr_u, all<u32>(0x80000001u), 63), all<u32>(1));
  EXPECT_VECTOR(run(i32x4_shr_s, all<u32>(0x80000001u), 32), all<u32>(0x80000001u));
  EXPECT_VECTOR(run(i64x2_shl, all<u64>(1), 127), all<u64>(0x8000000000000000u));
  EXPECT_VECTOR(run(i64x2_shr_s, all<u64>(0x8000000000000000u), 63), all<i64>(-1));
  EXPECT_VECTOR(run(i64x2_shr_s, all<u64>(0x4000000000000000u), 62), all<i64>(1));
  EXPECT_VECTOR(run(i64x2_shr_u, all<u64>(0x8000000000000000u), 64), all<u64>(0x8000000000000000u));
}

TEST(Vector, Tests) {
  EXPECT_EQ(run(v128_any_true, v128{}), 0u);
  EXPECT_EQ(run(v128_any_true, make<u64>(0, 0x8000000000000000u)), 1u);
  EXPECT_EQ(run(i8x16_all_true, kAscending), 0u);
  EXPECT_EQ(run(i8x16_all_true, kAscending + 1), 1u);
  EXPECT_EQ(run(i16x8_all_true, kAscending), 1u);
  EXPECT_EQ(run(i64x2_all_true, make<u64>(0x8000000000000000u, 1)), 1u);
  EXPECT_EQ(run(i64x2_all_true, make<u64>(0xFFFFFFFFu, 0)), 0u);
  EXPECT_EQ(run(i8x16_bitmask, make<i8>(-1, 0, 127, -128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1)), 0x8009u);
  EXPECT_EQ(run(i16x8_bitmask, make<i16>(-1, 0, 32767, -32768, 0, 0, 0, -1)), 0x89u);
  EXPECT_EQ(run(i32x4_bitmask, make<i32>(-1, 2147483647, 0, -2)), 0x9u);
  EXPECT_EQ(run(i64x2_bitmask, make<i64>(1, -1)), 0x2u);
}

TEST(Vector, Bitselect) {
  EXPECT_VECTOR(run(v128_bitselect, all<u8>(0xAA), all<u8>(0xBB), all<u8>(0xF0)), all<u8>(0xAB));
  EXPECT_VECTOR(run(v128_andnot, all<u8>(0xFF), all<u8>(0x0F)), all<u8>(0xF0));
}

TEST(Vector, DotProducts) {
  EXPECT_VECTOR(run(i32x4_dot_i16x8_s, all<i16>(-32768), all<i16>(-32768)), all<u32>(0x80000000u));
  EXPECT_VECTOR(run(i32x4_dot_i16x8_s, make<i16>(1, 2, 3, 4, 5, 6, 7, 8), make<i16>(1, 1, 1, -1, 2, 2, 0, 3)),
                make<i32>(3, -1, 22, 24));
  EXPECT_VECTOR(run(i16x8_relaxed_dot_i8x16_i7x16_s, all<i8>(-128), all<i8>(127)), all<i16>(-32512));
  EXPECT_VECTOR(run(i32x4_relaxed_dot_i8x16_i7x16_add_s, all<i8>(-128), all<i8>(127), all<i32>(24)), all<i32>(-65000));
}

TEST(Vector, FloatMinMax) {
  EXPECT_VECTOR(run(f32x4_min, make<f32>(0, -0.0f, 1, -kInf32), make<f32>(-0.0f, 0, 2, kInf32)),
                make<f32>(-0.0f, -0.0f, 1, -kInf32));
  EXPECT_VECTOR(run(f32x4_max, make<f32>(0, -0.0f, 1, -kInf32), make<f32>(-0.0f, 0, 2, kInf32)),
                make<f32>(0, 0, 2, kInf32));
  EXPECT_VECTOR(run(f64x2_min, make<f64>(0, 3), make<f64>(-0.0, -3)), make<f64>(-0.0, -3));
  EXPECT_VECTOR(run(f64x2_max, make<f64>(-0.0, 3), make<f64>(0, -3)), make<f64>(0, 3));
  EXPECT_VECTOR(run(f32x4_pmin, make<f32>(0, kNan32, 1, 2), make<f32>(-0.0f, 1, kNan32, 1)),
                make<f32>(0, kNan32, 1, 1));
  EXPECT_VECTOR(run(f32x4_pmax, make<f32>(-0.0f, kNan32, 1, 2), make<f32>(0, 1, kNan32, 3)),
                make<f32>(-0.0f, kNan32, 1, 3));
  EXPECT_VECTOR(run(f64x2_pmin, make<f64>(kNan64, 1), make<f64>(1, kNan64)), make<f64>(kNan64, 1));
}

TEST(Vector, CanonicalNansGiveCanonicalNans) {
  const v128 nan32 = make<u32>(0x7FC00000u, 0xFFC00000u, 0x7FC00000u, 0xFFC00000u);
  const v128 nan64 = make<u64>(0x7FF8000000000000u, 0xFFF8000000000000u);
  const auto magnitude32 = [](v128 a) { return bytes(as<u32x4>(a) & 0x7FFFFFFFu); };
  const auto magnitude64 = [](v128 a) { return bytes(as<u64x2>(a) & 0x7FFFFFFFFFFFFFFFu); };
  for (auto f : {f32x4_ceil, f32x4_floor, f32x4_trunc, f32x4_nearest, f32x4_sqrt})
    EXPECT_VECTOR(magnitude32(run(f, nan32)), all<u32>(0x7FC00000u));
  for (auto f : {f64x2_ceil, f64x2_floor, f64x2_trunc, f64x2_nearest, f64x2_sqrt})
    EXPECT_VECTOR(magnitude64(run(f, nan64)), all<u64>(0x7FF8000000000000u));
  const v128 other32 = make<f32>(1, -kInf32, 0, kNan32);
  const v128 other64 = make<f64>(-3, kNan64);
  for (auto f : {f32x4_add, f32x4_sub, f32x4_mul, f32x4_div, f32x4_min, f32x4_max}) {
    EXPECT_VECTOR(magnitude32(run(f, nan32, other32)), all<u32>(0x7FC00000u));
    EXPECT_VECTOR(magnitude32(run(f, other32, nan32)), all<u32>(0x7FC00000u));
  }
  for (auto f : {f64x2_add, f64x2_sub, f64x2_mul, f64x2_div, f64x2_min, f64x2_max}) {
    EXPECT_VECTOR(magnitude64(run(f, nan64, other64)), all<u64>(0x7FF8000000000000u));
    EXPECT_VECTOR(magnitude64(run(f, other64, nan64)), all<u64>(0x7FF8000000000000u));
  }
  EXPECT_VECTOR(magnitude64(run(f64x2_promote_low_f32x4, nan32)), all<u64>(0x7FF8000000000000u));
  EXPECT_VECTOR(magnitude32(run(f32x4_demote_f64x2_zero, nan64)), make<u32>(0x7FC00000u, 0x7FC00000u, 0, 0));
}

TEST(Vector, RoundingToIntegers) {
  const v128 a = make<f32>(-0.5f, 2.5f, -3.5f, 8388607.5f);
  EXPECT_VECTOR(run(f32x4_nearest, a), make<f32>(-0.0f, 2, -4, 8388608.0f));
  EXPECT_VECTOR(run(f32x4_ceil, a), make<f32>(-0.0f, 3, -3, 8388608.0f));
  EXPECT_VECTOR(run(f32x4_floor, a), make<f32>(-1, 2, -4, 8388607.0f));
  EXPECT_VECTOR(run(f32x4_trunc, a), make<f32>(-0.0f, 2, -3, 8388607.0f));
  const v128 b = make<f64>(-0.75, 4503599627370495.5);
  EXPECT_VECTOR(run(f64x2_nearest, b), make<f64>(-1, 4503599627370496.0));
  EXPECT_VECTOR(run(f64x2_ceil, b), make<f64>(-0.0, 4503599627370496.0));
  EXPECT_VECTOR(run(f64x2_floor, b), make<f64>(-1, 4503599627370495.0));
  EXPECT_VECTOR(run(f64x2_trunc, b), make<f64>(-0.0, 4503599627370495.0));
}

TEST(Vector, SaturatingTruncation) {
  EXPECT_VECTOR(run(i32x4_trunc_sat_f32x4_s, make<f32>(2147483648.0f, -2147483904.0f, kNan32, -1.9f)),
                make<u32>(0x7FFFFFFFu, 0x80000000u, 0, 0xFFFFFFFFu));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f32x4_s, make<f32>(2147483520.0f, -2147483648.0f, kInf32, -kInf32)),
                make<u32>(0x7FFFFF80u, 0x80000000u, 0x7FFFFFFFu, 0x80000000u));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f32x4_u, make<f32>(4294967040.0f, 4294967296.0f, -1.0f, 2147483648.0f)),
                make<u32>(0xFFFFFF00u, 0xFFFFFFFFu, 0, 0x80000000u));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f32x4_u, make<f32>(kNan32, kInf32, -kInf32, 1.9f)),
                make<u32>(0, 0xFFFFFFFFu, 0, 1));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f64x2_s_zero, make<f64>(2147483647.9, -2147483649.0)),
                make<u32>(0x7FFFFFFFu, 0x80000000u, 0, 0));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f64x2_s_zero, make<f64>(kNan64, kInf64)), make<u32>(0, 0x7FFFFFFFu, 0, 0));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f64x2_u_zero, make<f64>(4294967295.9, -0.9)), make<u32>(0xFFFFFFFFu, 0, 0, 0));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f64x2_u_zero, make<f64>(2147483648.5, 4294967296.0)),
                make<u32>(0x80000000u, 0xFFFFFFFFu, 0, 0));
  EXPECT_VECTOR(run(i32x4_trunc_sat_f64x2_u_zero, make<f64>(kNan64, 1.9)), make<u32>(0, 1, 0, 0));
}

TEST(Vector, Conversions) {
  EXPECT_VECTOR(run(f32x4_convert_i32x4_u, make<u32>(0xFFFFFFFFu, 0x80000081u, 0x80000080u, 0)),
                make<f32>(4294967296.0f, 0x1.000002p+31f, 0x1p+31f, 0));
  EXPECT_VECTOR(run(f32x4_convert_i32x4_s, make<u32>(0xFFFFFFFFu, 0x80000000u, 16777217, 16777219)),
                make<f32>(-1, -2147483648.0f, 16777216.0f, 16777220.0f));
  EXPECT_VECTOR(run(f64x2_convert_low_i32x4_s, make<u32>(0x80000000u, 0xFFFFFFFFu, 5, 6)),
                make<f64>(-2147483648.0, -1));
  EXPECT_VECTOR(run(f64x2_convert_low_i32x4_u, make<u32>(0x80000000u, 0xFFFFFFFFu, 5, 6)),
                make<f64>(2147483648.0, 4294967295.0));
  EXPECT_VECTOR(run(f32x4_demote_f64x2_zero, make<f64>(0x1.0000010000001p+0, 0x1.ffffffp+127)),
                make<f32>(0x1.000002p+0f, kInf32, 0, 0));
  EXPECT_VECTOR(run(f64x2_promote_low_f32x4, make<f32>(0x1p-149f, -kInf32, 7, 8)), make<f64>(0x1p-149, -kInf64));
}

// (1 + 2^-12)^2 - 1 - 2^-11 is 2^-24, which the rounding of the product loses.
TEST(Vector, RelaxedMaddRoundsTheProduct) {
  const f32 x = 0x1.001p+0f;
  EXPECT_VECTOR(run(f32x4_relaxed_madd, all<f32>(x), all<f32>(x), all<f32>(-0x1.002p+0f)), all<f32>(0.0f));
  EXPECT_VECTOR(run(f32x4_relaxed_nmadd, all<f32>(x), all<f32>(x), all<f32>(0x1.002p+0f)), all<f32>(0.0f));
  EXPECT_VECTOR(run(f64x2_relaxed_madd, all<f64>(3), all<f64>(4), all<f64>(5)), all<f64>(17));
  EXPECT_VECTOR(run(f64x2_relaxed_nmadd, all<f64>(3), all<f64>(4), all<f64>(5)), all<f64>(-7));
}

}  // namespace
}  // namespace brink::vector
