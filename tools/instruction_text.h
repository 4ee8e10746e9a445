// One instruction of a function body in the text format.
#pragma once
#include <string>

#include "engine/module/module_info.h"

namespace brink::tools {

// The instruction at an offset of the module's bytes, e.g. "i32.load offset=8" or "br_table 0 1 2": indices as numbers, block
// types by index or result, no operands. The bytes must have been validated.
std::string instruction_text(const ModuleInfo& module, u64 offset);

}  // namespace brink::tools
