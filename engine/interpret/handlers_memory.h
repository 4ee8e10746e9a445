// Loads and stores (specification, section 4.6.6).
//
// Guarded: memory 0, 32-bit addresses, one-byte alignment immediate: base + address + offset without a check, because
// it cannot leave the reservation (objects.h); what is not mapped faults, and fault.cpp makes a trap of it. General:
// everything else, by explicit check. The validator's stamps decide which of the two an instruction is; nothing is
// tested per access.
#pragma once
#include "engine/interpret/execute.h"

namespace brink::interpret {

struct GuardedAccess {
  static constexpr bool kChecked = false;
  // The accessed bytes; `p` stands at the memory argument and moves behind it.
  BRINK_INLINE static u8* locate(State& s, const u8*& p, u64 address, u32 /*size*/) {
    p += 1;
    u64 offset = read_u32(p);
    return s.memory + address + offset;
  }
};

struct GeneralAccess {
  static constexpr bool kChecked = true;
  static u8* locate(State& s, const u8*& p, u64 address, u32 size) {
    u32 flags = read_u32(p);
    u32 index = flags & 0x40 ? read_u32(p) : 0;
    u64 offset = read_u64(p);
    const runtime::Memory& memory = *s.instance->memories[index];
    u64 effective = address + offset;
    if (effective < offset || !memory.contains(effective, size)) return nullptr;
    return memory.base + effective;
  }
};

// Prefixed instructions have had their pc saved by the prefix's handler.
template <Op op>
BRINK_INLINE void save_pc(State& s) {
  if constexpr (op_info(op).code >> 16 == 0) s.context->pc = s.pc;
}

template <Op op, class Access, class OnStack, class InMemory>
BRINK_INLINE Flow load(State& s) {
  save_pc<op>(s);
  const u8* p = s.pc + 1;
  const u8* at = Access::locate(s, p, s.sp[-1], sizeof(InMemory));
  if constexpr (Access::kChecked)
    if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
  InMemory value;
  std::memcpy(&value, at, sizeof value);
  s.sp[-1] = to_slot(static_cast<OnStack>(value));
  s.pc = p;
  return Flow::Next;
}

template <Op op, class Access, class InMemory>
BRINK_INLINE Flow store(State& s) {
  save_pc<op>(s);
  const u8* p = s.pc + 1;
  u8* at = Access::locate(s, p, s.sp[-2], sizeof(InMemory));
  if constexpr (Access::kChecked)
    if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
  auto value = static_cast<InMemory>(s.sp[-1]);
  std::memcpy(at, &value, sizeof value);
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

#define BRINK_LOAD(id, on_stack, in_memory)                                                         \
  template <class Access>                                                                           \
  struct Execute<Op::id, Access> {                                                                  \
    BRINK_INLINE static Flow run(State& s) { return load<Op::id, Access, on_stack, in_memory>(s); } \
  };
#define BRINK_STORE(id, in_memory)                                                         \
  template <class Access>                                                                  \
  struct Execute<Op::id, Access> {                                                         \
    BRINK_INLINE static Flow run(State& s) { return store<Op::id, Access, in_memory>(s); } \
  };

BRINK_LOAD(I32Load, u32, u32)
BRINK_LOAD(I64Load, u64, u64)
BRINK_LOAD(F32Load, u32, u32)
BRINK_LOAD(F64Load, u64, u64)
BRINK_LOAD(I32Load8S, i32, i8)
BRINK_LOAD(I32Load8U, u32, u8)
BRINK_LOAD(I32Load16S, i32, i16)
BRINK_LOAD(I32Load16U, u32, u16)
BRINK_LOAD(I64Load8S, i64, i8)
BRINK_LOAD(I64Load8U, u64, u8)
BRINK_LOAD(I64Load16S, i64, i16)
BRINK_LOAD(I64Load16U, u64, u16)
BRINK_LOAD(I64Load32S, i64, i32)
BRINK_LOAD(I64Load32U, u64, u32)
BRINK_STORE(I32Store, u32)
BRINK_STORE(I64Store, u64)
BRINK_STORE(F32Store, u32)
BRINK_STORE(F64Store, u64)
BRINK_STORE(I32Store8, u8)
BRINK_STORE(I32Store16, u16)
BRINK_STORE(I64Store8, u8)
BRINK_STORE(I64Store16, u16)
BRINK_STORE(I64Store32, u32)

#undef BRINK_LOAD
#undef BRINK_STORE

}  // namespace brink::interpret
