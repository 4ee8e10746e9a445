// Vector instructions: which of them are more than a call of the interpreter's function is the processor's own.
#pragma once
#include "engine/module/opcodes.h"

namespace brink::jit {

// Whether FunctionCompiler::vector_instruction or vector_access writes code for it. Loads and stores of whole vectors, and
// constants, are not asked for: every processor has them.
bool has_vector_code(Op op);

}  // namespace brink::jit
