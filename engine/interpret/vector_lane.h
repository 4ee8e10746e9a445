// Vector instructions that move lanes: splat, extract, replace, shuffle, swizzle, and the parts of the vector loads and
// stores that do not touch memory (specification, sections 4.4.3 and 4.4.7). The order of operands is (vector, lane,
// replacement); a lane is below the number of lanes in valid code, and taken modulo that number otherwise.
#pragma once
#include "engine/interpret/vector_types.h"

namespace brink::vector {

BRINK_ALWAYS_INLINE v128 i8x16_splat(u32 x) {
  const u8 l = static_cast<u8>(x);
  return u8x16{l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l};
}
BRINK_ALWAYS_INLINE v128 i16x8_splat(u32 x) {
  const u16 l = static_cast<u16>(x);
  return bytes(u16x8{l, l, l, l, l, l, l, l});
}
BRINK_ALWAYS_INLINE v128 i32x4_splat(u32 x) { return bytes(u32x4{x, x, x, x}); }
BRINK_ALWAYS_INLINE v128 i64x2_splat(u64 x) { return bytes(u64x2{x, x}); }
BRINK_ALWAYS_INLINE v128 f32x4_splat(f32 x) { return bytes(f32x4{x, x, x, x}); }
BRINK_ALWAYS_INLINE v128 f64x2_splat(f64 x) { return bytes(f64x2{x, x}); }

BRINK_ALWAYS_INLINE u32 i8x16_extract_lane_s(v128 a, u32 lane) { return static_cast<u32>(as<i8x16>(a)[lane & 15]); }
BRINK_ALWAYS_INLINE u32 i8x16_extract_lane_u(v128 a, u32 lane) { return as<u8x16>(a)[lane & 15]; }
BRINK_ALWAYS_INLINE u32 i16x8_extract_lane_s(v128 a, u32 lane) { return static_cast<u32>(as<i16x8>(a)[lane & 7]); }
BRINK_ALWAYS_INLINE u32 i16x8_extract_lane_u(v128 a, u32 lane) { return as<u16x8>(a)[lane & 7]; }
BRINK_ALWAYS_INLINE u32 i32x4_extract_lane(v128 a, u32 lane) { return as<u32x4>(a)[lane & 3]; }
BRINK_ALWAYS_INLINE u64 i64x2_extract_lane(v128 a, u32 lane) { return as<u64x2>(a)[lane & 1]; }
BRINK_ALWAYS_INLINE f32 f32x4_extract_lane(v128 a, u32 lane) { return as<f32x4>(a)[lane & 3]; }
BRINK_ALWAYS_INLINE f64 f64x2_extract_lane(v128 a, u32 lane) { return as<f64x2>(a)[lane & 1]; }

namespace detail {

// The lanes of a where the mask has ones, those of b where it has zeros.
BRINK_ALWAYS_INLINE v128 choose(v128 mask, v128 a, v128 b) { return b ^ ((a ^ b) & mask); }

// Ones in one lane. Replacing through a mask stays in registers; a store of the lane into the vector's memory and a
// load of the whole would wait for the store.
BRINK_ALWAYS_INLINE v128 lane_mask8(u32 lane) {
  return bytes(u8x16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} == as<u8x16>(i8x16_splat(lane & 15)));
}
BRINK_ALWAYS_INLINE v128 lane_mask16(u32 lane) {
  return bytes(u16x8{0, 1, 2, 3, 4, 5, 6, 7} == as<u16x8>(i16x8_splat(lane & 7)));
}
BRINK_ALWAYS_INLINE v128 lane_mask32(u32 lane) { return bytes(u32x4{0, 1, 2, 3} == as<u32x4>(i32x4_splat(lane & 3))); }
BRINK_ALWAYS_INLINE v128 lane_mask64(u32 lane) { return bytes(u32x4{0, 0, 1, 1} == as<u32x4>(i32x4_splat(lane & 1))); }

}  // namespace detail

BRINK_ALWAYS_INLINE v128 i8x16_replace_lane(v128 a, u32 lane, u32 x) {
  return detail::choose(detail::lane_mask8(lane), i8x16_splat(x), a);
}
BRINK_ALWAYS_INLINE v128 i16x8_replace_lane(v128 a, u32 lane, u32 x) {
  return detail::choose(detail::lane_mask16(lane), i16x8_splat(x), a);
}
BRINK_ALWAYS_INLINE v128 i32x4_replace_lane(v128 a, u32 lane, u32 x) {
  return detail::choose(detail::lane_mask32(lane), i32x4_splat(x), a);
}
BRINK_ALWAYS_INLINE v128 i64x2_replace_lane(v128 a, u32 lane, u64 x) {
  return detail::choose(detail::lane_mask64(lane), i64x2_splat(x), a);
}
BRINK_ALWAYS_INLINE v128 f32x4_replace_lane(v128 a, u32 lane, f32 x) {
  return detail::choose(detail::lane_mask32(lane), f32x4_splat(x), a);
}
BRINK_ALWAYS_INLINE v128 f64x2_replace_lane(v128 a, u32 lane, f64 x) {
  return detail::choose(detail::lane_mask64(lane), f64x2_splat(x), a);
}

// Lane i of the result is lane `lanes[i]` of a and b side by side; `lanes` are 16 bytes below 32 in valid code, and
// taken modulo 32 otherwise.
BRINK_ALWAYS_INLINE v128 i8x16_shuffle(v128 a, v128 b, const u8* lanes) {
#if BRINK_SSSE3_VECTORS
  // pshufb gives zero where the selector's highest bit is set: adding with saturation sets it from lane 16 on.
  const __m128i selector = _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes)), _mm_set1_epi8(31));
  const __m128i from_a = _mm_shuffle_epi8(as<__m128i>(a), _mm_adds_epu8(selector, _mm_set1_epi8(0x70)));
  const __m128i from_b = _mm_shuffle_epi8(as<__m128i>(b), _mm_sub_epi8(selector, _mm_set1_epi8(16)));
  return bytes(_mm_or_si128(from_a, from_b));
#else
  const v128 source[2] = {a, b};
  const u8* const byte = reinterpret_cast<const u8*>(source);
  v128 result;
  for (u32 i = 0; i < 16; ++i) result[i] = byte[lanes[i] & 31];
  return result;
#endif
}

// Lane i of the result is lane s[i] of a, or 0 from 16 on.
BRINK_ALWAYS_INLINE v128 i8x16_swizzle(v128 a, v128 s) {
#if BRINK_SSSE3_VECTORS
  return bytes(_mm_shuffle_epi8(as<__m128i>(a), _mm_adds_epu8(as<__m128i>(s), _mm_set1_epi8(0x70))));
#else
  const v128 source[2] = {a, {}};
  const u8* const byte = reinterpret_cast<const u8*>(source);
  const v128 selector = s < 16 ? s : v128{} + 16;
  v128 result;
  for (u32 i = 0; i < 16; ++i) result[i] = byte[selector[i]];
  return result;
#endif
}

// Loads: the bytes read, as a little-endian integer, to the vector.

BRINK_ALWAYS_INLINE v128 v128_load8_splat(u8 x) { return i8x16_splat(x); }
BRINK_ALWAYS_INLINE v128 v128_load16_splat(u16 x) { return i16x8_splat(x); }
BRINK_ALWAYS_INLINE v128 v128_load32_splat(u32 x) { return i32x4_splat(x); }
BRINK_ALWAYS_INLINE v128 v128_load64_splat(u64 x) { return i64x2_splat(x); }
BRINK_ALWAYS_INLINE v128 v128_load32_zero(u32 x) { return bytes(u32x4{x, 0, 0, 0}); }
BRINK_ALWAYS_INLINE v128 v128_load64_zero(u64 x) { return bytes(u64x2{x, 0}); }

BRINK_ALWAYS_INLINE v128 v128_load8_lane(v128 a, u32 lane, u8 x) { return i8x16_replace_lane(a, lane, x); }
BRINK_ALWAYS_INLINE v128 v128_load16_lane(v128 a, u32 lane, u16 x) { return i16x8_replace_lane(a, lane, x); }
BRINK_ALWAYS_INLINE v128 v128_load32_lane(v128 a, u32 lane, u32 x) { return i32x4_replace_lane(a, lane, x); }
BRINK_ALWAYS_INLINE v128 v128_load64_lane(v128 a, u32 lane, u64 x) { return i64x2_replace_lane(a, lane, x); }

BRINK_ALWAYS_INLINE u8 v128_store8_lane(v128 a, u32 lane) { return as<u8x16>(a)[lane & 15]; }
BRINK_ALWAYS_INLINE u16 v128_store16_lane(v128 a, u32 lane) { return as<u16x8>(a)[lane & 7]; }
BRINK_ALWAYS_INLINE u32 v128_store32_lane(v128 a, u32 lane) { return as<u32x4>(a)[lane & 3]; }
BRINK_ALWAYS_INLINE u64 v128_store64_lane(v128 a, u32 lane) { return as<u64x2>(a)[lane & 1]; }

}  // namespace brink::vector
