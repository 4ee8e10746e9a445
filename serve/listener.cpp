#include "serve/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace brink::serve {
namespace {

// Connections the system holds ready before it turns new ones away.
constexpr int kBacklog = 4096;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

bool resolve(const Endpoint& endpoint, Address& address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host == "*" ? "::" : endpoint.host;
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    address.size = sizeof *v4;
    return true;
  }
  std::memset(&address.storage, 0, sizeof address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(endpoint.port);
  address.size = sizeof *v6;
  return true;
}

void set_flag(int socket, int option) {
  int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, option, &on, sizeof on);
}

// Bound but not listening; -1, with errno.
int bound_socket(const Address& address, bool shared) {
  int socket = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -1;
  set_flag(socket, SO_REUSEADDR);
  if (shared) set_flag(socket, SO_REUSEPORT);
  if (address.storage.ss_family == AF_INET6) {
    int off = 0;  // IPv4 as well, for "*"
    (void)::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return socket;
  int error = errno;
  ::close(socket);
  errno = error;
  return -1;
}

u16 port_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return 0;
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text) {
  auto refuse = [&] { return fail(ErrorKind::Usage, "'" + text + "' is not HOST:PORT, as in 127.0.0.1:8080 or [::1]:0"); };
  size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return refuse();
  Endpoint endpoint;
  endpoint.host = text.substr(0, colon);
  bool has_brackets = endpoint.host.size() > 2 && endpoint.host.front() == '[' && endpoint.host.back() == ']';
  if (has_brackets) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  else if (endpoint.host.find(':') != std::string::npos) return refuse();
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(begin, end, endpoint.port);
  if (begin == end || parsed.ec != std::errc() || parsed.ptr != end) return refuse();
  Address address;
  if (!resolve(endpoint, address)) return refuse();
  return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  std::string host = endpoint.host == "*" ? "::" : endpoint.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(endpoint.port);
}

Result<std::vector<int>> listen_at(Endpoint& endpoint, size_t count) {
  std::vector<int> sockets;
  auto refuse = [&] {
    std::string message = "cannot listen at " + to_string(endpoint) + ": " + std::strerror(errno);
    for (int socket : sockets) ::close(socket);
    return fail(ErrorKind::Io, std::move(message));
  };
  Address address;
  errno = EINVAL;
  if (!resolve(endpoint, address)) return refuse();
  // SO_REUSEPORT would let two servers of one user share a port without knowing. A socket without it finds the other.
  if (endpoint.port != 0) {
    int probe = bound_socket(address, false);
    if (probe < 0) return refuse();
    ::close(probe);
  }
  for (size_t i = 0; i < count; ++i) {
    int socket = bound_socket(address, true);
    if (socket < 0) return refuse();
    sockets.push_back(socket);
    if (endpoint.port == 0) {
      endpoint.port = port_of(socket);
      (void)resolve(endpoint, address);
    }
  }
  // Only when all are bound, so that no connection waits at a socket that is closed again.
  for (int socket : sockets)
    if (::listen(socket, kBacklog) < 0) return refuse();
  return sockets;
}

}  // namespace brink::serve
