// Wide arithmetic (proposal wide-arithmetic): 128-bit integers as two i64, the low half pushed first.
#pragma once
#include "engine/interpret/execute.h"
#include "engine/interpret/numeric.h"

namespace brink::interpret {

// The first operand's slots receive the result.
BRINK_INLINE Flow wide_result(State& s, u64* to, numeric::WideResult result) {
  to[0] = result.low;
  to[1] = result.high;
  s.sp = to + 2;
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(I64Add128) {
  u64* a = s.sp - 4;
  return wide_result(s, a, numeric::i64_add128(a[0], a[1], a[2], a[3]));
}

BRINK_OP(I64Sub128) {
  u64* a = s.sp - 4;
  return wide_result(s, a, numeric::i64_sub128(a[0], a[1], a[2], a[3]));
}

BRINK_OP(I64MulWideS) {
  u64* a = s.sp - 2;
  return wide_result(s, a, numeric::i64_mul_wide_s(a[0], a[1]));
}

BRINK_OP(I64MulWideU) {
  u64* a = s.sp - 2;
  return wide_result(s, a, numeric::i64_mul_wide_u(a[0], a[1]));
}

}  // namespace brink::interpret
