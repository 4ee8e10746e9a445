// Tables of functions that cost a program's start nothing.
//
// In a position-independent program a table of pointers is written at every start, whatever runs: 1.3 µs a page. Here the
// program holds how far each function is from its place in the table. No constant of C++ is the distance of two
// addresses, but any assembler's is; so a table is "code" of a function that nobody calls:
//
//   BRINK_DISTANCES(brink_numbers, 2);
//   [[gnu::used, gnu::noinline]] void write_numbers() {
//     BRINK_BEGIN_DISTANCES("brink_numbers");
//     BRINK_DISTANCE("brink_numbers", one);
//     BRINK_DISTANCE("brink_numbers", two);
//   }
//   at_distance<Function>(brink_numbers[1])   // two
//
// Compilers that have no such operands (gcc, where code is position-independent) keep their tables of pointers.
#pragma once
#include <cstdint>

#include "engine/base/integers.h"

#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define BRINK_HAS_DISTANCES 1

#define BRINK_DISTANCES(name, count) extern "C" const i32 name[count] __attribute__((visibility("hidden")))
#define BRINK_BEGIN_DISTANCES(name) \
  asm volatile(".pushsection .rodata." name ",\"a\"\n\t.p2align 6\n\t.globl " name "\n\t.hidden " name "\n" name ":\n\t.popsection")
#define BRINK_DISTANCE(name, ...) \
  asm volatile(".pushsection .rodata." name ",\"a\"\n\t.long %c0 - .\n\t.popsection" ::"i"(&__VA_ARGS__))

namespace brink::interpret {

template <class F>
F at_distance(const i32& distance) {
  return reinterpret_cast<F>(reinterpret_cast<uintptr_t>(&distance) + static_cast<uintptr_t>(intptr_t{distance}));
}

}  // namespace brink::interpret
#endif
