// Floating-point vector instructions (specification, section 4.3.3): lane by lane what numeric.h does, NaNs included.
#pragma once
#include "engine/interpret/vector_types.h"

namespace brink::vector {

// Comparisons: ones in the lanes where they hold

BRINK_ALWAYS_INLINE v128 f32x4_eq(v128 a, v128 b) { return bytes(as<f32x4>(a) == as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_ne(v128 a, v128 b) { return bytes(as<f32x4>(a) != as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_lt(v128 a, v128 b) { return bytes(as<f32x4>(a) < as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_gt(v128 a, v128 b) { return bytes(as<f32x4>(a) > as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_le(v128 a, v128 b) { return bytes(as<f32x4>(a) <= as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_ge(v128 a, v128 b) { return bytes(as<f32x4>(a) >= as<f32x4>(b)); }

BRINK_ALWAYS_INLINE v128 f64x2_eq(v128 a, v128 b) { return bytes(as<f64x2>(a) == as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_ne(v128 a, v128 b) { return bytes(as<f64x2>(a) != as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_lt(v128 a, v128 b) { return bytes(as<f64x2>(a) < as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_gt(v128 a, v128 b) { return bytes(as<f64x2>(a) > as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_le(v128 a, v128 b) { return bytes(as<f64x2>(a) <= as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_ge(v128 a, v128 b) { return bytes(as<f64x2>(a) >= as<f64x2>(b)); }

// Signs, on bits

BRINK_ALWAYS_INLINE v128 f32x4_abs(v128 a) { return bytes(as<u32x4>(a) & ~(u32x4{} + 0x80000000u)); }
BRINK_ALWAYS_INLINE v128 f32x4_neg(v128 a) { return bytes(as<u32x4>(a) ^ (u32x4{} + 0x80000000u)); }
BRINK_ALWAYS_INLINE v128 f64x2_abs(v128 a) { return bytes(as<u64x2>(a) & ~(u64x2{} + 0x8000000000000000u)); }
BRINK_ALWAYS_INLINE v128 f64x2_neg(v128 a) { return bytes(as<u64x2>(a) ^ (u64x2{} + 0x8000000000000000u)); }

// Arithmetic

BRINK_ALWAYS_INLINE v128 f32x4_add(v128 a, v128 b) { return bytes(as<f32x4>(a) + as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_sub(v128 a, v128 b) { return bytes(as<f32x4>(a) - as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_mul(v128 a, v128 b) { return bytes(as<f32x4>(a) * as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f32x4_div(v128 a, v128 b) { return bytes(as<f32x4>(a) / as<f32x4>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_add(v128 a, v128 b) { return bytes(as<f64x2>(a) + as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_sub(v128 a, v128 b) { return bytes(as<f64x2>(a) - as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_mul(v128 a, v128 b) { return bytes(as<f64x2>(a) * as<f64x2>(b)); }
BRINK_ALWAYS_INLINE v128 f64x2_div(v128 a, v128 b) { return bytes(as<f64x2>(a) / as<f64x2>(b)); }

#if BRINK_SSE2_VECTORS
BRINK_ALWAYS_INLINE v128 f32x4_sqrt(v128 a) { return bytes(_mm_sqrt_ps(as<__m128>(a))); }
BRINK_ALWAYS_INLINE v128 f64x2_sqrt(v128 a) { return bytes(_mm_sqrt_pd(as<__m128d>(a))); }
#else
BRINK_ALWAYS_INLINE v128 f32x4_sqrt(v128 a) {
  const f32x4 x = as<f32x4>(a);
  return bytes(
      f32x4{numeric::f32_sqrt(x[0]), numeric::f32_sqrt(x[1]), numeric::f32_sqrt(x[2]), numeric::f32_sqrt(x[3])});
}
BRINK_ALWAYS_INLINE v128 f64x2_sqrt(v128 a) {
  const f64x2 x = as<f64x2>(a);
  return bytes(f64x2{numeric::f64_sqrt(x[0]), numeric::f64_sqrt(x[1])});
}
#endif

// Minimum and maximum

namespace detail {

// Each operand order gives the other operand where lanes are equal or unordered (minps is written so): or-ing both
// orders gives -0 where the zeros' signs differ. NaN lanes come from the sum.
template <class F>
BRINK_ALWAYS_INLINE v128 min(v128 a, v128 b) {
  const F x = as<F>(a), y = as<F>(b);
  const v128 lesser = bytes(x < y ? x : y) | bytes(y < x ? y : x);
  return bytes(((x != x) | (y != y)) ? x + y : as<F>(lesser));
}

template <class F>
BRINK_ALWAYS_INLINE v128 max(v128 a, v128 b) {
  const F x = as<F>(a), y = as<F>(b);
  const v128 greater = bytes(x > y ? x : y) & bytes(y > x ? y : x);
  return bytes(((x != x) | (y != y)) ? x + y : as<F>(greater));
}

}  // namespace detail

BRINK_ALWAYS_INLINE v128 f32x4_min(v128 a, v128 b) { return detail::min<f32x4>(a, b); }
BRINK_ALWAYS_INLINE v128 f32x4_max(v128 a, v128 b) { return detail::max<f32x4>(a, b); }
BRINK_ALWAYS_INLINE v128 f32x4_pmin(v128 a, v128 b) {
  return bytes(as<f32x4>(b) < as<f32x4>(a) ? as<f32x4>(b) : as<f32x4>(a));
}
BRINK_ALWAYS_INLINE v128 f32x4_pmax(v128 a, v128 b) {
  return bytes(as<f32x4>(a) < as<f32x4>(b) ? as<f32x4>(b) : as<f32x4>(a));
}
BRINK_ALWAYS_INLINE v128 f64x2_min(v128 a, v128 b) { return detail::min<f64x2>(a, b); }
BRINK_ALWAYS_INLINE v128 f64x2_max(v128 a, v128 b) { return detail::max<f64x2>(a, b); }
BRINK_ALWAYS_INLINE v128 f64x2_pmin(v128 a, v128 b) {
  return bytes(as<f64x2>(b) < as<f64x2>(a) ? as<f64x2>(b) : as<f64x2>(a));
}
BRINK_ALWAYS_INLINE v128 f64x2_pmax(v128 a, v128 b) {
  return bytes(as<f64x2>(a) < as<f64x2>(b) ? as<f64x2>(b) : as<f64x2>(a));
}

// Rounding to integers

namespace detail {

template <class F>
struct FloatShape;
template <>
struct FloatShape<f32x4> {
  using Bits = u32x4;
  static constexpr u32 kSign = 0x80000000u;
  static constexpr f32 kIntegralFrom = numeric::detail::kIntegralFrom<f32>;
};
template <>
struct FloatShape<f64x2> {
  using Bits = u64x2;
  static constexpr u64 kSign = 0x8000000000000000u;
  static constexpr f64 kIntegralFrom = numeric::detail::kIntegralFrom<f64>;
};

template <class F>
BRINK_ALWAYS_INLINE v128 sign_of(F x) {
  using Bits = typename FloatShape<F>::Bits;
  return bytes(as<Bits>(x) & (Bits{} + FloatShape<F>::kSign));
}

// The nearest integer of a magnitude, ties to even. As in numeric.h, adding the least magnitude without fractions
// removes the fraction; lanes at or above it, and NaNs, add 0 instead, which makes NaNs quiet.
template <class F>
BRINK_ALWAYS_INLINE F nearest_of_magnitude(F magnitude) {
  const F limit = F{} + FloatShape<F>::kIntegralFrom;
  const F addend = as<F>(bytes(magnitude < limit) & bytes(limit));
  return (magnitude + addend) - addend;
}

template <class F>
BRINK_ALWAYS_INLINE F one_where(v128 mask) {
  return as<F>(mask & bytes(F{} + 1));
}

template <class F>
BRINK_ALWAYS_INLINE v128 nearest(v128 a) {
  const v128 sign = sign_of(as<F>(a));
  return bytes(nearest_of_magnitude(as<F>(a ^ sign))) | sign;
}

template <class F>
BRINK_ALWAYS_INLINE F trunc_magnitude(F magnitude) {
  const F rounded = nearest_of_magnitude(magnitude);
  return rounded - one_where<F>(bytes(rounded > magnitude));
}

template <class F>
BRINK_ALWAYS_INLINE v128 trunc(v128 a) {
  const v128 sign = sign_of(as<F>(a));
  return bytes(trunc_magnitude(as<F>(a ^ sign))) | sign;
}

// A difference of 0 keeps the sign of a zero, a sum does not.
template <class F>
BRINK_ALWAYS_INLINE v128 floor(v128 a) {
  const F rounded = as<F>(nearest<F>(a));
  return bytes(rounded - one_where<F>(bytes(rounded > as<F>(a))));
}

// The or restores the sign of -1 + 1.
template <class F>
BRINK_ALWAYS_INLINE v128 ceil(v128 a) {
  const F rounded = as<F>(nearest<F>(a));
  return bytes(rounded + one_where<F>(bytes(rounded < as<F>(a)))) | sign_of(as<F>(a));
}

}  // namespace detail

BRINK_ALWAYS_INLINE v128 f32x4_ceil(v128 a) { return detail::ceil<f32x4>(a); }
BRINK_ALWAYS_INLINE v128 f32x4_floor(v128 a) { return detail::floor<f32x4>(a); }
BRINK_ALWAYS_INLINE v128 f32x4_trunc(v128 a) { return detail::trunc<f32x4>(a); }
BRINK_ALWAYS_INLINE v128 f32x4_nearest(v128 a) { return detail::nearest<f32x4>(a); }
BRINK_ALWAYS_INLINE v128 f64x2_ceil(v128 a) { return detail::ceil<f64x2>(a); }
BRINK_ALWAYS_INLINE v128 f64x2_floor(v128 a) { return detail::floor<f64x2>(a); }
BRINK_ALWAYS_INLINE v128 f64x2_trunc(v128 a) { return detail::trunc<f64x2>(a); }
BRINK_ALWAYS_INLINE v128 f64x2_nearest(v128 a) { return detail::nearest<f64x2>(a); }

}  // namespace brink::vector
