// The interpreter's door.
#pragma once
#include <memory>
#include <mutex>

#include "engine/interpret/state.h"

namespace brink::interpret {

// Runs from `state` until the frame that returns to kExit is left (Done; results at the caller's arguments) or a trap
// (context.trap and friends say why, context.frame is the innermost frame). Memory faults are not handled here: see
// runtime/fault.h.
Status run(const State& state);
class ThreadDispatch;
// The same for quick code; `sp` and `side` of the state do not count. Where a table of the thread's own is given, the
// run can be interrupted.
Status run_quick(const State& state, const ThreadDispatch* dispatch);
// Before a function's quick code is run for the first time.
void make_ready_for(const u8* code);

// A thread's own table of quick code's handlers: what other threads overwrite to interrupt it (runtime/interrupts.h).
class ThreadDispatch {
 public:
  ThreadDispatch();
  ~ThreadDispatch();
  // Made when a thread first asks, gone with the thread.
  static ThreadDispatch& of_this_thread();
  // From any thread: the next instruction that goes through the table looks at its Context::is_interrupted.
  void interrupt();
  // Makes the table whole again, for the thread it belongs to.
  void repair();
  const void* table() const;

 private:
  struct Table;
  std::mutex mutex_;
  std::unique_ptr<Table> table_;
};

// How this build dispatches: "threaded" or "portable".
const char* dispatch_name();

}  // namespace brink::interpret
