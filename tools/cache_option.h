// The options --cache, --cache-size and --no-cache: where what is made of large modules is kept.
#pragma once
#include <memory>
#include <string>

#include "engine/cache/cache.h"

namespace CLI {
class App;
}

namespace brink::tools {

// As given on the command line.
struct CacheOptions {
  std::string folder;
  std::string size;
  bool is_off = false;
};

void add_cache_options(CLI::App& app, CacheOptions& options);
// Null where there is to be none, or where it could be nowhere.
std::shared_ptr<cache::Cache> open_cache(const CacheOptions& options);

}  // namespace brink::tools
