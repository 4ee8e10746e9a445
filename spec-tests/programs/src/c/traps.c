// Writes a line, then does what its argument names; each of these must end the guest with a trap, not the host.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*Unary)(int);
typedef int (*Binary)(int, int);

static int negate(int x) { return -x; }

__attribute__((noinline)) static int recurse(volatile int* counter) {
  *counter += 1;
  return *counter == 0 ? 0 : recurse(counter) + *counter;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  volatile int zero = 0, counter = 0;
  volatile uintptr_t beyond = 0xfffffff0u;
  union {
    volatile Unary unary;
    volatile Binary binary;
  } function = {.unary = negate};
  printf("about to trap: %s\n", what);
  fflush(stdout);
  if (strcmp(what, "unreachable") == 0) __builtin_trap();
  if (strcmp(what, "memory") == 0) return *(volatile char*)beyond;
  if (strcmp(what, "divide") == 0) return argc / zero;
  if (strcmp(what, "signature") == 0) return function.binary(1, 2);
  if (strcmp(what, "recursion") == 0) return recurse(&counter);
  if (strcmp(what, "abort") == 0) abort();
  puts("no trap");
  return 0;
}
