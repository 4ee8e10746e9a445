// What is written into machine code when it has its place in the arena: distances, and the slots of jump tables. `out` is
// the place as it is written (CodeArena::writable), `at` as it will run.
#pragma once
#include "engine/base/integers.h"

namespace brink::jit {

// How far apart code and what it calls may be.
#if defined(__aarch64__)
inline constexpr u32 kBranchReach = 128u << 20;
inline constexpr u32 kSlotBytes = 12;
#else
inline constexpr u32 kBranchReach = 1u << 31;
inline constexpr u32 kSlotBytes = 8;
#endif

// How many bytes a distance is written into, whose bits they need not all be.
inline constexpr u32 kDistanceBytes = 4;
// Assembler::Relocation: the call or jump whose field is at `at`.
void write_distance(u8* out, const u8* at, const void* target);
// The same for code that is nowhere yet: as if it led to itself.
void clear_distance(u8* out);
// AddressReference: what move_address() has written.
void write_address(u8* out, const void* address);
// How many bytes that is.
#if defined(__aarch64__)
inline constexpr u32 kAddressBytes = 16;
#else
inline constexpr u32 kAddressBytes = 10;
#endif
// A jump table's slot for a function without machine code: calls `stub`, which learns the slot from where it was called.
void write_slot(u8* out, const u8* at, const u8* stub);
// From now on the slot is a jump to `entry`. Others may be running it.
void link_slot(u8* out, const u8* at, const u8* entry);
// Between writing code and running it.
void finish_code(const u8* begin, const u8* end);

}  // namespace brink::jit
