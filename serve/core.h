// One core of the server: a thread with a loop, an acceptor, its connections, and its own workers for every route.
//
// Nothing on the way of a request is locked against other cores: connections, fibers, instances, counters and log buffer
// are the core's own; routes are read through a version number, and the count of requests of a route is one atomic.
//
// Time-sharing. Guests run on this thread, between the loop's other work. One that has run for a slice is interrupted
// (preemption.h) and queued; the loop gives one queued guest a slice, then looks at its sockets again. So a computing
// guest delays others by a slice, however many there are.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "serve/connection.h"
#include "serve/fiber.h"
#include "serve/handler.h"
#include "serve/log.h"
#include "serve/metrics.h"
#include "serve/preemption.h"
#include "serve/routes.h"
#include "serve/settings.h"
#include "serve/transport.h"

namespace brink::serve {

// What the cores share.
struct Shared {
  Settings settings;
  std::vector<std::unique_ptr<Route>> routes;
  std::shared_ptr<TlsContext> tls;  // null: plain
  LogWriter* access_log = nullptr;
  LogWriter* error_log = nullptr;
  std::atomic<u32> connections = 0;
};

class Core {
 public:
  // Takes over a listening socket.
  Core(Shared& shared, int listener, RunningSlice& slice);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void run();
  // --- From any thread ---
  // Stops accepting and ends idle connections; the loop ends with the last connection, or after `limit`.
  void drain(milliseconds limit);
  const CoreCounters& counters() const { return counters_; }
  // After the loop's end: some request had to be stopped for it.
  bool was_cut_short() const { return was_cut_short_; }

  // --- For connections ---
  boost::asio::io_context& context() { return context_; }
  const Settings& settings() const { return shared_.settings; }
  Clock::time_point now() const { return Clock::now(); }
  std::string_view date();
  FiberPool& fibers() { return fibers_; }
  bool is_draining() const { return is_draining_; }
  RunningSlice& running_slice() { return slice_; }
  // Answers a request; on its fiber.
  void serve(Exchange& exchange);
  void log_refusal(const Connection& connection, Refusal refusal);
  void remove(Connection& connection);
  void queue_turn(std::shared_ptr<Connection> connection, u64 wait);
  std::string take_buffer();
  void give_buffer(std::string buffer);
  // What a guest wrote to its standard error: a line of the error log.
  void log_guest_output(const Exchange& exchange, std::string_view text);
  // One line for the error log.
  void log_error(std::string_view level, std::string_view message, std::string_view detail = {});

 private:
  struct LocalRoute {
    u32 version = 0;
    std::shared_ptr<Handler> handler;
    std::shared_ptr<Worker> worker;
  };

  void accept();
  void adopt(boost::asio::ip::tcp::socket socket);
  void tick();
  void arm_tick();
  void give_turn();
  void finish_drain(Stop reason);
  std::shared_ptr<Worker> worker(size_t route);
  // By the handler of its route; that route's counters, null where there is none.
  RouteCounters* answer(Exchange& exchange, HandlerReport& report);
  void log_request(const Exchange& exchange, const HandlerReport& report, Stop stop, bool is_whole, u64 nanoseconds);
  void flush_logs();

  Shared& shared_;
  RunningSlice& slice_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer drain_timer_;
  boost::asio::steady_timer accept_timer_;
  std::list<std::shared_ptr<Connection>> connections_;
  FiberPool fibers_;
  std::vector<LocalRoute> routes_;
  CoreCounters counters_;
  std::deque<std::shared_ptr<Connection>> turns_;
  bool has_turn_posted_ = false;
  bool is_tick_armed_ = false;
  bool is_accepting_ = false;
  bool is_draining_ = false;
  bool was_cut_short_ = false;
  std::string date_;
  i64 date_second_ = -1;
  std::string access_lines_;
  std::string error_lines_;
  std::vector<std::string> buffers_;
};

}  // namespace brink::serve
