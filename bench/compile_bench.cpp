// How fast functions become machine code: every function of each module, one after the other on one thread, prepared before.
//
//   compile_bench FILE.wasm… [--rounds NUMBER]
//
// Prints a Markdown table: bytes of the functions compiled, milliseconds and MB of them a second (the fastest round),
// bytes of machine code for each of theirs, and how many functions were left to the interpreter. With --rounds 1, for an
// instruction counter.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/engine.h"
#include "engine/runtime/objects.h"
#include "jit/jit.h"

namespace brink::bench {
namespace {

// False where the file is no module, or there is no compiler here.
bool report(const char* path, u32 rounds) {
  jit::Statistics best;
  u64 functions = 0;
  for (u32 round = 0; round < rounds; ++round) {
    auto compiler = jit::make_compiler();
    if (!compiler) return std::fprintf(stderr, "%s\n", compiler.error().to_string().c_str()), false;
    Engine engine;  // without the compiler, which would be asked when a function is prepared
    auto module = Module::from_file(engine, path);
    if (!module) return std::fprintf(stderr, "%s\n", module.error().to_string().c_str()), false;
    runtime::ModuleState& state = *module->state();
    functions = state.info.functions.size() - state.info.imported_functions;
    for (u64 i = 0; i < functions; ++i)
      if (Result<void> prepared = runtime::prepare(state, state.code[i]); !prepared)
        return std::fprintf(stderr, "%s\n", prepared.error().to_string().c_str()), false;
    for (u64 i = 0; i < functions; ++i) (*compiler)->compile(state, state.code[i]);
    jit::Statistics now = (*compiler)->statistics();
    if (round == 0 || now.nanoseconds < best.nanoseconds) best = now;
  }
  double bytes = static_cast<double>(best.wasm_bytes);
  std::printf("| %s | %llu | %.1f | %.1f | %.2f | %llu of %llu |\n", path, static_cast<unsigned long long>(best.wasm_bytes),
              1e-6 * static_cast<double>(best.nanoseconds), 1e3 * bytes / static_cast<double>(best.nanoseconds),
              static_cast<double>(best.machine_bytes) / bytes,
              static_cast<unsigned long long>(functions - best.functions), static_cast<unsigned long long>(functions));
  return true;
}

int run(int argc, char** argv) {
  u32 rounds = 5;
  std::vector<const char*> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) rounds = std::max(1, std::atoi(argv[++i]));
    else files.push_back(argv[i]);
  }
  if (files.empty()) return std::fprintf(stderr, "usage: compile_bench FILE.wasm… [--rounds NUMBER]\n"), 2;
  std::printf("| module | bytes of code | ms | MB/s | machine code per byte | not compiled |\n|---|--|--|--|--|--|\n");
  bool good = true;
  for (const char* file : files) good = report(file, rounds) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace brink::bench

int main(int argc, char** argv) { return brink::bench::run(argc, argv); }
