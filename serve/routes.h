// Which handler answers which path.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "serve/handler.h"
#include "serve/settings.h"

namespace brink::serve {

// A route as all cores share it. The handler can be replaced while the server runs; a core looks at `version` and takes
// the new one before its next request.
class Route {
 public:
  Route(RouteSettings settings, std::shared_ptr<Handler> handler)
      : settings(std::move(settings)), handler_(std::move(handler)) {}

  const RouteSettings settings;
  std::atomic<u32> version = 1;
  std::atomic<u32> in_flight = 0;

  std::shared_ptr<Handler> handler() const {
    std::lock_guard lock(mutex_);
    return handler_;
  }
  void replace(std::shared_ptr<Handler> handler);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Handler> handler_;
};

struct RouteMatch {
  size_t index;
  std::string_view script_name;  // the prefix, without a final '/'
  std::string_view path_info;    // the rest: empty, or beginning with '/'
};

// The longest prefix wins, and ends where a segment ends: "/api" is for "/api" and "/api/x", not for "/apiary".
std::optional<RouteMatch> match_route(const std::vector<std::unique_ptr<Route>>& routes, std::string_view path);

}  // namespace brink::serve
