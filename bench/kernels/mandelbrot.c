// The Mandelbrot set on an n×n grid, at most 100 iterations a point: f64 arithmetic in registers, unpredictable exits.
#include "kernel.h"

KERNEL(mandelbrot)(u32 n) {
  u32 sum = 0;
  double scale = 3.0 / n;
  for (u32 row = 0; row < n; row++)
    for (u32 column = 0; column < n; column++) {
      double cr = column * scale - 2.25, ci = row * scale - 1.5;
      double zr = 0, zi = 0;
      u32 i = 0;
      while (i < 100) {
        double r2 = zr * zr, i2 = zi * zi;
        if (r2 + i2 > 4.0) break;
        zi = 2.0 * zr * zi + ci;
        zr = r2 - i2 + cr;
        i++;
      }
      sum = sum * 31 + i;
    }
  return sum;
}
