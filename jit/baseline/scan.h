// The pre-pass: what the compiler must know of a function before its first instruction. A walk over code that has been validated.
#pragma once
#include <vector>

#include "engine/module/module_info.h"
#include "engine/module/opcodes.h"

namespace brink::jit {

// What becomes of an instruction.
enum class Route : u8 {
  Native,   // machine code of its own
  Runtime,  // a call of the interpreter's function, on operands in slots
};
Route route_of(Op op);

struct LocalUse {
  float weight = 0;  // reads and writes, each worth eight times as much a loop around it
};

struct FunctionScan {
  bool is_leaf = true;   // calls nothing, except to trap
  bool has_try = false;  // of either kind
  float vector_call_weight = 0;  // of the calls that keep no vectors in registers, weighted as the uses of locals
  u32 operand_slots = 0;
  std::vector<LocalUse> locals;
};

// `operand_slots` is what validation has found: PreparedCode's.
FunctionScan scan_function(const ModuleInfo& module, u32 function_index, u32 operand_slots);

}  // namespace brink::jit
