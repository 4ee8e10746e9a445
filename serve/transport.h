// A connection's bytes, plain or under TLS: calls that never block.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "engine/base/error.h"
#include "engine/base/integers.h"

struct ssl_ctx_st;
struct ssl_st;

namespace brink::serve {

struct Transfer {
  enum class State : u8 {
    Moved,      // `count` bytes, at least one
    WantRead,   // try again when the socket is readable
    WantWrite,  // or writable
    End,        // reading: the peer has finished
    Failed,     // the connection is of no more use
  };
  State state;
  size_t count = 0;
};

// Does not own the socket.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Transfer read(std::span<u8> buffer) = 0;
  virtual Transfer write(std::span<const u8> bytes) = 0;
  // Says that nothing more will be written.
  virtual void finish() = 0;
  virtual bool is_tls() const = 0;
  // Bytes wait inside, so that the socket's readiness does not tell.
  virtual bool has_pending() const { return false; }
};

std::unique_ptr<Transport> make_plain_transport(int socket);

// A certificate and its key, shared by all connections.
class TlsContext {
 public:
  // PEM files; errors name the file.
  static Result<std::shared_ptr<TlsContext>> load(const std::string& certificate, const std::string& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  // Null if memory is short. The handshake happens as the first bytes are read.
  std::unique_ptr<Transport> make_transport(int socket) const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace brink::serve
