// Where the guest was: the frames of a context as people read them.
#pragma once
#include "engine/interpret/state.h"

namespace brink::runtime {

// Walks the call frames from the innermost to the entry from the host, and puts at most kMaxBacktraceFrames of them
// into the trap.
void attach_backtrace(Trap& trap, const Context& context);

inline constexpr u32 kMaxBacktraceFrames = 64;
// One more tells that there are more.
inline constexpr u32 kMaxNotedFrames = kMaxBacktraceFrames + 1;

}  // namespace brink::runtime
