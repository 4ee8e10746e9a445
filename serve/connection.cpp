#include "serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include "serve/core.h"
#include "serve/http/head_scan.h"

namespace brink::serve {
namespace {

namespace asio = boost::asio;

constexpr size_t kFirstHeadBytes = 1024;
constexpr size_t kBodyBytes = 16 << 10;
constexpr u64 kSkippedBodyBytes = 64 << 10;
// After a refusal the client may still be sending; closing at once would reset the connection and with it our answer.
constexpr std::chrono::milliseconds kLinger{1000};
constexpr u64 kLingerBytes = 4 << 20;
// How often the client of a request that is being served is looked at: one poll(2).
constexpr std::chrono::milliseconds kLookAtClient{100};
// How long a client that has stopped writing waits for its answer before it is asked whether it still listens.
constexpr std::chrono::milliseconds kAskClientAfter{1000};

std::span<u8> as_bytes(char* data, size_t size) { return {reinterpret_cast<u8*>(data), size}; }
std::span<const u8> as_bytes(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace

Connection::Connection(Core& core, asio::ip::tcp::socket socket, std::unique_ptr<Transport> transport, Peer peer)
    : core_(core),
      socket_(std::move(socket)),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      timer_(core.context()) {}

Connection::~Connection() = default;

void Connection::start() {
  limit_ = core_.now() + core_.settings().connections.header_timeout;
  wait_for_head();
}

// --- Between requests ------------------------------------------------------------------------------------------------

void Connection::wait_for_head() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& code) {
    if (self->phase_ == Phase::Closed) return;
    if (code) return self->close();
    self->on_readable();
  });
}

void Connection::on_readable() {
  const ConnectionLimits& limits = core_.settings().connections;
  for (;;) {
    size_t held = in_.size();
    size_t room = std::min<size_t>(std::max(kFirstHeadBytes, held), limits.header_bytes + 4 - std::min<size_t>(held, limits.header_bytes));
    in_.resize(held + room);
    Transfer transfer = transport_->read(as_bytes(in_.data() + held, room));
    in_.resize(held + transfer.count);
    if (transfer.state == Transfer::State::WantRead) break;
    if (transfer.state == Transfer::State::WantWrite) {  // in a handshake
      socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code& code) {
        if (self->phase_ == Phase::Closed) return;
        if (code) return self->close();
        self->on_readable();
      });
      return;
    }
    if (transfer.state != Transfer::State::Moved) return close();
    if (look_at_head()) return;
    if (transfer.count < room && !transport_->has_pending()) break;
  }
  wait_for_head();
}

bool Connection::look_at_head() {
  const ConnectionLimits& limits = core_.settings().connections;
  HeadScan scan = scan_head(in_);
  if (scan.state == HeadScan::State::Complete && scan.size <= limits.header_bytes) {
    head_size_ = scan.size;
    head_skip_ = scan.skipped;
    run_fiber(&Connection::serve_requests);
    return true;
  }
  if (scan.state == HeadScan::State::Malformed) {
    head_refusal_ = {400, scan.error};
    run_fiber(&Connection::refuse_head);
    return true;
  }
  if (in_.size() > limits.header_bytes || scan.state == HeadScan::State::Complete) {
    bool in_first_line = in_.find('\n', scan.skipped) == std::string::npos;
    head_refusal_ = in_first_line ? Refusal{414, "the request line is longer than allowed"}
                                  : Refusal{431, "the request's fields are larger than allowed"};
    run_fiber(&Connection::refuse_head);
    return true;
  }
  if (phase_ == Phase::Idle && !in_.empty()) {
    phase_ = Phase::Head;
    limit_ = core_.now() + limits.header_timeout;
  }
  return false;
}

void Connection::check_time(Clock::time_point now) {
  switch (phase_) {
    case Phase::Closed: return;
    case Phase::Idle:
      if (now >= limit_) close();
      return;
    case Phase::Head:
      if (now < limit_) return;
      head_refusal_ = {408, "the request's head did not come in time"};
      socket_.cancel();
      return run_fiber(&Connection::refuse_head);
    case Phase::Busy:
      if (exchange_ != nullptr && exchange_->stopped() == Stop::None && now >= exchange_->deadline()) return cut(Stop::Deadline);
      if (is_waiting_ && now >= limit_) {
        has_timed_out_ = true;
        return wake(wait_);
      }
      if (exchange_ != nullptr && exchange_->stopped() == Stop::None && now >= next_look_) look_after_client(now);
      return;
  }
}

void Connection::drain() {
  is_draining_ = true;
  if (phase_ == Phase::Idle) close();
}

void Connection::cut(Stop reason) {
  auto self = shared_from_this();
  if (phase_ != Phase::Busy) return close();
  if (exchange_ != nullptr) exchange_->stop(reason);
  if (is_waiting_) wake(wait_);
}

void Connection::close() {
  if (phase_ == Phase::Closed) return;
  phase_ = Phase::Closed;
  transport_->finish();
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  core_.remove(*this);
}

// --- Fibers ----------------------------------------------------------------------------------------------------------

void Connection::run_fiber(void (Connection::*task)()) {
  phase_ = Phase::Busy;
  fiber_ = core_.fibers().take();
  if (fiber_ == nullptr) return close();
  task_ = task;
  after_fiber(fiber_->run(
      [](void* argument) {
        auto* self = static_cast<Connection*>(argument);
        (self->*self->task_)();
      },
      this));
}

void Connection::after_fiber(bool has_ended) {
  if (!has_ended) return;
  core_.fibers().give_back(std::move(fiber_));
  if (phase_ == Phase::Closed) return;
  // serve_requests has ended because the next head is not there yet.
  phase_ = in_.empty() ? Phase::Idle : Phase::Head;
  const ConnectionLimits& limits = core_.settings().connections;
  limit_ = core_.now() + (phase_ == Phase::Idle ? limits.idle_timeout : limits.header_timeout);
  if (!transport_->has_pending()) return wait_for_head();
  asio::post(core_.context(), [self = shared_from_this()] {
    if (self->phase_ != Phase::Closed) self->on_readable();
  });
}

void Connection::wake(u64 wait) {
  if (wait != wait_ || !is_waiting_) return;
  auto self = shared_from_this();
  is_waiting_ = false;
  ++wait_;
  after_fiber(fiber_->resume());
}

Connection::Woken Connection::suspend_until(Clock::time_point limit) {
  limit_ = limit;
  is_waiting_ = true;
  has_timed_out_ = false;
  fiber_->suspend();
  if (exchange_ != nullptr && exchange_->stopped() != Stop::None) return Woken::Stopped;
  return has_timed_out_ ? Woken::TimedOut : Woken::Ready;
}

Connection::Woken Connection::wait_for_socket(Transfer::State direction) {
  socket_.async_wait(direction == Transfer::State::WantRead ? asio::ip::tcp::socket::wait_read
                                                            : asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this(), wait = wait_](const boost::system::error_code&) { self->wake(wait); });
  return suspend_until(core_.now() + core_.settings().connections.io_timeout);
}

void Connection::sleep_until(Clock::time_point time) {
  do {
    timer_.expires_at(time);
    timer_.async_wait([self = shared_from_this(), wait = wait_](const boost::system::error_code& code) {
      if (!code) self->wake(wait);
    });
    is_sleeping_ = true;
    suspend_until(Clock::time_point::max());
    is_sleeping_ = false;
    timer_.cancel();
    if (!is_asking_due_) return;
    ask_client();
  } while (exchange_->stopped() == Stop::None && core_.now() < time);
}

void Connection::yield() {
  core_.queue_turn(shared_from_this(), wait_);
  suspend_until(Clock::time_point::max());
  if (is_asking_due_) ask_client();
}

void Connection::take_turn() { wake(wait_); }

// --- The client of a request that is being served --------------------------------------------------------------------
//
// A client that stops writing after its request (shutdown, TLS's close_notify) still wants its answer. TCP does not tell
// it from one that has closed its socket until something is sent: that a closed socket answers with a reset, which is
// then seen here. What may be sent before any response is an interim one (RFC 9110, 15.2).

Connection::Client Connection::client() const {
  pollfd socket{const_cast<asio::ip::tcp::socket&>(socket_).native_handle(), POLLRDHUP, 0};
  if (::poll(&socket, 1, 0) <= 0) return Client::Listens;
  if (socket.revents & (POLLERR | POLLHUP | POLLNVAL)) return Client::HasGone;
  return socket.revents & POLLRDHUP ? Client::HasFinished : Client::Listens;
}

void Connection::look_after_client(Clock::time_point now) {
  next_look_ = now + kLookAtClient;
  switch (client()) {
    case Client::Listens: return;
    case Client::HasGone: return cut(Stop::Disconnected);
    case Client::HasFinished: break;
  }
  if (!finished_at_) finished_at_ = now;
  if (now - *finished_at_ < kAskClientAfter || !exchange_->can_ask_client()) return;
  is_asking_due_ = true;
  // One that computes asks at its next turn, one that reads or writes will hear of it anyhow.
  if (is_sleeping_ && is_waiting_) wake(wait_);
}

void Connection::ask_client() {
  is_asking_due_ = false;
  if (exchange_ != nullptr) exchange_->ask_client();
}

// --- On the fiber ----------------------------------------------------------------------------------------------------

Connection::Fill Connection::fill_body() {
  if (body_begin_ > 0) {
    body_.erase(0, body_begin_);
    body_begin_ = 0;
  }
  size_t held = body_.size();
  if (held >= kBodyBytes) return Fill::Full;
  for (;;) {
    body_.resize(kBodyBytes);
    Transfer transfer = transport_->read(as_bytes(body_.data() + held, kBodyBytes - held));
    body_.resize(held + transfer.count);
    switch (transfer.state) {
      case Transfer::State::Moved: return Fill::More;
      case Transfer::State::End: return Fill::End;
      case Transfer::State::Failed: return Fill::Failed;
      case Transfer::State::WantRead:
      case Transfer::State::WantWrite: break;
    }
    switch (wait_for_socket(transfer.state)) {
      case Woken::Ready: break;
      case Woken::TimedOut: return Fill::TimedOut;
      case Woken::Stopped: return Fill::Failed;
    }
  }
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    Transfer transfer = transport_->write(as_bytes(bytes));
    if (transfer.state == Transfer::State::Moved) {
      bytes.remove_prefix(transfer.count);
      continue;
    }
    if (transfer.state == Transfer::State::End || transfer.state == Transfer::State::Failed) return false;
    if (wait_for_socket(transfer.state) == Woken::Ready) continue;
    return false;
  }
  return true;
}

bool Connection::can_skip_body(const Request& request, u64 read) const {
  return request.content_length && *request.content_length - read <= kSkippedBodyBytes;
}

void Connection::serve_requests() {
  for (;;) {
    serve_request();
    if (phase_ == Phase::Closed) return;
    if (is_draining_) return close();
    // Pipelined: what has come behind the request.
    HeadScan scan = scan_head(in_);
    if (scan.state == HeadScan::State::Complete && scan.size <= core_.settings().connections.header_bytes) {
      head_size_ = scan.size;
      head_skip_ = scan.skipped;
      continue;
    }
    if (scan.state == HeadScan::State::Malformed) {
      head_refusal_ = {400, scan.error};
      return refuse_head();
    }
    if (in_.size() > core_.settings().connections.header_bytes) {
      head_refusal_ = {431, "the request's fields are larger than allowed"};
      return refuse_head();
    }
    return;
  }
}

void Connection::serve_request() {
  Request request;
  RequestParser parser;
  std::string_view head = std::string_view(in_).substr(head_skip_, head_size_ - head_skip_);
  // A route's own limit counts while the body is read; this one is for all.
  Refusal refusal = parser.parse_head(head, ~u64{0}, request);
  if (!refusal && request.fields.size() > core_.settings().connections.header_fields)
    refusal = {431, "more fields than allowed"};
  if (refusal) {
    head_refusal_ = refusal;
    return refuse_head();
  }
  bool has_body = request.has_body();
  body_begin_ = 0;
  if (has_body) {
    body_.assign(in_, head_size_, std::string::npos);
    body_.reserve(kBodyBytes);
  }
  next_look_ = core_.now() + kLookAtClient;
  finished_at_.reset();
  is_asking_due_ = false;
  Exchange exchange(*this, request, parser);
  exchange_ = &exchange;
  core_.serve(exchange);
  exchange_ = nullptr;

  if (!exchange.must_close() && exchange.has_unread_body()) skip_body(exchange, parser);
  if (has_body) {
    in_ = body_.substr(body_begin_);
    body_.clear();
    body_.shrink_to_fit();
  } else {
    in_.erase(0, head_size_);
  }
  if (exchange.must_close()) linger();
}

void Connection::skip_body(Exchange& exchange, RequestParser& parser) {
  u8 ignored[4096];
  u64 skipped = 0;
  while (!parser.is_body_done()) {
    RequestParser::Step step = parser.read_body(body_bytes(), ignored);
    consume_body(step.consumed);
    skipped += step.delivered;
    if (step.refusal || skipped > kSkippedBodyBytes) return exchange.close_after();
    if (step.consumed == 0 && fill_body() != Fill::More) return exchange.close_after();
  }
}

void Connection::refuse_head() { refuse(head_refusal_); }

void Connection::refuse(Refusal refusal) {
  core_.log_refusal(*this, refusal);
  ResponseHead head;
  head.status = refusal.status;
  head.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  std::string text = std::to_string(refusal.status) + " " + std::string(reason_phrase(refusal.status)) + ": " + refusal.reason + "\n";
  std::string out;
  append_head(out, head, Framing::Length, text.size(), false, 1, core_.date());
  out += text;
  if (send(out)) linger();
  else close();
}

void Connection::linger() {
  transport_->finish();
  u64 read = 0;
  Clock::time_point end = Clock::now() + kLinger;
  char ignored[8192];
  while (read < kLingerBytes && Clock::now() < end) {
    ssize_t got = ::recv(socket_.native_handle(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (got > 0) {
      read += static_cast<u64>(got);
      continue;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) break;
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this(), wait = wait_](const boost::system::error_code&) { self->wake(wait); });
    if (suspend_until(end) != Woken::Ready) break;
  }
  close();
}

}  // namespace brink::serve
