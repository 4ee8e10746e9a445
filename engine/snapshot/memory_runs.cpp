#include "engine/snapshot/memory_runs.h"

#include <algorithm>
#include <cstring>

namespace brink::snapshot {
namespace {

// The first byte at or after `at` that is not zero; the size where there is none.
u64 skip_zeros(std::span<const u8> bytes, u64 at) {
  static constexpr u8 kZeros[4096] = {};
  while (bytes.size() - at >= sizeof kZeros && std::memcmp(bytes.data() + at, kZeros, sizeof kZeros) == 0)
    at += sizeof kZeros;
  while (bytes.size() - at >= 8 && std::memcmp(bytes.data() + at, kZeros, 8) == 0) at += 8;
  while (at < bytes.size() && bytes[at] == 0) ++at;
  return at;
}

void join(std::vector<MemoryRun>& runs, u64 gap) {
  size_t last = 0;
  for (size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].offset - (runs[last].offset + runs[last].size) < gap) {
      runs[last].size = runs[i].offset + runs[i].size - runs[last].offset;
    } else {
      runs[++last] = runs[i];
    }
  }
  if (!runs.empty()) runs.resize(last + 1);
}

}  // namespace

std::vector<MemoryRun> find_runs(std::span<const u8> bytes, u64 gap) {
  std::vector<MemoryRun> runs;
  for (u64 at = skip_zeros(bytes, 0); at < bytes.size();) {
    u64 begin = at;
    u64 end = at;  // after the last byte of the run
    while (at < bytes.size() && at - end < gap) {
      bool is_zero = bytes[at++] == 0;
      if (!is_zero) end = at;
    }
    runs.push_back({begin, end - begin});
    at = skip_zeros(bytes, at);
  }
  return runs;
}

void join_runs(std::vector<MemoryRun>& runs, size_t most) {
  for (u64 gap = 16; runs.size() > most; gap *= 2) join(runs, gap);
}

}  // namespace brink::snapshot
