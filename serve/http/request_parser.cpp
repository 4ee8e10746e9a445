#include "serve/http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <cstring>

namespace brink::serve {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kNoHeaderLimit = 1u << 30;  // the caller limits the head

bool is_digits(std::string_view text) {
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986, 3.2.2 and 3.2.3: a name or a bracketed address, and a port, which may be empty.
bool is_host(std::string_view text) {
  bool is_address = text.starts_with('[');
  size_t end = std::min(is_address ? text.find(']') : text.find(':'), text.size());
  for (char c : text.substr(is_address ? 1 : 0, is_address ? end - 1 : end)) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view(is_address ? ":.-_~" : "-._~!$&'()*+,;=%").find(c) == std::string_view::npos) return false;
  }
  if (is_address && end++ == text.size()) return false;  // never closed
  std::string_view port = text.substr(end);
  return port.empty() || (port.front() == ':' && (port.size() == 1 || is_digits(port.substr(1))));
}

std::string without_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  size_t place = 0;
  while (place < path.size()) {  // at a '/'
    size_t end = path.find('/', place + 1);
    if (end == std::string_view::npos) end = path.size();
    std::string_view segment = path.substr(place, end - place);
    bool is_last = end == path.size();
    if (segment == "/.") {
      if (is_last) out += '/';
    } else if (segment == "/..") {
      size_t parent = out.rfind('/');
      out.resize(parent == std::string::npos ? 0 : parent);
      if (is_last) out += '/';
    } else {
      out += segment;
    }
    place = end;
  }
  return out.empty() ? "/" : out;
}

Refusal refusal_of(boost::beast::error_code code) {
  if (code == http::error::body_limit) return {413, "the body is larger than allowed"};
  if (code == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken"};
  if (code == http::error::bad_chunk || code == http::error::bad_chunk_extension) return {400, "a malformed chunk"};
  if (code == http::error::bad_transfer_encoding) return {400, "a bad or conflicting Transfer-Encoding"};
  if (code == http::error::bad_content_length || code == http::error::multiple_content_length)
    return {400, "a bad or conflicting Content-Length"};
  return {400, "a malformed message"};
}

}  // namespace

const Field* Request::find(std::string_view name) const {
  for (const Field& field : fields)
    if (equals_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool is_token(std::string_view text) {
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && (c == 0 || std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)) return false;
  }
  return !text.empty();
}

Refusal parse_target(Request& request) {
  std::string_view rest = request.target;
  if (rest.find('#') != std::string_view::npos) return {400, "a fragment in the request target"};
  if (request.method == "CONNECT") return {501, "CONNECT is not implemented"};
  if (rest == "*") {
    if (request.method != "OPTIONS") return {400, "only OPTIONS may ask for '*'"};
    request.path = "*";
    return {};
  }
  if (!rest.starts_with('/')) {  // absolute-form
    size_t scheme_end = rest.find("://");
    bool is_http = scheme_end != std::string_view::npos && (equals_ignoring_case(rest.substr(0, scheme_end), "http") ||
                                                            equals_ignoring_case(rest.substr(0, scheme_end), "https"));
    if (!is_http) return {400, "a bad request target"};
    rest.remove_prefix(scheme_end + 3);
    size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, authority_end);
    if (authority.empty() || !is_host(authority)) return {400, "a bad host in the request target"};
    request.host = authority;  // RFC 9112, 3.2.2: in place of Host
    rest.remove_prefix(authority_end);
  }
  size_t mark = rest.find('?');
  std::string_view encoded = rest.substr(0, mark);
  if (mark != std::string_view::npos) request.query = rest.substr(mark + 1);
  std::string decoded;
  decoded.reserve(encoded.size() + 1);
  if (encoded.empty()) decoded = "/";
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      decoded += encoded[i];
      continue;
    }
    int high = i + 2 < encoded.size() ? hex_digit(encoded[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(encoded[i + 2]) : -1;
    if (low < 0) return {400, "a bad percent-encoding in the path"};
    if (high == 0 && low == 0) return {400, "a NUL in the path"};
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  request.path = decoded.find("/.") == std::string::npos ? std::move(decoded) : without_dot_segments(decoded);
  return {};
}

Refusal RequestParser::parse_head(std::string_view head, u64 limit, Request& request) {
  request_ = &request;
  header_limit(kNoHeaderLimit);
  body_limit(limit);
  boost::beast::error_code code;
  size_t parsed = put({head.data(), head.size()}, code);
  request_ = nullptr;
  if (code) return refusal_of(code);
  if (parsed != head.size() || !is_header_done()) return {400, "a malformed message"};
  request_ = &request;
  Refusal refusal = judge_head();
  request_ = nullptr;
  return refusal ? refusal : serve::parse_target(request);
}

Refusal RequestParser::judge_head() {
  Request& request = *request_;
  if (bad_content_length_ || content_lengths_ > 1) return {400, "a bad or conflicting Content-Length"};
  if (transfer_encodings_ > 0) {
    if (content_lengths_ > 0) return {400, "both Content-Length and Transfer-Encoding"};
    if (request.minor_version == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (transfer_encodings_ > 1) return {400, "more than one Transfer-Encoding"};
    if (other_transfer_encoding_) return {501, "only the transfer coding 'chunked' is implemented"};
    request.is_chunked = true;
  }
  if (hosts_ > 1) return {400, "more than one Host"};
  if (hosts_ == 0 && request.minor_version == 1) return {400, "no Host"};
  if (!is_host(request.host)) return {400, "a bad Host"};
  request.keep_alive = keep_alive();
  return {};
}

RequestParser::Step RequestParser::read_body(std::string_view bytes, std::span<u8> destination) {
  destination_ = destination.data();
  room_ = destination.size();
  Step step;
  while (!is_done() && step.consumed < bytes.size() && room_ > 0) {
    boost::beast::error_code code;
    size_t room_before = room_;
    size_t consumed = put({bytes.data() + step.consumed, bytes.size() - step.consumed}, code);
    step.consumed += consumed;
    if (code == http::error::need_more) break;
    if (code) {
      step.refusal = refusal_of(code);
      break;
    }
    if (consumed == 0 && room_ == room_before) break;
  }
  step.delivered = destination.size() - room_;
  return step;
}

void RequestParser::on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) {
  request_->method = {method.data(), method.size()};
  request_->target = {target.data(), target.size()};
  request_->minor_version = version == 10 ? 0 : 1;
}

void RequestParser::on_field_impl(http::field name, string_view name_text, string_view value, error_code& code) {
  if (request_ == nullptr) return;  // a trailer: nobody asked for any
  std::string_view text(value.data(), value.size());
  request_->fields.push_back({{name_text.data(), name_text.size()}, text});
  switch (name) {
    case http::field::host:
      ++hosts_;
      request_->host = text;
      break;
    case http::field::content_length:
      ++content_lengths_;
      // A list of equal lengths would be legal; one that sends it is more likely an attack.
      if (!is_digits(text)) bad_content_length_ = true;
      break;
    case http::field::transfer_encoding:
      ++transfer_encodings_;
      if (!equals_ignoring_case(text, "chunked")) other_transfer_encoding_ = true;
      break;
    case http::field::expect:
      if (equals_ignoring_case(text, "100-continue")) request_->expects_continue = true;
      break;
    default: break;
  }
  code = {};
}

void RequestParser::on_header_impl(error_code&) {
  if (auto length = content_length()) request_->content_length = *length;
}

size_t RequestParser::on_body_impl(string_view bytes, error_code&) { return deliver(bytes); }
size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) { return deliver(bytes); }

size_t RequestParser::deliver(string_view bytes) {
  size_t count = std::min(bytes.size(), room_);
  if (count > 0) std::memcpy(destination_, bytes.data(), count);
  destination_ += count;
  room_ -= count;
  return count;
}

}  // namespace brink::serve
