// The host's clocks, in nanoseconds.
#pragma once
#include <time.h>

#include "wasi/host/file_descriptor.h"

namespace brink::wasi::host {

HostResult<u64> clock_time(clockid_t clock);
HostResult<u64> clock_resolution(clockid_t clock);

constexpr u64 kNanosecondsPerSecond = 1'000'000'000;
// Negative times become 0, times past 2⁶⁴-1 ns that.
u64 nanoseconds(const timespec& time);
timespec to_timespec(u64 nanoseconds);
// a + b, or the largest number if that passes it: a deadline that never comes.
inline u64 saturating_add(u64 a, u64 b) { return a > ~u64{0} - b ? ~u64{0} : a + b; }

}  // namespace brink::wasi::host
