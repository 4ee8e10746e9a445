// Path resolution that cannot leave a directory.
//
// A path from a guest is resolved beneath a directory descriptor: absolute paths, `..` above the directory, and
// symbolic links (anywhere in the path) that are absolute or lead above it fail with EPERM, whatever happens to the
// tree meanwhile. The kernel does it where it can: openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS. Elsewhere
// (before Linux 5.6, under some seccomp profiles and emulators) a walk opens one component at a time with O_NOFOLLOW,
// reads links itself, and answers `..` with a directory it came through, never with the file system's `..`. Either way
// each step starts from an open directory, so a rename or a swapped link between two steps leads nowhere new.
//
// What acts on a name instead of opening it (mkdir, unlink, rename, …) resolves the parent this way and passes the
// kernel one component, which is never `..` and never ends in a slash: such names would be resolved by the kernel,
// outside of these rules.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "wasi/host/file_descriptor.h"

namespace brink::wasi::host {

enum class Resolution {
  Automatic,  // the kernel's if it has one
  Walk,       // component by component
};
// For tests: how every path of this process is resolved from now on.
void set_resolution(Resolution resolution);
// Whether openat2 is there and allowed; asked once.
bool kernel_resolves();

// openat(2) beneath `root`. `flags` may hold O_NOFOLLOW, which concerns the last component only, as in open(2);
// O_CLOEXEC and O_NOCTTY are added. A path that ends in a slash must be a directory.
HostResult<FileDescriptor> open_beneath(int root, std::string_view path, int flags, mode_t mode = 0);

// Where a path's last component lives.
struct Parent {
  FileDescriptor owned;  // none if the parent is `root` itself
  int directory = -1;
  std::string name;             // one component; "." where the path ends in "." or ".."
  bool trailing_slash = false;  // the path asks for a directory
};
HostResult<Parent> open_parent(int root, std::string_view path);

}  // namespace brink::wasi::host
