// Listening sockets.
#pragma once
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "serve/settings.h"

namespace brink::serve {

// "HOST:PORT": HOST is an IPv4 address, an IPv6 address in brackets, "localhost", or "*" for all. Names are not looked
// up.
Result<Endpoint> parse_endpoint(const std::string& text);
std::string to_string(const Endpoint& endpoint);

// `count` sockets that listen at one address, among which the system shares out connections. Refuses an address that
// another process listens at. On success `endpoint` has the port that was taken. The caller closes them.
Result<std::vector<int>> listen_at(Endpoint& endpoint, size_t count);

}  // namespace brink::serve
