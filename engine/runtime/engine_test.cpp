// The embedding interface, end to end: text in, results, traps and limits out.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <thread>

namespace brink {
namespace {

Module compile(const Engine& engine, std::string_view text, std::string name = "test.wat") {
  auto module = Module::from_text(engine, text, std::move(name));
  if (!module) {
    ADD_FAILURE() << module.error().to_string();
    std::abort();
  }
  return *module;
}

class EngineTest : public ::testing::Test {
 protected:
  Instance instantiate(std::string_view text) {
    auto instance = linker.instantiate(store, compile(engine, text));
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    return *instance;
  }

  Outcome<std::vector<Value>> call(Instance instance, std::string_view name,
                                   std::initializer_list<Value> arguments = {}) {
    auto function = instance.get_function(name);
    if (!function) {
      ADD_FAILURE() << "no function " << name;
      std::abort();
    }
    return function->call(arguments);
  }

  i32 call_i32(Instance instance, std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto results = call(instance, name, arguments);
    if (!results) {
      ADD_FAILURE() << results.error().to_string();
      return -1;
    }
    return results->at(0).as_i32();
  }

  TrapKind call_trap(Instance instance, std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto results = call(instance, name, arguments);
    if (results) {
      ADD_FAILURE() << name << " did not trap";
      return TrapKind::Exit;
    }
    return results.error().kind();
  }

  Engine engine;
  Store store{engine};
  Linker linker{engine};
};

TEST_F(EngineTest, CallsAnExport) {
  Instance instance = instantiate(R"((module (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))))");
  EXPECT_EQ(call_i32(instance, "add", {Value::i32(2), Value::i32(-5)}), -3);
}

TEST_F(EngineTest, RefusesArgumentsOfOtherNumberOrType) {
  Instance instance = instantiate(R"((module (func (export "f") (param i32))))");
  EXPECT_EQ(call(instance, "f").error().message(), "the function takes 1 arguments, but was given 0");
  EXPECT_EQ(call(instance, "f", {Value::i64(1)}).error().message(), "argument 1 is i64, but the function takes i32");
}

TEST_F(EngineTest, MultipleResultsAndVectors) {
  Instance instance = instantiate(R"((module
    (func (export "swap") (param i32 v128 f64) (result f64 v128 i32)
      (local.get 2) (local.get 1) (local.get 0))))");
  V128 v;
  for (u8 i = 0; i < 16; ++i) v.bytes[i] = i;
  auto results = call(instance, "swap", {Value::i32(7), Value::v128(v), Value::f64(0.5)});
  ASSERT_TRUE(results);
  EXPECT_EQ(results->at(0).as_f64(), 0.5);
  EXPECT_EQ(results->at(1).as_v128(), v);
  EXPECT_EQ(results->at(2).as_i32(), 7);
}

TEST_F(EngineTest, VectorLocalsDropSelectAndGlobals) {
  Instance instance = instantiate(R"((module
    (global $g (mut v128) (v128.const i32x4 1 2 3 4))
    (func (export "f") (param $a i32) (param $b v128) (param $c i32) (result i32)
      (local $d v128) (local $e i32)
      (local.set $e (i32.const 100))
      (local.set $d (local.tee $b (i32x4.add (local.get $b) (global.get $g))))
      (global.set $g (local.get $d))
      (drop (local.get $d))
      (i32.add
        (i32.add (local.get $a) (local.get $c))
        (i32.add (local.get $e)
          (i32x4.extract_lane 3 (select (global.get $g) (local.get $b) (local.get $a))))))))");
  V128 v;
  v.bytes[12] = 50;
  // a + c + e + (b[3] + g[3]) = 1 + 2 + 100 + 54, then with the new global 104.
  EXPECT_EQ(call_i32(instance, "f", {Value::i32(1), Value::v128(v), Value::i32(2)}), 157);
  EXPECT_EQ(call_i32(instance, "f", {Value::i32(0), Value::v128(v), Value::i32(2)}), 206);
}

// --- Traps -----------------------------------------------------------------------------------------------------------

TEST_F(EngineTest, TrapCarriesBacktraceWithNamesAndOffsets) {
  Module module = compile(engine, R"((module $m
    (memory 1)
    (func $inner (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func (export "outer") (result i32) (i32.const 1) (drop) (call $inner (i32.const -1)))))");
  auto instance = linker.instantiate(store, module);
  ASSERT_TRUE(instance);
  auto outcome = call(*instance, "outer");
  ASSERT_FALSE(outcome);
  const Trap& trap = outcome.error();
  EXPECT_EQ(trap.kind(), TrapKind::MemoryOutOfBounds);
  ASSERT_EQ(trap.backtrace().size(), 2u);
  EXPECT_EQ(trap.backtrace()[0].function, "inner");
  EXPECT_EQ(trap.backtrace()[0].module, "m");
  EXPECT_EQ(trap.backtrace()[1].function, "outer");
  std::span<const u8> bytes = module.info().bytes;
  EXPECT_EQ(bytes[trap.backtrace()[0].module_offset], 0x28);  // i32.load
  EXPECT_EQ(bytes[trap.backtrace()[1].module_offset], 0x10);  // call
}

TEST_F(EngineTest, EveryAccessAtTheEdgeTrapsAtItsOwnInstruction) {
  struct Case {
    const char* instruction;
    u8 size;
    u8 opcode;
  };
  const Case cases[] = {
      {"(drop (i32.load8_u (local.get 0)))", 1, 0x2D},
      {"(drop (i64.load16_s (local.get 0)))", 2, 0x32},
      {"(drop (f32.load (local.get 0)))", 4, 0x2A},
      {"(drop (f64.load (local.get 0)))", 8, 0x2B},
      {"(i32.store8 (local.get 0) (i32.const 1))", 1, 0x3A},
      {"(i64.store (local.get 0) (i64.const 1))", 8, 0x37},
      {"(drop (v128.load (local.get 0)))", 16, 0xFD},
      {"(v128.store (local.get 0) (v128.const i64x2 1 2))", 16, 0xFD},
      {"(drop (v128.load32_lane 1 (local.get 0) (v128.const i64x2 1 2)))", 4, 0xFD},
      {"(v128.store64_lane 1 (local.get 0) (v128.const i64x2 1 2))", 8, 0xFD},
      {"(drop (v128.load8x8_s (local.get 0)))", 8, 0xFD},
  };
  for (const Case& c : cases) {
    Module module =
        compile(engine, std::string("(module (memory 1) (func (export \"f\") (param i32) ") + c.instruction + "))");
    auto instance = linker.instantiate(store, module);
    ASSERT_TRUE(instance);
    i32 last = 65536 - c.size;
    EXPECT_TRUE(call(*instance, "f", {Value::i32(last)})) << c.instruction;
    for (i32 address : {last + 1, 65536, 0x7FFFFFFF, -c.size, -1}) {
      auto outcome = call(*instance, "f", {Value::i32(address)});
      ASSERT_FALSE(outcome) << c.instruction << " at " << address;
      EXPECT_EQ(outcome.error().kind(), TrapKind::MemoryOutOfBounds);
      ASSERT_EQ(outcome.error().backtrace().size(), 1u);
      EXPECT_EQ(module.info().bytes[outcome.error().backtrace()[0].module_offset], c.opcode) << c.instruction;
    }
  }
}

TEST_F(EngineTest, LargestOffsetsStayInsideTheReservation) {
  Instance instance = instantiate(R"((module (memory 1)
    (func (export "load") (param i32) (result i64) (i64.load offset=0xffffffff (local.get 0)))
    (func (export "store") (param i32) (v128.store offset=0xffffffff (local.get 0) (v128.const i64x2 0 0)))))");
  for (i32 address : {0, 1, 0x7FFFFFFF, -1}) {
    EXPECT_EQ(call_trap(instance, "load", {Value::i32(address)}), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(call_trap(instance, "store", {Value::i32(address)}), TrapKind::MemoryOutOfBounds);
  }
}

TEST_F(EngineTest, RunawayRecursionIsExhaustion) {
  Instance instance = instantiate(R"((module (func $f (export "f") (param i64) (local i64 i64) (call $f (local.get 0)))
    (func (export "ok") (result i32) (i32.const 1))))");
  auto outcome = call(instance, "f", {Value::i64(1)});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), TrapKind::StackExhausted);
  EXPECT_EQ(outcome.error().backtrace().size(), 64u);
  EXPECT_TRUE(outcome.error().backtrace_truncated());
  EXPECT_EQ(call_i32(instance, "ok"), 1);
}

TEST_F(EngineTest, TailCallsUseConstantStack) {
  Instance instance = instantiate(R"((module
    (type $t (func (param i32 i32) (result i32)))
    (table funcref (elem $even $odd))
    (func $even (export "even") (param i32 i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
        (else (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (i32.const 9)))))
    (func $odd (param i32 i32) (result i32) (local i64 i64 i64)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 9) (i32.const 0)))))))");
  EXPECT_EQ(call_i32(instance, "even", {Value::i32(1'000'001), Value::i32(0)}), 0);
}

TEST_F(EngineTest, TailCallsAcrossInstancesUseConstantStackAndReturnToTheRightInstance) {
  Instance first = instantiate(R"((module
    (table (export "t") 2 2 funcref) (memory 1) (data (i32.const 0) "\0a")
    (type $t (func (param i32) (result i32)))
    (func $f (export "f") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.load8_u (i32.const 0)))
        (else (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
    (elem (i32.const 0) $f)
    (func (export "run") (param i32) (result i32)
      (i32.add (call $f (local.get 0)) (i32.load8_u (i32.const 0))))))");
  linker.define_instance("first", first);
  instantiate(R"((module
    (import "first" "t" (table 2 funcref)) (memory 1) (data (i32.const 0) "\14")
    (type $t (func (param i32) (result i32)))
    (func $g (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.load8_u (i32.const 0)))
        (else (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
    (elem (i32.const 1) $g)))");
  EXPECT_EQ(call_i32(first, "run", {Value::i32(1'000'000)}), 20);  // ends in the first: 10 + 10
  EXPECT_EQ(call_i32(first, "run", {Value::i32(1'000'001)}), 30);  // ends in the second: 20 + 10
}

TEST_F(EngineTest, CallsAcrossInstancesSwitchMemories) {
  Instance callee = instantiate(R"((module (memory 1) (data (i32.const 0) "\2a")
    (func (export "read") (result i32) (i32.load8_u (i32.const 0)))
    (func (export "fail") (i32.store (i32.const 65536) (i32.const 1)))))");
  linker.define_instance("callee", callee);
  Instance caller = instantiate(R"((module
    (import "callee" "read" (func $read (result i32)))
    (import "callee" "fail" (func $fail))
    (memory 1) (data (i32.const 0) "\01")
    (func (export "f") (result i32)
      (i32.add (i32.mul (i32.load8_u (i32.const 0)) (i32.const 1000)) (i32.add (call $read) (i32.load8_u (i32.const 0)))))
    (func $g (export "g") (call $fail))))");
  EXPECT_EQ(call_i32(caller, "f"), 1043);
  auto outcome = call(caller, "g");
  ASSERT_FALSE(outcome);
  ASSERT_EQ(outcome.error().backtrace().size(), 2u);
  EXPECT_EQ(outcome.error().backtrace()[0].function, "fail");
  EXPECT_EQ(outcome.error().backtrace()[1].function, "g");
}

// --- Exceptions ------------------------------------------------------------------------------------------------------

TEST_F(EngineTest, ExceptionsCrossInstancesAndReleaseTheirValues) {
  Instance thrower = instantiate(R"((module (tag $e (export "e") (param i32 i64))
    (func (export "throw") (param i32) (throw $e (local.get 0) (i64.const 5)))))");
  linker.define_instance("thrower", thrower);
  Instance catcher = instantiate(R"((module
    (import "thrower" "e" (tag $e (param i32 i64)))
    (import "thrower" "throw" (func $throw (param i32)))
    (memory 1) (data (i32.const 0) "\07")
    (func (export "f") (param i32) (result i32) (local $i i32)
      (loop $l (result i32)
        (block $h (result i32 i64)
          (try_table (catch $e $h) (call $throw (local.get 0)))
          (unreachable))
        (drop)
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (drop)
        (br_if $l (i32.lt_u (local.get $i) (i32.const 100000)))
        (i32.load8_u (i32.const 0))))
    (func (export "uncaught") (call $throw (i32.const 1)))))");
  EXPECT_EQ(call_i32(catcher, "f", {Value::i32(3)}), 7);
  EXPECT_EQ(call_trap(catcher, "uncaught"), TrapKind::UncaughtException);
}

// --- Host functions --------------------------------------------------------------------------------------------------

TEST_F(EngineTest, HostFunctionsOfEveryType) {
  linker.define_function("h", "mix", [](i32 a, u64 b, float c, double d) -> double {
    return a + static_cast<double>(b) + static_cast<double>(c) + d;
  });
  linker.define_function("h", "fail", [](i32 code) -> Outcome<void> {
    if (code != 0) return std::unexpected(Trap::exit(code));
    return {};
  });
  linker.define_function("h", "negative", []() -> i32 { return -1; });
  Instance instance = instantiate(R"((module
    (import "h" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
    (import "h" "fail" (func $fail (param i32)))
    (import "h" "negative" (func $negative (result i32)))
    (memory 1)
    (func (export "mix") (result f64) (call $mix (i32.const -2) (i64.const 10) (f32.const 0.5) (f64.const 0.25)))
    (func (export "fail") (param i32) (call $fail (local.get 0)))
    (func (export "address") (result i32) (i32.load (call $negative)))
    (func (export "wide") (result i64) (i64.extend_i32_u (call $negative)))))");
  EXPECT_EQ(call(instance, "mix")->at(0).as_f64(), 8.75);
  EXPECT_TRUE(call(instance, "fail", {Value::i32(0)}));
  auto outcome = call(instance, "fail", {Value::i32(3)});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), TrapKind::Exit);
  EXPECT_EQ(outcome.error().exit_code(), 3);
  EXPECT_EQ(call_trap(instance, "address"), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(call(instance, "wide")->at(0).as_i64(), 0xFFFFFFFF);
}

TEST_F(EngineTest, HostFunctionsReachMemoryAndCallBack) {
  int depth = 0;
  linker.define_function("h", "again", [&](Caller& caller, i32 n) -> Outcome<i32> {
    EXPECT_TRUE(caller.memory());
    EXPECT_FALSE(caller.memory()->span(65535, 2));
    ++depth;
    auto results = caller.instance().get_function("f")->call({Value::i32(n)});
    if (!results) return std::unexpected(std::move(results.error()));
    return results->at(0).as_i32() + 1;
  });
  Instance instance = instantiate(R"((module (import "h" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "f") (param i32) (result i32) (local i64 i64)
      (if (result i32) (local.get 0)
        (then (i32.add (local.get 0) (call $again (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))))");
  EXPECT_EQ(call_i32(instance, "f", {Value::i32(4)}), 4 + 3 + 2 + 1 + 4);
  EXPECT_EQ(depth, 4);
  EXPECT_EQ(call_trap(instance, "f", {Value::i32(1'000'000)}), TrapKind::StackExhausted);
  EXPECT_EQ(call_i32(instance, "f", {Value::i32(1)}), 2);
}

TEST_F(EngineTest, HostGlobalsTablesAndReferences) {
  auto global = Global::create(store, GlobalType{kI64, true}, Value::i64(40));
  ASSERT_TRUE(global);
  linker.define("h", "g", *global);
  RefBits reference = store.make_extern(0);
  EXPECT_NE(reference, 0u);
  EXPECT_EQ(store.extern_value(reference), 0u);
  Instance instance = instantiate(R"((module (import "h" "g" (global $g (mut i64)))
    (func (export "bump") (global.set $g (i64.add (global.get $g) (i64.const 2))))
    (func (export "same") (param externref) (result externref) (local.get 0))))");
  EXPECT_TRUE(call(instance, "bump"));
  EXPECT_EQ(global->get().as_i64(), 42);
  EXPECT_FALSE(global->set(Value::i32(1)));
  auto same = call(instance, "same", {Value::reference(kExternRef, reference)});
  ASSERT_TRUE(same);
  EXPECT_EQ(same->at(0).as_reference(), reference);
}

// --- Limits ----------------------------------------------------------------------------------------------------------

TEST(Limits, MemoryTablesInstancesAndStack) {
  Engine engine;
  StoreLimits limits;
  limits.memory_bytes = 3 << 16;
  limits.table_elements = 10;
  limits.instances = 2;
  limits.stack_bytes = 256 << 10;
  Store store(engine, limits);
  Linker linker(engine);
  Module module = compile(engine, R"((module (memory 1) (table 5 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func $deep (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))))");
  auto instance = linker.instantiate(store, module);
  ASSERT_TRUE(instance);
  auto run = [&](const char* name, i32 argument) { return instance->get_function(name)->call({Value::i32(argument)}); };
  EXPECT_EQ(run("grow", 3)->at(0).as_i32(), -1);
  EXPECT_EQ(run("grow", 2)->at(0).as_i32(), 1);
  EXPECT_EQ(run("grow", 1)->at(0).as_i32(), -1);
  EXPECT_EQ(run("table", 6)->at(0).as_i32(), -1);
  EXPECT_EQ(run("table", 5)->at(0).as_i32(), 5);
  EXPECT_EQ(run("deep", 1000)->at(0).as_i32(), 1000);
  EXPECT_EQ(run("deep", 100'000).error().kind(), TrapKind::StackExhausted);
  EXPECT_TRUE(linker.instantiate(store, module));
  auto third = linker.instantiate(store, module);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::Limit);

  Store small(engine, limits);
  auto large = linker.instantiate(small, compile(engine, "(module (memory 4))"));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::Limit);
  auto table = linker.instantiate(small, compile(engine, "(module (table 11 funcref))"));
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().kind, ErrorKind::Limit);
}

// --- Garbage collection ----------------------------------------------------------------------------------------------

constexpr const char* kListModule = R"((module
  (type $list (struct (field $value i32) (field $next (ref null $list))))
  (global $kept (mut (ref null $list)) (ref.null $list))
  (func (export "push") (param i32) (result i32)
    (global.set $kept (struct.new $list (local.get 0) (global.get $kept)))
    (struct.get $list $value (global.get $kept)))
  (func (export "sum") (result i32) (local $at (ref null $list)) (local $sum i32)
    (local.set $at (global.get $kept))
    (block $done (loop $next
      (br_if $done (ref.is_null (local.get $at)))
      (local.set $sum (i32.add (local.get $sum) (struct.get $list $value (local.get $at))))
      (local.set $at (struct.get $list $next (local.get $at)))
      (br $next)))
    (local.get $sum))
  (func (export "garbage") (param $n i32) (result i32) (local $i i32) (local $last (ref null $list))
    (loop $again
      (local.set $last (struct.new $list (local.get $i) (ref.null $list)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (struct.get $list $value (local.get $last)))
  (func (export "hoard") (param $n i32) (result i32)
    (loop $again
      (global.set $kept (struct.new $list (local.get $n) (global.get $kept)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (i32.const 1))
  (func $deep (export "deep") (param $n i32) (result i32) (local $mine (ref $list))
    (local.set $mine (struct.new $list (local.get $n) (ref.null $list)))
    (if (local.get $n) (then (drop (call $deep (i32.sub (local.get $n) (i32.const 1))))))
    (struct.get $list $value (local.get $mine)))
  (func (export "huge") (result i32) (array.len (array.new_default $bytes (i32.const 0x80000000))))
  (type $bytes (array (mut i8)))))";

TEST(GarbageCollection, ReachableObjectsLiveAndTheLimitHoldsUnderGarbage) {
  Engine engine;
  StoreLimits limits;
  limits.gc_heap_bytes = 16 << 20;
  Store store(engine, limits);
  auto instance = Linker(engine).instantiate(store, compile(engine, kListModule));
  ASSERT_TRUE(instance) << instance.error().to_string();
  auto run = [&](const char* name, std::initializer_list<Value> arguments = {}) {
    return instance->get_function(name)->call(arguments);
  };
  for (i32 i = 1; i <= 100; ++i) ASSERT_EQ(run("push", {Value::i32(i)})->at(0).as_i32(), i);
  // 160 MB of garbage in a heap of 16.
  EXPECT_EQ(run("garbage", {Value::i32(5'000'000)})->at(0).as_i32(), 4'999'999);
  EXPECT_GT(store.gc_statistics().collections, 5u);
  EXPECT_EQ(run("sum")->at(0).as_i32(), 5050);
  EXPECT_EQ(run("huge").error().kind(), TrapKind::Limit);
  EXPECT_EQ(run("hoard", {Value::i32(10'000'000)}).error().kind(), TrapKind::Limit);
  EXPECT_EQ(run("deep", {Value::i32(10)}).error().kind(), TrapKind::Limit);  // still full
}

TEST(GarbageCollection, StressFindsRootsInEveryFrame) {
  Engine engine;
  StoreLimits limits;
  limits.gc_stress = true;
  Store store(engine, limits);
  auto instance = Linker(engine).instantiate(store, compile(engine, kListModule));
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->get_function("deep")->call({Value::i32(300)})->at(0).as_i32(), 300);
  EXPECT_GE(store.gc_statistics().collections, 301u);
  store.collect_garbage();
  EXPECT_EQ(store.gc_statistics().live_bytes, 0u);
}

TEST(GarbageCollection, HeldReferencesLive) {
  Engine engine;
  Store store(engine);
  auto instance = Linker(engine).instantiate(store, compile(engine, R"((module (type $s (struct (field i32)))
    (func (export "make") (result anyref) (struct.new $s (i32.const 9)))
    (func (export "read") (param anyref) (result i32) (struct.get $s 0 (ref.cast (ref $s) (local.get 0))))))"));
  ASSERT_TRUE(instance);
  RefBits reference = instance->get_function("make")->call({})->at(0).as_reference();
  store.hold(reference);
  store.collect_garbage();
  EXPECT_EQ(store.gc_statistics().live_bytes, 16u);
  Value argument = Value::reference(ValueType::ref(AbstractHeap::Any, true), reference);
  EXPECT_EQ(instance->get_function("read")->call({argument})->at(0).as_i32(), 9);
  EXPECT_TRUE(store.is_instance(reference, AbstractHeap::Struct));
  EXPECT_FALSE(store.is_instance(reference, AbstractHeap::I31));
  store.release(reference);
  store.collect_garbage();
  EXPECT_EQ(store.gc_statistics().live_bytes, 0u);
  Value host = Value::reference(ValueType::ref(AbstractHeap::Any, true), store.make_extern(3));
  EXPECT_EQ(instance->get_function("read")->call({host}).error().kind(), TrapKind::CastFailure);
}

// --- Loading and linking ---------------------------------------------------------------------------------------------

TEST_F(EngineTest, FunctionsAreValidatedAtTheirFirstCall) {
  Module module = compile(engine, R"((module (func (export "good") (result i32) (i32.const 1))
    (func (export "bad") (result i32) (i64.const 1))))");
  auto instance = linker.instantiate(store, module);
  ASSERT_TRUE(instance);
  EXPECT_EQ(call_i32(*instance, "good"), 1);
  auto outcome = call(*instance, "bad");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), TrapKind::InvalidFunction);
  EXPECT_NE(outcome.error().message().find("test.wat:2:"), std::string::npos) << outcome.error().message();
  EXPECT_FALSE(module.validate());

  Engine eager(Config{FeatureSet::wasm3(), true});
  auto refused = Module::from_text(eager, "(module (func (result i32) (i64.const 1)))", "bad.wat");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
}

TEST_F(EngineTest, LinkErrorsNameWhatIsMissing) {
  auto missing = linker.instantiate(store, compile(engine, R"((module (import "env" "f" (func (param i32)))))"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::Unlinkable);
  EXPECT_NE(missing.error().message.find("\"env\" \"f\""), std::string::npos);

  linker.define_function("env", "f", [](i64) {});
  auto wrong = linker.instantiate(store, compile(engine, R"((module (import "env" "f" (func (param i32)))))"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::Unlinkable);
}

TEST_F(EngineTest, InstantiationTrapsAreReported) {
  std::optional<Trap> trap;
  auto data = linker.instantiate(store, compile(engine, R"((module (memory 1) (data (i32.const 65535) "ab")))"), &trap);
  EXPECT_FALSE(data);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->kind(), TrapKind::MemoryOutOfBounds);
  trap.reset();
  auto start = linker.instantiate(store, compile(engine, "(module (func $s unreachable) (start $s))"), &trap);
  EXPECT_FALSE(start);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->kind(), TrapKind::Unreachable);
}

TEST_F(EngineTest, Memory64AndSeveralMemories) {
  Instance instance = instantiate(R"((module (memory $a i64 1 3) (memory $b 1)
    (func (export "f") (param i64) (result i64)
      (i64.store $a offset=8 (local.get 0) (i64.const 77))
      (i64.store $b (i32.const 16) (i64.load $a offset=8 (local.get 0)))
      (i64.load $b offset=8 (i32.const 8)))
    (func (export "grow") (param i64) (result i64) (memory.grow $a (local.get 0)))))");
  EXPECT_EQ(call(instance, "f", {Value::i64(0)})->at(0).as_i64(), 77);
  EXPECT_EQ(call(instance, "f", {Value::i64(65520)})->at(0).as_i64(), 77);
  EXPECT_EQ(call_trap(instance, "f", {Value::i64(65521)}), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(call_trap(instance, "f", {Value::i64(-8)}), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(call_trap(instance, "f", {Value::i64(-1)}), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(call(instance, "grow", {Value::i64(2)})->at(0).as_i64(), 1);
  EXPECT_EQ(call(instance, "grow", {Value::i64(1)})->at(0).as_i64(), -1);
  EXPECT_EQ(call(instance, "f", {Value::i64(131072)})->at(0).as_i64(), 77);
}

TEST(Threads, AModuleMayBeFirstCalledFromSeveralThreadsAtOnce) {
  Engine engine;
  Module module = compile(engine, R"((module (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
    (func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (i32.const 1)))))");
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      Store store(engine);
      auto instance = Linker(engine).instantiate(store, module);
      auto results = instance->get_function("f")->call({Value::i32(5)});
      if (results && results->at(0).as_i32() == 16) ++good;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8);
}

TEST(Values, AsText) {
  EXPECT_EQ(Value::i32(-1).to_string(), "-1");
  EXPECT_EQ(Value::f32(0.1f).to_string(), "0.1");
  EXPECT_EQ(Value::f64(-0.0).to_string(), "-0");
  EXPECT_EQ(Value::f64(1e300).to_string(), "1e+300");
  EXPECT_EQ(Value::from_bits(kF32, 0x7FC00000).to_string(), "nan");
  EXPECT_EQ(Value::from_bits(kF32, 0xFF800001).to_string(), "-nan:0x1");
  EXPECT_EQ(Value::from_bits(kV128, 1, 2).to_string(), "0x00000000000000020000000000000001");
  EXPECT_EQ(Value::null(kExternRef).to_string(), "null");
}

}  // namespace
}  // namespace brink
