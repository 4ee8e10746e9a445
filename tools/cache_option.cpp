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
}

// The user's secret is in the user's own folder, whoever else may write to a folder given.
std::shared_ptr<cache::Cache> open_cache(const CacheOptions& given) {
  std::optional<std::string> own = cache::default_folder();
  if (given.is_off || (given.folder.empty() && !own)) return nullptr;
  cache::Options options;
  options.folder = given.folder.empty() ? *own : given.folder;
  if (own) options.secret_file = *own + "/secret";
  if (!given.size.empty()) options.max_bytes = *parse_size(given.size);
  return cache::Cache::open(std::move(options));
}

}  // namespace brink::tools
