// Routes, settings, configuration files, log lines, counters, fibers: the parts of the server that need no socket.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "serve/config_file.h"
#include "serve/fiber.h"
#include "serve/http/response.h"
#include "serve/listener.h"
#include "serve/log.h"
#include "serve/metrics.h"
#include "serve/quantities.h"
#include "serve/routes.h"

namespace brink::serve {
namespace {

TEST(Routes, TheLongestPrefixThatEndsASegmentWins) {
  std::vector<std::unique_ptr<Route>> routes;
  for (const char* prefix : {"/", "/api", "/api/v2"}) {
    RouteSettings settings;
    settings.prefix = prefix;
    routes.push_back(std::make_unique<Route>(settings, nullptr));
  }
  auto match = [&](std::string_view path) {
    auto found = match_route(routes, path);
    return found ? std::to_string(found->index) + "|" + std::string(found->script_name) + "|" + std::string(found->path_info) : "none";
  };
  EXPECT_EQ(match("/"), "0||/");
  EXPECT_EQ(match("/x"), "0||/x");
  EXPECT_EQ(match("/api"), "1|/api|");
  EXPECT_EQ(match("/api/"), "1|/api|/");
  EXPECT_EQ(match("/apiary"), "0||/apiary");
  EXPECT_EQ(match("/api/v2/x"), "2|/api/v2|/x");
  EXPECT_EQ(match("/api/v20"), "1|/api|/v20");
  routes.erase(routes.begin());
  EXPECT_EQ(match("/x"), "none");
}

TEST(Settings, Quantities) {
  EXPECT_EQ(parse_bytes("0").value(), 0u);
  EXPECT_EQ(parse_bytes("65536").value(), 65536u);
  EXPECT_EQ(parse_bytes("64K").value(), 65536u);
  EXPECT_EQ(parse_bytes("2G").value(), 2147483648u);
  for (const char* bad : {"", "K", "-1", "1T", "1 M", "1.5M", "1MB", "99999999999999999999", "18446744073709551615K"})
    EXPECT_FALSE(parse_bytes(bad).has_value()) << bad;
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("2m").value(), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h").value(), milliseconds(3'600'000));
  for (const char* bad : {"", "5", "s", "0s", "-1s", "1d", "1 s", "99999999999999h"})
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
}

TEST(Settings, Endpoints) {
  auto show = [](const char* text) {
    auto parsed = parse_endpoint(text);
    return parsed ? to_string(*parsed) : "refused";
  };
  EXPECT_EQ(show("127.0.0.1:80"), "127.0.0.1:80");
  EXPECT_EQ(show("[::1]:0"), "[::1]:0");
  EXPECT_EQ(show("*:8080"), "[::]:8080");
  EXPECT_EQ(show("localhost:1"), "localhost:1");
  for (const char* bad : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "host.example:80",
                          "127.0.0.1:80 ", "127.0.0.1:-1", "[127.0.0.1:80"})
    EXPECT_EQ(show(bad), "refused") << bad;
}

TEST(Settings, RoutePrefixes) {
  EXPECT_EQ(route_prefix("/").value(), "/");
  EXPECT_EQ(route_prefix("/a/").value(), "/a");
  EXPECT_EQ(route_prefix("/a/b").value(), "/a/b");
  for (const char* bad : {"", "a", "/a?b", "/a#b", "/a b", "/a/../b", "/.", "/a%20"})
    EXPECT_FALSE(route_prefix(bad).has_value()) << bad;
}

// A folder for a test's files, gone with it.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/brink-serve-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ConfigFile, IsRead) {
  Folder folder;
  folder.write("token.txt", "s3cret\n");
  std::string path = folder.write("serve.toml", R"(
addr = "127.0.0.1:0"
tier = "jit"
admin = "[::1]:9090"
watch = true
cores = 3
drain = "5s"
access_log = "access.log"
tls = { certificate = "cert.pem", key = "/etc/key.pem" }
[[route]]
file = "hello.wasm"
[[route]]
prefix = "/api/"
file = "/srv/api.wasm"
args = ["a", "b"]
env = { MODE = "fast" }
secrets = { TOKEN = "token.txt" }
dirs = [{ host = "data", guest = "/data", read_only = true }, { host = "/var/x", guest = "/x" }]
limits = { deadline = "1s", memory = "16M", concurrent = 7 }
tier = "interp"
[limits]
deadline = "2s"
cpu = "100ms"
fuel = 1000000
[connections]
header_timeout = "1s"
max_header = 4096
max_connections = 10
)");
  Settings settings;
  auto read = read_config_file(path, settings);
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(settings.address.port, 0);
  EXPECT_EQ(to_string(settings.admin_address), "[::1]:9090");
  EXPECT_TRUE(settings.has_admin);
  EXPECT_TRUE(settings.watch);
  EXPECT_EQ(settings.cores, 3u);
  EXPECT_EQ(settings.drain, milliseconds(5000));
  EXPECT_EQ(settings.access_log, folder.path() + "/access.log");
  EXPECT_EQ(settings.tls_certificate, folder.path() + "/cert.pem");
  EXPECT_EQ(settings.tls_key, "/etc/key.pem");
  EXPECT_EQ(settings.connections.header_timeout, milliseconds(1000));
  EXPECT_EQ(settings.connections.header_bytes, 4096u);
  EXPECT_EQ(settings.connections.connections, 10u);
  ASSERT_EQ(settings.routes.size(), 2u);
  const RouteSettings& first = settings.routes[0];
  EXPECT_EQ(first.prefix, "/");
  EXPECT_EQ(first.file, folder.path() + "/hello.wasm");
  EXPECT_EQ(first.limits.deadline, milliseconds(2000));
  EXPECT_EQ(first.limits.fuel, 1'000'000u);
  EXPECT_EQ(first.limits.memory_bytes, 128u << 20);
  const RouteSettings& second = settings.routes[1];
  EXPECT_EQ(second.prefix, "/api");
  EXPECT_EQ(second.file, "/srv/api.wasm");
  EXPECT_EQ(second.arguments, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(second.environment, (std::vector<std::string>{"MODE=fast", "TOKEN=s3cret"}));
  ASSERT_EQ(second.directories.size(), 2u);
  EXPECT_EQ(second.directories[0].host_path, folder.path() + "/data");
  EXPECT_TRUE(second.directories[0].read_only);
  EXPECT_FALSE(second.directories[1].read_only);
  EXPECT_EQ(second.limits.deadline, milliseconds(1000));
  EXPECT_EQ(second.limits.cpu, milliseconds(100));
  EXPECT_EQ(second.limits.memory_bytes, 16u << 20);
  EXPECT_EQ(second.limits.concurrent_requests, 7u);
  EXPECT_EQ(first.tier, Tier::Jit);
  EXPECT_EQ(second.tier, Tier::Interpreter);
}

TEST(ConfigFile, ErrorsHaveAPlace) {
  Folder folder;
  struct Case {
    const char* text;
    u32 line, column;
    const char* says;
  };
  const Case kCases[] = {
      {"addr = \n", 1, 0, ""},
      {"x = 1", 1, 1, "unknown key 'x'"},
      {"\naddr = 5", 2, 8, "expected a string"},
      {"addr = \"nowhere\"", 1, 8, "'nowhere' is not HOST:PORT"},
      {"cores = 0", 1, 9, "expected a number from 1"},
      {"cores = -1", 1, 9, "expected a number from 1"},
      {"watch = 1", 1, 9, "expected true or false"},
      {"drain = \"5\"", 1, 9, "'5' is not a time"},
      {"[limits]\ndeadlin = \"1s\"", 2, 1, "unknown key 'deadlin'"},
      {"[limits]\nmemory = \"1T\"", 2, 10, "'1T' is not a size"},
      {"[[route]]\nprefix = \"/a\"", 1, 1, "a route without a file"},
      {"[[route]]\nfile = \"a\"\n[[route]]\nfile = \"b\"", 3, 1, "a second route for '/'"},
      {"[[route]]\nprefix = \"a\"\nfile = \"a\"", 2, 10, "does not begin with '/'"},
      {"[[route]]\nfile = \"a\"\nsecrets = { A = \"none\" }", 3, 17, "No such file"},
      {"[[route]]\nfile = \"a\"\ndirs = [{ host = \"a\" }]", 3, 9, "a folder needs host and guest"},
      {"tier = \"fast\"", 1, 8, "expected a tier: interp, jit or auto"},
      {"route = 5", 1, 9, "expected [[route]]"},
      {"[tls]\nkey = \"a\"", 1, 1, "tls needs both"},
  };
  for (const Case& test : kCases) {
    Settings settings;
    auto read = read_config_file(folder.write("bad.toml", test.text), settings);
    ASSERT_FALSE(read.has_value()) << test.text;
    EXPECT_EQ(read.error().line, test.line) << test.text << " " << read.error().to_string();
    if (test.column != 0) {
      EXPECT_EQ(read.error().column, test.column) << test.text;
    }
    EXPECT_NE(read.error().message.find(test.says), std::string::npos) << test.text << " " << read.error().message;
  }
  Settings settings;
  EXPECT_EQ(read_config_file(folder.path() + "/none.toml", settings).error().kind, ErrorKind::Io);
  EXPECT_EQ(read_config_file(folder.path(), settings).error().kind, ErrorKind::Io);
}

TEST(Log, LinesAreJson) {
  std::string out;
  JsonLine(out)
      .text("a", "quote \" back \\ newline \n tab \t bell \x07 del \x7f")
      .text("utf8", "\xc3\xa9")
      .text("not", "\xc3(")
      .number("n", ~u64{0})
      .signed_number("s", -5)
      .milliseconds("ms", 1'234'567)
      .end();
  ASSERT_TRUE(out.ends_with("}\n"));
  auto line = nlohmann::json::parse(out);
  EXPECT_EQ(line["a"], "quote \" back \\ newline \n tab \t bell \x07 del \x7f");
  EXPECT_EQ(line["utf8"], "\xc3\xa9");
  EXPECT_EQ(line["not"], "\xc3\x83(");
  EXPECT_EQ(line["n"], ~u64{0});
  EXPECT_EQ(line["s"], -5);
  EXPECT_DOUBLE_EQ(line["ms"].get<double>(), 1.234);
}

TEST(Log, WritesEverythingBeforeItEnds) {
  Folder folder;
  std::string path = folder.write("log", "old\n");
  {
    auto log = LogWriter::open(path, -1);
    ASSERT_TRUE(log.has_value());
    for (int i = 0; i < 100; ++i) (*log)->write(std::to_string(i) + "\n");
  }
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "old");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(std::getline(file, line));
    EXPECT_EQ(line, std::to_string(i));
  }
  EXPECT_FALSE(LogWriter::open(folder.path() + "/no/log", -1).has_value());
}

TEST(Metrics, PrometheusText) {
  CoreCounters a, b;
  for (CoreCounters* core : {&a, &b}) core->routes.push_back(std::make_unique<RouteCounters>());
  a.routes[0]->by_class[2].add(3);
  b.routes[0]->by_class[2].add(4);
  a.routes[0]->count_duration(90);
  b.routes[0]->count_duration(300);
  b.routes[0]->guest_us.add(1'500'000);
  CounterView view;
  view.route_prefixes = {"/a\"b"};
  view.cores = {&a, &b};
  view.in_flight = {5};
  std::string text = prometheus_text(view);
  for (const char* line : {"brink_requests_total{route=\"/a\\\"b\",code=\"2xx\"} 7\n",
                           "brink_request_duration_seconds_bucket{route=\"/a\\\"b\",le=\"0.000100\"} 1\n",
                           "brink_request_duration_seconds_bucket{route=\"/a\\\"b\",le=\"0.000500\"} 2\n",
                           "brink_request_duration_seconds_bucket{route=\"/a\\\"b\",le=\"+Inf\"} 2\n",
                           "brink_request_duration_seconds_sum{route=\"/a\\\"b\"} 0.000390\n",
                           "brink_guest_seconds_total{route=\"/a\\\"b\"} 1.500000\n",
                           "brink_requests_in_flight{route=\"/a\\\"b\"} 5\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

TEST(Response, Head) {
  ResponseHead head;
  head.status = 404;
  head.fields = {{"X", "y"}};
  std::string out;
  append_head(out, head, Framing::Length, 5, true, 1, "then");
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nDate: then\r\nServer: brink\r\nX: y\r\nContent-Length: 5\r\n\r\n");
  out.clear();
  head.reason = "Gone Fishing";
  append_head(out, head, Framing::Chunked, 0, false, 1, "then");
  EXPECT_EQ(out, "HTTP/1.1 404 Gone Fishing\r\nDate: then\r\nServer: brink\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's example
}

TEST(Fiber, TasksSuspendAndResumeInAnyOrder) {
  FiberPool pool(64 << 10, 2);
  struct Task {
    Fiber* fiber;
    std::string* log;
    char name;
  };
  std::string log;
  auto work = [](void* argument) {
    auto* task = static_cast<Task*>(argument);
    for (int i = 0; i < 3; ++i) {
      *task->log += task->name;
      task->fiber->suspend();
    }
    *task->log += static_cast<char>(task->name - 32);
  };
  for (int round = 0; round < 2; ++round) {
    log.clear();
    auto a = pool.take(), b = pool.take();
    Task first{a.get(), &log, 'a'}, second{b.get(), &log, 'b'};
    EXPECT_FALSE(a->run(work, &first));
    EXPECT_FALSE(b->run(work, &second));
    EXPECT_FALSE(b->resume());
    EXPECT_FALSE(a->resume());
    EXPECT_FALSE(b->resume());
    EXPECT_TRUE(b->resume());
    EXPECT_FALSE(a->resume());
    EXPECT_TRUE(a->resume());
    EXPECT_TRUE(a->is_idle());
    EXPECT_EQ(log, "abbabBaA");
    pool.give_back(std::move(a));
    pool.give_back(std::move(b));
  }
}

}  // namespace
}  // namespace brink::serve
