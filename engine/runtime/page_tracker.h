// How a pool's memory gets back to its module's initial contents without system calls: the learned set of dirty pages.
//
// A memory of a pool starts as a private, read-only mapping of its module's image (MemoryImage). The first write to a
// page faults; the fault handler asks the tracker, which notes the page and opens it for writing. It stays open for the
// life of the memory, so later tenants write without a fault, and a reset copies exactly the open pages back from the
// image. What was opened is handed on to the module's next memory, which starts with these pages open.
//
// A memory with more than kMaxOpenPages of them is flooded: it is opened as a whole, and a reset is one madvise, which
// lets the kernel drop what was written. So is one when the process runs short of mappings, of which an open page takes
// up to two. What memory.grow adds is always open, and taken away by a reset.
//
// The invariant everything rests on: a page of the initial memory that differs from the image is open. The processor
// enforces it for guests and the host; the kernel does not write to closed pages either, but fails with EFAULT, so the
// host opens what it lets the kernel write to (Memory::span).
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/host_page.h"

namespace brink::runtime {

// Copying a page back costs 0.1 µs, having it dropped and fetched again by a fault 1.3 µs: so copying pays far beyond
// this. But every open page of an idle instance is memory kept, and each is a fault of 10 µs to learn.
inline constexpr u32 kMaxOpenPages = 128;

// The initial contents of a module's memory, shared by all its instances.
class MemoryImage {
 public:
  // A run of initial bytes; runs may overlap, later ones count.
  struct Segment {
    u64 offset;
    std::span<const u8> bytes;
  };
  // `memory_bytes` is a multiple of kHostPage, and no segment leaves it. An Error of kind Limit if the system refuses.
  static Result<std::unique_ptr<MemoryImage>> create(u64 memory_bytes, std::span<const Segment> segments);
  ~MemoryImage();
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;

  u64 memory_bytes() const { return memory_bytes_; }
  // Maps the image over the first memory_bytes() at `base`, private and read-only; false if the system refuses.
  bool map(u8* base) const;
  // A page's contents; null if it is all zero.
  const u8* page(u64 index) const {
    return index * kHostPage < file_bytes_ && !is_zero_[index] ? contents_ + index * kHostPage : nullptr;
  }

 private:
  explicit MemoryImage(u64 memory_bytes) : memory_bytes_(memory_bytes) {}

  u64 memory_bytes_;
  u64 file_bytes_ = 0;  // beyond it all is zero, and no file
  int file_ = -1;
  u8* contents_ = nullptr;
  std::vector<bool> is_zero_;
};

class PageTracker {
 public:
  PageTracker(u8* base, const MemoryImage& image) : base_(base), image_(image) {}
  ~PageTracker();
  PageTracker(const PageTracker&) = delete;
  PageTracker& operator=(const PageTracker&) = delete;

  // A fault at this address: true if it was the first write to a page, which is open now. Safe in a signal handler.
  bool open_at(const void* address);
  // Opens what of a range lies in the initial memory; if that fails, writes fault.
  void open(u64 offset, u64 size);
  // Puts the initial contents back, and closes what lies between them and `size_bytes`. The number of pages that were
  // copied; nothing if the system refused, and the memory must not be used again.
  bool reset(u64 size_bytes, u64& pages_restored);
  // Whether the memory is as the image has it.
  bool is_reset() const;

  // Opens pages that another memory of the module has found to be written; ascending.
  void open_pages(std::span<const u32> pages);
  std::span<const u32> open_pages() const { return {open_, open_count_}; }  // ascending; none if flooded
  bool is_flooded() const { return is_flooded_; }
  void flood();

 private:
  bool is_open(u32 page) const;
  bool open_run(u32 first, u32 count);

  u8* base_;
  const MemoryImage& image_;
  bool is_flooded_ = false;
  u32 open_count_ = 0;
  u32 counted_mappings_ = 0;
  u32 open_[kMaxOpenPages];
};

}  // namespace brink::runtime
