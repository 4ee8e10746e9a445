// Reading a directory from any position, with one buffer of the kernel's entries.
//
// A position is a number that stays good while the directory changes: entries that stay are neither skipped nor listed
// twice. 0 is before ".", 1 before "..", both of which are made up here (some file systems list none, and the host's
// ".." is none of the guest's business); from 2 on a position is the kernel's own offset, plus 2. A position that lies
// in the buffer is served from it, without a seek: that is the usual way of a reader, and spares it file systems whose
// offsets shift when entries go away.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "wasi/host/file_descriptor.h"

namespace brink::wasi::host {

struct DirectoryEntry {
  std::string_view name;  // valid until the next call
  u64 inode = 0;
  u64 next = 0;            // the position after this entry
  unsigned char type = 0;  // DT_… of <dirent.h>; DT_UNKNOWN if the file system does not tell
};

class DirectoryStream {
 public:
  // Takes a description of its own of the directory that `directory` stands for.
  static HostResult<DirectoryStream> open(int directory);

  // The entry at a position, nothing at the end. EINVAL for a position that cannot be.
  HostResult<std::optional<DirectoryEntry>> entry_at(u64 position);
  int directory() const { return directory_.get(); }

 private:
  explicit DirectoryStream(FileDescriptor directory) : directory_(std::move(directory)) {}
  HostResult<void> fill();
  bool find(u64 kernel_position);
  DirectoryEntry entry(size_t offset, u16* size) const;
  HostResult<DirectoryEntry> made_up(u64 position) const;

  FileDescriptor directory_;
  std::vector<u8> buffer_;
  size_t end_ = 0;           // bytes of the buffer that are filled
  u64 buffer_position_ = 0;  // the kernel's position of the first entry in it
  size_t cursor_ = 0;        // offset of the entry at cursor_position_, or end_
  u64 cursor_position_ = 0;
};

}  // namespace brink::wasi::host
