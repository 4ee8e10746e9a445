// Counts all allocations of the decoder's tests. A file of its own, so that no compiler sees one half of the pair
// inlined and warns of a mismatch.
#include <cstdlib>
#include <new>

#include "engine/decode/test_modules.h"

namespace brink::test {

size_t allocated_bytes = 0;
size_t largest_allocation = 0;

}  // namespace brink::test

void* operator new(size_t size) {
  brink::test::allocated_bytes += size;
  if (size > brink::test::largest_allocation) brink::test::largest_allocation = size;
  if (void* block = std::malloc(size)) return block;
  std::abort();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
