// Lets guests that share a core's thread take turns: what interrupts the one that has had its slice.
//
// A thread looks at all cores every few milliseconds. A guest that it finds running twice in a row, without having
// stopped in between, is interrupted; the guest's side of that is Store::on_interrupt. While no guest runs the thread
// sleeps.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/interrupt.h"
#include "engine/base/integers.h"

namespace brink::serve {

class Preemption;

// The guest that a core runs at the moment. The core's thread begins and ends; the lock is its own but for the moment in
// which it is looked at.
class RunningSlice {
 public:
  explicit RunningSlice(Preemption& preemption) : preemption_(preemption) {}
  void begin(const InterruptHandle& guest);
  // After it nobody interrupts that guest any more.
  void end();

 private:
  friend class Preemption;
  Preemption& preemption_;
  std::mutex mutex_;
  std::optional<InterruptHandle> guest_;
  u64 number_ = 0;  // of the slice
  u64 seen_ = 0;
};

class Preemption {
 public:
  Preemption() = default;
  ~Preemption() { stop(); }
  Preemption(const Preemption&) = delete;
  Preemption& operator=(const Preemption&) = delete;

  // Before start().
  RunningSlice& add_core();
  void start();
  void stop();

 private:
  friend class RunningSlice;
  void run();
  // True if some core runs a guest.
  bool look();
  void wake();

  std::vector<std::unique_ptr<RunningSlice>> cores_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::atomic<bool> is_asleep_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace brink::serve
