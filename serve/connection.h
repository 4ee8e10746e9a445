// A client's connection: requests come in one after the other, each is answered on a fiber.
//
// Between requests there is no fiber, only a buffer that waits for a head. From a request's head on one fiber runs until
// the connection would wait for the next; it waits for the socket, for a time, or for its turn, always for one of them.
// A wait has a number; whatever ends it first counts, what comes later finds the number changed.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/exchange.h"
#include "serve/fiber.h"
#include "serve/transport.h"

namespace brink::serve {

class Core;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Core& core, boost::asio::ip::tcp::socket socket, std::unique_ptr<Transport> transport, Peer peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // Called by the core every so often: ends what takes too long.
  void check_time(Clock::time_point now);
  // No more requests; between two of them, the end.
  void drain();
  // What runs is stopped.
  void cut(Stop reason);

  const Peer& peer() const { return peer_; }
  bool is_tls() const { return transport_->is_tls(); }
  Core& core() const { return core_; }

  // --- On the fiber ---
  enum class Fill : u8 { More, End, Failed, Full, TimedOut };
  std::string_view body_bytes() const { return std::string_view(body_).substr(body_begin_); }
  void consume_body(size_t count) { body_begin_ += count; }
  // Waits for more bytes behind body_bytes().
  Fill fill_body();
  bool can_skip_body(const Request& request, u64 read) const;
  // All of it; false if the client does not take it.
  bool send(std::string_view bytes);
  void sleep_until(Clock::time_point time);
  void yield();
  // Goes on where the fiber waits for its turn.
  void take_turn();

 private:
  enum class Phase : u8 { Idle, Head, Busy, Closed };
  enum class Woken : u8 { Ready, TimedOut, Stopped };
  enum class Client : u8 { Listens, HasFinished, HasGone };

  void wait_for_head();
  void on_readable();
  // Decides what the buffer holds: nothing whole yet (false), or a request or something that is none, which a fiber has
  // taken over.
  bool look_at_head();
  void run_fiber(void (Connection::*task)());
  void after_fiber(bool has_ended);
  void close();

  // On the fiber.
  void serve_requests();
  void serve_request();
  void refuse_head();
  void refuse(Refusal refusal);
  void skip_body(Exchange& exchange, RequestParser& parser);
  void linger();
  // What the socket tells of the client, without reading from it.
  Client client() const;
  // While a request is served: is there still somebody to answer?
  void look_after_client(Clock::time_point now);
  void ask_client();
  Woken wait_for_socket(Transfer::State direction);
  Woken suspend_until(Clock::time_point limit);
  void wake(u64 wait);

  Core& core_;
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<Transport> transport_;
  Peer peer_;
  Phase phase_ = Phase::Idle;
  Clock::time_point limit_;  // of the phase, or of the wait
  bool is_draining_ = false;

  std::string in_;         // from the beginning of a head on
  std::string body_;       // while a request with a body is served: what follows its head
  size_t body_begin_ = 0;
  size_t head_size_ = 0;   // with the empty line before it
  size_t head_skip_ = 0;
  Refusal head_refusal_;

  std::unique_ptr<Fiber> fiber_;
  void (Connection::*task_)() = nullptr;
  u64 wait_ = 0;
  bool is_waiting_ = false;
  bool has_timed_out_ = false;
  Exchange* exchange_ = nullptr;  // of the request being served
  bool is_sleeping_ = false;      // on the fiber: waits, but not for the socket
  Clock::time_point next_look_;   // at the client
  std::optional<Clock::time_point> finished_at_;  // when the client was first seen to have stopped writing
  bool is_asking_due_ = false;
  boost::asio::steady_timer timer_;

 public:
  std::list<std::shared_ptr<Connection>>::iterator place;  // the core's
};

}  // namespace brink::serve
