#include "serve/routes.h"

namespace brink::serve {

void Route::replace(std::shared_ptr<Handler> handler) {
  std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
  version.fetch_add(1, std::memory_order_release);
}

std::optional<RouteMatch> match_route(const std::vector<std::unique_ptr<Route>>& routes, std::string_view path) {
  std::optional<RouteMatch> best;
  for (size_t i = 0; i < routes.size(); ++i) {
    std::string_view prefix = routes[i]->settings.prefix;
    if (prefix == "/") prefix = "";
    if (!path.starts_with(prefix)) continue;
    if (path.size() > prefix.size() && path[prefix.size()] != '/' && path != "*") continue;
    if (best && prefix.size() <= best->script_name.size()) continue;
    best = RouteMatch{i, path.substr(0, prefix.size()), path.substr(prefix.size())};
  }
  return best;
}

}  // namespace brink::serve
