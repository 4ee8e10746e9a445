// Vector instructions on AArch64: but for loads, stores, constants and moves all are calls of the interpreter's functions.
#include "jit/baseline/vectors.h"

#include "jit/baseline/function_compiler.h"

namespace brink::jit {

bool has_vector_code(Op) { return false; }

void FunctionCompiler::vector_access(const Instruction&) {}
void FunctionCompiler::vector_instruction(const Instruction&) {}

}  // namespace brink::jit
