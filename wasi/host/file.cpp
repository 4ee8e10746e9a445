#include "wasi/host/file.h"

#include <sys/socket.h>

#include "wasi/host/poll.h"

namespace brink::wasi::host {
namespace {

template <class Call>
HostResult<size_t> transfer(int fd, short events, Waiting waiting, Call call) {
  if (waiting == Waiting::Refuse && !wait_for(fd, events, false)) return last_error();
  // The host's own descriptors may block in the call itself, where no interrupt reaches.
  if (waiting == Waiting::Block && can_be_interrupted() && !wait_for(fd, events, true)) return last_error();
  for (;;) {
    ssize_t moved = call();
    if (moved >= 0) return static_cast<size_t>(moved);
    if (errno == EINTR) continue;
    if (errno != EAGAIN || waiting == Waiting::Refuse) return last_error();
    if (!wait_for(fd, events, true)) return last_error();
  }
}

msghdr message(std::span<const iovec> buffers) {
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(buffers.data());
  header.msg_iovlen = buffers.size();
  return header;
}

}  // namespace

HostResult<size_t> read(int fd, std::span<const iovec> buffers, std::optional<u64> offset, Waiting waiting) {
  int count = static_cast<int>(buffers.size());
  if (offset) {
    return transfer(fd, POLLIN, Waiting::Block,
                    [&] { return ::preadv(fd, buffers.data(), count, static_cast<off_t>(*offset)); });
  }
  return transfer(fd, POLLIN, waiting, [&] { return ::readv(fd, buffers.data(), count); });
}

HostResult<size_t> write(int fd, std::span<const iovec> buffers, std::optional<u64> offset, Waiting waiting) {
  int count = static_cast<int>(buffers.size());
  if (offset) {
    return transfer(fd, POLLOUT, Waiting::Block,
                    [&] { return ::pwritev(fd, buffers.data(), count, static_cast<off_t>(*offset)); });
  }
  return transfer(fd, POLLOUT, waiting, [&] { return ::writev(fd, buffers.data(), count); });
}

HostResult<size_t> receive(int fd, std::span<const iovec> buffers, int flags, bool* truncated, Waiting waiting) {
  msghdr header = message(buffers);
  auto moved = transfer(fd, POLLIN, waiting, [&] { return ::recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC); });
  *truncated = moved && header.msg_flags & MSG_TRUNC;
  return moved;
}

HostResult<size_t> send(int fd, std::span<const iovec> buffers, int flags, Waiting waiting) {
  msghdr header = message(buffers);
  return transfer(fd, POLLOUT, waiting, [&] { return ::sendmsg(fd, &header, flags | MSG_NOSIGNAL); });
}

HostResult<FileDescriptor> accept(int fd, Waiting waiting) {
  auto accepted = transfer(fd, POLLIN, waiting,
                           [&]() -> ssize_t { return ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); });
  if (!accepted) return std::unexpected(accepted.error());
  return FileDescriptor(static_cast<int>(*accepted));
}

}  // namespace brink::wasi::host
