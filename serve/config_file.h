// The configuration file: TOML. README.md lists its keys.
#pragma once
#include <string>

#include "engine/base/error.h"
#include "serve/settings.h"

namespace brink::serve {

// Reads a file over `settings`, whose values stay where the file says nothing; `settings.limits` are those of routes that
// have none. Relative paths in the file start at its folder. Errors name file, line and column: bad TOML, unknown keys,
// values of the wrong type or form, what is missing. Secrets are read here; an error about one names its file.
Result<void> read_config_file(const std::string& path, Settings& settings);

// Whether a prefix is one: begins with '/', has no '?', '#', control characters or dot segments. Takes a final '/' off.
Result<std::string> route_prefix(std::string_view text);
// "NAME=VALUE" from a file that holds VALUE, with or without a line's end.
Result<std::string> read_secret(const std::string& name, const std::string& path);
// Two routes with one prefix, or none at all, cannot serve.
Result<void> check_routes(const std::vector<RouteSettings>& routes);

}  // namespace brink::serve
