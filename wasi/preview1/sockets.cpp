// Sockets that the host has handed over, and those accepted from them.
#include <sys/socket.h>

#include <array>

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"

namespace brink::wasi {
namespace {

Checked<std::shared_ptr<Descriptor>> socket_of(std::shared_ptr<Descriptor> found) {
  if (!found) return std::unexpected(Errno::BadF);
  if (!found->is_socket() || found->inherited) return std::unexpected(Errno::NotSock);
  return found;
}

}  // namespace

Errno Context::sock_accept(GuestMemory& memory, u32 fd, u32 flags, u32 accepted_fd) {
  auto slot = memory.slot<u32>(accepted_fd);
  if (!slot) return slot.error();
  auto listener = socket_of(table_.find(fd));
  if (!listener) return listener.error();
  if (flags & ~u32{fdflags::kNonblock}) return Errno::Inval;
  if (table_.full()) return Errno::NFile;
  auto accepted = host::accept((*listener)->fd, (*listener)->waiting());
  if (!accepted) return errno_of(accepted);
  auto descriptor = make_descriptor(std::move(*accepted), FileType::SocketStream);
  descriptor->readable = descriptor->writable = true;
  descriptor->flags = static_cast<u16>(flags);
  auto number = table_.add(std::move(descriptor));
  if (!number) return number.error();
  slot->set(*number);
  return Errno::Success;
}

// One message, or what has arrived of a stream; a list beyond IOV_MAX buffers is filled that far.
Errno Context::sock_recv(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 flags, u32 nread, u32 out_flags) {
  auto size_slot = memory.slot<u32>(nread);
  auto flags_slot = memory.slot<u16>(out_flags);
  if (!size_slot || !flags_slot) return Errno::Fault;
  auto buffers = memory.buffers(iovs, iovs_len, Access::Write);
  if (!buffers) return buffers.error();
  auto socket = socket_of(table_.find(fd));
  if (!socket) return socket.error();
  if (flags & ~u32{riflags::kAll}) return Errno::Inval;
  int host_flags = (flags & riflags::kRecvPeek ? MSG_PEEK : 0) | (flags & riflags::kRecvWaitall ? MSG_WAITALL : 0);
  std::array<iovec, host::kBatch> batch;
  auto filled = buffers->next(batch);
  if (!filled) return filled.error();
  bool truncated = false;
  auto moved = host::receive((*socket)->fd, std::span<const iovec>(batch).first(*filled), host_flags, &truncated,
                             (*socket)->waiting());
  if (!moved) return errno_of(moved);
  size_slot->set(static_cast<u32>(*moved));
  flags_slot->set(truncated ? roflags::kRecvDataTruncated : u16{0});
  return Errno::Success;
}

Errno Context::sock_send(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 flags, u32 nwritten) {
  auto slot = memory.slot<u32>(nwritten);
  if (!slot) return slot.error();
  auto buffers = memory.buffers(iovs, iovs_len, Access::Read);
  if (!buffers) return buffers.error();
  auto socket = socket_of(table_.find(fd));
  if (!socket) return socket.error();
  if (flags != 0) return Errno::Inval;
  std::array<iovec, host::kBatch> batch;
  auto filled = buffers->next(batch);
  if (!filled) return filled.error();
  auto moved = host::send((*socket)->fd, std::span<const iovec>(batch).first(*filled), 0, (*socket)->waiting());
  if (!moved) return errno_of(moved);
  slot->set(static_cast<u32>(*moved));
  return Errno::Success;
}

Errno Context::sock_shutdown(GuestMemory&, u32 fd, u32 how) {
  auto socket = socket_of(table_.find(fd));
  if (!socket) return socket.error();
  int host_how;
  switch (how) {
    case sdflags::kRd: host_how = SHUT_RD; break;
    case sdflags::kWr: host_how = SHUT_WR; break;
    case sdflags::kRd | sdflags::kWr: host_how = SHUT_RDWR; break;
    default: return Errno::Inval;
  }
  return ::shutdown((*socket)->fd, host_how) < 0 ? errno_of(errno) : Errno::Success;
}

}  // namespace brink::wasi
