// The kernels of bench/kernels, compiled natively.
#pragma once
#include "engine/base/integers.h"

extern "C" {
#define BRINK_KERNEL(name, argument) brink::u32 kernel_##name(brink::u32 n);
#include "bench/kernels/kernels.def"
#undef BRINK_KERNEL
}

namespace brink::bench {

struct Kernel {
  const char* name;
  u32 (*native)(u32 n);
  u32 argument;
};

inline constexpr Kernel kKernels[] = {
#define BRINK_KERNEL(name, argument) {#name, kernel_##name, argument},
#include "bench/kernels/kernels.def"
#undef BRINK_KERNEL
};

}  // namespace brink::bench
