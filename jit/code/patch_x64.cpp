// A slot is a call of the stub, and later a jump; it changes by one aligned store, which the processor sees as a whole.
#include <atomic>
#include <cstring>

#include "jit/code/patch.h"

namespace brink::jit {

void write_distance(u8* out, const u8* at, const void* target) {
  auto distance = static_cast<i32>(static_cast<const u8*>(target) - (at + 4));
  std::memcpy(out, &distance, 4);
}

void clear_distance(u8* out) { std::memset(out, 0, 4); }

// Behind a prefix and the opcode.
void write_address(u8* out, const void* address) { std::memcpy(out + 2, &address, sizeof address); }

void write_slot(u8* out, const u8* at, const u8* stub) {
  u8 slot[8] = {0xE8, 0, 0, 0, 0, 0xCC, 0xCC, 0xCC};
  write_distance(slot + 1, at + 1, stub);
  std::memcpy(out, slot, sizeof slot);
}

void link_slot(u8* out, const u8* at, const u8* entry) {
  u64 jump = 0xCCCCCC00000000E9;
  auto distance = static_cast<u32>(static_cast<i32>(entry - (at + 5)));
  jump |= u64{distance} << 8;
  std::atomic_ref(*reinterpret_cast<u64*>(out)).store(jump, std::memory_order_release);
}

// Caches are coherent with what is written.
void finish_code(const u8*, const u8*) {}

}  // namespace brink::jit
