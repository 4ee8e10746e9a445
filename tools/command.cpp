#include "tools/command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace brink::tools {

std::string printable(std::string_view text, bool keep_newlines) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  auto escape = [&](u8 byte) {
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  };
  for (size_t i = 0; i < text.size(); ++i) {
    u8 byte = static_cast<u8>(text[i]);
    bool is_control = byte < 0x20 || byte == 0x7F;
    if (byte == '\n' && keep_newlines) is_control = false;
    // U+0080 to U+009F are control characters too.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<u8>(text[i + 1]) < 0xA0) {
      escape(byte);
      escape(static_cast<u8>(text[++i]));
    } else if (is_control) {
      escape(byte);
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

int report_error(std::string_view message) {
  std::fprintf(stderr, "error: %s\n", printable(message).c_str());
  return kExitFailure;
}

int report_error(const Error& error) { return report_error(error.to_string()); }

int report_trap(const Trap& trap) {
  if (trap.kind() == TrapKind::Exit) return trap.exit_code();
  (void)finish_output(kExitSuccess);  // what was printed before the trap stands before its message
  std::string text = printable(trap.to_string(), /*keep_newlines=*/true);
  if (!text.ends_with('\n')) text += '\n';
  std::fprintf(stderr, "error: %s", text.c_str());
  return kExitTrap;
}

// stdio keeps errno only until the next call, so the first failure's cause is remembered here.
static int output_errno = 0;

void print(std::string_view text) {
  if (text.empty() || output_errno != 0) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_errno = errno != 0 ? errno : EIO;
}

void print_line(std::string_view line) {
  print(line);
  print("\n");
}

int finish_output(int code) {
  errno = 0;
  if (std::fflush(stdout) != 0 && output_errno == 0) output_errno = errno != 0 ? errno : EIO;
  if (output_errno == 0) return code;
  return report_error(std::string("standard output: ") + std::strerror(output_errno));
}

Result<std::string> read_file(const std::string& path) {
  auto io_error = [&](int code) {
    Error error{ErrorKind::Io, std::strerror(code), Error::kNoOffset, 0, 0, path};
    return std::unexpected(std::move(error));
  };
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return io_error(errno);
  constexpr off_t kMaxBytes = off_t{1} << 30;  // of a file, or of what a device or a pipe has to say
  struct stat status{};
  int refused = ::fstat(file, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (S_ISREG(status.st_mode) && status.st_size > kMaxBytes) refused = EFBIG;
  if (refused != 0) {
    ::close(file);
    return io_error(refused);
  }
  std::string text;
  if (S_ISREG(status.st_mode)) text.reserve(static_cast<size_t>(status.st_size));
  char buffer[65536];
  for (;;) {
    ssize_t count = ::read(file, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      int code = errno;
      ::close(file);
      return io_error(code);
    }
    if (count == 0) break;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > static_cast<size_t>(kMaxBytes)) {
      ::close(file);
      return io_error(EFBIG);
    }
  }
  ::close(file);
  return text;
}

}  // namespace brink::tools
