// Stepping over instructions of validated code without running them.
#pragma once
#include "engine/module/opcodes.h"

namespace brink::interpret {

// The first byte after the instruction at `p`. The bytes must have been validated and be the module's own, without
// stamps.
const u8* after_instruction(const u8* p);

// The first byte of the instruction that contains `inside`, walking from `begin`, the first byte of an instruction at
// or before it.
const u8* instruction_containing(const u8* begin, const u8* inside);

}  // namespace brink::interpret
