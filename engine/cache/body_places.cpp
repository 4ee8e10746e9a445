#include "engine/cache/body_places.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "engine/cache/cache_file.h"

namespace brink::cache {
namespace {

// Purposes of codes, apart from those of cache_file.cpp and source.cpp.
enum Purpose : u8 { kName = 32, kContent, kFile };

// A file is a Header and the ranges. Its version is the build's, which is part of the identity.
struct Header {
  Code code;
  Code name;
};
static_assert(sizeof(ByteRange) == 2 * sizeof(u32));

template <class T>
std::span<const u8> bytes_of(const T& value) {
  return {reinterpret_cast<const u8*>(&value), sizeof value};
}

}  // namespace

std::optional<FileStamp> stamp_of(int file, u32 settled_after_seconds) {
  struct stat status{};
  struct statvfs system{};
  timespec now{};
  if (::fstat(file, &status) != 0 || !is_ours_alone(status)) return std::nullopt;
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec - status.st_ctim.tv_sec < i64{settled_after_seconds})
    return std::nullopt;
  if (::fstatvfs(file, &system) != 0 || (system.f_flag & ST_RDONLY) != 0) return std::nullopt;
  return FileStamp{status.st_dev, status.st_ino, static_cast<u64>(status.st_size), status.st_ctim.tv_sec,
                   status.st_ctim.tv_nsec};
}

BodyPlaces::BodyPlaces(const Authenticator& authenticator, const Code& declarations, const FileStamp& stamp)
    : authenticator_(authenticator) {
  struct {
    Code declarations;
    FileStamp stamp;
  } origin{declarations, stamp};
  static_assert(sizeof origin == sizeof(Code) + sizeof(FileStamp), "padding would be part of the name");
  name_ = authenticator_.of(bytes_of(origin), kName);
}

Code BodyPlaces::code_of(std::span<const u8> content) const {
  Header origin{authenticator_.of(content, kContent), name_};
  return authenticator_.of(bytes_of(origin), kFile);
}

std::vector<ByteRange> BodyPlaces::read(const std::string& path, u32 function_count) const {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return {};
  std::vector<ByteRange> bodies;
  struct stat status{};
  Header header{};
  const size_t bytes = function_count * sizeof(ByteRange);
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
      status.st_size == static_cast<off_t>(sizeof header + bytes)) {
    note_use(file, status);
    bodies.resize(function_count);
    bool is_read = ::pread(file, &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header) &&
                   ::pread(file, bodies.data(), bytes, sizeof header) == static_cast<ssize_t>(bytes);
    if (!is_read || header.name != name_ || header.code != code_of({reinterpret_cast<const u8*>(bodies.data()), bytes}))
      bodies.clear();
  }
  ::close(file);
  return bodies;
}

std::vector<u8> BodyPlaces::file_of(std::span<const ByteRange> bodies) const {
  std::span<const u8> content(reinterpret_cast<const u8*>(bodies.data()), bodies.size_bytes());
  Header header{code_of(content), name_};
  std::vector<u8> out(sizeof header + content.size());
  std::memcpy(out.data(), &header, sizeof header);
  if (!content.empty()) std::memcpy(out.data() + sizeof header, content.data(), content.size());
  return out;
}

}  // namespace brink::cache
