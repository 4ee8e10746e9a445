// A request's head as the parser has found it in a connection's buffer.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/integers.h"

namespace brink::serve {

struct Field {
  std::string_view name;
  std::string_view value;  // without white space around it
};

// All views are into the buffer that the head was parsed from, which stays where it is as long as the request.
struct Request {
  std::string_view method;
  std::string_view target;  // as it came
  std::string_view host;    // of the Host field, or of an absolute target; may be empty under HTTP/1.0
  int minor_version = 1;    // of HTTP/1.x
  std::vector<Field> fields;

  std::optional<u64> content_length;
  bool is_chunked = false;
  bool hides_length = false;  // a program is not told of the body
  bool expects_continue = false;
  bool keep_alive = true;

  // Of the target: percent-decoded, without dot segments, beginning with '/'; "*" for OPTIONS *.
  std::string path;
  std::string_view query;  // without '?', as it came

  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
  bool is_head() const { return method == "HEAD"; }
  // The first field of that name, in any case; null if there is none.
  const Field* find(std::string_view name) const;
};

// ASCII letters only, as HTTP compares names.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// RFC 9110, 5.6.2.
bool is_token(std::string_view text);

}  // namespace brink::serve
