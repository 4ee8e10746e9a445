#include "serve/core.h"

#include <boost/asio/post.hpp>
#include <algorithm>
#include <ctime>

namespace brink::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How often deadlines and timeouts are looked at, and logs handed over.
constexpr milliseconds kTick{20};
constexpr milliseconds kAcceptPause{50};
// Address space, not memory: what is not touched costs nothing. What is touched stays, so fewer are kept of those that
// have room for machine code.
struct FiberStacks {
  size_t bytes;
  size_t kept;
};
constexpr FiberStacks kSmallStacks{256 << 10, 64}, kLargeStacks{1 << 20, 16};

FiberStacks stacks_for(const std::vector<std::unique_ptr<Route>>& routes) {
  bool interprets_all = std::all_of(routes.begin(), routes.end(), [](const auto& route) {
    return route->settings.tier == Tier::Interpreter;
  });
  return interprets_all ? kSmallStacks : kLargeStacks;
}
constexpr size_t kLogBufferBytes = 64 << 10;
constexpr size_t kBuffersKept = 8;
constexpr size_t kBufferBytesKept = 128 << 10;

u64 nanoseconds_since(Clock::time_point start) {
  return static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

}  // namespace

Core::Core(Shared& shared, int listener, RunningSlice& slice)
    : shared_(shared),
      slice_(slice),
      work_(context_.get_executor()),
      acceptor_(context_),
      tick_timer_(context_),
      drain_timer_(context_),
      accept_timer_(context_),
      fibers_(stacks_for(shared.routes).bytes, stacks_for(shared.routes).kept),
      routes_(shared.routes.size()) {
  // Only the protocol's family is asked of it, and that only to make endpoints.
  acceptor_.assign(asio::ip::tcp::v6(), listener);
  for (size_t i = 0; i < shared.routes.size(); ++i) counters_.routes.push_back(std::make_unique<RouteCounters>());
}

Core::~Core() = default;

void Core::run() {
  // Made before the first request, which then finds them ready.
  for (size_t i = 0; i < routes_.size(); ++i) (void)worker(i);
  accept();
  context_.run();
  flush_logs();
}

// --- Connections -----------------------------------------------------------------------------------------------------

void Core::accept() {
  if (is_draining_ || is_accepting_) return;
  is_accepting_ = true;
  acceptor_.async_accept(context_, [this](const error_code& code, asio::ip::tcp::socket socket) {
    is_accepting_ = false;
    if (is_draining_) return;
    bool is_full = false;
    if (!code) {
      if (shared_.connections.fetch_add(1, std::memory_order_relaxed) < settings().connections.connections) {
        adopt(std::move(socket));
      } else {
        shared_.connections.fetch_sub(1, std::memory_order_relaxed);
        is_full = true;
      }
    } else if (code == asio::error::operation_aborted) {
      return;
    }
    if (!is_full && (!code || code == asio::error::connection_aborted)) return accept();
    // Out of descriptors or memory, or of connections: those that wait in the backlog wait a little longer.
    accept_timer_.expires_after(kAcceptPause);
    accept_timer_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

void Core::adopt(asio::ip::tcp::socket socket) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  int fd = socket.native_handle();
  std::unique_ptr<Transport> transport = shared_.tls ? shared_.tls->make_transport(fd) : make_plain_transport(fd);
  Peer peer;
  auto remote = socket.remote_endpoint(ignored);
  auto local = socket.local_endpoint(ignored);
  peer.address = remote.address().to_string(ignored);
  peer.port = remote.port();
  peer.local_address = local.address().to_string(ignored);
  peer.local_port = local.port();
  if (transport == nullptr) {
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(transport), std::move(peer));
  connections_.push_front(connection);
  connection->place = connections_.begin();
  counters_.connections.add();
  counters_.open_connections.add();
  arm_tick();
  connection->start();
}

void Core::remove(Connection& connection) {
  connections_.erase(connection.place);
  counters_.open_connections.subtract();
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  if (is_draining_ && connections_.empty()) finish_drain(Stop::None);
}

// --- Time ------------------------------------------------------------------------------------------------------------

void Core::arm_tick() {
  if (is_tick_armed_) return;
  is_tick_armed_ = true;
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const error_code& code) {
    is_tick_armed_ = false;
    if (!code) tick();
  });
}

void Core::tick() {
  Clock::time_point now = Clock::now();
  // A connection may end, and take itself out, while it is looked at.
  for (auto next = connections_.begin(); next != connections_.end();) {
    std::shared_ptr<Connection> connection = *next++;
    connection->check_time(now);
  }
  flush_logs();
  if (!connections_.empty()) arm_tick();
}

std::string_view Core::date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second_) {
    date_second_ = now.tv_sec;
    date_ = http_date(now.tv_sec);
  }
  return date_;
}

void Core::queue_turn(std::shared_ptr<Connection> connection, u64) {
  counters_.preemptions.add();
  turns_.push_back(std::move(connection));
  if (has_turn_posted_) return;
  has_turn_posted_ = true;
  asio::post(context_, [this] { give_turn(); });
}

// One turn, then the loop's other work, sockets included, then the next.
void Core::give_turn() {
  std::shared_ptr<Connection> connection = std::move(turns_.front());
  turns_.pop_front();
  has_turn_posted_ = !turns_.empty();
  if (has_turn_posted_) asio::post(context_, [this] { give_turn(); });
  connection->take_turn();
}

// --- The end ---------------------------------------------------------------------------------------------------------

void Core::drain(milliseconds limit) {
  asio::post(context_, [this, limit] {
    if (is_draining_) return;
    is_draining_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (auto next = connections_.begin(); next != connections_.end();) {
      std::shared_ptr<Connection> connection = *next++;
      connection->drain();
    }
    if (connections_.empty()) return finish_drain(Stop::None);
    drain_timer_.expires_after(limit);
    drain_timer_.async_wait([this](const error_code& code) {
      if (!code) finish_drain(Stop::Drained);
    });
  });
}

// With a reason: what still runs is stopped, and gets a moment to say so.
void Core::finish_drain(Stop reason) {
  if (reason == Stop::None) {
    drain_timer_.cancel();
    tick_timer_.cancel();
    work_.reset();
    return;
  }
  was_cut_short_ = true;
  for (auto next = connections_.begin(); next != connections_.end();) {
    std::shared_ptr<Connection> connection = *next++;
    connection->cut(reason);
  }
  drain_timer_.expires_after(std::chrono::seconds(2));
  drain_timer_.async_wait([this](const error_code& code) {
    if (!code) context_.stop();
  });
}

// --- Requests --------------------------------------------------------------------------------------------------------

std::shared_ptr<Worker> Core::worker(size_t index) {
  Route& route = *shared_.routes[index];
  LocalRoute& local = routes_[index];
  u32 version = route.version.load(std::memory_order_acquire);
  if (version != local.version) {
    local.worker.reset();
    local.handler = route.handler();
    // The worker keeps its handler alive as long as a request runs in it.
    std::unique_ptr<Worker> made = local.handler->make_worker();
    local.worker = std::shared_ptr<Worker>(made.release(), [handler = local.handler](Worker* w) { delete w; });
    local.version = version;
  }
  return local.worker;
}

RouteCounters* Core::answer(Exchange& exchange, HandlerReport& report) {
  std::optional<RouteMatch> match = match_route(shared_.routes, exchange.request().path);
  if (!match) {
    exchange.fail(404, "no route");
    return nullptr;
  }
  Route& route = *shared_.routes[match->index];
  RouteCounters* counters = counters_.routes[match->index].get();
  const RequestLimits& limits = route.settings.limits;
  exchange.set_route(route.settings, match->script_name, match->path_info);
  if (exchange.request().content_length.value_or(0) > limits.request_body_bytes) {
    exchange.fail(413, "the body is larger than allowed");
  } else if (route.in_flight.fetch_add(1, std::memory_order_relaxed) >= limits.concurrent_requests) {
    route.in_flight.fetch_sub(1, std::memory_order_relaxed);
    counters->refused.add();
    exchange.fail(503, "too many requests at once");
  } else {
    worker(match->index)->handle(exchange, report);
    route.in_flight.fetch_sub(1, std::memory_order_relaxed);
  }
  return counters;
}

void Core::serve(Exchange& exchange) {
  Clock::time_point start = Clock::now();
  HandlerReport report;
  RouteCounters* counters = nullptr;
  do {
    report = {};
    counters = answer(exchange, report);
  } while (exchange.follow_redirect());
  Stop stop = exchange.stopped();
  switch (stop) {
    case Stop::None: break;
    case Stop::Deadline: exchange.fail(504, "the handler did not answer in time"); break;
    case Stop::CpuBudget: exchange.fail(504, "the handler used more processor time than allowed"); break;
    case Stop::Disconnected: break;
    case Stop::Drained: exchange.fail(503, "the server ends"); break;
    case Stop::BodyTimeout: exchange.fail(408, "the request's body did not come in time"); break;
    case Stop::BodyTooLarge: exchange.fail(413, "the body is larger than allowed"); break;
    case Stop::BodyMalformed: exchange.fail(400, "the request's body is malformed"); break;
    case Stop::BodyIncomplete: exchange.fail(400, "the request's body is incomplete"); break;
    case Stop::ResponseTooLarge: exchange.fail(502, "the response is larger than allowed"); break;
  }
  bool is_whole = false;
  if (stop == Stop::Disconnected) exchange.close_after();
  else is_whole = exchange.finish();
  if (!is_whole) exchange.close_after();

  u64 duration = nanoseconds_since(start);
  if (counters != nullptr) {
    size_t digit = is_whole ? static_cast<size_t>(exchange.status() / 100) : 0;
    counters->by_class[std::min<size_t>(digit, 5)].add();
    counters->count_duration(duration / 1000);
    counters->guest_us.add(report.guest_ns / 1000);
    counters->setup_us.add(report.setup_ns / 1000);
    counters->response_bytes.add(exchange.body_bytes_sent());
    if (!report.trap.empty()) counters->traps.add();
    if (stop != Stop::None) counters->stopped.add();
  }
  log_request(exchange, report, stop, is_whole, duration);
}

// --- Logs ------------------------------------------------------------------------------------------------------------

void Core::log_request(const Exchange& exchange, const HandlerReport& report, Stop stop, bool is_whole,
                       u64 nanoseconds) {
  const Request& request = exchange.request();
  if (shared_.access_log->is_on()) {
    JsonLine line(access_lines_);
    line.text("time", timestamp())
        .text("remote", exchange.peer().address)
        .text("method", request.method)
        .text("path", request.path)
        .number("status", stop == Stop::Disconnected ? 499 : static_cast<u64>(exchange.status()))
        .number("bytes", exchange.body_bytes_sent())
        .milliseconds("duration_ms", nanoseconds)
        .milliseconds("guest_ms", report.guest_ns)
        .milliseconds("setup_ms", report.setup_ns)
        .number("peak_memory", report.peak_memory);
    if (report.exit_code && *report.exit_code != 0) line.signed_number("exit_code", *report.exit_code);
    if (!report.trap.empty()) line.text("trap", report.trap);
    if (stop != Stop::None) line.text("stopped", stop_name(stop));
    else if (!is_whole) line.text("stopped", "incomplete");
    line.end();
  }
  if (!report.detail.empty() && shared_.error_log->is_on()) {
    JsonLine line(error_lines_);
    line.text("time", timestamp())
        .text("level", "error")
        .text("message", report.trap.empty() ? "handler failed" : "handler trapped")
        .text("path", request.path)
        .text("detail", report.detail)
        .end();
  }
  if (access_lines_.size() + error_lines_.size() >= kLogBufferBytes) flush_logs();
}

void Core::log_refusal(const Connection& connection, Refusal refusal) {
  counters_.refused_requests.add();
  if (!shared_.access_log->is_on()) return;
  JsonLine(access_lines_)
      .text("time", timestamp())
      .text("remote", connection.peer().address)
      .number("status", static_cast<u64>(refusal.status))
      .text("refused", refusal.reason)
      .end();
}

void Core::log_guest_output(const Exchange& exchange, std::string_view text) {
  if (!shared_.error_log->is_on()) return;
  while (text.ends_with('\n')) text.remove_suffix(1);
  JsonLine(error_lines_)
      .text("time", timestamp())
      .text("level", "info")
      .text("message", "handler output")
      .text("path", exchange.request().path)
      .text("detail", text)
      .end();
}

void Core::log_error(std::string_view level, std::string_view message, std::string_view detail) {
  if (!shared_.error_log->is_on()) return;
  JsonLine line(error_lines_);
  line.text("time", timestamp()).text("level", level).text("message", message);
  if (!detail.empty()) line.text("detail", detail);
  line.end();
}

void Core::flush_logs() {
  if (!access_lines_.empty()) shared_.access_log->write(std::exchange(access_lines_, {}));
  if (!error_lines_.empty()) shared_.error_log->write(std::exchange(error_lines_, {}));
}

std::string Core::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  buffer.clear();
  return buffer;
}

void Core::give_buffer(std::string buffer) {
  if (buffers_.size() < kBuffersKept && buffer.capacity() <= kBufferBytesKept) buffers_.push_back(std::move(buffer));
}

}  // namespace brink::serve
