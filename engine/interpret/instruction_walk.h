// Stepping over instructions of validated code without running them.
#pragma once
#include "engine/module/opcodes.h"

namespace brink::interpret {

// All bytes must have been validated and be the module's own, without stamps.

struct Step {
  Op op;
  const u8* next;  // the first byte after the instruction
};
Step step_at(const u8* p);
inline const u8* after_instruction(const u8* p) { return step_at(p).next; }

// The first instruction of the body that begins at `p`, and how many locals its declarations add to the parameters.
struct BodyStart {
  const u8* code;
  u64 declared_locals;
};
BodyStart body_start(const u8* p);

// The first byte of the instruction that contains `inside`, walking from `begin`, the first byte of an instruction at
// or before it.
const u8* instruction_containing(const u8* begin, const u8* inside);

}  // namespace brink::interpret
