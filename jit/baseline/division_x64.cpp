// Division, and what it takes on x86-64: it divides rdx:rax, and faults where there is no quotient.
#include "jit/baseline/function_compiler.h"

namespace brink::jit {

void FunctionCompiler::divide_checked(Kind kind, bool is_signed, bool remainder, Value a, Value b, bool may_be_zero,
                                      bool may_be_minus_one) {
  Width w = width_of(kind);
  constexpr u32 kPair = bit(Gp::rax) | bit(Gp::rdx);
  Gp by = in_gp(b, kPair);
  bring(a, Gp::rax);
  evict(Gp::rdx);
  claim(Gp::rdx);
  owner_gp_[static_cast<u32>(Gp::rdx)] = kNothing;
  if (may_be_zero) {
    a_.test(w, by, by);
    trap_if(Condition::Equal, TrapKind::IntegerDivideByZero);
  }
  if (may_be_minus_one) {
    a_.compare(w, by, -1);
    Assembler::Field divides = a_.jump_if(Condition::NotEqual);
    if (remainder) {
      a_.move_constant(Gp::rdx, 0, false);
      Assembler::Field done = a_.jump();
      a_.bind(divides);
      a_.divide(w, true, by);
      a_.bind(done);
    } else {
      // The smallest number is the only one whose negation overflows.
      a_.move(w, Gp::rdx, Gp::rax);
      a_.negate(w, Gp::rdx);
      trap_if(Condition::Overflow, TrapKind::IntegerOverflow);
      a_.bind(divides);
      a_.divide(w, true, by);
    }
  } else {
    a_.divide(w, is_signed, by);
  }
  release(b);
  release(remainder ? Gp::rax : Gp::rdx);
  push_gp(kind, remainder ? Gp::rdx : Gp::rax);
}

}  // namespace brink::jit
