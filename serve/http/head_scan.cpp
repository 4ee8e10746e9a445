#include "serve/http/head_scan.h"

#include <array>

namespace brink::serve {
namespace {

enum : u8 { kToken = 1, kValue = 2, kTarget = 4 };

constexpr std::array<u8, 256> make_classes() {
  std::array<u8, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos))
      classes[static_cast<size_t>(c)] |= kToken;
    if (c == '\t' || (c >= 0x20 && c != 0x7F)) classes[static_cast<size_t>(c)] |= kValue;
    if (c > 0x20 && c < 0x7F) classes[static_cast<size_t>(c)] |= kTarget;
  }
  return classes;
}
constexpr std::array<u8, 256> kClasses = make_classes();

bool all(std::string_view text, u8 wanted) {
  for (char c : text)
    if (!(kClasses[static_cast<u8>(c)] & wanted)) return false;
  return true;
}

// method SP target SP version, single spaces (RFC 9112, 3).
const char* check_request_line(std::string_view line) {
  size_t first = line.find(' ');
  if (first == std::string_view::npos) return "a request line without a target";
  if (first == 0 || !all(line.substr(0, first), kToken)) return "the method is not a token";
  size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return "a request line without a version";
  std::string_view target = line.substr(first + 1, second - first - 1);
  if (target.empty() || !all(target, kTarget)) return "a bad request target";
  std::string_view version = line.substr(second + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9')
    return "a bad HTTP version";
  return nullptr;
}

const char* check_field(std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') return "a folded or indented field line";
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "a field without a colon";
  if (colon == 0) return "a field without a name";
  if (!all(line.substr(0, colon), kToken)) return "a field's name is not a token";
  if (!all(line.substr(colon + 1), kValue)) return "a control character in a field";
  return nullptr;
}

}  // namespace

HeadScan scan_head(std::string_view bytes) {
  HeadScan scan;
  auto malformed = [&](const char* error) {
    scan.state = HeadScan::State::Malformed;
    scan.error = error;
    return scan;
  };
  size_t place = 0;
  bool has_request_line = false;
  for (;;) {
    size_t end = bytes.find('\n', place);
    if (end == std::string_view::npos) return scan;
    if (end == place || bytes[end - 1] != '\r') return malformed("a line that does not end with CR LF");
    std::string_view line = bytes.substr(place, end - 1 - place);
    place = end + 1;
    if (line.find('\r') != std::string_view::npos) return malformed("a CR without LF");
    if (line.empty()) {
      if (has_request_line) break;
      // RFC 9112, 2.2: one is skipped, for clients that end a body with a line of their own.
      if (scan.skipped != 0) return malformed("more than one empty line before a request");
      scan.skipped = place;
      continue;
    }
    const char* error = has_request_line ? check_field(line) : check_request_line(line);
    if (error != nullptr) return malformed(error);
    has_request_line = true;
  }
  scan.state = HeadScan::State::Complete;
  scan.size = place;
  return scan;
}

}  // namespace brink::serve
