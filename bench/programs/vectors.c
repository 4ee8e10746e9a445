// Loops over bytes and floats that compilers vectorize, as image and text handlers have: vectors NAME ROUNDS prints a checksum.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kBytes = 65536, kFloats = 4096 };

static uint8_t from[kBytes], to[kBytes];
static float left[kFloats], right[kFloats];

// A row blurred by the weights 1 4 6 4 1.
static unsigned blur(unsigned round) {
  for (int i = 2; i < kBytes - 2; i++)
    to[i] = (uint8_t)((from[i - 2] + 4 * from[i - 1] + 6 * from[i] + 4 * from[i + 1] + from[i + 2] + 8) >> 4);
  return to[round % kBytes];
}

// RGBA to brightness.
static unsigned gray(unsigned round) {
  for (int i = 0; i < kBytes / 4; i++) to[i] = (uint8_t)((77 * from[4 * i] + 150 * from[4 * i + 1] + 29 * from[4 * i + 2]) >> 8);
  return to[round % (kBytes / 4)];
}

static unsigned count(unsigned round) {
  unsigned found = 0;
  for (int i = 0; i < kBytes; i++) found += from[i] == (uint8_t)round;
  return found;
}

static unsigned dot(unsigned round) {
  float sums[8] = {0}, sum = 0;
  left[round % kFloats] += 1;
  for (int i = 0; i < kFloats; i += 8)
    for (int k = 0; k < 8; k++) sums[k] += left[i + k] * right[i + k];
  for (int k = 0; k < 8; k++) sum += sums[k];
  return (unsigned)sum;
}

static const struct {
  const char* name;
  unsigned (*function)(unsigned);
} loops[] = {{"blur", blur}, {"gray", gray}, {"count", count}, {"dot", dot}};

int main(int argc, char** argv) {
  for (int i = 0; i < kBytes; i++) from[i] = (uint8_t)(i * 31 + (i >> 5));
  for (int i = 0; i < kFloats; i++) left[i] = (float)i * 0.5f, right[i] = 1.0f / (float)(i + 1);
  for (size_t i = 0; argc == 3 && i < sizeof loops / sizeof *loops; i++) {
    if (strcmp(argv[1], loops[i].name) != 0) continue;
    unsigned sum = 0, rounds = (unsigned)atoi(argv[2]);
    for (unsigned round = 0; round < rounds; round++) {
      from[round % kBytes] ^= 1;
      sum = sum * 31 + loops[i].function(round);
    }
    printf("%s %08x\n", argv[1], sum);
    return 0;
  }
  fprintf(stderr, "usage: vectors blur|gray|count|dot ROUNDS\n");
  return 2;
}
