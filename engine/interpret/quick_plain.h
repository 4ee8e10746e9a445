// Quick code through the plain interpreter's handlers: the instruction's bytes are in the quick code, its operands in
// slots, and a State is made for it. For everything that is not worth a form of its own.
#pragma once
#include "engine/interpret/handlers_aggregate.h"
#include "engine/interpret/handlers_atomic.h"
#include "engine/interpret/handlers_bulk.h"
#include "engine/interpret/handlers_control.h"
#include "engine/interpret/handlers_legacy.h"
#include "engine/interpret/handlers_memory.h"
#include "engine/interpret/handlers_variable.h"
#include "engine/interpret/handlers_vector.h"
#include "engine/interpret/handlers_wide.h"
#include "engine/interpret/quick_handlers.h"

namespace brink::interpret {

// The plain state of a quick frame whose operand stack ends at `sp`.
BRINK_INLINE State plain_state(const QuickState& s, const u8* pc, u64* sp) {
  return {pc, sp, s.fp, s.memory, s.instance, nullptr, s.frame, s.context};
}

BRINK_INLINE void take_state(QuickState& s, const State& plain) {
  s.pc = plain.pc;
  s.fp = plain.fp;
  s.memory = plain.memory;
  s.instance = plain.instance;
  s.frame = plain.frame;
}

// Runs `body(State&)`; what it leaves counts unless it traps.
template <class Body>
BRINK_INLINE Flow run_plain(QuickState& s, const u8* pc, u64* sp, Body body) {
  s.context->pc = s.pc;
  State plain = plain_state(s, pc, sp);
  Flow flow = body(plain);
  if (flow == Flow::Next) take_state(s, plain);
  return flow;
}

template <Op op, class Access>
struct PlainBody {
  struct Slow {
    static constexpr bool kExists = ExecuteSlow<op>::kExists;
    template <class Width>
    static Flow run(QuickState& s) {
      if constexpr (kExists) {
        const u8* at = s.pc;
        u64* sp = s.fp + read_slot<Width>(s);
        const u8* pc = s.pc;
        s.pc = at;
        return run_plain(s, pc, sp, [](State& plain) { return ExecuteSlow<op>::run(plain); });
      } else {
        return Flow::Trap;
      }
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64* sp = s.fp + read_slot<Width>(s);
    const u8* pc = s.pc;
    s.pc = at;
    // Not always inlined, so what holds for handlers is said again.
    return run_plain(s, pc, sp, [](State& plain) BRINK_GUEST_RACES { return Execute<op, Access>::run(plain); });
  }
};

template <Op op, class Access>
using Plain = PlainBody<op, AccessOf<op, Access>>;

// Whether the reference below the slot has the type that br_on_cast's bytes name, into T.
struct TestCast {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u64* sp = s.fp + read_slot<Width>(s);
    const u8* p = s.pc + 1;
    bool nullable = *p++ & 2;
    read_u32(p);  // label
    while (*p++ & 0x80) {
    }
    State plain = plain_state(s, p, nullptr);
    s.t = matches_heap_type(plain, sp[-1], nullable, p);
    s.pc = p;
    return Flow::Next;
  }
};

struct TrapUnreachable {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    return quick_trap(s, s.pc, TrapKind::Unreachable);
  }
};

// A body whose whole meaning is out of line: `Body::run_slowly<Width>`.
template <class Body>
struct OutOfLine {
  struct Slow {
    static constexpr bool kExists = true;
    template <class Width>
    static Flow run(QuickState& s) {
      return Body::template run_slowly<Width>(s);
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState&) {
    return Flow::Slow;
  }
};

struct ThrowTag : OutOfLine<ThrowTag> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    u32 tag = read_operand<u32>(s);
    u64* sp = s.fp + read_slot<Width>(s);
    s.pc = at;
    return run_plain(s, at, sp, [&](State& plain) { return throw_tag(plain, tag); });
  }
};

struct ThrowRefSlot : OutOfLine<ThrowRefSlot> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    auto* exception = reinterpret_cast<gc::ExceptionObject*>(s.fp[read_slot<Width>(s)]);
    s.pc = at;
    if (exception == nullptr) return quick_trap(s, at, TrapKind::NullReference);
    return run_plain(s, at, s.fp, [&](State& plain) { return unwind(plain, exception); });
  }
};

}  // namespace brink::interpret
