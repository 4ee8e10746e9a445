// The macro assembler: what the compiler asks of a machine, in three-operand form wherever a machine has it. The class is
// the machine's own, in the header of its name, but what it offers has the same names and means the same everywhere:
// where machines differ in more than encoding (division, rounding towards integers, frames) it offers the whole operation.
//
// One function at a time, into one growing buffer. Branches are this class's own: a forward branch is a field that the
// caller keeps and hands to bind(); asmjit's labels would cost more than the rest of an instruction. Absolute targets (the
// code arena's) become relative when the code gets its place: relocations().
#pragma once
#if defined(__aarch64__)
#include "jit/emit/assembler_a64.h"
#else
#include "jit/emit/assembler_x64.h"
#endif
