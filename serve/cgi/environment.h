// A request as CGI/1.1 describes it to a program: RFC 3875, section 4.1.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "serve/exchange.h"

namespace brink::serve {

// "NAME=VALUE": the request's meta-variables, then `own`, which a request cannot replace.
//
// Beyond the RFC: REQUEST_URI, REMOTE_PORT and HTTPS ("on" under TLS), as most servers have them. Left out, as the RFC
// allows or asks: PATH_TRANSLATED (a guest has no host paths), AUTH_TYPE, REMOTE_USER and REMOTE_IDENT (nobody is
// authenticated here; HTTP_AUTHORIZATION is there for programs that do it), HTTP_PROXY (programs would take it for the
// variable http_proxy), fields of the connection, and names with '_', which could pass for ones with '-'. Fields that
// come more than once are joined with ", ", Cookie with "; ".
std::vector<std::string> cgi_environment(const Request& request, const Peer& peer, bool is_tls,
                                         std::string_view script_name, std::string_view path_info,
                                         const std::vector<std::string>& own);

}  // namespace brink::serve
