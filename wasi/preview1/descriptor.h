// A guest's descriptors: what each number stands for.
#pragma once
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wasi/host/directory_stream.h"
#include "wasi/host/file.h"
#include "wasi/preview1/guest_memory.h"
#include "wasi/wasi.h"

namespace brink::wasi {

struct OpenDirectory {
  host::FileDescriptor directory;
  std::string guest_path;
  bool read_only = false;
};

struct OpenDirectories {
  std::vector<OpenDirectory> list;
};

// Several threads of a guest may use one; what is not said to be guarded does not change once it is in the table.
struct Descriptor {
  FileType type = FileType::Unknown;
  host::FileDescriptor owned;  // none for what the host keeps: standard streams, pre-opened directories
  int fd = -1;                 // `owned` or the host's; -1 for a source or sink
  bool readable = false;
  bool writable = false;
  bool inherited = false;      // one of the host's standard streams
  bool read_only = false;      // in a read-only directory: nothing beneath or about it may be changed
  std::atomic<u16> flags = 0;  // fdflags, of which Nonblock is only kept here: host/file.h, Waiting

  const OpenDirectory* preopen = nullptr;  // kept alive by the context
  std::mutex stream_mutex;
  std::unique_ptr<host::DirectoryStream> stream;  // once it has been read; guarded by stream_mutex
  const InputSource* source = nullptr;
  const OutputSink* sink = nullptr;

  bool is_directory() const { return type == FileType::Directory; }
  bool is_socket() const { return type == FileType::SocketStream || type == FileType::SocketDgram; }
  host::Waiting waiting() const { return flags & fdflags::kNonblock ? host::Waiting::Refuse : host::Waiting::Block; }
};

// Takes over `owned`.
std::unique_ptr<Descriptor> make_descriptor(host::FileDescriptor owned, FileType type);
// `fd` tells kinds of sockets apart; without one a socket is a stream.
FileType file_type(mode_t mode, int fd = -1);
FileStat file_stat(const struct stat& status, int fd = -1);

// Safe to use from several threads. A descriptor that is closed while another thread uses it lives until that is done,
// so the host's number is not given to another file meanwhile.
class DescriptorTable {
 public:
  explicit DescriptorTable(u32 limit) : limit_(limit) {}

  // Null if there is none.
  std::shared_ptr<Descriptor> find(u32 number) const {
    std::lock_guard lock(mutex_);
    return number < entries_.size() ? entries_[number] : nullptr;
  }
  // One more than the highest number that was ever in use.
  u32 size() const {
    std::lock_guard lock(mutex_);
    return static_cast<u32>(entries_.size());
  }
  bool full() const {
    std::lock_guard lock(mutex_);
    return used_ >= limit_;
  }

  // Under the lowest free number; `nfile` if the table is full.
  Checked<u32> add(std::unique_ptr<Descriptor> descriptor);
  // Under the next number after all others; for making the table.
  bool add_at_end(std::unique_ptr<Descriptor> descriptor);
  // The next number stays free.
  void skip();
  bool close(u32 number);
  // Closes `to` and gives its number to `from`; false if one of them is not open.
  bool renumber(u32 from, u32 to);

 private:
  bool is_open(u32 number) const { return number < entries_.size() && entries_[number] != nullptr; }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Descriptor>> entries_;
  u32 limit_;
  u32 used_ = 0;
  u32 lowest_free_ = 0;  // no smaller number is free
};

}  // namespace brink::wasi
