// What is counted. Each core counts for itself, in counters that only it writes; the admin server reads them while they
// change.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/integers.h"

namespace brink::serve {

// Written by one thread, read by any.
class Counter {
 public:
  void add(u64 amount = 1) { value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed); }
  void subtract(u64 amount = 1) { value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed); }
  u64 get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<u64> value_ = 0;
};

// Upper bounds of a request's duration, in microseconds.
inline constexpr std::array<u64, 12> kDurationBounds = {100,    250,    500,     1'000,   2'500,     5'000,
                                                        10'000, 50'000, 100'000, 500'000, 1'000'000, 10'000'000};

struct RouteCounters {
  std::array<Counter, 6> by_class;  // of the status, by its first digit; 0: cut off without one
  std::array<Counter, kDurationBounds.size() + 1> durations;
  Counter duration_us;
  Counter guest_us;
  Counter setup_us;
  Counter response_bytes;
  Counter traps;
  Counter stopped;  // by a limit of the request
  Counter refused;  // 503: too many at once

  void count_duration(u64 microseconds);
};

struct CoreCounters {
  Counter connections;       // accepted, ever
  Counter open_connections;  // now
  Counter refused_requests;  // malformed, too large or too late
  Counter preemptions;
  std::vector<std::unique_ptr<RouteCounters>> routes;  // in the settings' order
};

struct CounterView {
  std::vector<std::string> route_prefixes;
  std::vector<const CoreCounters*> cores;
  std::vector<u64> in_flight;  // by route
  u64 reloads = 0, failed_reloads = 0, dropped_log_bytes = 0;
  bool is_draining = false;
};

// The Prometheus text format, version 0.0.4.
std::string prometheus_text(const CounterView& view);

}  // namespace brink::serve
