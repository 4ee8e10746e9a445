// Functions that become machine code while they run (runtime/tier_up.h), against the interpreter: results, traps and
// backtraces compared. Compilation waits where a test is to be the same in every run.
#include <chrono>
#include <latch>
#include <thread>

#include "engine/interrupt.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

Config by_heat(u32 threshold, bool in_background = false) {
  Config config;
  config.tier_threshold = threshold;
  config.compile_in_background = in_background;
  return config;
}

using Imports = std::function<void(Linker&)>;

// The same calls in the interpreter, and in guests whose functions become machine code after few and after many rounds.
class Tiers {
 public:
  explicit Tiers(const std::string& text, const StoreLimits& limits = {}, const Imports& imports = {})
      : interpreted_(text, nullptr, limits, imports) {
    for (u32 threshold : {1u, 2u, 3u, 7u, 20u})
      guests_.push_back(std::make_unique<Guest>(text, compiler(), limits, imports, by_heat(threshold)));
  }
  std::string expect_same(const std::string& name, const std::vector<Value>& arguments) {
    std::string wanted = interpreted_.call(name, arguments);
    for (auto& guest : guests_) EXPECT_EQ(guest->call(name, arguments), wanted) << name;
    return wanted;
  }
  // How many frames have changed code in the middle of a loop, in the guest with the highest threshold.
  u64 loop_entries() const { return guests_.back()->compiler()->statistics().loop_entries; }
  void expect_all_compiled() const {
    for (auto& guest : guests_) {
      Statistics statistics = guest->compiler()->statistics();
      EXPECT_GT(statistics.functions, 0u);
      EXPECT_EQ(statistics.left_out + statistics.out_of_room + statistics.failed, 0u);
    }
  }

 private:
  Guest interpreted_;
  std::vector<std::unique_ptr<Guest>> guests_;
};

TEST(TierUpLoops, OperandsBelowTheLoop) {
  Tiers tiers(R"((module (memory 1) (func (export "f") (param $n i32) (result i32 i64 f32 f64 i32 i32) (local $i i32)
    (local.get $n) (i64.const 0x123456789abcdef) (f32.const -0x1.8p5) (f64.mul (f64.convert_i32_s (local.get $n)) (f64.const 0.5))
    (i32.add (local.get $n) (i32.const 5))
    (loop $l (result i32)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $n (i32.mul (local.get $n) (i32.const 3)))
      (local.get $n)
      (if (param i32) (result i32) (i32.lt_u (local.get $i) (i32.const 100)) (then (drop) (br $l)) (else))))))");
  EXPECT_EQ(tiers.expect_same("f", {Value::i32(7)}).substr(0, 23), "7 81985529216486895 -48");
  tiers.expect_same("f", {Value::i32(-1)});
  EXPECT_EQ(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

TEST(TierUpLoops, NestedLoops) {
  Tiers tiers(R"((module (func (export "f") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $k i32) (local $s i64)
    (loop $a
      (local.set $j (i32.const 0))
      (loop $b
        (local.set $k (i32.const 0))
        (loop $c
          (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_u (i32.add (local.get $k) (local.get $j)))))
          (br_if $c (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
        (br_if $b (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 3))))
      (br_if $a (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
    (local.get $s))))");
  for (i32 n : {1, 2, 5, 19}) tiers.expect_same("f", {Value::i32(n)});
  EXPECT_GE(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

TEST(TierUpLoops, LocalsOfEveryType) {
  Tiers tiers(R"((module (type $box (struct (field i32)))
    (func $id (param i32) (result i32) (local.get 0))
    (elem declare func $id)
    (func (export "f") (param $n i32) (param $x f32) (result i32 i64 f32 f64 i32 i32)
      (local $i i32) (local $v v128) (local $l i64) (local $d f64) (local $box (ref null $box)) (local $f funcref) (local $w v128)
      (local.set $v (i32x4.splat (local.get $n)))
      (local.set $box (struct.new $box (i32.const 40)))
      (local.set $f (ref.func $id))
      (loop $loop
        (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $i))))
        (local.set $w (i64x2.add (local.get $v) (local.get $w)))
        (local.set $l (i64.add (local.get $l) (i64x2.extract_lane 1 (local.get $w))))
        (local.set $d (f64.add (local.get $d) (f64.promote_f32 (local.get $x))))
        (local.set $x (f32.mul (local.get $x) (f32.const 1.01)))
        (if (i32.and (local.get $i) (i32.const 1))
          (then (local.set $box (struct.new $box (i32.add (struct.get $box 0 (local.get $box)) (call $id (local.get $i)))))))
        (br_if $loop (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60))))
      (i32x4.extract_lane 3 (local.get $v)) (local.get $l) (local.get $x) (local.get $d)
      (struct.get $box 0 (local.get $box)) (ref.is_null (local.get $f)))))",
              {.gc_stress = true});
  std::string result = tiers.expect_same("f", {Value::i32(3), Value::f32(1.5)});
  // 3 + (0 + … + 59), and 40 + (1 + 3 + … + 59)
  EXPECT_EQ(result.substr(0, 5), "1773 ");
  EXPECT_EQ(result.substr(result.size() - 6), "940 0 ");
  EXPECT_EQ(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

TEST(TierUpLoops, ParametersOfLoops) {
  // Fibonacci numbers on the operand stack, with a value below.
  Tiers tiers(R"((module (func (export "f") (param $n i32) (result i64 i64 i32) (local $a i64) (local $b i64)
    (i64.const 77)
    (i64.const 0) (i64.const 1) (local.get $n)
    (loop $l (param i64 i64 i32) (result i64 i32)
      (local.set $n) (local.set $b) (local.set $a)
      (local.get $b) (i64.add (local.get $a) (local.get $b)) (i32.sub (local.get $n) (i32.const 1))
      (br_if $l (i32.gt_s (local.get $n) (i32.const 1)))
      (local.set $n) (drop) (local.get $n)))))");
  EXPECT_EQ(tiers.expect_same("f", {Value::i32(50)}), "77 12586269025 0 ");
  tiers.expect_same("f", {Value::i32(3)});
  EXPECT_EQ(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

TEST(TierUpLoops, BranchTablesThatGoBack) {
  Tiers tiers(R"((module (func (export "f") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (block $done
      (loop $outer
        (local.set $s (i32.xor (local.get $s) (i32.const 0x55)))
        (loop $inner
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (local.get $i)))
          (br_table $inner $outer $inner $done
            (select (i32.rem_u (local.get $i) (i32.const 3)) (i32.const 9) (i32.lt_u (local.get $i) (local.get $n)))))))
    (local.get $s))))");
  for (i32 n : {1, 10, 50, 200}) tiers.expect_same("f", {Value::i32(n)});
  EXPECT_GE(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

// Slots that one byte does not reach: wide quick code.
TEST(TierUpLoops, ManyLocals) {
  std::string text = "(module (func (export \"f\") (param i32) (result i64) (local $i i32) (local";
  for (int i = 0; i < 400; ++i) text += " i64";
  text += ") (loop $l (local.set 400 (i64.add (local.get 400) (i64.extend_i32_u (local.get $i)))) (local.set 7 (i64.add (local.get 7) (i64.const 3)))"
          " (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))"
          " (i64.add (i64.mul (local.get 7) (i64.const 1000000)) (local.get 400))))";
  Tiers tiers(text);
  EXPECT_EQ(tiers.expect_same("f", {Value::i32(100)}), "300004950 ");
  EXPECT_EQ(tiers.loop_entries(), 1u);
  tiers.expect_all_compiled();
}

// A loop in a function that is also entered anew, from itself: frames in both, in every order.
constexpr const char* kMixed = R"((module
  (import "host" "back" (func $back (param i32) (result i32)))
  (type $f (func (param i32) (result i32)))
  (table 4 funcref) (elem (i32.const 0) $tree $stays_interpreted $back)
  (memory 1)
  (tag $e (param i32))
  (func $tree (export "tree") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (loop $l
      (local.set $s (i32.add (local.get $s) (call_indirect (type $f) (i32.sub (local.get $n) (i32.const 1)) (i32.and (local.get $i) (i32.const 1)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
    (local.get $s))
  (func $stays_interpreted (param $n i32) (result i32) (local $i i32) (local $s i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 2))))
    (loop $l
      (block $caught (result i32)
        (local.set $s (i32.add (local.get $s) (try_table (result i32) (catch $e $caught) (call $tree (i32.sub (local.get $n) (i32.const 1))))))
        (i32.const 0))
      (local.set $s (i32.add (local.get $s)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2))))
    (local.get $s))
  (func $throws (param $n i32) (result i32) (local $i i32)
    (loop $l
      (if (i32.eq (local.get $i) (local.get $n)) (then (throw $e (i32.mul (local.get $n) (i32.const 100)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $l))
    (unreachable))
  (func $passes (param $n i32) (result i32) (local $i i32)
    (loop $l
      (if (i32.eq (local.get $i) (i32.const 30)) (then (return (call $throws (local.get $n)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $l))
    (unreachable))
  (func (export "throw") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (loop $l
      (block $caught (result i32)
        (try_table (result i32) (catch $e $caught) (call $passes (i32.add (local.get $n) (local.get $i)))))
      (local.set $s (i32.add (local.get $s)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40))))
    (local.get $s))
  (func (export "uncaught") (param $n i32) (result i32) (call $passes (local.get $n)))
  (func $divide (param $n i32) (result i32) (local $i i32) (local $s i32)
    (local.set $i (i32.const 50))
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.div_u (local.get $n) (local.get $i))))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br $l))
    (unreachable))
  (func (export "divide") (param $n i32) (result i32) (i32.add (i32.const 1) (call $divide (local.get $n))))
  (func (export "load") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.load (local.get $n))))
      (local.set $n (i32.add (local.get $n) (i32.const 64)))
      (br_if $l (i32.lt_u (local.get $n) (i32.const 70000))))
    (local.get $s))
  (func (export "host") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (call $back (local.get $i))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func $deep (export "deep") (param $n i32) (result i32) (local $i i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2))))
    (i32.add (i32.const 1) (call_indirect (type $f) (local.get $n) (i32.const 3))))
  (func $deep_interpreted (export "deep mixed") (param $n i32) (result i32)
    (i32.add (i32.const 1) (call $deep2 (local.get $n))))
  (func $deep2 (param $n i32) (result i32) (i32.add (i32.const 1) (call $deep_interpreted (local.get $n))))
  (elem (i32.const 3) $deep)))";

void add_host(Linker& linker) {
  linker.define_function("host", "back", [](Caller& caller, i32 value) -> Outcome<i32> {
    if (value == 60) return std::unexpected(Trap::host("sixty"));
    auto function = caller.instance().get_function(value % 2 == 0 ? "load" : "tree");
    auto results = function->call({Value::i32(value % 2 == 0 ? 69000 - value * 200 : value % 5)});
    if (!results) return std::unexpected(Trap::host("inner: " + results.error().message()));
    return results->at(0).as_i32() + 1;
  });
}

TEST(TierUpMixes, RecursionThroughLoops) {
  Tiers tiers(kMixed, {}, add_host);
  EXPECT_EQ(tiers.expect_same("tree", {Value::i32(8)}), "4240 ");
  EXPECT_GT(tiers.loop_entries(), 0u);
  for (i32 n : {0, 1, 2, 5, 9}) tiers.expect_same("tree", {Value::i32(n)});
}

TEST(TierUpMixes, ExceptionsLeaveLoops) {
  Tiers tiers(kMixed, {}, add_host);
  // 100 × (0 + … + 39), and 100 × 40 × 25 more
  EXPECT_EQ(tiers.expect_same("throw", {Value::i32(0)}), "78000 ");
  EXPECT_EQ(tiers.expect_same("throw", {Value::i32(25)}), "178000 ");
  EXPECT_GT(tiers.loop_entries(), 0u);
}

TEST(TierUpMixes, TrapsHaveTheInterpretersBacktrace) {
  for (int round = 0; round < 2; ++round) {
    Tiers tiers(kMixed, {}, add_host);
    // Within the loop's first rounds, and in later ones; then in functions that have been compiled.
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(tiers.expect_same("divide", {Value::i32(7)}).find("integer divide by zero"), 0u);
      EXPECT_EQ(tiers.expect_same("load", {Value::i32(round == 0 ? 65100 : 0)}).find("out of bounds memory access"), 0u);
      tiers.expect_same("host", {Value::i32(12)});
      EXPECT_NE(tiers.expect_same("host", {Value::i32(40)}).find("inner: "), std::string::npos);
    }
    EXPECT_GT(tiers.loop_entries(), 0u);
  }
}

TEST(TierUpMixes, UncaughtExceptions) {
  Tiers tiers(kMixed, {}, add_host);
  for (int again = 0; again < 3; ++again)
    EXPECT_EQ(tiers.expect_same("uncaught", {Value::i32(25)}).find("uncaught exception"), 0u);
}

// Where a function's depth changes with who runs it, only that it ends, and that everything works afterwards.
TEST(TierUpMixes, StackExhaustion) {
  for (u64 bytes : {u64{64} << 10, u64{1} << 20, u64{64} << 20})
    for (u32 threshold : {1u, 5u, 1000u, 100'000u}) {
      StoreLimits limits;
      limits.stack_bytes = bytes;
      Guest guest(kMixed, compiler(), limits, add_host, by_heat(threshold));
      for (int round = 0; round < 2; ++round) {
        for (const char* name : {"deep", "deep mixed"})
          EXPECT_EQ(guest.call(name, {Value::i32(1)}).find("call stack exhausted"), 0u) << name << " " << bytes;
        EXPECT_EQ(guest.call("throw", {Value::i32(0)}), "78000 ");
      }
    }
}

TEST(TierUpMixes, Interruption) {
  Guest guest(R"((module
    (func (export "loop") (loop (br 0)))
    (func (export "counts") (local i32) (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0)))
    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "calls") (local i32) (loop (local.set 0 (call $leaf (local.get 0))) (br 0)))
    (func $stays_interpreted (param i32) (if (local.get 0) (then (return_call $stays_interpreted (local.get 0)))))
    (func (export "stays") (loop (call $stays_interpreted (i32.const 1)) (br 0)))))",
              compiler(), {}, {}, by_heat(1000, true));
  InterruptHandle handle = guest.store().interrupt_handle();
  for (const char* name : {"loop", "counts", "calls", "stays", "loop"}) {
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that it has begun, most likely; it may not have
      handle.interrupt();
    });
    EXPECT_EQ(guest.call(name, {}).find("interrupted"), 0u) << name;
    other.join();
    guest.store().clear_interrupt();
  }
}

// Before the first instruction, whoever would have run it.
TEST(TierUpMixes, InterruptionBeforeTheFirstInstruction) {
  const char* text = "(module (func (export \"f\") (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 4))))";
  Guest interpreted(text, nullptr), compiled(text, compiler(), {}, {}, by_heat(1));
  std::string traps[2];
  for (int i = 0; i < 2; ++i) {
    Guest& guest = i == 0 ? interpreted : compiled;
    EXPECT_EQ(guest.call("f", {Value::i32(5)}), "19 ");
    guest.store().interrupt_handle().interrupt();
    traps[i] = guest.call("f", {Value::i32(5)});
  }
  EXPECT_EQ(traps[0].find("interrupted"), 0u);
  EXPECT_EQ(traps[1], traps[0]);
}

// --- What is asked of the compiler ---------------------------------------------------------------------------------------

constexpr const char* kSum = R"((module (func (export "f") (param $n i32) (result i64) (local $i i32) (local $s i64)
  (loop $l
    (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (local.get $i))))
    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
  (local.get $s))))";

TEST(TierUpRequests, NothingBelowTheThreshold) {
  Guest guest(kSum, compiler(), {}, {}, by_heat(100));
  guest.call("f", {Value::i32(98)});
  EXPECT_EQ(guest.compiler()->statistics().functions, 0u);
  guest.call("f", {Value::i32(1)});
  EXPECT_EQ(guest.compiler()->statistics().functions, 1u);
  // The first frame of machine code was the third call's.
  EXPECT_EQ(guest.call("f", {Value::i32(1000)}), "499500 ");
  EXPECT_EQ(guest.compiler()->statistics().functions, 1u);
}

TEST(TierUpRequests, RefusedOnce) {
  Guest guest("(module (func $interpreted (export \"f\") (param i32) (result i32) (local.get 0)))", compiler(), {}, {}, by_heat(1));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(guest.call("f", {Value::i32(i)}), std::to_string(i) + " ");
  EXPECT_EQ(guest.compiler()->statistics().left_out, 1u);
}

TEST(TierUpRequests, FullArena) {
  std::string text = four_hundred_functions();
  Guest interpreted(text, nullptr);
  Guest guest(text, compiler({.arena_bytes = small_arena()}), {}, {}, by_heat(2));
  for (i32 n : {0, 3, -7, 5, 9}) EXPECT_EQ(guest.call("f399", {Value::i32(n)}), interpreted.call("f399", {Value::i32(n)}));
  Statistics statistics = guest.compiler()->statistics();
  EXPECT_GT(statistics.functions, 0u);
  EXPECT_GT(statistics.out_of_room, 0u);
  EXPECT_EQ(statistics.functions + statistics.out_of_room, 400u);
}

TEST(TierUpRequests, WithFuelToo) {
  Config config = by_heat(1);
  config.consume_fuel = true;
  StoreLimits limits;
  limits.fuel = 1'000'000;
  Guest guest(kSum, compiler(), limits, {}, config);
  EXPECT_EQ(guest.call("f", {Value::i32(1000)}), "499500 ");
  EXPECT_EQ(guest.call("f", {Value::i32(1'000'000)}).find("all fuel consumed"), 0u);
  EXPECT_EQ(guest.compiler()->statistics().functions, 1u);
}

// A compiler that cannot begin leaves everything to the interpreter.
TEST(TierUpRequests, NoRoomForACompiler) {
  Guest guest(kSum, compiler({.arena_bytes = 0, .lazy = true}), {}, {}, by_heat(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guest.call("f", {Value::i32(1000)}), "499500 ");
  EXPECT_EQ(guest.compiler()->statistics().functions, 0u);
  EXPECT_EQ(guest.compiler()->statistics().out_of_room, 1u);
}

// --- In the background -----------------------------------------------------------------------------------------------------

TEST(TierUpBackground, ReachesARunningLoop) {
  Guest guest(R"((module (import "host" "ask" (func $ask (result i32))) (func (export "f") (param $n i32) (result i64) (local $i i64)
    (loop $l (local.set $i (i64.add (local.get $i) (i64.const 1))) (br_if $l (call $ask)))
    (local.get $i))))",
              compiler({.lazy = true}), {},
              [](Linker& linker) { linker.define_function("host", "ask", [](Caller&) -> Outcome<i32> { return 0; }); }, by_heat(10, true));
  EXPECT_EQ(guest.call("f", {Value::i32(0)}), "1 ");
  // One call that ends only when it has gone on in machine code.
  Guest* asked = nullptr;
  Guest waits(R"((module (import "host" "ask" (func $ask (result i32))) (func (export "f") (result i32) (local $i i64)
    (loop $l (local.set $i (i64.add (local.get $i) (i64.const 1))) (br_if $l (call $ask)))
    (i64.ge_u (local.get $i) (i64.const 9)))))",
              compiler({.lazy = true}), {},
              [&](Linker& linker) {
                linker.define_function("host", "ask", [&](Caller&) -> Outcome<i32> {
                  std::this_thread::yield();
                  return asked->compiler()->statistics().loop_entries == 0;
                });
              },
              by_heat(10, true));
  asked = &waits;
  EXPECT_EQ(waits.call("f", {}), "1 ");
}

// Modules that end while their functions wait for the compiler, or are with it.
TEST(TierUpBackground, ModulesThatEnd) {
  std::string text = "(module\n";
  for (u32 i = 0; i < 40; ++i) {
    text += "(func $f" + std::to_string(i) + " (export \"f" + std::to_string(i) + "\") (param i32) (result i32)\n";
    for (u32 k = 0; k < 40; ++k) text += "(local.set 0 (i32.add (local.get 0) (i32.const " + std::to_string(k) + ")))\n";
    text += i > 0 ? "(call $f" + std::to_string(i - 1) + " (local.get 0)))\n" : "(local.get 0))\n";
  }
  text += ")";
  Config config = by_heat(1, true);
  config.compiler = compiler({.arena_bytes = 16 << 20});
  Engine engine(config);
  for (int i = 0; i < 40; ++i) {
    auto module = Module::from_text(engine, text);
    ASSERT_TRUE(module);
    Store store(engine);
    auto instance = Linker(engine).instantiate(store, *module);
    auto results = instance->get_function("f39")->call({Value::i32(i)});
    ASSERT_TRUE(results);
    EXPECT_EQ(results->at(0).as_i32(), i + 40 * 780);
  }
}

// An engine ends with its guest still hot.
TEST(TierUpBackground, EnginesThatEnd) {
  for (int i = 0; i < 20; ++i) {
    Guest guest(kSum, compiler({.lazy = true}), {}, {}, by_heat(1, true));
    EXPECT_EQ(guest.call("f", {Value::i32(1000)}), "499500 ");
  }
}

TEST(TierUpBackground, OneModuleManyStores) {
  Config config = by_heat(20, true);
  config.compiler = compiler({.lazy = true});
  Engine engine(config);
  auto module = Module::from_text(engine, kSum);
  ASSERT_TRUE(module);
  constexpr int kThreads = 4;
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  std::vector<i64> sums(kThreads);
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      Store store(engine);
      auto instance = Linker(engine).instantiate(store, *module);
      begin.arrive_and_wait();
      for (i32 n = 1; n <= 300; ++n) {
        auto results = instance->get_function("f")->call({Value::i32(n)});
        if (results) sums[static_cast<size_t>(t)] += results->at(0).as_i64();
      }
    });
  for (std::thread& thread : threads) thread.join();
  i64 wanted = 0;
  for (i64 n = 1; n <= 300; ++n) wanted += n * (n - 1) / 2;
  for (i64 sum : sums) EXPECT_EQ(sum, wanted);
}

}  // namespace
}  // namespace brink::jit
