#include "jit/debug/perf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

#include "jit/debug/plain_name.h"

namespace brink::jit {
namespace {

std::unexpected<Error> fails(const std::string& path, const char* what) {
  return fail(ErrorKind::Io, path + ": " + what + ": " + std::strerror(errno));
}

// A new file that nobody else has made or can read; one that is left over is removed first.
int create(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return -1;
  return open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

void write_all(int file, const void* data, size_t size) {
  for (auto bytes = static_cast<const u8*>(data); size != 0;) {
    ssize_t written = write(file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the disk is full: perf has what was there
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

class PerfMap : public CodeObserver {
 public:
  explicit PerfMap(int file) : file_(file) {}
  ~PerfMap() override { close(file_); }
  // perf looks into the map only for what no file is behind.
  bool needs_anonymous_code() const override { return true; }

  void on_code(const void*, std::vector<CodePiece> pieces) override {
    std::string lines;
    for (const CodePiece& piece : pieces) {
      char place[48];
      std::snprintf(place, sizeof place, "%llx %zx ", static_cast<unsigned long long>(reinterpret_cast<u64>(piece.code.data())),
                    piece.code.size());
      lines += place + plain_name(piece.name) + "\n";
    }
    std::lock_guard lock(mutex_);
    write_all(file_, lines.data(), lines.size());
  }

 private:
  int file_;
  std::mutex mutex_;
};

// --- jitdump -----------------------------------------------------------------------------------------------------------

struct DumpHeader {
  u32 magic = 0x4A695444;  // "JiTD", in the machine's order of bytes
  u32 version = 1;
  u32 size = sizeof(DumpHeader);
  u32 machine;  // ELF's number
  u32 reserved = 0;
  u32 process;
  u64 timestamp;
  u64 flags = 0;
};

struct CodeRecord {
  u32 kind = 0;  // JIT_CODE_LOAD
  u32 size;      // with the name and the code
  u64 timestamp;
  u32 process;
  u32 thread;
  u64 address;
  u64 same_address;
  u64 code_size;
  u64 number;
};

u64 now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<u64>(time.tv_sec) * 1'000'000'000 + static_cast<u64>(time.tv_nsec);
}

class JitDump : public CodeObserver {
 public:
  JitDump(int file, void* marker, size_t marker_size) : file_(file), marker_(marker), marker_size_(marker_size) {}
  ~JitDump() override {
    munmap(marker_, marker_size_);
    close(file_);
  }

  void on_code(const void*, std::vector<CodePiece> pieces) override {
    for (const CodePiece& piece : pieces) write(piece.code, plain_name(piece.name));
  }

 private:
  void write(std::span<const u8> code, const std::string& name) {
    CodeRecord record;
    record.size = static_cast<u32>(sizeof record + name.size() + 1 + code.size());
    record.process = static_cast<u32>(getpid());
    record.thread = static_cast<u32>(syscall(SYS_gettid));
    record.address = record.same_address = reinterpret_cast<u64>(code.data());
    record.code_size = code.size();
    std::vector<u8> bytes(record.size);
    u8* out = bytes.data() + sizeof record;
    std::memcpy(out, name.c_str(), name.size() + 1);
    std::memcpy(out + name.size() + 1, code.data(), code.size());
    std::lock_guard lock(mutex_);
    record.timestamp = now();
    record.number = ++count_;
    std::memcpy(bytes.data(), &record, sizeof record);
    write_all(file_, bytes.data(), bytes.size());
  }

  int file_;
  void* marker_;
  size_t marker_size_;
  std::mutex mutex_;
  u64 count_ = 0;
};

}  // namespace

Result<std::shared_ptr<CodeObserver>> make_perf_map() {
  std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  int file = create(path);
  if (file < 0) return fails(path, "cannot be made");
  return std::make_shared<PerfMap>(file);
}

Result<std::shared_ptr<CodeObserver>> make_jit_dump() {
  std::string path = "jit-" + std::to_string(getpid()) + ".dump";
  int file = create(path);
  if (file < 0) return fails(path, "cannot be made");
  DumpHeader header;
#if defined(__aarch64__)
  header.machine = 183;
#else
  header.machine = 62;
#endif
  header.process = static_cast<u32>(getpid());
  header.timestamp = now();
  write_all(file, &header, sizeof header);
  size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* marker = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
  if (marker == MAP_FAILED) {
    auto failed = fails(path, "cannot be mapped");
    close(file);
    return failed;
  }
  return std::make_shared<JitDump>(file, marker, size);
}

}  // namespace brink::jit
