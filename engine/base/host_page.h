// The size of the processor's pages: 4 KiB on x86-64, 4, 16 or 64 KiB on AArch64, as the kernel was built.
#pragma once
#include <unistd.h>

#include "engine/base/integers.h"

namespace brink {

// In bytes, a power of two. For use while the program runs, not while its globals are made.
inline const u64 kHostPage = static_cast<u64>(::sysconf(_SC_PAGESIZE));
// No system we run on has larger ones; a WebAssembly page is one at most, so that memories can be guarded by the processor.
inline constexpr u64 kMaxHostPage = 64 << 10;

inline u64 round_up_to_host_page(u64 bytes) { return (bytes + kHostPage - 1) & ~(kHostPage - 1); }

}  // namespace brink
