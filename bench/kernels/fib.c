// Recursive calls: nothing but calls, one compare and one addition.
#include "kernel.h"

static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

KERNEL(fib)(u32 n) { return fib(n); }
