// Every instruction without control flow as a plain function over State, for compilers: what is not worth machine code of
// its own is a call of one of these, on operands in slots.
#pragma once
#include "engine/interpret/execute.h"

namespace brink::interpret {

// Before: s.pc at the last byte of the instruction's opcode, with its immediates behind, s.sp behind its operands in
// their slots. After Flow::Next the results are in slots below s.sp; the only other answer is Flow::Trap. `is_general`:
// memory accesses are checked explicitly.
using InstructionCall = Flow (*)(State& s);
InstructionCall instruction_call(Op op, bool is_general);

}  // namespace brink::interpret
