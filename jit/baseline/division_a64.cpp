// Division on AArch64: the instruction never faults, so that what traps is looked for; the smallest number's remainder by -1
// comes out right.
#include "jit/baseline/function_compiler.h"

namespace brink::jit {

void FunctionCompiler::divide_checked(Kind kind, bool is_signed, bool remainder, Value a, Value b, bool may_be_zero,
                                      bool may_be_minus_one) {
  Width w = width_of(kind);
  Gp left = in_gp(a);
  Gp by = in_gp(b);
  Gp d = result_gp(kind, nullptr);  // whatever makes room for it belongs before the branch
  if (may_be_zero) {
    a_.test(w, by, by);
    trap_if(Condition::Equal, TrapKind::IntegerDivideByZero);
  }
  if (may_be_minus_one && !remainder) {
    a_.compare(w, by, -1);
    Assembler::Field divides = a_.jump_if(Condition::NotEqual);
    a_.compare(w, left, 1);  // overflows for the smallest number only
    trap_if(Condition::Overflow, TrapKind::IntegerOverflow);
    a_.bind(divides);
  }
  if (remainder) a_.remainder(w, is_signed, d, left, by);
  else a_.quotient(w, is_signed, d, left, by);
  release(a);
  release(b);
  push_gp(kind, d);
}

}  // namespace brink::jit
