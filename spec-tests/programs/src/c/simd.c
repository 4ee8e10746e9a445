// 128-bit vectors: image blending on bytes, a saturating mix of 16-bit samples, a matrix product on f32x4,
// integer hashing on i64x2. Written with the compiler's generic vectors, so native code does the same arithmetic.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

enum { kBytes = 4096, kSize = 32 };

static _Alignas(16) uint8_t front[kBytes], back[kBytes], mask[kBytes], blended[kBytes];
static _Alignas(16) int16_t left[kBytes], right[kBytes], mixed[kBytes];
static _Alignas(16) float a[kSize][kSize], b[kSize][kSize], product[kSize][kSize];

static uint32_t state = 12345;

static uint32_t next(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

static uint64_t checksum(const void* bytes, size_t count) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < count; i++) hash = (hash ^ ((const uint8_t*)bytes)[i]) * 1099511628211u;
  return hash;
}

static void blend(void) {
  for (int i = 0; i < kBytes; i += 16) {
    u8x16 f = *(u8x16*)(front + i), g = *(u8x16*)(back + i), m = *(u8x16*)(mask + i);
    u8x16 take = (u8x16)(m > 127);
    u8x16 average = (f & g) + ((f ^ g) >> 1);
    u8x16 swapped = __builtin_shufflevector(average, average, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    *(u8x16*)(blended + i) = (f & take) | (swapped & ~take);
  }
}

static void mix(void) {
  for (int i = 0; i < kBytes; i += 8) {
    i16x8 x = *(i16x8*)(left + i), y = *(i16x8*)(right + i);
    i16x8 sum = __builtin_elementwise_add_sat(x, y);
    i16x8 loud = __builtin_elementwise_max(sum, y >> 2);
    *(i16x8*)(mixed + i) = loud ^ (i16x8)((u16x8)x >> 3);
  }
}

static void multiply(void) {
  for (int i = 0; i < kSize; i++) {
    for (int j = 0; j < kSize; j += 4) {
      f32x4 sum = {0, 0, 0, 0};
      for (int k = 0; k < kSize; k++) sum += a[i][k] * *(f32x4*)&b[k][j];
      *(f32x4*)&product[i][j] = sum;
    }
  }
}

static uint64_t hash_lanes(void) {
  u64x2 h = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu};
  u32x4 w = {1, 2, 3, 4};
  for (int i = 0; i < 20000; i++) {
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u + (u64x2){(uint64_t)i, ~(uint64_t)i};
    w = (w << 5 | w >> 27) + (u32x4)h;
  }
  return h[0] ^ h[1] ^ ((uint64_t)(w[0] + w[1]) << 32 | (w[2] ^ w[3]));
}

int main(void) {
  for (int i = 0; i < kBytes; i++) {
    front[i] = (uint8_t)next();
    back[i] = (uint8_t)next();
    mask[i] = (uint8_t)next();
    left[i] = (int16_t)next();
    right[i] = (int16_t)next();
  }
  for (int i = 0; i < kSize; i++)
    for (int j = 0; j < kSize; j++) {
      a[i][j] = (float)(int)(next() % 2001 - 1000) / 64;
      b[i][j] = (float)(int)(next() % 2001 - 1000) / 32;
    }
  for (int round = 0; round < 20; round++) {
    blend();
    memcpy(front, blended, sizeof front);
    mix();
    memcpy(left, mixed, sizeof left);
    multiply();
  }
  printf("blend    %016llx\n", (unsigned long long)checksum(blended, sizeof blended));
  printf("mix      %016llx\n", (unsigned long long)checksum(mixed, sizeof mixed));
  printf("multiply %016llx\n", (unsigned long long)checksum(product, sizeof product));
  printf("lanes    %016llx\n", (unsigned long long)hash_lanes());

  f64x2 root = {1, 100};
  const f64x2 target = {2, 54321};
  for (int i = 0; i < 40; i++) root = (root + target / root) * 0.5;
  printf("roots    %.15g %.15g\n", root[0], root[1]);
  return 0;
}
