// Waiting for descriptors and deadlines at once.
#pragma once
#include <poll.h>

#include <span>

#include "wasi/host/clock.h"

namespace brink::wasi::host {

// Never comes.
constexpr u64 kNoDeadline = ~u64{0};

// When to stop waiting, in nanoseconds of CLOCK_MONOTONIC and CLOCK_REALTIME; the first that is reached counts.
struct Deadlines {
  u64 monotonic = kNoDeadline;
  u64 realtime = kNoDeadline;
};

// Returns when a descriptor is ready (the revents say which; negative ones are left out) or a deadline is reached, and
// not before; for ever if there is neither. Signals do not end it. The number of ready descriptors.
HostResult<size_t> wait(std::span<pollfd> descriptors, const Deadlines& deadlines);

}  // namespace brink::wasi::host
