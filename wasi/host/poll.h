// Waiting for descriptors and deadlines at once.
#pragma once
#include <poll.h>

#include <span>

#include "wasi/host/clock.h"

namespace brink {
class Caller;
}

namespace brink::wasi::host {

// Never comes.
constexpr u64 kNoDeadline = ~u64{0};

// When to stop waiting, in nanoseconds of CLOCK_MONOTONIC and CLOCK_REALTIME; the first that is reached counts.
struct Deadlines {
  u64 monotonic = kNoDeadline;
  u64 realtime = kNoDeadline;
};

// While it lives, waits on this thread end when the caller's store is interrupted: with EINTR, and the guest traps when
// the WASI function returns. WASI functions run within one (linker.cpp).
class InterruptibleWaits {
 public:
  explicit InterruptibleWaits(const Caller& caller);
  ~InterruptibleWaits();
  InterruptibleWaits(const InterruptibleWaits&) = delete;
  InterruptibleWaits& operator=(const InterruptibleWaits&) = delete;

 private:
  const Caller* outer_;
};

// Waits until `events` are possible on a descriptor. False, with errno, if not: EAGAIN if waiting is refused, EINTR if
// the wait was interrupted.
bool wait_for(int descriptor, short events, bool block);
// Whether waits on this thread can be interrupted now.
bool can_be_interrupted();

// Returns when a descriptor is ready (the revents say which; negative ones are left out) or a deadline is reached, and
// not before; for ever if there is neither. Signals do not end it. The number of ready descriptors.
HostResult<size_t> wait(std::span<pollfd> descriptors, const Deadlines& deadlines);

}  // namespace brink::wasi::host
