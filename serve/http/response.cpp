#include "serve/http/response.h"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <ostream>

#include <boost/beast/http/status.hpp>

#include "serve/http/request.h"

namespace brink::serve {
namespace {

constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_in_base(std::string& out, u64 number, int base) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
  out.append(digits, end);
}

}  // namespace

bool ResponseHead::has(std::string_view name) const {
  for (const auto& field : fields)
    if (equals_ignoring_case(field.first, name)) return true;
  return false;
}

std::string_view reason_phrase(int status) {
  namespace http = boost::beast::http;
  http::status known = http::int_to_status(static_cast<unsigned>(status));
  if (known == http::status::unknown) return "";
  auto text = http::obsolete_reason(known);
  return {text.data(), text.size()};
}

void append_number(std::string& out, u64 number) { append_in_base(out, number, 10); }
void append_hex(std::string& out, u64 number) { append_in_base(out, number, 16); }

void append_head(std::string& out, const ResponseHead& head, Framing framing, u64 length, bool keep_alive,
                 int minor_version, std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<u64>(head.status));
  out += ' ';
  out += head.reason.empty() ? reason_phrase(head.status) : std::string_view(head.reason);
  out += "\r\n";
  if (!head.has("Date")) append_field(out, "Date", date);
  if (!head.has("Server")) append_field(out, "Server", "brink");
  for (const auto& [name, value] : head.fields) append_field(out, name, value);
  if (framing == Framing::Length) {
    out += "Content-Length: ";
    append_number(out, length);
    out += "\r\n";
  } else if (framing == Framing::Chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive) out += "Connection: close\r\n";
  else if (minor_version == 0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string http_date(i64 seconds) {
  std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday % 7],
                           parts.tm_mday, kMonths[parts.tm_mon % 12], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                           parts.tm_sec);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace brink::serve
