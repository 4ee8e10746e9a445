#include "serve/metrics.h"

#include <unistd.h>

#include <cstdio>
#include <functional>

#include "serve/http/response.h"

namespace brink::serve {
namespace {

std::string label(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

void append_seconds(std::string& out, u64 microseconds) {
  char text[40];
  std::snprintf(text, sizeof text, "%llu.%06llu", static_cast<unsigned long long>(microseconds / 1'000'000),
                static_cast<unsigned long long>(microseconds % 1'000'000));
  out += text;
}

void describe(std::string& out, const char* name, const char* type, const char* help) {
  out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void append_value(std::string& out, std::string_view name, std::string_view labels, u64 value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

u64 resident_bytes() {
  unsigned long long size = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  int read = std::fscanf(file, "%llu %llu", &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<u64>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

void RouteCounters::count_duration(u64 microseconds) {
  size_t bucket = 0;
  while (bucket < kDurationBounds.size() && microseconds > kDurationBounds[bucket]) ++bucket;
  durations[bucket].add();
  duration_us.add(microseconds);
}

std::string prometheus_text(const CounterView& view) {
  std::string out;
  auto route_labels = [&](size_t route) { return "route=\"" + label(view.route_prefixes[route]) + "\""; };
  auto sum = [&](size_t route, auto pick) {
    u64 total = 0;
    for (const CoreCounters* core : view.cores) total += pick(*core->routes[route]).get();
    return total;
  };
  auto sum_cores = [&](auto pick) {
    u64 total = 0;
    for (const CoreCounters* core : view.cores) total += pick(*core).get();
    return total;
  };
  size_t routes = view.route_prefixes.size();

  describe(out, "brink_requests_total", "counter", "Requests answered, by route and class of status; 'none': cut off.");
  for (size_t route = 0; route < routes; ++route)
    for (size_t digit = 0; digit < 6; ++digit) {
      if (digit == 1) continue;
      std::string code = digit == 0 ? "none" : std::string(1, static_cast<char>('0' + digit)) + "xx";
      append_value(out, "brink_requests_total", route_labels(route) + ",code=\"" + code + "\"",
                   sum(route, [&](const RouteCounters& c) -> const Counter& { return c.by_class[digit]; }));
    }

  describe(out, "brink_request_duration_seconds", "histogram", "From a request's head to the end of its answer.");
  for (size_t route = 0; route < routes; ++route) {
    u64 total = 0;
    for (size_t bucket = 0; bucket <= kDurationBounds.size(); ++bucket) {
      total += sum(route, [&](const RouteCounters& c) -> const Counter& { return c.durations[bucket]; });
      std::string bound = "+Inf";
      if (bucket < kDurationBounds.size()) {
        bound.clear();
        append_seconds(bound, kDurationBounds[bucket]);
      }
      append_value(out, "brink_request_duration_seconds_bucket", route_labels(route) + ",le=\"" + bound + "\"", total);
    }
    out += "brink_request_duration_seconds_sum{" + route_labels(route) + "} ";
    append_seconds(out, sum(route, [](const RouteCounters& c) -> const Counter& { return c.duration_us; }));
    out += '\n';
    append_value(out, "brink_request_duration_seconds_count", route_labels(route), total);
  }

  struct RouteSeries {
    const char* name;
    const char* help;
    bool is_time;
    Counter RouteCounters::*counter;
  };
  static constexpr RouteSeries kSeries[] = {
      {"brink_guest_seconds_total", "Time in guest code.", true, &RouteCounters::guest_us},
      {"brink_setup_seconds_total", "Time to make instances ready.", true, &RouteCounters::setup_us},
      {"brink_response_bytes_total", "Bytes of response bodies.", false, &RouteCounters::response_bytes},
      {"brink_traps_total", "Guests that trapped.", false, &RouteCounters::traps},
      {"brink_stopped_total", "Requests stopped by a limit or by the client.", false, &RouteCounters::stopped},
      {"brink_refused_total", "Requests answered 503: too many at once.", false, &RouteCounters::refused},
  };
  for (const RouteSeries& series : kSeries) {
    describe(out, series.name, "counter", series.help);
    for (size_t route = 0; route < routes; ++route) {
      u64 value = sum(route, [&](const RouteCounters& c) -> const Counter& { return c.*series.counter; });
      if (!series.is_time) {
        append_value(out, series.name, route_labels(route), value);
        continue;
      }
      out += std::string(series.name) + "{" + route_labels(route) + "} ";
      append_seconds(out, value);
      out += '\n';
    }
  }

  describe(out, "brink_requests_in_flight", "gauge", "Requests being served.");
  for (size_t route = 0; route < routes; ++route)
    append_value(out, "brink_requests_in_flight", route_labels(route), view.in_flight[route]);

  auto single = [&](const char* name, const char* type, const char* help, u64 value) {
    describe(out, name, type, help);
    append_value(out, name, "", value);
  };
  single("brink_connections_total", "counter", "Connections accepted.",
         sum_cores([](const CoreCounters& c) -> const Counter& { return c.connections; }));
  single("brink_connections_open", "gauge", "Connections open now.",
         sum_cores([](const CoreCounters& c) -> const Counter& { return c.open_connections; }));
  single("brink_refused_heads_total", "counter", "Requests that were malformed, too large or too late.",
         sum_cores([](const CoreCounters& c) -> const Counter& { return c.refused_requests; }));
  single("brink_preemptions_total", "counter", "Times a guest had to let others run.",
         sum_cores([](const CoreCounters& c) -> const Counter& { return c.preemptions; }));
  single("brink_reloads_total", "counter", "Handlers replaced by a new version of their file.", view.reloads);
  single("brink_failed_reloads_total", "counter", "New versions that could not be used.", view.failed_reloads);
  single("brink_log_dropped_bytes_total", "counter", "Log lines lost because they were not taken.", view.dropped_log_bytes);
  single("brink_draining", "gauge", "1 while the server ends.", view.is_draining ? 1 : 0);
  single("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  return out;
}

}  // namespace brink::serve
