#include "wasi/host/clock.h"

namespace brink::wasi::host {

u64 nanoseconds(const timespec& time) {
  if (time.tv_sec < 0) return 0;
  u64 seconds = static_cast<u64>(time.tv_sec);
  if (seconds > ~u64{0} / kNanosecondsPerSecond) return ~u64{0};
  return saturating_add(seconds * kNanosecondsPerSecond, static_cast<u64>(time.tv_nsec));
}

timespec to_timespec(u64 nanoseconds) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(nanoseconds / kNanosecondsPerSecond);
  time.tv_nsec = static_cast<long>(nanoseconds % kNanosecondsPerSecond);
  return time;
}

HostResult<u64> clock_time(clockid_t clock) {
  timespec time;
  if (::clock_gettime(clock, &time) < 0) return last_error();
  return nanoseconds(time);
}

HostResult<u64> clock_resolution(clockid_t clock) {
  timespec time;
  if (::clock_getres(clock, &time) < 0) return last_error();
  return nanoseconds(time);
}

}  // namespace brink::wasi::host
