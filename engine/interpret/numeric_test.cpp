#include "engine/interpret/numeric.h"

#include <gtest/gtest.h>

#include <expected>
#include <type_traits>
#include <vector>

namespace brink::numeric {
namespace {

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

template <class A, class R>
std::expected<R, NumericTrap> attempt(NumericTrap (*f)(A, R&), std::type_identity_t<A> a) {
  R result{};
  const NumericTrap trap = opaque(f)(opaque(a), result);
  if (trap != NumericTrap::None) return std::unexpected(trap);
  return result;
}

template <class R>
std::expected<R, NumericTrap> attempt(NumericTrap (*f)(R, R, R&), std::type_identity_t<R> a,
                                      std::type_identity_t<R> b) {
  R result{};
  const NumericTrap trap = opaque(f)(opaque(a), opaque(b), result);
  if (trap != NumericTrap::None) return std::unexpected(trap);
  return result;
}

const auto kDivideByZero = std::unexpected(NumericTrap::DivideByZero);
const auto kOverflow = std::unexpected(NumericTrap::IntegerOverflow);
const auto kInvalid = std::unexpected(NumericTrap::InvalidConversion);

constexpr u32 kMin32 = 0x80000000u;
constexpr u64 kMin64 = 0x8000000000000000u;
constexpr u64 kAll64 = 0xFFFFFFFFFFFFFFFFu;
constexpr f32 kInf32 = std::numeric_limits<f32>::infinity();
constexpr f64 kInf64 = std::numeric_limits<f64>::infinity();
constexpr u32 kCanonical32 = 0x7FC00000u;
constexpr u64 kCanonical64 = 0x7FF8000000000000u;
constexpr u32 kSignalling32 = 0x7FA00000u;
constexpr u64 kSignalling64 = 0x7FF4000000000000u;

f32 from(u32 bits) { return std::bit_cast<f32>(bits); }
f64 from(u64 bits) { return std::bit_cast<f64>(bits); }
u32 bits(f32 x) { return std::bit_cast<u32>(x); }
u64 bits(f64 x) { return std::bit_cast<u64>(x); }

bool is_arithmetic_nan(f32 x) { return (bits(x) & 0x7FC00000u) == 0x7FC00000u; }
bool is_arithmetic_nan(f64 x) { return (bits(x) & 0x7FF8000000000000u) == 0x7FF8000000000000u; }
bool is_canonical_nan(f32 x) { return (bits(x) & 0x7FFFFFFFu) == kCanonical32; }
bool is_canonical_nan(f64 x) { return (bits(x) & 0x7FFFFFFFFFFFFFFFu) == kCanonical64; }

TEST(Numeric, I32BitCounts) {
  EXPECT_EQ(run(i32_clz, 0), 32u);
  EXPECT_EQ(run(i32_clz, 1), 31u);
  EXPECT_EQ(run(i32_clz, kMin32), 0u);
  EXPECT_EQ(run(i32_clz, 0x00008000u), 16u);
  EXPECT_EQ(run(i32_ctz, 0), 32u);
  EXPECT_EQ(run(i32_ctz, kMin32), 31u);
  EXPECT_EQ(run(i32_ctz, 0x00010000u), 16u);
  EXPECT_EQ(run(i32_popcnt, 0), 0u);
  EXPECT_EQ(run(i32_popcnt, 0xFFFFFFFFu), 32u);
  EXPECT_EQ(run(i32_popcnt, 0xDEADBEEFu), 24u);
}

TEST(Numeric, I64BitCounts) {
  EXPECT_EQ(run(i64_clz, 0), 64u);
  EXPECT_EQ(run(i64_clz, 1), 63u);
  EXPECT_EQ(run(i64_clz, kMin64), 0u);
  EXPECT_EQ(run(i64_ctz, 0), 64u);
  EXPECT_EQ(run(i64_ctz, kMin64), 63u);
  EXPECT_EQ(run(i64_popcnt, kAll64), 64u);
  EXPECT_EQ(run(i64_popcnt, 0xDEADBEEFDEADBEEFu), 48u);
  EXPECT_EQ(run(i64_popcnt, kMin64), 1u);
}

TEST(Numeric, ArithmeticWraps) {
  EXPECT_EQ(run(i32_add, 0x7FFFFFFFu, 1), kMin32);
  EXPECT_EQ(run(i32_sub, kMin32, 1), 0x7FFFFFFFu);
  EXPECT_EQ(run(i32_mul, 0x01234567u, 0x76543210u), 0x358E7470u);
  EXPECT_EQ(run(i32_mul, kMin32, 0xFFFFFFFFu), kMin32);
  EXPECT_EQ(run(i64_add, 0x7FFFFFFFFFFFFFFFu, 1), kMin64);
  EXPECT_EQ(run(i64_sub, kMin64, 1), 0x7FFFFFFFFFFFFFFFu);
  EXPECT_EQ(run(i64_mul, 0x0123456789ABCDEFu, 0xFEDCBA9876543210u), 0x2236D88FE5618CF0u);
}

TEST(Numeric, Bitwise) {
  EXPECT_EQ(run(i32_and, 0xF0F0FFFFu, 0xFFFFF0F0u), 0xF0F0F0F0u);
  EXPECT_EQ(run(i32_or, 0xF0F0FFFFu, 0xFFFFF0F0u), 0xFFFFFFFFu);
  EXPECT_EQ(run(i32_xor, 0xF0F0FFFFu, 0xFFFFF0F0u), 0x0F0F0F0Fu);
  EXPECT_EQ(run(i64_and, 0xF0F0FFFF00000001u, 0xFFFFF0F000000003u), 0xF0F0F0F000000001u);
  EXPECT_EQ(run(i64_or, 0xF0F0FFFF00000001u, 0xFFFFF0F000000002u), 0xFFFFFFFF00000003u);
  EXPECT_EQ(run(i64_xor, 0xF0F0FFFF00000001u, 0xFFFFF0F000000003u), 0x0F0F0F0F00000002u);
}

TEST(Numeric, ShiftCountsAreTakenModuloTheWidth) {
  EXPECT_EQ(run(i32_shl, 1, 31), kMin32);
  EXPECT_EQ(run(i32_shl, 1, 32), 1u);
  EXPECT_EQ(run(i32_shl, 1, 33), 2u);
  EXPECT_EQ(run(i32_shl, 1, 0x7FFFFFFFu), kMin32);
  EXPECT_EQ(run(i32_shr_s, kMin32, 31), 0xFFFFFFFFu);
  EXPECT_EQ(run(i32_shr_s, kMin32, 32), kMin32);
  EXPECT_EQ(run(i32_shr_s, 0x40000000u, 30), 1u);
  EXPECT_EQ(run(i32_shr_u, kMin32, 31), 1u);
  EXPECT_EQ(run(i32_shr_u, 0xFFFFFFFFu, 0xFFFFFFFFu), 1u);
  EXPECT_EQ(run(i32_rotl, 0xABCD9876u, 1), 0x579B30EDu);
  EXPECT_EQ(run(i32_rotl, 0xABCD9876u, 32), 0xABCD9876u);
  EXPECT_EQ(run(i32_rotl, kMin32, 33), 1u);
  EXPECT_EQ(run(i32_rotr, 1, 1), kMin32);
  EXPECT_EQ(run(i32_rotr, 0x00008000u, 37), 0x00000400u);
  EXPECT_EQ(run(i64_shl, 1, 63), kMin64);
  EXPECT_EQ(run(i64_shl, 1, 64), 1u);
  EXPECT_EQ(run(i64_shl, 1, u64{1} << 32), 1u);
  EXPECT_EQ(run(i64_shr_s, kMin64, 63), kAll64);
  EXPECT_EQ(run(i64_shr_s, kMin64, 65), 0xC000000000000000u);
  EXPECT_EQ(run(i64_shr_u, kMin64, 63), 1u);
  EXPECT_EQ(run(i64_shr_u, kMin64, 64), kMin64);
  EXPECT_EQ(run(i64_rotl, 0xABCDEFFEDCBA9876u, 4), 0xBCDEFFEDCBA9876Au);
  EXPECT_EQ(run(i64_rotl, 0xABCDEFFEDCBA9876u, 64), 0xABCDEFFEDCBA9876u);
  EXPECT_EQ(run(i64_rotr, 1, 65), kMin64);
}

TEST(Numeric, SignExtension) {
  EXPECT_EQ(run(i32_extend8_s, 0x0000017Fu), 0x0000007Fu);
  EXPECT_EQ(run(i32_extend8_s, 0x01234580u), 0xFFFFFF80u);
  EXPECT_EQ(run(i32_extend16_s, 0x01238000u), 0xFFFF8000u);
  EXPECT_EQ(run(i32_extend16_s, 0x01237FFFu), 0x00007FFFu);
  EXPECT_EQ(run(i64_extend8_s, 0x0123456789ABCD80u), 0xFFFFFFFFFFFFFF80u);
  EXPECT_EQ(run(i64_extend16_s, 0x0123456789AB8000u), 0xFFFFFFFFFFFF8000u);
  EXPECT_EQ(run(i64_extend32_s, 0x0123456780000000u), 0xFFFFFFFF80000000u);
  EXPECT_EQ(run(i64_extend_i32_s, kMin32), 0xFFFFFFFF80000000u);
  EXPECT_EQ(run(i64_extend_i32_u, kMin32), 0x0000000080000000u);
  EXPECT_EQ(run(i32_wrap_i64, 0x0123456780000001u), 0x80000001u);
}

TEST(Numeric, Division) {
  EXPECT_EQ(attempt(i32_div_s, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i32_div_s, kMin32, 0), kDivideByZero);
  EXPECT_EQ(attempt(i32_div_s, kMin32, 0xFFFFFFFFu), kOverflow);
  EXPECT_EQ(attempt(i32_div_s, 0x80000001u, 0xFFFFFFFFu), 0x7FFFFFFFu);
  EXPECT_EQ(attempt(i32_div_s, static_cast<u32>(-7), 2), static_cast<u32>(-3));
  EXPECT_EQ(attempt(i32_div_s, kMin32, 2), 0xC0000000u);
  EXPECT_EQ(attempt(i32_div_u, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i32_div_u, kMin32, 0xFFFFFFFFu), 0u);
  EXPECT_EQ(attempt(i32_div_u, static_cast<u32>(-5), 2), 0x7FFFFFFDu);
  EXPECT_EQ(attempt(i64_div_s, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i64_div_s, kMin64, kAll64), kOverflow);
  EXPECT_EQ(attempt(i64_div_s, static_cast<u64>(-7), 2), static_cast<u64>(-3));
  EXPECT_EQ(attempt(i64_div_u, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i64_div_u, kMin64, kAll64), 0u);
}

TEST(Numeric, Remainder) {
  EXPECT_EQ(attempt(i32_rem_s, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i32_rem_s, kMin32, 0xFFFFFFFFu), 0u);
  EXPECT_EQ(attempt(i32_rem_s, 0x7FFFFFFFu, 0xFFFFFFFFu), 0u);
  EXPECT_EQ(attempt(i32_rem_s, static_cast<u32>(-7), 2), static_cast<u32>(-1));
  EXPECT_EQ(attempt(i32_rem_s, 7, static_cast<u32>(-2)), 1u);
  EXPECT_EQ(attempt(i32_rem_u, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i32_rem_u, kMin32, 0xFFFFFFFFu), kMin32);
  EXPECT_EQ(attempt(i64_rem_s, 1, 0), kDivideByZero);
  EXPECT_EQ(attempt(i64_rem_s, kMin64, kAll64), 0u);
  EXPECT_EQ(attempt(i64_rem_s, static_cast<u64>(-7), 2), kAll64);
  EXPECT_EQ(attempt(i64_rem_u, 0, 0), kDivideByZero);
  EXPECT_EQ(attempt(i64_rem_u, kMin64, kAll64), kMin64);
}

TEST(Numeric, IntegerComparisons) {
  EXPECT_EQ(run(i32_eqz, 0), 1u);
  EXPECT_EQ(run(i32_eqz, kMin32), 0u);
  EXPECT_EQ(run(i32_eq, kMin32, kMin32), 1u);
  EXPECT_EQ(run(i32_ne, kMin32, 0), 1u);
  EXPECT_EQ(run(i32_lt_s, kMin32, 1), 1u);
  EXPECT_EQ(run(i32_lt_u, kMin32, 1), 0u);
  EXPECT_EQ(run(i32_gt_s, kMin32, 1), 0u);
  EXPECT_EQ(run(i32_gt_u, kMin32, 1), 1u);
  EXPECT_EQ(run(i32_le_s, 0xFFFFFFFFu, 0), 1u);
  EXPECT_EQ(run(i32_le_u, 0xFFFFFFFFu, 0), 0u);
  EXPECT_EQ(run(i32_ge_s, 0xFFFFFFFFu, 0), 0u);
  EXPECT_EQ(run(i32_ge_u, 0xFFFFFFFFu, 0xFFFFFFFFu), 1u);
  EXPECT_EQ(run(i64_eqz, kMin64), 0u);
  EXPECT_EQ(run(i64_eqz, 0), 1u);
  EXPECT_EQ(run(i64_eq, 0x100000000u, 0), 0u);
  EXPECT_EQ(run(i64_ne, 0x100000000u, 0), 1u);
  EXPECT_EQ(run(i64_lt_s, kMin64, 1), 1u);
  EXPECT_EQ(run(i64_lt_u, kMin64, 1), 0u);
  EXPECT_EQ(run(i64_gt_s, kMin64, 1), 0u);
  EXPECT_EQ(run(i64_gt_u, kMin64, 1), 1u);
  EXPECT_EQ(run(i64_le_s, kAll64, 0), 1u);
  EXPECT_EQ(run(i64_le_u, kAll64, 0), 0u);
  EXPECT_EQ(run(i64_ge_s, kAll64, 0), 0u);
  EXPECT_EQ(run(i64_ge_u, kAll64, kAll64), 1u);
}

void expect_wide(WideResult got, u64 low, u64 high) {
  EXPECT_EQ(got.low, low);
  EXPECT_EQ(got.high, high);
}

TEST(Numeric, WideArithmetic) {
  expect_wide(run(i64_add128, kAll64, 0, 1, 0), 0, 1);
  expect_wide(run(i64_add128, kAll64, kAll64, 1, 0), 0, 0);
  expect_wide(run(i64_add128, 1, 2, 3, 4), 4, 6);
  expect_wide(run(i64_sub128, 0, 0, 1, 0), kAll64, kAll64);
  expect_wide(run(i64_sub128, 0, 1, 1, 0), kAll64, 0);
  expect_wide(run(i64_sub128, 5, 9, 3, 4), 2, 5);
  expect_wide(run(i64_mul_wide_s, kAll64, kAll64), 1, 0);
  expect_wide(run(i64_mul_wide_s, kMin64, kMin64), 0, 0x4000000000000000u);
  expect_wide(run(i64_mul_wide_s, kMin64, 1), kMin64, kAll64);
  expect_wide(run(i64_mul_wide_u, kAll64, kAll64), 1, 0xFFFFFFFFFFFFFFFEu);
  expect_wide(run(i64_mul_wide_u, kMin64, 2), 0, 1);
}

TEST(Numeric, SignOperationsKeepEveryNanBit) {
  EXPECT_EQ(bits(run(f32_abs, from(0xFFA12345u))), 0x7FA12345u);
  EXPECT_EQ(bits(run(f32_neg, from(0x7FA12345u))), 0xFFA12345u);
  EXPECT_EQ(bits(run(f32_neg, 0.0f)), 0x80000000u);
  EXPECT_EQ(bits(run(f32_copysign, from(0x7FA12345u), -0.0f)), 0xFFA12345u);
  EXPECT_EQ(bits(run(f32_copysign, 1.0f, from(0xFF800001u))), 0xBF800000u);
  EXPECT_EQ(bits(run(f64_abs, from(0xFFF4000012345678u))), 0x7FF4000012345678u);
  EXPECT_EQ(bits(run(f64_neg, from(0x7FF4000012345678u))), 0xFFF4000012345678u);
  EXPECT_EQ(bits(run(f64_copysign, from(0x7FF4000012345678u), -1.0)), 0xFFF4000012345678u);
  EXPECT_EQ(bits(run(f64_copysign, -2.0, 3.0)), 0x4000000000000000u);
  EXPECT_EQ(bits(run(f32_reinterpret_i32, kSignalling32)), kSignalling32);
  EXPECT_EQ(run(i32_reinterpret_f32, from(kSignalling32)), kSignalling32);
  EXPECT_EQ(bits(run(f64_reinterpret_i64, kSignalling64)), kSignalling64);
  EXPECT_EQ(run(i64_reinterpret_f64, from(kSignalling64)), kSignalling64);
}

template <class F>
struct Rounded {
  F x, ceil, floor, trunc, nearest;
};

template <class F>
void expect_rounded(const std::vector<Rounded<F>>& rows, F (*ceil)(F), F (*floor)(F), F (*trunc)(F), F (*nearest)(F)) {
  for (const Rounded<F>& row : rows) {
    for (const F sign : {F{1}, F{-1}}) {
      const F x = sign * row.x;
      SCOPED_TRACE(x);
      EXPECT_EQ(bits(run(ceil, x)), bits(sign * (sign > 0 ? row.ceil : row.floor)));
      EXPECT_EQ(bits(run(floor, x)), bits(sign * (sign > 0 ? row.floor : row.ceil)));
      EXPECT_EQ(bits(run(trunc, x)), bits(sign * row.trunc));
      EXPECT_EQ(bits(run(nearest, x)), bits(sign * row.nearest));
    }
  }
}

TEST(Numeric, RoundingToIntegers) {
  expect_rounded<f32>({{0.0f, 0.0f, 0.0f, 0.0f, 0.0f},
                       {0x1p-149f, 1.0f, 0.0f, 0.0f, 0.0f},
                       {0.49999997f, 1.0f, 0.0f, 0.0f, 0.0f},
                       {0.5f, 1.0f, 0.0f, 0.0f, 0.0f},
                       {0.75f, 1.0f, 0.0f, 0.0f, 1.0f},
                       {1.0f, 1.0f, 1.0f, 1.0f, 1.0f},
                       {1.5f, 2.0f, 1.0f, 1.0f, 2.0f},
                       {2.5f, 3.0f, 2.0f, 2.0f, 2.0f},
                       {4.75f, 5.0f, 4.0f, 4.0f, 5.0f},
                       {4194303.5f, 4194304.0f, 4194303.0f, 4194303.0f, 4194304.0f},
                       {4194304.5f, 4194305.0f, 4194304.0f, 4194304.0f, 4194304.0f},
                       {8388607.5f, 8388608.0f, 8388607.0f, 8388607.0f, 8388608.0f},
                       {8388608.0f, 8388608.0f, 8388608.0f, 8388608.0f, 8388608.0f},
                       {16777214.0f, 16777214.0f, 16777214.0f, 16777214.0f, 16777214.0f},
                       {0x1p127f, 0x1p127f, 0x1p127f, 0x1p127f, 0x1p127f},
                       {kInf32, kInf32, kInf32, kInf32, kInf32}},
                      f32_ceil, f32_floor, f32_trunc, f32_nearest);
  expect_rounded<f64>(
      {{0.0, 0.0, 0.0, 0.0, 0.0},
       {0x1p-1074, 1.0, 0.0, 0.0, 0.0},
       {0.49999999999999994, 1.0, 0.0, 0.0, 0.0},
       {0.5, 1.0, 0.0, 0.0, 0.0},
       {0.75, 1.0, 0.0, 0.0, 1.0},
       {1.0, 1.0, 1.0, 1.0, 1.0},
       {1.5, 2.0, 1.0, 1.0, 2.0},
       {2.5, 3.0, 2.0, 2.0, 2.0},
       {3000000000.25, 3000000001.0, 3000000000.0, 3000000000.0, 3000000000.0},
       {2251799813685248.5, 2251799813685249.0, 2251799813685248.0, 2251799813685248.0, 2251799813685248.0},
       {4503599627370495.5, 4503599627370496.0, 4503599627370495.0, 4503599627370495.0, 4503599627370496.0},
       {4503599627370497.0, 4503599627370497.0, 4503599627370497.0, 4503599627370497.0, 4503599627370497.0},
       {0x1p1023, 0x1p1023, 0x1p1023, 0x1p1023, 0x1p1023},
       {kInf64, kInf64, kInf64, kInf64, kInf64}},
      f64_ceil, f64_floor, f64_trunc, f64_nearest);
}

template <class F>
void expect_min_max(F (*min)(F, F), F (*max)(F, F)) {
  const F inf = std::numeric_limits<F>::infinity();
  EXPECT_EQ(bits(run(min, F{0}, -F{0})), bits(-F{0}));
  EXPECT_EQ(bits(run(min, -F{0}, F{0})), bits(-F{0}));
  EXPECT_EQ(bits(run(max, F{0}, -F{0})), bits(F{0}));
  EXPECT_EQ(bits(run(max, -F{0}, F{0})), bits(F{0}));
  EXPECT_EQ(bits(run(max, -F{0}, -F{0})), bits(-F{0}));
  EXPECT_EQ(run(min, F{1}, F{2}), F{1});
  EXPECT_EQ(run(min, F{2}, F{1}), F{1});
  EXPECT_EQ(run(max, F{1}, F{2}), F{2});
  EXPECT_EQ(run(max, F{2}, F{1}), F{2});
  EXPECT_EQ(run(min, F{-1.5}, F{-1.5}), F{-1.5});
  EXPECT_EQ(run(max, F{-1.5}, F{-1.5}), F{-1.5});
  EXPECT_EQ(run(min, -inf, inf), -inf);
  EXPECT_EQ(run(max, -inf, inf), inf);
}

TEST(Numeric, MinMax) {
  expect_min_max<f32>(f32_min, f32_max);
  expect_min_max<f64>(f64_min, f64_max);
}

template <class F>
struct NanOperations {
  std::vector<F (*)(F)> unary;
  std::vector<F (*)(F, F)> binary;
};

template <class F, class Bits>
void expect_nan_rules(const NanOperations<F>& operations, Bits canonical, Bits signalling, Bits payload, Bits sign) {
  const F others[] = {0, -F{0}, 1, -1, F{0.5}, std::numeric_limits<F>::infinity(), from(canonical), from(signalling)};
  for (const Bits nan : {canonical, canonical | sign}) {
    for (auto f : operations.unary) EXPECT_TRUE(is_canonical_nan(run(f, from(nan))));
    for (auto f : operations.binary) {
      for (const F other : {F{0}, F{1}, -std::numeric_limits<F>::infinity(), from(canonical)}) {
        EXPECT_TRUE(is_canonical_nan(run(f, from(nan), other)));
        EXPECT_TRUE(is_canonical_nan(run(f, other, from(nan))));
      }
    }
  }
  for (const Bits nan : {signalling, signalling | sign, canonical | payload, (canonical | sign) + 1}) {
    for (auto f : operations.unary) EXPECT_TRUE(is_arithmetic_nan(run(f, from(nan))));
    for (auto f : operations.binary) {
      for (const F other : others) {
        EXPECT_TRUE(is_arithmetic_nan(run(f, from(nan), other)));
        EXPECT_TRUE(is_arithmetic_nan(run(f, other, from(nan))));
      }
    }
  }
}

TEST(Numeric, NanResults) {
  expect_nan_rules<f32, u32>(
      {{f32_ceil, f32_floor, f32_trunc, f32_nearest, f32_sqrt}, {f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max}},
      kCanonical32, kSignalling32, 0x00012345u, 0x80000000u);
  expect_nan_rules<f64, u64>(
      {{f64_ceil, f64_floor, f64_trunc, f64_nearest, f64_sqrt}, {f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max}},
      kCanonical64, kSignalling64, 0x0000000012345678u, kMin64);
  EXPECT_TRUE(is_canonical_nan(run(f32_sqrt, -1.0f)));
  EXPECT_TRUE(is_canonical_nan(run(f64_sqrt, -0x1p-1074)));
  EXPECT_TRUE(is_canonical_nan(run(f32_div, 0.0f, 0.0f)));
  EXPECT_TRUE(is_canonical_nan(run(f64_sub, kInf64, kInf64)));
  EXPECT_TRUE(is_canonical_nan(run(f64_mul, kInf64, -0.0)));
}

TEST(Numeric, FloatArithmetic) {
  EXPECT_EQ(run(f32_add, 16777216.0f, 1.0f), 16777216.0f);
  EXPECT_EQ(run(f32_mul, 0x1p127f, 2.0f), kInf32);
  EXPECT_EQ(run(f32_mul, 0x1p-149f, 0.5f), 0.0f);
  EXPECT_EQ(run(f32_div, 1.0f, 3.0f), 0x1.555556p-2f);
  EXPECT_EQ(run(f32_sub, 1.0f, 0x1p-25f), 1.0f);
  EXPECT_EQ(run(f32_sqrt, 2.0f), 0x1.6a09e6p+0f);
  EXPECT_EQ(bits(run(f32_sqrt, -0.0f)), 0x80000000u);
  EXPECT_EQ(run(f64_add, 9007199254740992.0, 1.0), 9007199254740992.0);
  EXPECT_EQ(run(f64_sub, 0x1p-1022, 0x1p-1074), 0x0.fffffffffffffp-1022);
  EXPECT_EQ(run(f64_mul, 0x1p1023, -2.0), -kInf64);
  EXPECT_EQ(run(f64_div, -1.0, 0.0), -kInf64);
  EXPECT_EQ(run(f64_sqrt, 2.0), 0x1.6a09e667f3bcdp+0);
  EXPECT_EQ(run(f64_sqrt, 4.0), 2.0);
}

template <class F>
void expect_comparisons(u32 (*eq)(F, F), u32 (*ne)(F, F), u32 (*lt)(F, F), u32 (*gt)(F, F), u32 (*le)(F, F),
                        u32 (*ge)(F, F), F nan) {
  struct Row {
    F a, b;
    u32 eq, ne, lt, gt, le, ge;
  };
  const Row rows[] = {{0, -F{0}, 1, 0, 0, 0, 1, 1}, {-F{0}, 0, 1, 0, 0, 0, 1, 1}, {1, 2, 0, 1, 1, 0, 1, 0},
                      {2, 1, 0, 1, 0, 1, 0, 1},     {nan, 1, 0, 1, 0, 0, 0, 0},   {1, nan, 0, 1, 0, 0, 0, 0},
                      {nan, nan, 0, 1, 0, 0, 0, 0}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.a);
    SCOPED_TRACE(row.b);
    EXPECT_EQ(run(eq, row.a, row.b), row.eq);
    EXPECT_EQ(run(ne, row.a, row.b), row.ne);
    EXPECT_EQ(run(lt, row.a, row.b), row.lt);
    EXPECT_EQ(run(gt, row.a, row.b), row.gt);
    EXPECT_EQ(run(le, row.a, row.b), row.le);
    EXPECT_EQ(run(ge, row.a, row.b), row.ge);
  }
}

TEST(Numeric, FloatComparisons) {
  expect_comparisons<f32>(f32_eq, f32_ne, f32_lt, f32_gt, f32_le, f32_ge, from(kCanonical32));
  expect_comparisons<f64>(f64_eq, f64_ne, f64_lt, f64_gt, f64_le, f64_ge, from(kCanonical64));
}

// One row for both forms: the trapping instruction's outcome, and what the saturating one gives.
template <class F, class R>
struct Truncation {
  F x;
  std::expected<R, NumericTrap> trapping;
  R saturating;
};

template <class F, class R>
void expect_truncations(NumericTrap (*trapping)(F, R&), R (*saturating)(F), const std::vector<Truncation<F, R>>& rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.x);
    EXPECT_EQ(attempt(trapping, row.x), row.trapping);
    EXPECT_EQ(run(saturating, row.x), row.saturating);
  }
}

TEST(Numeric, TruncationToI32) {
  expect_truncations<f32, u32>(i32_trunc_f32_s, i32_trunc_sat_f32_s,
                               {{0.0f, 0, 0},
                                {-0.0f, 0, 0},
                                {-1.9f, 0xFFFFFFFFu, 0xFFFFFFFFu},
                                {1.9f, 1, 1},
                                {2147483520.0f, 0x7FFFFF80u, 0x7FFFFF80u},
                                {2147483648.0f, kOverflow, 0x7FFFFFFFu},
                                {-2147483648.0f, kMin32, kMin32},
                                {-2147483904.0f, kOverflow, kMin32},
                                {0x1p63f, kOverflow, 0x7FFFFFFFu},
                                {kInf32, kOverflow, 0x7FFFFFFFu},
                                {-kInf32, kOverflow, kMin32},
                                {from(kCanonical32), kInvalid, 0},
                                {from(kSignalling32 | kMin32), kInvalid, 0}});
  expect_truncations<f32, u32>(i32_trunc_f32_u, i32_trunc_sat_f32_u,
                               {{-0.99999994f, 0, 0},
                                {-1.0f, kOverflow, 0},
                                {2147483648.0f, kMin32, kMin32},
                                {4294967040.0f, 0xFFFFFF00u, 0xFFFFFF00u},
                                {4294967296.0f, kOverflow, 0xFFFFFFFFu},
                                {-kInf32, kOverflow, 0},
                                {kInf32, kOverflow, 0xFFFFFFFFu},
                                {from(kCanonical32), kInvalid, 0}});
  expect_truncations<f64, u32>(i32_trunc_f64_s, i32_trunc_sat_f64_s,
                               {{2147483647.0, 0x7FFFFFFFu, 0x7FFFFFFFu},
                                {2147483647.9999998, 0x7FFFFFFFu, 0x7FFFFFFFu},
                                {2147483648.0, kOverflow, 0x7FFFFFFFu},
                                {-2147483648.9999995, kMin32, kMin32},
                                {-2147483649.0, kOverflow, kMin32},
                                {0x1p63, kOverflow, 0x7FFFFFFFu},
                                {-0x1p63, kOverflow, kMin32},
                                {from(kSignalling64), kInvalid, 0}});
  expect_truncations<f64, u32>(i32_trunc_f64_u, i32_trunc_sat_f64_u,
                               {{-0.9999999999999999, 0, 0},
                                {-1.0, kOverflow, 0},
                                {4294967295.0, 0xFFFFFFFFu, 0xFFFFFFFFu},
                                {4294967295.999999, 0xFFFFFFFFu, 0xFFFFFFFFu},
                                {4294967296.0, kOverflow, 0xFFFFFFFFu},
                                {0x1p64, kOverflow, 0xFFFFFFFFu},
                                {-kInf64, kOverflow, 0},
                                {from(kCanonical64), kInvalid, 0}});
}

TEST(Numeric, TruncationToI64) {
  expect_truncations<f32, u64>(i64_trunc_f32_s, i64_trunc_sat_f32_s,
                               {{-1.5f, kAll64, kAll64},
                                {9223371487098961920.0f, 0x7FFFFF8000000000u, 0x7FFFFF8000000000u},
                                {9223372036854775808.0f, kOverflow, 0x7FFFFFFFFFFFFFFFu},
                                {-9223372036854775808.0f, kMin64, kMin64},
                                {-9223373136366403584.0f, kOverflow, kMin64},
                                {from(kCanonical32), kInvalid, 0}});
  expect_truncations<f32, u64>(i64_trunc_f32_u, i64_trunc_sat_f32_u,
                               {{-0.99999994f, 0, 0},
                                {-1.0f, kOverflow, 0},
                                {9223372036854775808.0f, kMin64, kMin64},
                                {18446742974197923840.0f, 0xFFFFFF0000000000u, 0xFFFFFF0000000000u},
                                {18446744073709551616.0f, kOverflow, kAll64},
                                {-kInf32, kOverflow, 0},
                                {from(kSignalling32), kInvalid, 0}});
  expect_truncations<f64, u64>(i64_trunc_f64_s, i64_trunc_sat_f64_s,
                               {{4294967296.5, 0x100000000u, 0x100000000u},
                                {9223372036854774784.0, 0x7FFFFFFFFFFFFC00u, 0x7FFFFFFFFFFFFC00u},
                                {9223372036854775808.0, kOverflow, 0x7FFFFFFFFFFFFFFFu},
                                {-9223372036854775808.0, kMin64, kMin64},
                                {-9223372036854777856.0, kOverflow, kMin64},
                                {kInf64, kOverflow, 0x7FFFFFFFFFFFFFFFu},
                                {from(kCanonical64 | kMin64), kInvalid, 0}});
  expect_truncations<f64, u64>(i64_trunc_f64_u, i64_trunc_sat_f64_u,
                               {{-0.9999999999999999, 0, 0},
                                {-1.0, kOverflow, 0},
                                {9223372036854774784.0, 0x7FFFFFFFFFFFFC00u, 0x7FFFFFFFFFFFFC00u},
                                {9223372036854775808.0, kMin64, kMin64},
                                {18446744073709549568.0, 0xFFFFFFFFFFFFF800u, 0xFFFFFFFFFFFFF800u},
                                {18446744073709551616.0, kOverflow, kAll64},
                                {kInf64, kOverflow, kAll64},
                                {from(kSignalling64), kInvalid, 0}});
}

TEST(Numeric, ConversionsFromIntegersRoundOnceToEven) {
  EXPECT_EQ(run(f32_convert_i32_s, 0xFFFFFFFFu), -1.0f);
  EXPECT_EQ(run(f32_convert_i32_s, 16777217u), 16777216.0f);
  EXPECT_EQ(run(f32_convert_i32_s, 16777219u), 16777220.0f);
  EXPECT_EQ(run(f32_convert_i32_u, 0xFFFFFFFFu), 4294967296.0f);
  EXPECT_EQ(run(f32_convert_i32_u, 0x80000081u), 0x1.000002p+31f);
  EXPECT_EQ(run(f32_convert_i64_s, 0x7FFFFF4000000001u), 0x1.fffffep+62f);
  EXPECT_EQ(run(f32_convert_i64_s, kMin64), -0x1p63f);
  EXPECT_EQ(run(f32_convert_i64_u, 0x8000008000000000u), 0x1p63f);
  EXPECT_EQ(run(f32_convert_i64_u, 0x8000008000000001u), 0x1.000002p+63f);
  EXPECT_EQ(run(f32_convert_i64_u, 0xFFFFFFFFFFFFFFFFu), 0x1p64f);
  EXPECT_EQ(run(f64_convert_i32_s, kMin32), -2147483648.0);
  EXPECT_EQ(run(f64_convert_i32_u, 0xFFFFFFFFu), 4294967295.0);
  EXPECT_EQ(run(f64_convert_i64_s, 9007199254740993u), 9007199254740992.0);
  EXPECT_EQ(run(f64_convert_i64_s, kAll64), -1.0);
  EXPECT_EQ(run(f64_convert_i64_u, 0x8000000000000400u), 0x1p63);
  EXPECT_EQ(run(f64_convert_i64_u, 0x8000000000000401u), 0x1.0000000000001p+63);
  EXPECT_EQ(run(f64_convert_i64_u, kAll64), 0x1p64);
  EXPECT_EQ(bits(run(f64_convert_i64_u, 0)), 0u);
}

TEST(Numeric, DemoteAndPromote) {
  EXPECT_EQ(run(f32_demote_f64, 0x1.000001p+0), 1.0f);
  EXPECT_EQ(run(f32_demote_f64, 0x1.0000010000001p+0), 0x1.000002p+0f);
  EXPECT_EQ(run(f32_demote_f64, 0x1.fffffefffffffp+127), 0x1.fffffep+127f);
  EXPECT_EQ(run(f32_demote_f64, 0x1.ffffffp+127), kInf32);
  EXPECT_EQ(bits(run(f32_demote_f64, 0x1p-150)), 0u);
  EXPECT_EQ(bits(run(f32_demote_f64, 0x1.0000000000001p-150)), 1u);
  EXPECT_EQ(bits(run(f32_demote_f64, -0x1p-1074)), 0x80000000u);
  EXPECT_EQ(run(f64_promote_f32, 0x1p-149f), 0x1p-149);
  EXPECT_EQ(run(f64_promote_f32, -kInf32), -kInf64);
  EXPECT_TRUE(is_canonical_nan(run(f32_demote_f64, from(kCanonical64))));
  EXPECT_TRUE(is_canonical_nan(run(f64_promote_f32, from(kCanonical32))));
  EXPECT_TRUE(is_arithmetic_nan(run(f32_demote_f64, from(0x7FF0000000000001u))));
  EXPECT_TRUE(is_arithmetic_nan(run(f64_promote_f32, from(0x7F800001u))));
}

}  // namespace
}  // namespace brink::numeric
