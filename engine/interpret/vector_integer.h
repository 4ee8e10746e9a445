// Integer vector instructions that keep their lanes' width, the bitwise ones and the tests (specification,
// section 4.3.2 and 4.4.3). Arithmetic is on unsigned lanes, which wrap.
#pragma once
#include "engine/interpret/vector_lane.h"

namespace brink::vector {

// Bitwise

BRINK_ALWAYS_INLINE v128 v128_not(v128 a) { return ~a; }
BRINK_ALWAYS_INLINE v128 v128_and(v128 a, v128 b) { return a & b; }
BRINK_ALWAYS_INLINE v128 v128_andnot(v128 a, v128 b) { return a & ~b; }
BRINK_ALWAYS_INLINE v128 v128_or(v128 a, v128 b) { return a | b; }
BRINK_ALWAYS_INLINE v128 v128_xor(v128 a, v128 b) { return a ^ b; }
BRINK_ALWAYS_INLINE v128 v128_bitselect(v128 a, v128 b, v128 c) { return detail::choose(c, a, b); }

// Comparisons: ones in the lanes where they hold

BRINK_ALWAYS_INLINE v128 i8x16_eq(v128 a, v128 b) { return bytes(as<u8x16>(a) == as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_ne(v128 a, v128 b) { return bytes(as<u8x16>(a) != as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_lt_s(v128 a, v128 b) { return bytes(as<i8x16>(a) < as<i8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_lt_u(v128 a, v128 b) { return bytes(as<u8x16>(a) < as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_gt_s(v128 a, v128 b) { return bytes(as<i8x16>(a) > as<i8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_gt_u(v128 a, v128 b) { return bytes(as<u8x16>(a) > as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_le_s(v128 a, v128 b) { return bytes(as<i8x16>(a) <= as<i8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_le_u(v128 a, v128 b) { return bytes(as<u8x16>(a) <= as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_ge_s(v128 a, v128 b) { return bytes(as<i8x16>(a) >= as<i8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_ge_u(v128 a, v128 b) { return bytes(as<u8x16>(a) >= as<u8x16>(b)); }

BRINK_ALWAYS_INLINE v128 i16x8_eq(v128 a, v128 b) { return bytes(as<u16x8>(a) == as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_ne(v128 a, v128 b) { return bytes(as<u16x8>(a) != as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_lt_s(v128 a, v128 b) { return bytes(as<i16x8>(a) < as<i16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_lt_u(v128 a, v128 b) { return bytes(as<u16x8>(a) < as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_gt_s(v128 a, v128 b) { return bytes(as<i16x8>(a) > as<i16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_gt_u(v128 a, v128 b) { return bytes(as<u16x8>(a) > as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_le_s(v128 a, v128 b) { return bytes(as<i16x8>(a) <= as<i16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_le_u(v128 a, v128 b) { return bytes(as<u16x8>(a) <= as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_ge_s(v128 a, v128 b) { return bytes(as<i16x8>(a) >= as<i16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_ge_u(v128 a, v128 b) { return bytes(as<u16x8>(a) >= as<u16x8>(b)); }

BRINK_ALWAYS_INLINE v128 i32x4_eq(v128 a, v128 b) { return bytes(as<u32x4>(a) == as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_ne(v128 a, v128 b) { return bytes(as<u32x4>(a) != as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_lt_s(v128 a, v128 b) { return bytes(as<i32x4>(a) < as<i32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_lt_u(v128 a, v128 b) { return bytes(as<u32x4>(a) < as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_gt_s(v128 a, v128 b) { return bytes(as<i32x4>(a) > as<i32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_gt_u(v128 a, v128 b) { return bytes(as<u32x4>(a) > as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_le_s(v128 a, v128 b) { return bytes(as<i32x4>(a) <= as<i32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_le_u(v128 a, v128 b) { return bytes(as<u32x4>(a) <= as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_ge_s(v128 a, v128 b) { return bytes(as<i32x4>(a) >= as<i32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_ge_u(v128 a, v128 b) { return bytes(as<u32x4>(a) >= as<u32x4>(b)); }

BRINK_ALWAYS_INLINE v128 i64x2_eq(v128 a, v128 b) { return bytes(as<u64x2>(a) == as<u64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_ne(v128 a, v128 b) { return bytes(as<u64x2>(a) != as<u64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_lt_s(v128 a, v128 b) { return bytes(as<i64x2>(a) < as<i64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_gt_s(v128 a, v128 b) { return bytes(as<i64x2>(a) > as<i64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_le_s(v128 a, v128 b) { return bytes(as<i64x2>(a) <= as<i64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_ge_s(v128 a, v128 b) { return bytes(as<i64x2>(a) >= as<i64x2>(b)); }

// Arithmetic

BRINK_ALWAYS_INLINE v128 i8x16_add(v128 a, v128 b) { return bytes(as<u8x16>(a) + as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_sub(v128 a, v128 b) { return bytes(as<u8x16>(a) - as<u8x16>(b)); }
BRINK_ALWAYS_INLINE v128 i8x16_neg(v128 a) { return bytes(u8x16{} - as<u8x16>(a)); }
BRINK_ALWAYS_INLINE v128 i8x16_abs(v128 a) {
  const u8x16 negative = as<u8x16>(as<i8x16>(a) >> 7);
  return bytes((as<u8x16>(a) ^ negative) - negative);
}
BRINK_ALWAYS_INLINE v128 i8x16_min_s(v128 a, v128 b) {
  return bytes(as<i8x16>(a) < as<i8x16>(b) ? as<i8x16>(a) : as<i8x16>(b));
}
BRINK_ALWAYS_INLINE v128 i8x16_min_u(v128 a, v128 b) {
  return bytes(as<u8x16>(a) < as<u8x16>(b) ? as<u8x16>(a) : as<u8x16>(b));
}
BRINK_ALWAYS_INLINE v128 i8x16_max_s(v128 a, v128 b) {
  return bytes(as<i8x16>(a) > as<i8x16>(b) ? as<i8x16>(a) : as<i8x16>(b));
}
BRINK_ALWAYS_INLINE v128 i8x16_max_u(v128 a, v128 b) {
  return bytes(as<u8x16>(a) > as<u8x16>(b) ? as<u8x16>(a) : as<u8x16>(b));
}

BRINK_ALWAYS_INLINE v128 i16x8_add(v128 a, v128 b) { return bytes(as<u16x8>(a) + as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_sub(v128 a, v128 b) { return bytes(as<u16x8>(a) - as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_mul(v128 a, v128 b) { return bytes(as<u16x8>(a) * as<u16x8>(b)); }
BRINK_ALWAYS_INLINE v128 i16x8_neg(v128 a) { return bytes(u16x8{} - as<u16x8>(a)); }
BRINK_ALWAYS_INLINE v128 i16x8_abs(v128 a) {
  const u16x8 negative = as<u16x8>(as<i16x8>(a) >> 15);
  return bytes((as<u16x8>(a) ^ negative) - negative);
}
BRINK_ALWAYS_INLINE v128 i16x8_min_s(v128 a, v128 b) {
  return bytes(as<i16x8>(a) < as<i16x8>(b) ? as<i16x8>(a) : as<i16x8>(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_min_u(v128 a, v128 b) {
  return bytes(as<u16x8>(a) < as<u16x8>(b) ? as<u16x8>(a) : as<u16x8>(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_max_s(v128 a, v128 b) {
  return bytes(as<i16x8>(a) > as<i16x8>(b) ? as<i16x8>(a) : as<i16x8>(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_max_u(v128 a, v128 b) {
  return bytes(as<u16x8>(a) > as<u16x8>(b) ? as<u16x8>(a) : as<u16x8>(b));
}

BRINK_ALWAYS_INLINE v128 i32x4_add(v128 a, v128 b) { return bytes(as<u32x4>(a) + as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_sub(v128 a, v128 b) { return bytes(as<u32x4>(a) - as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_mul(v128 a, v128 b) { return bytes(as<u32x4>(a) * as<u32x4>(b)); }
BRINK_ALWAYS_INLINE v128 i32x4_neg(v128 a) { return bytes(u32x4{} - as<u32x4>(a)); }
BRINK_ALWAYS_INLINE v128 i32x4_abs(v128 a) {
  const u32x4 negative = as<u32x4>(as<i32x4>(a) >> 31);
  return bytes((as<u32x4>(a) ^ negative) - negative);
}
BRINK_ALWAYS_INLINE v128 i32x4_min_s(v128 a, v128 b) {
  return bytes(as<i32x4>(a) < as<i32x4>(b) ? as<i32x4>(a) : as<i32x4>(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_min_u(v128 a, v128 b) {
  return bytes(as<u32x4>(a) < as<u32x4>(b) ? as<u32x4>(a) : as<u32x4>(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_max_s(v128 a, v128 b) {
  return bytes(as<i32x4>(a) > as<i32x4>(b) ? as<i32x4>(a) : as<i32x4>(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_max_u(v128 a, v128 b) {
  return bytes(as<u32x4>(a) > as<u32x4>(b) ? as<u32x4>(a) : as<u32x4>(b));
}

BRINK_ALWAYS_INLINE v128 i64x2_add(v128 a, v128 b) { return bytes(as<u64x2>(a) + as<u64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_sub(v128 a, v128 b) { return bytes(as<u64x2>(a) - as<u64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_mul(v128 a, v128 b) { return bytes(as<u64x2>(a) * as<u64x2>(b)); }
BRINK_ALWAYS_INLINE v128 i64x2_neg(v128 a) { return bytes(u64x2{} - as<u64x2>(a)); }
BRINK_ALWAYS_INLINE v128 i64x2_abs(v128 a) {
  const u64x2 negative = as<u64x2>(as<i64x2>(a) < 0);
  return bytes((as<u64x2>(a) ^ negative) - negative);
}

// Counts the ones of each byte; the shifts are of 16-bit lanes, whose strays the masks remove.
BRINK_ALWAYS_INLINE v128 i8x16_popcnt(v128 a) {
  const v128 pairs = a - (bytes(as<u16x8>(a) >> 1) & 0x55);
  const v128 nibbles = (pairs & 0x33) + (bytes(as<u16x8>(pairs) >> 2) & 0x33);
  return (nibbles + bytes(as<u16x8>(nibbles) >> 4)) & 0x0F;
}

// Saturating arithmetic and rounding average

namespace detail {

#if !BRINK_SSE2_VECTORS
template <class U>
BRINK_ALWAYS_INLINE v128 add_sat_u(v128 a, v128 b) {
  const U sum = as<U>(a) + as<U>(b);
  return bytes(sum) | bytes(sum < as<U>(a));
}

template <class U>
BRINK_ALWAYS_INLINE v128 sub_sat_u(v128 a, v128 b) {
  return bytes(as<U>(a) - as<U>(b)) & bytes(as<U>(a) > as<U>(b));
}

// The limit on the side of a's sign: the greatest integer, or the least where a is negative.
template <class S, class U>
BRINK_ALWAYS_INLINE v128 limit_of_sign(v128 a) {
  return bytes(as<S>(a) < 0) ^ bytes((U{} - 1) >> 1);
}

// A sum overflows where its sign differs from both operands', a difference where it differs from a's and a's from b's.
template <class S, class U>
BRINK_ALWAYS_INLINE v128 add_sat_s(v128 a, v128 b) {
  const v128 sum = bytes(as<U>(a) + as<U>(b));
  const v128 overflow = bytes(as<S>((a ^ sum) & (b ^ sum)) < 0);
  return choose(overflow, limit_of_sign<S, U>(a), sum);
}

template <class S, class U>
BRINK_ALWAYS_INLINE v128 sub_sat_s(v128 a, v128 b) {
  const v128 difference = bytes(as<U>(a) - as<U>(b));
  const v128 overflow = bytes(as<S>((a ^ b) & (a ^ difference)) < 0);
  return choose(overflow, limit_of_sign<S, U>(a), difference);
}

template <class U>
BRINK_ALWAYS_INLINE v128 avgr_u(v128 a, v128 b) {
  return bytes(as<U>(a | b) - (as<U>(a ^ b) >> 1));
}
#endif

}  // namespace detail

#if BRINK_SSE2_VECTORS
BRINK_ALWAYS_INLINE v128 i8x16_add_sat_s(v128 a, v128 b) {
  return bytes(_mm_adds_epi8(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i8x16_add_sat_u(v128 a, v128 b) {
  return bytes(_mm_adds_epu8(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i8x16_sub_sat_s(v128 a, v128 b) {
  return bytes(_mm_subs_epi8(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i8x16_sub_sat_u(v128 a, v128 b) {
  return bytes(_mm_subs_epu8(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i8x16_avgr_u(v128 a, v128 b) { return bytes(_mm_avg_epu8(as<__m128i>(a), as<__m128i>(b))); }
BRINK_ALWAYS_INLINE v128 i16x8_add_sat_s(v128 a, v128 b) {
  return bytes(_mm_adds_epi16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i16x8_add_sat_u(v128 a, v128 b) {
  return bytes(_mm_adds_epu16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i16x8_sub_sat_s(v128 a, v128 b) {
  return bytes(_mm_subs_epi16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i16x8_sub_sat_u(v128 a, v128 b) {
  return bytes(_mm_subs_epu16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i16x8_avgr_u(v128 a, v128 b) { return bytes(_mm_avg_epu16(as<__m128i>(a), as<__m128i>(b))); }
#else
BRINK_ALWAYS_INLINE v128 i8x16_add_sat_s(v128 a, v128 b) { return detail::add_sat_s<i8x16, u8x16>(a, b); }
BRINK_ALWAYS_INLINE v128 i8x16_add_sat_u(v128 a, v128 b) { return detail::add_sat_u<u8x16>(a, b); }
BRINK_ALWAYS_INLINE v128 i8x16_sub_sat_s(v128 a, v128 b) { return detail::sub_sat_s<i8x16, u8x16>(a, b); }
BRINK_ALWAYS_INLINE v128 i8x16_sub_sat_u(v128 a, v128 b) { return detail::sub_sat_u<u8x16>(a, b); }
BRINK_ALWAYS_INLINE v128 i8x16_avgr_u(v128 a, v128 b) { return detail::avgr_u<u8x16>(a, b); }
BRINK_ALWAYS_INLINE v128 i16x8_add_sat_s(v128 a, v128 b) { return detail::add_sat_s<i16x8, u16x8>(a, b); }
BRINK_ALWAYS_INLINE v128 i16x8_add_sat_u(v128 a, v128 b) { return detail::add_sat_u<u16x8>(a, b); }
BRINK_ALWAYS_INLINE v128 i16x8_sub_sat_s(v128 a, v128 b) { return detail::sub_sat_s<i16x8, u16x8>(a, b); }
BRINK_ALWAYS_INLINE v128 i16x8_sub_sat_u(v128 a, v128 b) { return detail::sub_sat_u<u16x8>(a, b); }
BRINK_ALWAYS_INLINE v128 i16x8_avgr_u(v128 a, v128 b) { return detail::avgr_u<u16x8>(a, b); }
#endif

// Shifts, by the count modulo the lanes' width

#if BRINK_SSE2_VECTORS
namespace detail {
BRINK_ALWAYS_INLINE __m128i shift_count(u32 n) { return _mm_cvtsi32_si128(static_cast<int>(n)); }
}  // namespace detail

BRINK_ALWAYS_INLINE v128 i16x8_shl(v128 a, u32 count) {
  return bytes(_mm_sll_epi16(as<__m128i>(a), detail::shift_count(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i16x8_shr_s(v128 a, u32 count) {
  return bytes(_mm_sra_epi16(as<__m128i>(a), detail::shift_count(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i16x8_shr_u(v128 a, u32 count) {
  return bytes(_mm_srl_epi16(as<__m128i>(a), detail::shift_count(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shl(v128 a, u32 count) {
  return bytes(_mm_sll_epi32(as<__m128i>(a), detail::shift_count(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shr_s(v128 a, u32 count) {
  return bytes(_mm_sra_epi32(as<__m128i>(a), detail::shift_count(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shr_u(v128 a, u32 count) {
  return bytes(_mm_srl_epi32(as<__m128i>(a), detail::shift_count(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i64x2_shl(v128 a, u32 count) {
  return bytes(_mm_sll_epi64(as<__m128i>(a), detail::shift_count(count & 63)));
}
BRINK_ALWAYS_INLINE v128 i64x2_shr_u(v128 a, u32 count) {
  return bytes(_mm_srl_epi64(as<__m128i>(a), detail::shift_count(count & 63)));
}
#else
BRINK_ALWAYS_INLINE v128 i16x8_shl(v128 a, u32 count) {
  return bytes(as<u16x8>(a) << as<u16x8>(i16x8_splat(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i16x8_shr_s(v128 a, u32 count) {
  return bytes(as<i16x8>(a) >> as<i16x8>(i16x8_splat(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i16x8_shr_u(v128 a, u32 count) {
  return bytes(as<u16x8>(a) >> as<u16x8>(i16x8_splat(count & 15)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shl(v128 a, u32 count) {
  return bytes(as<u32x4>(a) << as<u32x4>(i32x4_splat(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shr_s(v128 a, u32 count) {
  return bytes(as<i32x4>(a) >> as<i32x4>(i32x4_splat(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i32x4_shr_u(v128 a, u32 count) {
  return bytes(as<u32x4>(a) >> as<u32x4>(i32x4_splat(count & 31)));
}
BRINK_ALWAYS_INLINE v128 i64x2_shl(v128 a, u32 count) {
  return bytes(as<u64x2>(a) << as<u64x2>(i64x2_splat(count & 63)));
}
BRINK_ALWAYS_INLINE v128 i64x2_shr_u(v128 a, u32 count) {
  return bytes(as<u64x2>(a) >> as<u64x2>(i64x2_splat(count & 63)));
}
#endif

// Bytes shift as halves of 16-bit lanes, less the bits that come from the other half.
BRINK_ALWAYS_INLINE v128 i8x16_shl(v128 a, u32 count) {
  return i16x8_shl(a, count & 7) & i8x16_splat(0xFFu << (count & 7));
}
BRINK_ALWAYS_INLINE v128 i8x16_shr_u(v128 a, u32 count) {
  return i16x8_shr_u(a, count & 7) & i8x16_splat(0xFFu >> (count & 7));
}
// With the sign bit at its new place s, (x ^ s) - s extends it.
BRINK_ALWAYS_INLINE v128 i8x16_shr_s(v128 a, u32 count) {
  const v128 sign = i8x16_splat(0x80u >> (count & 7));
  return (i8x16_shr_u(a, count) ^ sign) - sign;
}
BRINK_ALWAYS_INLINE v128 i64x2_shr_s(v128 a, u32 count) {
  const v128 sign = i64x2_splat((u64{1} << 63) >> (count & 63));
  return bytes(as<u64x2>(i64x2_shr_u(a, count) ^ sign) - as<u64x2>(sign));
}

// Tests

BRINK_ALWAYS_INLINE u32 v128_any_true(v128 a) {
  const u64x2 halves = as<u64x2>(a);
  return (halves[0] | halves[1]) != 0;
}

BRINK_ALWAYS_INLINE u32 i8x16_all_true(v128 a) { return !v128_any_true(bytes(as<u8x16>(a) == 0)); }
BRINK_ALWAYS_INLINE u32 i16x8_all_true(v128 a) { return !v128_any_true(bytes(as<u16x8>(a) == 0)); }
BRINK_ALWAYS_INLINE u32 i32x4_all_true(v128 a) { return !v128_any_true(bytes(as<u32x4>(a) == 0)); }
BRINK_ALWAYS_INLINE u32 i64x2_all_true(v128 a) { return as<u64x2>(a)[0] != 0 && as<u64x2>(a)[1] != 0; }

// Bit i is the sign of lane i.
#if BRINK_SSE2_VECTORS
BRINK_ALWAYS_INLINE u32 i8x16_bitmask(v128 a) { return static_cast<u32>(_mm_movemask_epi8(as<__m128i>(a))); }
BRINK_ALWAYS_INLINE u32 i16x8_bitmask(v128 a) {
  return static_cast<u32>(_mm_movemask_epi8(_mm_packs_epi16(as<__m128i>(a), _mm_setzero_si128())));
}
BRINK_ALWAYS_INLINE u32 i32x4_bitmask(v128 a) { return static_cast<u32>(_mm_movemask_ps(as<__m128>(a))); }
BRINK_ALWAYS_INLINE u32 i64x2_bitmask(v128 a) { return static_cast<u32>(_mm_movemask_pd(as<__m128d>(a))); }
#else
namespace detail {
// Gathers the lowest bits of eight bytes, all other bits being 0: byte i's goes to bit 56 + i of the product, and no
// two terms meet.
BRINK_ALWAYS_INLINE u32 gather_bytes(u64 x) { return static_cast<u32>((x * 0x0102040810204080u) >> 56); }
}  // namespace detail
BRINK_ALWAYS_INLINE u32 i8x16_bitmask(v128 a) {
  const u64x2 signs = as<u64x2>(as<u8x16>(a) >> 7);
  return detail::gather_bytes(signs[0]) | detail::gather_bytes(signs[1]) << 8;
}
BRINK_ALWAYS_INLINE u32 i16x8_bitmask(v128 a) {
  const u16x8 bits = as<u16x8>(as<i16x8>(a) < 0) & u16x8{1, 2, 4, 8, 16, 32, 64, 128};
  return u32{bits[0]} | bits[1] | bits[2] | bits[3] | bits[4] | bits[5] | bits[6] | bits[7];
}
BRINK_ALWAYS_INLINE u32 i32x4_bitmask(v128 a) {
  const u32x4 bits = as<u32x4>(as<i32x4>(a) < 0) & u32x4{1, 2, 4, 8};
  return bits[0] | bits[1] | bits[2] | bits[3];
}
BRINK_ALWAYS_INLINE u32 i64x2_bitmask(v128 a) {
  const u64x2 signs = as<u64x2>(a) >> 63;
  return static_cast<u32>(signs[0] | signs[1] << 1);
}
#endif

}  // namespace brink::vector
