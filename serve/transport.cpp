#include "serve/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>

namespace brink::serve {
namespace {

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Transfer read(std::span<u8> buffer) override {
    for (;;) {
      ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got > 0) return {Transfer::State::Moved, static_cast<size_t>(got)};
      if (got == 0) return {Transfer::State::End};
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::State::WantRead};
      return {Transfer::State::Failed};
    }
  }

  Transfer write(std::span<const u8> bytes) override {
    for (;;) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) return {Transfer::State::Moved, static_cast<size_t>(sent)};
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {Transfer::State::WantWrite};
      return {Transfer::State::Failed};
    }
  }

  void finish() override { ::shutdown(socket_, SHUT_WR); }
  bool is_tls() const override { return false; }

 private:
  int socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(SSL* session, int socket) : session_(session), socket_(socket) {}
  ~TlsTransport() override { SSL_free(session_); }

  Transfer read(std::span<u8> buffer) override {
    ERR_clear_error();
    size_t got = 0;
    int result = SSL_read_ex(session_, buffer.data(), buffer.size(), &got);
    return result == 1 ? Transfer{Transfer::State::Moved, got} : failure(result);
  }

  Transfer write(std::span<const u8> bytes) override {
    ERR_clear_error();
    size_t sent = 0;
    int result = SSL_write_ex(session_, bytes.data(), bytes.size(), &sent);
    return result == 1 ? Transfer{Transfer::State::Moved, sent} : failure(result);
  }

  void finish() override {
    ERR_clear_error();
    if (!has_failed_ && SSL_is_init_finished(session_)) SSL_shutdown(session_);
    ::shutdown(socket_, SHUT_WR);
  }

  bool is_tls() const override { return true; }
  bool has_pending() const override { return SSL_pending(session_) > 0; }

 private:
  Transfer failure(int result) {
    switch (SSL_get_error(session_, result)) {
      case SSL_ERROR_WANT_READ: return {Transfer::State::WantRead};
      case SSL_ERROR_WANT_WRITE: return {Transfer::State::WantWrite};
      case SSL_ERROR_ZERO_RETURN: return {Transfer::State::End};
      default: has_failed_ = true; return {Transfer::State::Failed};
    }
  }

  SSL* session_;
  int socket_;
  bool has_failed_ = false;
};

std::string tls_error() {
  unsigned long code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason ? reason : "unknown error";
}

std::unexpected<Error> refuse(std::string message, const std::string& file) {
  Error error{ErrorKind::Io, std::move(message), Error::kNoOffset, 0, 0, file};
  return std::unexpected(std::move(error));
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) { return std::make_unique<PlainTransport>(socket); }

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::string& certificate, const std::string& key) {
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) return fail(ErrorKind::Limit, "cannot set up TLS: " + tls_error());
  std::shared_ptr<TlsContext> context(new TlsContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // The sessions' state is in tickets: nothing is shared between cores.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(
      raw,
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size, void*) {
        static constexpr unsigned char kOurs[] = "\x08http/1.1";
        unsigned char* chosen = nullptr;
        if (SSL_select_next_proto(&chosen, size, kOurs, sizeof kOurs - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
          return SSL_TLSEXT_ERR_ALERT_FATAL;
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1)
    return refuse("cannot use the certificate: " + tls_error(), certificate);
  if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return refuse("cannot use the private key: " + tls_error(), key);
  if (SSL_CTX_check_private_key(raw) != 1) return refuse("the private key is not the certificate's", key);
  return context;
}

std::unique_ptr<Transport> TlsContext::make_transport(int socket) const {
  SSL* session = SSL_new(context_);
  if (session == nullptr) return nullptr;
  if (SSL_set_fd(session, socket) != 1) {
    SSL_free(session);
    return nullptr;
  }
  SSL_set_accept_state(session);
  return std::make_unique<TlsTransport>(session, socket);
}

}  // namespace brink::serve
