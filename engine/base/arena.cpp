#include "engine/base/arena.h"

#include <algorithm>

namespace brink {
namespace {

// How many bytes on the next address with the alignment, a power of two, is.
size_t distance_to_aligned(const u8* position, size_t alignment) {
  return -reinterpret_cast<uintptr_t>(position) & (alignment - 1);
}

}  // namespace

std::span<u8> Arena::room(size_t least) {
  size_t skipped = distance_to_aligned(position_, alignof(u64));
  if (auto left = static_cast<size_t>(end_ - position_); left < skipped || left - skipped < least) {
    size_t size = std::max(kChunk, least);
    chunks_.push_back(std::make_unique_for_overwrite<u8[]>(size));
    position_ = chunks_.back().get();
    end_ = position_ + size;
    skipped = 0;
  }
  position_ += skipped;
  return {position_, end_};
}

void* Arena::do_allocate(size_t bytes, size_t alignment) {
  u8* first = room(bytes + alignment).data();
  first += distance_to_aligned(first, alignment);
  position_ = first + bytes;
  return first;
}

}  // namespace brink
