// What the tests of this folder share: a guest without an engine (a context and a memory of its own) and a temporary
// folder.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "engine/base/host_page.h"
#include "wasi/preview1/context.h"

namespace brink::wasi {

inline void PrintTo(Errno error, std::ostream* out) { *out << "errno " << static_cast<int>(error); }

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "brink-wasi-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) abort();
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void make_folder(const std::string& name) const { std::filesystem::create_directories(path_ / name); }
  void make_link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, path_ / name);
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(symlink_status(path_ / name)); }

 private:
  std::filesystem::path path_;
};

constexpr u32 kRoot = 3;  // the guest's first pre-opened directory
constexpr u64 kReadWrite = rights::kFdRead | rights::kFdWrite;

struct OpenOptions {
  u32 base = kRoot;
  u32 oflags = 0;
  u64 rights = rights::kFdRead;
  u32 fdflags = 0;
  u32 lookup = lookupflags::kSymlinkFollow;
};

class Guest {
 public:
  static constexpr u32 kMemoryBytes = 1 << 20;
  static constexpr u32 kForeignPage = kMemoryBytes + kMaxHostPage;
  static constexpr u32 kMappedBytes = kForeignPage + kMaxHostPage;

  explicit Guest(Config config = {}) {
    auto made = make_context(std::move(config));
    EXPECT_TRUE(made) << made.error().message;
    context = *made;
    // A page that cannot be touched follows the memory, and one that could, but is not the guest's.
    void* place = ::mmap(nullptr, kMappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED || ::mprotect(static_cast<u8*>(place) + kMemoryBytes, kMaxHostPage, PROT_NONE) != 0) abort();
    bytes = static_cast<u8*>(place);
    memory = GuestMemory({bytes, kMemoryBytes});
  }
  explicit Guest(const std::string& folder, bool read_only = false) : Guest(config_of(folder, read_only)) {}
  ~Guest() { ::munmap(bytes, kMappedBytes); }
  Guest(const Guest&) = delete;

  static Config config_of(const std::string& folder, bool read_only = false) {
    Config config;
    config.directories = {{folder, "/", read_only}};
    config.input = [](std::span<u8>) { return size_t{0}; };
    config.output = config.error_output = [](std::span<const u8>) { return true; };
    return config;
  }

  Context* operator->() { return context.get(); }

  // Room in the guest's memory, never reused.
  u32 room(u32 size) {
    u32 pointer = (next_ + 7) & ~7u;
    next_ = pointer + size;
    if (next_ > kMemoryBytes / 2) abort();
    return pointer;
  }
  u32 put(std::string_view text) {
    u32 pointer = room(static_cast<u32>(text.size()));
    std::memcpy(bytes + pointer, text.data(), text.size());
    return pointer;
  }
  template <class T>
  u32 put_value(const T& value) {
    u32 pointer = room(sizeof(T));
    std::memcpy(bytes + pointer, &value, sizeof(T));
    return pointer;
  }
  template <class T>
  T get(u32 pointer) const {
    T value;
    std::memcpy(&value, bytes + pointer, sizeof(T));
    return value;
  }
  std::string text(u32 pointer, u32 size) const { return std::string(reinterpret_cast<char*>(bytes) + pointer, size); }
  u32 put_vectors(std::initializer_list<IoVector> list) {
    u32 pointer = room(static_cast<u32>(list.size() * sizeof(IoVector)));
    u32 offset = pointer;
    for (const IoVector& entry : list) {
      std::memcpy(bytes + offset, &entry, sizeof entry);
      offset += sizeof entry;
    }
    return pointer;
  }

  // The memory's end is used from here, so that tests can run for long.
  void reset_room() { next_ = 64; }

  Checked<u32> open(std::string_view path, OpenOptions options = {}) {
    u32 result = room(4);
    Errno error = context->path_open(memory, options.base, options.lookup, put(path), size(path), options.oflags,
                                     options.rights, 0, options.fdflags, result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<u32>(result);
  }
  Errno open_error(std::string_view path, OpenOptions options = {}) {
    auto opened = open(path, options);
    if (!opened) return opened.error();
    close(*opened);
    return Errno::Success;
  }
  Errno close(u32 fd) { return context->fd_close(memory, fd); }
  Checked<u32> write(u32 fd, std::string_view text) {
    u32 result = room(4);
    Errno error = context->fd_write(memory, fd, put_vectors({{put(text), size(text)}}), 1, result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<u32>(result);
  }
  Checked<std::string> read(u32 fd, u32 count) {
    u32 result = room(4);
    u32 place = room(count);
    Errno error = context->fd_read(memory, fd, put_vectors({{place, count}}), 1, result);
    if (error != Errno::Success) return std::unexpected(error);
    return text(place, get<u32>(result));
  }
  Checked<u64> seek(u32 fd, i64 offset, Whence whence) {
    u32 result = room(8);
    Errno error = context->fd_seek(memory, fd, offset, static_cast<u32>(whence), result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<u64>(result);
  }
  Checked<FdStat> fdstat(u32 fd) {
    u32 result = room(sizeof(FdStat));
    Errno error = context->fd_fdstat_get(memory, fd, result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<FdStat>(result);
  }
  Checked<FileStat> filestat(u32 fd) {
    u32 result = room(sizeof(FileStat));
    Errno error = context->fd_filestat_get(memory, fd, result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<FileStat>(result);
  }
  Checked<FileStat> stat(std::string_view path, bool follow = true, u32 base = kRoot) {
    u32 result = room(sizeof(FileStat));
    Errno error = context->path_filestat_get(memory, base, follow, put(path), size(path), result);
    if (error != Errno::Success) return std::unexpected(error);
    return get<FileStat>(result);
  }
  Errno stat_error(std::string_view path, bool follow = true) {
    auto found = stat(path, follow);
    return found ? Errno::Success : found.error();
  }
  Errno set_times(std::string_view path, u64 atim, u64 mtim, u32 flags, bool follow = true) {
    return context->path_filestat_set_times(memory, kRoot, follow, put(path), size(path), atim, mtim, flags);
  }
  Errno make_directory(std::string_view path, u32 base = kRoot) {
    return context->path_create_directory(memory, base, put(path), size(path));
  }
  Errno remove_directory(std::string_view path) {
    return context->path_remove_directory(memory, kRoot, put(path), size(path));
  }
  Errno unlink(std::string_view path) { return context->path_unlink_file(memory, kRoot, put(path), size(path)); }
  Errno rename(std::string_view from, std::string_view to, u32 from_base = kRoot, u32 to_base = kRoot) {
    return context->path_rename(memory, from_base, put(from), size(from), to_base, put(to), size(to));
  }
  Errno link(std::string_view from, std::string_view to, u32 from_base = kRoot, u32 to_base = kRoot, u32 flags = 0) {
    return context->path_link(memory, from_base, flags, put(from), size(from), to_base, put(to), size(to));
  }
  Errno symlink(std::string_view target, std::string_view path) {
    return context->path_symlink(memory, put(target), size(target), kRoot, put(path), size(path));
  }
  Checked<std::string> read_link(std::string_view path, u32 room_for_it = 256) {
    u32 result = room(4);
    u32 place = room(room_for_it);
    Errno error = context->path_readlink(memory, kRoot, put(path), size(path), place, room_for_it, result);
    if (error != Errno::Success) return std::unexpected(error);
    return text(place, get<u32>(result));
  }
  Errno read_link_error(std::string_view path) {
    auto target = read_link(path);
    return target ? Errno::Success : target.error();
  }

  std::shared_ptr<Context> context;
  u8* bytes = nullptr;
  GuestMemory memory{std::span<u8>()};

 private:
  static u32 size(std::string_view text) { return static_cast<u32>(text.size()); }
  u32 next_ = 64;
};

}  // namespace brink::wasi
