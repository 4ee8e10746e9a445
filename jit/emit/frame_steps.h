// What a debugger has to know to walk from a frame of machine code to its caller's, noted by the assembler while it writes the
// instructions that change it.
//
// As in DWARF (version 5, section 6.4): a frame is known by its caller's stack pointer (the canonical frame address), which is some
// register plus a distance; what the caller had in a register is there still, or at a distance below that address. Where
// nothing has been noted the frame is as a call leaves it: on x86-64 with the return address on top of the stack, on AArch64 with
// nothing there.
#pragma once
#include <vector>

#include "engine/base/integers.h"
#include "jit/emit/registers.h"

namespace brink::jit {

// Of a place in the code and everything behind it, up to a step that says otherwise.
struct FrameStep {
  enum class Kind : u8 {
    Frame,  // the caller's stack pointer is reg + distance
    Saved,  // the caller's reg is at its stack pointer - distance
    Kept,   // reg is the caller's
  };
  u32 at;
  Kind kind;
  Gp reg;
  u32 distance;
};

class FrameSteps {
 public:
  // Where to; null, as at first: nothing is noted.
  void note_in(std::vector<FrameStep>* steps) { steps_ = steps; }
  bool is_on() const { return steps_ != nullptr; }
  void clear() {
    if (steps_ != nullptr) steps_->clear();
    again_.clear();
  }

  void note(const FrameStep& step) {
    if (steps_ != nullptr) [[unlikely]]
      steps_->push_back(step);
  }
  void note(u32 at, const std::vector<FrameStep>& steps) {
    for (FrameStep step : steps) {
      step.at = at;
      note(step);
    }
  }

  // For behind the jump or return that a frame is given up for: there it is as it was.
  void expect_again(std::vector<FrameStep> steps) { again_ = std::move(steps); }
  void path_ends(u32 at) {
    if (again_.empty()) [[likely]]
      return;
    note(at, again_);
    again_.clear();
  }

 private:
  std::vector<FrameStep>* steps_ = nullptr;
  std::vector<FrameStep> again_;
};

}  // namespace brink::jit
