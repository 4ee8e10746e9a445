// A reactor: no main, only exports to call. The constructor runs in _initialize, before any export.
#include <stdint.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

static int32_t start_value;

__attribute__((constructor)) static void construct(void) { start_value = 1234; }

EXPORT(initialized) int32_t initialized(void) { return start_value; }

EXPORT(fibonacci) int32_t fibonacci(int32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

EXPORT(factorial) int64_t factorial(int64_t n) { return n < 2 ? 1 : n * factorial(n - 1); }

EXPORT(average) double average(double a, double b) { return (a + b) / 2; }

EXPORT(lowest) int64_t lowest(void) { return INT64_MIN; }

#ifndef __wasm__
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  const char *a = argc > 2 ? argv[2] : "0", *b = argc > 3 ? argv[3] : "0";
  if (strcmp(name, "initialized") == 0) printf("%d\n", initialized());
  else if (strcmp(name, "fibonacci") == 0) printf("%d\n", fibonacci(atoi(a)));
  else if (strcmp(name, "factorial") == 0) printf("%lld\n", (long long)factorial(atoll(a)));
  else if (strcmp(name, "average") == 0) printf("%.17g\n", average(atof(a), atof(b)));
  else if (strcmp(name, "lowest") == 0) printf("%lld\n", (long long)lowest());
  else return 1;
  return 0;
}
#endif
