// Stacks on which code runs that waits by leaving them: what lets a blocking guest share its thread with others.
//
// A fiber runs one task at a time. The task leaves the fiber with suspend() and goes on where it was when the thread's
// loop calls resume(). A fiber stays on the thread that made it. It is used again for the next task: a switch costs
// some ten nanoseconds, a stack two system calls once.
//
// Guests: the engine's knowledge of which guest the thread runs is exchanged at every switch (engine/running_guest.h).
#pragma once
#include <boost/context/fiber.hpp>
#include <memory>
#include <vector>

#include "engine/running_guest.h"

namespace brink::serve {

class Fiber {
 public:
  using Task = void (*)(void* argument);

  // Lets the task run until it suspends or ends; true when it has ended. Called on the loop's stack only, for a fiber
  // without a task.
  bool run(Task task, void* argument);
  // The same, from where the task has suspended itself.
  bool resume();
  // Called by the task: back to whoever called run or resume.
  void suspend();
  bool is_idle() const { return task_ == nullptr; }

  // `stack_bytes` is rounded up to pages; a guard page is beneath. Throws std::bad_alloc.
  explicit Fiber(size_t stack_bytes);
  // The fiber has no task.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

 private:
  boost::context::fiber body(boost::context::fiber&& loop);
  bool enter();

  // For AddressSanitizer, which must know the stacks' bounds. Before inside_, whose making sets them.
  const void* loop_stack_ = nullptr;
  size_t loop_stack_bytes_ = 0;
  const void* stack_ = nullptr;
  size_t stack_bytes_ = 0;

  boost::context::fiber inside_;  // the fiber, while the loop runs
  boost::context::fiber loop_;    // the loop, while the fiber runs
  RunningGuest guest_;            // of the side that does not run
  Task task_ = nullptr;
  void* argument_ = nullptr;
  bool is_ending_ = false;

};

// The fibers of one thread that have no task.
class FiberPool {
 public:
  explicit FiberPool(size_t stack_bytes, size_t keep) : stack_bytes_(stack_bytes), keep_(keep) {}
  // Null if the system has no more memory or mappings.
  std::unique_ptr<Fiber> take();
  void give_back(std::unique_ptr<Fiber> fiber);

 private:
  size_t stack_bytes_;
  size_t keep_;  // more than this are freed
  std::vector<std::unique_ptr<Fiber>> idle_;
};

}  // namespace brink::serve
