// 64-bit arithmetic: multiplication, rotation, shifts, division, greatest common divisors.
#include "kernel.h"

static u64 mix(u64 x) {
  x ^= x >> 31;
  x *= 0x9E3779B97F4A7C15ull;
  x = x << 23 | x >> 41;
  x ^= x >> 29;
  return x * 0xD1B54A32D192ED03ull;
}

// The upper half of a 128-bit product, from 32-bit halves.
static u64 multiply_high(u64 a, u64 b) {
  u64 a0 = (u32)a, a1 = a >> 32, b0 = (u32)b, b1 = b >> 32;
  u64 low = a0 * b0, cross = a1 * b0 + (low >> 32), other = a0 * b1 + (u32)cross;
  return a1 * b1 + (cross >> 32) + (other >> 32);
}

static u64 gcd(u64 a, u64 b) {
  while (b != 0) {
    u64 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

KERNEL(i64)(u32 n) {
  u64 sum = 1;
  for (u32 i = 1; i <= n; i++) {
    u64 a = mix(sum + i), b = mix(a ^ i);
    for (u32 k = 0; k < 16; k++) {
      a = mix(a + k);
      b = multiply_high(a, b | 1) + (b << 7 | b >> 57);
    }
    sum += gcd(a >> 40, (b >> 44) + 1);
    sum ^= (i64)a < (i64)b ? a - b : b / (a >> 33 | 1);
  }
  return fold64(sum);
}
