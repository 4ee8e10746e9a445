// What a CGI program writes before its body: RFC 3875, section 6.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "serve/http/response.h"

namespace brink::serve {

// Fed with what a program writes, until the head is whole.
//
// Lines end with LF or CR LF. Status, Location and Content-Type mean what the RFC says; at least one of them is there.
// Fields of framing and connection are the server's: Content-Length is taken and checked, the others are left out.
class CgiResponseParser {
 public:
  enum class State : u8 { Head, Done, Malformed };

  // Takes bytes up to the head's end; how many of them.
  size_t put(std::string_view bytes);
  State state() const { return state_; }
  // Malformed: why.
  const std::string& error() const { return error_; }
  // Done:
  ResponseHead take_head() { return std::move(head_); }
  // A path on this server whose answer is to be given instead (6.2.2); empty: none.
  const std::string& local_location() const { return local_location_; }

 private:
  void take_line(std::string_view line);
  void finish();
  void fail(std::string error);

  State state_ = State::Head;
  std::string line_;  // not yet whole
  size_t size_ = 0;
  ResponseHead head_;
  bool has_status_ = false;
  bool has_type_ = false;
  std::string location_;
  std::string local_location_;
  std::string error_;
};

}  // namespace brink::serve
