#include "wasi/host/poll.h"

#include <algorithm>
#include <vector>

#include "engine/engine.h"
#include "engine/running_guest.h"
#include "wasi/wasi.h"

namespace brink::wasi::host {
namespace {

// The longest one system call sleeps: the realtime clock may be set meanwhile.
constexpr u64 kLongestSleep = 60 * kNanosecondsPerSecond;

// Asked for only by what is about to wait: the first time it makes a descriptor.
int interrupt_descriptor() {
  const Caller* caller = waiting_caller();
  return caller == nullptr ? -1 : caller->interrupt_descriptor();
}

Waiter* waiter() {
  const Caller* caller = waiting_caller();
  return caller == nullptr ? nullptr : caller->host_data().get<Waiter>();
}

// Both as ppoll(2). The first time of a wait without timeout is the longest there is.
int poll_by(Waiter* waiter, std::span<pollfd> descriptors, std::optional<u64> nanoseconds) {
  if (waiter != nullptr) return waiter->poll(descriptors, nanoseconds);
  timespec timeout = to_timespec(nanoseconds.value_or(0));
  return ::ppoll(descriptors.data(), descriptors.size(), nanoseconds ? &timeout : nullptr, nullptr);
}

HostResult<u64> left_until(u64 deadline, clockid_t clock) {
  if (deadline == kNoDeadline) return kNoDeadline;
  auto now = clock_time(clock);
  if (!now) return now;
  return *now >= deadline ? 0 : deadline - *now;
}

// As wait(), without looking for interrupts.
HostResult<size_t> wait_for_any(Waiter* waiter, std::span<pollfd> descriptors, const Deadlines& deadlines) {
  for (;;) {
    auto monotonic = left_until(deadlines.monotonic, CLOCK_MONOTONIC);
    if (!monotonic) return std::unexpected(monotonic.error());
    auto realtime = left_until(deadlines.realtime, CLOCK_REALTIME);
    if (!realtime) return std::unexpected(realtime.error());
    u64 left = std::min(*monotonic, *realtime);
    int ready = poll_by(waiter, descriptors,
                        left == kNoDeadline ? std::nullopt : std::optional(std::min(left, kLongestSleep)));
    if (ready > 0) return static_cast<size_t>(ready);
    if (ready < 0 && (errno != EINTR || waiter != nullptr)) return last_error();
    if (ready == 0 && left == 0) return size_t{0};
  }
}

}  // namespace

InterruptibleWaits::InterruptibleWaits(const Caller& caller) : outer_(std::exchange(waiting_caller(), &caller)) {}
InterruptibleWaits::~InterruptibleWaits() { waiting_caller() = outer_; }

bool can_be_interrupted() { return waiter() != nullptr || interrupt_descriptor() >= 0; }

bool wait_for(int descriptor, short events, bool block) {
  pollfd subjects[] = {{descriptor, events, 0}, {-1, POLLIN, 0}};
  int ready;
  if (Waiter* own = block ? waiter() : nullptr) {
    ready = own->poll(std::span(subjects, 1), std::nullopt);
    return ready > 0;
  }
  if (block) subjects[1].fd = interrupt_descriptor();
  do ready = ::poll(subjects, block ? 2 : 1, block ? -1 : 0);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) errno = EAGAIN;
  else if (ready > 0 && subjects[0].revents == 0) errno = EINTR;
  return ready > 0 && subjects[0].revents != 0;
}

HostResult<size_t> wait(std::span<pollfd> descriptors, const Deadlines& deadlines) {
  if (Waiter* own = waiter()) return wait_for_any(own, descriptors, deadlines);
  int interrupt = interrupt_descriptor();
  if (interrupt < 0) return wait_for_any(nullptr, descriptors, deadlines);
  std::vector<pollfd> all(descriptors.begin(), descriptors.end());
  all.push_back({interrupt, POLLIN, 0});
  HostResult<size_t> ready = wait_for_any(nullptr, all, deadlines);
  if (!ready) return ready;
  std::copy_n(all.begin(), descriptors.size(), descriptors.begin());
  if (all.back().revents == 0) return ready;
  return std::unexpected(EINTR);
}

}  // namespace brink::wasi::host
