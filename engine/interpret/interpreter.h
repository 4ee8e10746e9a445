// The interpreter's door.
#pragma once
#include "engine/interpret/state.h"

namespace brink::interpret {

// Runs from `state` until the frame that returns to kExit is left (Done; results at the caller's arguments) or a trap
// (context.trap and friends say why, context.frame is the innermost frame). Memory faults are not handled here: see
// runtime/fault.h.
Status run(const State& state);
// The same for quick code; `sp` and `side` of the state do not count.
Status run_quick(const State& state);

// How this build dispatches: "threaded" or "portable".
const char* dispatch_name();

}  // namespace brink::interpret
