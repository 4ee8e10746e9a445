// `brink inspect --disassemble`: a function's instructions beside the machine code that is made of them.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/engine.h"

namespace brink::tools {

// The function that is meant by an index, or by a name that backtraces have for it or an export; fails where that are several.
Result<u32> find_function(const ModuleInfo& module, const std::string& name);

// {"function", "name", "bytes", "machine_bytes", "parts": [{"offset", "instruction", "machine": [{"offset", "text"}]}]}; offsets in the
// module and in the machine code; instead of "offset" and "instruction" what belongs to the whole function has "frame", "prologue" or
// "constants". Fails where the function is imported, is
// not valid or stays with the interpreter, and where binutils' objdump, which knows the machine's instructions, is not installed.
Result<nlohmann::ordered_json> disassemble(const Module& module, u32 function);

// The same for people, made from disassemble()'s result; safe to print to a terminal.
std::string format_disassembly(const nlohmann::ordered_json& disassembly);

}  // namespace brink::tools
