// How long the first requests to a program take: a WASI program, a fresh instance of it for every request, as in a server.
//
//   warm_up_bench FILE.wasm REQUESTS ROUNDS ARGS…
//
// In each round every tier begins anew: engine, compiler and module are made within the first request; "compiled" is auto with a
// program that was compiled before. Prints a line a tier and round: its name and the requests' wall times in microseconds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "engine/base/file_writer.h"
#include "engine/cache/cache.h"
#include "engine/cache/program.h"
#include "engine/tier_name.h"
#include "jit/jit.h"
#include "wasi/wasi.h"

namespace {

using namespace brink;
using Clock = std::chrono::steady_clock;


[[noreturn]] void fail_with(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

Engine make_engine(Tier tier) {
  Config config;
#ifdef BRINK_JIT
  if (tier != Tier::Interpreter) {
    auto compiler = jit::make_compiler({.lazy = tier == Tier::Auto});
    if (!compiler) fail_with(compiler.error().to_string());
    config.compiler = *compiler;
    if (tier == Tier::Auto) config.tier_threshold = jit::kTierThreshold;
  }
#else
  if (tier != Tier::Interpreter) fail_with("this build compiles no machine code");
#endif
  return Engine(config);
}

void answer(const Linker& linker, const Module& module, const std::vector<std::string>& arguments) {
  wasi::Config config;
  config.args = arguments;
  config.output = [](std::span<const u8>) { return true; };
  auto context = wasi::make_context(std::move(config));
  if (!context) fail_with(context.error().to_string());
  Store store(linker.engine());
  wasi::attach(store, *context);
  auto instance = linker.instantiate(store, module);
  if (!instance) fail_with(instance.error().to_string());
  auto outcome = instance->get_function("_start")->call({});
  if (!outcome && outcome.error().kind() != TrapKind::Exit) fail_with(outcome.error().to_string());
}

// In files, as they would be.
struct Compiled {
  std::filesystem::path folder, program, secret;

  explicit Compiled(const char* path) {
    std::string name = std::filesystem::temp_directory_path() / "brink-warm-up-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) fail_with("no temporary folder");
    folder = name, program = folder / "program.brink", secret = folder / "secret";
    auto module = Module::from_file(make_engine(Tier::Auto), path);
    if (!module) fail_with(module.error().to_string());
    auto authenticator = cache::open_authenticator(secret);
    if (!authenticator) fail_with("no secret");
    auto bytes = cache::compile_program(*module, *authenticator, 1);
    if (!bytes) fail_with(bytes.error().to_string());
    if (auto written = write_file(program, *bytes, 0600, Durability::Lazy); !written) fail_with(written.error().to_string());
  }
  ~Compiled() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
};

void run(const char* name, Tier tier, const std::string& path, const std::string& secret, int requests,
         const std::vector<std::string>& arguments) {
  std::vector<double> times;
  auto begin = Clock::now();
  auto note = [&] {
    auto now = Clock::now();
    times.push_back(std::chrono::duration<double, std::micro>(now - begin).count());
    begin = Clock::now();
  };
  Engine engine = make_engine(tier);
  auto program = cache::open_program(engine, path, secret);
  if (!program) fail_with(program.error().to_string());
  if (!program->warning.empty()) fail_with(program->warning);
  Linker linker(engine);
  wasi::add_to_linker(linker);
  for (int i = 0; i < requests; ++i) {
    answer(linker, program->module, arguments);
    note();
  }
  std::printf("%s", name);
  for (double time : times) std::printf(" %.1f", time);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s FILE.wasm REQUESTS ROUNDS ARGS…\n", argv[0]);
    return 2;
  }
  std::vector<std::string> arguments = {argv[1]};
  arguments.insert(arguments.end(), argv + 4, argv + argc);
  int requests = std::atoi(argv[2]), rounds = std::atoi(argv[3]);
  Compiled compiled(argv[1]);
  for (int round = 0; round < rounds; ++round) {
    run("interp", Tier::Interpreter, argv[1], {}, requests, arguments);
    run("jit", Tier::Jit, argv[1], {}, requests, arguments);
    run("auto", Tier::Auto, argv[1], {}, requests, arguments);
    run("compiled", Tier::Auto, compiled.program, compiled.secret, requests, arguments);
  }
  return 0;
}
