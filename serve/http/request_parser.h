// A request's head and body, by Boost.Beast's parser, with what it leaves open decided.
//
// The head is parsed once it is whole (head_scan.h), in place, without copies. The body is drawn piece by piece into
// whatever buffer its reader has; framing is Beast's.
#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <span>

#include "serve/http/request.h"

namespace brink::serve {

// Why a request cannot be served: the status to answer with, and what was wrong.
struct Refusal {
  int status = 0;  // 0: nothing is wrong
  const char* reason = "";
  explicit operator bool() const { return status != 0; }
};

class RequestParser : private boost::beast::http::basic_parser<true> {
 public:
  // Parses a scanned head, without the empty line before it. `body_limit`: bytes; a Content-Length beyond it is refused
  // with 413.
  Refusal parse_head(std::string_view head, u64 body_limit, Request& request);

  // Feeds bytes that follow the head, and moves body bytes among them to `destination`. When both counts are 0 and
  // nothing is refused, more bytes are needed: put more behind these.
  struct Step {
    size_t consumed = 0;
    size_t delivered = 0;
    Refusal refusal;
  };
  Step read_body(std::string_view bytes, std::span<u8> destination);
  bool is_body_done() const { return is_done(); }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       error_code&) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view name_text, string_view value, error_code&) override;
  void on_header_impl(error_code&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  size_t on_body_impl(string_view bytes, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override;
  void on_finish_impl(error_code&) override {}

  size_t deliver(string_view bytes);
  Refusal judge_head();

  Request* request_ = nullptr;  // while the head is parsed
  Refusal refusal_;
  unsigned hosts_ = 0;
  unsigned transfer_encodings_ = 0;
  unsigned content_lengths_ = 0;
  bool bad_content_length_ = false;
  bool other_transfer_encoding_ = false;
  u8* destination_ = nullptr;
  size_t room_ = 0;
};

// Splits a target into path and query, percent-decodes the path and takes its dot segments away (RFC 3986, 5.2.4).
// 400 for what is no target of ours, 501 for CONNECT's. Sets path, query and, of an absolute target, host.
Refusal parse_target(Request& request);

}  // namespace brink::serve
