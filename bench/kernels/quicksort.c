// Quicksort of n random u32 (at most 64 Ki), median of three, insertion sort below 12: data-dependent branches.
#include "kernel.h"

enum { kMax = 1 << 16 };
static u32 values[kMax];

static void swap(u32* a, u32* b) {
  u32 t = *a;
  *a = *b;
  *b = t;
}

static void sort(u32* first, u32* last) {
  while (last - first >= 12) {
    u32* middle = first + (last - first) / 2;
    if (*middle < *first) swap(middle, first);
    if (*last < *first) swap(last, first);
    if (*last < *middle) swap(last, middle);
    u32 pivot = *middle;
    u32 *i = first, *j = last;
    while (i <= j) {
      while (*i < pivot) i++;
      while (pivot < *j) j--;
      if (i <= j) swap(i++, j--);
    }
    if (j - first < last - i) {
      sort(first, j);
      first = i;
    } else {
      sort(i, last);
      last = j;
    }
  }
  for (u32* i = first + 1; i <= last; i++) {
    u32 v = *i;
    u32* j = i;
    while (j > first && j[-1] > v) {
      *j = j[-1];
      j--;
    }
    *j = v;
  }
}

KERNEL(quicksort)(u32 n) {
  if (n > kMax) n = kMax;
  if (n == 0) return 0;
  u32 state = 42;
  for (u32 i = 0; i < n; i++) values[i] = next_random(&state);
  sort(values, values + n - 1);
  u32 sum = 0;
  for (u32 i = 0; i < n; i++) {
    if (i > 0 && values[i - 1] > values[i]) return 0;
    sum += values[i] * (i + 1);
  }
  return sum;
}
