// The admin address: /metrics and /healthz, for machines that are trusted.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>

namespace brink::serve {

struct AdminAnswers {
  std::function<std::string()> metrics;
  std::function<bool()> is_healthy;  // false: 503, so that no new requests are sent here
};

class Admin {
 public:
  // Takes over a listening socket.
  Admin(boost::asio::io_context& context, int listener, AdminAnswers answers);
  void stop();

 private:
  void accept();

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  AdminAnswers answers_;
};

}  // namespace brink::serve
