// Linear memories: address space reserved once, opened page by page as the memory grows, so that the base never moves.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/host_page.h"
#include "engine/runtime/fault.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/page_tracker.h"
#include "engine/runtime/parking_lot.h"

namespace brink::runtime {
namespace {

// Any 32-bit address + any 32-bit offset + the widest access stays below this.
constexpr u64 kGuardedReservation = (u64{1} << 33) + (u64{1} << 16);
// Memories that are checked explicitly may grow to at most this.
constexpr u64 kMaxReservation64 = u64{1} << 36;

}  // namespace

Memory::Memory() = default;

Memory::~Memory() {
  if (base != nullptr) munmap(base, reserved_bytes);
}

Result<std::unique_ptr<Memory>> create_memory(const MemoryType& type, u64 limit_bytes,
                                              const MemoryImage* image) {
  auto memory = std::make_unique<Memory>();
  memory->type = type;
  u64 min = type.min_bytes();
  // The processor guards no less than a host page, which is at most 64 KiB.
  bool guarded = type.limits.address == AddressType::I32 && type.page_size_log2 == 16;
  u64 ceiling = type.limits.address == AddressType::I32 ? u64{1} << 32 : kMaxReservation64;
  memory->limit_bytes = std::min({type.max_bytes(), limit_bytes, ceiling});
  if (min > memory->limit_bytes)
    return fail(ErrorKind::Limit, "a memory of " + std::to_string(min) + " bytes exceeds the limit of " +
                                      std::to_string(std::min(limit_bytes, ceiling)) + " bytes");
  memory->reserved_bytes =
      guarded ? kGuardedReservation : std::max(round_up_to_host_page(memory->limit_bytes), kHostPage);
  void* mapping = mmap(nullptr, memory->reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    return fail(ErrorKind::Limit, "cannot reserve " + std::to_string(memory->reserved_bytes) +
                                      " bytes of address space for a memory: " + std::strerror(errno));
  memory->base = static_cast<u8*>(mapping);
  bool is_open = image != nullptr ? image->map(memory->base)
                                  : min == 0 || mprotect(mapping, round_up_to_host_page(min), PROT_READ | PROT_WRITE) == 0;
  if (!is_open)
    return fail(ErrorKind::Limit,
                "cannot allocate " + std::to_string(min) + " bytes for a memory: " + std::strerror(errno));
  memory->size_bytes = min;
  if (image != nullptr) memory->tracker = std::make_unique<PageTracker>(memory->base, *image);
  if (type.limits.is_shared) memory->lot = std::make_unique<ParkingLot>();
  install_fault_handler();
  return memory;
}

u64 grow_memory(Memory& memory, u64 delta_pages) {
  std::lock_guard lock(memory.grow_mutex);
  u64 old_size = memory.size_bytes;
  u32 shift = memory.type.page_size_log2;
  u64 old_pages = old_size >> shift;
  if (delta_pages == 0) return old_pages;
  u64 room = (memory.limit_bytes - old_size) >> shift;
  if (delta_pages > room) return ~u64{0};
  u64 new_size = old_size + (delta_pages << shift);
  u64 opened = round_up_to_host_page(old_size);
  u64 wanted = round_up_to_host_page(new_size);
  if (memory.budget != nullptr && !memory.budget->take(new_size - old_size)) return ~u64{0};
  if (wanted > opened && mprotect(memory.base + opened, wanted - opened, PROT_READ | PROT_WRITE) != 0) {
    if (memory.budget != nullptr) memory.budget->give_back(new_size - old_size);
    return ~u64{0};
  }
  memory.size_bytes = new_size;
  return old_pages;
}

}  // namespace brink::runtime

namespace brink {

Result<SharedMemory> SharedMemory::create(const MemoryType& type, u64 limit_bytes) {
  if (!type.limits.is_shared) return fail(ErrorKind::Usage, "the type of a shared memory must be shared");
  auto memory = runtime::create_memory(type, limit_bytes);
  if (!memory) return std::unexpected(std::move(memory.error()));
  return SharedMemory(std::move(*memory));
}

MemoryType SharedMemory::type() const { return impl_->type; }
u64 SharedMemory::size_bytes() const { return impl_->size_bytes; }
std::optional<u64> SharedMemory::grow(u64 delta_pages) { return Memory(impl_.get()).grow(delta_pages); }
std::optional<std::span<u8>> SharedMemory::span(u64 offset, u64 size) const {
  return Memory(impl_.get()).span(offset, size);
}

namespace {

template <class T>
std::optional<WaitResult> wait_at(runtime::Memory& memory, u64 offset, T expected, i64 timeout_ns) {
  if (offset % sizeof(T) != 0 || !memory.contains(offset, sizeof(T))) return std::nullopt;
  return memory.lot->wait(reinterpret_cast<T*>(memory.base + offset), expected, timeout_ns);
}

}  // namespace

std::optional<WaitResult> SharedMemory::wait32(u64 offset, u32 expected, i64 timeout_ns) {
  return wait_at(*impl_, offset, expected, timeout_ns);
}

std::optional<WaitResult> SharedMemory::wait64(u64 offset, u64 expected, i64 timeout_ns) {
  return wait_at(*impl_, offset, expected, timeout_ns);
}

std::optional<u32> SharedMemory::notify(u64 offset, u32 count) {
  if (offset % 4 != 0 || !impl_->contains(offset, 4)) return std::nullopt;
  return impl_->lot->notify(impl_->base + offset, count);
}

void SharedMemory::interrupt() { impl_->lot->interrupt(); }

}  // namespace brink
