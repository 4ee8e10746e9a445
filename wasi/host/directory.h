// What can be done to the names beneath a directory. Every path is resolved as host/resolve.h says; trailing slashes
// mean what they mean on Linux, without the kernel ever seeing one.
#pragma once
#include <sys/stat.h>
#include <time.h>

#include <array>
#include <string>
#include <string_view>

#include "wasi/host/resolve.h"

namespace brink::wasi::host {

HostResult<void> make_directory(int root, std::string_view path);
HostResult<void> remove_directory(int root, std::string_view path);
HostResult<void> unlink_file(int root, std::string_view path);
HostResult<void> rename(int from_root, std::string_view from, int to_root, std::string_view to);
// A hard link; a symbolic link at `from` is linked itself.
HostResult<void> link(int from_root, std::string_view from, int to_root, std::string_view to);
// `target` may not be absolute (EPERM); it may lead anywhere else, since following it is checked.
HostResult<void> symlink(std::string_view target, int root, std::string_view path);
// A link's target. EPERM if it is absolute: that would tell the guest about the host.
HostResult<std::string> read_link(int root, std::string_view path);
HostResult<struct stat> status(int root, std::string_view path, bool follow);
// `times` as for utimensat(2): access, modification.
HostResult<void> set_times(int root, std::string_view path, bool follow, const std::array<timespec, 2>& times);

}  // namespace brink::wasi::host
