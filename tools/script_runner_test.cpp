#include "tools/script_runner.h"

#include <gtest/gtest.h>

#include <vector>

namespace brink::tools {
namespace {

struct ScriptRun {
  ScriptCounts counts;
  std::vector<std::string> lines;
};

ScriptRun run(std::string_view source, bool verbose = false, bool with_threads = false) {
  ScriptRun result;
  ScriptOptions options;
  if (with_threads) options.features.add(Feature::Threads);
  options.verbose = verbose;
  options.print = [&](std::string_view line) { result.lines.emplace_back(line); };
  result.counts = run_script("test.wast", source, options);
  return result;
}

TEST(ScriptRunner, CountsEveryCommand) {
  ScriptRun result = run(R"((module (func (export "one") (result i32) (i32.const 1)))
    (assert_return (invoke "one") (i32.const 1))
    (invoke "one"))");
  EXPECT_EQ(result.counts, (ScriptCounts{3, 0, 0}));
  EXPECT_TRUE(result.lines.empty());
}

TEST(ScriptRunner, AWrongResultFailsWithItsPlace) {
  ScriptRun result =
      run("(module (func (export \"one\") (result i32) (i32.const 1)))\n"
          "  (assert_return (invoke \"one\") (i32.const 2))");
  EXPECT_EQ(result.counts, (ScriptCounts{1, 1, 0}));
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_EQ(result.lines[0],
            "test.wast:2:3: assert_return \"one\": expected i32 2 (0x00000002), found i32 1 (0x00000001)");
}

TEST(ScriptRunner, ResultCountMatters) {
  EXPECT_EQ(run(R"((module (func (export "none")))
    (assert_return (invoke "none") (i32.const 0)))")
                .counts.failed,
            1u);
  EXPECT_EQ(run(R"((module (func (export "one") (result i32) (i32.const 0)))
    (assert_return (invoke "one")))")
                .counts.failed,
            1u);
}

TEST(ScriptRunner, TrapsAreToldApart) {
  const char* module = R"((module
    (func (export "div") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func $down (export "down") (call $down))))";
  EXPECT_EQ(run(std::string(module) + R"((assert_trap (invoke "div" (i32.const 0)) "integer divide by zero"))").counts,
            (ScriptCounts{2, 0, 0}));
  EXPECT_EQ(run(std::string(module) + R"((assert_trap (invoke "div" (i32.const 0)) "integer overflow"))").counts.failed,
            1u);
  EXPECT_EQ(run(std::string(module) + R"((assert_trap (invoke "div" (i32.const 1)) "integer overflow"))").counts.failed,
            1u);
  EXPECT_EQ(run(std::string(module) + R"((assert_exhaustion (invoke "down") "call stack exhausted"))").counts,
            (ScriptCounts{2, 0, 0}));
  EXPECT_EQ(run(std::string(module) + R"((assert_trap (invoke "div" (i32.const 0)) "no such trap"))").counts.failed,
            1u);
}

TEST(ScriptRunner, MalformedAndInvalidAreToldApart) {
  const char* malformed = R"wat((module quote "(func (i32.const))"))wat";
  const char* invalid = R"((module (func (result i32) (i64.const 0))))";
  auto assertion = [](const char* name, const char* module) {
    return "(" + std::string(name) + " " + module + " \"some message\")";
  };
  EXPECT_EQ(run(assertion("assert_malformed", malformed)).counts, (ScriptCounts{1, 0, 0}));
  EXPECT_EQ(run(assertion("assert_invalid", invalid)).counts, (ScriptCounts{1, 0, 0}));
  EXPECT_EQ(run(assertion("assert_malformed", invalid)).counts, (ScriptCounts{0, 1, 0}));
  EXPECT_EQ(run(assertion("assert_invalid", malformed)).counts, (ScriptCounts{0, 1, 0}));
  EXPECT_EQ(run(assertion("assert_invalid", "(module)")).counts, (ScriptCounts{0, 1, 0}));
}

TEST(ScriptRunner, LinkErrorsAreToldApartFromTraps) {
  EXPECT_EQ(run(R"((assert_unlinkable (module (import "spectest" "no such thing" (func))) "unknown import"))").counts,
            (ScriptCounts{1, 0, 0}));
  EXPECT_EQ(run(R"((assert_unlinkable (module (func $f (unreachable)) (start $f)) "unknown import"))").counts.failed,
            1u);
  EXPECT_EQ(run(R"((assert_trap (module (func $f (unreachable)) (start $f)) "unreachable"))").counts,
            (ScriptCounts{1, 0, 0}));
}

TEST(ScriptRunner, RegisteredInstancesCanBeImported) {
  EXPECT_EQ(run(R"((module $a (global (export "g") i32 (i32.const 7)))
    (register "a" $a)
    (module (import "a" "g" (global i32)) (func (export "get") (result i32) (global.get 0)))
    (assert_return (invoke "get") (i32.const 7))
    (assert_return (get $a "g") (i32.const 7)))")
                .counts,
            (ScriptCounts{5, 0, 0}));
}

TEST(ScriptRunner, AssertionsAfterABadModuleFail) {
  EXPECT_EQ(run(R"((module (func (export "f")))
    (module (import "spectest" "no such thing" (func)) (func (export "f")))
    (assert_return (invoke "f")))")
                .counts,
            (ScriptCounts{1, 2, 0}));
}

TEST(ScriptRunner, SpectestProvidesItsGlobals) {
  EXPECT_EQ(run(R"((module (import "spectest" "global_i32" (global i32)) (import "spectest" "global_f64" (global f64))
      (import "spectest" "memory" (memory 1 2)) (import "spectest" "table" (table 10 20 funcref))
      (import "spectest" "table64" (table i64 10 20 funcref))
      (export "i" (global 0)) (export "d" (global 1)))
    (assert_return (get "i") (i32.const 666))
    (assert_return (get "d") (f64.const 666.6)))")
                .counts,
            (ScriptCounts{3, 0, 0}));
}

TEST(ScriptRunner, PrintsOnlyWhenVerbose) {
  const char* script = R"((module (import "spectest" "print_i32" (func $p (param i32)))
    (func (export "f") (call $p (i32.const -5))))
    (invoke "f"))";
  EXPECT_TRUE(run(script).lines.empty());
  EXPECT_EQ(run(script, true).lines, (std::vector<std::string>{"print_i32 -5"}));
}

TEST(ScriptRunner, CommandsItDoesNotKnowAreSkippedAloud) {
  ScriptRun result = run("(module)\n(input \"other.wast\")");
  EXPECT_EQ(result.counts, (ScriptCounts{1, 0, 1}));
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_TRUE(result.lines[0].starts_with("test.wast:2:1: skipped: ")) << result.lines[0];
}

TEST(ScriptRunner, AScriptThatCannotBeParsedIsOneFailure) {
  ScriptRun result = run("(module)\n(assert_return (invoke");
  EXPECT_EQ(result.counts, (ScriptCounts{0, 1, 0}));
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_TRUE(result.lines[0].starts_with("test.wast:2:")) << result.lines[0];
}

TEST(ScriptRunner, WithoutAProposalWhatNeedsItIsInvalid) {
  const char* script = R"((assert_invalid (module (memory 1) (memory 1)) "multiple memories"))";
  ScriptOptions options;
  EXPECT_EQ(run_script("test.wast", script, options), (ScriptCounts{0, 1, 0})) << "valid in 3.0";
  options.features.remove(Feature::MultiMemory);
  EXPECT_EQ(run_script("test.wast", script, options), (ScriptCounts{1, 0, 0}));
}

// As the threads proposal's scripts have it: message passing through a memory that two threads share.
TEST(ScriptRunner, ThreadsShareMemories) {
  ScriptRun result = run(R"((module $Mem (memory (export "shared") 1 1 shared))
    (thread $T1 (shared (module $Mem))
      (register "mem" $Mem)
      (module
        (memory (import "mem" "shared") 1 1 shared)
        (func (export "run")
          (i32.store (i32.const 0) (i32.const 42))
          (i32.atomic.store (i32.const 4) (i32.const 1))
          (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))))
      (invoke "run"))
    (thread $T2 (shared (module $Mem))
      (register "mem" $Mem)
      (module
        (memory (import "mem" "shared") 1 1 shared)
        (func (export "run") (result i32)
          (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
          (i32.load (i32.const 0))))
      (assert_return (invoke "run") (i32.const 42))
      (assert_return (invoke "run") (i32.const 41)))
    (wait $T1)
    (wait $T2))",
                         false, true);
  EXPECT_EQ(result.counts, (ScriptCounts{11, 1, 0}));
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_EQ(result.lines[0],
            "test.wast:19:7: assert_return \"run\": expected i32 41 (0x00000029), found i32 42 (0x0000002a)");
}

TEST(ScriptRunner, ThreadsHaveNamesAndAreWaitedFor) {
  ScriptRun result = run(R"((thread $t (module (func unreachable) (start 0)))
    (thread $t (module))
    (wait $u)
    (thread $v (shared (module $none))))",
                         false, true);
  EXPECT_EQ(result.counts, (ScriptCounts{1, 4, 0}));
  ASSERT_EQ(result.lines.size(), 4u);
  EXPECT_EQ(result.lines[0], "test.wast:2:5: thread: a thread $t is running already");
  EXPECT_EQ(result.lines[1], "test.wast:3:5: wait: no thread $u");
  EXPECT_EQ(result.lines[2], "test.wast:4:5: thread: no instance $none");
  EXPECT_EQ(result.lines[3], "test.wast:1:12: module: trap: unreachable");
}

}  // namespace
}  // namespace brink::tools
