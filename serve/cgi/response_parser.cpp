#include "serve/cgi/response_parser.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "serve/http/request.h"

namespace brink::serve {
namespace {

constexpr size_t kMostHeadBytes = 32 << 10;
constexpr size_t kMostFields = 200;

constexpr std::array<std::string_view, 7> kOurs = {"Connection",       "Keep-Alive", "Proxy-Connection", "TE",
                                                   "Transfer-Encoding", "Trailer",    "Upgrade"};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    u8 byte = static_cast<u8>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

std::string shown(std::string_view text) { return "'" + std::string(text.substr(0, 60)) + "'"; }

}  // namespace

void CgiResponseParser::fail(std::string error) {
  state_ = State::Malformed;
  error_ = std::move(error);
}

size_t CgiResponseParser::put(std::string_view bytes) {
  size_t place = 0;
  while (state_ == State::Head && place < bytes.size()) {
    size_t end = bytes.find('\n', place);
    bool is_whole = end != std::string_view::npos;
    size_t stop = is_whole ? end : bytes.size();
    size_ += stop - place + 1;
    if (size_ > kMostHeadBytes) {
      fail("the response's head is longer than " + std::to_string(kMostHeadBytes) + " bytes");
      break;
    }
    line_.append(bytes.substr(place, stop - place));
    place = is_whole ? end + 1 : stop;
    if (!is_whole) break;
    std::string line = std::move(line_);
    line_.clear();
    if (line.ends_with('\r')) line.pop_back();
    take_line(line);
  }
  return place;
}

void CgiResponseParser::take_line(std::string_view line) {
  if (line.empty()) return finish();
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return fail("a header line without a colon: " + shown(line));
  std::string_view name = line.substr(0, colon);
  std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name)) return fail("a bad header name: " + shown(name));
  if (has_control(value)) return fail("a control character in the header " + shown(name));

  if (equals_ignoring_case(name, "Status")) {
    int status = 0;
    auto parsed = std::from_chars(value.data(), value.data() + value.size(), status);
    std::string_view rest(parsed.ptr, static_cast<size_t>(value.data() + value.size() - parsed.ptr));
    bool fits = parsed.ec == std::errc() && parsed.ptr == value.data() + 3 && (rest.empty() || rest[0] == ' ');
    if (has_status_ || !fits || status < 200 || status > 599) return fail("a bad Status: " + shown(value));
    has_status_ = true;
    head_.status = status;
    head_.reason = trim(rest);
  } else if (equals_ignoring_case(name, "Content-Length")) {
    u64 length = 0;
    auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || head_.content_length)
      return fail("a bad Content-Length: " + shown(value));
    head_.content_length = length;
  } else if (std::any_of(kOurs.begin(), kOurs.end(), [&](auto ours) { return equals_ignoring_case(name, ours); })) {
    return;
  } else {
    if (equals_ignoring_case(name, "Location")) {
      if (!location_.empty() || value.empty()) return fail("a bad Location");
      location_ = value;
    }
    if (equals_ignoring_case(name, "Content-Type")) {
      if (has_type_) return fail("more than one Content-Type");
      has_type_ = true;
    }
    if (head_.fields.size() >= kMostFields) return fail("too many headers");
    head_.fields.emplace_back(name, value);
  }
}

void CgiResponseParser::finish() {
  if (!has_status_ && !has_type_ && location_.empty())
    return fail("no Content-Type, Status or Location among the headers");
  if (!location_.empty() && !has_status_) {
    // 6.2.2: a path and nothing else is a redirect that the client does not see.
    if (location_[0] == '/' && !location_.starts_with("//") && head_.fields.size() == 1) local_location_ = location_;
    head_.status = 302;
  }
  state_ = State::Done;
}

}  // namespace brink::serve
