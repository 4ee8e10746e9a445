// What starting costs inside a process that embeds Brink: loading, the first and the n-th instance, resetting, and the
// memory of many instances at once.
#pragma once
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace brink::tools {

struct StartupFigure {
  std::string what;
  std::string unit;  // "us" or "KB"
  double median = 0;
  double minimum = 0;  // of the same samples
  u64 samples = 0;
};

// Takes a few seconds, and the time is the calling thread's wall time. Errors: whatever keeps an instance from being
// made, e.g. kind Limit where address space is short.
Result<std::vector<StartupFigure>> measure_startup(u32 runs, u32 live_instances);

}  // namespace brink::tools
