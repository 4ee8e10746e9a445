#include "serve/exchange.h"

#include "serve/connection.h"
#include "serve/core.h"

namespace brink::serve {
namespace {

// Response bytes that are kept back, so that a short response is one segment with its length known.
constexpr size_t kPendingBytes = 32 << 10;
constexpr std::chrono::milliseconds kFirstPollPause{1}, kLongestPollPause{50};

constexpr unsigned kMostRedirects = 8;

const RequestLimits kNoRouteLimits;

std::string_view as_text(std::span<const u8> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

const char* stop_name(Stop stop) {
  switch (stop) {
    case Stop::None: return "";
    case Stop::Deadline: return "deadline";
    case Stop::CpuBudget: return "cpu budget";
    case Stop::Disconnected: return "client disconnected";
    case Stop::Drained: return "server ended";
    case Stop::BodyTimeout: return "request body timeout";
    case Stop::BodyTooLarge: return "request body too large";
    case Stop::BodyMalformed: return "request body malformed";
    case Stop::BodyIncomplete: return "request body incomplete";
    case Stop::ResponseTooLarge: return "response too large";
  }
  return "";
}

Exchange::Exchange(Connection& connection, Request& request, RequestParser& parser)
    : connection_(connection),
      request_(request),
      parser_(parser),
      limits_(&kNoRouteLimits),
      deadline_(connection.core().now() + kNoRouteLimits.deadline),
      body_done_(!request.has_body()) {}

void Exchange::set_route(const RouteSettings& route, std::string_view script_name, std::string_view path_info) {
  limits_ = &route.limits;
  script_name_ = script_name;
  path_info_ = path_info;
  if (redirects_ == 0) deadline_ = connection_.core().now() + limits_->deadline;
}

const Peer& Exchange::peer() const { return connection_.peer(); }
bool Exchange::is_tls() const { return connection_.is_tls(); }
Core& Exchange::core() const { return connection_.core(); }

void Exchange::stop(Stop reason) {
  if (stop_ != Stop::None) return;
  stop_ = reason;
  if (on_stop_) on_stop_();
}

size_t Exchange::read_body(std::span<u8> buffer) {
  if (body_done_ || hides_body_ || stop_ != Stop::None || buffer.empty()) return 0;
  for (;;) {
    std::string_view available = connection_.body_bytes();
    if (!available.empty() || parser_.is_body_done()) {
      RequestParser::Step step = parser_.read_body(available, buffer);
      connection_.consume_body(step.consumed);
      if (step.refusal) {
        must_close_ = true;
        stop(step.refusal.status == 413 ? Stop::BodyTooLarge : Stop::BodyMalformed);
        return 0;
      }
      body_done_ = parser_.is_body_done();
      body_read_ += step.delivered;
      if (body_read_ > limits_->request_body_bytes) {
        must_close_ = true;
        stop(Stop::BodyTooLarge);
        return 0;
      }
      if (step.delivered > 0 || body_done_) return step.delivered;
    }
    if (awaits_continue() && !is_committed_) {
      sent_continue_ = true;
      if (!send("HTTP/1.1 100 Continue\r\n\r\n")) return 0;
    }
    // A handler that answers while it reads is heard while it waits.
    if (!pending_.empty() && !flush()) return 0;
    switch (connection_.fill_body()) {
      case Connection::Fill::More: break;
      case Connection::Fill::End:
        must_close_ = true;
        stop(Stop::BodyIncomplete);
        return 0;
      case Connection::Fill::Failed: stop(Stop::Disconnected); return 0;
      case Connection::Fill::Full: stop(Stop::BodyMalformed); return 0;  // a chunk header without end
      case Connection::Fill::TimedOut: stop(Stop::BodyTimeout); return 0;
    }
    if (stop_ != Stop::None) return 0;
  }
}

bool Exchange::start_response(ResponseHead head) {
  if (stop_ != Stop::None) return false;
  head_ = std::move(head);
  has_head_ = true;
  return true;
}

bool Exchange::write_body(std::span<const u8> bytes) {
  if (stop_ != Stop::None || !has_head_) return false;
  if (body_bytes_ + bytes.size() > limits_->response_body_bytes) {
    stop(Stop::ResponseTooLarge);
    return false;
  }
  // More than was announced does not belong to this response.
  if (head_.content_length && body_bytes_ + bytes.size() > *head_.content_length)
    bytes = bytes.first(static_cast<size_t>(*head_.content_length - std::min(body_bytes_, *head_.content_length)));
  body_bytes_ += bytes.size();
  if (!wants_body()) return true;
  pending_ += as_text(bytes);
  return pending_.size() < kPendingBytes || flush();
}

bool Exchange::follow_redirect() {
  if (redirect_.empty() || stop_ != Stop::None) return false;
  if (++redirects_ > kMostRedirects) {
    fail(502, "the handlers redirect for ever");
    return false;
  }
  redirect_target_ = std::exchange(redirect_, {});
  if (!request_.is_head()) request_.method = "GET";
  request_.target = redirect_target_;
  request_.query = {};
  hides_body_ = true;
  std::erase_if(request_.fields, [](const Field& field) {
    return equals_ignoring_case(field.name, "Content-Type") || equals_ignoring_case(field.name, "Content-Length");
  });
  // What has come with the request is skipped by its own rules; only the program does not hear of it.
  request_.hides_length = true;
  if (!parse_target(request_)) return true;
  fail(502, "the handler redirects to a bad path");
  return false;
}

void Exchange::fail(int status, std::string_view reason) {
  pending_.clear();
  if (is_committed_) {
    must_close_ = is_cut_ = true;
    return;
  }
  head_ = ResponseHead{};
  head_.status = status;
  head_.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (status == 503) head_.fields.emplace_back("Retry-After", "1");
  has_head_ = true;
  std::string text = std::to_string(status) + " " + std::string(reason_phrase(status));
  if (!reason.empty()) text += ": " + std::string(reason);
  text += '\n';
  body_bytes_ = text.size();
  if (wants_body()) pending_ = std::move(text);
}

// Decides framing and puts the head in front of what is pending.
void Exchange::commit(bool is_whole) {
  if (head_.forbids_body()) {
    framing_ = Framing::None;
  } else if (head_.content_length) {
    framing_ = Framing::Length;
  } else if (request_.is_head()) {
    framing_ = Framing::None;  // what GET would have said is not known
  } else if (is_whole) {
    framing_ = Framing::Length;
  } else if (request_.minor_version == 1) {
    framing_ = Framing::Chunked;
  } else {
    framing_ = Framing::Close;
    must_close_ = true;
  }
  if (!request_.keep_alive || connection_.core().is_draining()) must_close_ = true;
  // A body that nobody has read stands between this request and the next.
  if (!body_done_ && (awaits_continue() || !connection_.can_skip_body(request_, body_read_))) must_close_ = true;
  is_committed_ = true;
}

bool Exchange::flush() {
  if (!has_head_) return true;
  std::string out = connection_.core().take_buffer();
  if (!is_committed_) {
    commit(false);
    append_head(out, head_, framing_, head_.content_length.value_or(0), !must_close_, request_.minor_version,
                connection_.core().date());
  }
  if (!pending_.empty()) {
    if (framing_ == Framing::Chunked) {
      append_hex(out, pending_.size());
      out += "\r\n";
    }
    out += pending_;
    if (framing_ == Framing::Chunked) out += "\r\n";
    pending_.clear();
  }
  bool sent = send(out);
  connection_.core().give_buffer(std::move(out));
  return sent;
}

bool Exchange::finish() {
  bool is_truncated = head_.content_length && wants_body() && body_bytes_ < *head_.content_length;
  if (!is_committed_) {
    if (is_truncated) {
      std::string reason = "the handler announced " + std::to_string(*head_.content_length) + " bytes and wrote " +
                           std::to_string(body_bytes_);
      fail(502, reason);
    }
    commit(true);
    std::string out = connection_.core().take_buffer();
    u64 length = head_.content_length.value_or(pending_.size());
    append_head(out, head_, framing_, length, !must_close_, request_.minor_version, connection_.core().date());
    out += pending_;
    bool sent = connection_.send(out);
    connection_.core().give_buffer(std::move(out));
    return sent;
  }
  if (stop_ != Stop::None || is_cut_) return false;
  if (is_truncated) {
    must_close_ = true;
    return false;
  }
  if (!pending_.empty() && !flush()) return false;
  return framing_ != Framing::Chunked || connection_.send("0\r\n\r\n");
}

bool Exchange::send(std::string_view bytes) {
  if (stop_ != Stop::None) return false;
  if (connection_.send(bytes)) return true;
  stop(Stop::Disconnected);
  must_close_ = true;
  return false;
}

void Exchange::ask_client() {
  if (!can_ask_client() || stop_ != Stop::None) return;
  has_asked_client_ = sent_continue_ = true;
  send("HTTP/1.1 100 Continue\r\n\r\n");
}

bool Exchange::sleep_until(Clock::time_point time) {
  if (stop_ == Stop::None && !pending_.empty()) flush();
  if (stop_ == Stop::None) connection_.sleep_until(time);
  return stop_ == Stop::None;
}

int Exchange::poll(std::span<pollfd> descriptors, std::optional<Clock::time_point> until) {
  auto pause = kFirstPollPause;
  for (;;) {
    int ready = ::poll(descriptors.data(), descriptors.size(), 0);
    if (ready != 0) return ready;
    Clock::time_point now = Clock::now();
    if (until && now >= *until) return 0;
    Clock::time_point next = now + pause;
    if (descriptors.empty()) next = until.value_or(deadline_ + std::chrono::seconds(1));
    else if (until) next = std::min(next, *until);
    if (!sleep_until(next)) return 0;
    pause = std::min(pause * 2, kLongestPollPause);
  }
}

bool Exchange::yield() {
  connection_.yield();
  return stop_ == Stop::None;
}

}  // namespace brink::serve
