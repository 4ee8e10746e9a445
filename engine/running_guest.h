// For hosts that run guests on stacks of their own (fibers).
//
// A thread knows which guest it runs, so that a memory fault becomes that guest's trap. A guest that is left in the
// middle of a host function, while the thread goes on with something else, takes this knowledge with it: whoever
// switches stacks exchanges it at every switch. A guest stays on the thread that it began on.
#pragma once

namespace brink {

class Caller;
namespace runtime {
struct Context;
}

// What a thread knows about the guest it runs; empty where it runs none.
class RunningGuest {
 public:
  RunningGuest() = default;
  // Makes `next` this thread's; returns what was.
  static RunningGuest exchange(RunningGuest next);

 private:
  runtime::Context* context_ = nullptr;
  const Caller* caller_ = nullptr;
};

// The call of a host function that waits for the guest, as far as that function has said so (wasi/host/poll.h); null: none.
const Caller*& waiting_caller();

}  // namespace brink
