// The options --cache, --cache-size, --no-cache and --code-secret: where what is made of large modules is kept.
#pragma once
#include <memory>
#include <string>

#include "engine/cache/cache.h"
#include "tools/options.h"

namespace brink::tools {

// As given on the command line.
struct CacheOptions {
  std::string folder;
  std::string size;
  bool is_off = false;
  std::string secret;
};

void add_cache_options(Options& options, CacheOptions& cache);
void add_secret_option(Options& options, CacheOptions& cache);  // one of them
// Where the secret of the cache and of compiled programs is; empty where it could be nowhere.
std::string secret_file_of(const CacheOptions& options);
// Null where there is to be none, or where it could be nowhere.
std::shared_ptr<cache::Cache> open_cache(const CacheOptions& options);

}  // namespace brink::tools
