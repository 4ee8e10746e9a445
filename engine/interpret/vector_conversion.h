// Vector instructions between lanes of different width or type: extend, extended multiplication, narrow, dot product,
// float conversions (specification, section 4.3.4 and 4.4.3).
#pragma once
#include "engine/interpret/vector_float.h"
#include "engine/interpret/vector_integer.h"

namespace brink::vector {

// Extension: each lane beside its sign (or 0), which makes the wide lane; signed ones by a shift that drags the sign
// down.

namespace detail {

BRINK_ALWAYS_INLINE v128 interleave_low8(v128 a, v128 b) {
  return bytes(
      __builtin_shufflevector(as<u8x16>(a), as<u8x16>(b), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}
BRINK_ALWAYS_INLINE v128 interleave_high8(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u8x16>(a), as<u8x16>(b), 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
                                       15, 31));
}
BRINK_ALWAYS_INLINE v128 interleave_low16(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u16x8>(a), as<u16x8>(b), 0, 8, 1, 9, 2, 10, 3, 11));
}
BRINK_ALWAYS_INLINE v128 interleave_high16(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u16x8>(a), as<u16x8>(b), 4, 12, 5, 13, 6, 14, 7, 15));
}
BRINK_ALWAYS_INLINE v128 interleave_low32(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u32x4>(a), as<u32x4>(b), 0, 4, 1, 5));
}
BRINK_ALWAYS_INLINE v128 interleave_high32(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u32x4>(a), as<u32x4>(b), 2, 6, 3, 7));
}

}  // namespace detail

BRINK_ALWAYS_INLINE v128 i16x8_extend_low_i8x16_s(v128 a) {
  return bytes(as<i16x8>(detail::interleave_low8(a, a)) >> 8);
}
BRINK_ALWAYS_INLINE v128 i16x8_extend_low_i8x16_u(v128 a) { return detail::interleave_low8(a, v128{}); }
BRINK_ALWAYS_INLINE v128 i16x8_extend_high_i8x16_s(v128 a) {
  return bytes(as<i16x8>(detail::interleave_high8(a, a)) >> 8);
}
BRINK_ALWAYS_INLINE v128 i16x8_extend_high_i8x16_u(v128 a) { return detail::interleave_high8(a, v128{}); }
BRINK_ALWAYS_INLINE v128 i32x4_extend_low_i16x8_s(v128 a) {
  return bytes(as<i32x4>(detail::interleave_low16(a, a)) >> 16);
}
BRINK_ALWAYS_INLINE v128 i32x4_extend_low_i16x8_u(v128 a) { return detail::interleave_low16(a, v128{}); }
BRINK_ALWAYS_INLINE v128 i32x4_extend_high_i16x8_s(v128 a) {
  return bytes(as<i32x4>(detail::interleave_high16(a, a)) >> 16);
}
BRINK_ALWAYS_INLINE v128 i32x4_extend_high_i16x8_u(v128 a) { return detail::interleave_high16(a, v128{}); }
BRINK_ALWAYS_INLINE v128 i64x2_extend_low_i32x4_s(v128 a) {
  return detail::interleave_low32(a, bytes(as<i32x4>(a) >> 31));
}
BRINK_ALWAYS_INLINE v128 i64x2_extend_low_i32x4_u(v128 a) { return detail::interleave_low32(a, v128{}); }
BRINK_ALWAYS_INLINE v128 i64x2_extend_high_i32x4_s(v128 a) {
  return detail::interleave_high32(a, bytes(as<i32x4>(a) >> 31));
}
BRINK_ALWAYS_INLINE v128 i64x2_extend_high_i32x4_u(v128 a) { return detail::interleave_high32(a, v128{}); }

BRINK_ALWAYS_INLINE v128 v128_load8x8_s(u64 x) { return i16x8_extend_low_i8x16_s(v128_load64_zero(x)); }
BRINK_ALWAYS_INLINE v128 v128_load8x8_u(u64 x) { return i16x8_extend_low_i8x16_u(v128_load64_zero(x)); }
BRINK_ALWAYS_INLINE v128 v128_load16x4_s(u64 x) { return i32x4_extend_low_i16x8_s(v128_load64_zero(x)); }
BRINK_ALWAYS_INLINE v128 v128_load16x4_u(u64 x) { return i32x4_extend_low_i16x8_u(v128_load64_zero(x)); }
BRINK_ALWAYS_INLINE v128 v128_load32x2_s(u64 x) { return i64x2_extend_low_i32x4_s(v128_load64_zero(x)); }
BRINK_ALWAYS_INLINE v128 v128_load32x2_u(u64 x) { return i64x2_extend_low_i32x4_u(v128_load64_zero(x)); }

// The even and the odd lanes of half width, extended in place

namespace detail {

BRINK_ALWAYS_INLINE u16x8 even8_s(v128 a) { return as<u16x8>(as<i16x8>(as<u16x8>(a) << 8) >> 8); }
BRINK_ALWAYS_INLINE u16x8 odd8_s(v128 a) { return as<u16x8>(as<i16x8>(a) >> 8); }
BRINK_ALWAYS_INLINE u16x8 even8_u(v128 a) { return as<u16x8>(a) & 0xFF; }
BRINK_ALWAYS_INLINE u16x8 odd8_u(v128 a) { return as<u16x8>(a) >> 8; }
BRINK_ALWAYS_INLINE u32x4 even16_s(v128 a) { return as<u32x4>(as<i32x4>(as<u32x4>(a) << 16) >> 16); }
BRINK_ALWAYS_INLINE u32x4 odd16_s(v128 a) { return as<u32x4>(as<i32x4>(a) >> 16); }
BRINK_ALWAYS_INLINE u32x4 even16_u(v128 a) { return as<u32x4>(a) & 0xFFFF; }
BRINK_ALWAYS_INLINE u32x4 odd16_u(v128 a) { return as<u32x4>(a) >> 16; }

}  // namespace detail

BRINK_ALWAYS_INLINE v128 i16x8_extadd_pairwise_i8x16_s(v128 a) { return bytes(detail::even8_s(a) + detail::odd8_s(a)); }
BRINK_ALWAYS_INLINE v128 i16x8_extadd_pairwise_i8x16_u(v128 a) { return bytes(detail::even8_u(a) + detail::odd8_u(a)); }
BRINK_ALWAYS_INLINE v128 i32x4_extadd_pairwise_i16x8_s(v128 a) {
  return bytes(detail::even16_s(a) + detail::odd16_s(a));
}
BRINK_ALWAYS_INLINE v128 i32x4_extadd_pairwise_i16x8_u(v128 a) {
  return bytes(detail::even16_u(a) + detail::odd16_u(a));
}

// Extended multiplication

BRINK_ALWAYS_INLINE v128 i16x8_extmul_low_i8x16_s(v128 a, v128 b) {
  return i16x8_mul(i16x8_extend_low_i8x16_s(a), i16x8_extend_low_i8x16_s(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_extmul_high_i8x16_s(v128 a, v128 b) {
  return i16x8_mul(i16x8_extend_high_i8x16_s(a), i16x8_extend_high_i8x16_s(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_extmul_low_i8x16_u(v128 a, v128 b) {
  return i16x8_mul(i16x8_extend_low_i8x16_u(a), i16x8_extend_low_i8x16_u(b));
}
BRINK_ALWAYS_INLINE v128 i16x8_extmul_high_i8x16_u(v128 a, v128 b) {
  return i16x8_mul(i16x8_extend_high_i8x16_u(a), i16x8_extend_high_i8x16_u(b));
}

#if BRINK_SSE2_VECTORS
// SSE2 multiplies 16-bit lanes to the low and to the high half of the product, and 32-bit lanes unsigned.
namespace detail {
BRINK_ALWAYS_INLINE v128 low_product(v128 a, v128 b) { return bytes(_mm_mullo_epi16(as<__m128i>(a), as<__m128i>(b))); }
BRINK_ALWAYS_INLINE v128 high_product_s(v128 a, v128 b) {
  return bytes(_mm_mulhi_epi16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 high_product_u(v128 a, v128 b) {
  return bytes(_mm_mulhi_epu16(as<__m128i>(a), as<__m128i>(b)));
}
}  // namespace detail
BRINK_ALWAYS_INLINE v128 i32x4_extmul_low_i16x8_s(v128 a, v128 b) {
  return detail::interleave_low16(detail::low_product(a, b), detail::high_product_s(a, b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_high_i16x8_s(v128 a, v128 b) {
  return detail::interleave_high16(detail::low_product(a, b), detail::high_product_s(a, b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_low_i16x8_u(v128 a, v128 b) {
  return detail::interleave_low16(detail::low_product(a, b), detail::high_product_u(a, b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_high_i16x8_u(v128 a, v128 b) {
  return detail::interleave_high16(detail::low_product(a, b), detail::high_product_u(a, b));
}
BRINK_ALWAYS_INLINE v128 i64x2_extmul_low_i32x4_u(v128 a, v128 b) {
  return bytes(_mm_mul_epu32(as<__m128i>(detail::interleave_low32(a, a)), as<__m128i>(detail::interleave_low32(b, b))));
}
BRINK_ALWAYS_INLINE v128 i64x2_extmul_high_i32x4_u(v128 a, v128 b) {
  return bytes(
      _mm_mul_epu32(as<__m128i>(detail::interleave_high32(a, a)), as<__m128i>(detail::interleave_high32(b, b))));
}
#else
BRINK_ALWAYS_INLINE v128 i32x4_extmul_low_i16x8_s(v128 a, v128 b) {
  return i32x4_mul(i32x4_extend_low_i16x8_s(a), i32x4_extend_low_i16x8_s(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_high_i16x8_s(v128 a, v128 b) {
  return i32x4_mul(i32x4_extend_high_i16x8_s(a), i32x4_extend_high_i16x8_s(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_low_i16x8_u(v128 a, v128 b) {
  return i32x4_mul(i32x4_extend_low_i16x8_u(a), i32x4_extend_low_i16x8_u(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_extmul_high_i16x8_u(v128 a, v128 b) {
  return i32x4_mul(i32x4_extend_high_i16x8_u(a), i32x4_extend_high_i16x8_u(b));
}
BRINK_ALWAYS_INLINE v128 i64x2_extmul_low_i32x4_u(v128 a, v128 b) {
  return i64x2_mul(i64x2_extend_low_i32x4_u(a), i64x2_extend_low_i32x4_u(b));
}
BRINK_ALWAYS_INLINE v128 i64x2_extmul_high_i32x4_u(v128 a, v128 b) {
  return i64x2_mul(i64x2_extend_high_i32x4_u(a), i64x2_extend_high_i32x4_u(b));
}
#endif
BRINK_ALWAYS_INLINE v128 i64x2_extmul_low_i32x4_s(v128 a, v128 b) {
  return i64x2_mul(i64x2_extend_low_i32x4_s(a), i64x2_extend_low_i32x4_s(b));
}
BRINK_ALWAYS_INLINE v128 i64x2_extmul_high_i32x4_s(v128 a, v128 b) {
  return i64x2_mul(i64x2_extend_high_i32x4_s(a), i64x2_extend_high_i32x4_s(b));
}

// Narrowing saturates: signed lanes to signed or unsigned ones of half the width.

namespace detail {

template <class S>
BRINK_ALWAYS_INLINE v128 clamp(v128 a, S least, S greatest) {
  const S x = as<S>(a);
  const S above = x < least ? least : x;
  return bytes(above > greatest ? greatest : above);
}

BRINK_ALWAYS_INLINE v128 even_bytes(v128 a, v128 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
BRINK_ALWAYS_INLINE v128 even_halves(v128 a, v128 b) {
  return bytes(__builtin_shufflevector(as<u16x8>(a), as<u16x8>(b), 0, 2, 4, 6, 8, 10, 12, 14));
}

}  // namespace detail

#if BRINK_SSE2_VECTORS
BRINK_ALWAYS_INLINE v128 i8x16_narrow_i16x8_s(v128 a, v128 b) {
  return bytes(_mm_packs_epi16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i8x16_narrow_i16x8_u(v128 a, v128 b) {
  return bytes(_mm_packus_epi16(as<__m128i>(a), as<__m128i>(b)));
}
BRINK_ALWAYS_INLINE v128 i16x8_narrow_i32x4_s(v128 a, v128 b) {
  return bytes(_mm_packs_epi32(as<__m128i>(a), as<__m128i>(b)));
}
#else
BRINK_ALWAYS_INLINE v128 i8x16_narrow_i16x8_s(v128 a, v128 b) {
  const i16x8 least = i16x8{} - 128, greatest = i16x8{} + 127;
  return detail::even_bytes(detail::clamp(a, least, greatest), detail::clamp(b, least, greatest));
}
BRINK_ALWAYS_INLINE v128 i8x16_narrow_i16x8_u(v128 a, v128 b) {
  const i16x8 least = {}, greatest = i16x8{} + 255;
  return detail::even_bytes(detail::clamp(a, least, greatest), detail::clamp(b, least, greatest));
}
BRINK_ALWAYS_INLINE v128 i16x8_narrow_i32x4_s(v128 a, v128 b) {
  const i32x4 least = i32x4{} - 32768, greatest = i32x4{} + 32767;
  return detail::even_halves(detail::clamp(a, least, greatest), detail::clamp(b, least, greatest));
}
#endif
// As a signed narrowing of lanes moved down by 2^15, which cannot overflow once the negative ones are 0.
BRINK_ALWAYS_INLINE v128 i16x8_narrow_i32x4_u(v128 a, v128 b) {
  const i32x4 x = as<i32x4>(a) & ~(as<i32x4>(a) >> 31);
  const i32x4 y = as<i32x4>(b) & ~(as<i32x4>(b) >> 31);
  return i16x8_narrow_i32x4_s(bytes(x - 0x8000), bytes(y - 0x8000)) ^ i16x8_splat(0x8000);
}

// Sums of products

BRINK_ALWAYS_INLINE v128 i32x4_dot_i16x8_s(v128 a, v128 b) {
#if BRINK_SSE2_VECTORS
  return bytes(_mm_madd_epi16(as<__m128i>(a), as<__m128i>(b)));
#else
  return bytes(detail::even16_s(a) * detail::even16_s(b) + detail::odd16_s(a) * detail::odd16_s(b));
#endif
}

// (a * b + 2^14) >> 15; only -2^15 * -2^15 saturates.
BRINK_ALWAYS_INLINE v128 i16x8_q15mulr_sat_s(v128 a, v128 b) {
  const i32x4 low = as<i32x4>(i32x4_extmul_low_i16x8_s(a, b));
  const i32x4 high = as<i32x4>(i32x4_extmul_high_i16x8_s(a, b));
  return i16x8_narrow_i32x4_s(bytes((low + 0x4000) >> 15), bytes((high + 0x4000) >> 15));
}

// Integers to floats

BRINK_ALWAYS_INLINE v128 f32x4_convert_i32x4_s(v128 a) { return bytes(__builtin_convertvector(as<i32x4>(a), f32x4)); }

// Both halves and the upper one's product are exact; the sum rounds once.
BRINK_ALWAYS_INLINE v128 f32x4_convert_i32x4_u(v128 a) {
  const f32x4 upper = __builtin_convertvector(as<i32x4>(as<u32x4>(a) >> 16), f32x4);
  const f32x4 lower = __builtin_convertvector(as<i32x4>(as<u32x4>(a) & 0xFFFF), f32x4);
  return bytes(upper * 65536.0f + lower);
}

BRINK_ALWAYS_INLINE v128 f64x2_convert_low_i32x4_s(v128 a) {
  const i32x2 low = __builtin_shufflevector(as<i32x4>(a), as<i32x4>(a), 0, 1);
  return bytes(__builtin_convertvector(low, f64x2));
}

// 2^52 plus an integer below 2^32 has that integer as its lowest bits.
BRINK_ALWAYS_INLINE v128 f64x2_convert_low_i32x4_u(v128 a) {
  const f64x2 base = f64x2{} + 0x1p52;
  return bytes(as<f64x2>(i64x2_extend_low_i32x4_u(a) | bytes(base)) - base);
}

// Floats to floats

BRINK_ALWAYS_INLINE v128 f32x4_demote_f64x2_zero(v128 a) {
  const f32x2 low = __builtin_convertvector(as<f64x2>(a), f32x2);
  return bytes(__builtin_shufflevector(low, f32x2{}, 0, 1, 2, 3));
}
BRINK_ALWAYS_INLINE v128 f64x2_promote_low_f32x4(v128 a) {
  const f32x2 low = __builtin_shufflevector(as<f32x4>(a), as<f32x4>(a), 0, 1);
  return bytes(__builtin_convertvector(low, f64x2));
}

// Floats to integers, saturating, NaNs to 0. Only values that have a result are converted: of others C++ says nothing.

BRINK_ALWAYS_INLINE v128 i32x4_trunc_sat_f32x4_s(v128 a) {
  const f32x4 x = as<f32x4>(a & bytes(as<f32x4>(a) == as<f32x4>(a)));
  const v128 too_large = bytes(x >= 0x1p31f);
#if BRINK_SSE2_VECTORS
  // cvttps2dq gives 0x80000000 for what has no result: right below, and the complement of it above.
  return bytes(_mm_cvttps_epi32(as<__m128>(x))) ^ too_large;
#else
  const v128 too_small = bytes(x < -0x1p31f);
  const v128 integers = bytes(__builtin_convertvector(as<f32x4>(bytes(x) & ~(too_small | too_large)), i32x4));
  return integers | (too_small & i32x4_splat(0x80000000u)) | (too_large & i32x4_splat(0x7FFFFFFFu));
#endif
}

// Upper half: x - 2^31 is exact, converts signed, and gets its highest bit back.
BRINK_ALWAYS_INLINE v128 i32x4_trunc_sat_f32x4_u(v128 a) {
  const f32x4 x = as<f32x4>(a & bytes(as<f32x4>(a) > 0.0f));
  const v128 too_large = bytes(x >= 0x1p32f);
  const v128 upper_half = bytes(x >= 0x1p31f);
  const v128 inside = bytes(x - as<f32x4>(upper_half & f32x4_splat(0x1p31f))) & ~too_large;
  const v128 integers = bytes(__builtin_convertvector(as<f32x4>(inside), i32x4));
  return (integers ^ (upper_half & i32x4_splat(0x80000000u))) | too_large;
}

BRINK_ALWAYS_INLINE v128 i32x4_trunc_sat_f64x2_s_zero(v128 a) {
  const f64x2 least = f64x2{} - 2147483648.0, greatest = f64x2{} + 2147483647.0;
  const f64x2 x = as<f64x2>(a);
  const f64x2 above = x < least ? least : x;
  const f64x2 within = above > greatest ? greatest : above;
  const i32x2 low = __builtin_convertvector(as<f64x2>(bytes(within) & bytes(x == x)), i32x2);
  return bytes(__builtin_shufflevector(low, i32x2{}, 0, 1, 2, 3));
}

// The truncated value stands in the lowest bits of its sum with 2^52.
BRINK_ALWAYS_INLINE v128 i32x4_trunc_sat_f64x2_u_zero(v128 a) {
  const f64x2 greatest = f64x2{} + 4294967295.0;
  const f64x2 above = as<f64x2>(a & bytes(as<f64x2>(a) > 0.0));
  const f64x2 within = above > greatest ? greatest : above;
  const u32x4 sum = as<u32x4>(detail::trunc_magnitude(within) + 0x1p52);
  return bytes(__builtin_shufflevector(sum, u32x4{}, 0, 2, 4, 4));
}

}  // namespace brink::vector
