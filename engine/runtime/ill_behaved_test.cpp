// Guests that use the heap and exceptions as nobody should: a trap or a result is right, a crash, a leak (the build with
// sanitizers looks) or a hang is not. Everything runs as quick code and by the plain interpreter.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/engine.h"

namespace brink {
namespace {

class IllBehaved : public ::testing::TestWithParam<bool> {
 protected:
  static Config config() {
    Config config;
    config.quicken = GetParam();
    return config;
  }
  static StoreLimits with_heap(u64 megabytes) {
    StoreLimits limits;
    limits.gc_heap_bytes = megabytes << 20;
    return limits;
  }

  Instance instantiate(std::string_view text) {
    auto module = Module::from_text(engine, text, "test.wat");
    auto instance = module ? linker.instantiate(*store, *module) : std::unexpected(module.error());
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    return *instance;
  }

  // The result, or what it trapped with.
  std::string run(const Instance& instance, std::string_view name, std::vector<Value> arguments = {}) {
    auto outcome = instance.get_function(name)->call(arguments);
    if (!outcome) {
      EXPECT_LE(outcome.error().to_string().size(), 20'000u);
      return "trap " + std::to_string(static_cast<int>(outcome.error().kind()));
    }
    return outcome->empty() ? "" : std::to_string(outcome->at(0).as_i32());
  }
  static std::string trap(TrapKind kind) { return "trap " + std::to_string(static_cast<int>(kind)); }

  Engine engine{config()};
  std::unique_ptr<Store> store = std::make_unique<Store>(engine);
  Linker linker{engine};
};
INSTANTIATE_TEST_SUITE_P(, IllBehaved, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Quick" : "Plain"; });

// --- The heap --------------------------------------------------------------------------------------------------------

// Rings of a million nodes, each node pointing to both of its neighbours and to itself, all ten of them held by an
// array that is its own first element.
constexpr char kRings[] = R"((module
  (rec (type $node (struct (field (mut (ref null $node))) (field (mut (ref null $node))) (field (mut anyref)))))
  (type $bag (array (mut anyref)))
  (global $bag (mut (ref null $bag)) (ref.null $bag))
  (func $ring (param $n i32) (result (ref $node))
    (local $first (ref $node)) (local $last (ref $node)) (local $new (ref $node))
    (local.set $first (struct.new_default $node))
    (local.set $last (local.get $first))
    (loop $next
      (local.set $new (struct.new $node (local.get $last) (local.get $first) (ref.null any)))
      (struct.set $node 2 (local.get $new) (local.get $new))
      (struct.set $node 1 (local.get $last) (local.get $new))
      (local.set $last (local.get $new))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (struct.set $node 0 (local.get $first) (local.get $last))
    (local.get $first))
  (func (export "hold") (param $n i32)
    (global.set $bag (array.new_default $bag (i32.const 2)))
    (array.set $bag (global.get $bag) (i32.const 0) (global.get $bag))
    (array.set $bag (global.get $bag) (i32.const 1) (call $ring (local.get $n))))
  (func (export "drop") (global.set $bag (ref.null $bag)))
  ;; Once around, forwards; the number of nodes.
  (func (export "walk") (result i32) (local $at (ref $node)) (local $first (ref $node)) (local $n i32)
    (local.set $first (ref.cast (ref $node) (array.get $bag
      (ref.cast (ref $bag) (array.get $bag (global.get $bag) (i32.const 0))) (i32.const 1))))
    (local.set $at (local.get $first))
    (loop $next
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (local.set $at (ref.as_non_null (struct.get $node 1 (local.get $at))))
      (br_if $next (i32.eqz (ref.eq (local.get $at) (local.get $first)))))
    (local.get $n))))";

TEST_P(IllBehaved, CyclesByTheMillion) {
  store = std::make_unique<Store>(engine, with_heap(64));
  Instance instance = instantiate(kRings);
  // Each takes half of the heap, so only collecting the ones before makes room.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run(instance, "hold", {Value::i32(1'000'000)}), "");
  EXPECT_GE(store->gc_statistics().collections, 3u);
  store->collect_garbage();
  EXPECT_EQ(run(instance, "walk"), "1000001");
  EXPECT_GE(store->gc_statistics().live_bytes, 32'000'000u);
  EXPECT_EQ(run(instance, "hold", {Value::i32(3'000'000)}), trap(TrapKind::Limit));
  EXPECT_EQ(run(instance, "drop"), "");
  store->collect_garbage();
  EXPECT_EQ(store->gc_statistics().live_bytes, 0u);
}

// A gigabyte of garbage in a heap of 64 MiB, half of which lives.
TEST_P(IllBehaved, TheLimitHoldsUnderGarbage) {
  store = std::make_unique<Store>(engine, with_heap(64));
  Instance instance = instantiate(R"((module
    (type $list (struct (field i64) (field (ref null $list))))
    (type $bytes (array (mut i8)))
    (global $kept (mut (ref null $list)) (ref.null $list))
    (func (export "keep") (param $n i32)
      (loop $next
        (global.set $kept (struct.new $list (i64.const 7) (global.get $kept)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "waste") (param $n i32) (result i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (array.len (array.new_default $bytes (i32.const 4000)))))
        (drop (array.new_default $bytes (i32.const 100000)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))))");
  EXPECT_EQ(run(instance, "keep", {Value::i32(1'000'000)}), "");
  u64 before = store->gc_statistics().allocated_bytes;
  EXPECT_EQ(run(instance, "waste", {Value::i32(10'000)}), "40000000");
  EXPECT_GT(store->gc_statistics().allocated_bytes - before, u64{1} << 30);
  EXPECT_EQ(run(instance, "keep", {Value::i32(2'000'000)}), trap(TrapKind::Limit));
}

constexpr char kArrays[] = R"((module
  (type $i8 (array (mut i8))) (type $i16 (array (mut i16))) (type $i32 (array (mut i32))) (type $i64 (array (mut i64)))
  (type $v128 (array (mut v128))) (type $any (array (mut anyref))) (type $funcs (array (mut funcref)))
  (data $data "four")
  (elem $elements funcref (ref.null func))
  (func (export "i8") (param i32) (result i32) (array.len (array.new_default $i8 (local.get 0))))
  (func (export "i16") (param i32) (result i32) (array.len (array.new $i16 (i32.const 1) (local.get 0))))
  (func (export "i32") (param i32) (result i32) (array.len (array.new_default $i32 (local.get 0))))
  (func (export "i64") (param i32) (result i32) (array.len (array.new $i64 (i64.const 1) (local.get 0))))
  (func (export "v128") (param i32) (result i32) (array.len (array.new_default $v128 (local.get 0))))
  (func (export "any") (param i32) (result i32) (array.len (array.new $any (ref.i31 (i32.const 1)) (local.get 0))))
  (func (export "data") (param i32) (result i32) (array.len (array.new_data $i16 $data (i32.const 2) (local.get 0))))
  (func (export "elem") (param i32) (result i32)
    (array.len (array.new_elem $funcs $elements (i32.const 1) (local.get 0))))
  (global $large (mut (ref null $i8)) (ref.null $i8))
  (func (export "make") (param i32) (global.set $large (array.new_default $i8 (local.get 0))))
  (func (export "length") (result i32) (array.len (global.get $large)))
  (func (export "set") (param i32 i32) (array.set $i8 (global.get $large) (local.get 0) (local.get 1)))
  (func (export "get") (param i32) (result i32) (array.get_u $i8 (global.get $large) (local.get 0)))
  (func (export "fill") (param i32 i32) (array.fill $i8 (global.get $large) (local.get 0) (i32.const 9) (local.get 1)))
  (func (export "copy") (param i32 i32 i32)
    (array.copy $i8 $i8 (global.get $large) (local.get 0) (global.get $large) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32)
    (array.init_data $i8 $data (global.get $large) (local.get 0) (local.get 1) (local.get 2)))))";

TEST_P(IllBehaved, ArraysThatNobodyHasRoomFor) {
  Instance instance = instantiate(kArrays);
  for (u32 length : {0x80000000u, 0xFFFFFFFFu, 0x7FFFFFFFu})
    for (const char* name : {"i8", "i16", "i32", "i64", "v128", "any"})
      EXPECT_EQ(run(instance, name, {Value::i32(static_cast<i32>(length))}), trap(TrapKind::Limit)) << name << length;
  for (u32 length : {0x80000000u, 0xFFFFFFFFu, 2u}) {
    EXPECT_EQ(run(instance, "data", {Value::i32(static_cast<i32>(length))}), trap(TrapKind::MemoryOutOfBounds));
    EXPECT_EQ(run(instance, "elem", {Value::i32(static_cast<i32>(length))}), trap(TrapKind::TableOutOfBounds));
  }
  EXPECT_EQ(run(instance, "data", {Value::i32(1)}), "1");
  EXPECT_EQ(run(instance, "elem", {Value::i32(0)}), "0");
}

// 2³¹ elements are there where the limit allows them: memory that is not touched is not used.
TEST_P(IllBehaved, AnArrayOfTwoBillionElements) {
  store = std::make_unique<Store>(engine, with_heap(2049));
  Instance instance = instantiate(kArrays);
  const i32 kLast = 0x7FFFFFFF, kLength = kLast + u32{1};
  ASSERT_EQ(run(instance, "make", {Value::i32(kLength)}), "");
  EXPECT_EQ(run(instance, "length"), "-2147483648");
  EXPECT_EQ(run(instance, "set", {Value::i32(kLast), Value::i32(200)}), "");
  EXPECT_EQ(run(instance, "get", {Value::i32(kLast)}), "200");
  EXPECT_EQ(run(instance, "get", {Value::i32(0)}), "0");
  for (i32 index : {kLength, -1}) {
    EXPECT_EQ(run(instance, "get", {Value::i32(index)}), trap(TrapKind::ArrayOutOfBounds));
    EXPECT_EQ(run(instance, "set", {Value::i32(index), Value::i32(1)}), trap(TrapKind::ArrayOutOfBounds));
  }
  EXPECT_EQ(run(instance, "fill", {Value::i32(kLast - 9), Value::i32(10)}), "");
  EXPECT_EQ(run(instance, "get", {Value::i32(kLast)}), "9");
  for (auto [start, count] : {std::pair{kLast - 9, 11}, {kLength, 1}, {-1, 2}, {1, kLength}, {0, -1}})
    EXPECT_EQ(run(instance, "fill", {Value::i32(start), Value::i32(count)}), trap(TrapKind::ArrayOutOfBounds)) << start;
  EXPECT_EQ(run(instance, "copy", {Value::i32(kLast - 3), Value::i32(kLast - 5), Value::i32(4)}), "");
  EXPECT_EQ(run(instance, "copy", {Value::i32(kLength), Value::i32(0), Value::i32(0)}), "");
  for (auto [to, from, count] : {std::tuple{kLast, 0, 2}, {0, kLast, 2}, {-1, 0, 1}, {0, -1, 1}, {1, 0, -1}})
    EXPECT_EQ(run(instance, "copy", {Value::i32(to), Value::i32(from), Value::i32(count)}),
              trap(TrapKind::ArrayOutOfBounds))
        << to;
  EXPECT_EQ(run(instance, "init", {Value::i32(kLast - 3), Value::i32(0), Value::i32(4)}), "");
  EXPECT_EQ(run(instance, "get", {Value::i32(kLast)}), "114");  // the "r" of "four"
  EXPECT_EQ(run(instance, "init", {Value::i32(kLast - 2), Value::i32(0), Value::i32(4)}),
            trap(TrapKind::ArrayOutOfBounds));
  EXPECT_EQ(run(instance, "init", {Value::i32(0), Value::i32(-1), Value::i32(1)}), trap(TrapKind::MemoryOutOfBounds));
  EXPECT_EQ(run(instance, "make", {Value::i32(kLength)}), trap(TrapKind::Limit));  // the first is still held
}

// --- Types -----------------------------------------------------------------------------------------------------------

constexpr int kChain = 60;

TEST_P(IllBehaved, CastsAlongADeepChain) {
  auto type = [](int i) { return "$t" + std::to_string(i); };
  std::string text = "(module (rec\n";
  std::string fields = "(field i32)";
  for (int i = 0; i < kChain; ++i) {
    if (i % 7 == 1) fields += " (field (ref null " + type(kChain - i) + "))";
    text += "(type " + type(i) + " (sub " + (i > 0 ? type(i - 1) : "") + " (struct " + fields + ")))\n";
  }
  text += ")\n(func (export \"make\") (param i32) (result (ref null $t0))\n";
  for (int i = 0; i < kChain; ++i)
    text += "(if (i32.eq (local.get 0) (i32.const " + std::to_string(i) + ")) (then (return (struct.new_default " +
            type(i) + "))))\n";
  text += "(ref.null $t0))\n";
  // How many of the chain's types an object has, by ref.test; by br_on_cast; and whether ref.cast to one works.
  text += "(func (export \"test\") (param anyref) (result i32) (i32.const 0)\n";
  for (int i = 0; i < kChain; ++i) text += "(i32.add (ref.test (ref " + type(i) + ") (local.get 0)))\n";
  text += ")\n(func (export \"branch\") (param anyref) (result i32) (local $n i32)\n";
  for (int i = 0; i < kChain; ++i)
    text += "(block $not (result anyref) (br_on_cast_fail $not anyref (ref " + type(i) +
            ") (local.get 0)) (local.set $n (i32.add (local.get $n) (i32.const 1)))) (drop)\n";
  text += "(local.get $n))\n";
  for (int i = 0; i < kChain; ++i)
    text += "(func (export \"cast" + std::to_string(i) +
            "\") (param anyref) (result i32) (struct.get $t0 0 (ref.cast (ref " + type(i) + ") (local.get 0))))\n";
  text += ")";
  Instance instance = instantiate(text);
  for (int depth = 0; depth < kChain; ++depth) {
    auto object = instance.get_function("make")->call({Value::i32(depth)});
    ASSERT_TRUE(object) << object.error().to_string();
    Value as_any = Value::reference(ValueType::ref(AbstractHeap::Any, true), object->at(0).as_reference());
    EXPECT_EQ(run(instance, "test", {as_any}), std::to_string(depth + 1));
    EXPECT_EQ(run(instance, "branch", {as_any}), std::to_string(depth + 1));
    for (int target : {0, depth, depth + 1, kChain - 1}) {
      if (target >= kChain) continue;
      EXPECT_EQ(run(instance, "cast" + std::to_string(target), {as_any}),
                target <= depth ? "0" : trap(TrapKind::CastFailure))
          << depth << " " << target;
    }
  }
  Value null = Value::reference(ValueType::ref(AbstractHeap::Any, true), RefBits{});
  EXPECT_EQ(run(instance, "test", {null}), "0");
  EXPECT_EQ(run(instance, "branch", {null}), "0");
}

// --- Exceptions and the host -----------------------------------------------------------------------------------------

// Each level of $down calls the next one through the host, which hands a trap on or swallows it.
constexpr char kAcross[] = R"((module
  (import "host" "again" (func $again (param i32)))
  (tag $e (export "e") (param i32 anyref))
  (type $s (struct (field i32)))
  (global $caught (export "caught") (mut i32) (i32.const 0))
  (func $down (export "down") (param $depth i32) (local $mine (ref $s))
    (local.set $mine (struct.new $s (local.get $depth)))
    (block $h (result i32 anyref)
      (try_table (catch $e $h)
        (if (local.get $depth)
          (then (call $again (i32.sub (local.get $depth) (i32.const 1))))
          (else (throw $e (i32.const 7) (local.get $mine))))
        (if (i32.ne (struct.get $s 0 (local.get $mine)) (local.get $depth)) (then (unreachable)))
        (return))
      (unreachable))
    (drop)
    (drop)
    (global.set $caught (i32.add (global.get $caught) (i32.const 1)))
    (throw $e (i32.const 8) (ref.null any)))
  (func (export "forever") (loop (call $again (i32.const -1)) (br 0)))))";

TEST_P(IllBehaved, ExceptionsAcrossHostFrames) {
  for (bool stress : {false, true}) {
    StoreLimits limits;
    limits.gc_stress = stress;
    store = std::make_unique<Store>(engine, limits);
    linker = Linker(engine);
    bool swallows = false;
    Function down;
    linker.define_function("host", "again", [&](i32 depth) -> Outcome<void> {
      auto outcome = down.call({Value::i32(depth)});
      if (outcome || swallows) return {};
      return std::unexpected(outcome.error());
    });
    Instance instance = instantiate(kAcross);
    down = *instance.get_function("down");
    auto caught = [&] { return instance.get_global("caught")->get().as_i32(); };
    for (int i = 1; i <= 20; ++i) {
      // The innermost guest catches its own exception and throws another, which the host sees as a trap; no guest
      // further out catches that.
      EXPECT_EQ(run(instance, "down", {Value::i32(100)}), trap(TrapKind::UncaughtException));
      EXPECT_EQ(caught(), i);
    }
    swallows = true;
    for (int i = 1; i <= 20; ++i) EXPECT_EQ(run(instance, "down", {Value::i32(100)}), "");
    EXPECT_EQ(caught(), 40);
    // Deeper than the host's stack allows: a trap, which is no exception either.
    swallows = false;
    EXPECT_EQ(run(instance, "down", {Value::i32(100'000)}), trap(TrapKind::StackExhausted));
    EXPECT_EQ(caught(), 40);
    EXPECT_EQ(run(instance, "forever"), trap(TrapKind::StackExhausted));
    store->collect_garbage();
    EXPECT_EQ(store->gc_statistics().live_bytes, 0u);
  }
}

// A host function that hands an exception's trap on from another store than the caller's.
TEST_P(IllBehaved, ExceptionsOfAnotherStore) {
  Store other(engine);
  Linker other_linker(engine);
  auto thrower = other_linker.instantiate(other, *Module::from_text(engine, R"((module (tag $e) (type $s (struct))
    (tag $f (param anyref)) (func (export "throw") (throw $f (struct.new $s)))))"));
  ASSERT_TRUE(thrower);
  linker.define_function("host", "throw", [&]() -> Outcome<void> {
    auto outcome = thrower->get_function("throw")->call({});
    if (!outcome) return std::unexpected(outcome.error());
    return {};
  });
  Instance instance = instantiate(R"((module (import "host" "throw" (func $throw))
    (func (export "f") (result i32)
      (block $h (try_table (catch_all $h) (call $throw)) (return (i32.const 1)))
      (i32.const 2))))");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(run(instance, "f"), trap(TrapKind::UncaughtException));
}

// Exceptions kept in a table after their frames are gone, thrown again and again, a hundred thousand of them.
TEST_P(IllBehaved, ExceptionsThatOutliveTheirFrames) {
  store = std::make_unique<Store>(engine, with_heap(16));
  Instance instance = instantiate(R"((module
    (tag $e (param i32))
    (table $kept 100 exnref)
    (func $throw (param i32) (throw $e (local.get 0)))
    (func (export "fill") (param $n i32)
      (loop $next
        (table.set $kept (i32.rem_u (local.get $n) (i32.const 100)) (call $catch (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func $catch (param i32) (result exnref) (local $x exnref)
      (block $h (result i32 exnref)
        (try_table (catch_ref $e $h) (call $throw (local.get 0)))
        (unreachable))
      (local.set $x)
      (drop)
      (local.get $x))
    (func (export "again") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (throw_ref (table.get $kept (local.get 0))))
        (unreachable)))
    (func (export "uncaught") (param i32) (throw_ref (table.get $kept (local.get 0))))))");
  EXPECT_EQ(run(instance, "again", {Value::i32(5)}), trap(TrapKind::NullReference));
  EXPECT_EQ(run(instance, "fill", {Value::i32(300'000)}), "");
  for (int i = 1; i < 100; ++i) EXPECT_EQ(run(instance, "again", {Value::i32(i)}), std::to_string(i));
  EXPECT_EQ(run(instance, "uncaught", {Value::i32(5)}), trap(TrapKind::UncaughtException));
  EXPECT_EQ(run(instance, "again", {Value::i32(5)}), "5");
}

}  // namespace
}  // namespace brink
