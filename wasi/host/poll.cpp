#include "wasi/host/poll.h"

#include <algorithm>

namespace brink::wasi::host {
namespace {

// The longest one system call sleeps: the realtime clock may be set meanwhile.
constexpr u64 kLongestSleep = 60 * kNanosecondsPerSecond;

HostResult<u64> left_until(u64 deadline, clockid_t clock) {
  if (deadline == kNoDeadline) return kNoDeadline;
  auto now = clock_time(clock);
  if (!now) return now;
  return *now >= deadline ? 0 : deadline - *now;
}

}  // namespace

HostResult<size_t> wait(std::span<pollfd> descriptors, const Deadlines& deadlines) {
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

}  // namespace brink::wasi::host
