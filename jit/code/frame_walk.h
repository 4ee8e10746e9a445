// The frames of machine code of an activation that has left it (tier.h), innermost first. Allocates nothing: signal handlers walk.
#pragma once
#include "engine/runtime/tier.h"
#include "jit/code/module_code.h"

namespace brink::jit {

class FrameWalk {
 public:
  FrameWalk(const CodeMap& map, const runtime::Activation& activation);
  // False behind the last: that is the wrapper through which the activation was entered.
  bool has_frame() const { return found_.begin != nullptr; }
  const CodeMap::Entry& entry() const { return found_.entry; }
  const u8* begin() const { return found_.begin; }  // of the function's code
  // Where in the function's code the frame is: the faulting instruction, or a call's last byte.
  u32 native() const { return static_cast<u32>(pc_ - found_.begin); }
  // Its stack pointer, when no call is going on.
  const u64* sp() const { return sp_; }
  void up();

 private:
  const CodeMap& map_;
  const u64* sp_;
  const u8* pc_;
  CodeMap::Found found_;
};

// A word of the stack below machine code. What AddressSanitizer thinks of it is left over from frames of C++.
u64 native_word(const u64* at);

}  // namespace brink::jit
