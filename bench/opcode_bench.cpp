// What single instructions cost in the interpreter: loops whose body is one instruction, with its operands, sixteen
// times over. `per_op` is the time for one, with a sixteenth of the loop's own.
//
//   opcode_bench [Google Benchmark's options]
//
// Runs with quick code; BRINK_BENCH_QUICKEN=0 for the bytes in place.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/engine.h"

namespace brink::bench {
namespace {

struct Case {
  const char* name;
  const char* body;  // uses the locals $i (counts down), $a, $b (i32), $l (i64), $x, $y (f64), $v, $w (v128)
};

constexpr Case kCases[] = {
    {"nothing", ""},
    // Locals, constants, globals, selection.
    {"local.set_of_local", "(local.set $a (local.get $b))"},
    {"local.set_of_constant", "(local.set $a (i32.const 7))"},
    {"global.get", "(local.set $a (global.get $g))"},
    {"global.set", "(global.set $g (local.get $a))"},
    {"select", "(local.set $a (select (local.get $a) (local.get $b) (local.get $i)))"},
    // Numbers.
    {"i32.add", "(local.set $a (i32.add (local.get $a) (local.get $b)))"},
    {"i32.add_constant", "(local.set $a (i32.add (local.get $a) (i32.const 3)))"},
    {"i32.mul", "(local.set $a (i32.mul (local.get $a) (local.get $b)))"},
    {"i32.div_u", "(local.set $a (i32.div_u (local.get $a) (i32.const 3)))"},
    {"i32.shl_add", "(local.set $a (i32.add (local.get $b) (i32.shl (local.get $a) (i32.const 2))))"},
    {"i32.rotl", "(local.set $a (i32.rotl (local.get $a) (i32.const 5)))"},
    {"i64.mul", "(local.set $l (i64.mul (local.get $l) (local.get $l)))"},
    {"i64.extend_i32_u", "(local.set $l (i64.extend_i32_u (local.get $a)))"},
    {"f64.add", "(local.set $x (f64.add (local.get $x) (local.get $y)))"},
    {"f64.mul_add", "(local.set $x (f64.add (local.get $x) (f64.mul (local.get $y) (local.get $y))))"},
    {"f64.sqrt", "(local.set $x (f64.sqrt (local.get $x)))"},
    {"i32.trunc_sat_f64_s", "(local.set $a (i32.trunc_sat_f64_s (local.get $x)))"},
    // Memory.
    {"i32.load", "(local.set $a (i32.load offset=64 (local.get $b)))"},
    {"i32.load_indexed",
     "(local.set $a (i32.load offset=1024 (i32.add (local.get $b) (i32.shl (local.get $b) (i32.const 2)))))"},
    {"i32.load8_u", "(local.set $a (i32.load8_u (local.get $b)))"},
    {"i32.store", "(i32.store offset=64 (local.get $b) (local.get $a))"},
    {"f64.load", "(local.set $x (f64.load (local.get $b)))"},
    {"f64.store", "(f64.store (local.get $b) (local.get $x))"},
    {"i32.load_of_memory64", "(local.set $a (i32.load $wide (i64.const 8)))"},
    {"memory.copy_64_bytes", "(memory.copy (i32.const 256) (i32.const 512) (i32.const 64))"},
    {"memory.fill_64_bytes", "(memory.fill (i32.const 256) (i32.const 1) (i32.const 64))"},
    // Branches.
    {"br_if_not_taken", "(block (br_if 0 (i32.gt_u (local.get $b) (i32.const 1000000))) (local.set $a (i32.const 1)))"},
    {"br_if_taken", "(block (br_if 0 (i32.lt_u (local.get $b) (i32.const 1000000))) (local.set $a (i32.const 1)))"},
    {"if_else", "(if (local.get $b) (then (local.set $a (i32.const 1))) (else (local.set $a (i32.const 2))))"},
    {"br_table", "(block (block (block (br_table 0 1 2 (local.get $b))) (local.set $a (i32.const 1))))"},
    // Calls.
    {"call", "(call $nothing)"},
    {"call_with_result", "(local.set $a (call $add (local.get $a) (local.get $b)))"},
    {"call_indirect", "(local.set $a (call_indirect (type $binary) (local.get $a) (local.get $b) (i32.const 0)))"},
    {"call_ref", "(local.set $a (call_ref $binary (local.get $a) (local.get $b) (ref.func $add)))"},
    {"call_of_host", "(local.set $a (call $host (local.get $a)))"},
    // Vectors.
    {"v128.load", "(local.set $v (v128.load (local.get $b)))"},
    {"v128.store", "(v128.store (local.get $b) (local.get $v))"},
    {"i32x4.add", "(local.set $v (i32x4.add (local.get $v) (local.get $w)))"},
    {"f32x4.mul", "(local.set $v (f32x4.mul (local.get $v) (local.get $w)))"},
    {"i8x16.shuffle", "(local.set $v (i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 (local.get $v) (local.get $w)))"},
    {"i8x16.popcnt", "(local.set $v (i8x16.popcnt (local.get $v)))"},
    {"i32x4.extract_lane", "(local.set $a (i32x4.extract_lane 1 (local.get $v)))"},
};

constexpr u32 kCopies = 16;

std::string module_of(const Case& c) {
  std::string text = R"((module
  (type $binary (func (param i32 i32) (result i32)))
  (import "host" "function" (func $host (param i32) (result i32)))
  (memory 1) (memory $wide i64 1) (table 1 funcref) (elem (i32.const 0) $add)
  (global $g (mut i32) (i32.const 1))
  (func $nothing)
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func (export "run") (param $i i32) (result i32)
    (local $a i32) (local $b i32) (local $l i64) (local $x f64) (local $y f64) (local $v v128) (local $w v128)
    (local.set $b (i32.const 1)) (local.set $l (i64.const 3)) (local.set $x (f64.const 1.5)) (local.set $y (f64.const 0.5))
    (loop $again
)";
  for (u32 i = 0; i < kCopies; ++i) text += std::string("      ") + c.body + "\n";
  return text + R"(      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.get $i))))";
}

void run(benchmark::State& state, const Case& c) {
  const char* quicken = std::getenv("BRINK_BENCH_QUICKEN");
  Engine engine({.quicken = quicken == nullptr || *quicken != '0'});
  auto module = Module::from_text(engine, module_of(c));
  if (!module) return state.SkipWithError(module.error().to_string().c_str());
  Store store(engine);
  Linker linker(engine);
  linker.define_function("host", "function", [](u32 value) -> u32 { return value; });
  auto instance = linker.instantiate(store, *module);
  if (!instance) return state.SkipWithError(instance.error().to_string().c_str());
  Function function = *instance->get_function("run");
  constexpr u32 kRounds = 2000;
  for (auto _ : state) {
    u64 slots[1] = {kRounds};
    if (auto outcome = function.call_slots(slots); !outcome)
      return state.SkipWithError(outcome.error().message().c_str());
    if (slots[0] != 0) return state.SkipWithError("wrong result");
  }
  state.counters["per_op"] = benchmark::Counter(static_cast<double>(state.iterations()) * kRounds * kCopies,
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace
}  // namespace brink::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const brink::bench::Case& c : brink::bench::kCases)
    benchmark::RegisterBenchmark(c.name, brink::bench::run, c)->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
