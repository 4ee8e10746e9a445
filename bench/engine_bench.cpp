// The engine apart from the speed of code: decoding, validating, getting to the first call, and what a call costs.
//
//   engine_bench [Google Benchmark's options]
//
// BRINK_BENCH_MODULE=FILE.wasm takes a real module instead of the synthetic one for decoding and validating.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/synthetic_module.h"
#include "engine/decode/decoder.h"
#include "engine/engine.h"
#include "engine/quicken/quickener.h"
#include "engine/validate/validator.h"

namespace brink::bench {
namespace {

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

// --- Decoding and validating -----------------------------------------------------------------------------------------

constexpr SyntheticModule kTiny{.functions = 0, .body_bytes = 0};
constexpr SyntheticModule kSmall{.functions = 40, .body_bytes = 500};          // 20 KB
constexpr SyntheticModule kLarge{.functions = 10'000, .body_bytes = 400};      // 4 MB
constexpr SyntheticModule kVeryLarge{.functions = 60'000, .body_bytes = 500};  // 30 MB

std::vector<u8> read_file(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) give_up(std::string(path) + ": cannot open");
  std::vector<u8> bytes;
  u8 buffer[65536];
  while (size_t got = std::fread(buffer, 1, sizeof buffer, file)) bytes.insert(bytes.end(), buffer, buffer + got);
  std::fclose(file);
  return bytes;
}

const std::vector<u8>& module_to_process() {
  static const std::vector<u8> bytes = [] {
    const char* path = std::getenv("BRINK_BENCH_MODULE");
    return path != nullptr ? read_file(path) : make_synthetic_module(kLarge);
  }();
  return bytes;
}

FeatureSet all_features() {
  FeatureSet features = FeatureSet::wasm3();
  features.add(Feature::Threads);
  return features;
}

// Whole module bytes a second; bodies are only delimited.
void decode(benchmark::State& state) {
  const std::vector<u8>& bytes = module_to_process();
  TypeRegistry registry;
  for (auto _ : state) {
    auto info = decode_module(bytes, registry, all_features());
    if (!info) return state.SkipWithError(info.error().to_string().c_str());
    benchmark::DoNotOptimize(info->functions.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

// Bytes of code section a second, one thread. `quicken` is what a function's first call costs; `stamp` the same for the
// plain interpreter: side table and stamped copy of the code.
template <class Process>
void for_each_function(benchmark::State& state, Process process) {
  TypeRegistry registry;
  auto info = decode_module(module_to_process(), registry, all_features());
  if (!info) return state.SkipWithError(info.error().to_string().c_str());
  for (auto _ : state)
    for (u32 i = info->imported_functions; i < info->functions.size(); ++i) {
      auto result = process(*info, i);
      if (!result) return state.SkipWithError(result.error().to_string().c_str());
    }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * info->code_section.size));
}

void validate(benchmark::State& state) {
  for_each_function(state, [](const ModuleInfo& info, u32 i) { return validate_function(info, i); });
}

void quicken(benchmark::State& state) {
  for_each_function(state, [](const ModuleInfo& info, u32 i) { return quick::quicken_function(info, i, {}); });
}

void stamp(benchmark::State& state) {
  for_each_function(state, [](const ModuleInfo& info, u32 i) { return prepare_function(info, i, {}); });
}

// --- From a file to the first call -----------------------------------------------------------------------------------

// A file without a name; the path is good while the object lives.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::vector<u8>& bytes) : fd_(memfd_create("module", MFD_CLOEXEC)) {
    for (size_t done = 0; done < bytes.size();) {
      ssize_t written = write(fd_, bytes.data() + done, bytes.size() - done);
      if (written <= 0) give_up("cannot write a temporary file");
      done += static_cast<size_t>(written);
    }
  }
  ~TemporaryFile() { close(fd_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

bool call_first(benchmark::State& state, const Engine& engine, const Module& module) {
  Store store(engine);
  auto instance = Linker(engine).instantiate(store, module);
  if (!instance) return state.SkipWithError(instance.error().to_string().c_str()), false;
  u64 slots[2] = {40, 2};
  auto function = instance->get_function("first");
  if (!function || !function->call_slots(slots) || slots[0] != 42) return state.SkipWithError("wrong result"), false;
  return true;
}

void load_and_call(benchmark::State& state, const SyntheticModule& options) {
  TemporaryFile file(make_synthetic_module(options));
  Engine engine;
  for (auto _ : state) {
    auto module = Module::from_file(engine, file.path());
    if (!module) return state.SkipWithError(module.error().to_string().c_str());
    if (!call_first(state, engine, *module)) return;
  }
}

// A new store and instance of a module that is already loaded.
void instantiate_and_call(benchmark::State& state, const SyntheticModule& options) {
  Engine engine;
  auto module = Module::from_binary(engine, make_synthetic_module(options));
  if (!module) return state.SkipWithError(module.error().to_string().c_str());
  for (auto _ : state)
    if (!call_first(state, engine, *module)) return;
}

// --- Calls -----------------------------------------------------------------------------------------------------------

// Every function loops n times, so that the difference from "empty" is the price of what stands in the loop.
constexpr const char* kCalls = R"((module
  (import "host" "function" (func $host (param i32) (result i32)))
  (type $unary (func (param i32) (result i32)))
  (table 1 funcref)
  (elem (i32.const 0) $callee)
  (func $callee (export "callee") (param i32) (result i32) local.get 0)
  (func (export "empty") (param $n i32) (result i32)
    (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n))
  (func (export "wasm") (param $n i32) (result i32)
    (loop $again
      (br_if $again (local.tee $n (i32.sub (call $callee (local.get $n)) (i32.const 1)))))
    (local.get $n))
  (func (export "indirect") (param $n i32) (result i32)
    (loop $again
      (br_if $again (local.tee $n
        (i32.sub (call_indirect (type $unary) (local.get $n) (i32.const 0)) (i32.const 1)))))
    (local.get $n))
  (func (export "host") (param $n i32) (result i32)
    (loop $again
      (br_if $again (local.tee $n (i32.sub (call $host (local.get $n)) (i32.const 1)))))
    (local.get $n))))";

struct CallsInstance {
  Engine engine;
  Store store{engine};
  Instance instance;

  CallsInstance() {
    auto module = Module::from_text(engine, kCalls);
    if (!module) give_up(module.error().to_string());
    Linker linker(engine);
    linker.define_function("host", "function", [](u32 v) -> u32 { return v; });
    auto made = linker.instantiate(store, *module);
    if (!made) give_up(made.error().to_string());
    instance = *made;
  }
};

void calls_in_a_loop(benchmark::State& state, const char* name) {
  CallsInstance calls;
  Function function = *calls.instance.get_function(name);
  constexpr u64 kCount = 10'000;
  for (auto _ : state) {
    u64 slots[1] = {kCount};
    if (!function.call_slots(slots) || slots[0] != 0) return state.SkipWithError("wrong result");
  }
  state.counters["per_call"] = benchmark::Counter(static_cast<double>(state.iterations() * kCount),
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void call_slots_from_host(benchmark::State& state) {
  CallsInstance calls;
  Function function = *calls.instance.get_function("callee");
  u64 slots[1] = {7};
  for (auto _ : state)
    if (!function.call_slots(slots) || slots[0] != 7) return state.SkipWithError("wrong result");
}

void call_values_from_host(benchmark::State& state) {
  CallsInstance calls;
  Function function = *calls.instance.get_function("callee");
  for (auto _ : state) {
    auto results = function.call({Value::i32(7)});
    if (!results || results->at(0).as_i32() != 7) return state.SkipWithError("wrong result");
  }
}

BENCHMARK(decode)->Unit(benchmark::kMillisecond);
BENCHMARK(validate)->Unit(benchmark::kMillisecond);
BENCHMARK(quicken)->Unit(benchmark::kMillisecond);
BENCHMARK(stamp)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load_and_call, tiny, kTiny)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(load_and_call, 20_KB, kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(load_and_call, 4_MB, kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(load_and_call, 30_MB, kVeryLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(instantiate_and_call, tiny, kTiny)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(instantiate_and_call, 4_MB, kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(calls_in_a_loop, empty, "empty")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(calls_in_a_loop, wasm, "wasm")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(calls_in_a_loop, indirect, "indirect")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(calls_in_a_loop, host, "host")->Unit(benchmark::kMicrosecond);
BENCHMARK(call_slots_from_host)->Unit(benchmark::kNanosecond);
BENCHMARK(call_values_from_host)->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace brink::bench

BENCHMARK_MAIN();
