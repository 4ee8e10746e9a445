// Reading and writing of open files, pipes, terminals and sockets.
#pragma once
#include <sys/uio.h>

#include <optional>
#include <span>

#include "wasi/host/file_descriptor.h"

namespace brink::wasi::host {

// As many buffers as one system call takes (IOV_MAX).
constexpr size_t kBatch = 1024;

// What to do when a descriptor is not ready. The host's descriptors 0 to 2 may be non-blocking because another process
// made them so, and a guest may ask for non-blocking ones without that being any of the other processes' business; so
// this does not depend on O_NONBLOCK.
enum class Waiting {
  Block,   // wait, also if the descriptor is O_NONBLOCK
  Refuse,  // EAGAIN, also if it is not
};

// readv(2), preadv(2) if there is an offset. One transfer, which may be partial; EINTR is retried.
HostResult<size_t> read(int fd, std::span<const iovec> buffers, std::optional<u64> offset, Waiting waiting);
// writev(2), pwritev(2) if there is an offset. SIGPIPE is the caller's to ignore.
HostResult<size_t> write(int fd, std::span<const iovec> buffers, std::optional<u64> offset, Waiting waiting);
// recvmsg(2), sendmsg(2) with flags of <sys/socket.h>; never a SIGPIPE.
HostResult<size_t> receive(int fd, std::span<const iovec> buffers, int flags, bool* truncated, Waiting waiting);
HostResult<size_t> send(int fd, std::span<const iovec> buffers, int flags, Waiting waiting);
// accept4(2); the new socket is close-on-exec and non-blocking.
HostResult<FileDescriptor> accept(int fd, Waiting waiting);

}  // namespace brink::wasi::host
