// CRC-32 (ISO 3309, the one of zlib and Ethernet) over n KiB, a byte at a time through a table: byte k is k mod 251.
#include "kernel.h"

static u32 table[256];

KERNEL(crc32)(u32 n) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (u32 k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  u32 crc = ~0u, next = 0;
  for (u32 i = 0; i < n * 1024; i++) {
    crc = table[(crc ^ next) & 255] ^ crc >> 8;
    next = next == 250 ? 0 : next + 1;
  }
  return ~crc;
}
