// Instructions that are functions of their operands, scalar and vector: made from pure_ops.def.
#pragma once
#include "engine/interpret/execute.h"
#include "engine/interpret/numeric.h"
#include "engine/interpret/vector.h"

namespace brink::interpret {

BRINK_INLINE TrapKind trap_kind(numeric::NumericTrap why) {
  switch (why) {
    case numeric::NumericTrap::DivideByZero: return TrapKind::IntegerDivideByZero;
    case numeric::NumericTrap::IntegerOverflow: return TrapKind::IntegerOverflow;
    default: return TrapKind::InvalidConversionToInteger;
  }
}

// The operands' and result's C++ types are the function's own.
template <class R, class A>
BRINK_INLINE Flow pure(State& s, R (*f)(A)) {
  push(s, f(pop<A>(s)));
  s.pc += 1;
  return Flow::Next;
}

template <class R, class A, class B>
BRINK_INLINE Flow pure(State& s, R (*f)(A, B)) {
  B b = pop<B>(s);
  A a = pop<A>(s);
  push(s, f(a, b));
  s.pc += 1;
  return Flow::Next;
}

template <class R, class A, class B, class C>
BRINK_INLINE Flow pure(State& s, R (*f)(A, B, C)) {
  C c = pop<C>(s);
  B b = pop<B>(s);
  A a = pop<A>(s);
  push(s, f(a, b, c));
  s.pc += 1;
  return Flow::Next;
}

template <class A, class R>
BRINK_INLINE Flow trapping(State& s, numeric::NumericTrap (*f)(A, R&)) {
  R result;
  numeric::NumericTrap why = f(from_slot<A>(s.sp[-1]), result);
  if (why != numeric::NumericTrap::None) [[unlikely]]
    return trap(s, trap_kind(why));
  s.sp[-1] = to_slot(result);
  s.pc += 1;
  return Flow::Next;
}

template <class A, class B, class R>
BRINK_INLINE Flow trapping(State& s, numeric::NumericTrap (*f)(A, B, R&)) {
  R result;
  numeric::NumericTrap why = f(from_slot<A>(s.sp[-2]), from_slot<B>(s.sp[-1]), result);
  if (why != numeric::NumericTrap::None) [[unlikely]]
    return trap(s, trap_kind(why));
  s.sp -= 1;
  s.sp[-1] = to_slot(result);
  s.pc += 1;
  return Flow::Next;
}

template <class R>
BRINK_INLINE Flow lane(State& s, R (*f)(v128, u32)) {
  push(s, f(pop<v128>(s), s.pc[1]));
  s.pc += 2;
  return Flow::Next;
}

template <class B>
BRINK_INLINE Flow lane(State& s, v128 (*f)(v128, u32, B)) {
  B b = pop<B>(s);
  v128 a = pop<v128>(s);
  push(s, f(a, s.pc[1], b));
  s.pc += 2;
  return Flow::Next;
}

#define BRINK_EXECUTE(id, call)                             \
  template <class Access>                                   \
  struct Execute<Op::id, Access> {                          \
    BRINK_INLINE static Flow run(State& s) { return call; } \
  };
#define BRINK_PURE(id, function, signature) BRINK_EXECUTE(id, pure(s, function))
#define BRINK_TRAPPING(id, function, signature) BRINK_EXECUTE(id, trapping(s, function))
#define BRINK_LANE(id, function, signature) BRINK_EXECUTE(id, lane(s, function))
#include "engine/interpret/pure_ops.def"
#undef BRINK_EXECUTE

}  // namespace brink::interpret
