// Calls through a table of eight small functions, in an order that repeats every 64 calls, so that a branch predictor
// can learn it: what is measured is the call, not the misprediction.
#include "kernel.h"

static u32 add(u32 a, u32 b) { return a + b; }
static u32 subtract(u32 a, u32 b) { return a - b; }
static u32 exclusive_or(u32 a, u32 b) { return a ^ b; }
static u32 multiply(u32 a, u32 b) { return a * (b | 1); }
static u32 rotate(u32 a, u32 b) { return a << (b & 31) | a >> (-b & 31); }
static u32 smaller(u32 a, u32 b) { return a < b ? a + 1 : b; }
static u32 average(u32 a, u32 b) { return (a & b) + ((a ^ b) >> 1); }
static u32 reverse_subtract(u32 a, u32 b) { return b - a; }

static u32 (*const functions[8])(u32, u32) = {add,    subtract, exclusive_or, multiply,
                                              rotate, smaller,  average,      reverse_subtract};

KERNEL(indirect)(u32 n) {
  u32 state = 1, sum = 0;
  for (u32 i = 0; i < n; i++) {
    u32 v = next_random(&state);
    sum = functions[(i + (i >> 3)) & 7](sum, v);
  }
  return sum;
}
