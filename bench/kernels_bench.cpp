// The speed of code: each kernel of bench/kernels by Brink, with the native function beside it.
//
//   kernels_bench KERNELS.wasm [--jit | --auto] [--fuel] [Google Benchmark's options]
//
// native/NAME   the function clang made of the same file, with the same flags
// brink/NAME    Brink; every iteration is preceded by one native call, so that both see the same machine, and the
//               counter `x_native` is the ratio of the two medians, in CPU time of the thread
// paying/NAME   with --fuel: the same in an engine that counts fuel
//
// Only the call is timed: the module is loaded, and each function validated, before.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "bench/kernels.h"
#include "engine/engine.h"
#ifdef BRINK_JIT
#include "jit/jit.h"
#endif

namespace brink::bench {
namespace {

double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double>& values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void run_native(benchmark::State& state, const Kernel& kernel) {
  for (auto _ : state) benchmark::DoNotOptimize(kernel.native(kernel.argument));
}

void run_brink(benchmark::State& state, const Kernel& kernel, Function function) {
  std::vector<double> native_times, brink_times;
  auto call = [&](u32 argument) -> std::optional<u32> {
    u64 slots[1] = {argument};
    auto outcome = function.call_slots(slots);
    if (!outcome) {
      state.SkipWithError(outcome.error().message().c_str());
      return std::nullopt;
    }
    return static_cast<u32>(slots[0]);
  };
  if (!call(1)) return;
  for (auto _ : state) {
    double begin = thread_seconds();
    u32 expected = kernel.native(kernel.argument);
    double middle = thread_seconds();
    std::optional<u32> sum = call(kernel.argument);
    double end = thread_seconds();
    if (!sum) return;
    if (*sum != expected) {
      state.SkipWithError("checksum differs from the native one");
      return;
    }
    native_times.push_back(middle - begin);
    brink_times.push_back(end - middle);
    state.SetIterationTime(end - middle);
  }
  state.counters["x_native"] = median(brink_times) / median(native_times);
}

}  // namespace
}  // namespace brink::bench

int main(int argc, char** argv) {
  using namespace brink;
  benchmark::Initialize(&argc, argv);
  bool by_heat = false, jit = false, with_fuel = false;
  int given = 2;
  for (; given < argc; ++given) {
    if (std::strcmp(argv[given], "--auto") == 0) jit = by_heat = true;
    else if (std::strcmp(argv[given], "--jit") == 0) jit = true;
    else if (std::strcmp(argv[given], "--fuel") == 0) with_fuel = true;
    else break;
  }
  if (argc < 2 || given != argc) {
    std::fprintf(stderr, "usage: %s KERNELS.wasm [--jit | --auto] [--fuel] [--benchmark_...]\n", argv[0]);
    return 2;
  }
  Config config;
#ifdef BRINK_JIT
  if (jit) {
    auto compiler = jit::make_compiler();
    if (!compiler) {
      std::fprintf(stderr, "%s\n", compiler.error().to_string().c_str());
      return 1;
    }
    config.compiler = *compiler;
    if (by_heat) config.tier_threshold = jit::kTierThreshold;
  }
#endif
  auto load = [&](Store& store) -> std::optional<Instance> {
    auto module = Module::from_file(store.engine(), argv[1]);
    if (!module) {
      std::fprintf(stderr, "%s\n", module.error().to_string().c_str());
      return std::nullopt;
    }
    auto instance = Linker(store.engine()).instantiate(store, *module);
    if (instance) return *instance;
    std::fprintf(stderr, "%s\n", instance.error().to_string().c_str());
    return std::nullopt;
  };
  auto add = [](std::string name, const bench::Kernel& kernel, const std::optional<Function>& function) {
    if (!function) std::fprintf(stderr, "no export \"%s\"\n", kernel.name);
    else benchmark::RegisterBenchmark((name + kernel.name).c_str(), bench::run_brink, kernel, *function)
        ->Unit(benchmark::kMillisecond)
        ->UseManualTime();
    return function.has_value();
  };
  Store store{Engine(config)};
  config.consume_fuel = with_fuel;
  Store paying_store{Engine(config)};
  auto instance = load(store), paying = load(paying_store);
  if (!instance || !paying) return 1;
  for (const bench::Kernel& kernel : bench::kKernels) {
    benchmark::RegisterBenchmark((std::string("native/") + kernel.name).c_str(), bench::run_native, kernel)
        ->Unit(benchmark::kMillisecond);
    if (!add("brink/", kernel, instance->get_function(kernel.name))) return 1;
    if (with_fuel && !add("paying/", kernel, paying->get_function(kernel.name))) return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
