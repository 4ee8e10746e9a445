#include "engine/base/file_writer.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace brink {
namespace {

bool write_all(int file, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return true;
}

bool finish(int file, bool is_good, Durability durability) {
  if (is_good && durability == Durability::Durable && ::fsync(file) != 0 && errno != EINVAL) is_good = false;
  int cause = errno;
  if (::close(file) != 0 && is_good) return false;
  errno = cause;
  return is_good;
}

std::string resolve_link(const std::string& path) {
  std::string target = path;
  if (char* resolved = ::realpath(path.c_str(), nullptr)) {
    target = resolved;
    std::free(resolved);
  }
  return target;
}

// A new file beside `target`; -1 with errno where there can be none.
int create_beside(const std::string& target, u32 mode, std::string& name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    u32 number = 0;
    if (::getrandom(&number, sizeof number, 0) < 0) return -1;
    name = target + "." + std::to_string(number) + ".new";
    int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

}  // namespace

Result<void> write_file(const std::string& path, std::span<const u8> bytes, u32 mode, Durability durability) {
  auto io_error = [&](const char* what, int code) {
    Error error{ErrorKind::Io, std::string(what) + ": " + std::strerror(code), Error::kNoOffset, 0, 0, path};
    return std::unexpected(std::move(error));
  };
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return io_error("cannot write", EISDIR);
    if (!S_ISREG(status.st_mode)) {
      int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (file < 0) return io_error("cannot open", errno);
      if (!finish(file, write_all(file, bytes), Durability::Lazy)) return io_error("cannot write", errno);
      return {};
    }
  }
  std::string target = resolve_link(path);
  std::string temporary;
  int file = create_beside(target, mode, temporary);
  if (file < 0) return io_error("cannot create", errno);
  bool is_good = finish(file, write_all(file, bytes), durability) && ::rename(temporary.c_str(), target.c_str()) == 0;
  if (is_good) return {};
  int cause = errno;
  ::unlink(temporary.c_str());
  return io_error("cannot write", cause);
}

}  // namespace brink
