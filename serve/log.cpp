#include "serve/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "engine/base/utf8.h"
#include "serve/http/response.h"

namespace brink::serve {
namespace {

constexpr size_t kMostQueuedBytes = 16 << 20;

void append_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool is_utf8 = is_valid_utf8(text);
  out += '"';
  for (char c : text) {
    u8 byte = static_cast<u8>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !is_utf8)) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void JsonLine::begin(std::string_view key) {
  if (!is_first_) out_ += ',';
  is_first_ = false;
  out_ += '"';
  out_ += key;
  out_ += "\":";
}

JsonLine& JsonLine::text(std::string_view key, std::string_view value) {
  begin(key);
  append_text(out_, value);
  return *this;
}

JsonLine& JsonLine::number(std::string_view key, u64 value) {
  begin(key);
  append_number(out_, value);
  return *this;
}

JsonLine& JsonLine::signed_number(std::string_view key, i64 value) {
  begin(key);
  out_ += std::to_string(value);
  return *this;
}

JsonLine& JsonLine::milliseconds(std::string_view key, u64 nanoseconds) {
  begin(key);
  u64 microseconds = nanoseconds / 1000;
  append_number(out_, microseconds / 1000);
  out_ += '.';
  u64 rest = microseconds % 1000;
  out_ += static_cast<char>('0' + rest / 100);
  out_ += static_cast<char>('0' + rest / 10 % 10);
  out_ += static_cast<char>('0' + rest % 10);
  return *this;
}

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  size += static_cast<size_t>(std::snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1'000'000));
  return std::string(text, size);
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(const std::string& path, int standard) {
  if (path.empty()) return std::unique_ptr<LogWriter>(new LogWriter(-1, false, ""));
  if (path == "-") return std::unique_ptr<LogWriter>(new LogWriter(standard, false, ""));
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) {
    Error error{ErrorKind::Io, std::string("cannot open the log: ") + std::strerror(errno), Error::kNoOffset, 0, 0, path};
    return std::unexpected(std::move(error));
  }
  return std::unique_ptr<LogWriter>(new LogWriter(fd, true, path));
}

LogWriter::LogWriter(int fd, bool owns, std::string path) : fd_(fd), owns_(owns), path_(std::move(path)) {
  if (fd_ >= 0) thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  if (thread_.joinable()) {
    {
      std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    wakeup_.notify_one();
    thread_.join();
  }
  if (owns_) ::close(fd_);
}

void LogWriter::write(std::string lines) {
  if (fd_ < 0 || lines.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (queued_bytes_ + lines.size() > kMostQueuedBytes) {
      dropped_.fetch_add(lines.size(), std::memory_order_relaxed);
      return;
    }
    queued_bytes_ += lines.size();
    queue_.push_back(std::move(lines));
  }
  wakeup_.notify_one();
}

void LogWriter::reopen() {
  if (!owns_) return;
  {
    std::lock_guard lock(mutex_);
    must_reopen_ = true;
  }
  wakeup_.notify_one();
}

void LogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wakeup_.wait(lock, [this] { return is_ending_ || must_reopen_ || !queue_.empty(); });
    if (must_reopen_) {
      must_reopen_ = false;
      int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
      if (fd >= 0) {
        ::dup3(fd, fd_, O_CLOEXEC);
        ::close(fd);
      }
    }
    if (queue_.empty()) {
      if (is_ending_) return;
      continue;
    }
    std::string lines = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::string_view rest = lines;
    while (!rest.empty()) {
      ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        dropped_.fetch_add(rest.size(), std::memory_order_relaxed);
        break;
      }
      rest.remove_prefix(static_cast<size_t>(written));
    }
    lock.lock();
    queued_bytes_ -= lines.size();
  }
}

}  // namespace brink::serve
