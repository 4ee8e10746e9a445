// What is known about descriptors themselves: rights, flags, names of pre-opened directories, numbers.
#include <fcntl.h>
#include <unistd.h>

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"

namespace brink::wasi {
namespace {

// Every directory reports these, also a read-only one, as wasmtime does: C libraries mask what they ask of path_open
// with the inheriting rights, and would otherwise open for reading what was to be written.
constexpr u64 kDirectoryBase =
    rights::kPathCreateDirectory | rights::kPathCreateFile | rights::kPathLinkSource | rights::kPathLinkTarget |
    rights::kPathOpen | rights::kFdReaddir | rights::kPathReadlink | rights::kPathRenameSource |
    rights::kPathRenameTarget | rights::kPathSymlink | rights::kPathRemoveDirectory | rights::kPathUnlinkFile |
    rights::kPathFilestatGet | rights::kPathFilestatSetTimes | rights::kFdFilestatGet | rights::kFdFilestatSetTimes;
constexpr u64 kFileCommon = rights::kFdFdstatSetFlags | rights::kFdFilestatGet | rights::kPollFdReadwrite;
constexpr u64 kFileOfDisk = rights::kFdDatasync | rights::kFdSync | rights::kFdAdvise | rights::kFdFilestatSetTimes;
constexpr u64 kPosition = rights::kFdSeek | rights::kFdTell;
constexpr u64 kWriting = rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize;
constexpr u64 kDirectoryInheriting =
    kDirectoryBase | kFileCommon | kFileOfDisk | kPosition | rights::kFdRead | kWriting;

u64 rights_of(const Descriptor& descriptor) {
  if (descriptor.is_directory()) return kDirectoryBase;
  u64 base = kFileCommon;
  if (descriptor.readable) base |= rights::kFdRead;
  if (descriptor.writable) base |= rights::kFdWrite;
  if (descriptor.is_socket()) return base | rights::kSockShutdown | rights::kSockAccept;
  if (descriptor.type == FileType::RegularFile) {
    base |= kFileOfDisk | kPosition;
    if (descriptor.writable) base |= kWriting;
  } else if (descriptor.fd >= 0 && !::isatty(descriptor.fd) && ::lseek(descriptor.fd, 0, SEEK_CUR) >= 0) {
    // To C libraries a terminal is a character device without a position.
    base |= kPosition;
  }
  return base;
}

u16 flags_of(const Descriptor& descriptor) {
  u16 flags = descriptor.flags;
  if (!descriptor.inherited) return flags;
  int host_flags = ::fcntl(descriptor.fd, F_GETFL);
  if (host_flags >= 0 && host_flags & O_APPEND) flags |= fdflags::kAppend;
  return flags;
}

constexpr u16 kSyncFlags = fdflags::kDsync | fdflags::kRsync | fdflags::kSync;

}  // namespace

Errno Context::fd_fdstat_get(GuestMemory& memory, u32 fd, u32 fdstat) {
  auto slot = memory.slot<FdStat>(fdstat);
  if (!slot) return slot.error();
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  FdStat result;
  result.filetype = found->type;
  result.flags = flags_of(*found);
  result.rights_base = rights_of(*found);
  result.rights_inheriting = found->is_directory() ? kDirectoryInheriting : 0;
  slot->set(result);
  return Errno::Success;
}

// Append and Nonblock can change; the flags of synchronous writing are fixed at opening, as on Linux, and asking for
// more of them is `inval`.
Errno Context::fd_fdstat_set_flags(GuestMemory&, u32 fd, u32 flags) {
  auto file = not_directory(fd);
  if (!file) return file.error();
  Descriptor& changed = **file;
  u16 current = flags_of(changed);
  if (flags & ~u32{fdflags::kAll} || flags & kSyncFlags & ~current) return Errno::Inval;
  if ((flags ^ current) & fdflags::kAppend) {
    // A standard stream's flags are shared with other processes.
    if (changed.inherited || changed.fd < 0) return Errno::NotSup;
    int host_flags = ::fcntl(changed.fd, F_GETFL);
    if (host_flags < 0) return errno_of(errno);
    host_flags = flags & fdflags::kAppend ? host_flags | O_APPEND : host_flags & ~O_APPEND;
    if (::fcntl(changed.fd, F_SETFL, host_flags) < 0) return errno_of(errno);
  }
  constexpr u16 kSettable = fdflags::kAppend | fdflags::kNonblock;
  u16 kept = changed.inherited ? fdflags::kNonblock : kSettable;
  changed.flags = static_cast<u16>((changed.flags & ~kSettable) | (flags & kept));
  return Errno::Success;
}

Errno Context::fd_fdstat_set_rights(GuestMemory&, u32 fd, u64 /*rights_base*/, u64 /*rights_inheriting*/) {
  return table_.find(fd) ? Errno::NotSup : Errno::BadF;
}

Errno Context::fd_prestat_get(GuestMemory& memory, u32 fd, u32 prestat) {
  auto slot = memory.slot<Prestat>(prestat);
  if (!slot) return slot.error();
  auto found = table_.find(fd);
  if (!found || !found->preopen) return Errno::BadF;
  Prestat result;
  result.name_len = static_cast<u32>(found->preopen->guest_path.size());
  slot->set(result);
  return Errno::Success;
}

Errno Context::fd_prestat_dir_name(GuestMemory& memory, u32 fd, u32 path, u32 path_len) {
  auto place = memory.bytes(path, path_len);
  if (!place) return place.error();
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  if (!found->preopen) return Errno::NotDir;
  const std::string& name = found->preopen->guest_path;
  if (name.size() > path_len) return Errno::NameTooLong;
  std::memcpy(place->data(), name.data(), name.size());
  return Errno::Success;
}

Errno Context::fd_renumber(GuestMemory&, u32 from, u32 to) {
  return table_.renumber(from, to) ? Errno::Success : Errno::BadF;
}

std::optional<std::string> Context::find_changed_descriptor() const {
  u32 number = 0;
  auto differs = [&](const char* how) { return "descriptor " + std::to_string(number) + " " + how; };
  for (; number < 3; ++number) {
    auto found = table_.find(number);
    bool has_callback = (number == 0 && config_.input) || (number == 1 && config_.output) ||
                        (number == 2 && config_.error_output);
    if (!found) {
      // Closed by the host already, or by the guest.
      if (has_callback || ::fcntl(static_cast<int>(number), F_GETFD) >= 0) return differs("has been closed");
      continue;
    }
    bool is_same = has_callback ? found->source || found->sink
                                : found->inherited && found->fd == static_cast<int>(number);
    if (!is_same) return differs("is something else now");
    if (found->flags != 0) return differs("has other flags");
  }
  for (const OpenDirectories* directories : {own_directories_.get(), config_.opened_directories.get()}) {
    if (!directories) continue;
    for (const OpenDirectory& directory : directories->list) {
      auto found = table_.find(number);
      if (!found) return differs("has been closed");
      if (found->preopen != &directory) return differs("is something else now");
      if (found->flags != 0) return differs("has other flags");
      ++number;
    }
  }
  for (size_t i = 0; i < config_.sockets.size(); ++i, ++number) {
    auto found = table_.find(number);
    if (!found) return differs("has been closed");
    if (!found->is_socket()) return differs("is something else now");
    if (found->flags != 0) return differs("has other flags");
  }
  for (u32 size = table_.size(); number < size; ++number)
    if (table_.find(number)) return differs("is open");
  return std::nullopt;
}

}  // namespace brink::wasi
