// Memory traffic after McCalpin's STREAM: copy, scale, add and triad over three arrays of 128 KiB, n rounds.
#include "kernel.h"

enum { kElements = 16384 };
static double a[kElements], b[kElements], c[kElements];

KERNEL(stream)(u32 n) {
  for (u32 i = 0; i < kElements; i++) {
    a[i] = 1.0 + i;
    b[i] = 2.0;
    c[i] = 0.0;
  }
  for (u32 round = 0; round < n; round++) {
    for (u32 i = 0; i < kElements; i++) c[i] = a[i];
    for (u32 i = 0; i < kElements; i++) b[i] = 0.25 * c[i];
    for (u32 i = 0; i < kElements; i++) c[i] = a[i] + b[i];
    for (u32 i = 0; i < kElements; i++) a[i] = b[i] + 0.5 * c[i];
  }
  double sum = 0;
  for (u32 i = 0; i < kElements; i++) sum += a[i] + b[i] + c[i];
  return fold_f64(sum);
}
