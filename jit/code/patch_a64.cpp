// A slot is `nop; adr x16, slot; b stub`, and later starts with a branch to the function: the instructions that may be
// replaced by each other while they run are few (Arm Architecture Reference Manual, B2.2.5), and nop and b are among them.
//
// What has been written must reach the point of unification, and what instruction caches hold of the place must go, before it runs:
// finish_code(). Another processor may also have fetched ahead; membarrier makes all that run this process forget it.
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "jit/code/patch.h"

namespace brink::jit {
namespace {

u32 branch(const u8* at, const void* target) {
  return 0x14000000 | (static_cast<u32>((static_cast<const u8*>(target) - at) >> 2) & 0x03FFFFFF);
}

}  // namespace

void write_distance(u8* out, const u8* at, const void* target) {
  u32 instruction;
  std::memcpy(&instruction, out, 4);
  instruction = (instruction & 0xFC000000) | (branch(at, target) & 0x03FFFFFF);  // b or bl
  std::memcpy(out, &instruction, 4);
}

void clear_distance(u8* out) { write_distance(out, out, out); }

// movz and three movk, sixteen bits each from the lowest.
void write_address(u8* out, const void* address) {
  auto value = reinterpret_cast<u64>(address);
  for (u32 i = 0; i < 4; ++i) {
    u32 instruction;
    std::memcpy(&instruction, out + 4 * i, 4);
    instruction = (instruction & 0xFFE0001F) | static_cast<u32>(value >> 16 * i & 0xFFFF) << 5;
    std::memcpy(out + 4 * i, &instruction, 4);
  }
}

void write_slot(u8* out, const u8* at, const u8* stub) {
  // adr counts from itself
  u32 slot[3] = {0xD503201F, 0x10FFFFF0, branch(at + 8, stub)};
  std::memcpy(out, slot, sizeof slot);
}

void link_slot(u8* out, const u8* at, const u8* entry) {
  std::atomic_ref(*reinterpret_cast<u32*>(out)).store(branch(at, entry), std::memory_order_release);
  finish_code(at, at + 4);
}

void finish_code(const u8* begin, const u8* end) {
  static const bool is_registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
  __builtin___clear_cache(const_cast<char*>(reinterpret_cast<const char*>(begin)),
                          const_cast<char*>(reinterpret_cast<const char*>(end)));
  if (is_registered) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

}  // namespace brink::jit
