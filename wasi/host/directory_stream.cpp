#include "wasi/host/directory_stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstring>

namespace brink::wasi::host {
namespace {

constexpr size_t kBufferBytes = 32 << 10;
// Positions 0 and 1 are ours.
constexpr u64 kFirstKernelPosition = 2;

}  // namespace

HostResult<DirectoryStream> DirectoryStream::open(int directory) {
  int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return last_error();
  return DirectoryStream(FileDescriptor(fd));
}

HostResult<std::optional<DirectoryEntry>> DirectoryStream::entry_at(u64 position) {
  if (position == 0) end_ = cursor_ = 0;
  if (position < kFirstKernelPosition) return made_up(position);
  u64 wanted = position - kFirstKernelPosition;
  if (!find(wanted)) {
    if (wanted > INT64_MAX) return std::unexpected(EINVAL);
    if (::lseek(directory_.get(), static_cast<off_t>(wanted), SEEK_SET) < 0) return last_error();
    end_ = cursor_ = 0;
    cursor_position_ = wanted;
  }
  for (;;) {
    if (cursor_ == end_) {
      if (auto filled = fill(); !filled) return std::unexpected(filled.error());
      if (end_ == 0) return std::nullopt;
    }
    u16 size;
    DirectoryEntry found = entry(cursor_, &size);
    cursor_ += size;
    cursor_position_ = found.next - kFirstKernelPosition;
    if (found.name != "." && found.name != "..") return found;
  }
}

// Moves the cursor to a position in the buffer, or right behind it, where the kernel stands.
bool DirectoryStream::find(u64 wanted) {
  if (end_ == 0) return false;
  if (cursor_position_ == wanted) return true;
  cursor_position_ = buffer_position_;
  for (cursor_ = 0; cursor_position_ != wanted;) {
    if (cursor_ == end_) return false;
    u16 size;
    cursor_position_ = entry(cursor_, &size).next - kFirstKernelPosition;
    cursor_ += size;
  }
  return true;
}

// Replaces the buffer by the entries from cursor_position_ on, where the kernel stands.
HostResult<void> DirectoryStream::fill() {
  buffer_.resize(kBufferBytes);
  ssize_t size = ::getdents64(directory_.get(), buffer_.data(), buffer_.size());
  // A directory that was removed has no entries.
  if (size < 0 && errno == ENOENT) size = 0;
  if (size < 0) return last_error();
  buffer_position_ = cursor_position_;
  cursor_ = 0;
  end_ = static_cast<size_t>(size);
  return {};
}

// The kernel's layout: u64 inode, i64 next, u16 size, u8 type, the name and a NUL.
DirectoryEntry DirectoryStream::entry(size_t offset, u16* size) const {
  DirectoryEntry found;
  const u8* record = buffer_.data() + offset;
  std::memcpy(&found.inode, record + offsetof(dirent64, d_ino), sizeof found.inode);
  std::memcpy(&found.next, record + offsetof(dirent64, d_off), sizeof found.next);
  std::memcpy(size, record + offsetof(dirent64, d_reclen), sizeof *size);
  found.next += kFirstKernelPosition;
  found.type = record[offsetof(dirent64, d_type)];
  found.name = reinterpret_cast<const char*>(record + offsetof(dirent64, d_name));
  return found;
}

HostResult<DirectoryEntry> DirectoryStream::made_up(u64 position) const {
  struct stat status;
  if (::fstat(directory_.get(), &status) < 0) return last_error();
  return DirectoryEntry{position == 0 ? "." : "..", status.st_ino, position + 1, DT_DIR};
}

}  // namespace brink::wasi::host
