// Where threads wait for each other at addresses of one shared memory (memory.atomic.wait32, wait64 and notify; threads
// proposal, "Wait and Notify operators").
//
// What it guarantees. The value is compared and the thread enqueued under the lock that notify takes, so no wake-up is
// lost between the two. Threads that wait at an address are woken in the order in which they came. A thread is woken by
// notify or by its timeout, never both: who takes it out of its queue, under the lock, decides. Nothing wakes it
// spuriously.
//
// Why a lot for each memory, and not one for the process: a guest that storms its memory with notifications delays no
// other guest, and a lot's memory is bounded by the threads of its own guest.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "engine/engine.h"

namespace brink::runtime {

class ParkingLot {
 public:
  ParkingLot() = default;
  ParkingLot(const ParkingLot&) = delete;
  ParkingLot& operator=(const ParkingLot&) = delete;

  // Waits while no one notifies, if *address == expected. `address` is aligned and stays readable. A negative timeout
  // (nanoseconds) is none. Who sets `flag`, if there is one, ends the wait by interrupt(flag).
  template <class T>
  WaitResult wait(T* address, T expected, i64 timeout_ns, const std::atomic<bool>* flag = nullptr) {
    std::unique_lock lock(mutex_);
    if (is_interrupted_ || (flag != nullptr && *flag)) return WaitResult::Interrupted;
    if (std::atomic_ref<T>(*address).load() != expected) return WaitResult::NotEqual;
    return park(lock, address, timeout_ns, flag);
  }

  // How many were woken, at most `count`.
  u32 notify(const void* address, u32 count);

  // How many threads wait at an address, for tests: they may be gone when the answer comes.
  u32 waiting_at(const void* address);

  // All that wait and all that will: WaitResult::Interrupted.
  void interrupt();
  // Those that wait with this flag, which has been set: WaitResult::Interrupted.
  void interrupt(const std::atomic<bool>* flag);

 private:
  // On the stack of the thread that waits.
  struct Waiter {
    std::condition_variable wake;
    const std::atomic<bool>* flag = nullptr;
    bool is_queued = true;
    bool is_interrupted = false;
    Waiter* before = nullptr;
    Waiter* after = nullptr;
  };
  struct Queue {
    Waiter* first = nullptr;
    Waiter* last = nullptr;
  };

  WaitResult park(std::unique_lock<std::mutex>& lock, const void* address, i64 timeout_ns,
                  const std::atomic<bool>* flag);
  // Interrupts the waiters that `is_meant` is true for.
  template <class Predicate>
  void interrupt_those(Predicate is_meant);
  static void take_out(Queue& queue, Waiter& waiter);

  std::mutex mutex_;
  std::unordered_map<const void*, Queue> queues_;  // none of them empty
  bool is_interrupted_ = false;
};

}  // namespace brink::runtime
