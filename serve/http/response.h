// What a response's head says, and its bytes.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/integers.h"

namespace brink::serve {

struct ResponseHead {
  int status = 200;
  std::string reason;  // empty: the standard's
  std::vector<std::pair<std::string, std::string>> fields;  // without framing and connection fields
  std::optional<u64> content_length;

  bool has(std::string_view name) const;
  // 1xx, 204 and 304 never have a body.
  bool forbids_body() const { return status < 200 || status == 204 || status == 304; }
};

// The reason phrase of a status, or "" for one that has none.
std::string_view reason_phrase(int status);

// How the body's end is told.
enum class Framing : u8 { None, Length, Chunked, Close };

// Appends status line and fields, with Date, Server and what framing and `keep_alive` ask for. `length` counts for
// Framing::Length. `date` as http_date gives it.
void append_head(std::string& out, const ResponseHead& head, Framing framing, u64 length, bool keep_alive,
                 int minor_version, std::string_view date);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) of seconds since 1970.
std::string http_date(i64 seconds);

void append_number(std::string& out, u64 number);
void append_hex(std::string& out, u64 number);

}  // namespace brink::serve
