// A function's machine code, for people who look into it.
#pragma once
#include <string>
#include <vector>

#include "engine/base/integers.h"

namespace brink::jit {

struct Listing {
  enum class Content : u8 {
    Code,
    Table,      // of br_table: an i32 a target, which counts from the table's beginning
    Constants,  // in the processor's order of bytes
  };
  static constexpr u32 kWholeFunction = ~u32{0};
  // From `native` on, up to the next part, is what is made of the instruction at `original`, counted from the body's first, or, where
  // that is kWholeFunction, of none: the prologue, constants, the entry into loops. Rare ways lie behind everything else, so that an
  // instruction may have several parts.
  struct Part {
    u32 native;
    u32 original;
    Content content = Content::Code;
  };
  // What the instructions that overlap so many bytes have a distance to, or the address of, outside of the function.
  struct Target {
    u32 at;
    u32 bytes;
    std::string name;
  };
  std::vector<u8> code;
  std::vector<Part> parts;  // in ascending order of `native`, the first at 0
  std::vector<Target> targets;
};

}  // namespace brink::jit
