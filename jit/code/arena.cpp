#include "jit/code/arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace brink::jit {

Result<std::unique_ptr<CodeArena>> CodeArena::create(u32 bytes, Mapping mapping) {
  std::unique_ptr<CodeArena> arena(new CodeArena);
  arena->run_protection_ = PROT_READ | PROT_EXEC;
#if defined(__aarch64__)
  if (mapping.has_landing_pads) arena->run_protection_ |= PROT_BTI;
#endif
  auto failed = [](const char* what) {
    return fail(ErrorKind::Limit, std::string("cannot reserve memory for machine code: ") + what + ": " +
                                      std::strerror(errno));
  };
  bytes = (bytes + granule() - 1) & ~(granule() - 1);
  if (mapping.is_anonymous) {
    void* run = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run == MAP_FAILED) return failed("mmap");
    // Of no bytes: another view of the same memory (mremap(2)). qemu-user 7.2 refuses it; then a file is behind the code.
    void* write = mremap(run, 0, bytes, MREMAP_MAYMOVE);
    if (write != MAP_FAILED) {
      arena->size_ = bytes;
      arena->run_ = static_cast<u8*>(run);
      arena->write_ = static_cast<u8*>(write);
      if (mprotect(run, bytes, arena->run_protection_) != 0) return failed("mprotect");
      arena->free_.emplace(0, bytes);
      return arena;
    }
    munmap(run, bytes);
  }
  arena->file_ = memfd_create("brink-code", MFD_CLOEXEC);
  if (arena->file_ < 0) return failed("memfd_create");
  if (ftruncate(arena->file_, bytes) != 0) return failed("ftruncate");
  arena->size_ = bytes;
  void* run = mmap(nullptr, bytes, arena->run_protection_, MAP_SHARED, arena->file_, 0);
  if (run == MAP_FAILED) return failed("mmap");
  arena->run_ = static_cast<u8*>(run);
  void* write = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena->file_, 0);
  if (write == MAP_FAILED) return failed("mmap");
  arena->write_ = static_cast<u8*>(write);
  arena->free_.emplace(0, bytes);
  return arena;
}

CodeArena::~CodeArena() {
  if (run_ != nullptr) munmap(run_, size_);
  if (write_ != nullptr) munmap(write_, size_);
  if (file_ >= 0) close(file_);
}

std::optional<CodeArena::Block> CodeArena::allocate(u32 bytes) {
  if (bytes > size_) return std::nullopt;
  bytes = (bytes + granule() - 1) & ~(granule() - 1);
  std::lock_guard lock(mutex_);
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    auto [offset, size] = *it;
    if (size < bytes) continue;
    free_.erase(it);
    if (size > bytes) free_.emplace(offset + bytes, size - bytes);
    used_ += bytes;
    return Block{offset, bytes};
  }
  return std::nullopt;
}

// A kernel before 5.14 refuses, and takes it page by page.
void CodeArena::populate(Block block) { (void)madvise(write_ + block.offset, block.size, MADV_POPULATE_WRITE); }

void CodeArena::release(Block block) {
  if (file_ < 0) madvise(write_ + block.offset, block.size, MADV_REMOVE);
  else fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, block.offset, block.size);
#if defined(__aarch64__)
  // qemu before 8.1 keeps its translation of what was here, whatever instructions for caches say, unless the mapping is new.
  if (file_ >= 0)
    mmap(run_ + block.offset, block.size, run_protection_, MAP_SHARED | MAP_FIXED, file_, block.offset);
#endif
  std::lock_guard lock(mutex_);
  used_ -= block.size;
  auto [it, inserted] = free_.emplace(block.offset, block.size);
  if (auto next = std::next(it); next != free_.end() && it->first + it->second == next->first) {
    it->second += next->second;
    free_.erase(next);
  }
  if (it != free_.begin()) {
    auto previous = std::prev(it);
    if (previous->first + previous->second == it->first) {
      previous->second += it->second;
      free_.erase(it);
    }
  }
}

u64 CodeArena::used_bytes() const {
  std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace brink::jit
