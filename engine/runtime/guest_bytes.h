// Bulk moves of bytes in linear memories, which other threads may be using.
//
// Guests may race on plain accesses; the specification gives them some interleaving of bytes. So does what the compiler
// makes of ours: fixed-size moves become plain loads and stores, these here are the C library's functions. Only
// ThreadSanitizer cannot tell a guest's race from one of the engine's. Under it these functions move byte by byte, and
// the interpreter's handlers (interpreter.cpp) are compiled without its checks of plain accesses; atomic instructions,
// and all code outside of handlers, keep them.
#pragma once
#include <cstring>

#include "engine/base/integers.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BRINK_THREAD_SANITIZER 1
#endif
#endif

#ifdef BRINK_THREAD_SANITIZER
#define BRINK_GUEST_RACES __attribute__((no_sanitize("thread")))
#else
#define BRINK_GUEST_RACES
#endif

namespace brink::runtime {

#ifdef BRINK_THREAD_SANITIZER

// `volatile`, or the loops would become calls of the functions that ThreadSanitizer watches.
BRINK_GUEST_RACES inline void fill_guest_bytes(u8* to, u8 value, u64 size) {
  volatile u8* out = to;
  for (u64 i = 0; i < size; ++i) out[i] = value;
}

BRINK_GUEST_RACES inline void move_guest_bytes(u8* to, const u8* from, u64 size) {
  volatile u8* out = to;
  const volatile u8* in = from;
  if (to <= from)
    for (u64 i = 0; i < size; ++i) out[i] = in[i];
  else
    for (u64 i = size; i-- > 0;) out[i] = in[i];
}

#else

inline void fill_guest_bytes(u8* to, u8 value, u64 size) { std::memset(to, value, size); }
inline void move_guest_bytes(u8* to, const u8* from, u64 size) {
  if (size != 0) std::memmove(to, from, size);
}

#endif

}  // namespace brink::runtime
