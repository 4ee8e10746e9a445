// What every kernel includes. A kernel is one C file with one exported function: it takes the amount of work and
// returns a checksum over everything it computed. It stands alone (no library, no system), so that the same file is a
// native function and a WebAssembly one, and uses no operation whose result may differ between the two.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#ifdef __wasm__
#define KERNEL(name) __attribute__((export_name(#name))) u32 kernel_##name
#else
#define KERNEL(name) u32 kernel_##name
#endif

// Numerical Recipes' linear congruential generator: cheap, and the same everywhere.
static inline u32 next_random(u32* state) { return *state = *state * 1664525u + 1013904223u; }

static inline u32 fold64(u64 v) { return (u32)v ^ (u32)(v >> 32); }

static inline u32 fold_f64(double v) {
  union {
    double f;
    u64 bits;
  } pun = {v};
  return fold64(pun.bits);
}
