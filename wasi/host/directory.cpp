#include "wasi/host/directory.h"

#include <fcntl.h>
#include <stdio.h>

#include <climits>

namespace brink::wasi::host {
namespace {

HostResult<void> outcome(int result) {
  if (result < 0) return last_error();
  return {};
}

HostResult<mode_t> mode_of(const Parent& at) {
  struct stat found;
  if (::fstatat(at.directory, at.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0) return last_error();
  return found.st_mode;
}

// What making something other than a directory at "name/" fails with.
int refusal_of_slash(const Parent& at) {
  auto mode = mode_of(at);
  return mode ? EEXIST : mode.error();
}

}  // namespace

HostResult<void> make_directory(int root, std::string_view path) {
  auto at = open_parent(root, path);
  if (!at) return std::unexpected(at.error());
  return outcome(::mkdirat(at->directory, at->name.c_str(), 0777));
}

HostResult<void> remove_directory(int root, std::string_view path) {
  auto at = open_parent(root, path);
  if (!at) return std::unexpected(at.error());
  return outcome(::unlinkat(at->directory, at->name.c_str(), AT_REMOVEDIR));
}

HostResult<void> unlink_file(int root, std::string_view path) {
  auto at = open_parent(root, path);
  if (!at) return std::unexpected(at.error());
  if (at->trailing_slash) {
    auto mode = mode_of(*at);
    if (!mode) return std::unexpected(mode.error());
    return std::unexpected(S_ISDIR(*mode) ? EISDIR : ENOTDIR);
  }
  return outcome(::unlinkat(at->directory, at->name.c_str(), 0));
}

HostResult<void> rename(int from_root, std::string_view from, int to_root, std::string_view to) {
  auto source = open_parent(from_root, from);
  if (!source) return std::unexpected(source.error());
  auto target = open_parent(to_root, to);
  if (!target) return std::unexpected(target.error());
  if (source->trailing_slash || target->trailing_slash) {
    auto mode = mode_of(*source);
    if (!mode) return std::unexpected(mode.error());
    if (!S_ISDIR(*mode)) return std::unexpected(ENOTDIR);
  }
  return outcome(::renameat(source->directory, source->name.c_str(), target->directory, target->name.c_str()));
}

HostResult<void> link(int from_root, std::string_view from, int to_root, std::string_view to) {
  auto source = open_parent(from_root, from);
  if (!source) return std::unexpected(source.error());
  auto target = open_parent(to_root, to);
  if (!target) return std::unexpected(target.error());
  if (source->trailing_slash) {
    auto mode = mode_of(*source);
    if (!mode) return std::unexpected(mode.error());
    return std::unexpected(S_ISDIR(*mode) ? EPERM : ENOTDIR);
  }
  if (target->trailing_slash) return std::unexpected(refusal_of_slash(*target));
  return outcome(::linkat(source->directory, source->name.c_str(), target->directory, target->name.c_str(), 0));
}

HostResult<void> symlink(std::string_view target, int root, std::string_view path) {
  if (target.size() >= PATH_MAX) return std::unexpected(ENAMETOOLONG);
  if (target.find('\0') != target.npos) return std::unexpected(EINVAL);
  if (target.starts_with('/')) return std::unexpected(EPERM);
  auto at = open_parent(root, path);
  if (!at) return std::unexpected(at.error());
  if (at->trailing_slash) return std::unexpected(refusal_of_slash(*at));
  return outcome(::symlinkat(std::string(target).c_str(), at->directory, at->name.c_str()));
}

HostResult<std::string> read_link(int root, std::string_view path) {
  auto at = open_parent(root, path);
  if (!at) return std::unexpected(at.error());
  if (at->trailing_slash) {
    auto opened = open_beneath(root, path, O_PATH | O_DIRECTORY);
    return std::unexpected(opened ? EINVAL : opened.error());
  }
  char target[PATH_MAX];
  ssize_t size = ::readlinkat(at->directory, at->name.c_str(), target, sizeof target);
  if (size < 0) return last_error();
  if (size == sizeof target) return std::unexpected(ENAMETOOLONG);
  if (size > 0 && target[0] == '/') return std::unexpected(EPERM);
  return std::string(target, static_cast<size_t>(size));
}

HostResult<struct stat> status(int root, std::string_view path, bool follow) {
  auto opened = open_beneath(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
  if (!opened) return std::unexpected(opened.error());
  struct stat found;
  if (::fstat(opened->get(), &found) < 0) return last_error();
  return found;
}

HostResult<void> set_times(int root, std::string_view path, bool follow, const std::array<timespec, 2>& times) {
  auto opened = open_beneath(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
  if (!opened) return std::unexpected(opened.error());
  if (::utimensat(opened->get(), "", times.data(), AT_EMPTY_PATH) == 0) return {};
  if (errno != EINVAL && errno != ENOENT) return last_error();
  // Before Linux 5.8 there is no utimensat on what a descriptor stands for, unless it is open for reading.
  auto file = open_beneath(root, path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  if (!file) return std::unexpected(file.error());
  return outcome(::futimens(file->get(), times.data()));
}

}  // namespace brink::wasi::host
