// Vector instructions on AArch64: all are calls of the interpreter's functions.
#include "jit/baseline/function_compiler.h"
#include "jit/baseline/vector_forms.h"

namespace brink::jit {

const VectorCode& vector_code(Op) {
  static constexpr VectorCode kNone;
  return kNone;
}

bool FunctionCompiler::vector_access(const Instruction&) { return false; }
bool FunctionCompiler::vector_instruction(const Instruction&) { return false; }

}  // namespace brink::jit
