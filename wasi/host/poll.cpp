#include "wasi/host/poll.h"

#include <algorithm>
#include <vector>

#include "engine/engine.h"

namespace brink::wasi::host {
namespace {

// The longest one system call sleeps: the realtime clock may be set meanwhile.
constexpr u64 kLongestSleep = 60 * kNanosecondsPerSecond;

thread_local const Caller* waiting_caller = nullptr;

// Asked for only by what is about to wait: the first time it makes a descriptor.
int interrupt_descriptor() { return waiting_caller == nullptr ? -1 : waiting_caller->interrupt_descriptor(); }

HostResult<u64> left_until(u64 deadline, clockid_t clock) {
  if (deadline == kNoDeadline) return kNoDeadline;
  auto now = clock_time(clock);
  if (!now) return now;
  return *now >= deadline ? 0 : deadline - *now;
}

// As wait(), without looking for interrupts.
HostResult<size_t> wait_for_any(std::span<pollfd> descriptors, const Deadlines& deadlines) {
  for (;;) {
    auto monotonic = left_until(deadlines.monotonic, CLOCK_MONOTONIC);
    if (!monotonic) return std::unexpected(monotonic.error());
    auto realtime = left_until(deadlines.realtime, CLOCK_REALTIME);
    if (!realtime) return std::unexpected(realtime.error());
    u64 left = std::min(*monotonic, *realtime);
    timespec timeout = to_timespec(std::min(left, kLongestSleep));
    int ready = ::ppoll(descriptors.data(), descriptors.size(), left == kNoDeadline ? nullptr : &timeout, nullptr);
    if (ready > 0) return static_cast<size_t>(ready);
    if (ready < 0 && errno != EINTR) return last_error();
    if (ready == 0 && left == 0) return size_t{0};
  }
}

}  // namespace

InterruptibleWaits::InterruptibleWaits(const Caller& caller) : outer_(std::exchange(waiting_caller, &caller)) {}
InterruptibleWaits::~InterruptibleWaits() { waiting_caller = outer_; }

bool can_be_interrupted() { return interrupt_descriptor() >= 0; }

bool wait_for(int descriptor, short events, bool block) {
  pollfd subjects[] = {{descriptor, events, 0}, {block ? interrupt_descriptor() : -1, POLLIN, 0}};
  int ready;
  do ready = ::poll(subjects, block ? 2 : 1, block ? -1 : 0);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) errno = EAGAIN;
  else if (ready > 0 && subjects[0].revents == 0) errno = EINTR;
  return ready > 0 && subjects[0].revents != 0;
}

HostResult<size_t> wait(std::span<pollfd> descriptors, const Deadlines& deadlines) {
  int interrupt = interrupt_descriptor();
  if (interrupt < 0) return wait_for_any(descriptors, deadlines);
  std::vector<pollfd> all(descriptors.begin(), descriptors.end());
  all.push_back({interrupt, POLLIN, 0});
  HostResult<size_t> ready = wait_for_any(all, deadlines);
  if (!ready) return ready;
  std::copy_n(all.begin(), descriptors.size(), descriptors.begin());
  if (all.back().revents == 0) return ready;
  return std::unexpected(EINTR);
}

}  // namespace brink::wasi::host
