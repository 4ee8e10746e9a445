#pragma once
#include "wasi/host/file_descriptor.h"
#include "wasi/preview1/types.h"

namespace brink::wasi {

// WASI's number for an errno of the host; `io` for those it has none for.
Errno errno_of(int host_error);

template <class T>
Errno errno_of(const host::HostResult<T>& result) {
  return result ? Errno::Success : errno_of(result.error());
}

}  // namespace brink::wasi
