// Quick code as text, for people who look into it.
#pragma once
#include <string>

#include "engine/quicken/quickener.h"

namespace brink::quick {

// An instruction a line: its offset, its opcode's name, its operands (L slot, @ branch target), and in front of the
// first of every group the offset in the body of the instruction it comes from. Empty if the function is not valid.
std::string list_quick_code(const ModuleInfo& module, u32 function_index, const QuickenOptions& options);

}  // namespace brink::quick
