// Reading a directory from any position.
//
// Positions are small numbers, since the C library of 32-bit guests keeps them in a `long` (telldir): 0 is before ".",
// 1 before "..", both of which are made up here (some file systems list none, and the host's ".." is none of the
// guest's business), and from 2 on the entries count in the order in which they were met. For each the kernel's own
// offset is kept, eight bytes an entry, so a position stays good while the directory changes: what stays in it is
// neither skipped nor listed twice. What lies in the buffer of the kernel's entries is served from there, without a
// seek: that is the usual way of a reader, and spares it file systems whose offsets shift when entries go away.
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
  // The entry at a position, nothing at the end or beyond it. `directory` stands for the same directory in every call;
  // reading opens a description of its own, which is closed at the end. Position 0 starts afresh.
  HostResult<std::optional<DirectoryEntry>> entry_at(int directory, u64 position);

 private:
  HostResult<void> go_to(int directory, u64 index);
  HostResult<std::optional<DirectoryEntry>> next();
  HostResult<DirectoryEntry> made_up(int directory, u64 position) const;
  void forget_buffer();

  FileDescriptor stream_;
  std::vector<u64> offsets_{0};  // the kernel's, of the entries met so far and of the place behind the last
  std::vector<u8> buffer_;
  u64 buffer_index_ = 0;  // of the first entry in the buffer
  size_t end_ = 0;        // bytes of the buffer that are filled
  size_t cursor_ = 0;     // where in the buffer the entry with cursor_index_ is; at end_, the kernel stands before it
  u64 cursor_index_ = 0;
};

}  // namespace brink::wasi::host
