#include <sched.h>
#include <sys/random.h>

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"

namespace brink::wasi {
namespace {

enum class Default { End, Ignore, Stop };

Default default_action(Signal signal) {
  switch (signal) {
    case Signal::None:
    case Signal::Chld:
    case Signal::Cont:
    case Signal::Urg:
    case Signal::Winch: return Default::Ignore;
    case Signal::Stop:
    case Signal::Tstp:
    case Signal::Ttin:
    case Signal::Ttou: return Default::Stop;
    default: return Default::End;
  }
}

}  // namespace

Context::MayEnd Context::proc_raise(u32 signal) {
  if (signal > static_cast<u32>(Signal::Sys)) return Errno::Inval;
  switch (default_action(static_cast<Signal>(signal))) {
    case Default::Ignore: return Errno::Success;
    case Default::Stop: return Errno::NotSup;
    case Default::End: break;
  }
  // Linux has a signal 16 that WASI has not.
  return std::unexpected(128 + signal + (signal >= static_cast<u32>(Signal::Chld) ? 1 : 0));
}

Errno Context::random_get(GuestMemory& memory, u32 buf, u32 buf_len) {
  auto rest = memory.kernel_bytes(buf, buf_len);
  if (!rest) return rest.error();
  while (!rest->empty()) {
    ssize_t got = ::getrandom(rest->data(), rest->size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_of(errno);
    rest = rest->subspan(static_cast<size_t>(got));
  }
  return Errno::Success;
}

Errno Context::sched_yield(GuestMemory&) { return ::sched_yield() < 0 ? errno_of(errno) : Errno::Success; }

}  // namespace brink::wasi
