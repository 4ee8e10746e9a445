#include "engine/runtime/page_tracker.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace brink::runtime {
namespace {

// What open pages may take of the process's mappings, of which Linux gives 65,530 unless told otherwise.
constexpr u32 kMaxOpenMappings = 24'000;
std::atomic<u32> open_mappings = 0;

constexpr u8 kZeroPage[kMaxHostPage] = {};

std::unexpected<Error> refused(const char* what) {
  return fail(ErrorKind::Limit, std::string("cannot ") + what + " a memory's image: " + std::strerror(errno));
}

}  // namespace

// --- MemoryImage -----------------------------------------------------------------------------------------------------

Result<std::unique_ptr<MemoryImage>> MemoryImage::create(u64 memory_bytes, std::span<const Segment> segments) {
  std::unique_ptr<MemoryImage> image(new MemoryImage(memory_bytes));
  for (const Segment& segment : segments)
    if (!segment.bytes.empty())
      image->file_bytes_ = std::max(image->file_bytes_, round_up_to_host_page(segment.offset + segment.bytes.size()));
  if (image->file_bytes_ == 0) return image;

  image->file_ = memfd_create("brink image", MFD_CLOEXEC);
  if (image->file_ < 0 || ftruncate(image->file_, static_cast<off_t>(image->file_bytes_)) != 0) return refused("make");
  void* contents = mmap(nullptr, image->file_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, image->file_, 0);
  if (contents == MAP_FAILED) return refused("map");
  image->contents_ = static_cast<u8*>(contents);
  image->is_zero_.assign(image->file_bytes_ / kHostPage, true);
  for (const Segment& segment : segments) {
    if (segment.bytes.empty()) continue;
    std::memcpy(image->contents_ + segment.offset, segment.bytes.data(), segment.bytes.size());
    u64 last = (segment.offset + segment.bytes.size() - 1) / kHostPage;
    for (u64 page = segment.offset / kHostPage; page <= last; ++page) image->is_zero_[page] = false;
  }
  if (mprotect(contents, image->file_bytes_, PROT_READ) != 0) return refused("protect");
  return image;
}

MemoryImage::~MemoryImage() {
  if (contents_ != nullptr) munmap(contents_, file_bytes_);
  if (file_ >= 0) close(file_);
}

bool MemoryImage::map(u8* base) const {
  if (file_bytes_ != 0 &&
      mmap(base, file_bytes_, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file_, 0) == MAP_FAILED)
    return false;
  return memory_bytes_ == file_bytes_ || mprotect(base + file_bytes_, memory_bytes_ - file_bytes_, PROT_READ) == 0;
}

// --- PageTracker -----------------------------------------------------------------------------------------------------

PageTracker::~PageTracker() { open_mappings.fetch_sub(counted_mappings_, std::memory_order_relaxed); }

bool PageTracker::is_open(u32 page) const {
  return is_flooded_ || std::binary_search(open_, open_ + open_count_, page);
}

bool PageTracker::open_at(const void* address) {
  u64 offset = static_cast<u64>(static_cast<const u8*>(address) - base_);
  if (offset >= image_.memory_bytes()) return false;
  auto page = static_cast<u32>(offset / kHostPage);
  return !is_open(page) && open_run(page, 1);
}

void PageTracker::open(u64 offset, u64 size) {
  u64 end = std::min(offset + size, image_.memory_bytes());
  if (is_flooded_ || offset >= end) return;
  auto page = static_cast<u32>(offset / kHostPage);
  auto last = static_cast<u32>((end - 1) / kHostPage);
  if (last - page >= kMaxOpenPages) return flood();
  while (page <= last) {
    u32 count = 0;
    while (page + count <= last && !is_open(page + count)) ++count;
    if (count != 0 && !open_run(page, count)) return;
    page += std::max(count, 1u);
  }
}

void PageTracker::open_pages(std::span<const u32> pages) {
  for (size_t i = 0, run = 1; i < pages.size(); i += run, run = 1) {
    while (i + run < pages.size() && pages[i + run] == pages[i] + run) ++run;
    open(pages[i] * kHostPage, run * kHostPage);
  }
}

// None of the pages is open yet.
bool PageTracker::open_run(u32 first, u32 count) {
  u32* place = std::lower_bound(open_, open_ + open_count_, first);
  bool joins = (place != open_ && place[-1] == first - 1) || (place != open_ + open_count_ && *place == first + count);
  u32 new_mappings = joins ? 0 : 2;
  if (open_count_ + count > kMaxOpenPages ||
      open_mappings.load(std::memory_order_relaxed) + new_mappings > kMaxOpenMappings ||
      mprotect(base_ + first * kHostPage, count * kHostPage, PROT_READ | PROT_WRITE) != 0) {
    flood();
    return is_flooded_;
  }
  open_mappings.fetch_add(new_mappings, std::memory_order_relaxed);
  counted_mappings_ += new_mappings;
  std::copy_backward(place, open_ + open_count_, open_ + open_count_ + count);
  for (u32 i = 0; i < count; ++i) place[i] = first + i;
  open_count_ += count;
  return true;
}

void PageTracker::flood() {
  if (is_flooded_ || mprotect(base_, image_.memory_bytes(), PROT_READ | PROT_WRITE) != 0) return;
  is_flooded_ = true;
  open_count_ = 0;
  open_mappings.fetch_sub(counted_mappings_, std::memory_order_relaxed);
  counted_mappings_ = 0;
}

bool PageTracker::reset(u64 size_bytes, u64& pages_restored) {
  u64 initial = image_.memory_bytes();
  if (size_bytes > initial &&
      (madvise(base_ + initial, size_bytes - initial, MADV_DONTNEED) != 0 ||
       mprotect(base_ + initial, size_bytes - initial, PROT_NONE) != 0))
    return false;
  if (is_flooded_) return madvise(base_, initial, MADV_DONTNEED) == 0;
  for (u32 page : open_pages()) {
    u8* place = base_ + page * kHostPage;
    if (const u8* contents = image_.page(page)) std::memcpy(place, contents, kHostPage);
    else std::memset(place, 0, kHostPage);
  }
  pages_restored += open_count_;
  return true;
}

bool PageTracker::is_reset() const {
  for (u64 page = 0; page < image_.memory_bytes() / kHostPage; ++page) {
    const u8* contents = image_.page(page);
    if (std::memcmp(base_ + page * kHostPage, contents != nullptr ? contents : kZeroPage, kHostPage) != 0) return false;
  }
  return true;
}

}  // namespace brink::runtime
