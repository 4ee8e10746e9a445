#include "serve/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace brink::serve {
namespace {

constexpr size_t kPiece = 64 << 10;

template <class Bytes>
Result<Bytes> read_whole(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto refuse = [&](int code) {
    if (file >= 0) ::close(file);
    return std::unexpected(Error{ErrorKind::Io, std::strerror(code), Error::kNoOffset, 0, 0, path});
  };
  if (file < 0) return refuse(errno);
  struct stat status{};
  if (::fstat(file, &status) < 0) return refuse(errno);
  if (S_ISDIR(status.st_mode)) return refuse(EISDIR);
  Bytes bytes;
  size_t held = 0;
  // One more than the size says: the read that finds the end needs room.
  bytes.resize(S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) + 1 : kPiece);
  for (;;) {
    if (held == bytes.size()) bytes.resize(held + kPiece);
    ssize_t got = ::read(file, bytes.data() + held, bytes.size() - held);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(errno);
    if (got == 0) break;
    held += static_cast<size_t>(got);
  }
  ::close(file);
  bytes.resize(held);
  return bytes;
}

}  // namespace

Result<std::vector<u8>> read_bytes(const std::string& path) { return read_whole<std::vector<u8>>(path); }
Result<std::string> read_text(const std::string& path) { return read_whole<std::string>(path); }

}  // namespace brink::serve
