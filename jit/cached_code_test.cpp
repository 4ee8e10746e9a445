// Machine code that comes out of the cache does what it did where it was compiled, whatever happens to the file.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "engine/cache/cache.h"
#include "engine/cache/program.h"
#include "engine/runtime/objects.h"
#include "jit/jit.h"

namespace brink::jit {
namespace {

namespace fs = std::filesystem;

// Everything that code of one process cannot have in common with another's: calls of functions before and behind, of imports,
// through tables and references; polls; traps; instructions that are calls of the interpreter's functions; tail calls;
// constants of vectors and floats; loops.
constexpr const char* kProgram = R"((module
  (type $binary (func (param i32 i32) (result i32)))
  (type $other (func (param i64) (result i64)))
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory 1)
  (global $calls (mut i32) (i32.const 0))
  (table 4 funcref)
  (elem (i32.const 0) $add $subtract $wrong)
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $subtract (type $binary) (i32.sub (local.get 0) (local.get 1)))
  (func $wrong (type $other) (local.get 0))
  (func $select (export "indirect") (param i32) (result i32)
    (call_indirect (type $binary) (i32.const 50) (i32.const 8) (local.get 0)))
  (func (export "reference") (result i32) (call_ref $binary (i32.const 9) (i32.const 4) (ref.func $subtract)))
  (func $even (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "even") (param i32) (result i32) (call $even (local.get 0)))
  (func (export "loop") (param i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $add (local.get 0) (local.get $sum))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "host") (param i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.add (call $twice (local.get 0)) (global.get $calls)))
  (func (export "fill") (param i32) (result i32)
    (memory.fill (i32.const 100) (local.get 0) (i32.const 8))
    (i32.load (i32.const 102)))
  (func (export "grow") (result i32) (i32.add (memory.grow (i32.const 1)) (memory.size)))
  (func (export "float") (param f64) (result f64) (f64.nearest (f64.mul (f64.neg (local.get 0)) (f64.const 2.25))))
  (func (export "saturate") (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
  (func (export "vector") (param i32) (result i32)
    (i32x4.extract_lane 3 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 0 1 2 3
      (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4))))
  (type $point (sub (struct (field $x (mut i32)))))
  (type $point3 (sub $point (struct (field (mut i32)) (field i64))))
  (func (export "cast") (param i32) (result i32) (local $any anyref)
    (local.set $any (struct.new $point3 (local.get 0) (i64.const 1)))
    (i32.add (struct.get $point $x (ref.cast (ref $point) (local.get $any))) (ref.test (ref array) (local.get $any))))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "unreachable") (unreachable))
))";

struct Call {
  const char* name;
  std::vector<Value> arguments;
  const char* expected;  // the result, or how the trap's text begins
};

const std::vector<Call>& calls() {
  static const std::vector<Call> calls = {
      {"indirect", {Value::i32(0)}, "58"},
      {"indirect", {Value::i32(1)}, "42"},
      {"indirect", {Value::i32(2)}, "indirect call type mismatch"},
      {"indirect", {Value::i32(3)}, "uninitialized element"},
      {"indirect", {Value::i32(4)}, "out of bounds table access"},
      {"reference", {}, "5"},
      {"even", {Value::i32(100001)}, "0"},
      {"loop", {Value::i32(5)}, "129"},
      {"host", {Value::i32(20)}, "41"},
      {"fill", {Value::i32(7)}, "117901063"},
      {"grow", {}, "3"},
      {"float", {Value::f64(3)}, "-7"},
      {"saturate", {Value::f32(-3e9f)}, "-2147483648"},
      {"vector", {Value::i32(77)}, "77"},
      {"cast", {Value::i32(6)}, "6"},
      {"divide", {Value::i32(7), Value::i32(-2)}, "-3"},
      {"divide", {Value::i32(7), Value::i32(0)}, "integer divide by zero"},
      {"load", {Value::i32(-1)}, "out of bounds memory access"},
      {"unreachable", {}, "unreachable"},
  };
  return calls;
}

struct Outcome {
  bool is_right = true;
  cache::Cache::Counts counts;
  u64 compiled = 0, loaded = 0;
  std::string trap;  // of the division, with its backtrace
};

#if defined(__aarch64__)
constexpr int kTries = 25;  // it is emulated, and then all of this takes a hundred times as long
#else
constexpr int kTries = 1000;
#endif

std::shared_ptr<Compiler> compiler_of_its_own(std::optional<u64> random_seed = {}) {
  return *make_compiler({.arena_bytes = 4 << 20, .random_seed = random_seed});
}

class CachedCode : public ::testing::Test {
 protected:
  CachedCode() {
    char name[] = "/tmp/brink-code-XXXXXX";
    folder = ::mkdtemp(name);
    options = {.folder = folder / "cache", .secret_file = folder / "secret", .min_code_bytes = 0};
    auto module = Module::from_text(Engine(), kProgram);
    EXPECT_TRUE(module) << module.error().to_string();
    bytes.assign(module->info().bytes.begin(), module->info().bytes.end());
  }
  ~CachedCode() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  static Config config_for(std::shared_ptr<Compiler> compiler) {
    Config config;
    config.compiler = std::move(compiler);
    return config;
  }

  static void call_all(const Module& module, Outcome& outcome) {
    Store store(module.engine());
    Linker linker(module.engine());
    linker.define_function("host", "twice", [](i32 value) { return 2 * value; });
    auto instance = linker.instantiate(store, module);
    if (!instance) {
      outcome.is_right = false;
      return;
    }
    for (const Call& call : calls()) {
      auto function = instance->get_function(call.name);
      if (!function) {
        outcome.is_right = false;
        continue;
      }
      auto result = function->call(call.arguments);
      std::string text = !result ? result.error().to_string() : result->empty() ? "" : result->at(0).to_string();
      if (!result ? text.starts_with(call.expected) : text == call.expected) {
        if (call.expected == std::string_view("integer divide by zero")) outcome.trap = text;
        continue;
      }
      std::cerr << call.name << ": " << text << " instead of " << call.expected << '\n';
      outcome.is_right = false;
    }
    outcome.counts = cache::Cache::counts(module);
  }

  // As a process of its own would. What runs before have made is still there, so everything is at another place, and
  // addresses that were left in the code would show.
  Outcome run(bool save = true, u32 threshold = 0, std::optional<u64> random_seed = {}) {
    Outcome outcome;
    std::shared_ptr<Compiler> compiler = compiler_of_its_own(random_seed);
    Config config = config_for(compiler);
    config.tier_threshold = threshold;
    config.compile_in_background = false;
    Engine engine(config);
    auto cache = cache::Cache::open(options);
    auto module = Module::from_binary(engine, bytes, "program.wasm");
    cache->attach(*module);
    call_all(*module, outcome);
    outcome.compiled = compiler->statistics().functions;
    outcome.loaded = compiler->statistics().loaded;
    if (save) cache->save(*module);
    if (kept.size() < 8) kept.push_back(*module);
    return outcome;
  }

  fs::path file() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder / "cache")) found = entry.path();
    return found;
  }
  static std::vector<u8> read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, std::span<const u8> content) {
    std::error_code missing;
    bool has_size = fs::file_size(path, missing) == content.size();
    std::ofstream out(path, std::ios::binary | (has_size ? std::ios::in | std::ios::out : std::ios::trunc));
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }

  fs::path folder;
  cache::Options options;
  std::vector<u8> bytes;
  std::vector<Module> kept;
};

constexpr u32 kFunctions = 18;  // all but $wrong, which is never called

TEST_F(CachedCode, IsNeitherKeptNorLoadedWhereRegistersAreChosenAtRandom) {
  for (int i = 0; i < 2; ++i) {
    Outcome random = run(true, 0, 7);
    EXPECT_TRUE(random.is_right);
    EXPECT_EQ(random.compiled, kFunctions);
    EXPECT_EQ(random.loaded, 0u);
  }
  EXPECT_EQ(run().loaded, 0u);
  EXPECT_EQ(run().loaded, kFunctions);
  EXPECT_EQ(run(true, 0, 7).loaded, 0u);
}

TEST_F(CachedCode, IsLoadedInsteadOfCompiled) {
  Outcome cold = run();
  EXPECT_TRUE(cold.is_right);
  EXPECT_EQ(cold.compiled, kFunctions);
  EXPECT_EQ(cold.loaded, 0u);
  for (int i = 0; i < 3; ++i) {
    Outcome warm = run();
    EXPECT_TRUE(warm.is_right);
    EXPECT_EQ(warm.compiled, 0u);
    EXPECT_EQ(warm.loaded, kFunctions);
    EXPECT_EQ(warm.counts, (cache::Cache::Counts{kFunctions, 0, kFunctions}));
    EXPECT_EQ(warm.trap, cold.trap);
    EXPECT_NE(warm.trap.find("!divide"), std::string::npos) << warm.trap;
  }
}

// With loops that were entered in their middle, on the way.
TEST_F(CachedCode, ByHeatToo) {
  Outcome cold = run(true, 3);
  EXPECT_TRUE(cold.is_right);
  EXPECT_GT(cold.compiled, 0u);
  EXPECT_LT(cold.compiled, kFunctions);
  Outcome warm = run(true, 3);
  EXPECT_TRUE(warm.is_right);
  EXPECT_EQ(warm.compiled, 0u);
  EXPECT_EQ(warm.loaded, cold.compiled);
  // Code with entries at loops is another file's.
  EXPECT_EQ(run().loaded, 0u);
}

// Nothing of one process is in what is kept: two that have everything at other addresses write the same file.
TEST_F(CachedCode, IsTheSameFromEveryProcess) {
  run();
  std::vector<u8> first = read(file());
  fs::remove(file());
  run();
  EXPECT_EQ(read(file()), first);
}

// Functions that were compiled later join those that are there.
TEST_F(CachedCode, AddsUp) {
  EXPECT_TRUE(run(true, 1 << 20).is_right);  // nothing is hot
  Outcome some = run(true, 1);
  EXPECT_TRUE(some.is_right);
  EXPECT_GT(some.compiled, 5u);
  Outcome rest = run(true, 1);
  EXPECT_EQ(rest.compiled, 0u);
  EXPECT_EQ(rest.loaded, some.compiled);
}

TEST_F(CachedCode, AnotherSecretRunsNothingOfIt) {
  run();
  std::vector<u8> foreign = read(file());
  fs::remove(options.secret_file);
  fs::remove(file());
  run();
  std::vector<u8> own = read(file());
  // Its own header, and everything else foreign.
  std::copy_n(own.begin(), 32, foreign.begin());
  write(file(), foreign);
  Outcome outcome = run(false);
  EXPECT_TRUE(outcome.is_right);
  EXPECT_EQ(outcome.loaded, 0u);
}

// One to eight bits anywhere in the machine code. BRINK_CACHE_TRIES=10000 for the long version.
TEST_F(CachedCode, DamageIsNoticed) {
  run();
  fs::path path = file();
  const std::vector<u8> whole = read(path);
  std::mt19937 random(20261125);
  u32 noticed = 0;
  const char* wanted = std::getenv("BRINK_CACHE_TRIES");
  const int tries = wanted != nullptr ? std::atoi(wanted) : kTries;
  size_t machine = whole.size() / 3;
  for (int i = 0; i < tries; ++i) {
    std::vector<u8> damaged = whole;
    for (u32 flips = random() % 8 + 1; flips > 0; --flips)
      damaged[machine + random() % (damaged.size() - machine)] ^= static_cast<u8>(1u << random() % 8);
    if (i % 8 == 0) damaged.resize(random() % damaged.size());
    write(path, damaged);
    Outcome outcome = run(false);
    ASSERT_TRUE(outcome.is_right) << "try " << i;
    noticed += outcome.loaded < kFunctions;
  }
  EXPECT_GT(noticed, static_cast<u32>(tries) * 3 / 4);
}

// An authentic entry in another function's place, and quick code's where machine code should be.
TEST_F(CachedCode, EntriesDoNotStandForEachOther) {
  run();
  std::vector<u8> whole = read(file());
  struct Section {
    u32 kind, reserved;
    u64 offset, size;
  } sections[4];
  std::memcpy(sections, whole.data() + 32, sizeof sections);
  ASSERT_EQ(sections[2].kind, 3u);
  std::vector<u8> swapped = whole;
  auto places = swapped.begin() + static_cast<std::ptrdiff_t>(sections[2].offset);
  std::swap_ranges(places, places + 4, places + 4);
  write(file(), swapped);
  Outcome outcome = run(false);
  EXPECT_TRUE(outcome.is_right);
  EXPECT_EQ(outcome.loaded, kFunctions - 2);

  std::vector<u8> mixed = whole;
  Section exchanged[2] = {sections[2], sections[3]};
  exchanged[0].offset = sections[0].offset;
  exchanged[1].offset = sections[1].offset, exchanged[1].size = sections[1].size;
  std::memcpy(mixed.data() + 32 + 2 * sizeof(Section), exchanged, sizeof exchanged);
  write(file(), mixed);
  outcome = run(false);
  EXPECT_TRUE(outcome.is_right);
  EXPECT_EQ(outcome.loaded, 0u);
}

TEST_F(CachedCode, EightProcessesAtOnce) {
#if defined(__aarch64__)
  constexpr int kProcesses = 2;  // of an emulator that needs 50 MiB for each memory
#else
  constexpr int kProcesses = 8;
#endif
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool is_right = true;
      for (int round = 0; round < 10 && is_right; ++round) {
        is_right = run(true, i % 2 == 0 ? 0 : 2).is_right;
        std::error_code ignored;
        if (i % 4 == 0)
          for (const auto& entry : fs::directory_iterator(folder / "cache", ignored)) fs::remove(entry.path(), ignored);
      }
      ::_exit(is_right ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

// --- Compiled programs -------------------------------------------------------------------------------------------------

TEST_F(CachedCode, AProgramHasAllFunctions) {
  auto authenticator = cache::open_authenticator(options.secret_file);
  ASSERT_TRUE(authenticator);
  cache::CompileFigures figures;
  std::vector<u8> program;
  {
    Engine engine(config_for(compiler_of_its_own()));
    program = *cache::compile_program(*Module::from_binary(engine, bytes), *authenticator, 3, &figures);
  }
  EXPECT_EQ(figures.functions, kFunctions + 1);
  EXPECT_EQ(figures.interpreted, 0u);

  fs::path path = folder / "program.brink";
  write(path, program);
  for (bool may_be_mapped : {true, false}) {
    fs::permissions(path, may_be_mapped ? fs::perms::owner_read : fs::perms::owner_read | fs::perms::others_write);
    std::shared_ptr<Compiler> compiler = compiler_of_its_own();
    auto opened = cache::open_program(Engine(config_for(compiler)), path, options.secret_file);
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(opened->warning, "");
    Outcome outcome;
    call_all(opened->module, outcome);
    EXPECT_TRUE(outcome.is_right);
    EXPECT_EQ(compiler->statistics().loaded, kFunctions);
    EXPECT_EQ(compiler->statistics().functions, 0u);
  }
}

// Where the bodies are is in the program, too, so a size in front of one is first seen when the function is called.
TEST_F(CachedCode, AProgramsCodeSectionIsNotReadToLoadIt) {
  auto authenticator = cache::open_authenticator(options.secret_file);
  ASSERT_TRUE(authenticator);
  std::vector<u8> program;
  {
    Engine engine(config_for(compiler_of_its_own()));
    auto module = Module::from_binary(engine, bytes);
    program = *cache::compile_program(*module, *authenticator, 1);
    constexpr size_t kHeader = 96;
    ByteRange body = module->info().functions[module->info().imported_functions].body;
    ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), program.begin() + kHeader));
    program[kHeader + body.offset - 1] ^= 8;  // the size of $add: what follows it would not be bodies
  }
  auto open = [&] {
    return cache::read_program(Engine(config_for(compiler_of_its_own())), program, "program", options.secret_file);
  };
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(opened->warning, "");
  Outcome outcome;
  call_all(opened->module, outcome);
  EXPECT_FALSE(outcome.is_right);
  // Places that are not authentic are not used. They come last.
  program.back() ^= 1;
  opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Malformed);
}

// Damage anywhere is an error, or a warning, or nobody's business; in the module it is as in any other module.
TEST_F(CachedCode, ADamagedProgramDoesNothingElse) {
  auto authenticator = cache::open_authenticator(options.secret_file);
  ASSERT_TRUE(authenticator);
  std::vector<u8> program;
  {
    Engine engine(config_for(compiler_of_its_own()));
    program = *cache::compile_program(*Module::from_binary(engine, bytes), *authenticator, 1);
  }
  constexpr size_t kHeader = 96;
  ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), program.begin() + kHeader));
  std::shared_ptr<Compiler> compiler = compiler_of_its_own();
  std::mt19937 random(7);
  u32 failed = 0, warned = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<u8> damaged = program;
    bool hits_module = false;
    for (u32 flips = random() % 4 + 1; flips > 0; --flips) {
      size_t at = i % 4 == 0 ? random() % kHeader : random() % damaged.size();
      hits_module |= at >= kHeader && at < kHeader + bytes.size();
      damaged[at] ^= static_cast<u8>(1u << random() % 8);
    }
    if (i % 16 == 15) damaged.resize(random() % damaged.size());
    auto opened = cache::read_program(Engine(config_for(compiler)), std::move(damaged), "program", options.secret_file);
    if (!opened) {
      ++failed;
      continue;
    }
    warned += !opened->warning.empty();
    Outcome outcome;
    if (!hits_module) call_all(opened->module, outcome);
    ASSERT_TRUE(outcome.is_right) << "try " << i;
  }
  EXPECT_GT(failed, 0u);
  EXPECT_GT(warned, 0u);
}

// Where there is no room for it, it is interpreted.
TEST_F(CachedCode, FullArena) {
  run();
  std::shared_ptr<Compiler> small = *make_compiler({.arena_bytes = 16 << 10});
  Engine engine(config_for(small));
  auto module = Module::from_binary(engine, bytes);
  cache::Cache::open(options)->attach(*module);
  Outcome outcome;
  call_all(*module, outcome);
  EXPECT_TRUE(outcome.is_right);
  EXPECT_EQ(small->statistics().loaded, 0u);
}

}  // namespace
}  // namespace brink::jit
