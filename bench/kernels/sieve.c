// The sieve of Eratosthenes: strided byte stores and short inner loops. The number of primes below n (at most 1 Mi).
#include "kernel.h"

enum { kMax = 1 << 20 };
static u8 composite[kMax];

KERNEL(sieve)(u32 n) {
  if (n > kMax) n = kMax;
  for (u32 i = 0; i < n; i++) composite[i] = 0;
  u32 count = 0;
  for (u32 i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    if (i < 1024)
      for (u32 j = i * i; j < n; j += i) composite[j] = 1;
  }
  return count;
}
