// Machine code that pays for what it does, against the interpreter: with every amount of fuel from none to enough, in every tier and
// mix of tiers, a program ends at the same place, and leaves the same fuel, memory and globals behind.
#include <span>

#include "engine/interrupt.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

// Of 64 bits, so that no address space is reserved for it: an emulator keeps 50 MB for every such reservation.
constexpr const char* kMemory = "(memory $m (export \"m\") i64 1 1)\n";
// What guests import. "note" logs its argument and the fuel left; "refuel" adds to that.
constexpr const char* kImports = R"((import "host" "note" (func $note (param i32)))
  (import "host" "refuel" (func $refuel (param i32) (result i32)))
  (import "host" "back" (func $back (param i32) (result i32)))
)";

constexpr u64 kPlenty = 1'000'000;

struct Tier {
  std::string name;
  std::shared_ptr<Compiler> compiler;  // null: interpreted
  Config config = {};
};

// Every function starts in the interpreter and changes over after so many calls and rounds of its loops: at the same place in every
// run, because it waits for its code.
Config by_heat(u32 threshold) {
  Config config;
  config.tier_threshold = threshold;
  config.compile_in_background = false;
  return config;
}

std::vector<Tier> tiers() {
  std::vector<Tier> list = {{"jit", compiler()}, {"jit for every processor", compiler({.baseline = true})}};
  for (u32 threshold : {1, 2, 3, 8}) list.push_back({"auto " + std::to_string(threshold), compiler(), by_heat(threshold)});
  for (u64 seed : {1, 2}) list.push_back({"random " + std::to_string(seed), compiler({.random_seed = seed})});
  return list;
}

// All that can be seen of a call of the export "f" with so much fuel, in an engine of its own.
std::string outcome(const Tier& tier, const std::string& text, u64 fuel, const std::vector<Value>& arguments, u64* used = nullptr) {
  std::string log;
  std::optional<Guest> guest;
  u64 added = 0;
  auto imports = [&](Linker& linker) {
    linker.define_function("host", "note", [&](u32 value) {
      log += "note " + std::to_string(value) + " with " + std::to_string(guest->store().fuel()) + ", ";
    });
    linker.define_function("host", "refuel", [&](u32 value) -> u32 {
      added += value;
      guest->store().set_fuel(guest->store().fuel() + value);
      return value;
    });
    // Back into the guest.
    linker.define_function("host", "back", [&](u32 value) -> u32 {
      log += "back: " + guest->call("inner", {Value::i32(static_cast<i32>(value))}) + ", ";
      return value + 1;
    });
  };
  Config config = tier.config;
  config.consume_fuel = true;
  guest.emplace(text, tier.compiler, StoreLimits{.fuel = kPlenty}, imports, config);
  guest->store().set_fuel(fuel);
  std::string result = guest->call("f", arguments);
  if (used != nullptr) *used = fuel + added - guest->store().fuel();
  result += "\n" + log + "\nleft: " + std::to_string(guest->store().fuel());
  if (auto global = guest->instance()->get_global("g")) result += "\ng: " + global->get().to_string();
  if (auto memory = guest->instance()->get_memory("m")) {
    u64 sum = memory->size_bytes();
    std::span<const u8> bytes = *memory->read_span(0, sum);
    for (u8 byte : bytes) sum = sum * 31 + byte;
    result += "\nmemory: " + std::to_string(sum);
  }
  return result;
}

// What the whole call costs.
u64 cost(const std::string& fields, const std::vector<Value>& arguments = {}) {
  u64 used = 0;
  outcome({"interp", nullptr}, "(module " + fields + ")", kPlenty, arguments, &used);
  return used;
}

// With every amount of fuel (a dozen where every store takes an emulator long), or these. `loop_entries`: how many frames have changed over in the middle of a loop.
void expect_same(const std::string& fields, const std::vector<Value>& arguments = {}, std::span<const u64> amounts = {},
                 u64* loop_entries = nullptr) {
  std::string text = "(module " + std::string(fields) + ")";
  std::vector<u64> every;
  if (amounts.empty()) {
    u64 total = cost(fields, arguments);
    ASSERT_LT(total, 600u) << "take another program";
#if defined(__aarch64__)
    u64 step = total / 12 + 1;  // it is emulated
#else
    u64 step = 1;
#endif
    for (u64 fuel = 0; fuel <= total + 1; fuel += step) every.push_back(fuel);
    every.push_back(kPlenty);
    amounts = every;
  }
  std::vector<Tier> all = tiers();
  for (u64 fuel : amounts) {
    std::string wanted = outcome({"interp", nullptr}, text, fuel, arguments);
    ASSERT_EQ(wanted.find("function cannot run"), std::string::npos) << wanted;
    for (const Tier& tier : all) ASSERT_EQ(outcome(tier, text, fuel, arguments), wanted) << tier.name << " with " << fuel;
  }
  for (const Tier& tier : all) {
    EXPECT_TRUE(tier.config.tier_threshold != 0 || tier.compiler->statistics().functions > 0) << tier.name;
    EXPECT_EQ(tier.compiler->statistics().failed, 0u) << tier.name;
    if (loop_entries != nullptr) *loop_entries += tier.compiler->statistics().loop_entries;
  }
}

// By hand: five instructions a round, and a call of three.
TEST(FuelInMachineCode, CostsWhatTheInstructionsCost) {
  const std::string loop = R"((func (export "f") (param i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))";
  const std::string calls = R"((func $three (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "f") (param i32) (result i32) (call $three (call $three (local.get 0)))))";
  for (const Tier& tier : tiers()) {
    u64 used = 0;
    outcome(tier, "(module " + loop + ")", kPlenty, {Value::i32(100)}, &used);
    EXPECT_EQ(used, 500u) << tier.name;
    outcome(tier, "(module " + calls + ")", kPlenty, {Value::i32(100)}, &used);
    EXPECT_EQ(used, 9u) << tier.name;
    std::string all = outcome(tier, "(module " + loop + ")", 499, {Value::i32(100)});
    EXPECT_EQ(all.find("all fuel consumed"), 0u) << tier.name;
    EXPECT_NE(all.find("left: 0"), std::string::npos) << tier.name;
  }
}

TEST(FuelInMachineCode, NestedLoops) {
  u64 loop_entries = 0;
  expect_same(std::string(kMemory) + R"((global $g (export "g") (mut i32) (i32.const 0))
    (func (export "f") (param $n i32) (result i32) (local $i i32) (local $j i32)
      (loop $a
        (local.set $j (i32.const 0))
        (loop $b
          (global.set $g (i32.add (global.get $g) (local.get $j)))
          (i32.store (i64.extend_i32_u (i32.shl (local.get $j) (i32.const 2))) (global.get $g))
          (br_if $b (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 3))))
        (br_if $a (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (global.get $g)))", {Value::i32(4)}, {}, &loop_entries);
  EXPECT_GT(loop_entries, 10u);
}

// A comparison may be in the flags where a run ends, and a run ends between a shift and the addition that is made with it.
TEST(FuelInMachineCode, RunsEndWhereValuesAreUnderWay) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (func (export "f") (param $n i32) (result i32) (local $x i32)
      (if (loop (result i32) (i32.lt_s (local.get $n) (i32.const 7)))
        (then (global.set $g (i32.const 1))))
      (local.set $x (loop (result i32) (i32.gt_u (local.get $n) (i32.const 3))))
      (global.set $g (i32.add (global.get $g) (local.get $x)))
      (i32.add (local.get $n) (loop (result i32) (i32.shl (local.get $x) (i32.const 3))))
      (select (local.get $n) (local.get $x) (loop (result i32) (f64.lt (f64.convert_i32_s (local.get $n)) (f64.const 9))))
      (local.set $x (block (result i32) (i32.eqz (block (result i32) (i32.eqz (local.get $x))))))
      (global.set $g (i32.add (global.get $g) (local.get $x)))
      i32.add))", {Value::i32(5)});
}

TEST(FuelInMachineCode, BranchesWithValues) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (func $pick (param $n i32) (result i32 i64)
      (block $c (result i32 i64)
        (block $b (result i32)
          (block $a (result i32)
            (if (i32.eq (local.get $n) (i32.const 5)) (then (i32.const 50) (i64.const 51) (return)))
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (i32.const 10) (br_table $a $b $a $b (local.get $n)))
          (global.set $g (i32.add (global.get $g) (i32.const 100)))
          (i32.const 2) i32.add
          (br_if $b (i32.const 3) (i32.eq (local.get $n) (i32.const 2)))
          i32.add)
        (i64.const 7)
        (br_if $c (i32.and (local.get $n) (i32.const 1)))
        (i64.const 1) i64.add))
    (func (export "f") (result i32) (local $i i32) (local $s i32)
      (loop $again
        (call $pick (local.get $i)) i32.wrap_i64 i32.add
        (local.set $s (i32.add (local.get $s)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 7))))
      (local.get $s)))");
}

// What cannot be reached costs nothing, also where it stands behind what can.
TEST(FuelInMachineCode, CodeThatCannotBeReached) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (func $early (param i32) (result i32)
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (return (local.get 0))
      (global.set $g (i32.const 9)) (block (loop (br 0)) (if (i32.const 1) (then (drop (i32.const 1))))) (i32.const 4))
    (func $jump (param i32) (result i32)
      (block $out (result i32)
        (block (br $out (i32.add (local.get 0) (i32.const 1))) (drop (i32.const 3)) (br 0) unreachable)
        (drop (i32.const 3)) (i32.const 2))
      (i32.const 1) i32.add)
    (func (export "f") (param i32) (result i32)
      (block $b
        (if (call $early (local.get 0)) (then (br $b)) (else (global.set $g (i32.const 77)) (return (i32.const 5))))
        (global.set $g (i32.const 78)))
      (global.set $g (i32.add (global.get $g) (call $jump (call $early (local.get 0)))))
      (call $early (i32.const 1))
      unreachable (drop (i32.const 5)) (drop)))", {Value::i32(3)});
}

TEST(FuelInMachineCode, CallsBetweenTiers) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (type $f (func (param i32) (result i32)))
    (table $t 5 funcref) (elem (table $t) (i32.const 0) func $fib $fib_interpreted $mixed)
    (elem declare func $fib $fib_interpreted)
    (func $count (global.set $g (i32.add (global.get $g) (i32.const 1))))
    (func $fib (param i32) (result i32)
      (call $count)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib_interpreted (i32.sub (local.get 0) (i32.const 1)))
          (call_indirect $t (type $f) (i32.sub (local.get 0) (i32.const 2)) (i32.const 1))))))
    (func $fib_interpreted (param i32) (result i32)
      (call $count)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call_ref $f (i32.sub (local.get 0) (i32.const 2)) (ref.func $fib))))))
    (func $mixed (param i32) (result i32)
      (i32.add (call $fib (local.get 0)) (call_ref $f (local.get 0) (ref.func $fib_interpreted))))
    (func (export "f") (param i32) (result i32)
      (call_indirect $t (type $f) (local.get 0) (i32.const 2))
      (drop (call_indirect $t (type $f) (local.get 0) (i32.const 3)))))", {Value::i32(3)});
}

TEST(FuelInMachineCode, TailCalls) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (type $f (func (param i32 i32) (result i32)))
    (table $t 2 funcref) (elem (table $t) (i32.const 0) func $a $b_interpreted)
    (elem declare func $c)
    (func $a (param i32 i32) (result i32)
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
      (return_call_indirect $t (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 3)) (i32.const 1)))
    (func $b_interpreted (param i32 i32) (result i32)
      (global.set $g (i32.add (global.get $g) (i32.const 10)))
      (return_call_ref $f (local.get 0) (local.get 1) (ref.func $c)))
    (func $c (param i32 i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
      (return_call $a (i32.sub (local.get 0) (i32.const 1)) (i32.mul (local.get 1) (i32.const 5))))
    (func (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $a (local.get 0) (i32.const 1)))))", {Value::i32(9)});
}

TEST(FuelInMachineCode, Exceptions) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (tag $i (param i32)) (tag $n)
    (func $throw (param i32)
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (if (i32.eqz (local.get 0)) (then (throw $n)))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $i (i32.const 40) ) (drop (i32.const 4)))))
    (func $throw_interpreted (param i32)
      (call $throw (local.get 0)) (global.set $g (i32.add (global.get $g) (i32.const 100))))
    (func $again (param i32)
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw_interpreted (local.get 0)))
        (return))
      (global.set $g (i32.add (global.get $g) (i32.const 1000)))
      throw_ref)
    (func $catch (param $n i32) (result i32) (local $x i32)
      (local.set $x (i32.const 3))
      (block $nothing
        (block $number (result i32)
          (try_table (catch $i $number) (catch $n $nothing)
            (local.set $x (i32.add (local.get $x) (i32.const 1)))
            (call $again (local.get $n))
            (local.set $x (i32.add (local.get $x) (i32.const 5))))
          (return (local.get $x)))
        (return (i32.add (local.get $x))))
      (i32.mul (local.get $x) (i32.const 2)))
    (func (export "f") (result i32) (local $i i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s) (call $catch (local.get $i))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
      (loop $caught (try_table (catch $n $caught)
        (if (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 7)) (then (throw $n)))))
      (call $throw (i32.const 1))
      (local.get $s)))");
}

TEST(FuelInMachineCode, LegacyExceptions) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (tag $i (param i32)) (tag $n)
    (func $throw_interpreted (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $n)))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $i (i32.const 40)))))
    (func $catch (param $n i32) (result i32)
      (try (result i32)
        (do
          (try (result i32)
            (do (try (result i32) (do (call $throw_interpreted (local.get $n)) (i32.const 6)) (delegate 0)))
            (catch $n (global.set $g (i32.add (global.get $g) (i32.const 1))) (rethrow 0) (drop (i32.const 1)) (i32.const 4)))
          (i32.const 1) i32.add)
        (catch $i (global.set $g (i32.add (global.get $g) (i32.const 10))) (i32.const 2) i32.add)
        (catch_all (i32.const 8) (global.set $g (i32.add (global.get $g) (i32.const 100))))))
    (func (export "f") (result i32) (local $i i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s) (call $catch (local.get $i))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
      (local.get $s)))");
}

// The host sees what is left, gives more, and calls back.
TEST(FuelInMachineCode, TheHostSeesAndGivesFuel) {
  expect_same(std::string(kImports) + R"((global $g (export "g") (mut i32) (i32.const 0))
    (func (export "inner") (param i32) (result i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (call $note (i32.const 99)) (i32.const 3))
    (func $work_interpreted (param i32) (result i32)
      (call $note (local.get 0)) (drop (call $refuel (i32.const 7))) (call $note (i32.const 55)) (call $back (i32.const 2)))
    (func (export "f") (param $n i32) (result i32) (local $s i32)
      (loop $l
        (call $note (local.get $n))
        (local.set $s (i32.add (local.get $s) (call $refuel (i32.const 4))))
        (local.set $s (i32.add (local.get $s) (call $back (i32.const 2))))
        (global.set $g (local.get $s))
        (local.set $s (i32.add (local.get $s) (call $work_interpreted (local.get $n))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (return_call $back (i32.const 1))))", {Value::i32(3)});
}

TEST(FuelInMachineCode, TrapsAndBulk) {
  const std::string fields = std::string(kMemory) + R"((global $g (export "g") (mut i32) (i32.const 0))
    (data $d "brink") (table $t 10 externref)
    (func (export "f") (param $n i32) (result i32) (local $i i32)
      (memory.fill (i64.const 100) (i32.const 7) (i64.const 50))
      (memory.copy (i64.const 120) (i64.const 90) (i64.const 40))
      (memory.init $d (i64.const 3) (i32.const 1) (i32.const 3))
      (table.fill $t (i32.const 2) (ref.null extern) (i32.const 3))
      (drop (memory.grow (i64.const 1)))
      (loop $l
        (global.set $g (i32.add (global.get $g) (i32.div_s (i32.const 100) (i32.sub (i32.const 6) (local.get $i)))))
        (i32.store (i64.const 8) (global.get $g))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (if (i32.eq (local.get $n) (i32.const 2)) (then (memory.fill (i64.const 65530) (i32.const 7) (i64.const 50))))
      (if (i32.eq (local.get $n) (i32.const 3)) (then (i64.store (i64.const 65530) (i64.const 9))))
      (if (i32.eq (local.get $n) (i32.const 4)) (then (return (i32.trunc_f64_s (f64.mul (f64.convert_i32_s (local.get $n)) (f64.const 1e9))))))
      (global.get $g)))";
  for (i32 n : {2, 3, 4, 9}) expect_same(fields, {Value::i32(n)});
}

// A fault at a guard page finds what is left in a register.
TEST(FuelInMachineCode, MemoryFaults) {
  const std::string text = R"((module (memory 1)
    (func $deep (param i32) (result i32) (i32.load (i32.shl (local.get 0) (i32.const 14))))
    (func (export "f") (param $n i32)
      (loop $l (i32.store (i32.const 8) (call $deep (local.get $n)))
        (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))))";
  std::vector<Tier> all = tiers();
#if defined(__aarch64__)
  all.resize(3);
#endif
  // Two rounds of nine instructions and four of the callee; the third, in which the callee's load faults, is paid for as well.
  std::string wanted = outcome({"interp", nullptr}, text, 1000, {Value::i32(2)});
  EXPECT_NE(wanted.find("left: " + std::to_string(1000 - 3 * 13)), std::string::npos) << wanted;
  for (const Tier& tier : all) EXPECT_EQ(outcome(tier, text, 1000, {Value::i32(2)}), wanted) << tier.name;
}

// Who is asked whether an interrupted guest may go on sees what is left, and may change it.
TEST(FuelInMachineCode, InterruptsSeeAndGiveFuel) {
  const std::string text = R"((module (import "host" "poke" (func $poke))
    (func (export "f") (param $n i32)
      (loop $l (if (i32.eq (local.get $n) (i32.const 50)) (then (call $poke)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))";
  std::vector<Tier> all = tiers();
  all.push_back({"interp", nullptr});
  for (const Tier& tier : all) {
    std::optional<Guest> guest;
    Config config = tier.config;
    config.consume_fuel = true;
    guest.emplace(text, tier.compiler, StoreLimits{}, [&](Linker& linker) {
      linker.define_function("host", "poke", [&] { guest->store().interrupt_handle().interrupt(); });
    }, config);
    guest->store().interrupt_handle();
    u64 seen = 0;
    guest->store().on_interrupt([&] {
      seen = guest->store().fuel();
      guest->store().set_fuel(seen + 1'000'000);
      return true;
    });
    guest->store().set_fuel(901);
    EXPECT_EQ(guest->call("f", {Value::i32(100)}), "") << tier.name;
    // A hundred rounds of nine, and a call; it happens in round 51 or at the beginning of the next.
    EXPECT_EQ(guest->store().fuel(), 1'000'000u) << tier.name;
    EXPECT_GE(seen, 901u - 1 - 52 * 9) << tier.name;
    EXPECT_LE(seen, 901u - 1 - 50 * 9) << tier.name;
  }
}

TEST(FuelInMachineCode, ObjectsAndReferences) {
  expect_same(R"((global $g (export "g") (mut i32) (i32.const 0))
    (type $s (struct (field (mut i32)) (field (ref null $s)))) (type $a (array (mut i32)))
    (func $is (param $x anyref) (result i32)
      (block $null
        (block $other (result anyref)
          (br_on_cast_fail $other anyref (ref $s) (br_on_null $null (local.get $x)))
          (struct.get $s 0)
          (return))
        (drop) (return (i32.const 9)))
      (i32.const 5))
    (func (export "f") (param $n i32) (result i32) (local $s (ref null $s)) (local $a (ref null $a))
      (local.set $a (array.new $a (i32.const 3) (local.get $n)))
      (loop $l
        (local.set $s (struct.new $s (local.get $n) (local.get $s)))
        (array.set $a (local.get $a) (i32.sub (local.get $n) (i32.const 1)) (call $is (local.get $s)))
        (global.set $g (i32.add (global.get $g) (array.get $a (local.get $a) (i32.const 1))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.add (call $is (ref.null any)) (call $is (ref.i31 (i32.const 1))))
      (array.get $a (local.get $a) (i32.const 8))
      i32.add))", {Value::i32(3)});
}

TEST(FuelInMachineCode, FloatsAndVectors) {
  expect_same(R"((global $g (export "g") (mut f64) (f64.const 0))
    (func $mean (param f64 f64) (result f64) (f64.div (f64.add (local.get 0) (local.get 1)) (f64.const 2)))
    (func (export "f") (param $n i32) (result f64 v128) (local $x f64) (local $v v128)
      (loop $l
        (local.set $x (call $mean (f64.sqrt (f64.add (local.get $x) (f64.const 2))) (f64.nearest (local.get $x))))
        (local.set $v (i32x4.add (local.get $v) (i32x4.splat (i32.trunc_sat_f64_u (f64.mul (local.get $x) (f64.const 1e3))))))
        (global.set $g (select (local.get $x) (global.get $g) (f64.gt (local.get $x) (global.get $g))))
        (br_if $l (i32.and (f64.lt (local.get $x) (f64.const 9))
          (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
      (local.get $x) (local.get $v)))", {Value::i32(4)});
}

// A run has 127 instructions at most, as much as can be subtracted by a short instruction everywhere: what cannot be paid for as a
// whole is paid for in parts.
TEST(FuelInMachineCode, LongRuns) {
  std::string body;
  for (u32 i = 0; i < 100; ++i)
    body += "(global.set $g (i32.add (global.get $g) (i32.shl (local.get 0) (i32.const 1))))";
  const std::string fields = "(global $g (export \"g\") (mut i32) (i32.const 0)) (func (export \"f\") (param i32) " + body + ")";
  ASSERT_EQ(cost(fields, {Value::i32(1)}), 600u);
  const u64 amounts[] = {0, 1, 126, 127, 128, 253, 254, 255, 507, 508, 509, 599, 600, 601};
  expect_same(fields, {Value::i32(1)}, amounts);
  // 21 whole rounds of six; the first instruction of the next changes nothing.
  EXPECT_NE(outcome({"interp", nullptr}, "(module " + fields + ")", 253, {Value::i32(1)}).find("g: 42"), std::string::npos);
}

// Code of a guest with fuel and of one without, from one compiler: each is what its own engine says.
TEST(FuelInMachineCode, OneCompilerForBothKinds) {
  const std::string text = R"((module (func (export "f") (param i32) (result i32) (local $s i32)
    (loop $l (local.set $s (i32.add (local.get $s) (local.get 0))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $s))))";
  auto shared = compiler();
  Guest free(text, shared);
  u64 used = 0;
  outcome({"jit", shared}, text, kPlenty, {Value::i32(10)}, &used);
  EXPECT_EQ(used, 91u);
  free.store().set_fuel(5);
  EXPECT_EQ(free.call("f", {Value::i32(10)}), "55 ");
  EXPECT_EQ(free.store().fuel(), 5u);
  EXPECT_EQ(shared->statistics().functions, 2u);
}

}  // namespace
}  // namespace brink::jit
