#include "serve/admin.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <memory>

namespace brink::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::chrono::seconds kTimeout{10};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, const AdminAnswers& answers) : stream_(std::move(socket)), answers_(answers) {}

  void read() {
    request_ = {};
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code code, size_t) {
      if (!code) self->answer();
    });
  }

 private:
  void answer() {
    response_ = {};
    response_.version(request_.version());
    response_.keep_alive(request_.keep_alive());
    std::string_view target(request_.target().data(), request_.target().size());
    std::string_view path = target.substr(0, target.find('?'));
    auto say = [&](http::status status, const char* type, std::string body) {
      response_.result(status);
      response_.set(http::field::content_type, type);
      response_.body() = std::move(body);
    };
    if (request_.method() != http::verb::get && request_.method() != http::verb::head) {
      say(http::status::method_not_allowed, "text/plain", "only GET and HEAD\n");
      response_.set(http::field::allow, "GET, HEAD");
    } else if (path == "/metrics") {
      say(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", answers_.metrics());
    } else if (path == "/healthz") {
      bool healthy = answers_.is_healthy();
      say(healthy ? http::status::ok : http::status::service_unavailable, "text/plain", healthy ? "ok\n" : "draining\n");
    } else {
      say(http::status::not_found, "text/plain", "there are /metrics and /healthz\n");
    }
    response_.prepare_payload();
    if (request_.method() == http::verb::head) response_.body().clear();
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code code, size_t) {
      if (!code && self->response_.keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  const AdminAnswers& answers_;
  beast::flat_buffer buffer_{16 << 10};
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

}  // namespace

Admin::Admin(asio::io_context& context, int listener, AdminAnswers answers)
    : context_(context), acceptor_(context), answers_(std::move(answers)) {
  acceptor_.assign(asio::ip::tcp::v6(), listener);
  accept();
}

void Admin::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void Admin::accept() {
  acceptor_.async_accept(context_, [this](const boost::system::error_code& code, asio::ip::tcp::socket socket) {
    if (code == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!code) std::make_shared<Session>(std::move(socket), answers_)->read();
    accept();
  });
}

}  // namespace brink::serve
