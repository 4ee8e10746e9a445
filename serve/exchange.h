// One request and its answer, as a handler sees them. It lives on the request's fiber; whatever may wait leaves the fiber
// until it need not wait any more.
#pragma once
#include <poll.h>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "serve/http/request.h"
#include "serve/http/request_parser.h"
#include "serve/http/response.h"
#include "serve/settings.h"

namespace brink::serve {

class Connection;
class Core;

using Clock = std::chrono::steady_clock;

// Why a request is not served to its end. From the first one on, reads are at their end, writes fail, waits return at
// once.
enum class Stop : u8 {
  None,
  Deadline,          // 504
  CpuBudget,         // 504
  Disconnected,      // the client has gone: nobody to answer
  Drained,           // 503: the server ends
  BodyTimeout,       // 408: the request's body does not come
  BodyTooLarge,      // 413
  BodyMalformed,     // 400
  BodyIncomplete,    // 400: the client has finished before its body was whole
  ResponseTooLarge,  // 502
};
const char* stop_name(Stop stop);

// Both ends of a connection.
struct Peer {
  std::string address;
  u16 port = 0;
  std::string local_address;
  u16 local_port = 0;
};

class Exchange {
 public:
  Exchange(Connection& connection, Request& request, RequestParser& parser);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- The request ---
  const Request& request() const { return request_; }
  const Peer& peer() const;
  bool is_tls() const;
  // Parts of request().path: the route's prefix without a final '/', and what follows it.
  std::string_view script_name() const { return script_name_; }
  std::string_view path_info() const { return path_info_; }
  // Some bytes of the body, at least one; 0 at its end, or if the request has been stopped.
  size_t read_body(std::span<u8> buffer);

  // --- The response ---
  // Both false if the request has been stopped. Nothing is sent before there is much, or the handler waits or ends: as
  // long as nothing is, the response can still be replaced.
  bool start_response(ResponseHead head);
  bool write_body(std::span<const u8> bytes);
  bool has_started() const { return has_head_; }
  // In place of a response: an error page of that status. If part of a response has already been sent, the connection
  // is cut, so that the client does not take it for whole.
  void fail(int status, std::string_view reason);

  // In place of a response: the server is to answer as if this path had been asked for, by GET and without a body
  // (RFC 3875, 6.2.2).
  void redirect(std::string target) { redirect_ = std::move(target); }

  // --- Waiting ---
  // Until a time; false if the request is stopped before it.
  bool sleep_until(Clock::time_point time);
  // As poll(2), which it never lets block: asks again and again, less and less often.
  int poll(std::span<pollfd> descriptors, std::optional<Clock::time_point> until);
  // Lets the core do something else for a moment; false if the request is stopped.
  bool yield();

  // --- Stopping ---
  Stop stopped() const { return stop_; }
  void stop(Stop reason);
  // Called, on the core's thread, when the request is stopped by something other than the handler.
  void on_stop(std::function<void()> callback) { on_stop_ = std::move(callback); }

  Core& core() const;
  const RequestLimits& limits() const { return *limits_; }
  Clock::time_point deadline() const { return deadline_; }

  // --- For the connection ---
  void set_route(const RouteSettings& route, std::string_view script_name, std::string_view path_info);
  // Makes the request the one that redirect() asked for. False if there is none, or if it is no good: then the exchange
  // has failed.
  bool follow_redirect();
  // Sends what is left. True if the response is whole and was sent.
  bool finish();
  // Sends what there is of the response now.
  bool flush();
  bool has_sent() const { return is_committed_; }
  // Makes a client that has gone tell so, by an interim response (RFC 9110, 15.2.1: every client of HTTP/1.1 takes one).
  // Once a request; on the fiber.
  bool can_ask_client() const { return !is_committed_ && !has_asked_client_ && request_.minor_version == 1; }
  void ask_client();
  bool must_close() const { return must_close_; }
  void close_after() { must_close_ = true; }
  int status() const { return head_.status; }
  u64 body_bytes_sent() const { return body_bytes_; }
  bool has_unread_body() const { return !body_done_; }
  bool awaits_continue() const { return request_.expects_continue && !sent_continue_; }

 private:
  void commit(bool is_whole);
  bool send(std::string_view bytes);
  bool wants_body() const { return !request_.is_head() && !head_.forbids_body(); }

  Connection& connection_;
  Request& request_;
  RequestParser& parser_;
  const RequestLimits* limits_;
  std::string_view script_name_, path_info_;
  Clock::time_point deadline_;

  Stop stop_ = Stop::None;
  std::function<void()> on_stop_;

  std::string redirect_;         // asked for
  std::string redirect_target_;  // followed: what the request's views are into
  unsigned redirects_ = 0;

  bool body_done_;
  bool hides_body_ = false;  // after a redirect
  bool sent_continue_ = false;
  bool has_asked_client_ = false;
  u64 body_read_ = 0;

  ResponseHead head_;
  bool has_head_ = false;
  bool is_committed_ = false;  // some of the response is sent
  bool must_close_ = false;
  bool is_cut_ = false;  // failed after some was sent
  Framing framing_ = Framing::None;
  u64 body_bytes_ = 0;   // given by the handler
  std::string pending_;  // body bytes not yet sent
};

}  // namespace brink::serve
