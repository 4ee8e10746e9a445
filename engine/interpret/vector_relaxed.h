// Relaxed vector instructions (specification, section 4.3.5 "Relaxed operations"). Each has several permitted results;
// these are the ones of the deterministic profile, on every machine: the non-relaxed instruction's where there is one.
#pragma once
#include "engine/interpret/vector_conversion.h"

namespace brink::vector {

BRINK_ALWAYS_INLINE v128 i8x16_relaxed_swizzle(v128 a, v128 s) { return i8x16_swizzle(a, s); }
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_trunc_f32x4_s(v128 a) { return i32x4_trunc_sat_f32x4_s(a); }
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_trunc_f32x4_u(v128 a) { return i32x4_trunc_sat_f32x4_u(a); }
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_trunc_f64x2_s_zero(v128 a) { return i32x4_trunc_sat_f64x2_s_zero(a); }
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_trunc_f64x2_u_zero(v128 a) { return i32x4_trunc_sat_f64x2_u_zero(a); }

// The product and the sum round separately (as long as the build has -ffp-contract=off).

BRINK_ALWAYS_INLINE v128 f32x4_relaxed_madd(v128 a, v128 b, v128 c) { return f32x4_add(f32x4_mul(a, b), c); }
BRINK_ALWAYS_INLINE v128 f32x4_relaxed_nmadd(v128 a, v128 b, v128 c) { return f32x4_sub(c, f32x4_mul(a, b)); }
BRINK_ALWAYS_INLINE v128 f64x2_relaxed_madd(v128 a, v128 b, v128 c) { return f64x2_add(f64x2_mul(a, b), c); }
BRINK_ALWAYS_INLINE v128 f64x2_relaxed_nmadd(v128 a, v128 b, v128 c) { return f64x2_sub(c, f64x2_mul(a, b)); }

BRINK_ALWAYS_INLINE v128 i8x16_relaxed_laneselect(v128 a, v128 b, v128 mask) { return v128_bitselect(a, b, mask); }
BRINK_ALWAYS_INLINE v128 i16x8_relaxed_laneselect(v128 a, v128 b, v128 mask) { return v128_bitselect(a, b, mask); }
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_laneselect(v128 a, v128 b, v128 mask) { return v128_bitselect(a, b, mask); }
BRINK_ALWAYS_INLINE v128 i64x2_relaxed_laneselect(v128 a, v128 b, v128 mask) { return v128_bitselect(a, b, mask); }

BRINK_ALWAYS_INLINE v128 f32x4_relaxed_min(v128 a, v128 b) { return f32x4_min(a, b); }
BRINK_ALWAYS_INLINE v128 f32x4_relaxed_max(v128 a, v128 b) { return f32x4_max(a, b); }
BRINK_ALWAYS_INLINE v128 f64x2_relaxed_min(v128 a, v128 b) { return f64x2_min(a, b); }
BRINK_ALWAYS_INLINE v128 f64x2_relaxed_max(v128 a, v128 b) { return f64x2_max(a, b); }

BRINK_ALWAYS_INLINE v128 i16x8_relaxed_q15mulr_s(v128 a, v128 b) { return i16x8_q15mulr_sat_s(a, b); }

// Both operands signed; the sum of two products wraps, which it can only where b has a lane outside 7 bits.
BRINK_ALWAYS_INLINE v128 i16x8_relaxed_dot_i8x16_i7x16_s(v128 a, v128 b) {
  return bytes(detail::even8_s(a) * detail::even8_s(b) + detail::odd8_s(a) * detail::odd8_s(b));
}
BRINK_ALWAYS_INLINE v128 i32x4_relaxed_dot_i8x16_i7x16_add_s(v128 a, v128 b, v128 c) {
  return i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c);
}

}  // namespace brink::vector
