// The scalar numeric instructions as functions (specification, section 4.3.2 "Integer Operations" to 4.3.4
// "Conversions").
//
// One function an instruction, named like it with '_' for '.', its operands in stack order. i32 and i64 are u32 and u64
// whatever the signedness of the operation; comparisons give u32 0 or 1. Nothing here is undefined behaviour: shift
// counts are masked, arithmetic wraps, and a float is converted only where the result has a value.
//
// Division, remainder and the trapping truncations give a NumericTrap and write the result only where that is None; the
// functions are inlined, so the enumerator becomes a branch to the trap and nothing else.
//
// NaNs: abs, neg and copysign work on bits and leave a signalling NaN as it is; every other float instruction gives an
// arithmetic (quiet) NaN, a canonical one when all NaN operands are canonical. The machine's own rules (operand's
// payload with the quiet bit set, or the default NaN) satisfy that on x86-64 and AArch64. The processor is taken to
// round to nearest, which nothing in Brink changes; build with -ffp-contract=off, since a fused multiplication and
// addition would round once where the specification rounds twice.
#pragma once
#include <bit>
#include <limits>

#include "engine/base/integers.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Handlers end in tail calls and keep their state in registers: a call in the middle would spill all of it.
#define BRINK_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace brink::numeric {

enum class NumericTrap : u8 { None, DivideByZero, IntegerOverflow, InvalidConversion };

// A 128-bit result of the wide arithmetic instructions; low is pushed first.
struct WideResult {
  u64 low;
  u64 high;
};

namespace detail {

__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

BRINK_ALWAYS_INLINE u32 bits_of(f32 x) { return std::bit_cast<u32>(x); }
BRINK_ALWAYS_INLINE u64 bits_of(f64 x) { return std::bit_cast<u64>(x); }
BRINK_ALWAYS_INLINE f32 float_of(u32 bits) { return std::bit_cast<f32>(bits); }
BRINK_ALWAYS_INLINE f64 float_of(u64 bits) { return std::bit_cast<f64>(bits); }

// Bitwise on x86-64 (andps, orps, xorps) and AArch64 (fabs, bsl), NaNs included.
BRINK_ALWAYS_INLINE f32 abs(f32 x) { return __builtin_fabsf(x); }
BRINK_ALWAYS_INLINE f64 abs(f64 x) { return __builtin_fabs(x); }
BRINK_ALWAYS_INLINE f32 copy_sign(f32 x, f32 sign) { return __builtin_copysignf(x, sign); }
BRINK_ALWAYS_INLINE f64 copy_sign(f64 x, f64 sign) { return __builtin_copysign(x, sign); }

template <class F>
BRINK_ALWAYS_INLINE bool is_nan(F x) {
  return x != x;
}

// x, made quiet where it is a signalling NaN. Not written as arithmetic, which a compiler may take for the identity.
BRINK_ALWAYS_INLINE f32 quieted(f32 x) { return is_nan(x) ? float_of(bits_of(x) | 0x00400000u) : x; }
BRINK_ALWAYS_INLINE f64 quieted(f64 x) { return is_nan(x) ? float_of(bits_of(x) | 0x0008000000000000u) : x; }

// From this magnitude on every value is an integer.
template <class F>
inline constexpr F kIntegralFrom = sizeof(F) == 4 ? F{0x1p23} : F{0x1p52};

// The nearest integer, ties to even, of an x below kIntegralFrom in magnitude: adding kIntegralFrom leaves no bit for a
// fraction. A zero result is +0 whatever x's sign.
template <class F>
BRINK_ALWAYS_INLINE F nearest_below_limit(F x) {
  const F limit = copy_sign(kIntegralFrom<F>, x);
  return (x + limit) - limit;
}

// Where the machine rounds to an integer in one instruction (roundsd, frintm) the builtins are that instruction; SSE2
// has none, and the library function behind the builtin would be a call.
#if defined(__SSE4_1__) || defined(__aarch64__)
BRINK_ALWAYS_INLINE f32 ceil(f32 x) { return __builtin_ceilf(x); }
BRINK_ALWAYS_INLINE f64 ceil(f64 x) { return __builtin_ceil(x); }
BRINK_ALWAYS_INLINE f32 floor(f32 x) { return __builtin_floorf(x); }
BRINK_ALWAYS_INLINE f64 floor(f64 x) { return __builtin_floor(x); }
BRINK_ALWAYS_INLINE f32 trunc(f32 x) { return __builtin_truncf(x); }
BRINK_ALWAYS_INLINE f64 trunc(f64 x) { return __builtin_trunc(x); }
BRINK_ALWAYS_INLINE f32 nearest(f32 x) { return __builtin_roundevenf(x); }
BRINK_ALWAYS_INLINE f64 nearest(f64 x) { return __builtin_roundeven(x); }
#else
// The last copy_sign of each restores -0, the only result whose sign the steps before it can lose.
template <class F>
BRINK_ALWAYS_INLINE F ceil(F x) {
  if (!(abs(x) < kIntegralFrom<F>)) [[unlikely]]
    return quieted(x);
  const F rounded = nearest_below_limit(x);
  return copy_sign(rounded + (rounded < x ? F{1} : F{0}), x);
}

template <class F>
BRINK_ALWAYS_INLINE F floor(F x) {
  if (!(abs(x) < kIntegralFrom<F>)) [[unlikely]]
    return quieted(x);
  const F rounded = nearest_below_limit(x);
  return copy_sign(rounded + (rounded > x ? F{-1} : F{0}), x);
}

template <class F>
BRINK_ALWAYS_INLINE F trunc(F x) {
  if (!(abs(x) < kIntegralFrom<F>)) [[unlikely]]
    return quieted(x);
  if constexpr (sizeof(F) == 4) return copy_sign(static_cast<F>(static_cast<i32>(x)), x);
  return copy_sign(static_cast<F>(static_cast<i64>(x)), x);
}

template <class F>
BRINK_ALWAYS_INLINE F nearest(F x) {
  if (!(abs(x) < kIntegralFrom<F>)) [[unlikely]]
    return quieted(x);
  return copy_sign(nearest_below_limit(x), x);
}
#endif

// Section 4.3.3: NaN if either operand is one, and -0 is less than +0. Operands that differ, the usual case, cost one
// comparison and minsd or maxsd.
template <class F>
BRINK_ALWAYS_INLINE F min(F a, F b) {
  if (__builtin_islessgreater(a, b)) [[likely]]
    return a < b ? a : b;
  if (a == b) return float_of(bits_of(a) | bits_of(b));
  return a + b;
}

template <class F>
BRINK_ALWAYS_INLINE F max(F a, F b) {
  if (__builtin_islessgreater(a, b)) [[likely]]
    return a > b ? a : b;
  if (a == b) return float_of(bits_of(a) & bits_of(b));
  return a + b;
}

// sqrtsd itself: the builtin calls the library for negative operands unless built with -fno-math-errno.
#if defined(__SSE2__)
BRINK_ALWAYS_INLINE f32 sqrt(f32 x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
BRINK_ALWAYS_INLINE f64 sqrt(f64 x) {
  const __m128d v = _mm_set_sd(x);
  return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}
#else
BRINK_ALWAYS_INLINE f32 sqrt(f32 x) { return __builtin_sqrtf(x); }
BRINK_ALWAYS_INLINE f64 sqrt(f64 x) { return __builtin_sqrt(x); }
#endif

inline constexpr i64 kNoInteger = std::numeric_limits<i64>::min();

// x truncated to i64, or kNoInteger for what has no i64 (and for -2^63, which is it): cvttsd2si's rule.
#if defined(__SSE2__)
BRINK_ALWAYS_INLINE i64 truncate_i64(f32 x) { return _mm_cvttss_si64(_mm_set_ss(x)); }
BRINK_ALWAYS_INLINE i64 truncate_i64(f64 x) { return _mm_cvttsd_si64(_mm_set_sd(x)); }
#else
template <class F>
BRINK_ALWAYS_INLINE i64 truncate_i64(F x) {
  return x >= F{-0x1p63} && x < F{0x1p63} ? static_cast<i64>(x) : kNoInteger;
}
#endif

template <class F>
BRINK_ALWAYS_INLINE NumericTrap truncation_trap(F x) {
  return is_nan(x) ? NumericTrap::InvalidConversion : NumericTrap::IntegerOverflow;
}

// Each truncation says whether x has a result, and writes it if so.
template <class F>
BRINK_ALWAYS_INLINE bool truncate(F x, i32& result) {
  const i64 wide = truncate_i64(x);
  result = static_cast<i32>(wide);
  return result == wide;
}

template <class F>
BRINK_ALWAYS_INLINE bool truncate(F x, u32& result) {
  const i64 wide = truncate_i64(x);
  result = static_cast<u32>(wide);
  return static_cast<i64>(result) == wide;
}

template <class F>
BRINK_ALWAYS_INLINE bool truncate(F x, i64& result) {
  result = truncate_i64(x);
  return result != kNoInteger || x == F{-0x1p63};
}

template <class F>
BRINK_ALWAYS_INLINE bool truncate(F x, u64& result) {
  const i64 low_half = truncate_i64(x);
  if (low_half >= 0) [[likely]] {
    result = static_cast<u64>(low_half);
    return true;
  }
  if (!(x >= F{0x1p63} && x < F{0x1p64})) return false;
  result = static_cast<u64>(truncate_i64(x - F{0x1p63})) + (u64{1} << 63);
  return true;
}

// Sections 4.3.4 trunc and trunc_sat, to the integer type I.
template <class I, class F, class Bits>
BRINK_ALWAYS_INLINE NumericTrap trunc_or_trap(F x, Bits& result) {
  I integer;
  if (!truncate(x, integer)) [[unlikely]]
    return truncation_trap(x);
  result = static_cast<Bits>(integer);
  return NumericTrap::None;
}

template <class I, class F>
BRINK_ALWAYS_INLINE I trunc_sat(F x) {
  I integer;
  if (truncate(x, integer)) [[likely]]
    return integer;
  if (is_nan(x)) return 0;
  return x < 0 ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max();
}

// The parallel count: without POPCNT the builtin is a call into the compiler's library; with it, compilers recognize
// this form.
BRINK_ALWAYS_INLINE u64 popcount(u64 x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
  return (x * 0x0101010101010101u) >> 56;
}

BRINK_ALWAYS_INLINE u32 popcount(u32 x) {
  x -= (x >> 1) & 0x55555555u;
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0Fu;
  return (x * 0x01010101u) >> 24;
}

}  // namespace detail

// 4.3.2 Integer operations

BRINK_ALWAYS_INLINE u32 i32_clz(u32 a) { return static_cast<u32>(std::countl_zero(a)); }
BRINK_ALWAYS_INLINE u32 i32_ctz(u32 a) { return static_cast<u32>(std::countr_zero(a)); }
BRINK_ALWAYS_INLINE u32 i32_popcnt(u32 a) { return detail::popcount(a); }
BRINK_ALWAYS_INLINE u32 i32_add(u32 a, u32 b) { return a + b; }
BRINK_ALWAYS_INLINE u32 i32_sub(u32 a, u32 b) { return a - b; }
BRINK_ALWAYS_INLINE u32 i32_mul(u32 a, u32 b) { return a * b; }
BRINK_ALWAYS_INLINE u32 i32_and(u32 a, u32 b) { return a & b; }
BRINK_ALWAYS_INLINE u32 i32_or(u32 a, u32 b) { return a | b; }
BRINK_ALWAYS_INLINE u32 i32_xor(u32 a, u32 b) { return a ^ b; }
BRINK_ALWAYS_INLINE u32 i32_shl(u32 a, u32 b) { return a << (b & 31); }
BRINK_ALWAYS_INLINE u32 i32_shr_s(u32 a, u32 b) { return static_cast<u32>(static_cast<i32>(a) >> (b & 31)); }
BRINK_ALWAYS_INLINE u32 i32_shr_u(u32 a, u32 b) { return a >> (b & 31); }
BRINK_ALWAYS_INLINE u32 i32_rotl(u32 a, u32 b) { return (a << (b & 31)) | (a >> (-b & 31)); }
BRINK_ALWAYS_INLINE u32 i32_rotr(u32 a, u32 b) { return (a >> (b & 31)) | (a << (-b & 31)); }
BRINK_ALWAYS_INLINE u32 i32_extend8_s(u32 a) { return static_cast<u32>(static_cast<i32>(static_cast<i8>(a))); }
BRINK_ALWAYS_INLINE u32 i32_extend16_s(u32 a) { return static_cast<u32>(static_cast<i32>(static_cast<i16>(a))); }

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_div_s(u32 a, u32 b, u32& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  if (static_cast<i32>(a) == std::numeric_limits<i32>::min() && static_cast<i32>(b) == -1) [[unlikely]]
    return NumericTrap::IntegerOverflow;
  result = static_cast<u32>(static_cast<i32>(a) / static_cast<i32>(b));
  return NumericTrap::None;
}

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_div_u(u32 a, u32 b, u32& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = a / b;
  return NumericTrap::None;
}

// The remainder by -1 is 0, even of the least integer, whose quotient has no value.
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_rem_s(u32 a, u32 b, u32& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = static_cast<i32>(b) == -1 ? 0 : static_cast<u32>(static_cast<i32>(a) % static_cast<i32>(b));
  return NumericTrap::None;
}

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_rem_u(u32 a, u32 b, u32& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = a % b;
  return NumericTrap::None;
}

BRINK_ALWAYS_INLINE u32 i32_eqz(u32 a) { return a == 0; }
BRINK_ALWAYS_INLINE u32 i32_eq(u32 a, u32 b) { return a == b; }
BRINK_ALWAYS_INLINE u32 i32_ne(u32 a, u32 b) { return a != b; }
BRINK_ALWAYS_INLINE u32 i32_lt_s(u32 a, u32 b) { return static_cast<i32>(a) < static_cast<i32>(b); }
BRINK_ALWAYS_INLINE u32 i32_lt_u(u32 a, u32 b) { return a < b; }
BRINK_ALWAYS_INLINE u32 i32_gt_s(u32 a, u32 b) { return static_cast<i32>(a) > static_cast<i32>(b); }
BRINK_ALWAYS_INLINE u32 i32_gt_u(u32 a, u32 b) { return a > b; }
BRINK_ALWAYS_INLINE u32 i32_le_s(u32 a, u32 b) { return static_cast<i32>(a) <= static_cast<i32>(b); }
BRINK_ALWAYS_INLINE u32 i32_le_u(u32 a, u32 b) { return a <= b; }
BRINK_ALWAYS_INLINE u32 i32_ge_s(u32 a, u32 b) { return static_cast<i32>(a) >= static_cast<i32>(b); }
BRINK_ALWAYS_INLINE u32 i32_ge_u(u32 a, u32 b) { return a >= b; }

BRINK_ALWAYS_INLINE u64 i64_clz(u64 a) { return static_cast<u64>(std::countl_zero(a)); }
BRINK_ALWAYS_INLINE u64 i64_ctz(u64 a) { return static_cast<u64>(std::countr_zero(a)); }
BRINK_ALWAYS_INLINE u64 i64_popcnt(u64 a) { return detail::popcount(a); }
BRINK_ALWAYS_INLINE u64 i64_add(u64 a, u64 b) { return a + b; }
BRINK_ALWAYS_INLINE u64 i64_sub(u64 a, u64 b) { return a - b; }
BRINK_ALWAYS_INLINE u64 i64_mul(u64 a, u64 b) { return a * b; }
BRINK_ALWAYS_INLINE u64 i64_and(u64 a, u64 b) { return a & b; }
BRINK_ALWAYS_INLINE u64 i64_or(u64 a, u64 b) { return a | b; }
BRINK_ALWAYS_INLINE u64 i64_xor(u64 a, u64 b) { return a ^ b; }
BRINK_ALWAYS_INLINE u64 i64_shl(u64 a, u64 b) { return a << (b & 63); }
BRINK_ALWAYS_INLINE u64 i64_shr_s(u64 a, u64 b) { return static_cast<u64>(static_cast<i64>(a) >> (b & 63)); }
BRINK_ALWAYS_INLINE u64 i64_shr_u(u64 a, u64 b) { return a >> (b & 63); }
BRINK_ALWAYS_INLINE u64 i64_rotl(u64 a, u64 b) { return (a << (b & 63)) | (a >> (-b & 63)); }
BRINK_ALWAYS_INLINE u64 i64_rotr(u64 a, u64 b) { return (a >> (b & 63)) | (a << (-b & 63)); }
BRINK_ALWAYS_INLINE u64 i64_extend8_s(u64 a) { return static_cast<u64>(static_cast<i64>(static_cast<i8>(a))); }
BRINK_ALWAYS_INLINE u64 i64_extend16_s(u64 a) { return static_cast<u64>(static_cast<i64>(static_cast<i16>(a))); }
BRINK_ALWAYS_INLINE u64 i64_extend32_s(u64 a) { return static_cast<u64>(static_cast<i64>(static_cast<i32>(a))); }

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_div_s(u64 a, u64 b, u64& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  if (static_cast<i64>(a) == std::numeric_limits<i64>::min() && static_cast<i64>(b) == -1) [[unlikely]]
    return NumericTrap::IntegerOverflow;
  result = static_cast<u64>(static_cast<i64>(a) / static_cast<i64>(b));
  return NumericTrap::None;
}

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_div_u(u64 a, u64 b, u64& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = a / b;
  return NumericTrap::None;
}

// The remainder by -1 is 0, even of the least integer, whose quotient has no value.
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_rem_s(u64 a, u64 b, u64& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = static_cast<i64>(b) == -1 ? 0 : static_cast<u64>(static_cast<i64>(a) % static_cast<i64>(b));
  return NumericTrap::None;
}

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_rem_u(u64 a, u64 b, u64& result) {
  if (b == 0) [[unlikely]]
    return NumericTrap::DivideByZero;
  result = a % b;
  return NumericTrap::None;
}

BRINK_ALWAYS_INLINE u32 i64_eqz(u64 a) { return a == 0; }
BRINK_ALWAYS_INLINE u32 i64_eq(u64 a, u64 b) { return a == b; }
BRINK_ALWAYS_INLINE u32 i64_ne(u64 a, u64 b) { return a != b; }
BRINK_ALWAYS_INLINE u32 i64_lt_s(u64 a, u64 b) { return static_cast<i64>(a) < static_cast<i64>(b); }
BRINK_ALWAYS_INLINE u32 i64_lt_u(u64 a, u64 b) { return a < b; }
BRINK_ALWAYS_INLINE u32 i64_gt_s(u64 a, u64 b) { return static_cast<i64>(a) > static_cast<i64>(b); }
BRINK_ALWAYS_INLINE u32 i64_gt_u(u64 a, u64 b) { return a > b; }
BRINK_ALWAYS_INLINE u32 i64_le_s(u64 a, u64 b) { return static_cast<i64>(a) <= static_cast<i64>(b); }
BRINK_ALWAYS_INLINE u32 i64_le_u(u64 a, u64 b) { return a <= b; }
BRINK_ALWAYS_INLINE u32 i64_ge_s(u64 a, u64 b) { return static_cast<i64>(a) >= static_cast<i64>(b); }
BRINK_ALWAYS_INLINE u32 i64_ge_u(u64 a, u64 b) { return a >= b; }

// Wide arithmetic proposal: 128-bit operands as their low and high halves, in stack order.

BRINK_ALWAYS_INLINE WideResult i64_add128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) {
  const u64 low = a_low + b_low;
  return {low, a_high + b_high + (low < a_low)};
}

BRINK_ALWAYS_INLINE WideResult i64_sub128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) {
  return {a_low - b_low, a_high - b_high - (a_low < b_low)};
}

BRINK_ALWAYS_INLINE WideResult i64_mul_wide_s(u64 a, u64 b) {
  const auto product = static_cast<detail::u128>(detail::i128{static_cast<i64>(a)} * static_cast<i64>(b));
  return {static_cast<u64>(product), static_cast<u64>(product >> 64)};
}

BRINK_ALWAYS_INLINE WideResult i64_mul_wide_u(u64 a, u64 b) {
  const detail::u128 product = detail::u128{a} * b;
  return {static_cast<u64>(product), static_cast<u64>(product >> 64)};
}

// 4.3.3 Floating-point operations

BRINK_ALWAYS_INLINE f32 f32_abs(f32 a) { return detail::abs(a); }
BRINK_ALWAYS_INLINE f32 f32_neg(f32 a) { return -a; }
BRINK_ALWAYS_INLINE f32 f32_ceil(f32 a) { return detail::ceil(a); }
BRINK_ALWAYS_INLINE f32 f32_floor(f32 a) { return detail::floor(a); }
BRINK_ALWAYS_INLINE f32 f32_trunc(f32 a) { return detail::trunc(a); }
BRINK_ALWAYS_INLINE f32 f32_nearest(f32 a) { return detail::nearest(a); }
BRINK_ALWAYS_INLINE f32 f32_sqrt(f32 a) { return detail::sqrt(a); }
BRINK_ALWAYS_INLINE f32 f32_add(f32 a, f32 b) { return a + b; }
BRINK_ALWAYS_INLINE f32 f32_sub(f32 a, f32 b) { return a - b; }
BRINK_ALWAYS_INLINE f32 f32_mul(f32 a, f32 b) { return a * b; }
BRINK_ALWAYS_INLINE f32 f32_div(f32 a, f32 b) { return a / b; }
BRINK_ALWAYS_INLINE f32 f32_min(f32 a, f32 b) { return detail::min(a, b); }
BRINK_ALWAYS_INLINE f32 f32_max(f32 a, f32 b) { return detail::max(a, b); }
BRINK_ALWAYS_INLINE f32 f32_copysign(f32 a, f32 b) { return detail::copy_sign(a, b); }
BRINK_ALWAYS_INLINE u32 f32_eq(f32 a, f32 b) { return a == b; }
BRINK_ALWAYS_INLINE u32 f32_ne(f32 a, f32 b) { return a != b; }
BRINK_ALWAYS_INLINE u32 f32_lt(f32 a, f32 b) { return a < b; }
BRINK_ALWAYS_INLINE u32 f32_gt(f32 a, f32 b) { return a > b; }
BRINK_ALWAYS_INLINE u32 f32_le(f32 a, f32 b) { return a <= b; }
BRINK_ALWAYS_INLINE u32 f32_ge(f32 a, f32 b) { return a >= b; }

BRINK_ALWAYS_INLINE f64 f64_abs(f64 a) { return detail::abs(a); }
BRINK_ALWAYS_INLINE f64 f64_neg(f64 a) { return -a; }
BRINK_ALWAYS_INLINE f64 f64_ceil(f64 a) { return detail::ceil(a); }
BRINK_ALWAYS_INLINE f64 f64_floor(f64 a) { return detail::floor(a); }
BRINK_ALWAYS_INLINE f64 f64_trunc(f64 a) { return detail::trunc(a); }
BRINK_ALWAYS_INLINE f64 f64_nearest(f64 a) { return detail::nearest(a); }
BRINK_ALWAYS_INLINE f64 f64_sqrt(f64 a) { return detail::sqrt(a); }
BRINK_ALWAYS_INLINE f64 f64_add(f64 a, f64 b) { return a + b; }
BRINK_ALWAYS_INLINE f64 f64_sub(f64 a, f64 b) { return a - b; }
BRINK_ALWAYS_INLINE f64 f64_mul(f64 a, f64 b) { return a * b; }
BRINK_ALWAYS_INLINE f64 f64_div(f64 a, f64 b) { return a / b; }
BRINK_ALWAYS_INLINE f64 f64_min(f64 a, f64 b) { return detail::min(a, b); }
BRINK_ALWAYS_INLINE f64 f64_max(f64 a, f64 b) { return detail::max(a, b); }
BRINK_ALWAYS_INLINE f64 f64_copysign(f64 a, f64 b) { return detail::copy_sign(a, b); }
BRINK_ALWAYS_INLINE u32 f64_eq(f64 a, f64 b) { return a == b; }
BRINK_ALWAYS_INLINE u32 f64_ne(f64 a, f64 b) { return a != b; }
BRINK_ALWAYS_INLINE u32 f64_lt(f64 a, f64 b) { return a < b; }
BRINK_ALWAYS_INLINE u32 f64_gt(f64 a, f64 b) { return a > b; }
BRINK_ALWAYS_INLINE u32 f64_le(f64 a, f64 b) { return a <= b; }
BRINK_ALWAYS_INLINE u32 f64_ge(f64 a, f64 b) { return a >= b; }

// 4.3.4 Conversions

BRINK_ALWAYS_INLINE u32 i32_wrap_i64(u64 a) { return static_cast<u32>(a); }
BRINK_ALWAYS_INLINE u64 i64_extend_i32_s(u32 a) { return static_cast<u64>(i64{static_cast<i32>(a)}); }
BRINK_ALWAYS_INLINE u64 i64_extend_i32_u(u32 a) { return a; }

[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_trunc_f32_s(f32 a, u32& result) {
  return detail::trunc_or_trap<i32>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_trunc_f32_u(f32 a, u32& result) {
  return detail::trunc_or_trap<u32>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_trunc_f64_s(f64 a, u32& result) {
  return detail::trunc_or_trap<i32>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i32_trunc_f64_u(f64 a, u32& result) {
  return detail::trunc_or_trap<u32>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_trunc_f32_s(f32 a, u64& result) {
  return detail::trunc_or_trap<i64>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_trunc_f32_u(f32 a, u64& result) {
  return detail::trunc_or_trap<u64>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_trunc_f64_s(f64 a, u64& result) {
  return detail::trunc_or_trap<i64>(a, result);
}
[[nodiscard]] BRINK_ALWAYS_INLINE NumericTrap i64_trunc_f64_u(f64 a, u64& result) {
  return detail::trunc_or_trap<u64>(a, result);
}

BRINK_ALWAYS_INLINE u32 i32_trunc_sat_f32_s(f32 a) { return static_cast<u32>(detail::trunc_sat<i32>(a)); }
BRINK_ALWAYS_INLINE u32 i32_trunc_sat_f32_u(f32 a) { return detail::trunc_sat<u32>(a); }
BRINK_ALWAYS_INLINE u32 i32_trunc_sat_f64_s(f64 a) { return static_cast<u32>(detail::trunc_sat<i32>(a)); }
BRINK_ALWAYS_INLINE u32 i32_trunc_sat_f64_u(f64 a) { return detail::trunc_sat<u32>(a); }
BRINK_ALWAYS_INLINE u64 i64_trunc_sat_f32_s(f32 a) { return static_cast<u64>(detail::trunc_sat<i64>(a)); }
BRINK_ALWAYS_INLINE u64 i64_trunc_sat_f32_u(f32 a) { return detail::trunc_sat<u64>(a); }
BRINK_ALWAYS_INLINE u64 i64_trunc_sat_f64_s(f64 a) { return static_cast<u64>(detail::trunc_sat<i64>(a)); }
BRINK_ALWAYS_INLINE u64 i64_trunc_sat_f64_u(f64 a) { return detail::trunc_sat<u64>(a); }

BRINK_ALWAYS_INLINE f32 f32_convert_i32_s(u32 a) { return static_cast<f32>(static_cast<i32>(a)); }
BRINK_ALWAYS_INLINE f32 f32_convert_i32_u(u32 a) { return static_cast<f32>(a); }
BRINK_ALWAYS_INLINE f32 f32_convert_i64_s(u64 a) { return static_cast<f32>(static_cast<i64>(a)); }
BRINK_ALWAYS_INLINE f32 f32_convert_i64_u(u64 a) { return static_cast<f32>(a); }
BRINK_ALWAYS_INLINE f64 f64_convert_i32_s(u32 a) { return static_cast<f64>(static_cast<i32>(a)); }
BRINK_ALWAYS_INLINE f64 f64_convert_i32_u(u32 a) { return static_cast<f64>(a); }
BRINK_ALWAYS_INLINE f64 f64_convert_i64_s(u64 a) { return static_cast<f64>(static_cast<i64>(a)); }
BRINK_ALWAYS_INLINE f64 f64_convert_i64_u(u64 a) { return static_cast<f64>(a); }
BRINK_ALWAYS_INLINE f32 f32_demote_f64(f64 a) { return static_cast<f32>(a); }
BRINK_ALWAYS_INLINE f64 f64_promote_f32(f32 a) { return static_cast<f64>(a); }

BRINK_ALWAYS_INLINE u32 i32_reinterpret_f32(f32 a) { return detail::bits_of(a); }
BRINK_ALWAYS_INLINE u64 i64_reinterpret_f64(f64 a) { return detail::bits_of(a); }
BRINK_ALWAYS_INLINE f32 f32_reinterpret_i32(u32 a) { return detail::float_of(a); }
BRINK_ALWAYS_INLINE f64 f64_reinterpret_i64(u64 a) { return detail::float_of(a); }

}  // namespace brink::numeric
