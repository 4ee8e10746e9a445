#include "wasi/host/directory_stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace brink::wasi::host {
namespace {

constexpr size_t kBufferBytes = 32 << 10;
// Positions 0 and 1 are those of "." and "..".
constexpr u64 kFirstIndexed = 2;

}  // namespace

HostResult<std::optional<DirectoryEntry>> DirectoryStream::entry_at(int directory, u64 position) {
  if (position == 0) {
    forget_buffer();
    offsets_ = {0};
  }
  if (position < kFirstIndexed) return made_up(directory, position);
  u64 wanted = position - kFirstIndexed;
  if (auto there = go_to(directory, wanted); !there) return std::unexpected(there.error());
  for (;;) {
    auto entry = next();
    if (!entry || !*entry || cursor_index_ > wanted) {
      if (entry && !*entry) forget_buffer();
      return entry;
    }
  }
}

// Moves the cursor to an entry, or as near before it as is known.
HostResult<void> DirectoryStream::go_to(int directory, u64 index) {
  if (stream_) {
    if (cursor_index_ == index) return {};
    if (buffer_index_ <= index && index < cursor_index_) {
      cursor_ = 0;
      cursor_index_ = buffer_index_;
      return {};
    }
  } else {
    int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return last_error();
    stream_ = FileDescriptor(fd);
  }
  u64 nearest = std::min<u64>(index, offsets_.size() - 1);
  if (::lseek(stream_.get(), static_cast<off_t>(offsets_[nearest]), SEEK_SET) < 0) return last_error();
  end_ = cursor_ = 0;
  buffer_index_ = cursor_index_ = nearest;
  return {};
}

// The entry at the cursor, which moves on.
HostResult<std::optional<DirectoryEntry>> DirectoryStream::next() {
  for (;;) {
    if (cursor_ == end_) {
      buffer_.resize(kBufferBytes);
      ssize_t size = ::getdents64(stream_.get(), buffer_.data(), buffer_.size());
      // A directory that was removed has no entries.
      if (size < 0 && errno != ENOENT) return last_error();
      if (size <= 0) return std::nullopt;
      end_ = static_cast<size_t>(size);
      cursor_ = 0;
      buffer_index_ = cursor_index_;
    }
    const u8* record = buffer_.data() + cursor_;
    DirectoryEntry found;
    u64 next_offset;
    u16 size;
    std::memcpy(&found.inode, record + offsetof(dirent64, d_ino), sizeof found.inode);
    std::memcpy(&next_offset, record + offsetof(dirent64, d_off), sizeof next_offset);
    std::memcpy(&size, record + offsetof(dirent64, d_reclen), sizeof size);
    found.type = record[offsetof(dirent64, d_type)];
    found.name = reinterpret_cast<const char*>(record + offsetof(dirent64, d_name));
    cursor_ += size;
    if (found.name == "." || found.name == "..") continue;
    ++cursor_index_;
    // After a step back into a directory that has changed, what follows may differ from what was met before.
    if (cursor_index_ < offsets_.size() && offsets_[cursor_index_] != next_offset) offsets_.resize(cursor_index_);
    if (cursor_index_ == offsets_.size()) offsets_.push_back(next_offset);
    found.next = cursor_index_ + kFirstIndexed;
    return found;
  }
}

HostResult<DirectoryEntry> DirectoryStream::made_up(int directory, u64 position) const {
  struct stat status;
  if (::fstat(directory, &status) < 0) return last_error();
  return DirectoryEntry{position == 0 ? "." : "..", status.st_ino, position + 1, DT_DIR};
}

void DirectoryStream::forget_buffer() {
  stream_.reset();
  buffer_ = {};
  buffer_index_ = cursor_index_ = 0;
  end_ = cursor_ = 0;
}

}  // namespace brink::wasi::host
