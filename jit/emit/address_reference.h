// An absolute address in a function's code, and what it is the address of: another process has another there.
#pragma once
#include "engine/base/integers.h"

namespace brink::jit {

struct AddressReference {
  enum class Kind : u8 {
    Type,         // a RegisteredType of the module's
    Body,         // the byte `which` of the function's body
    Instruction,  // interpret::instruction_call: opcode << 1 | is_general
  };
  u32 at;  // of what move_address() has written
  Kind kind;
  u32 which;
  const void* address;
};

}  // namespace brink::jit
