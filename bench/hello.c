// The program of bench/startup, native and as WebAssembly. printf with a number, so that it has the C library of a real
// program behind it.
#include <stdio.h>

int main(int argc, char** argv) {
  (void)argv;
  return printf("hello, world, from a program with %d argument(s)\n", argc - 1) < 0;
}
