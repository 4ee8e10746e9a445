// What a server is told: the result of the command line and of the configuration file, already checked.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/integers.h"
#include "engine/module/features.h"
#include "engine/tier_name.h"
#include "wasi/wasi.h"

namespace brink {
struct Config;
class Module;
}
namespace brink::cache {
class Cache;
}

namespace brink::serve {

using std::chrono::milliseconds;

// What one request may use. All are on by default.
struct RequestLimits {
  milliseconds deadline{30'000};  // wall clock, from the request's head to the end of the guest
  milliseconds cpu{10'000};       // of guest code, measured in slices (core.h)
  u64 memory_bytes = 128u << 20;  // each linear memory
  u64 stack_bytes = 1u << 20;     // the value stack
  u64 gc_heap_bytes = 64u << 20;
  u64 request_body_bytes = 10u << 20;    // beyond: 413
  u64 response_body_bytes = 100u << 20;  // beyond: 502, or the connection is cut
  u32 concurrent_requests = 256;         // of the route, over all cores; beyond: 503
  u64 fuel = 0;                          // 0: not metered
};

// What connections may do before and between requests.
struct ConnectionLimits {
  milliseconds header_timeout{10'000};  // for a request's head, from its first byte
  milliseconds idle_timeout{60'000};    // between requests
  milliseconds io_timeout{30'000};      // without a byte moving, while a body is read or a response written
  u32 header_bytes = 16u << 10;         // beyond: 431
  u32 header_fields = 100;              // beyond: 431
  u32 connections = 20'000;             // over all cores; beyond: not accepted until one closes
};

struct RouteSettings {
  std::string prefix = "/";  // begins with '/', and does not end with it but for "/" itself
  std::string file;
  std::vector<std::string> environment;  // "NAME=VALUE", secrets among them
  std::vector<std::string> arguments;
  std::vector<wasi::Directory> directories;
  RequestLimits limits;
  Tier tier = Tier::Interpreter;
};

struct Endpoint {
  std::string host = "127.0.0.1";
  u16 port = 0;  // 0: the system chooses
};

struct Settings {
  Endpoint address{"127.0.0.1", 8080};
  bool has_admin = false;
  Endpoint admin_address;
  std::string tls_certificate;  // both or none
  std::string tls_key;
  RequestLimits limits;  // of routes that are still to be read
  std::vector<RouteSettings> routes;
  ConnectionLimits connections;
  milliseconds drain{10'000};  // what requests get to end after SIGTERM or SIGINT
  u32 cores = 0;               // 0: as many as the process may use
  bool watch = false;
  std::string access_log = "-";  // "-": standard output; empty: none
  FeatureSet features = FeatureSet::all();
  Tier tier = Tier::Interpreter;  // of routes that are still to be read
  // Makes an engine run functions as that tier does; fails where it cannot be had. Asked for every program that is loaded and not
  // interpreted, by one thread.
  std::function<Result<void>(Config&, Tier tier)> set_tier;
  std::shared_ptr<cache::Cache> cache;  // for what is made of large programs; null: none
  std::function<void(const std::string&)> warn = [](const std::string&) {};  // of what serves, but not as it could
  std::string code_secret_file;         // by which compiled programs (engine/cache/program.h) are known as ours
};

}  // namespace brink::serve
