// Atomic instructions (threads proposal): loads, stores, read-modify-write, wait and notify; all sequentially
// consistent.
//
// One form for all memories, with an explicit bounds check: beside what an atomic access costs it does not count,
// notify must trap out of bounds although it accesses nothing, and a fault inside ThreadSanitizer's own implementation
// of an atomic access would leave its locks behind. An address that is not a multiple of the access's size traps before
// its bounds are looked at.
#pragma once
#include <atomic>

#include "engine/interpret/execute.h"
#include "engine/runtime/interrupts.h"
#include "engine/runtime/parking_lot.h"

namespace brink::interpret {

struct AtomicPlace {
  runtime::Memory* memory;
  u8* at;  // null: the trap is set
};

// `p` stands at the memory argument and moves behind it.
BRINK_INLINE AtomicPlace locate_atomic(State& s, const u8*& p, u64 address, u32 size) {
  u32 flags = read_u32(p);
  u32 index = flags & 0x40 ? read_u32(p) : 0;
  u64 offset = read_u64(p);
  runtime::Memory* memory = s.instance->memories[index];
  u64 effective = address + offset;
  if ((effective & (size - 1)) != 0) [[unlikely]] {
    s.context->trap = TrapKind::UnalignedAtomic;
    return {memory, nullptr};
  }
  if (effective < offset || !memory->contains(effective, size)) [[unlikely]] {
    s.context->trap = TrapKind::MemoryOutOfBounds;
    return {memory, nullptr};
  }
  return {memory, memory->base + effective};
}

template <class T>
BRINK_INLINE std::atomic_ref<T> atomic_at(u8* at) {
  static_assert(std::atomic_ref<T>::is_always_lock_free && std::atomic_ref<T>::required_alignment == sizeof(T));
  return std::atomic_ref<T>(*reinterpret_cast<T*>(at));
}

template <class InMemory>
BRINK_INLINE Flow atomic_load(State& s) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-1], sizeof(InMemory));
  if (place.at == nullptr) return Flow::Trap;
  s.sp[-1] = atomic_at<InMemory>(place.at).load();
  s.pc = p;
  return Flow::Next;
}

template <class InMemory>
BRINK_INLINE Flow atomic_store(State& s) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-2], sizeof(InMemory));
  if (place.at == nullptr) return Flow::Trap;
  atomic_at<InMemory>(place.at).store(static_cast<InMemory>(s.sp[-1]));
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

// The old value, zero-extended, is the result: for i32 and i64 alike.
template <class InMemory, class Update>
BRINK_INLINE Flow atomic_update(State& s, Update update) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-2], sizeof(InMemory));
  if (place.at == nullptr) return Flow::Trap;
  s.sp[-2] = static_cast<InMemory>(update(atomic_at<InMemory>(place.at), static_cast<InMemory>(s.sp[-1])));
  s.sp -= 1;
  s.pc = p;
  return Flow::Next;
}

// The expected value is wrapped to the width of the access, like the replacement.
template <class InMemory>
BRINK_INLINE Flow atomic_compare_exchange(State& s) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-3], sizeof(InMemory));
  if (place.at == nullptr) return Flow::Trap;
  auto found = static_cast<InMemory>(s.sp[-2]);
  atomic_at<InMemory>(place.at).compare_exchange_strong(found, static_cast<InMemory>(s.sp[-1]));
  s.sp[-3] = found;
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

#define BRINK_ATOMIC(id, call)                              \
  template <class Access>                                   \
  struct Execute<Op::id, Access> {                          \
    BRINK_INLINE static Flow run(State& s) { return call; } \
  };

BRINK_ATOMIC(I32AtomicLoad, atomic_load<u32>(s))
BRINK_ATOMIC(I64AtomicLoad, atomic_load<u64>(s))
BRINK_ATOMIC(I32AtomicLoad8U, atomic_load<u8>(s))
BRINK_ATOMIC(I32AtomicLoad16U, atomic_load<u16>(s))
BRINK_ATOMIC(I64AtomicLoad8U, atomic_load<u8>(s))
BRINK_ATOMIC(I64AtomicLoad16U, atomic_load<u16>(s))
BRINK_ATOMIC(I64AtomicLoad32U, atomic_load<u32>(s))
BRINK_ATOMIC(I32AtomicStore, atomic_store<u32>(s))
BRINK_ATOMIC(I64AtomicStore, atomic_store<u64>(s))
BRINK_ATOMIC(I32AtomicStore8, atomic_store<u8>(s))
BRINK_ATOMIC(I32AtomicStore16, atomic_store<u16>(s))
BRINK_ATOMIC(I64AtomicStore8, atomic_store<u8>(s))
BRINK_ATOMIC(I64AtomicStore16, atomic_store<u16>(s))
BRINK_ATOMIC(I64AtomicStore32, atomic_store<u32>(s))
BRINK_ATOMIC(I32AtomicRmwCmpxchg, atomic_compare_exchange<u32>(s))
BRINK_ATOMIC(I64AtomicRmwCmpxchg, atomic_compare_exchange<u64>(s))
BRINK_ATOMIC(I32AtomicRmw8CmpxchgU, atomic_compare_exchange<u8>(s))
BRINK_ATOMIC(I32AtomicRmw16CmpxchgU, atomic_compare_exchange<u16>(s))
BRINK_ATOMIC(I64AtomicRmw8CmpxchgU, atomic_compare_exchange<u8>(s))
BRINK_ATOMIC(I64AtomicRmw16CmpxchgU, atomic_compare_exchange<u16>(s))
BRINK_ATOMIC(I64AtomicRmw32CmpxchgU, atomic_compare_exchange<u32>(s))

#define BRINK_ATOMIC_UPDATE(name, method)                                      \
  struct Atomic##name {                                                        \
    template <class T>                                                         \
    BRINK_INLINE T operator()(std::atomic_ref<T> cell, T operand) const {      \
      return cell.method(operand);                                             \
    }                                                                          \
  };                                                                           \
  BRINK_ATOMIC(I32AtomicRmw##name, atomic_update<u32>(s, Atomic##name{}))      \
  BRINK_ATOMIC(I64AtomicRmw##name, atomic_update<u64>(s, Atomic##name{}))      \
  BRINK_ATOMIC(I32AtomicRmw8##name##U, atomic_update<u8>(s, Atomic##name{}))   \
  BRINK_ATOMIC(I32AtomicRmw16##name##U, atomic_update<u16>(s, Atomic##name{})) \
  BRINK_ATOMIC(I64AtomicRmw8##name##U, atomic_update<u8>(s, Atomic##name{}))   \
  BRINK_ATOMIC(I64AtomicRmw16##name##U, atomic_update<u16>(s, Atomic##name{})) \
  BRINK_ATOMIC(I64AtomicRmw32##name##U, atomic_update<u32>(s, Atomic##name{}))

BRINK_ATOMIC_UPDATE(Add, fetch_add)
BRINK_ATOMIC_UPDATE(Sub, fetch_sub)
BRINK_ATOMIC_UPDATE(And, fetch_and)
BRINK_ATOMIC_UPDATE(Or, fetch_or)
BRINK_ATOMIC_UPDATE(Xor, fetch_xor)
BRINK_ATOMIC_UPDATE(Xchg, exchange)

#undef BRINK_ATOMIC_UPDATE
#undef BRINK_ATOMIC

BRINK_OP(AtomicFence) {
#ifndef BRINK_THREAD_SANITIZER  // which has no fences; all our atomic accesses are sequentially consistent anyway
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
  s.pc += 2;
  return Flow::Next;
}

template <class T>
inline Flow atomic_wait(State& s) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-3], sizeof(T));
  if (place.at == nullptr) return Flow::Trap;
  if (place.memory->lot == nullptr) return trap(s, TrapKind::ExpectedSharedMemory);
  runtime::ParkingLot& lot = *place.memory->lot;
  const std::atomic<bool>* is_interrupted = &s.context->is_interrupted;
  runtime::Interrupts::Waiting waiting(s.context->interrupts.get(), [&] { lot.interrupt(is_interrupted); });
  WaitResult result = lot.wait(reinterpret_cast<T*>(place.at), static_cast<T>(s.sp[-2]), static_cast<i64>(s.sp[-1]),
                               is_interrupted);
  if (result == WaitResult::Interrupted) return trap(s, TrapKind::Interrupted);
  s.sp[-3] = static_cast<u64>(result);
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(MemoryAtomicWait32) { return atomic_wait<u32>(s); }
BRINK_OUT_OF_LINE(MemoryAtomicWait64) { return atomic_wait<u64>(s); }

BRINK_OUT_OF_LINE(MemoryAtomicNotify) {
  const u8* p = s.pc + 1;
  AtomicPlace place = locate_atomic(s, p, s.sp[-2], 4);
  if (place.at == nullptr) return Flow::Trap;
  // Nobody can wait at a memory that is not shared.
  runtime::ParkingLot* lot = place.memory->lot.get();
  s.sp[-2] = lot == nullptr ? 0 : lot->notify(place.at, static_cast<u32>(s.sp[-1]));
  s.sp -= 1;
  s.pc = p;
  return Flow::Next;
}

}  // namespace brink::interpret
