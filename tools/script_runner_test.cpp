#include "tools/script_runner.h"

#include <gtest/gtest.h>

#include <vector>

namespace brink::tools {
namespace {

struct ScriptRun {
  ScriptCounts counts;
  std::vector<std::string> lines;
};

ScriptRun run(std::string_view source, bool verbose = false) {
  ScriptRun result;
  ScriptOptions options;
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
  ScriptRun result = run("(module)\n(thread $t (module))");
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

}  // namespace
}  // namespace brink::tools
