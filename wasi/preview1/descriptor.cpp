#include "wasi/preview1/descriptor.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "wasi/host/clock.h"

namespace brink::wasi {

std::unique_ptr<Descriptor> make_descriptor(host::FileDescriptor owned, FileType type) {
  auto descriptor = std::make_unique<Descriptor>();
  descriptor->type = type;
  descriptor->fd = owned.get();
  descriptor->owned = std::move(owned);
  return descriptor;
}

FileType file_type(mode_t mode, int fd) {
  switch (mode & S_IFMT) {
    case S_IFBLK: return FileType::BlockDevice;
    case S_IFCHR: return FileType::CharacterDevice;
    case S_IFDIR: return FileType::Directory;
    case S_IFREG: return FileType::RegularFile;
    case S_IFLNK: return FileType::SymbolicLink;
    case S_IFSOCK: {
      int type = 0;
      socklen_t size = sizeof type;
      bool datagrams = fd >= 0 && ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
      return datagrams ? FileType::SocketDgram : FileType::SocketStream;
    }
    default: return FileType::Unknown;
  }
}

FileStat file_stat(const struct stat& status, int fd) {
  FileStat result;
  result.dev = status.st_dev;
  result.ino = status.st_ino;
  result.filetype = file_type(status.st_mode, fd);
  result.nlink = status.st_nlink;
  result.size = static_cast<u64>(status.st_size);
  result.atim = host::nanoseconds(status.st_atim);
  result.mtim = host::nanoseconds(status.st_mtim);
  result.ctim = host::nanoseconds(status.st_ctim);
  return result;
}

Checked<u32> DescriptorTable::add(std::unique_ptr<Descriptor> descriptor) {
  std::lock_guard lock(mutex_);
  if (used_ >= limit_) return std::unexpected(Errno::NFile);
  while (lowest_free_ < entries_.size() && entries_[lowest_free_]) ++lowest_free_;
  if (lowest_free_ == entries_.size()) entries_.emplace_back();
  entries_[lowest_free_] = std::move(descriptor);
  ++used_;
  return lowest_free_++;
}

bool DescriptorTable::add_at_end(std::unique_ptr<Descriptor> descriptor) {
  std::lock_guard lock(mutex_);
  if (used_ >= limit_) return false;
  entries_.push_back(std::move(descriptor));
  ++used_;
  return true;
}

void DescriptorTable::skip() {
  std::lock_guard lock(mutex_);
  entries_.emplace_back();
}

bool DescriptorTable::close(u32 number) {
  std::shared_ptr<Descriptor> closed;  // after the lock: closing a file can take time
  std::lock_guard lock(mutex_);
  if (!is_open(number)) return false;
  closed = std::move(entries_[number]);
  --used_;
  lowest_free_ = std::min(lowest_free_, number);
  return true;
}

bool DescriptorTable::renumber(u32 from, u32 to) {
  std::shared_ptr<Descriptor> closed;
  std::lock_guard lock(mutex_);
  if (!is_open(from) || !is_open(to)) return false;
  if (from == to) return true;
  closed = std::exchange(entries_[to], std::move(entries_[from]));
  --used_;
  lowest_free_ = std::min(lowest_free_, from);
  return true;
}

}  // namespace brink::wasi
