// The machine that runs quick code (engine/quicken/quick_op.h): its registers and how a handler reads operands.
//
// A handler's body is a type with `run<Width>(QuickState&)`: on entry pc stands at the operands, on Flow::Next at the
// next opcode. Where it answers Flow::Slow or Flow::Trap, pc is at the operands still. Bodies are composed: Stored<B>
// does B and puts the result into a slot, Then<A, B> does A and then B, so that each meaning is written once however
// many opcodes contain it.
#pragma once
#include "engine/interpret/execute.h"
#include "engine/quicken/quick_op.h"

namespace brink::interpret {

// The accumulator F: a float in the lowest lane of a vector register, the rest undefined.
using FloatRegister = double __attribute__((vector_size(16)));

struct QuickState {
  const u8* pc;
  u64 t;  // the accumulator T: an integer or a reference, as in a slot
  u64* fp;
  u8* memory;
  Instance* instance;
  const void* table;  // the dispatch table; carried in a register
  Frame* frame;
  Context* context;
  FloatRegister f;
};

struct Narrow {
  using Slot = u8;
};
struct Wide {
  using Slot = u32;
};

template <class T>
BRINK_INLINE T read_operand(QuickState& s) {
  T value;
  std::memcpy(&value, s.pc, sizeof value);
  s.pc += sizeof value;
  return value;
}

template <class Width>
BRINK_INLINE u32 read_slot(QuickState& s) {
  return read_operand<typename Width::Slot>(s);
}

// --- Accumulators ----------------------------------------------------------------------------------------------------

template <class T>
inline constexpr bool kIsFloat = std::is_same_v<T, float> || std::is_same_v<T, double>;

template <class T>
BRINK_INLINE T get_accumulator(const QuickState& s) {
  if constexpr (std::is_same_v<T, double>) {
    return s.f[0];
  } else if constexpr (std::is_same_v<T, float>) {
    using Floats = float __attribute__((vector_size(16)));
    return std::bit_cast<Floats>(s.f)[0];
  } else {
    return from_slot<T>(s.t);
  }
}

template <class T>
BRINK_INLINE void set_accumulator(QuickState& s, T value) {
  if constexpr (std::is_same_v<T, double>) {
    FloatRegister all = {value, 0};
    s.f = __builtin_shufflevector(all, all, 0, -1);  // the upper lane is nobody's business
  } else if constexpr (std::is_same_v<T, float>) {
    using Floats = float __attribute__((vector_size(16)));
    Floats all = {value, 0, 0, 0};
    s.f = std::bit_cast<FloatRegister>(__builtin_shufflevector(all, all, 0, -1, -1, -1));
  } else {
    s.t = to_slot(value);
  }
}

// --- Where operands come from ----------------------------------------------------------------------------------------

struct AccSource {
  template <class T, class Width>
  BRINK_INLINE static T get(QuickState& s) {
    return get_accumulator<T>(s);
  }
};

struct SlotSource {
  template <class T, class Width>
  BRINK_INLINE static T get(QuickState& s) {
    const u64* slot = s.fp + read_slot<Width>(s);
    if constexpr (sizeof(T) == 16) {
      T vector;
      std::memcpy(&vector, slot, sizeof vector);
      return vector;
    } else {
      return from_slot<T>(*slot);
    }
  }
};

struct Const8Source {
  template <class T, class Width>
  BRINK_INLINE static T get(QuickState& s) {
    return static_cast<T>(read_operand<i8>(s));
  }
};

struct Const32Source {
  template <class T, class Width>
  BRINK_INLINE static T get(QuickState& s) {
    return static_cast<T>(read_operand<i32>(s));
  }
};

// --- The functions of pure instructions ------------------------------------------------------------------------------

template <Op op>
struct Pure;

// What a pure instruction's function takes and gives.
template <class F>
struct PureTraits;
template <class R, class A>
struct PureTraits<R (*)(A)> {
  using Result = R;
  using First = A;
};
template <class R, class A, class B>
struct PureTraits<R (*)(A, B)> {
  using Result = R;
  using First = A;
  using Second = B;
};

}  // namespace brink::interpret
