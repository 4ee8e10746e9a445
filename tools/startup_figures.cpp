#include "tools/startup_figures.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "bench/synthetic_module.h"
#include "engine/pool.h"

namespace brink::tools {
namespace {

// About 400 KB, with a memory of one page; "first" adds two numbers.
constexpr bench::SyntheticModule kMedium{.functions = 800, .body_bytes = 480};

// 1 MiB of memory with some data; "touch" writes to N pages that lie apart.
constexpr const char* kGuest = R"((module
  (memory (export "memory") 16 32)
  (data (i32.const 65536) "some initial data")
  (data (i32.const 131072) "and more of it")
  (func (export "nothing"))
  (func (export "touch") (param i32)
    (loop $again
      (i32.store (i32.mul (local.get 0) (i32.const 12288)) (local.get 0))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0))))))";

// What a small request handler looks like: two pages of memory, a few globals and functions, a table.
constexpr const char* kHandler = R"((module
  (memory (export "memory") 2)
  (global $stack (mut i32) (i32.const 66560))
  (table 3 funcref)
  (elem (i32.const 1) func $route $reply)
  (data (i32.const 66560) "HTTP/1.1 200 OK")
  (func $route (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $reply (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "handle") (param i32) (result i32)
    (i32.store (i32.sub (global.get $stack) (i32.const 16)) (local.get 0))
    (call_indirect (param i32) (result i32) (i32.const 66560) (i32.const 2)))))";

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

class Samples {
 public:
  explicit Samples(u32 runs) { values_.reserve(runs); }
  void add(double value) { values_.push_back(value); }
  StartupFigure figure(std::string what) {
    std::sort(values_.begin(), values_.end());
    return {std::move(what), "us", values_[values_.size() / 2], values_.front(), values_.size()};
  }

 private:
  std::vector<double> values_;
};

// A line of /proc/self/FILE, "NAME:   123 kB"; 0 where there is none.
u64 kilobytes_of(const char* file, const char* name) {
  std::FILE* stream = std::fopen(file, "r");
  if (stream == nullptr) return 0;
  char line[256];
  unsigned long long found = 0;
  while (std::fgets(line, sizeof line, stream) != nullptr)
    if (std::strncmp(line, name, std::strlen(name)) == 0) {
      std::sscanf(line + std::strlen(name), ": %llu", &found);
      break;
    }
  std::fclose(stream);
  return found;
}

u64 pss_kilobytes() { return kilobytes_of("/proc/self/smaps_rollup", "Pss"); }
u64 page_table_kilobytes() { return kilobytes_of("/proc/self/status", "VmPTE"); }

Error trapped(const Trap& trap) { return Error{ErrorKind::Invalid, trap.message()}; }

class Measurement {
 public:
  explicit Measurement(u32 runs) : runs_(runs) {}

  Result<void> load() {
    std::vector<u8> bytes = bench::make_synthetic_module(kMedium);
    Samples first_process(1), total(runs_), decode(runs_), instantiate(runs_), call(runs_);
    for (u32 i = 0; i <= runs_; ++i) {
      std::vector<u8> copy = bytes;
      auto begin = Clock::now();
      auto module = Module::from_binary(engine_, std::move(copy), "medium");
      double loaded = microseconds_since(begin);
      if (!module) return std::unexpected(module.error());
      Store store(engine_);
      auto instance = linker_.instantiate(store, *module);
      double made = microseconds_since(begin);
      if (!instance) return std::unexpected(instance.error());
      u64 slots[2] = {40, 2};
      auto outcome = instance->get_function("first")->call_slots(slots);
      double called = microseconds_since(begin);
      if (!outcome) return std::unexpected(trapped(outcome.error()));
      if (i == 0) {
        first_process.add(called);
        continue;
      }
      total.add(called);
      decode.add(loaded);
      instantiate.add(made - loaded);
      call.add(called - made);
    }
    std::string size = std::to_string((bytes.size() + 500) / 1000) + " KB";
    figures.push_back(total.figure("a module of " + size + ", from memory to the end of its first call"));
    figures.push_back(decode.figure("  of which: loading"));
    figures.push_back(instantiate.figure("  of which: a store and an instance"));
    figures.push_back(call.figure("  of which: preparing and calling a function"));
    figures.push_back(first_process.figure("the same, for the first time in the process"));
    return {};
  }

  Result<void> reuse() {
    auto module = Module::from_text(engine_, kGuest, "guest");
    if (!module) return std::unexpected(module.error());
    Samples plain(runs_), made(runs_);
    for (u32 i = 0; i < runs_; ++i) {
      auto begin = Clock::now();
      Store store(engine_);
      auto instance = linker_.instantiate(store, *module);
      plain.add(microseconds_since(begin));
      if (!instance) return std::unexpected(instance.error());
    }
    auto pool = InstancePool::create(linker_, *module, {.max_instances = runs_});
    if (!pool) return std::unexpected(pool.error());
    std::vector<PooledInstance> live;
    for (u32 i = 0; i < runs_; ++i) {
      auto begin = Clock::now();
      auto guest = pool->acquire();
      made.add(microseconds_since(begin));
      if (!guest) return std::unexpected(guest.error());
      live.push_back(std::move(*guest));
    }
    live.clear();
    figures.push_back(plain.figure("an instance with 1 MiB of memory, without a pool"));
    figures.push_back(made.figure("the same, the pool's first use of a slot"));
    return cycles(*pool);
  }

  // The same instance again and again.
  Result<void> cycles(InstancePool& pool) {
    for (u32 pages : {0u, 16u, 64u}) {
      Samples acquired(runs_), returned(runs_), called(runs_);
      for (u32 i = 0; i < runs_ + 2; ++i) {
        auto begin = Clock::now();
        auto guest = pool.acquire();
        double ready = microseconds_since(begin);
        if (!guest) return std::unexpected(guest.error());
        u64 slots[1] = {pages};
        begin = Clock::now();
        auto outcome = guest->instance().get_function(pages == 0 ? "nothing" : "touch")->call_slots(slots);
        double ran = microseconds_since(begin);
        if (!outcome) return std::unexpected(trapped(outcome.error()));
        begin = Clock::now();
        guest->release();
        double reset = microseconds_since(begin);
        if (i < 2) continue;  // pages are learned
        acquired.add(ready);
        called.add(ran);
        returned.add(reset);
      }
      std::string what = std::to_string(pages) + " pages written";
      if (pages == 0) figures.push_back(acquired.figure("the n-th tenant of a slot, ready to call"));
      figures.push_back(called.figure("  its call, " + what));
      figures.push_back(returned.figure("  reset, " + what));
    }
    return {};
  }

  Result<void> many(u32 count) {
    auto module = Module::from_text(engine_, kHandler, "handler");
    if (!module) return std::unexpected(module.error());
    auto pool = InstancePool::create(linker_, *module, {.max_instances = count});
    if (!pool) return std::unexpected(pool.error());
    std::vector<PooledInstance> live;
    live.reserve(count);
    u64 pss_before = pss_kilobytes(), tables_before = page_table_kilobytes();
    for (u32 i = 0; i < count; ++i) {
      auto guest = pool->acquire();
      if (!guest) return std::unexpected(guest.error());
      live.push_back(std::move(*guest));
    }
    u64 pss_made = pss_kilobytes(), tables_made = page_table_kilobytes();
    for (PooledInstance& guest : live) {
      u64 slots[1] = {1};
      auto outcome = guest.instance().get_function("handle")->call_slots(slots);
      if (!outcome) return std::unexpected(trapped(outcome.error()));
    }
    u64 pss_called = pss_kilobytes(), tables_called = page_table_kilobytes();
    auto each = [&](std::string what, u64 after, u64 before) {
      double kilobytes = static_cast<double>(after - std::min(before, after)) / count;
      figures.push_back({std::to_string(count) + " live instances, " + std::move(what), "KB", kilobytes, kilobytes, 1});
    };
    each("each: memory", pss_made, pss_before);
    each("each: page tables", tables_made, tables_before);
    each("each after a call that wrote one page: memory", pss_called, pss_before);
    each("each after that call: page tables", tables_called, tables_before);
    return {};
  }

  std::vector<StartupFigure> figures;

 private:
  u32 runs_;
  Engine engine_;
  Linker linker_{engine_};
};

}  // namespace

Result<std::vector<StartupFigure>> measure_startup(u32 runs, u32 live_instances) {
  Measurement measurement(runs);
  if (auto done = measurement.load(); !done) return std::unexpected(std::move(done.error()));
  if (auto done = measurement.reuse(); !done) return std::unexpected(std::move(done.error()));
  if (live_instances != 0)
    if (auto done = measurement.many(live_instances); !done) return std::unexpected(std::move(done.error()));
  return std::move(measurement.figures);
}

}  // namespace brink::tools
