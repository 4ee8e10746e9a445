// Modules of any size, for benchmarks of loading and validating: valid, made from a seed, with about the mix of
// instructions that compilers emit. Their functions are not meant to be run, but for the first.
#pragma once
#include <vector>

#include "engine/base/integers.h"

namespace brink::bench {

struct SyntheticModule {
  u32 functions = 100;   // besides "first"
  u32 body_bytes = 500;  // of each function, about
  u32 seed = 1;
};

// One memory, one table, two function types. Exports "first": (i32, i32) → i32, the sum; "_start", which does nothing;
// "memory".
std::vector<u8> make_synthetic_module(const SyntheticModule& options);

}  // namespace brink::bench
