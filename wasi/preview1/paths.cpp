// What is done with names in directories.
#include <dirent.h>
#include <fcntl.h>

#include <algorithm>

#include "wasi/host/directory.h"
#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"
#include "wasi/preview1/times.h"

namespace brink::wasi {
namespace {

bool follows(u32 lookup_flags) { return lookup_flags & lookupflags::kSymlinkFollow; }
bool valid_lookup(u32 lookup_flags) { return !(lookup_flags & ~lookupflags::kAll); }

FileType entry_type(const host::DirectoryEntry& entry, int directory) {
  switch (entry.type) {
    case DT_BLK: return FileType::BlockDevice;
    case DT_CHR: return FileType::CharacterDevice;
    case DT_DIR: return FileType::Directory;
    case DT_REG: return FileType::RegularFile;
    case DT_LNK: return FileType::SymbolicLink;
    case DT_SOCK: return FileType::SocketStream;
    case DT_UNKNOWN: {
      struct stat status;
      bool known = ::fstatat(directory, std::string(entry.name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
      return known ? file_type(status.st_mode) : FileType::Unknown;
    }
    default: return FileType::Unknown;
  }
}

// Copies what fits to the front of `rest` and moves on.
void append(std::span<u8>& rest, const void* data, size_t size) {
  size_t fits = std::min(rest.size(), size);
  if (fits > 0) std::memcpy(rest.data(), data, fits);
  rest = rest.subspan(fits);
}

}  // namespace

// Fills the buffer to its end, if need be with a part of an entry: that is how a guest tells that there is more.
Errno Context::fd_readdir(GuestMemory& memory, u32 fd, u32 buf, u32 buf_len, u64 cookie, u32 used) {
  auto slot = memory.slot<u32>(used);
  if (!slot) return slot.error();
  auto place = memory.bytes(buf, buf_len);
  if (!place) return place.error();
  auto base = directory(fd, Use::Look);
  if (!base) return base.error();
  int from = (*base)->fd;
  std::lock_guard lock((*base)->stream_mutex);
  auto& stream = (*base)->stream;
  if (!stream) stream = std::make_unique<host::DirectoryStream>();
  std::span<u8> rest = *place;
  while (!rest.empty()) {
    auto entry = stream->entry_at(from, cookie);
    if (!entry) {
      if (rest.size() == buf_len) return errno_of(entry);
      break;
    }
    if (!*entry) break;
    Dirent header;
    header.next = cookie = (*entry)->next;
    header.ino = (*entry)->inode;
    header.namlen = static_cast<u32>((*entry)->name.size());
    header.type = entry_type(**entry, from);
    append(rest, &header, sizeof header);
    append(rest, (*entry)->name.data(), (*entry)->name.size());
  }
  slot->set(static_cast<u32>(buf_len - rest.size()));
  return Errno::Success;
}

Errno Context::path_create_directory(GuestMemory& memory, u32 fd, u32 path, u32 path_len) {
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Change);
  if (!base) return base.error();
  return errno_of(host::make_directory((*base)->fd, *name));
}

Errno Context::path_filestat_get(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u32 filestat) {
  auto slot = memory.slot<FileStat>(filestat);
  if (!slot) return slot.error();
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Look);
  if (!base) return base.error();
  if (!valid_lookup(lookup_flags)) return Errno::Inval;
  auto status = host::status((*base)->fd, *name, follows(lookup_flags));
  if (!status) return errno_of(status);
  slot->set(file_stat(*status));
  return Errno::Success;
}

Errno Context::path_filestat_set_times(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u64 atim,
                                       u64 mtim, u32 fst_flags) {
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Change);
  if (!base) return base.error();
  if (!valid_lookup(lookup_flags)) return Errno::Inval;
  auto times = times_to_set(atim, mtim, fst_flags);
  if (!times) return times.error();
  return errno_of(host::set_times((*base)->fd, *name, follows(lookup_flags), *times));
}

// Both ends must be changeable: a link is a second name under which what it links can be written.
Errno Context::path_link(GuestMemory& memory, u32 old_fd, u32 old_flags, u32 old_path, u32 old_path_len, u32 new_fd,
                         u32 new_path, u32 new_path_len) {
  auto from = memory.string(old_path, old_path_len);
  if (!from) return from.error();
  auto to = memory.string(new_path, new_path_len);
  if (!to) return to.error();
  auto from_base = directory(old_fd, Use::Change);
  if (!from_base) return from_base.error();
  auto to_base = directory(new_fd, Use::Change);
  if (!to_base) return to_base.error();
  if (old_flags != 0) return Errno::Inval;
  return errno_of(host::link((*from_base)->fd, *from, (*to_base)->fd, *to));
}

Errno Context::path_open(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u32 open_flags,
                         u64 rights_base, u64 /*rights_inheriting*/, u32 fd_flags, u32 opened_fd) {
  auto slot = memory.slot<u32>(opened_fd);
  if (!slot) return slot.error();
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Look);
  if (!base) return base.error();
  if (!valid_lookup(lookup_flags) || open_flags & ~u32{oflags::kAll} || fd_flags & ~u32{fdflags::kAll})
    return Errno::Inval;
  bool create = open_flags & oflags::kCreat;
  bool truncate = open_flags & oflags::kTrunc;
  if (open_flags & oflags::kDirectory && (create || truncate || open_flags & oflags::kExcl)) return Errno::Inval;
  bool write = rights_base & rights::kFdWrite;
  bool read = rights_base & rights::kFdRead || !write;
  if ((*base)->read_only && (write || create || truncate)) return Errno::Perm;
  if (table_.full()) return Errno::NFile;

  // O_NONBLOCK keeps a FIFO from holding up the host; reads and writes wait all the same unless the guest asked not to.
  int flags = O_NONBLOCK | (write ? read ? O_RDWR : O_WRONLY : O_RDONLY);
  if (!follows(lookup_flags)) flags |= O_NOFOLLOW;
  if (create) flags |= O_CREAT;
  if (create && open_flags & oflags::kExcl) flags |= O_EXCL;
  if (truncate) flags |= O_TRUNC;
  if (open_flags & oflags::kDirectory) flags |= O_DIRECTORY;
  if (fd_flags & fdflags::kAppend) flags |= O_APPEND;
  if (fd_flags & fdflags::kDsync) flags |= O_DSYNC;
  if (fd_flags & (fdflags::kSync | fdflags::kRsync)) flags |= O_SYNC;
  auto opened = host::open_beneath((*base)->fd, *name, flags, 0666);
  if (!opened) return errno_of(opened);
  struct stat status;
  if (::fstat(opened->get(), &status) < 0) return errno_of(errno);

  auto descriptor = make_descriptor(std::move(*opened), file_type(status.st_mode));
  descriptor->read_only = (*base)->read_only;
  if (!descriptor->is_directory()) {
    descriptor->readable = read;
    descriptor->writable = write;
    descriptor->flags = static_cast<u16>(fd_flags);
  }
  auto number = table_.add(std::move(descriptor));
  if (!number) return number.error();
  slot->set(*number);
  return Errno::Success;
}

Errno Context::path_readlink(GuestMemory& memory, u32 fd, u32 path, u32 path_len, u32 buf, u32 buf_len, u32 used) {
  auto slot = memory.slot<u32>(used);
  if (!slot) return slot.error();
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto place = memory.bytes(buf, buf_len);
  if (!place) return place.error();
  auto base = directory(fd, Use::Look);
  if (!base) return base.error();
  auto target = host::read_link((*base)->fd, *name);
  if (!target) return errno_of(target);
  std::span<u8> rest = *place;
  append(rest, target->data(), target->size());
  slot->set(static_cast<u32>(buf_len - rest.size()));
  return Errno::Success;
}

Errno Context::path_remove_directory(GuestMemory& memory, u32 fd, u32 path, u32 path_len) {
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Change);
  if (!base) return base.error();
  return errno_of(host::remove_directory((*base)->fd, *name));
}

Errno Context::path_rename(GuestMemory& memory, u32 old_fd, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path,
                           u32 new_path_len) {
  auto from = memory.string(old_path, old_path_len);
  if (!from) return from.error();
  auto to = memory.string(new_path, new_path_len);
  if (!to) return to.error();
  auto from_base = directory(old_fd, Use::Change);
  if (!from_base) return from_base.error();
  auto to_base = directory(new_fd, Use::Change);
  if (!to_base) return to_base.error();
  return errno_of(host::rename((*from_base)->fd, *from, (*to_base)->fd, *to));
}

Errno Context::path_symlink(GuestMemory& memory, u32 old_path, u32 old_path_len, u32 fd, u32 new_path,
                            u32 new_path_len) {
  auto target = memory.string(old_path, old_path_len);
  if (!target) return target.error();
  auto name = memory.string(new_path, new_path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Change);
  if (!base) return base.error();
  return errno_of(host::symlink(*target, (*base)->fd, *name));
}

Errno Context::path_unlink_file(GuestMemory& memory, u32 fd, u32 path, u32 path_len) {
  auto name = memory.string(path, path_len);
  if (!name) return name.error();
  auto base = directory(fd, Use::Change);
  if (!base) return base.error();
  return errno_of(host::unlink_file((*base)->fd, *name));
}

}  // namespace brink::wasi
