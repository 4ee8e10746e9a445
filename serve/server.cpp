#include "serve/server.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <thread>

#include "serve/admin.h"
#include "serve/cgi/cgi_handler.h"
#include "serve/core.h"
#include "serve/listener.h"

namespace brink::serve {
namespace {

namespace asio = boost::asio;

constexpr milliseconds kWatchInterval{200};

// What tells one version of a file from another.
struct FileStamp {
  u64 device = 0, inode = 0, size = 0;
  i64 seconds = 0, nanoseconds = 0;
  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) < 0) return {};
  return {status.st_dev, status.st_ino, static_cast<u64>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

// Connections are descriptors: as many as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

struct Server::State {
  Shared shared;
  std::unique_ptr<LogWriter> access_log;
  std::unique_ptr<LogWriter> error_log;
  Preemption preemption;
  std::vector<std::unique_ptr<Core>> cores;
  std::vector<std::thread> threads;
  asio::io_context control{1};
  asio::signal_set signals{control};
  asio::steady_timer watch_timer{control};
  std::vector<FileStamp> stamps;
  std::unique_ptr<Admin> admin;
  std::atomic<u32> running_cores = 0;
  std::atomic<u64> reloads = 0, failed_reloads = 0;
  bool is_draining = false;

  void log(std::string_view level, std::string_view message, std::string_view detail) {
    std::string text;
    JsonLine(text).text("time", timestamp()).text("level", level).text("message", message).text("detail", detail).end();
    error_log->write(std::move(text));
  }

  std::string metrics() const {
    CounterView view;
    for (const auto& route : shared.routes) {
      view.route_prefixes.push_back(route->settings.prefix);
      view.in_flight.push_back(route->in_flight.load(std::memory_order_relaxed));
    }
    for (const auto& core : cores) view.cores.push_back(&core->counters());
    view.reloads = reloads;
    view.failed_reloads = failed_reloads;
    view.dropped_log_bytes = access_log->dropped_bytes() + error_log->dropped_bytes();
    view.is_draining = is_draining;
    return prometheus_text(view);
  }

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& code, int signal) {
      if (code) return;
      if (signal == SIGHUP) {
        access_log->reopen();
      } else if (is_draining) {
        ::_exit(128 + signal);
      } else {
        drain();
      }
      wait_for_signal();
    });
  }

  void drain() {
    is_draining = true;
    log("info", "draining", "no new connections; requests get their time to end");
    watch_timer.cancel();
    for (auto& core : cores) core->drain(shared.settings.drain);
  }

  void watch() {
    watch_timer.expires_after(kWatchInterval);
    watch_timer.async_wait([this](const boost::system::error_code& code) {
      if (code || is_draining) return;
      for (size_t i = 0; i < shared.routes.size(); ++i) look_at_file(i);
      watch();
    });
  }

  void look_at_file(size_t index) {
    Route& route = *shared.routes[index];
    FileStamp stamp = stamp_of(route.settings.file);
    if (stamp == stamps[index] || stamp == FileStamp{}) return;
    stamps[index] = stamp;
    auto handler = load_cgi_handler(route.settings, shared.settings);
    if (!handler) {
      ++failed_reloads;
      return log("error", "a new version cannot be used; the old one stays", handler.error().to_string());
    }
    route.handler()->keep_preparation();
    route.replace(std::move(*handler));
    ++reloads;
    log("info", "a new version serves", route.settings.file);
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(Settings settings) {
  auto state = std::make_unique<State>();
  State& s = *state;
  raise_descriptor_limit();
  if (settings.cores == 0) settings.cores = std::max(1u, std::thread::hardware_concurrency());
  if (!settings.tls_certificate.empty()) {
    auto tls = TlsContext::load(settings.tls_certificate, settings.tls_key);
    if (!tls) return std::unexpected(std::move(tls.error()));
    s.shared.tls = std::move(*tls);
  }
  auto access_log = LogWriter::open(settings.access_log, STDOUT_FILENO);
  if (!access_log) return std::unexpected(std::move(access_log.error()));
  s.access_log = std::move(*access_log);
  s.error_log = std::move(*LogWriter::open("-", STDERR_FILENO));
  s.shared.access_log = s.access_log.get();
  s.shared.error_log = s.error_log.get();
  for (const RouteSettings& route : settings.routes) {
    s.stamps.push_back(stamp_of(route.file));
    auto handler = load_cgi_handler(route, settings);
    if (!handler) return std::unexpected(std::move(handler.error()));
    s.shared.routes.push_back(std::make_unique<Route>(route, std::move(*handler)));
  }
  auto sockets = listen_at(settings.address, settings.cores);
  if (!sockets) return std::unexpected(std::move(sockets.error()));
  s.shared.settings = settings;
  for (int socket : *sockets) s.cores.push_back(std::make_unique<Core>(s.shared, socket, s.preemption.add_core()));
  if (settings.has_admin) {
    auto listener = listen_at(settings.admin_address, 1);
    if (!listener) return std::unexpected(std::move(listener.error()));
    s.shared.settings.admin_address = settings.admin_address;
    s.admin = std::make_unique<Admin>(s.control, listener->front(),
                                      AdminAnswers{[&s] { return s.metrics(); }, [&s] { return !s.is_draining; }});
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::string Server::url() const {
  const Settings& settings = state_->shared.settings;
  return (state_->shared.tls ? "https://" : "http://") + to_string(settings.address);
}

std::string Server::admin_url() const {
  const Settings& settings = state_->shared.settings;
  return settings.has_admin ? "http://" + to_string(settings.admin_address) : "";
}

bool Server::run() {
  State& s = *state_;
  s.signals.add(SIGTERM);
  s.signals.add(SIGINT);
  s.signals.add(SIGHUP);
  s.wait_for_signal();
  if (s.shared.settings.watch) s.watch();
  s.preemption.start();
  s.running_cores = static_cast<u32>(s.cores.size());
  for (auto& core : s.cores) {
    s.threads.emplace_back([&s, &core] {
      core->run();
      if (s.running_cores.fetch_sub(1) == 1) asio::post(s.control, [&s] { s.control.stop(); });
    });
  }
  s.control.run();
  for (std::thread& thread : s.threads) thread.join();
  for (const auto& route : s.shared.routes) route->handler()->keep_preparation();
  bool all_ended = true;
  for (const auto& core : s.cores) all_ended = all_ended && !core->was_cut_short();
  if (!all_ended) s.log("error", "drain time is over", "requests that were still running have been stopped");
  return all_ended;
}

}  // namespace brink::serve
