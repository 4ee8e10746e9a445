// Product of two n×n matrices of f64 (n at most 128), the textbook's three loops.
#include "kernel.h"

enum { kMax = 128 };
static double a[kMax][kMax], b[kMax][kMax], product[kMax][kMax];

KERNEL(matmul)(u32 n) {
  if (n > kMax) n = kMax;
  u32 state = 7;
  for (u32 i = 0; i < n; i++)
    for (u32 j = 0; j < n; j++) {
      a[i][j] = (double)(next_random(&state) >> 12) / 1048576.0;
      b[i][j] = (double)(next_random(&state) >> 12) / 1048576.0 - 0.5;
    }
  for (u32 i = 0; i < n; i++)
    for (u32 j = 0; j < n; j++) {
      double sum = 0;
      for (u32 k = 0; k < n; k++) sum += a[i][k] * b[k][j];
      product[i][j] = sum;
    }
  double trace = 0;
  for (u32 i = 0; i < n; i++)
    for (u32 j = 0; j < n; j++) trace += i == j ? product[i][j] : product[i][j] * 0.125;
  return fold_f64(trace);
}
