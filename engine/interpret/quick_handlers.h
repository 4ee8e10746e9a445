// The bodies of quick code's own instructions: numbers, memory, slots, branches. Calls are in quick_calls.h; what is
// left to the plain interpreter's handlers goes through Plain (quick_plain.h).
#pragma once
#include "engine/interpret/handlers_numeric.h"
#include "engine/interpret/quick_state.h"

namespace brink::interpret {

// The result is also stored: into which type of accumulator the body puts it is its Result.
template <class Body>
struct Stored {
  using Slow = typename Body::Slow;
  using Result = typename Body::Result;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    Flow flow = Body::template run<Width>(s);
    if (flow != Flow::Next) return flow;
    s.fp[read_slot<Width>(s)] = to_slot(get_accumulator<Result>(s));
    return Flow::Next;
  }
};

// `First` never answers Slow.
template <class First, class Second>
struct Then {
  using Slow = typename Second::Slow;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    Flow flow = First::template run<Width>(s);
    if (flow != Flow::Next) return flow;
    return Second::template run<Width>(s);
  }
};

struct NoSlowHalf {
  static constexpr bool kExists = false;
};

// --- Numeric instructions --------------------------------------------------------------------------------------------

#define BRINK_PURE(id, function, signature)                               \
  template <>                                                             \
  struct Pure<Op::id> {                                                   \
    static constexpr bool kTraps = false;                                 \
    using Traits = PureTraits<decltype(&function)>;                       \
    template <class... A>                                                 \
    BRINK_INLINE static numeric::NumericTrap call(auto& result, A... a) { \
      result = function(a...);                                            \
      return numeric::NumericTrap::None;                                  \
    }                                                                     \
  };
template <class F>
struct TrappingTraits;
template <class A, class R>
struct TrappingTraits<numeric::NumericTrap (*)(A, R&)> {
  using Result = R;
  using First = A;
};
template <class A, class B, class R>
struct TrappingTraits<numeric::NumericTrap (*)(A, B, R&)> {
  using Result = R;
  using First = A;
  using Second = B;
};
#define BRINK_TRAPPING(id, function, signature)                           \
  template <>                                                             \
  struct Pure<Op::id> {                                                   \
    static constexpr bool kTraps = true;                                  \
    using Traits = TrappingTraits<decltype(&function)>;                   \
    template <class... A>                                                 \
    BRINK_INLINE static numeric::NumericTrap call(auto& result, A... a) { \
      return function(a..., result);                                      \
    }                                                                     \
  };
#include "engine/interpret/pure_ops.def"

BRINK_INLINE Flow quick_trap(QuickState& s, const u8* at, TrapKind kind) {
  s.context->trap = kind;
  s.pc = at;
  return Flow::Trap;
}

template <Op op, class FirstSource, class SecondSource>
struct Binary {
  using Slow = NoSlowHalf;
  using Traits = typename Pure<op>::Traits;
  using Result = typename Traits::Result;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    auto a = FirstSource::template get<typename Traits::First, Width>(s);
    auto b = SecondSource::template get<typename Traits::Second, Width>(s);
    Result result;
    numeric::NumericTrap why = Pure<op>::call(result, a, b);
    if constexpr (Pure<op>::kTraps)
      if (why != numeric::NumericTrap::None) [[unlikely]]
        return quick_trap(s, at, trap_kind(why));
    set_accumulator(s, result);
    return Flow::Next;
  }
};

template <Op op, class Source>
struct Unary {
  using Slow = NoSlowHalf;
  using Traits = typename Pure<op>::Traits;
  using Result = typename Traits::Result;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    auto a = Source::template get<typename Traits::First, Width>(s);
    Result result;
    numeric::NumericTrap why = Pure<op>::call(result, a);
    if constexpr (Pure<op>::kTraps)
      if (why != numeric::NumericTrap::None) [[unlikely]]
        return quick_trap(s, at, trap_kind(why));
    set_accumulator(s, result);
    return Flow::Next;
  }
};

// --- Branches --------------------------------------------------------------------------------------------------------

BRINK_INLINE void jump(QuickState& s) {
  i32 delta;
  std::memcpy(&delta, s.pc, 4);
  s.pc += delta;
}

BRINK_INLINE Flow jump_if(QuickState& s, bool taken) {
  if (taken) jump(s);
  else s.pc += 4;
  return Flow::Next;
}

struct Jump {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    return jump(s), Flow::Next;
  }
};

template <class Source, bool kWhen>
struct JumpIf {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    u64 condition = Source::template get<u64, Width>(s);
    return jump_if(s, (condition != 0) == kWhen);
  }
};

template <Op op, class FirstSource, class SecondSource, bool kWhen>
struct CompareJump {
  using Slow = NoSlowHalf;
  using Traits = typename Pure<op>::Traits;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    auto a = FirstSource::template get<typename Traits::First, Width>(s);
    auto b = SecondSource::template get<typename Traits::Second, Width>(s);
    u32 result;
    Pure<op>::call(result, a, b);
    return jump_if(s, (result != 0) == kWhen);
  }
};

template <class Source>
struct JumpTable {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    auto index = static_cast<u32>(Source::template get<u64, Width>(s));
    u32 count = read_operand<u32>(s);
    s.pc += 4 * u64{index < count ? index : count};
    return jump(s), Flow::Next;
  }
};

// --- Constants, slots, globals, selection ----------------------------------------------------------------------------

template <class Encoded, class Value>
struct ConstInt {
  using Slow = NoSlowHalf;
  using Result = Value;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    set_accumulator<Value>(s, static_cast<Value>(read_operand<Encoded>(s)));
    return Flow::Next;
  }
};

template <class Float>
struct ConstFloat {
  using Slow = NoSlowHalf;
  using Result = Float;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    set_accumulator(s, read_operand<Float>(s));
    return Flow::Next;
  }
};

template <class Encoded, class Value>
struct SetConst {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    u64 value = to_slot(static_cast<Value>(read_operand<Encoded>(s)));
    s.fp[read_slot<Width>(s)] = value;
    return Flow::Next;
  }
};

template <class T>
struct Get {
  using Slow = NoSlowHalf;
  using Result = T;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    set_accumulator(s, SlotSource::get<T, Width>(s));
    return Flow::Next;
  }
};

template <class T>
struct Put {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.fp[read_slot<Width>(s)] = to_slot(get_accumulator<T>(s));
    return Flow::Next;
  }
};

struct CopySlot {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    u64 value = s.fp[read_slot<Width>(s)];
    s.fp[read_slot<Width>(s)] = value;
    return Flow::Next;
  }
};

struct CopyVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    v128 value;
    std::memcpy(&value, s.fp + read_slot<Width>(s), 16);
    std::memcpy(s.fp + read_slot<Width>(s), &value, 16);
    return Flow::Next;
  }
};

struct CopySlots {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u64* from = s.fp + read_slot<Width>(s);
    u64* to = s.fp + read_slot<Width>(s);
    u32 count = read_slot<Width>(s);
    std::memmove(to, from, count * sizeof(u64));
    return Flow::Next;
  }
};

struct GetGlobal {
  using Slow = NoSlowHalf;
  using Result = u64;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.t = s.instance->globals[read_operand<u32>(s)]->bits[0];
    return Flow::Next;
  }
};

struct SetGlobal {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.instance->globals[read_operand<u32>(s)]->bits[0] = s.t;
    return Flow::Next;
  }
};

template <int kBytes>
struct CopyFromGlobal {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const runtime::Global* global = s.instance->globals[read_operand<u32>(s)];
    std::memcpy(s.fp + read_slot<Width>(s), global->bits, kBytes);
    return Flow::Next;
  }
};

template <int kBytes>
struct CopyToGlobal {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    runtime::Global* global = s.instance->globals[read_operand<u32>(s)];
    std::memcpy(global->bits, s.fp + read_slot<Width>(s), kBytes);
    return Flow::Next;
  }
};

template <class T>
struct Select {
  using Slow = NoSlowHalf;
  using Result = T;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    bool first = s.t != 0;
    u64 a = s.fp[read_slot<Width>(s)];
    u64 b = s.fp[read_slot<Width>(s)];
    set_accumulator(s, from_slot<T>(first ? a : b));
    return Flow::Next;
  }
};

struct SelectVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u64* first = s.fp + read_slot<Width>(s);
    const u64* second = s.fp + read_slot<Width>(s);
    v128 value;
    std::memcpy(&value, s.t != 0 ? first : second, sizeof value);
    std::memcpy(s.fp + read_slot<Width>(s), &value, sizeof value);
    return Flow::Next;
  }
};

// --- Fuel ------------------------------------------------------------------------------------------------------------

struct PayFuel {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 amount = read_operand<u32>(s);
    u64& fuel = s.context->tier.fuel;
    if (fuel < amount) [[unlikely]] {
      fuel = 0;
      return quick_trap(s, at, TrapKind::OutOfFuel);
    }
    fuel -= amount;
    return Flow::Next;
  }
};

// --- Memory 0, guarded -----------------------------------------------------------------------------------------------

template <class OnStack, class InMemory, class Address, class Offset>
struct LoadMemory {
  using Slow = NoSlowHalf;
  using Result = OnStack;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.context->pc = s.pc;
    u64 address = Address::template get<u64, Width>(s);
    u64 offset = read_operand<Offset>(s);
    InMemory value;
    std::memcpy(&value, s.memory + address + offset, sizeof value);
    set_accumulator(s, static_cast<OnStack>(value));
    return Flow::Next;
  }
};

template <class InMemory, class Address, class Value, class Offset>
struct StoreMemory {
  using Slow = NoSlowHalf;
  // A float in a slot is stored as the word it is.
  using Bits = std::conditional_t<std::is_same_v<InMemory, float>, u32,
                                  std::conditional_t<std::is_same_v<InMemory, double>, u64, InMemory>>;
  using Stored = std::conditional_t<std::is_same_v<Value, AccSource>, InMemory, Bits>;
  using Operand =
      std::conditional_t<kIsFloat<Stored>, Stored, std::conditional_t<std::is_same_v<Value, Const8Source>, i64, u64>>;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.context->pc = s.pc;
    u64 address = Address::template get<u64, Width>(s);
    auto value = static_cast<Stored>(Value::template get<Operand, Width>(s));
    u64 offset = read_operand<Offset>(s);
    std::memcpy(s.memory + address + offset, &value, sizeof value);
    return Flow::Next;
  }
};

}  // namespace brink::interpret
