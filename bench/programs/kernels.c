// The kernels as a program, for engines that run programs: kernels NAME ROUNDS prints the checksum of ROUNDS rounds.
// `kernels list` prints the names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRINK_KERNEL(name, argument) unsigned kernel_##name(unsigned n);
#include "../kernels/kernels.def"
#undef BRINK_KERNEL

static const struct {
  const char* name;
  unsigned (*function)(unsigned);
  unsigned argument;
} kernels[] = {
#define BRINK_KERNEL(name, argument) {#name, kernel_##name, argument},
#include "../kernels/kernels.def"
#undef BRINK_KERNEL
};

int main(int argc, char** argv) {
  size_t count = sizeof kernels / sizeof *kernels;
  if (argc == 2 && strcmp(argv[1], "list") == 0) {
    for (size_t i = 0; i < count; i++) puts(kernels[i].name);
    return 0;
  }
  for (size_t i = 0; argc == 3 && i < count; i++) {
    if (strcmp(argv[1], kernels[i].name) != 0) continue;
    unsigned sum = 0;
    for (long rounds = atol(argv[2]); rounds > 0; rounds--) sum = sum * 31 + kernels[i].function(kernels[i].argument);
    printf("%s %08x\n", argv[1], sum);
    return 0;
  }
  fprintf(stderr, "usage: kernels NAME ROUNDS\n");
  return 2;
}
