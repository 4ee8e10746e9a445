// A function's machine code, for people who look into it.
#pragma once
#include <string>
#include <vector>

#include "engine/base/integers.h"

namespace brink::jit {

struct Listing {
  // Machine code from `native` on, up to the next part, is made of the instruction at `original`, counted from the body's first.
  // Rare ways of instructions lie behind everything else, so that one may have several parts.
  struct Part {
    u32 native;
    u32 original;
  };
  // What the branch whose distance is at `at` leads to outside of the function.
  struct Target {
    u32 at;
    std::string name;
  };
  std::vector<u8> code;
  std::vector<Part> parts;  // in ascending order of `native`; what is before the first is the prologue
  std::vector<Target> targets;
};

}  // namespace brink::jit
