// The bodies of quick code's vector instructions: operands and results in slots, two for a vector, at any address that
// is a multiple of 8.
#pragma once
#include <tuple>

#include "engine/interpret/handlers_vector.h"
#include "engine/interpret/quick_handlers.h"

namespace brink::interpret {

template <class Width>
BRINK_INLINE void put_vector(QuickState& s, const v128& value) {
  std::memcpy(s.fp + read_slot<Width>(s), &value, sizeof value);
}

// An instruction's function, and how it gets its operands: in their order, a lane's number behind them.
template <Op op>
struct VectorFunction;
template <class Width, class R, class... A>
BRINK_INLINE R call_with_slots(QuickState& s, R (*function)(A...)) {
  // Braces evaluate from left to right.
  std::tuple<A...> operands{SlotSource::get<A, Width>(s)...};
  return std::apply(function, operands);
}
template <class Width, class R>
BRINK_INLINE R call_with_lane(QuickState& s, R (*function)(v128, u32)) {
  v128 vector = SlotSource::get<v128, Width>(s);
  return function(vector, read_operand<u8>(s));
}
template <class Width, class B>
BRINK_INLINE v128 call_with_lane(QuickState& s, v128 (*function)(v128, u32, B)) {
  v128 vector = SlotSource::get<v128, Width>(s);
  B replacement = SlotSource::get<B, Width>(s);
  return function(vector, read_operand<u8>(s), replacement);
}
#define BRINK_VECTOR_FUNCTION(id, function, call)      \
  template <>                                          \
  struct VectorFunction<Op::id> {                      \
    template <class Width>                             \
    BRINK_INLINE static auto run(QuickState& s) {      \
      return call<Width>(s, function);                 \
    }                                                  \
  };
#define BRINK_PURE(id, function, signature) BRINK_VECTOR_FUNCTION(id, function, call_with_slots)
#define BRINK_LANE(id, function, signature) BRINK_VECTOR_FUNCTION(id, function, call_with_lane)
#include "engine/interpret/pure_ops.def"
#undef BRINK_VECTOR_FUNCTION

template <Op op>
struct Vector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    put_vector<Width>(s, VectorFunction<op>::template run<Width>(s));
    return Flow::Next;
  }
};

template <Op op>
struct VectorValue {
  using Slow = NoSlowHalf;
  using Result = decltype(VectorFunction<op>::template run<Narrow>(std::declval<QuickState&>()));
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    set_accumulator(s, VectorFunction<op>::template run<Width>(s));
    return Flow::Next;
  }
};

struct ConstVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    put_vector<Width>(s, read_operand<v128>(s));
    return Flow::Next;
  }
};

struct ShuffleVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    v128 a = SlotSource::get<v128, Width>(s);
    v128 b = SlotSource::get<v128, Width>(s);
    const u8* lanes = s.pc;
    s.pc += 16;
    put_vector<Width>(s, vector::i8x16_shuffle(a, b, lanes));
    return Flow::Next;
  }
};

template <class Address, class Offset>
struct LoadVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.context->pc = s.pc;
    u64 address = Address::template get<u64, Width>(s);
    u64 offset = read_operand<Offset>(s);
    v128 value;
    std::memcpy(&value, s.memory + address + offset, sizeof value);
    put_vector<Width>(s, value);
    return Flow::Next;
  }
};

template <class Address, class Offset>
struct StoreVector {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.context->pc = s.pc;
    u64 address = Address::template get<u64, Width>(s);
    v128 value = SlotSource::get<v128, Width>(s);
    u64 offset = read_operand<Offset>(s);
    std::memcpy(s.memory + address + offset, &value, sizeof value);
    return Flow::Next;
  }
};

}  // namespace brink::interpret
