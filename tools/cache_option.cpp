#include "tools/cache_option.h"

#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/literals.h"
#include "tools/option_forms.h"

namespace brink::tools {

void add_cache_options(CLI::App& app, CacheOptions& options) {
  single(app.add_option("--cache", options.folder,
                        "FOLDER: keep what is made of large modules here, for later runs (default ~/.cache/brink)"))
      ->check(refuse_empty);
  single(app.add_option("--cache-size", options.size, "SIZE: the most that folder may hold (default 256M)"))
      ->check(check_size);
  app.add_flag("--no-cache", options.is_off, "Keep nothing, and use nothing that was kept");
  add_secret_option(app, options);
}

void add_secret_option(CLI::App& app, CacheOptions& options) {
  single(app.add_option("--code-secret", options.secret,
                        "FILE: the secret by which compiled code is known as ours, made where missing (default "
                        "~/.cache/brink/secret)"))
      ->check(refuse_empty);
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
