// The 128-bit value and its views as lanes, for the vector instructions (vector.h).
#pragma once
#include <bit>

#include "engine/base/integers.h"
#include "engine/interpret/numeric.h"

// The instructions are written for any machine with the compilers' vector extensions. Where compilers make of that many
// instructions and SSE2 has one, the intrinsic stands beside the portable form; BRINK_PORTABLE_VECTORS leaves the
// intrinsics out, so that the portable forms can be tested on x86-64.
#if defined(__SSE2__) && !defined(BRINK_PORTABLE_VECTORS)
#include <emmintrin.h>
#define BRINK_SSE2_VECTORS 1
#else
#define BRINK_SSE2_VECTORS 0
#endif

#if BRINK_SSE2_VECTORS && defined(__SSSE3__)
#include <tmmintrin.h>
#define BRINK_SSSE3_VECTORS 1
#else
#define BRINK_SSSE3_VECTORS 0
#endif

namespace brink::vector {

// Lane 0 stands in the lowest bytes (section 4.3.2 "Vectors"), as on a little-endian machine.
static_assert(std::endian::native == std::endian::little);

using u8x16 [[gnu::vector_size(16)]] = u8;
using i8x16 [[gnu::vector_size(16)]] = i8;
using u16x8 [[gnu::vector_size(16)]] = u16;
using i16x8 [[gnu::vector_size(16)]] = i16;
using u32x4 [[gnu::vector_size(16)]] = u32;
using i32x4 [[gnu::vector_size(16)]] = i32;
using u64x2 [[gnu::vector_size(16)]] = u64;
using i64x2 [[gnu::vector_size(16)]] = i64;
using f32x4 [[gnu::vector_size(16)]] = f32;
using f64x2 [[gnu::vector_size(16)]] = f64;

// Half a vector, on the way between lanes of different width.
using i32x2 [[gnu::vector_size(8)]] = i32;
using f32x2 [[gnu::vector_size(8)]] = f32;

// Every operand and result: 16 bytes, aligned to 16 in memory. Other types are views of its bits.
using v128 = u8x16;

// The bits of a vector, seen as another vector type.
template <class To, class From>
BRINK_ALWAYS_INLINE To as(From x) {
  static_assert(sizeof(To) == 16 && sizeof(From) == 16);
  return reinterpret_cast<To>(x);
}

template <class From>
BRINK_ALWAYS_INLINE v128 bytes(From x) {
  return as<v128>(x);
}

}  // namespace brink::vector
