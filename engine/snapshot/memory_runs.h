// Which parts of a memory must be written down: all that is not zero.
#pragma once
#include <span>
#include <vector>

#include "engine/base/integers.h"

namespace brink::snapshot {

struct MemoryRun {
  u64 offset;
  u64 size;
  bool operator==(const MemoryRun&) const = default;
};

// Runs of bytes in ascending order; each begins and ends with a byte that is not zero, and two of them are at least
// `gap` zero bytes apart.
std::vector<MemoryRun> find_runs(std::span<const u8> bytes, u64 gap);

// Joins runs over ever larger gaps until there are at most `most` (at least one).
void join_runs(std::vector<MemoryRun>& runs, size_t most);

}  // namespace brink::snapshot
