// brink-serve, the program behind `brink serve`: answers HTTP requests by WASI programs.
//
// A program of its own, because what it is linked with (OpenSSL above all: half a megabyte of pointers to relocate)
// would cost every `brink run` 0.4 ms and 1.5 MiB.
#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "serve/config_file.h"
#include "serve/listener.h"
#include "serve/quantities.h"
#include "serve/server.h"
#include "tools/cache_option.h"
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/guest_options.h"
#include "tools/tier_option.h"

namespace brink::tools {
namespace {

struct Arguments {
  serve::Settings settings;
  std::string file;
  std::string config;
  std::optional<serve::Endpoint> address, admin;
  std::string access_log;
  std::string tls_certificate, tls_key;
  std::vector<std::string> routes, variables, secrets, folders, features;
  serve::milliseconds drain{0};
  u32 cores = 0;
  bool watch = false;
  TierOptions tier{.is_auto_by_default = true};
  CacheOptions cache;
};

// What is before the first '=', and behind it.
std::pair<std::string, std::string> split_pair(const std::string& text) {
  size_t equals = std::min(text.find('='), text.size());
  return {text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))};
}

std::string check_secret(const std::string& text) {
  auto [name, file] = split_pair(text);
  return name.empty() || file.empty() ? "'" + text + "' is not NAME=FILE" : "";
}

std::string check_route(const std::string& text) {
  auto [given, file] = split_pair(text);
  if (file.empty()) return "'" + text + "' is not PREFIX=FILE";
  auto prefix = serve::route_prefix(given);
  return prefix ? "" : prefix.error().message;
}

void declare_options(Options& options, Arguments& a) {
  using serve::parse_bytes;
  using serve::parse_duration;
  using serve::parse_endpoint;
  options.argument("FILE", a.file, "the program that answers at '/'", refuse_empty);
  options.list("--route PREFIX=FILE", a.routes, "the program that answers paths beneath PREFIX; any number", check_route);
  options.text("--config FILE", a.config, "a configuration in TOML; options given here count more", refuse_empty);
  options.parsed<parse_endpoint>("--addr HOST:PORT", a.address, "where to listen (default 127.0.0.1:8080); port 0 takes a free one");
  options.parsed<parse_endpoint>("--admin HOST:PORT", a.admin, "for /metrics and /healthz (default: none)");
  options.text("--tls-cert FILE", a.tls_certificate, "certificate chain, PEM; with --tls-key", refuse_empty);
  options.text("--tls-key FILE", a.tls_key, "private key, PEM", refuse_empty);
  options.list("--env NAME[=VALUE]", a.variables, "set an environment variable, or pass on our own", check_variable);
  options.list("--secret NAME=FILE", a.secrets, "an environment variable with a file's content", check_secret);
  options.list("--dir HOST[::GUEST]", a.folders, "let programs read a folder, under another name", check_folder);
  options.flag("--watch", a.watch, "serve a new version of a program's file from the next request on");
  options.text("--access-log FILE", a.access_log, "a line of JSON for each request (default '-': standard output; 'off': none)",
               refuse_empty);
  options.number("--cores NUMBER", a.cores, 1, 1024, "of threads that serve (default: all)");
  options.parsed<parse_duration>("--drain TIME", a.drain, "that requests get to end after SIGTERM (default 10s)");

  serve::RequestLimits& l = a.settings.limits;
  options.parsed<parse_duration>("--deadline TIME", l.deadline, "that a request may take: 504 (default 30s)");
  options.parsed<parse_duration>("--max-cpu TIME", l.cpu, "of the processor that a request may use: 504 (default 10s)");
  options.number("--fuel NUMBER", l.fuel, 1, INT64_MAX, "of instructions that a request may execute: 504 (default: not counted)");
  options.parsed<parse_bytes>("--max-memory SIZE", l.memory_bytes, "of each linear memory (default 128M)");
  options.parsed<parse_bytes>("--max-stack SIZE", l.stack_bytes, "of the value stack (default 1M)");
  options.parsed<parse_bytes>("--max-gc-heap SIZE", l.gc_heap_bytes, "of the heap of structs and arrays (default 64M)");
  options.parsed<parse_bytes>("--max-request SIZE", l.request_body_bytes, "of a request's body: 413 (default 10M)");
  options.parsed<parse_bytes>("--max-response SIZE", l.response_body_bytes, "of a response's body: 502 (default 100M)");
  options.number("--max-concurrent NUMBER", l.concurrent_requests, 1, 1'000'000, "of requests of a route at once: 503 (default 256)");
  serve::ConnectionLimits& c = a.settings.connections;
  options.number("--max-header BYTES", c.header_bytes, 256, 1u << 24, "of a request's head: 431 (default 16384)");
  options.number("--max-connections NUMBER", c.connections, 1, 10'000'000, "of connections at once (default 20000)");
  options.parsed<parse_duration>("--header-timeout TIME", c.header_timeout, "for a request's head: 408 (default 10s)");
  options.parsed<parse_duration>("--idle-timeout TIME", c.idle_timeout, "between requests (default 60s)");
  options.parsed<parse_duration>("--io-timeout TIME", c.io_timeout, "without a byte of a body moving (default 30s)");
  add_tier_options(options, a.tier);
  add_cache_options(options, a.cache);
  add_feature_option(options, a.features);
}

Result<std::vector<std::string>> environment_of(const Arguments& a) {
  std::vector<std::string> environment;
  for (const std::string& variable : a.variables) set_variable(environment, variable);
  for (const std::string& secret : a.secrets) {
    auto [name, file] = split_pair(secret);
    auto variable = serve::read_secret(name, file);
    if (!variable) return std::unexpected(std::move(variable.error()));
    set_variable(environment, *variable);
  }
  return environment;
}

Result<void> add_routes(const Arguments& a, serve::Settings& settings) {
  serve::RouteSettings base;
  base.limits = a.settings.limits;
  base.tier = a.tier.tier.value_or(default_tier());
  auto environment = environment_of(a);
  if (!environment) return std::unexpected(std::move(environment.error()));
  base.environment = std::move(*environment);
  for (const std::string& folder : a.folders) {
    base.directories.push_back(folder_of(folder));
    base.directories.back().read_only = true;
  }
  auto add = [&](const std::string& prefix, const std::string& file) {
    serve::RouteSettings route = base;
    route.prefix = prefix;
    route.file = file;
    settings.routes.push_back(std::move(route));
  };
  if (!a.file.empty()) add("/", a.file);
  for (const std::string& route : a.routes) {
    auto [prefix, file] = split_pair(route);
    add(*serve::route_prefix(prefix), file);
  }
  return serve::check_routes(settings.routes);
}

bool makes_machine_code(Tier tier) { return tier != Tier::Interpreter; }

Result<serve::Settings> settings_of(const Arguments& a) {
  serve::Settings settings = a.settings;
  settings.features = *parse_features(a.features);
  settings.tier = a.tier.tier.value_or(default_tier());
  settings.set_tier = [given = a.tier](Config& config, Tier tier) {
    TierOptions options = given;
    options.tier = tier;
    if (tier != Tier::Auto) {
      options.threshold.reset();
      options.wait = false;
    }
    if (!makes_machine_code(tier)) options.machine_code = {};
    return set_tier(config, options);
  };
  settings.cache = open_cache(a.cache);
  settings.code_secret_file = secret_file_of(a.cache);
  settings.warn = [](const std::string& message) { std::fprintf(stderr, "warning: %s\n", printable(message).c_str()); };
  if (!a.config.empty())
    if (auto read = serve::read_config_file(a.config, settings); !read) return std::unexpected(std::move(read.error()));
  if (a.address) settings.address = *a.address;
  if (a.admin) {
    settings.admin_address = *a.admin;
    settings.has_admin = true;
  }
  if (a.tls_certificate.empty() != a.tls_key.empty())
    return fail(ErrorKind::Usage, "--tls-cert and --tls-key are given together");
  if (!a.tls_certificate.empty()) {
    settings.tls_certificate = a.tls_certificate;
    settings.tls_key = a.tls_key;
  }
  if (!a.access_log.empty()) settings.access_log = a.access_log == "off" ? "" : a.access_log;
  if (a.drain.count() > 0) settings.drain = a.drain;
  if (a.cores > 0) settings.cores = a.cores;
  if (a.watch) settings.watch = true;
  if (auto added = add_routes(a, settings); !added) return std::unexpected(std::move(added.error()));
  bool has_auto = std::any_of(settings.routes.begin(), settings.routes.end(), [](const auto& route) { return route.tier == Tier::Auto; });
  if (!has_auto && (a.tier.threshold || a.tier.wait))
    return fail(ErrorKind::Usage, "--tier-threshold and --tier-wait need a route with the tier auto");
  bool has_machine_code =
      std::any_of(settings.routes.begin(), settings.routes.end(), [](const auto& route) { return makes_machine_code(route.tier); });
  if (!has_machine_code && a.tier.machine_code.is_asked_for())
    return fail(ErrorKind::Usage, std::string(tools::TierOptions::MachineCode::kNames) + " need a route with the tier jit or auto");
  return settings;
}

constexpr const char* kCommand = "brink serve";

int serve_main(const std::vector<std::string>& given) {
  Arguments arguments;
  Options options;
  declare_options(options, arguments);
  Options::Heading heading{kCommand, "Answers HTTP requests by WASI programs, each request in a fresh instance: CGI/1.1."};
  if (std::optional<int> end = options.parse(heading, given)) return *end;
  Result<serve::Settings> settings = settings_of(arguments);
  if (!settings) {
    if (settings.error().kind == ErrorKind::Usage && settings.error().file.empty()) return usage_error(settings.error().message, kCommand);
    return report_error(settings.error());
  }
  auto server = serve::Server::create(std::move(*settings));
  if (!server) return report_error(server.error());
  std::fprintf(stderr, "listening on %s\n", (*server)->url().c_str());
  if (std::string admin = (*server)->admin_url(); !admin.empty()) std::fprintf(stderr, "admin on %s\n", admin.c_str());
  return (*server)->run() ? kExitSuccess : kExitFailure;
}

}  // namespace
}  // namespace brink::tools

int main(int argc, char** argv) {
  // As `brink` does, for whoever starts this program itself.
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) (void)!::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
  std::signal(SIGPIPE, SIG_IGN);
  return brink::tools::serve_main({argv + std::min(argc, 1), argv + argc});
}
