#pragma once
#include <sys/stat.h>

#include <array>

#include "wasi/host/clock.h"
#include "wasi/preview1/guest_memory.h"

namespace brink::wasi {

// What utimensat(2) takes, for a guest's timestamps and fstflags; `inval` for a time that is both given and now.
inline Checked<std::array<timespec, 2>> times_to_set(u64 atim, u64 mtim, u32 flags) {
  if (flags & ~u32{fstflags::kAll}) return std::unexpected(Errno::Inval);
  auto one = [&](u64 time, u32 given, u32 now) -> Checked<timespec> {
    if (flags & given && flags & now) return std::unexpected(Errno::Inval);
    if (flags & given) return host::to_timespec(time);
    return timespec{0, flags & now ? UTIME_NOW : UTIME_OMIT};
  };
  auto access = one(atim, fstflags::kAtim, fstflags::kAtimNow);
  auto modification = one(mtim, fstflags::kMtim, fstflags::kMtimNow);
  if (!access || !modification) return std::unexpected(Errno::Inval);
  return std::array<timespec, 2>{*access, *modification};
}

}  // namespace brink::wasi
