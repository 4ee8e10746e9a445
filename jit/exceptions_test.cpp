// Exceptions in machine code, against the interpreter: who catches, what is pushed, and what the registers hold afterwards.
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

// $t throws by its argument: 0 not at all, 1 an $i of three values, 2 an $r with a reference, 3 an $v with a vector, 4 an empty $n.
// The functions between throw and catch use all registers that callees keep, integers and floats.
std::string with_throwers(const std::string& functions) {
  std::string busy_locals = "(local $c i32)", busy_begin, busy_end;
  for (u32 i = 1; i <= 10; ++i) {
    std::string n = std::to_string(i);
    busy_locals += " (local $a" + n + " i64) (local $f" + n + " f64)";
    busy_begin += "(local.set $a" + n + " (i64.mul (local.get $x) (i64.const " + n + ")))" +
                  "(local.set $f" + n + " (f64.mul (f64.convert_i64_s (local.get $x)) (f64.const " + n + ".5)))";
    busy_end += "(local.set $x (i64.add (local.get $x) (i64.xor (local.get $a" + n +
                ") (i64.trunc_f64_s (local.get $f" + n + ")))))";
  }
  // So much use in a loop that they are all worth a register.
  std::string busy = busy_locals + "(loop $l " + busy_begin + busy_end +
                     "(br_if $l (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 1))) (i32.const 3))))" + busy_begin;
  auto passer = [&](const std::string& name, const std::string& callee) {
    return "(func " + name + " (param $what i32) (param $x i64) (result i64) " + busy +
           "(local.set $x (i64.add (local.get $x) (call " + callee + " (local.get $what) (local.get $x))))" + busy_end +
           "(local.get $x))\n";
  };
  return R"((module
  (type $f (func (param i32 i64) (result i64)))
  (type $s (struct (field i64)))
  (import "host" "back" (func $back (param i32 i64) (result i64)))
  (tag $i (export "i") (param i64 f32 i32)) (tag $r (param (ref $s))) (tag $v (param v128)) (tag $n)
  (table $table 4 funcref) (elem (table $table) (i32.const 0) func $t $pass $pass_interpreted $back)
  (func $t (param $what i32) (param $x i64) (result i64)
    (block $empty (block $vector (block $reference (block $numbers (block $nothing
      (br_table $nothing $numbers $reference $vector $empty $nothing (local.get $what)))
      (return (i64.const 17)))
      (throw $i (local.get $x) (f32.const 2.5) (i32.const -9)))
      (throw $r (struct.new $s (i64.add (local.get $x) (i64.const 1)))))
      (throw $v (i64x2.splat (local.get $x))))
    (throw $n))
)" + passer("$pass", "$t") + passer("$pass2", "$pass") + passer("$pass_interpreted", "$t") + passer("$through_interpreted", "$pass_interpreted") + passer("$interpreted_through", "$pass") +
         passer("$through_both", "$interpreted_through") + passer("$through_host", "$back") + functions + ")";
}

// A function that catches, with its own locals in registers over the call.
std::string catcher(const std::string& name, const std::string& call) {
  return "(func (export \"" + name + R"(") (param $what i32) (param $x i64) (result i64 i64 f64)
    (local $y i64) (local $z f64) (local $u v128) (local $w i32) (local $g f32)
    (local.set $z (f64.const 0.25)) (local.set $y (i64.const 1000)) (local.set $g (f32.const 8))
    (loop $again
      (local.set $w (i32.add (local.get $w) (i32.const 1)))
      (local.set $y (i64.add (local.get $y) (local.get $x)))
      (local.set $z (f64.add (local.get $z) (f64.const 1.5)))
      (local.set $g (f32.mul (local.get $g) (f32.const 2)))
      (local.set $u (i64x2.add (local.get $u) (i64x2.splat (i64.extend_i32_u (local.get $w)))))
      (block $empty
        (block $vector (result v128)
          (block $reference (result (ref $s))
            (block $numbers (result i64 f32 i32)
              (local.set $y (i64.const 77))
              (local.set $y (i64.add (local.get $y) (try_table (result i64) (catch $i $numbers) (catch $r $reference) (catch $v $vector) (catch_all $empty)
                (local.set $z (f64.add (local.get $z) (f64.const 100)))
                (local.set $g (f32.add (local.get $g) (f32.const 1)))
                )" + call + R"()))
              (local.set $x (i64.add (local.get $x) (i64.const 5)))
              (br $empty))
            i64.extend_i32_s (local.set $y (i64.add (local.get $y)))
            f64.promote_f32 (local.set $z (f64.add (local.get $z)))
            (local.set $y (i64.add (local.get $y)))
            (br $empty))
          struct.get $s 0 (local.set $y (i64.add (local.get $y)))
          (br $empty))
        (local.set $u (i64x2.add (local.get $u))))
      (br_if $again (i32.lt_u (local.get $w) (i32.const 3))))
    (i64.add (local.get $y) (i64x2.extract_lane 1 (local.get $u)))
    (local.get $x)
    (f64.add (local.get $z) (f64.promote_f32 (local.get $g))))
)";
}

void add_host(Linker& linker) {
  linker.define_function("host", "back", [](Caller& caller, i32 what, i64 x) -> Outcome<i64> {
    if (what == 9) return std::unexpected(Trap::host("nine"));
    auto results = caller.instance().get_function("host calls")->call({Value::i32(what), Value::i64(x)});
    if (!results) return std::unexpected(results.error());
    return results->at(0).as_i64();
  });
}

const std::string kHostCalls = R"((func (export "host calls") (param i32 i64) (result i64) (call $pass2 (local.get 0) (local.get 1))))";

const std::vector<std::pair<std::string, std::string>> kCalls = {
    {"own", "(call $t (local.get $what) (local.get $x))"},
    {"pass", "(call $pass (local.get $what) (local.get $x))"},
    {"pass2", "(call $pass2 (local.get $what) (local.get $x))"},
    {"interpreted", "(call $pass_interpreted (local.get $what) (local.get $x))"},
    {"through", "(call $through_interpreted (local.get $what) (local.get $x))"},
    {"both", "(call $through_both (local.get $what) (local.get $x))"},
    {"indirect", "(call_indirect $table (type $f) (local.get $what) (local.get $x) (i32.rem_u (local.get $w) (i32.const 3)))"},
    {"reference", "(call_ref $f (local.get $what) (local.get $x) (ref.as_non_null (ref.func $pass_interpreted)))"},
};

std::string all_catchers() {
  std::string text = kHostCalls + "(elem declare func $pass_interpreted)\n";
  for (const auto& [name, call] : kCalls) text += catcher(name, call) + catcher(name + " interpreted", call);
  return with_throwers(text);
}

TEST(JitExceptions, WhatIsCaughtAndWhatIsKept) {
  Both both(all_catchers(), {}, add_host);
  for (const auto& [name, call] : kCalls)
    for (i32 what = 0; what <= 5; ++what)
      for (i64 x : {i64{0}, i64{-3}, i64{1} << 40})
        for (const std::string& who : {name, name + " interpreted"}) both.expect_same(who, {Value::i32(what), Value::i64(x)});
  // By hand: y = 77 + (x - 9 + x = 4) at each of three rounds, u's lane 1+2+3, z and g as they were in the block.
  EXPECT_EQ(both.compiled.call("own", {Value::i32(1), Value::i64(-5)}), std::to_string(77 - 9 - 5 + 6) + " -5 383.25 ");
}

// Every tier as long as it takes until a function is hot, with loops entered in the middle.
TEST(JitExceptions, WhileFunctionsBecomeHot) {
  Guest wanted(all_catchers(), nullptr, {}, add_host);
  for (u32 threshold : {1u, 7u, 50u}) {
    Config config;
    config.tier_threshold = threshold;
    config.compile_in_background = false;
    Guest guest(all_catchers(), compiler(), {}, add_host, config);
    for (int i = 0; i < 60; ++i) {
      const auto& [name, call] = kCalls[static_cast<size_t>(i) % kCalls.size()];
      std::vector<Value> arguments{Value::i32(i % 5), Value::i64(i)};
      EXPECT_EQ(guest.call(name, arguments), wanted.call(name, arguments)) << name << " " << i;
    }
  }
}

TEST(JitExceptions, UncaughtOnesAreTrapsWithAllFrames) {
  std::string text = with_throwers(kHostCalls + R"(
    (func (export "plain") (param i32 i64) (result i64) (call $through_both (local.get 0) (local.get 1)))
    (func (export "host") (param i32 i64) (result i64) (call $through_host (local.get 0) (local.get 1)))
    (func (export "other tag") (param i32 i64) (result i64)
      (block $caught (result i64 f32 i32) (return (try_table (result i64) (catch $i $caught) (call $pass_interpreted (local.get 0) (local.get 1)))))
      (drop) (drop))
    (func (export "a trap") (param i32 i64) (result i64)
      (block $caught (return (try_table (result i64) (catch_all $caught) (i64.div_s (local.get 1) (i64.extend_i32_s (local.get 0))))))
      (i64.const -1)))");
  Both both(text, {}, add_host);
  for (i32 what : {1, 2, 3, 4}) EXPECT_EQ(both.expect_same("plain", {Value::i32(what), Value::i64(3)}).find("uncaught exception"), 0u);
  for (i32 what : {0, 1, 4, 9}) both.expect_same("host", {Value::i32(what), Value::i64(3)});
  for (i32 what : {0, 1, 2, 4}) both.expect_same("other tag", {Value::i32(what), Value::i64(3)});
  EXPECT_EQ(both.expect_same("a trap", {Value::i32(0), Value::i64(3)}).find("integer divide by zero"), 0u);
}

// A trap behind a catch has the backtrace of its own place.
TEST(JitExceptions, TrapsBehindALanding) {
  Both both(with_throwers(kHostCalls + R"(
    (func (export "f") (param i32 i64) (result i64)
      (block $caught (drop (try_table (result i64) (catch_all $caught) (call $pass2 (local.get 0) (local.get 1)))))
      (i64.div_u (i64.const 1) (local.get 1))))"), {}, add_host);
  EXPECT_EQ(both.expect_same("f", {Value::i32(1), Value::i64(1)}), "1 ");
  both.expect_same("f", {Value::i32(4), Value::i64(0)});
  both.expect_all_compiled();
}

// Where clauses lead: loops, the function itself, blocks whose values are one, several or none, with operands below.
constexpr const char* kLabels = R"((module
  (tag $one (param i32)) (tag $two (param i32 f64)) (tag $vector (param v128)) (tag $none)
  (func $t (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 1)) (then (throw $one (i32.const 41))))
    (if (i32.eq (local.get $n) (i32.const 2)) (then (throw $two (i32.const 6) (f64.const 0.5))))
    (if (i32.eq (local.get $n) (i32.const 3)) (then (throw $vector (v128.const i32x4 1 2 3 4))))
    (if (i32.eq (local.get $n) (i32.const 4)) (then (throw $none))))
  (func (export "function") (param $n i32) (result i32) (local $other i32)
    (i32.add (i32.const 1) (try_table (result i32) (catch $one 0) (call $t (local.get $n)) (i32.const 5))))
  (func (export "function of two") (param $n i32) (result i32 f64)
    (try_table (catch $two 0) (call $t (local.get $n)))
    (i32.const 9) (f64.const 9))
  (func (export "function of vector") (param $n i32) (result v128)
    (try_table (catch $vector 0) (call $t (local.get $n)))
    (v128.const i64x2 7 7))
  (func (export "loop") (param $n i32) (result i32) (local $rounds i32) (local $sum i32)
    (i32.const 1000)
    (loop $l (param i32) (result i32)
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (i32.add (i32.const 3))
      (local.tee $sum)
      (if (i32.gt_u (local.get $rounds) (i32.const 4)) (then (return (i32.add (local.get $rounds) (local.get $sum)))))
      (try_table (catch $one $l) (call $t (local.get $n)))
      (i32.mul (i32.const 2)))
    (i32.add (local.get $rounds)))
  (func (export "below") (param $n i32) (result i32) (block $o
    (i32.const 100)
    (i32.add (local.get $n) (i32.const 10))
    (i32.mul (i32.const 3) (local.get $n))
    (block $b (param i32) (result i32 f64)
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (try_table (catch $two $b) (catch_all $o) (call $t (i32.sub (local.get $n) (i32.const 1))))
      (f64.const 0.75))
    (i32.trunc_f64_s (f64.mul (f64.const 4)))
    (i32.add) (i32.mul) (i32.add) (return)) (i32.const -4))
  (func (export "nested") (param $n i32) (param $outer i32) (result i32)
    (block $a (result i32)
      (try_table (result i32) (catch $one $a)
        (block $c (result i32 f64)
          (try_table (catch $two $c) (call $t (local.get $n)))
          (call $t (local.get $outer))
          (i32.const 60) (f64.const 1))
        (call $t (local.get $outer))
        (i32.trunc_f64_s) (i32.add))))
  (func (export "again") (param $n i32) (result i32) (local $e exnref) (local $count i32)
    (loop $l
      (block $out (result i32)
        (block $caught (result i32 exnref)
          (block $rest (result exnref)
            (try_table (catch_ref $one $caught) (catch_all_ref $rest)
              (if (ref.is_null (local.get $e)) (then (call $t (local.get $n))) (else (throw_ref (local.get $e)))))
            (return (i32.const -1)))
          (local.set $e) (i32.const 7) (br $out))
        (local.set $e))
      (local.set $count (i32.add (local.get $count)))
      (br_if $l (i32.lt_u (local.get $count) (i32.const 100))))
    (local.get $count))
  (func (export "unreachable code") (param $n i32) (result i32)
    (block $b (result i32)
      (br $b (i32.const 3))
      (try_table (result i32) (catch $one $b) (call $t (local.get $n)) (i32.const 1))))
  (func (export "no clauses") (param $n i32) (result i32)
    (block $b (result i32) (try_table (result i32) (catch $one $b) (try_table (call $t (local.get $n))) (i32.const 1))))
  (func $tail (param $n i32) (block $b (try_table (catch_all $b) (return_call $t (local.get $n)))))
  (func (export "tail call") (param $n i32) (result i32)
    (block $b (result i32) (try_table (result i32) (catch $one $b) (call $tail (local.get $n)) (i32.const 1))))
  (func $deep (param $n i32) (param $what i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (call $t (local.get $what)) (return (i32.const 0))))
    (block $b (result i32)
      (try_table (result i32) (catch $one $b) (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)) (local.get $what))))
      (return))
    (throw $one (i32.add (i32.const 1))))
  (func (export "deep") (param $n i32) (param $what i32) (result i32)
    (block $b (result i32) (try_table (result i32) (catch $one $b) (call $deep (local.get $n) (local.get $what)))))
  (func $endless (block $b (try_table (catch_all $b) (call $endless) (call $t (i32.const 1)))))
  (func (export "exhausted") (call $endless))))";

TEST(JitExceptions, WhereClausesLead) {
  Both both(kLabels);
  for (const char* name : {"function", "function of two", "function of vector", "loop", "below", "again", "unreachable code",
                           "no clauses", "tail call"})
    for (i32 n = 0; n <= 4; ++n) both.expect_same(name, {Value::i32(n)});
  for (i32 n = 0; n <= 4; ++n)
    for (i32 outer = 0; outer <= 4; ++outer) both.expect_same("nested", {Value::i32(n), Value::i32(outer)});
  for (i32 what : {0, 1, 2}) both.expect_same("deep", {Value::i32(500), Value::i32(what)});
  EXPECT_EQ(both.compiled.call("deep", {Value::i32(500), Value::i32(1)}), "541 ");
  EXPECT_EQ(both.compiled.call("function", {Value::i32(1)}), "41 ");
  EXPECT_EQ(both.compiled.call("function", {Value::i32(0)}), "6 ");
  EXPECT_EQ(both.compiled.call("exhausted", {}).find("call stack exhausted"), 0u);
  both.expect_all_compiled();
}

// The exceptions of before 3.0, and both kinds in one function.
constexpr const char* kLegacy = R"((module
  (tag $one (param i32)) (tag $two (param i64 v128)) (tag $none)
  (func $t (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 1)) (then (throw $one (i32.const 41))))
    (if (i32.eq (local.get $n) (i32.const 2)) (then (throw $two (i64.const 6) (v128.const i64x2 5 9))))
    (if (i32.eq (local.get $n) (i32.const 3)) (then (throw $none))))
  (func (export "catch") (param $n i32) (result i32) (local $x i32)
    (local.set $x (i32.const 10))
    (i32.add (i32.const 1000) (try (result i32)
      (do (local.set $x (i32.mul (local.get $x) (i32.const 2))) (call $t (local.get $n)) (i32.const 5))
      (catch $one (i32.add (local.get $x)))
      (catch $two drop i32.wrap_i64)
      (catch_all (i32.mul (local.get $x) (local.get $n))))))
  (func (export "rethrow") (param $n i32) (result i32)
    (try (result i32)
      (do (try (result i32)
        (do (call $t (local.get $n)) (i32.const 5))
        (catch $one (drop) (try (result i32) (do (throw $none)) (catch_all (rethrow 1))))
        (catch_all (rethrow 0))))
      (catch $one (i32.add (i32.const 100)))
      (catch $two i64x2.extract_lane 1 i64.add i32.wrap_i64)
      (catch_all (i32.const -3))))
  (func (export "delegate") (param $n i32) (result i32)
    (try $a (result i32)
      (do (try $b (result i32)
        (do (try (result i32) (do (call $t (local.get $n)) (i32.const 1)) (delegate $a)))
        (catch_all (i32.const -1))))
      (catch $one)
      (catch_all (i32.const -2))))
  (func (export "delegate out") (param $n i32) (result i32)
    (try $a (result i32) (do (try (result i32) (do (call $t (local.get $n)) (i32.const 1)) (delegate 1))) (catch_all (i32.const -1))))
  (func (export "delegate into catch") (param $n i32) (result i32)
    (try $a (result i32)
      (do (try $b (result i32) (do (throw $none))
        (catch_all (try (result i32) (do (call $t (local.get $n)) (i32.const 1)) (delegate $b)))))
      (catch $one)
      (catch_all (i32.const -2))))
  (func (export "mixed") (param $n i32) (result i32)
    (block $b (result i32)
      (try_table (result i32) (catch $one $b)
        (try (result i32)
          (do (block $c (try_table (catch $none $c) (call $t (local.get $n)))) (return (i32.const 1)))
          (catch $two drop i32.wrap_i64 (call $t (i32.const 1)))))))
  (func (export "branches out") (param $n i32) (result i32) (local $i i32)
    (loop $l (result i32)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (i32.const 7)
      (try
        (do (call $t (local.get $n)))
        (catch $one (drop) (br_if $l (i32.lt_u (local.get $i) (i32.const 5))))
        (catch_all (return (i32.const 8))))
      (i32.add (local.get $i))))
  (func (export "no catch") (param $n i32) (result i32)
    (try (result i32) (do (try (do (call $t (local.get $n)))) (i32.const 2)) (catch $one)))))";

TEST(JitExceptions, Legacy) {
  Both both(kLegacy);
  for (const char* name : {"catch", "rethrow", "delegate", "delegate out", "delegate into catch", "mixed", "branches out", "no catch"})
    for (i32 n = 0; n <= 3; ++n) both.expect_same(name, {Value::i32(n)});
  EXPECT_EQ(both.compiled.call("catch", {Value::i32(1)}), "1061 ");
  EXPECT_EQ(both.compiled.call("rethrow", {Value::i32(2)}), "15 ");
  both.expect_all_compiled();
}

// What a caught exception refers to lives on, whatever is collected; what is thrown is rooted on its way.
TEST(JitExceptions, Collection) {
  StoreLimits limits;
  limits.gc_heap_bytes = 1 << 20;
  std::string text = with_throwers(kHostCalls + R"(
    (func (export "f") (param $n i32) (result i64) (local $sum i64) (local $kept (ref null $s))
      (loop $l
        (block $next
          (block $caught (result (ref $s))
            (drop (try_table (result i64) (catch $r $caught) (call $through_both (i32.const 2) (i64.extend_i32_u (local.get $n)))))
            (br $next))
          (local.set $kept))
        (drop (struct.new $s (i64.const 1)))
        (local.set $sum (i64.add (local.get $sum) (struct.get $s 0 (local.get $kept))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))");
  Both both(text, limits, add_host);
  both.expect_same("f", {Value::i32(40'000)});
}

// A clause costs the same however many there are before it.
TEST(JitExceptions, FiftyThousandClauses) {
  std::string text = R"((module (tag $one (param i32)) (tag $other (param i32))
    (func $t (param i32) (if (local.get 0) (then (throw $one (local.get 0)))) (throw $other (i32.const 7)))
    (func (export "f") (param i32) (result i32)
      (block $b (result i32) (block $a (result i32) (try_table)";
  for (u32 i = 0; i < 50'000; ++i) text += " (catch $other $b)";
  text += " (catch $one $a) (call $t (local.get 0))) (unreachable)) (i32.const 100) (i32.add))))";
  Both both(text);
  EXPECT_EQ(both.expect_same("f", {Value::i32(5)}), "105 ");
  EXPECT_EQ(both.expect_same("f", {Value::i32(0)}), "7 ");
  both.expect_all_compiled();
}

}  // namespace
}  // namespace brink::jit
