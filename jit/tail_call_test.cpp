// Tail calls in machine code, against the interpreter: the stacks must not grow, whoever takes turns with whom.
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

// Even and odd take turns, one of each pair in either tier, directly, by a table and by reference, with more
// arguments than travel in registers, from one signature to another.
constexpr const char* kTurns = R"((module
  (import "host" "count" (func $count (param i32 i64) (result i64)))
  (import "other" "down" (func $down (param i64 i64) (result i64)))
  (import "other" "table" (table $shared 1 funcref))
  (elem (table $shared) (i32.const 0) func $back)
  (elem declare func $ref_even)
  (type $wide (func (param i64 f64 i32 i64 i64 i64 i64 f32 v128 i64) (result i64)))
  (type $two (func (param i64 i64) (result i64)))
  (table $t 4 funcref) (elem (table $t) (i32.const 0) func $down $odd_interpreted $ref_odd)
  (func $even (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $odd (i64.add (local.get $sum) (local.get $n)) (i64.sub (local.get $n) (i64.const 1))))
  (func $odd (param $sum i64) (param $n i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $even (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n))))
  (func (export "direct") (param i64) (result i64) (call $even (local.get 0) (i64.const 0)))

  (func $even_mixed (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call_indirect $t (type $two) (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n)) (i32.const 1)))
  (func $odd_interpreted (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $even_mixed (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n))))
  (func (export "mixed") (param i64) (result i64) (call $even_mixed (local.get 0) (i64.const 0)))
  (func (export "mixed below") (param i64) (result i64) (i64.add (i64.const 7) (call $even_mixed (local.get 0) (i64.const 0))))

  (func $ref_odd (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call_ref $two (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n)) (ref.func $ref_even)))
  (func $ref_even (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call_indirect $t (type $two) (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n)) (i32.const 2)))
  (func (export "by reference") (param i64) (result i64) (call $ref_even (local.get 0) (i64.const 0)))

  (func $wide (param $n i64) (param f64 i32 i64 i64 i64 i64 f32 v128) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return
      (i64.add (i64.add (i64.trunc_f64_s (local.get 1)) (i64.extend_i32_s (local.get 2)))
        (i64.add (i64.xor (local.get 3) (i64.mul (local.get 4) (i64.const 3)))
          (i64.add (i64.sub (local.get 5) (local.get 6))
            (i64.add (i64.trunc_f32_s (local.get 7)) (i64.add (i64x2.extract_lane 1 (local.get 8)) (local.get $sum)))))))))
    (return_call $wide (i64.sub (local.get $n) (i64.const 1))
      (f64.add (local.get 1) (f64.const 1)) (i32.add (local.get 2) (i32.const 2))
      (local.get 4) (local.get 5) (local.get 6) (local.get 3) (f32.neg (local.get 7))
      (i64x2.add (local.get 8) (i64x2.splat (local.get $n))) (i64.add (local.get $sum) (local.get 3))))
  (func $narrow (param $n i64) (result i64)
    (return_call $wide (local.get $n) (f64.const 0.5) (i32.const 1) (i64.const 10) (i64.const 200) (i64.const 3000)
      (i64.const 40000) (f32.const 1) (v128.const i64x2 1 2) (i64.const 5)))
  (func (export "wide") (param i64) (result i64) (return_call $narrow (local.get 0)))

  (func (export "host") (param i64) (result i64) (return_call $count (i32.const 5) (local.get 0)))
  (func (export "other") (param i64) (result i64) (return_call $down (local.get 0) (i64.const 0)))
  (func $back (export "back") (param i64 i64) (result i64)
    (return_call_indirect $t (type $two) (local.get 0) (i64.add (local.get 1) (i64.const 1)) (i32.const 0)))
  (func $forever (export "forever") (param i64) (result i64) (return_call $forever (local.get 0)))
  (func (export "null") (param i64) (result i64) (return_call_indirect $t (type $two) (local.get 0) (local.get 0) (i32.const 3)))
  (func (export "outside") (param i64) (result i64) (return_call_indirect $t (type $two) (local.get 0) (local.get 0) (i32.const 4)))
  (func (export "wrong type") (param i64) (result i64) (return_call_indirect $t (param i64) (result i64) (local.get 0) (i32.const 1)))
  (func (export "null reference") (param i64) (result i64) (return_call_ref $two (local.get 0) (local.get 0) (ref.null $two)))))";

// The other instance, whose "down" tail-calls back into the first until its count has come down.
constexpr const char* kOther = R"((module
  (type $two (func (param i64 i64) (result i64)))
  (table (export "table") 1 funcref)
  (func (export "down") (param $n i64) (param $sum i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call_indirect (type $two) (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $sum) (local.get $n)) (i32.const 0)))))";

class Pair {
 public:
  explicit Pair(Config config) : engine_(std::move(config)), store_(engine_), linker_(engine_) {
    linker_.define_function("host", "count", [this](i32 a, i64 b) -> i64 {
      ++host_calls;
      return a + b;
    });
    add(kOther, "other");
    add(kTurns, "turns");
  }
  std::string call(const std::string& name, i64 argument) {
    auto outcome = instance_->get_function(name)->call({Value::i64(argument)});
    return outcome ? outcome->at(0).to_string() : outcome.error().to_string();
  }
  u32 host_calls = 0;

 private:
  void add(std::string_view text, const std::string& name) {
    auto module = Module::from_text(engine_, text, name + ".wat");
    ASSERT_TRUE(module) << module.error().to_string();
    auto instance = linker_.instantiate(store_, *module);
    ASSERT_TRUE(instance) << instance.error().to_string();
    instance_ = *instance;
    linker_.define_instance(name, *instance);
  }
  Engine engine_;
  Store store_;
  Linker linker_;
  std::optional<Instance> instance_;
};

Config interpreted() { return {}; }
Config compiled() {
  Config config;
  config.compiler = compiler();
  return config;
}
Config by_heat(u32 threshold) {
  Config config = compiled();
  config.tier_threshold = threshold;
  config.compile_in_background = false;
  return config;
}

TEST(TailCalls, StacksDoNotGrow) {
  for (const Config& config : {interpreted(), compiled(), by_heat(1), by_heat(1000)}) {
    Pair pair(config);
    for (const char* name : {"direct", "mixed", "by reference"})
      EXPECT_EQ(pair.call(name, 500'000), "125000250000") << name;
    EXPECT_EQ(pair.call("other", 500'000), "125000750000");  // there and back, and one more each time
    EXPECT_EQ(pair.call("mixed below", 500'001), "125000750008");
    EXPECT_EQ(pair.call("direct", 3), "6");
  }
}

// By hand (10 xor 600 is 594): after 4 rounds the four numbers are where they were, and each was added once.
TEST(TailCalls, ArgumentsGoWhereTheyBelong) {
  for (const Config& config : {interpreted(), compiled(), by_heat(1), by_heat(3)}) {
    Pair pair(config);
    i64 at_start = 0 + 1 + 594 + (3000 - 40000) + 1 + 2 + 5;
    EXPECT_EQ(pair.call("wide", 0), std::to_string(at_start));
    i64 sums = 10 + 200 + 3000 + 40000, lanes = 4 + 3 + 2 + 1;
    EXPECT_EQ(pair.call("wide", 4), std::to_string(at_start + 4 + 8 + sums + lanes));
    EXPECT_EQ(pair.call("host", 37), "42");
    EXPECT_EQ(pair.host_calls, 1u);
  }
}

TEST(TailCalls, TrapsHaveTheInterpretersBacktrace) {
  Pair wanted(interpreted()), pair(compiled());
  for (const char* name : {"null", "outside", "wrong type", "null reference"}) {
    std::string text = wanted.call(name, 1);
    EXPECT_NE(text.find("turns.wat"), std::string::npos) << text;
    EXPECT_EQ(pair.call(name, 1), text);
  }
}

}  // namespace
}  // namespace brink::jit
