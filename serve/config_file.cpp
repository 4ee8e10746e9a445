#include "serve/config_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <set>

#include "serve/files.h"
#include "serve/listener.h"
#include "serve/quantities.h"

namespace brink::serve {
namespace {

namespace fs = std::filesystem;

// Collects the first error; what comes after it does not matter.
class ConfigReader {
 public:
  ConfigReader(std::string path, Settings& settings)
      : path_(std::move(path)), folder_(fs::path(path_).parent_path()), settings_(settings) {}

  Result<void> read(const toml::table& file) {
    RequestLimits& limits = settings_.limits;
    // First, wherever it stands: routes begin with it.
    if (const toml::node* node = file.get("limits")) read_limits(*node, limits);
    if (const toml::node* node = file.get("tier")) tier(*node, settings_.tier);
    read_table(file, {
        {"limits", [](const toml::node&) {}},
        {"tier", [](const toml::node&) {}},
        {"addr", [&](const toml::node& n) { endpoint(n, settings_.address); }},
        {"admin", [&](const toml::node& n) { endpoint(n, settings_.admin_address); settings_.has_admin = true; }},
        {"watch", [&](const toml::node& n) { value(n, settings_.watch, "true or false"); }},
        {"cores", [&](const toml::node& n) { count(n, settings_.cores, 1, 1024); }},
        {"drain", [&](const toml::node& n) { duration(n, settings_.drain); }},
        {"access_log", [&](const toml::node& n) { access_log(n); }},
        {"tls", [&](const toml::node& n) { read_tls(n); }},
        {"connections", [&](const toml::node& n) { read_connections(n); }},
        {"route", [&](const toml::node& n) { read_routes(n); }},
    });
    if (error_) return std::unexpected(std::move(*error_));
    return {};
  }

 private:
  using Reader = std::function<void(const toml::node&)>;
  struct Key {
    const char* name;
    Reader read;
  };

  void fail_at(const toml::source_region& place, std::string message, ErrorKind kind = ErrorKind::Usage) {
    if (error_) return;
    error_ = Error{kind, std::move(message), Error::kNoOffset, place.begin.line, place.begin.column, path_};
  }
  void fail_at(const toml::node& node, std::string message) { fail_at(node.source(), std::move(message)); }

  void read_table(const toml::table& table, std::vector<Key> keys) {
    for (const auto& [key, node] : table) {
      auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return key.str() == k.name; });
      if (found != keys.end()) {
        found->read(node);
        continue;
      }
      std::string known;
      for (const Key& k : keys) known += (known.empty() ? "" : ", ") + std::string(k.name);
      fail_at(key.source(), "unknown key '" + std::string(key.str()) + "'; known here: " + known);
    }
  }

  void read_table(const toml::node& node, std::vector<Key> keys) {
    if (const toml::table* table = node.as_table()) read_table(*table, std::move(keys));
    else fail_at(node, "expected a table");
  }

  template <class T>
  void value(const toml::node& node, T& out, const char* what) {
    if (auto v = node.value_exact<T>()) out = *v;
    else fail_at(node, std::string("expected ") + what);
  }

  std::string text(const toml::node& node) {
    std::string out;
    value(node, out, "a string");
    if (out.find('\0') != std::string::npos) fail_at(node, "a NUL in a string");
    return out;
  }

  std::string file_path(const toml::node& node) {
    std::string name = text(node);
    if (name.empty()) fail_at(node, "expected the name of a file");
    return (folder_ / name).string();
  }

  template <class T>
  void count(const toml::node& node, T& out, u64 least, u64 most) {
    auto v = node.value_exact<int64_t>();
    if (!v || *v < 0 || static_cast<u64>(*v) < least || static_cast<u64>(*v) > most)
      return fail_at(node, "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
    out = static_cast<T>(*v);
  }

  void duration(const toml::node& node, milliseconds& out) {
    auto parsed = parse_duration(text(node));
    if (!parsed) return fail_at(node, parsed.error().message);
    out = *parsed;
  }

  template <class T>
  void bytes(const toml::node& node, T& out, u64 least = 0) {
    Result<u64> parsed = node.is_integer() ? parse_bytes(std::to_string(node.value_or(int64_t{-1}))) : parse_bytes(text(node));
    if (!parsed) return fail_at(node, parsed.error().message);
    if (*parsed < least || *parsed > T(~T{0}))
      return fail_at(node, "expected a size of at least " + std::to_string(least) + " bytes");
    out = static_cast<T>(*parsed);
  }

  void endpoint(const toml::node& node, Endpoint& out) {
    auto parsed = parse_endpoint(text(node));
    if (!parsed) return fail_at(node, parsed.error().message);
    out = *parsed;
  }

  void access_log(const toml::node& node) {
    std::string name = text(node);
    settings_.access_log = name == "-" || name.empty() ? name : (folder_ / name).string();
  }

  void read_tls(const toml::node& node) {
    settings_.tls_certificate.clear();
    settings_.tls_key.clear();
    read_table(node, {{"certificate", [&](const toml::node& n) { settings_.tls_certificate = file_path(n); }},
                      {"key", [&](const toml::node& n) { settings_.tls_key = file_path(n); }}});
    if (settings_.tls_certificate.empty() || settings_.tls_key.empty())
      fail_at(node, "tls needs both certificate and key");
  }

  void read_connections(const toml::node& node) {
    ConnectionLimits& c = settings_.connections;
    read_table(node, {{"header_timeout", [&](const toml::node& n) { duration(n, c.header_timeout); }},
                      {"idle_timeout", [&](const toml::node& n) { duration(n, c.idle_timeout); }},
                      {"io_timeout", [&](const toml::node& n) { duration(n, c.io_timeout); }},
                      {"max_header", [&](const toml::node& n) { bytes(n, c.header_bytes, 256); }},
                      {"max_header_fields", [&](const toml::node& n) { count(n, c.header_fields, 1, 100'000); }},
                      {"max_connections", [&](const toml::node& n) { count(n, c.connections, 1, 10'000'000); }}});
  }

  void read_limits(const toml::node& node, RequestLimits& l) {
    read_table(node, {{"deadline", [&](const toml::node& n) { duration(n, l.deadline); }},
                      {"cpu", [&](const toml::node& n) { duration(n, l.cpu); }},
                      {"memory", [&](const toml::node& n) { bytes(n, l.memory_bytes); }},
                      {"stack", [&](const toml::node& n) { bytes(n, l.stack_bytes); }},
                      {"gc_heap", [&](const toml::node& n) { bytes(n, l.gc_heap_bytes); }},
                      {"request_body", [&](const toml::node& n) { bytes(n, l.request_body_bytes); }},
                      {"response_body", [&](const toml::node& n) { bytes(n, l.response_body_bytes); }},
                      {"concurrent", [&](const toml::node& n) { count(n, l.concurrent_requests, 1, 1'000'000); }},
                      {"fuel", [&](const toml::node& n) { count(n, l.fuel, 1, INT64_MAX); }}});
  }

  void read_routes(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr) return fail_at(node, "expected [[route]]");
    for (const toml::node& entry : *list) read_route(entry);
  }

  void read_route(const toml::node& node) {
    RouteSettings route;
    route.limits = settings_.limits;
    route.tier = settings_.tier;
    read_table(node, {{"prefix", [&](const toml::node& n) { prefix(n, route.prefix); }},
                      {"file", [&](const toml::node& n) { route.file = file_path(n); }},
                      {"args", [&](const toml::node& n) { strings(n, route.arguments); }},
                      {"env", [&](const toml::node& n) { environment(n, route.environment); }},
                      {"secrets", [&](const toml::node& n) { secrets(n, route.environment); }},
                      {"dirs", [&](const toml::node& n) { directories(n, route.directories); }},
                      {"limits", [&](const toml::node& n) { read_limits(n, route.limits); }},
                      {"tier", [&](const toml::node& n) { tier(n, route.tier); }}});
    if (route.file.empty()) fail_at(node, "a route without a file");
    if (!prefixes_.insert(route.prefix).second) fail_at(node, "a second route for '" + route.prefix + "'");
    settings_.routes.push_back(std::move(route));
  }

  void tier(const toml::node& node, Tier& out) {
    std::optional<Tier> named = tier_named(text(node));
    if (!named) return fail_at(node, "expected a tier: interp, jit or auto");
    out = *named;
  }

  void prefix(const toml::node& node, std::string& out) {
    auto checked = route_prefix(text(node));
    if (!checked) return fail_at(node, checked.error().message);
    out = *checked;
  }

  void strings(const toml::node& node, std::vector<std::string>& out) {
    const toml::array* list = node.as_array();
    if (list == nullptr) return fail_at(node, "expected an array of strings");
    for (const toml::node& entry : *list) out.push_back(text(entry));
  }

  void variables(const toml::node& node, const std::function<void(const toml::key&, const toml::node&)>& add) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return fail_at(node, "expected a table");
    for (const auto& [key, entry] : *table) {
      if (key.str().empty() || key.str().find('=') != std::string_view::npos)
        return fail_at(key.source(), "'" + std::string(key.str()) + "' is no variable's name");
      add(key, entry);
    }
  }

  void environment(const toml::node& node, std::vector<std::string>& out) {
    variables(node, [&](const toml::key& key, const toml::node& entry) {
      out.push_back(std::string(key.str()) + "=" + text(entry));
    });
  }

  void secrets(const toml::node& node, std::vector<std::string>& out) {
    variables(node, [&](const toml::key& key, const toml::node& entry) {
      auto secret = read_secret(std::string(key.str()), file_path(entry));
      if (!secret) return fail_at(entry, secret.error().to_string());
      out.push_back(std::move(*secret));
    });
  }

  void directories(const toml::node& node, std::vector<wasi::Directory>& out) {
    const toml::array* list = node.as_array();
    if (list == nullptr) return fail_at(node, "expected an array of tables");
    for (const toml::node& entry : *list) {
      wasi::Directory directory;
      read_table(entry, {{"host", [&](const toml::node& n) { directory.host_path = file_path(n); }},
                         {"guest", [&](const toml::node& n) { directory.guest_path = text(n); }},
                         {"read_only", [&](const toml::node& n) { value(n, directory.read_only, "true or false"); }}});
      if (directory.host_path.empty() || directory.guest_path.empty())
        fail_at(entry, "a folder needs host and guest");
      out.push_back(std::move(directory));
    }
  }

  std::string path_;
  fs::path folder_;
  Settings& settings_;
  std::set<std::string> prefixes_;
  std::optional<Error> error_;
};

}  // namespace

Result<void> read_config_file(const std::string& path, Settings& settings) {
  auto bytes = read_text(path);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  toml::parse_result parsed = toml::parse(*bytes, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    toml::source_position place = error.source().begin;
    return std::unexpected(
        Error{ErrorKind::Malformed, std::string(error.description()), Error::kNoOffset, place.line, place.column, path});
  }
  return ConfigReader(path, settings).read(parsed.table());
}

Result<std::string> route_prefix(std::string_view text) {
  auto refuse = [&](const char* why) { return fail(ErrorKind::Usage, "route prefix '" + std::string(text) + "' " + why); };
  if (!text.starts_with('/')) return refuse("does not begin with '/'");
  for (char c : text)
    if (static_cast<u8>(c) <= 0x20 || c == 0x7F || c == '?' || c == '#' || c == '%')
      return refuse("holds a character that no decoded path's prefix has");
  std::string prefix(text);
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  std::string padded = prefix + "/";
  if (padded.find("/./") != std::string::npos || padded.find("/../") != std::string::npos)
    return refuse("has dot segments, which no request's path has");
  return prefix;
}

Result<std::string> read_secret(const std::string& name, const std::string& path) {
  auto secret = read_text(path);
  if (!secret) return std::unexpected(std::move(secret.error()));
  if (secret->ends_with('\n')) secret->pop_back();
  if (secret->ends_with('\r')) secret->pop_back();
  if (secret->find('\0') != std::string::npos) {
    return std::unexpected(Error{ErrorKind::Usage, "a secret with a NUL byte cannot be a variable", Error::kNoOffset, 0, 0, path});
  }
  return name + "=" + *secret;
}

Result<void> check_routes(const std::vector<RouteSettings>& routes) {
  if (routes.empty()) return fail(ErrorKind::Usage, "nothing to serve: give FILE, --route or --config");
  std::set<std::string> prefixes;
  for (const RouteSettings& route : routes)
    if (!prefixes.insert(route.prefix).second)
      return fail(ErrorKind::Usage, "two routes for '" + route.prefix + "'");
  return {};
}

}  // namespace brink::serve
