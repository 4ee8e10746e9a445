// The kernels of bench/kernels: name, native function, and the argument at which the native code takes 1 to 5 ms on the
// machine of bench/results (EPYC, Zen 4).
#pragma once
#include "engine/base/integers.h"

#define BRINK_KERNELS(X) \
  X(fib, 29)             \
  X(sieve, 1'000'000)    \
  X(i64, 12'000)         \
  X(matmul, 128)         \
  X(nbody, 20'000)       \
  X(mandelbrot, 180)     \
  X(sha256, 8'192)       \
  X(quicksort, 40'000)   \
  X(vm, 3'000)           \
  X(crc32, 768)          \
  X(stream, 60)          \
  X(indirect, 1'000'000)

extern "C" {
#define BRINK_DECLARE_KERNEL(name, argument) brink::u32 kernel_##name(brink::u32 n);
BRINK_KERNELS(BRINK_DECLARE_KERNEL)
#undef BRINK_DECLARE_KERNEL
}

namespace brink::bench {

struct Kernel {
  const char* name;
  u32 (*native)(u32 n);
  u32 argument;
};

inline constexpr Kernel kKernels[] = {
#define BRINK_KERNEL_ENTRY(name, argument) {#name, kernel_##name, argument},
    BRINK_KERNELS(BRINK_KERNEL_ENTRY)
#undef BRINK_KERNEL_ENTRY
};

}  // namespace brink::bench
