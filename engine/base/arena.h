// Memory for what is made piece by piece and freed all at once: one bump pointer through chunks. What has no known size
// yet is written into the room behind the pointer, and kept once it is done.
#pragma once
#include <memory>
#include <memory_resource>
#include <span>
#include <vector>

#include "engine/base/integers.h"

namespace brink {

// Not safe from several threads. Everything lives as long as the arena; deallocating does nothing.
class Arena : public std::pmr::memory_resource {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // At least so many bytes behind what is kept, aligned to eight; good until the arena is next asked for anything.
  std::span<u8> room(size_t least);
  // Keeps the first bytes of the room last given out.
  void keep(size_t bytes) { position_ += bytes; }

 private:
  // Large enough that few functions end a chunk early; pages of it that nobody writes are no memory.
  static constexpr size_t kChunk = 64 * 1024;

  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void*, size_t, size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  std::vector<std::unique_ptr<u8[]>> chunks_;
  u8* position_ = nullptr;
  u8* end_ = nullptr;
};

}  // namespace brink
