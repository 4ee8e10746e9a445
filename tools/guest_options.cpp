#include "tools/guest_options.h"

#include <cstdlib>
#include <filesystem>

namespace brink::tools {
namespace {

std::string is_folder(const std::string& text) {
  bool is_named = !text.empty() && !text.starts_with("::") && !text.ends_with("::");
  return is_named ? "" : "'" + text + "' is not HOST or HOST::GUEST";
}

std::string is_variable(const std::string& text) {
  return text.empty() || text[0] == '=' ? "'" + text + "' is not NAME or NAME=VALUE" : "";
}

}  // namespace

void GuestOptions::add_to(Options& options) {
  options.list("--dir HOST[::GUEST]", folders_, "let the guest use a folder, under another name", is_folder);
  options.list("--env NAME[=VALUE]", variables_, "set an environment variable, or pass on our own", is_variable);
}

wasi::Config GuestOptions::environment(const std::string& file, const std::vector<std::string>& arguments) const {
  wasi::Config config;
  config.args.push_back(std::filesystem::path(file).filename().string());
  config.args.insert(config.args.end(), arguments.begin(), arguments.end());
  for (const std::string& variable : variables_) {
    std::string name = variable.substr(0, variable.find('='));
    // Given twice, the last one counts, as in a shell.
    std::erase_if(config.environment, [&](const std::string& other) { return other.starts_with(name + "="); });
    if (name.size() < variable.size()) {
      config.environment.push_back(variable);
    } else if (const char* value = std::getenv(name.c_str())) {
      config.environment.push_back(name + "=" + value);
    }
  }
  for (const std::string& folder : folders_) {
    size_t separator = folder.find("::");
    std::string host = folder.substr(0, separator);
    std::string guest = separator == std::string::npos ? host : folder.substr(separator + 2);
    config.directories.push_back({.host_path = host, .guest_path = guest});
  }
  return config;
}

}  // namespace brink::tools
