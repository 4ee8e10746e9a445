// For hosts that run guests on stacks of their own (fibers).
//
// A thread knows which guest it runs, so that a memory fault becomes that guest's trap. A guest that is left in the
// middle of a host function, while the thread goes on with something else, takes this knowledge with it: whoever
// switches stacks exchanges it at every switch. A guest stays on the thread that it began on.
#pragma once
#include <cstddef>

namespace brink {

class Caller;
namespace runtime {
struct Context;
}

// What a thread knows about the guest it runs; empty where it runs none.
class RunningGuest {
 public:
  RunningGuest() = default;
  // To begin with on a stack of the host's own, so that guests in machine code know how much of it they may use. Without,
  // they get 128 KiB below where they are called from, and leave as much to what they call.
  static RunningGuest on_stack(const void* lowest, size_t bytes);
  // Makes `next` this thread's; returns what was.
  static RunningGuest exchange(RunningGuest next);

 private:
  runtime::Context* context_ = nullptr;
  const Caller* caller_ = nullptr;
  const void* stack_ = nullptr;
  size_t stack_bytes_ = 0;
};

// The call of a host function that waits for the guest, as far as that function has said so (wasi/host/poll.h); null: none.
const Caller*& waiting_caller();

}  // namespace brink
