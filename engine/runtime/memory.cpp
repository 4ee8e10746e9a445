// Linear memories: address space reserved once, opened page by page as the memory grows, so that the base never moves.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/runtime/fault.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

// Any 32-bit address + any 32-bit offset + the widest access stays below this.
constexpr u64 kGuardedReservation = (u64{1} << 33) + (u64{1} << 16);
// 64-bit memories are checked explicitly; they may grow to at most this.
constexpr u64 kMaxReservation64 = u64{1} << 36;

u64 round_up_to_host_page(u64 bytes) { return (bytes + 4095) & ~u64{4095}; }

}  // namespace

Memory::~Memory() {
  if (base != nullptr) munmap(base, reserved_bytes);
}

Result<std::unique_ptr<Memory>> create_memory(const MemoryType& type, u64 limit_bytes) {
  auto memory = std::make_unique<Memory>();
  memory->type = type;
  u64 min = type.min_bytes();
  bool guarded = type.limits.address == AddressType::I32;
  u64 ceiling = guarded ? u64{1} << 32 : kMaxReservation64;
  memory->limit_bytes = std::min({type.max_bytes(), limit_bytes, ceiling});
  if (min > memory->limit_bytes)
    return fail(ErrorKind::Limit, "a memory of " + std::to_string(min) + " bytes exceeds the limit of " +
                                      std::to_string(std::min(limit_bytes, ceiling)) + " bytes");
  memory->reserved_bytes =
      guarded ? kGuardedReservation : std::max<u64>(round_up_to_host_page(memory->limit_bytes), 4096);
  void* mapping = mmap(nullptr, memory->reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    return fail(ErrorKind::Limit, "cannot reserve " + std::to_string(memory->reserved_bytes) +
                                      " bytes of address space for a memory: " + std::strerror(errno));
  memory->base = static_cast<u8*>(mapping);
  if (min != 0 && mprotect(mapping, round_up_to_host_page(min), PROT_READ | PROT_WRITE) != 0)
    return fail(ErrorKind::Limit,
                "cannot allocate " + std::to_string(min) + " bytes for a memory: " + std::strerror(errno));
  memory->size_bytes = min;
  install_fault_handler();
  return memory;
}

u64 grow_memory(Memory& memory, u64 delta_pages) {
  u64 old_pages = memory.pages();
  if (delta_pages == 0) return old_pages;
  u32 shift = memory.type.page_size_log2;
  u64 room = (memory.limit_bytes - memory.size_bytes) >> shift;
  if (delta_pages > room) return ~u64{0};
  u64 new_size = memory.size_bytes + (delta_pages << shift);
  u64 opened = round_up_to_host_page(memory.size_bytes);
  u64 wanted = round_up_to_host_page(new_size);
  if (wanted > opened && mprotect(memory.base + opened, wanted - opened, PROT_READ | PROT_WRITE) != 0) return ~u64{0};
  memory.size_bytes = new_size;
  return old_pages;
}

}  // namespace brink::runtime
