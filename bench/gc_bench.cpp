// One export of bench/gc/gc.wat in a process of its own, as bench/gc_report wants it:
//
//   gc_bench FILE.wat EXPORT SIZE      → one line of JSON: checksum, seconds, what the collector did
//   gc_bench --assemble FILE.wat OUT   writes the binary module, for other engines
//
// Called twice in the same store, so that the time of the second call is that of prepared code and a heap in use; both
// calls do the same work. Figures are of the second call, except for the peak, which the caller sees of the process.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <time.h>

#include "engine/engine.h"
#include "engine/text/parser.h"

namespace {

double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

int fail(const std::string& message) {
  std::fprintf(stderr, "gc_bench: %s\n", message.c_str());
  return 1;
}

int assemble(const char* from, const char* to) {
  std::ifstream in(from, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto assembled = brink::text::assemble(text, brink::FeatureSet::wasm3());
  if (!assembled) return fail(assembled.error().to_string());
  std::ofstream out(to, std::ios::binary);
  out.write(reinterpret_cast<const char*>(assembled->bytes.data()),
            static_cast<std::streamsize>(assembled->bytes.size()));
  return out.flush() ? 0 : fail(std::string("cannot write ") + to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--assemble") == 0) return assemble(argv[2], argv[3]);
  if (argc != 4) return fail("usage: gc_bench FILE.wat EXPORT SIZE | --assemble FILE.wat OUT");
  brink::Engine engine;
  auto module = brink::Module::from_file(engine, argv[1]);
  if (!module) return fail(module.error().to_string());
  brink::Store store(engine);
  brink::Linker linker(engine);
  auto instance = linker.instantiate(store, *module);
  if (!instance) return fail(instance.error().to_string());
  auto function = instance->get_function(argv[2]);
  if (!function) return fail(std::string("no export ") + argv[2]);

  brink::i32 size = std::atoi(argv[3]);
  brink::i32 checksum = 0;
  double seconds = 0;
  brink::GcStatistics before;
  for (int call = 0; call < 2; ++call) {
    before = store.gc_statistics();
    double begin = thread_seconds();
    auto results = function->call({brink::Value::i32(size)});
    seconds = thread_seconds() - begin;
    if (!results) return fail(results.error().message());
    checksum = (*results)[0].as_i32();
  }
  brink::GcStatistics after = store.gc_statistics();
  std::printf("{\"checksum\": %d, \"seconds\": %.4f, \"allocated_mb\": %.1f, \"collections\": %llu, "
              "\"pause_ms\": %.2f, \"longest_pause_ms\": %.2f}\n",
              checksum, seconds, static_cast<double>(after.allocated_bytes - before.allocated_bytes) / 1e6,
              static_cast<unsigned long long>(after.collections - before.collections),
              static_cast<double>(after.total_pause_ns - before.total_pause_ns) / 1e6,
              static_cast<double>(after.longest_pause_ns) / 1e6);
}
