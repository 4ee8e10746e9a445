// Vector instructions with immediates: constants, shuffles, memory (specification, section 4.6.3 and 4.6.6).
#pragma once
#include "engine/interpret/execute.h"
#include "engine/interpret/handlers_memory.h"

namespace brink::interpret {

BRINK_OP(V128Const) {
  std::memcpy(s.sp, s.pc + 1, 16);
  s.sp += 2;
  s.pc += 17;
  return Flow::Next;
}

BRINK_OP(I8x16Shuffle) {
  v128 b = pop<v128>(s);
  v128 a = pop<v128>(s);
  push(s, vector::i8x16_shuffle(a, b, s.pc + 1));
  s.pc += 17;
  return Flow::Next;
}

template <class Access, class Bits>
BRINK_INLINE Flow vector_load(State& s, v128 (*f)(Bits)) {
  const u8* p = s.pc + 1;
  const u8* at = Access::locate(s, p, s.sp[-1], sizeof(Bits));
  if constexpr (Access::kChecked)
    if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
  v128 value = f(read_fixed<Bits>(at));
  s.sp -= 1;
  push(s, value);
  s.pc = p;
  return Flow::Next;
}

template <class Access, class Bits>
BRINK_INLINE Flow load_lane(State& s, v128 (*f)(v128, u32, Bits)) {
  const u8* p = s.pc + 1;
  const u8* at = Access::locate(s, p, s.sp[-3], sizeof(Bits));
  if constexpr (Access::kChecked)
    if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
  Bits bits = read_fixed<Bits>(at);
  v128 value = pop<v128>(s);
  s.sp -= 1;
  push(s, f(value, *p, bits));
  s.pc = p + 1;
  return Flow::Next;
}

template <class Access, class Bits>
BRINK_INLINE Flow store_lane(State& s, Bits (*f)(v128, u32)) {
  const u8* p = s.pc + 1;
  u8* at = Access::locate(s, p, s.sp[-3], sizeof(Bits));
  if constexpr (Access::kChecked)
    if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
  Bits bits = f(read_fixed<v128>(reinterpret_cast<const u8*>(s.sp - 2)), *p);
  std::memcpy(at, &bits, sizeof bits);
  s.sp -= 3;
  s.pc = p + 1;
  return Flow::Next;
}

template <class Access>
struct Execute<Op::V128Load, Access> {
  BRINK_INLINE static Flow run(State& s) {
    return vector_load<Access, v128>(s, [](v128 value) { return value; });
  }
};

template <class Access>
struct Execute<Op::V128Store, Access> {
  BRINK_INLINE static Flow run(State& s) {
    const u8* p = s.pc + 1;
    u8* at = Access::locate(s, p, s.sp[-3], 16);
    if constexpr (Access::kChecked)
      if (at == nullptr) return trap(s, TrapKind::MemoryOutOfBounds);
    v128 value = pop<v128>(s);
    std::memcpy(at, &value, 16);
    s.sp -= 1;
    s.pc = p;
    return Flow::Next;
  }
};

#define BRINK_EXECUTE(id, call)                             \
  template <class Access>                                   \
  struct Execute<Op::id, Access> {                          \
    BRINK_INLINE static Flow run(State& s) { return call; } \
  };
#define BRINK_VECTOR_LOAD(id, function, bits) BRINK_EXECUTE(id, (vector_load<Access, bits>(s, function)))
#define BRINK_LOAD_LANE(id, function, bits) BRINK_EXECUTE(id, (load_lane<Access, bits>(s, function)))
#define BRINK_STORE_LANE(id, function, bits) BRINK_EXECUTE(id, (store_lane<Access, bits>(s, function)))
#include "engine/interpret/pure_ops.def"
#undef BRINK_EXECUTE

}  // namespace brink::interpret
