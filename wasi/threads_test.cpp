// Guests that start threads: wasi-threads, and WASI's functions called by several of them at once.
#include "wasi/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>

namespace brink::wasi {
namespace {

constexpr const char* kImports = R"(
  (import "env" "memory" (memory 1 16 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (export "memory" (memory 0))
  (func $wait_for (param $address i32) (param $wanted i32) (local $found i32)
    (loop $again
      (local.set $found (i32.atomic.load (local.get $address)))
      (if (i32.ne (local.get $found) (local.get $wanted)) (then
        (drop (memory.atomic.wait32 (local.get $address) (local.get $found) (i64.const -1)))
        (br $again)))))
  (func $add (param $address i32) (param $value i32)
    (drop (i32.atomic.rmw.add (local.get $address) (local.get $value)))
    (drop (memory.atomic.notify (local.get $address) (i32.const -1)))))";

class WasiThreads : public testing::Test {
 protected:
  struct Run {
    Outcome<std::vector<Value>> outcome;  // of the export "main"
    std::optional<Trap> trap;             // what ended the program, if a thread did
    int ends = 0;                         // calls of on_end
  };

  Module compile(const std::string& fields) {
    auto module = Module::from_text(engine, "(module " + fields + ")");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      std::abort();
    }
    return *module;
  }

  // Runs "main" of a module with these fields behind kImports.
  Run run(const std::string& fields, u32 max_threads = 1024, bool ends_by_itself = true) {
    Module module = compile(kImports + fields);
    auto context = make_context(std::move(config));
    if (!context) std::abort();
    Linker linker(engine);
    add_to_linker(linker, *context);
    std::atomic<int> ends = 0;
    Store store(engine);
    auto threads = Threads::create(linker, module,
                                   {.max_threads = max_threads,
                                    .limits = {},
                                    .context = *context,
                                    .first = store.interrupt_handle(),
                                    .on_end = [&](const Trap&) { ++ends; }});
    if (!threads) {
      ADD_FAILURE() << threads.error().to_string();
      std::abort();
    }
    auto instance = linker.instantiate(store, module);
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    memory = instance->get_memory("memory")->shared();
    Run result{instance->get_function("main")->call({}), {}};
    if (ends_by_itself || !result.outcome) (*threads)->end();
    result.trap = (*threads)->join();
    result.ends = ends;
    return result;
  }

  u32 word(u64 address) {
    u32 value;
    std::memcpy(&value, memory->span(address, 4)->data(), 4);
    return value;
  }

  Engine engine;
  Config config;
  std::optional<SharedMemory> memory;
};

TEST_F(WasiThreads, AreStartedWithTheirNumberAndArgument) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param $id i32) (param $argument i32)
      (i32.atomic.store (local.get $argument) (local.get $id))
      (call $add (i32.const 0) (i32.const 1)))
    (func (export "main") (result i32)
      (i32.store (i32.const 1024) (call $spawn (i32.const 128)))
      (i32.store (i32.const 1028) (call $spawn (i32.const 132)))
      (i32.store (i32.const 1032) (call $spawn (i32.const 136)))
      (call $wait_for (i32.const 0) (i32.const 3))
      (i32.const 5)))");
  ASSERT_TRUE(result.outcome) << result.outcome.error().to_string();
  EXPECT_EQ(result.outcome->at(0).as_i32(), 5);
  EXPECT_FALSE(result.trap);
  EXPECT_EQ(result.ends, 0);
  for (u64 i = 0; i < 3; ++i) {
    EXPECT_GT(static_cast<i32>(word(1024 + 4 * i)), 0);
    EXPECT_LT(word(1024 + 4 * i), 1u << 29);
    EXPECT_EQ(word(128 + 4 * i), word(1024 + 4 * i)) << "the thread knows itself by the number its maker got";
    EXPECT_NE(word(1024 + 4 * i), word(1024 + 4 * ((i + 1) % 3)));
  }
}

TEST_F(WasiThreads, StartThreadsThemselves) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32) (param $depth i32)
      (if (local.get $depth) (then
        (drop (call $spawn (i32.sub (local.get $depth) (i32.const 1))))
        (drop (call $spawn (i32.sub (local.get $depth) (i32.const 1))))))
      (call $add (i32.const 0) (i32.const 1)))
    (func (export "main")
      (drop (call $spawn (i32.const 4)))
      (call $wait_for (i32.const 0) (i32.const 31))))");
  EXPECT_TRUE(result.outcome);
  EXPECT_FALSE(result.trap);
}

TEST_F(WasiThreads, HaveInstancesOfTheirOwn) {
  Run result = run(R"(
    (global $mine (mut i32) (i32.const 0))
    (func (export "wasi_thread_start") (param i32 i32)
      (global.set $mine (i32.add (global.get $mine) (i32.const 1)))
      (i32.atomic.store (local.get 1) (global.get $mine))
      (call $add (i32.const 0) (i32.const 1)))
    (func (export "main") (result i32)
      (global.set $mine (i32.const 10))
      (drop (call $spawn (i32.const 64)))
      (drop (call $spawn (i32.const 68)))
      (call $wait_for (i32.const 0) (i32.const 2))
      (global.get $mine)))");
  ASSERT_TRUE(result.outcome);
  EXPECT_EQ(result.outcome->at(0).as_i32(), 10);
  EXPECT_EQ(word(64), 1u);
  EXPECT_EQ(word(68), 1u);
}

TEST_F(WasiThreads, AreLimitedInNumber) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (call $wait_for (i32.const 4) (i32.const 1)))
    (func (export "main") (result i32)
      (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then (return (i32.const 1))))
      (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then (return (i32.const 2))))
      (if (i32.ge_s (call $spawn (i32.const 0)) (i32.const 0)) (then (return (i32.const 3))))
      (call $add (i32.const 4) (i32.const 1))
      ;; They end, and make room.
      (loop $again
        (drop (call $yield))
        (br_if $again (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0))))
      (i32.const 0)))",
                   2);
  ASSERT_TRUE(result.outcome);
  EXPECT_EQ(result.outcome->at(0).as_i32(), 0);
}

TEST_F(WasiThreads, ATrapIsTheProgramsEnd) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32) (param $traps i32)
      (if (local.get $traps) (then (unreachable)))
      (call $wait_for (i32.const 0) (i32.const 1)))
    (func (export "main")
      (drop (call $spawn (i32.const 0)))
      (drop (call $spawn (i32.const 0)))
      (drop (call $spawn (i32.const 1)))
      (call $wait_for (i32.const 0) (i32.const 1))))");
  ASSERT_FALSE(result.outcome);
  EXPECT_EQ(result.outcome.error().kind(), TrapKind::Interrupted);
  ASSERT_TRUE(result.trap);
  EXPECT_EQ(result.trap->kind(), TrapKind::Unreachable);
  EXPECT_EQ(result.ends, 1);
}

TEST_F(WasiThreads, SoIsProcExit) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32 i32) (call $exit (i32.const 42)))
    (func (export "main")
      (drop (call $spawn (i32.const 1)))
      (loop $again (drop (call $yield)) (br $again))))");
  ASSERT_FALSE(result.outcome);
  EXPECT_EQ(result.outcome.error().kind(), TrapKind::Interrupted) << "calls into WASI end as waits do";
  ASSERT_TRUE(result.trap);
  EXPECT_EQ(result.trap->kind(), TrapKind::Exit);
  EXPECT_EQ(result.trap->exit_code(), 42);
  EXPECT_EQ(result.ends, 1);
}

TEST_F(WasiThreads, ThatOnlyComputeEndToo) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32) (param $traps i32)
      (call $add (i32.const 0) (i32.const 1))
      (if (local.get $traps) (then (call $wait_for (i32.const 0) (i32.const 3)) (unreachable)))
      (loop $again (br $again)))
    (func (export "main")
      (drop (call $spawn (i32.const 0)))
      (drop (call $spawn (i32.const 0)))
      (drop (call $spawn (i32.const 1)))
      (loop $again (br $again))))");
  ASSERT_FALSE(result.outcome);
  EXPECT_EQ(result.outcome.error().kind(), TrapKind::Interrupted);
  ASSERT_TRUE(result.trap);
  EXPECT_EQ(result.trap->kind(), TrapKind::Unreachable);
}

TEST_F(WasiThreads, TheFirstThreadsEndIsTheEndOfAll) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32 i32)
      (call $add (i32.const 0) (i32.const 1))
      (call $wait_for (i32.const 4) (i32.const 1)))
    (func (export "main")
      (drop (call $spawn (i32.const 1)))
      (drop (call $spawn (i32.const 1)))
      (call $wait_for (i32.const 0) (i32.const 2))))");
  EXPECT_TRUE(result.outcome);
  EXPECT_FALSE(result.trap) << "how the others ended does not matter any more";
  EXPECT_EQ(result.ends, 0);
}

TEST_F(WasiThreads, MayAllEndBeforeTheFirstDoes) {
  Run result = run(R"(
    (func (export "wasi_thread_start") (param i32 i32) (call $add (i32.const 0) (local.get 1)))
    (func (export "main") (local $i i32)
      (loop $again
        (drop (call $spawn (local.get $i)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))))",
                   1024, false);
  EXPECT_TRUE(result.outcome);
  EXPECT_FALSE(result.trap);
  EXPECT_EQ(word(0), 99u * 100 / 2);
}

TEST_F(WasiThreads, AThreadThatCannotBeMadeEndsTheProgram) {
  Run result = run(R"(
    (func $start (if (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (then (unreachable))))
    (start $start)
    (func (export "wasi_thread_start") (param i32 i32))
    (func (export "main")
      (drop (call $spawn (i32.const 1)))
      (call $wait_for (i32.const 4) (i32.const 1))))");
  ASSERT_TRUE(result.trap);
  EXPECT_EQ(result.trap->kind(), TrapKind::Unreachable);
}

// Threads that write, open, list and close, all with the same few descriptors.
TEST_F(WasiThreads, ShareWhatWasiGives) {
  std::string folder = testing::TempDir() + "brink-threads-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::string output;
  config.directories = {{.host_path = folder, .guest_path = "."}};
  config.output = [&](std::span<const u8> bytes) {
    output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
  };
  config.max_descriptors = 8;  // so that they take turns
  Run result = run(R"(
    (data (i32.const 16) "line\0a")
    (data (i32.const 32) "\10\00\00\00\05\00\00\00")
    (data (i32.const 48) "file")
    (func (export "wasi_thread_start") (param i32) (param $base i32) (local $i i32) (local $fd i32)
      (loop $again
        (if (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.add (local.get $base) (i32.const 4)))
          (then (unreachable)))
        (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 48) (i32.const 4) (i32.const 1)
                       (i64.const 64) (i64.const 0) (i32.const 0) (local.get $base)))
          (then
            (local.set $fd (i32.load (local.get $base)))
            (drop (call $write (local.get $fd) (i32.const 32) (i32.const 1) (i32.add (local.get $base) (i32.const 4))))
            (drop (call $stat (local.get $fd) (i32.add (local.get $base) (i32.const 8))))
            (drop (call $renumber (local.get $fd) (i32.const 5)))
            (drop (call $close (local.get $fd)))))
        (drop (call $list (i32.const 3) (i32.add (local.get $base) (i32.const 64)) (i32.const 256) (i64.const 0)
                (i32.add (local.get $base) (i32.const 4))))
        (drop (call $close (i32.const 5)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
      (call $add (i32.const 0) (i32.const 1)))
    (func (export "main")
      (drop (call $spawn (i32.const 4096)))
      (drop (call $spawn (i32.const 8192)))
      (drop (call $spawn (i32.const 12288)))
      (call $wait_for (i32.const 0) (i32.const 3))))");
  EXPECT_TRUE(result.outcome) << result.outcome.error().to_string();
  EXPECT_FALSE(result.trap) << result.trap->to_string();
  std::string expected;
  for (int i = 0; i < 300; ++i) expected += "line\n";
  EXPECT_EQ(output, expected);
  std::filesystem::remove_all(folder);
}

TEST_F(WasiThreads, AreRefusedToModulesThatCannotHaveThem) {
  auto refusal = [&](const std::string& fields) -> std::string {
    Linker linker(engine);
    auto threads = Threads::create(linker, compile(fields), {});
    return threads ? "" : threads.error().message;
  };
  const std::string spawn = R"((import "wasi" "thread-spawn" (func (param i32) (result i32))))";
  const std::string shared = R"((import "env" "memory" (memory 1 1 shared)))";
  EXPECT_EQ(refusal(spawn + shared), "the module imports thread-spawn, but exports no function wasi_thread_start");
  EXPECT_EQ(refusal(spawn + shared + R"((func (export "wasi_thread_start") (param i32)))"),
            "wasi_thread_start must have type (func (param i32 i32)), but has (func (param i32))");
  const std::string start = R"((func (export "wasi_thread_start") (param i32 i32)))";
  EXPECT_EQ(refusal(spawn + start), "the module imports thread-spawn, but no shared memory");
  EXPECT_EQ(refusal(spawn + R"((import "env" "memory" (memory 1)))" + start),
            "the module imports thread-spawn, but no shared memory");
  EXPECT_EQ(refusal(spawn + shared + start), "");
  EXPECT_TRUE(Threads::are_used_by(compile(spawn).info()));
  EXPECT_FALSE(Threads::are_used_by(compile(shared).info()));
}

TEST_F(WasiThreads, MemoriesAreLimited) {
  Linker linker(engine);
  Module module = compile(R"((import "env" "memory" (memory 4 8 shared))
    (func (export "wasi_thread_start") (param i32 i32)))");
  StoreLimits limits;
  limits.memory_bytes = 3 << 16;
  auto threads = Threads::create(linker, module, {.limits = limits});
  ASSERT_FALSE(threads);
  EXPECT_EQ(threads.error().kind, ErrorKind::Limit);
}

}  // namespace
}  // namespace brink::wasi
