// What is done to open files: reading, writing, positions, sizes, times.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"
#include "wasi/preview1/times.h"

namespace brink::wasi {
namespace {

Errno outcome(int result) { return result < 0 ? errno_of(errno) : Errno::Success; }

// Moves a guest's buffers batch by batch. A transfer ends early where it is partial, and after its first batch where
// the next could block; an error after some bytes is left for the next call to find.
template <class Move>
Checked<u32> move_all(Buffers& buffers, bool can_block, std::optional<u64> offset, Move move) {
  std::array<iovec, host::kBatch> batch;
  u64 done = 0;
  for (;;) {
    auto filled = buffers.next(batch);
    if (!filled) return done ? Checked<u32>(static_cast<u32>(done)) : std::unexpected(filled.error());
    u64 wanted = 0;
    for (size_t i = 0; i < *filled; ++i) wanted += batch[i].iov_len;
    // An empty transfer still asks the host, so that a bad descriptor shows.
    if (*filled == 0 && done > 0) break;
    if (offset && *offset > INT64_MAX - done) return std::unexpected(Errno::Inval);
    auto moved = move(std::span<const iovec>(batch).first(*filled), offset ? std::optional(*offset + done) : offset);
    if (!moved) return done ? Checked<u32>(static_cast<u32>(done)) : std::unexpected(errno_of(moved));
    done += *moved;
    if (*moved < wanted || *filled < batch.size() || can_block) break;
  }
  return static_cast<u32>(done);
}

host::HostResult<size_t> drain(const OutputSink& sink, std::span<const iovec> buffers) {
  size_t done = 0;
  for (const iovec& buffer : buffers) {
    if (!sink({static_cast<const u8*>(buffer.iov_base), buffer.iov_len})) return std::unexpected(EPIPE);
    done += buffer.iov_len;
  }
  return done;
}

host::HostResult<size_t> draw(const InputSource& source, std::span<const iovec> buffers) {
  size_t done = 0;
  for (const iovec& buffer : buffers) {
    size_t got = std::min(source({static_cast<u8*>(buffer.iov_base), buffer.iov_len}), buffer.iov_len);
    done += got;
    if (got < buffer.iov_len) break;
  }
  return done;
}

bool can_block(const Descriptor& descriptor) { return descriptor.type != FileType::RegularFile; }

}  // namespace

Errno Context::fd_close(GuestMemory&, u32 fd) { return table_.close(fd) ? Errno::Success : Errno::BadF; }

Errno Context::fd_advise(GuestMemory&, u32 fd, u64 offset, u64 len, u32 advice) {
  auto file = not_directory(fd);
  if (!file) return file.error();
  int host_advice;
  switch (static_cast<Advice>(advice)) {
    case Advice::Normal: host_advice = POSIX_FADV_NORMAL; break;
    case Advice::Sequential: host_advice = POSIX_FADV_SEQUENTIAL; break;
    case Advice::Random: host_advice = POSIX_FADV_RANDOM; break;
    case Advice::WillNeed: host_advice = POSIX_FADV_WILLNEED; break;
    case Advice::DontNeed: host_advice = POSIX_FADV_DONTNEED; break;
    case Advice::NoReuse: host_advice = POSIX_FADV_NOREUSE; break;
    default: return Errno::Inval;
  }
  if (advice > 0xff || offset > INT64_MAX || len > INT64_MAX - offset) return Errno::Inval;
  if ((*file)->fd < 0) return Errno::SPipe;
  return errno_of(::posix_fadvise((*file)->fd, static_cast<off_t>(offset), static_cast<off_t>(len), host_advice));
}

Errno Context::fd_allocate(GuestMemory&, u32 fd, u64 offset, u64 len) {
  auto file = not_directory(fd);
  if (!file) return file.error();
  if (!(*file)->writable) return Errno::BadF;
  if (offset > INT64_MAX || len > INT64_MAX - offset) return Errno::Inval;
  if ((*file)->fd < 0) return Errno::SPipe;
  int result;
  do result = ::fallocate((*file)->fd, 0, static_cast<off_t>(offset), static_cast<off_t>(len));
  while (result < 0 && errno == EINTR);
  return outcome(result);
}

Errno Context::fd_datasync(GuestMemory&, u32 fd) {
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  return found->fd < 0 ? Errno::Inval : outcome(::fdatasync(found->fd));
}

Errno Context::fd_sync(GuestMemory&, u32 fd) {
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  return found->fd < 0 ? Errno::Inval : outcome(::fsync(found->fd));
}

Errno Context::fd_filestat_get(GuestMemory& memory, u32 fd, u32 filestat) {
  auto slot = memory.slot<FileStat>(filestat);
  if (!slot) return slot.error();
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  if (found->fd < 0) {
    slot->set({});
    return Errno::Success;
  }
  struct stat status;
  if (::fstat(found->fd, &status) < 0) return errno_of(errno);
  slot->set(file_stat(status, found->fd));
  return Errno::Success;
}

Errno Context::fd_filestat_set_size(GuestMemory&, u32 fd, u64 size) {
  auto file = not_directory(fd);
  if (!file) return file.error();
  if ((*file)->read_only) return Errno::Perm;
  if (!(*file)->writable || (*file)->fd < 0 || size > INT64_MAX) return Errno::Inval;
  int result;
  do result = ::ftruncate((*file)->fd, static_cast<off_t>(size));
  while (result < 0 && errno == EINTR);
  return outcome(result);
}

Errno Context::fd_filestat_set_times(GuestMemory&, u32 fd, u64 atim, u64 mtim, u32 fst_flags) {
  auto found = table_.find(fd);
  if (!found) return Errno::BadF;
  auto times = times_to_set(atim, mtim, fst_flags);
  if (!times) return times.error();
  if (found->read_only || found->inherited || found->fd < 0) return Errno::Perm;
  return outcome(::futimens(found->fd, times->data()));
}

Errno Context::read_into(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, std::optional<u64> offset, u32 nread) {
  auto slot = memory.slot<u32>(nread);
  if (!slot) return slot.error();
  auto buffers = memory.buffers(iovs, iovs_len, Access::Write);
  if (!buffers) return buffers.error();
  auto file = not_directory(fd);
  if (!file || !(*file)->readable) return Errno::BadF;
  const Descriptor& from = **file;
  if (offset && (from.source || from.is_socket())) return Errno::SPipe;
  auto moved = move_all(*buffers, can_block(from), offset, [&](std::span<const iovec> batch, std::optional<u64> at) {
    if (from.source) {
      std::lock_guard lock(callback_mutex_);
      return draw(*from.source, batch);
    }
    return host::read(from.fd, batch, at, from.waiting());
  });
  if (!moved) return moved.error();
  slot->set(*moved);
  return Errno::Success;
}

Errno Context::write_from(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, std::optional<u64> offset,
                          u32 nwritten) {
  auto slot = memory.slot<u32>(nwritten);
  if (!slot) return slot.error();
  auto buffers = memory.buffers(iovs, iovs_len, Access::Read);
  if (!buffers) return buffers.error();
  auto file = not_directory(fd);
  if (!file || !(*file)->writable) return Errno::BadF;
  const Descriptor& to = **file;
  if (offset && (to.sink || to.is_socket())) return Errno::SPipe;
  auto moved =
      move_all(*buffers, can_block(to) && !to.sink, offset, [&](std::span<const iovec> batch, std::optional<u64> at) {
        if (to.sink) {
          std::lock_guard lock(callback_mutex_);
          return drain(*to.sink, batch);
        }
        if (to.is_socket()) return host::send(to.fd, batch, 0, to.waiting());
        return host::write(to.fd, batch, at, to.waiting());
      });
  if (!moved) return moved.error();
  slot->set(*moved);
  return Errno::Success;
}

Errno Context::fd_read(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 nread) {
  return read_into(memory, fd, iovs, iovs_len, std::nullopt, nread);
}

Errno Context::fd_pread(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nread) {
  return read_into(memory, fd, iovs, iovs_len, offset, nread);
}

Errno Context::fd_write(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 nwritten) {
  return write_from(memory, fd, iovs, iovs_len, std::nullopt, nwritten);
}

Errno Context::fd_pwrite(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nwritten) {
  return write_from(memory, fd, iovs, iovs_len, offset, nwritten);
}

Errno Context::fd_seek(GuestMemory& memory, u32 fd, i64 offset, u32 whence, u32 position) {
  auto slot = memory.slot<u64>(position);
  if (!slot) return slot.error();
  auto file = not_directory(fd);
  if (!file) return file.error();
  if (whence > static_cast<u32>(Whence::End)) return Errno::Inval;
  if ((*file)->fd < 0) return Errno::SPipe;
  constexpr int kHostWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  off_t reached = ::lseek((*file)->fd, offset, kHostWhence[whence]);
  if (reached < 0) return errno_of(errno);
  slot->set(static_cast<u64>(reached));
  return Errno::Success;
}

Errno Context::fd_tell(GuestMemory& memory, u32 fd, u32 position) {
  return fd_seek(memory, fd, 0, static_cast<u32>(Whence::Cur), position);
}

}  // namespace brink::wasi
