// Ending a running guest from another thread: the embedding interface's part. How it works: engine/runtime/interrupts.h.
#pragma once
#include <memory>

namespace brink {

namespace runtime {
class Interrupts;
}

// Ends what the guest of one store is doing. A handle like Engine: copies refer to the same store, any thread may use
// it at any time, also when the store is gone. Made by Store::interrupt_handle.
class InterruptHandle {
 public:
  explicit InterruptHandle(std::shared_ptr<runtime::Interrupts> impl) : impl_(std::move(impl)) {}

  // The guest traps (TrapKind::Interrupted): at its next instruction, when the host function it is in returns, when the
  // wait it is in has been woken, or when it is next called; from then on at every call until
  // Store::clear_interrupt. Not for signal handlers: it takes locks. Some microseconds, also for a guest that sleeps.
  void interrupt() const;

 private:
  std::shared_ptr<runtime::Interrupts> impl_;
};

}  // namespace brink
