// Ownership of the host's file descriptors, and the results of calls on them.
//
// Results of this layer are values or the errno of the failed call. One errno is ours: whatever would have led out of a
// sandboxed directory is EPERM.
#pragma once
#include <unistd.h>

#include <cerrno>
#include <expected>
#include <utility>

#include "engine/base/integers.h"

namespace brink::wasi::host {

template <class T>
using HostResult = std::expected<T, int>;

inline std::unexpected<int> last_error() { return std::unexpected(errno); }

// Closes its descriptor, if it has one.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace brink::wasi::host
