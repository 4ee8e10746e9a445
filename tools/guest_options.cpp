#include "tools/guest_options.h"

#include <cstdlib>
#include <filesystem>

namespace brink::tools {

std::string check_folder(const std::string& text) {
  bool is_named = !text.empty() && !text.starts_with("::") && !text.ends_with("::");
  return is_named ? "" : "'" + text + "' is not HOST or HOST::GUEST";
}

std::string check_variable(const std::string& text) {
  return text.empty() || text[0] == '=' ? "'" + text + "' is not NAME or NAME=VALUE" : "";
}

void set_variable(std::vector<std::string>& environment, const std::string& given) {
  std::string name = given.substr(0, given.find('='));
  std::erase_if(environment, [&](const std::string& other) { return other.starts_with(name + "="); });
  if (name.size() < given.size()) {
    environment.push_back(given);
  } else if (const char* value = std::getenv(name.c_str())) {
    environment.push_back(name + "=" + value);
  }
}

wasi::Directory folder_of(const std::string& given) {
  size_t separator = given.find("::");
  std::string host = given.substr(0, separator);
  return {.host_path = host, .guest_path = separator == std::string::npos ? host : given.substr(separator + 2)};
}

void GuestOptions::add_to(Options& options) {
  options.list("--dir HOST[::GUEST]", folders_, "let the guest use a folder, under another name", check_folder);
  options.list("--env NAME[=VALUE]", variables_, "set an environment variable, or pass on our own", check_variable);
}

wasi::Config GuestOptions::environment(const std::string& file, const std::vector<std::string>& arguments) const {
  wasi::Config config;
  config.args.push_back(std::filesystem::path(file).filename().string());
  config.args.insert(config.args.end(), arguments.begin(), arguments.end());
  for (const std::string& variable : variables_) set_variable(config.environment, variable);
  for (const std::string& folder : folders_) config.directories.push_back(folder_of(folder));
  return config;
}

}  // namespace brink::tools
