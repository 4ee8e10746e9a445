// WASI programs as handlers, by the convention of CGI/1.1: an instance a request, its environment and standard input are
// the request, its standard output the response, its standard error goes to the log.
#pragma once
#include <memory>

#include "engine/engine.h"
#include "serve/handler.h"
#include "serve/settings.h"

namespace brink::serve {

// Loads a route's program and opens its folders. Errors name the file: what cannot be read, is not valid, or is no WASI
// program (it exports no _start, or imports something that WASI preview 1 does not have).
Result<std::shared_ptr<Handler>> load_cgi_handler(const RouteSettings& route, const Settings& settings);

}  // namespace brink::serve
