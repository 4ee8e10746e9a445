// Legacy exceptions end to end, where the official suite does not look: what a catch leaves on the stack, both forms of
// exceptions in one function, frames of other instances and of the host, the garbage collector, deep nesting.
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace brink {
namespace {

using Results = Outcome<std::vector<Value>>;

class LegacyExceptions : public ::testing::Test {
 protected:
  Instance instantiate(std::string_view text) {
    auto module = Module::from_text(engine, text, "test.wat");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      std::abort();
    }
    return instantiate(*module);
  }
  Instance instantiate(const Module& module) {
    auto instance = linker.instantiate(store, module);
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    return *instance;
  }
  static StoreLimits stress() {
    StoreLimits limits;
    limits.gc_stress = true;
    return limits;
  }
  static Results call(Instance instance, std::string_view name, std::initializer_list<Value> arguments = {}) {
    return instance.get_function(name)->call(arguments);
  }
  // The results as integers, or the trap's kind negated and less 1000.
  static std::vector<i64> values(const Results& results) {
    if (!results) return {-1000 - static_cast<i64>(results.error().kind())};
    std::vector<i64> list;
    for (const Value& value : *results) list.push_back(value.type() == kI32 ? value.as_i32() : value.as_i64());
    return list;
  }
  static std::vector<i64> trap(TrapKind kind) { return {-1000 - static_cast<i64>(kind)}; }

  Engine engine;
  Store store{engine, stress()};
  Linker linker{engine};
};

using List = std::vector<i64>;

TEST_F(LegacyExceptions, ACatchLeavesNothingButItsResults) {
  Instance instance = instantiate(R"((module
    (tag $e (param i32 i64))
    (type $two (func (result i32 i64)))
    (func (export "fall") (param i32) (result i32 i32 i64 i32)
      (i32.const 7)
      (try (type $two)
        (do (i32.const 1) (i64.const 2)
            (if (local.get 0) (then (throw $e (i32.const 3) (i64.const 4)))))
        (catch $e))
      (i32.const 9))
    (func (export "branch") (param i32) (result i32 i32 i64 i32)
      (i32.const 7)
      (block $out (type $two)
        (try $t (type $two)
          (do (throw $e (i32.const 3) (i64.const 4)))
          (catch $e
            (br_if $t (local.get 0)) (drop) (drop)
            (br $out (i32.const 5) (i64.const 6)))))
      (i32.const 9))
    (func (export "second arm") (result i32 i32 i32)
      (i32.const 7)
      (try (result i32)
        (do (throw $e (i32.const 1) (i64.const 1)))
        (catch $e (drop) (i32.add (i32.const 10)))
        (catch_all (i32.const 2)))
      (i32.const 9))
    (func (export "parameters") (param i32) (result i32)
      (local.get 0)
      (try (param i32) (result i32)
        (do (if (param i32) (result i32) (local.get 0)
              (then (throw $e (i64.const 8))) (else)))
        (catch $e (drop))))
    (func (export "returns") (result i32)
      (i32.const 1)
      (try (result i32)
        (do (throw $e (i32.const 42) (i64.const 0)))
        (catch $e (drop) (return)))
      (i32.add))
    (func (export "loop") (param i32) (result i32) (local $sum i32)
      (loop $again
        (try
          (do (throw $e (local.get 0) (i64.const 0)))
          (catch $e
            (drop) (local.set $sum (i32.add (local.get $sum)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if $again (local.get 0)))))
      (local.get $sum))))");
  EXPECT_EQ(values(call(instance, "fall", {Value::i32(0)})), (List{7, 1, 2, 9}));
  EXPECT_EQ(values(call(instance, "fall", {Value::i32(1)})), (List{7, 3, 4, 9}));
  EXPECT_EQ(values(call(instance, "branch", {Value::i32(0)})), (List{7, 5, 6, 9}));
  EXPECT_EQ(values(call(instance, "branch", {Value::i32(1)})), (List{7, 3, 4, 9}));
  EXPECT_EQ(values(call(instance, "second arm")), (List{7, 11, 9}));
  EXPECT_EQ(values(call(instance, "parameters", {Value::i32(0)})), (List{0}));
  EXPECT_EQ(values(call(instance, "parameters", {Value::i32(6)})), (List{6}));
  EXPECT_EQ(values(call(instance, "returns")), (List{42}));
  EXPECT_EQ(values(call(instance, "loop", {Value::i32(100)})), (List{5050}));
}

TEST_F(LegacyExceptions, VectorsTakeTwoSlotsAboveTheException) {
  Instance instance = instantiate(R"((module
    (tag $e (param v128 i32))
    (func (export "f") (param v128) (result i64 i32 i64) (local v128)
      (try (result i64 i32)
        (do (throw $e (local.get 0) (i32.const 5)))
        (catch $e
          (local.set 0 (v128.const i64x2 0 0))
          (try (param v128 i32) (result i64 i32)
            (do (throw $e))
            (catch $e (drop) (local.set 1) (i64x2.extract_lane 1 (local.get 1)) (i32.const 6)))))
      (i64x2.extract_lane 0 (local.get 1)))))");
  Value vector = Value::v128(V128{{1, 0, 0, 0, 0, 0, 0, 0, 2}});
  EXPECT_EQ(values(call(instance, "f", {vector})), (List{2, 6, 1}));
}

TEST_F(LegacyExceptions, BothFormsMix) {
  Instance instance = instantiate(R"((module
    (tag $e (param i32))
    (tag $other)
    ;; A reference that try_table caught is thrown again into a legacy catch, which rethrows it into a try_table.
    (func (export "mixed") (result i32)
      (block $outer (result i32)
        (try_table (catch $e $outer)
          (try
            (do
              (block $ref (result exnref)
                (try_table (catch_all_ref $ref) (throw $e (i32.const 31)))
                (unreachable))
              (throw_ref))
            (catch $other (unreachable))
            (catch $e (drop) (rethrow 0))))
        (unreachable)))
    ;; delegate to a try_table's label, and past one
    (func (export "delegate to try_table") (result i32)
      (block $far (result i32)
        (try_table (catch $e $far)
          (block $near (result i32)
            (try_table $t (catch $e $near)
              (try (do (try (do (throw $e (i32.const 1))) (delegate $t))) (catch_all (unreachable))))
            (unreachable))
          (i32.add (i32.const 10))
          (return))
        (unreachable)))
    (func (export "delegate past try_table") (result i32)
      (block $far (result i32)
        (try_table $t (catch $e $far)
          (block $near (result i32)
            (try_table (catch $e $near)
              (try (do (throw $e (i32.const 2))) (delegate $t)))
            (unreachable))
          (drop))
        (unreachable)))))");
  EXPECT_EQ(values(call(instance, "mixed")), (List{31}));
  EXPECT_EQ(values(call(instance, "delegate to try_table")), (List{11}));
  EXPECT_EQ(values(call(instance, "delegate past try_table")), (List{2}));
}

TEST_F(LegacyExceptions, DelegateLeavesOutWhatStandsBetween) {
  Instance instance = instantiate(R"((module
    (tag $e)
    (func $thrower (throw $e))
    ;; Out of the function although a catch_all is around it.
    (func $to_caller
      (try (do (try (do (call $thrower)) (delegate 1))) (catch_all (unreachable))))
    (func (export "caller") (result i32)
      (try (result i32) (do (call $to_caller) (i32.const 0)) (catch $e (i32.const 1))))
    ;; A delegate leads to another delegate, which leads out.
    (func $chain
      (try $a
        (do (try $b
              (do (try (do (call $thrower)) (delegate $b)))
              (delegate 1)))
        (catch_all (unreachable))))
    (func (export "chain") (result i32)
      (try (result i32) (do (call $chain) (i32.const 0)) (catch $e (i32.const 2))))
    ;; From inside an else, to the if's label, inside of a try.
    (func (export "else") (param i32) (result i32)
      (try (result i32)
        (do (if (local.get 0)
              (then)
              (else (try (do (try (do (call $thrower)) (delegate 1))) (catch_all (unreachable)))))
            (i32.const 3))
        (catch_all (i32.const 4))))
    (func (export "falls through") (result i32)
      (try (result i32) (do (i32.const 5)) (delegate 0)))))");
  EXPECT_EQ(values(call(instance, "caller")), (List{1}));
  EXPECT_EQ(values(call(instance, "chain")), (List{2}));
  EXPECT_EQ(values(call(instance, "else", {Value::i32(0)})), (List{4}));
  EXPECT_EQ(values(call(instance, "else", {Value::i32(1)})), (List{3}));
  EXPECT_EQ(values(call(instance, "falls through")), (List{5}));
}

TEST_F(LegacyExceptions, TrapsAreNotCaught) {
  linker.define_function("host", "fail", []() -> Outcome<void> { return std::unexpected(Trap::host("no")); });
  Instance instance = instantiate(R"((module
    (import "host" "fail" (func $fail))
    (memory 1)
    (func $deeper (call $deeper))
    (func (export "host") (try (do (call $fail)) (catch_all)))
    (func (export "memory") (try (do (drop (i32.load (i32.const -1)))) (catch_all)))
    (func (export "stack") (try (do (call $deeper)) (catch_all)))
    (func (export "null") (try (do (throw_ref (ref.null exn))) (catch_all)))))");
  EXPECT_EQ(values(call(instance, "host")), trap(TrapKind::Host));
  EXPECT_EQ(values(call(instance, "memory")), trap(TrapKind::MemoryOutOfBounds));
  EXPECT_EQ(values(call(instance, "stack")), trap(TrapKind::StackExhausted));
  EXPECT_EQ(values(call(instance, "null")), trap(TrapKind::NullReference));
}

TEST_F(LegacyExceptions, CrossInstances) {
  Instance thrower = instantiate(R"((module
    (tag (export "tag") (param i32))
    (tag $secret (param i64))
    (func (export "throw") (param i32) (throw 0 (local.get 0)))
    (func (export "secret") (throw $secret (i64.const 1)))))");
  linker.define_instance("a", thrower);
  Instance middle = instantiate(R"((module
    (import "a" "throw" (func $throw (param i32)))
    (func (export "pass") (param i32) (try (do (call $throw (local.get 0))) (catch_all (rethrow 0))))))");
  linker.define_instance("b", middle);
  Instance outer = instantiate(R"((module
    (import "a" "tag" (tag $tag (param i32)))
    (import "a" "secret" (func $secret))
    (import "b" "pass" (func $pass (param i32)))
    (tag $mine (param i32))
    (memory 1)
    (func (export "catch") (param i32) (result i32)
      (i32.store (i32.const 8) (i32.const 100))
      (try (result i32)
        (do (call $pass (local.get 0)) (i32.const 0))
        (catch $mine)
        (catch $tag (i32.add (i32.load (i32.const 8))))))
    (func (export "secret") (result i32)
      (try (result i32) (do (call $secret) (i32.const 0)) (catch $mine) (catch_all (i32.const 3))))
    (func (export "uncaught") (try (do (call $secret)) (catch $mine (drop))))))");
  EXPECT_EQ(values(call(outer, "catch", {Value::i32(5)})), (List{105}));
  EXPECT_EQ(values(call(outer, "secret")), (List{3}));
  EXPECT_EQ(values(call(outer, "uncaught")), trap(TrapKind::UncaughtException));
}

// An exception that leaves the guest for the host has become a trap, and stays one.
TEST_F(LegacyExceptions, DoNotCrossTheHost) {
  std::optional<Function> callee;
  u32 traps = 0;
  linker.define_function("host", "call", [&]() -> Outcome<void> {
    auto outcome = callee->call({});
    if (outcome) return {};
    EXPECT_EQ(outcome.error().kind(), TrapKind::UncaughtException);
    ++traps;
    return std::unexpected(std::move(outcome.error()));
  });
  Instance instance = instantiate(R"((module
    (import "host" "call" (func $call))
    (tag $e)
    (func (export "throw") (throw $e))
    (func (export "f") (try (do (call $call)) (catch $e) (catch_all)))
    (func (export "g") (result i32)
      (try (result i32) (do (throw $e)) (catch $e (i32.const 1))))))");
  callee = instance.get_function("throw");
  EXPECT_EQ(values(call(instance, "f")), trap(TrapKind::UncaughtException));
  EXPECT_EQ(traps, 1u);
  EXPECT_EQ(values(call(instance, "g")), (List{1})) << "the store goes on";
}

TEST_F(LegacyExceptions, TheCaughtExceptionOutlivesCollections) {
  Instance instance = instantiate(R"((module
    (type $box (struct (field i32)))
    (tag $e (param (ref $box) i64))
    (func $garbage (param i32)
      (loop $more
        (drop (struct.new $box (i32.const -1)))
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func $thrower (param i32)
      (throw $e (struct.new $box (local.get 0)) (i64.const 77)))
    ;; Nobody but the catches knows the exceptions while garbage is made.
    (func $rethrower (param i32)
      (try
        (do (call $thrower (local.get 0)))
        (catch $e
          (drop) (drop)
          (try
            (do (call $thrower (i32.const 1000)))
            (catch_all
              (call $garbage (i32.const 50))
              (if (i32.and (local.get 0) (i32.const 1)) (then (rethrow 1)))
              (rethrow 1))))))
    (func (export "f") (param i32) (result i32 i64)
      (try (result i32 i64)
        (do (call $rethrower (local.get 0)) (unreachable))
        (catch $e
          (call $garbage (i32.const 50))
          (local.set 0 (i32.wrap_i64))
          (struct.get $box 0)
          (i64.extend_i32_s (local.get 0)))))))");
  EXPECT_EQ(values(call(instance, "f", {Value::i32(1)})), (List{1000, 77}));
  EXPECT_EQ(values(call(instance, "f", {Value::i32(42)})), (List{42, 77}));
  EXPECT_GT(store.gc_statistics().collections, 200u);
  store.collect_garbage();
  EXPECT_EQ(store.gc_statistics().live_bytes, 0u) << "what is caught and left is garbage";
}

// `depth` tries around one throw, each with a catch_all that rethrows, or a delegate to the next or to the caller.
std::vector<u8> nested_tries(u32 depth, std::vector<u8> part) {
  std::vector<u8> body{0x00};
  for (u32 i = 0; i < depth; ++i) body.insert(body.end(), {0x06, 0x40});
  body.insert(body.end(), {0x08, 0x00});
  for (u32 i = 0; i < depth; ++i) body.insert(body.end(), part.begin(), part.end());
  body.push_back(0x0B);
  auto put_leb = [](std::vector<u8>& out, size_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<u8>(value | 0x80));
    out.push_back(static_cast<u8>(value));
  };
  std::vector<u8> code{0x01};
  put_leb(code, body.size());
  code.insert(code.end(), body.begin(), body.end());
  std::vector<u8> module{0,    'a',  's',  'm',  1,    0,    0,    0,    0x01, 0x04, 0x01, 0x60, 0,    0,    0x03, 0x02,
                         0x01, 0x00, 0x0D, 0x03, 0x01, 0x00, 0x00, 0x07, 0x05, 0x01, 0x01, 'f',  0x00, 0x00, 0x0A};
  put_leb(module, code.size());
  module.insert(module.end(), code.begin(), code.end());
  return module;
}

TEST_F(LegacyExceptions, DeepNesting) {
  constexpr u32 kDepth = 3000;
  const std::vector<std::vector<u8>> parts = {
      {0x19, 0x09, 0x00, 0x0B},                    // catch_all rethrow 0 end
      {0x07, 0x00, 0x09, 0x00, 0x19, 0x00, 0x0B},  // catch 0 rethrow 0 catch_all unreachable end
      {0x18, 0x00},                                // delegate 0
  };
  for (const std::vector<u8>& part : parts) {
    auto module = Module::from_binary(engine, nested_tries(kDepth, part));
    ASSERT_TRUE(module) << module.error().to_string();
    EXPECT_EQ(values(call(instantiate(*module), "f")), trap(TrapKind::UncaughtException));
  }
  // One level more than there are catches that rethrow: the outermost ends it.
  std::vector<u8> caught = nested_tries(1, {0x19, 0x0B});
  EXPECT_EQ(values(call(instantiate(*Module::from_binary(engine, caught)), "f")), List{});
  // Every catch holds an exception of its own.
  Instance instance = instantiate(R"((module
    (tag $e (param i32))
    (func $f (export "f") (param i32)
      (try
        (do (throw $e (local.get 0)))
        (catch $e
          (drop)
          (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))
          (rethrow 0))))
    (func (export "g") (param i32) (result i32)
      (try (result i32) (do (call $f (local.get 0)) (i32.const -1)) (catch $e)))))");
  EXPECT_EQ(values(call(instance, "g", {Value::i32(300)})), (List{0})) << "the innermost leaves first";
}

TEST_F(LegacyExceptions, CanBeSwitchedOff) {
  Config config;
  config.features.remove(Feature::LegacyExceptions);
  auto refused = Module::from_text(Engine(config), "(module\n  (func (try (do) (catch_all))))", "test.wat");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(),
            "test.wat:2:10: try needs the legacy-exceptions proposal, which is not enabled");
  // Tags and throw belong to both.
  config.features = FeatureSet::all();
  config.features.remove(Feature::Exceptions);
  config.eager_validation = true;
  EXPECT_TRUE(Module::from_text(Engine(config), "(module (tag $e) (func (try (do (throw $e)) (catch $e))))"));
  EXPECT_FALSE(Module::from_text(Engine(config), "(module (func (try_table)))"));
}

}  // namespace
}  // namespace brink
