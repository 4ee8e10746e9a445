#include "wasi/host/clock.h"

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"

namespace brink::wasi {
namespace {

std::optional<clockid_t> host_clock(u32 id) {
  switch (static_cast<ClockId>(id)) {
    case ClockId::Realtime: return CLOCK_REALTIME;
    case ClockId::Monotonic: return CLOCK_MONOTONIC;
    case ClockId::ProcessCpuTime: return CLOCK_PROCESS_CPUTIME_ID;
    case ClockId::ThreadCpuTime: return CLOCK_THREAD_CPUTIME_ID;
  }
  return std::nullopt;
}

Errno read_clock(GuestMemory& memory, u32 id, u32 pointer, host::HostResult<u64> (*read)(clockid_t)) {
  auto slot = memory.slot<u64>(pointer);
  if (!slot) return slot.error();
  auto clock = host_clock(id);
  if (!clock) return Errno::Inval;
  auto value = read(*clock);
  if (!value) return errno_of(value);
  slot->set(*value);
  return Errno::Success;
}

}  // namespace

Errno Context::clock_res_get(GuestMemory& memory, u32 id, u32 resolution) {
  return read_clock(memory, id, resolution, host::clock_resolution);
}

Errno Context::clock_time_get(GuestMemory& memory, u32 id, u64 /*precision*/, u32 time) {
  return read_clock(memory, id, time, host::clock_time);
}

}  // namespace brink::wasi
