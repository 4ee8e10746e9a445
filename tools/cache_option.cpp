#include "tools/cache_option.h"

#include "tools/command.h"
#include "tools/literals.h"

namespace brink::tools {

void add_cache_options(Options& options, CacheOptions& cache) {
  options.text("--cache FOLDER", cache.folder, "keep what is made of modules here, for later runs (default ~/.cache/brink)", refuse_empty);
  options.text("--cache-size SIZE", cache.size, "the most that folder may hold (default 256M)", check_size);
  options.flag("--no-cache", cache.is_off, "keep nothing, and use nothing that was kept");
  add_secret_option(options, cache);
}

void add_secret_option(Options& options, CacheOptions& cache) {
  options.text("--code-secret FILE", cache.secret,
               "the secret by which compiled code is known as ours, made where missing (default ~/.cache/brink/secret)", refuse_empty);
}

// In the user's own folder, whoever else may write to a cache's.
std::string secret_file_of(const CacheOptions& given) {
  if (!given.secret.empty()) return given.secret;
  std::optional<std::string> own = cache::default_folder();
  return own ? *own + "/secret" : std::string();
}

std::shared_ptr<cache::Cache> open_cache(const CacheOptions& given) {
  std::optional<std::string> own = cache::default_folder();
  if (given.is_off || (given.folder.empty() && !own)) return nullptr;
  cache::Options options;
  options.folder = given.folder.empty() ? *own : given.folder;
  options.secret_file = secret_file_of(given);
  if (!given.size.empty()) options.max_bytes = *parse_size(given.size);
  return cache::Cache::open(std::move(options));
}

}  // namespace brink::tools
