// The native twin of kernels.ts: `kernels NAME ARGUMENTS…` prints what the export of that name returns.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }

static int primes(int limit) {
  char* composite = calloc((size_t)limit + 1, 1);
  int count = 0;
  for (int n = 2; n <= limit; n++) {
    if (composite[n]) continue;
    count++;
    for (int m = n * 2; m <= limit; m += n) composite[m] = 1;
  }
  free(composite);
  return count;
}

static int collatz(int64_t start) {
  int steps = 0;
  for (int64_t n = start; n != 1; steps++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

static int64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return (int64_t)(x ^ (x >> 31));
}

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  const char *a = argc > 2 ? argv[2] : "0", *b = argc > 3 ? argv[3] : "0";
  if (strcmp(name, "gcd") == 0) printf("%d\n", gcd(atoi(a), atoi(b)));
  else if (strcmp(name, "primes") == 0) printf("%d\n", primes(atoi(a)));
  else if (strcmp(name, "collatz") == 0) printf("%d\n", collatz(atoll(a)));
  else if (strcmp(name, "mix") == 0) printf("%lld\n", (long long)mix((uint64_t)atoll(a)));
  else if (strcmp(name, "hypotenuse") == 0) printf("%.17g\n", sqrt(atof(a) * atof(a) + atof(b) * atof(b)));
  else return 1;
  return 0;
}
