#include "engine/runtime/parking_lot.h"

#include <chrono>

namespace brink::runtime {

void ParkingLot::take_out(Queue& queue, Waiter& waiter) {
  (waiter.before ? waiter.before->after : queue.first) = waiter.after;
  (waiter.after ? waiter.after->before : queue.last) = waiter.before;
  waiter.is_queued = false;
}

WaitResult ParkingLot::park(std::unique_lock<std::mutex>& lock, const void* address, i64 timeout_ns,
                            const std::atomic<bool>* flag) {
  using Clock = std::chrono::steady_clock;
  static_assert(std::is_same_v<Clock::duration, std::chrono::nanoseconds>);
  Waiter waiter;
  waiter.flag = flag;
  {
    Queue& queue = queues_[address];
    waiter.before = queue.last;
    (queue.last ? queue.last->after : queue.first) = &waiter;
    queue.last = &waiter;
  }
  auto is_woken = [&] { return !waiter.is_queued; };
  auto begin = Clock::now().time_since_epoch().count();
  // Where the sum would overflow, the timeout ends after 290 years: none.
  if (timeout_ns < 0 || timeout_ns > INT64_MAX - begin) {
    waiter.wake.wait(lock, is_woken);
  } else if (!waiter.wake.wait_until(lock, Clock::time_point(Clock::duration(begin + timeout_ns)), is_woken)) {
    auto found = queues_.find(address);
    take_out(found->second, waiter);
    if (found->second.first == nullptr) queues_.erase(found);
    return WaitResult::TimedOut;
  }
  return waiter.is_interrupted ? WaitResult::Interrupted : WaitResult::Woken;
}

u32 ParkingLot::notify(const void* address, u32 count) {
  std::lock_guard lock(mutex_);
  auto found = queues_.find(address);
  if (found == queues_.end()) return 0;
  Queue& queue = found->second;
  u32 woken = 0;
  for (; woken < count && queue.first != nullptr; ++woken) {
    Waiter& waiter = *queue.first;
    take_out(queue, waiter);
    waiter.wake.notify_one();  // under the lock: the waiter, and with it `wake`, is gone once it has the lock
  }
  if (queue.first == nullptr) queues_.erase(found);
  return woken;
}

u32 ParkingLot::waiting_at(const void* address) {
  std::lock_guard lock(mutex_);
  u32 count = 0;
  auto found = queues_.find(address);
  if (found == queues_.end()) return 0;
  for (const Waiter* waiter = found->second.first; waiter != nullptr; waiter = waiter->after) ++count;
  return count;
}

template <class Predicate>
void ParkingLot::interrupt_those(Predicate is_meant) {
  for (auto at = queues_.begin(); at != queues_.end();) {
    Queue& queue = at->second;
    for (Waiter* waiter = queue.first; waiter != nullptr;) {
      Waiter* after = waiter->after;
      if (is_meant(*waiter)) {
        take_out(queue, *waiter);
        waiter->is_interrupted = true;
        waiter->wake.notify_one();
      }
      waiter = after;
    }
    at = queue.first == nullptr ? queues_.erase(at) : std::next(at);
  }
}

void ParkingLot::interrupt() {
  std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  interrupt_those([](const Waiter&) { return true; });
}

void ParkingLot::interrupt(const std::atomic<bool>* flag) {
  std::lock_guard lock(mutex_);
  interrupt_those([&](const Waiter& waiter) { return waiter.flag == flag; });
}

}  // namespace brink::runtime
