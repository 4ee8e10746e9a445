// The logs: one line of JSON a request, and one an error.
//
// A core collects its lines in a buffer of its own and hands it over when it is full or some tens of milliseconds old;
// one thread writes. A reader of the log that stalls does not stall requests: beyond a bound lines are dropped, and
// counted.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/integers.h"

namespace brink::serve {

// Builds one line: {"key":value,…}. Text that is not UTF-8 is taken as Latin-1, so that a line is always JSON.
class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }
  JsonLine& text(std::string_view key, std::string_view value);
  JsonLine& number(std::string_view key, u64 value);
  JsonLine& signed_number(std::string_view key, i64 value);
  // Milliseconds with three decimals.
  JsonLine& milliseconds(std::string_view key, u64 nanoseconds);
  void end() { out_ += "}\n"; }

 private:
  void begin(std::string_view key);
  std::string& out_;
  bool is_first_ = true;
};

// "2026-11-25T08:00:00.123Z"
std::string timestamp();

// Writes whole buffers to a descriptor from a thread of its own.
class LogWriter {
 public:
  // "-": `standard`, a descriptor that stays the caller's; a file is appended to; empty: everything is dropped, silently.
  static Result<std::unique_ptr<LogWriter>> open(const std::string& path, int standard);
  // Writes what is left.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  bool is_on() const { return fd_ >= 0; }
  // Whole lines.
  void write(std::string lines);
  // Opens the file again, after it has been moved away.
  void reopen();
  u64 dropped_bytes() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  LogWriter(int fd, bool owns, std::string path);
  void run();

  int fd_;
  bool owns_;
  std::string path_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool is_ending_ = false;
  bool must_reopen_ = false;
  std::atomic<u64> dropped_ = 0;
  std::thread thread_;
};

}  // namespace brink::serve
