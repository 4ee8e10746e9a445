// Guests that are ended from another thread, and guests that run out of fuel.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <thread>

#include "engine/engine.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/parking_lot.h"

namespace brink {
namespace {

// Both kinds of code: quick code, and the module's bytes as they are.
class Interrupting : public testing::TestWithParam<bool> {
 protected:
  Interrupting() : engine(Config{.quicken = GetParam()}), store(engine), linker(engine) {}

  Instance instantiate(std::string_view text) {
    auto module = Module::from_text(engine, text);
    if (!module) ADD_FAILURE() << module.error().to_string();
    auto instance = linker.instantiate(store, *module);
    if (!instance) ADD_FAILURE() << instance.error().to_string();
    return *instance;
  }

  // Runs an export until it has begun ("begun" is called) and another thread has interrupted it.
  TrapKind interrupt_while_running(std::string_view text, std::string_view name = "run") {
    std::atomic<bool> has_begun = false;
    linker.define_function("env", "begun", [&]() { has_begun = true; });
    Instance instance = instantiate(text);
    InterruptHandle handle = store.interrupt_handle();
    std::thread other([&] {
      while (!has_begun) std::this_thread::yield();
      handle.interrupt();
    });
    auto outcome = instance.get_function(name)->call({});
    other.join();
    if (outcome) {
      ADD_FAILURE() << "it ended by itself";
      return TrapKind::Exit;
    }
    backtrace = outcome.error().backtrace();
    return outcome.error().kind();
  }

  Engine engine;
  Store store;
  Linker linker;
  std::vector<BacktraceFrame> backtrace;
};

TEST_P(Interrupting, EndsALoop) {
  EXPECT_EQ(interrupt_while_running(R"((module (import "env" "begun" (func $begun))
    (func $run (export "run") (call $inner))
    (func $inner (call $begun) (loop $again (br $again)))))"),
            TrapKind::Interrupted);
  ASSERT_EQ(backtrace.size(), 2u);
  EXPECT_EQ(backtrace[0].function, "inner");
  EXPECT_EQ(backtrace[1].function, "run");
}

TEST_P(Interrupting, EndsLoopsOfEveryKindOfBranch) {
  for (const char* loop :
       {"(loop $again (br_if $again (i32.const 1)))", "(loop $again (br_table $again $again (i32.const 7)))",
        "(loop $again (br_on_non_null $again (ref.func $run)) (br $again))",
        "(loop $again (drop (br_on_null $again (ref.func $run))) (br $again))",
        "(loop $again (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1))) (br $again))",
        "(loop $again (local.set $f (f64.add (local.get $f) (f64.const 1))) "
        "(br_if $again (f64.ge (local.get $f) (f64.const 0))))"}) {
    std::string text = R"((module (import "env" "begun" (func $begun)) (memory 1) (elem declare func $run)
      (func $run (export "run") (local $f f64) (call $begun) )" +
                       std::string(loop) + "))";
    // br_on_non_null leaves its value to the label.
    if (text.find("br_on_non_null") != std::string::npos)
      text = R"((module (import "env" "begun" (func $begun)) (elem declare func $run)
        (func $run (export "run") (call $begun)
          (ref.func $run)
          (loop $again (param (ref func)) (drop) (br_on_non_null $again (ref.func $run)))
          unreachable)))";
    EXPECT_EQ(interrupt_while_running(text), TrapKind::Interrupted) << loop;
    store.clear_interrupt();
  }
}

TEST_P(Interrupting, EndsCallsWithoutLoops) {
  EXPECT_EQ(interrupt_while_running(R"((module (import "env" "begun" (func $begun))
    (func (export "run") (call $begun) (return_call $self))
    (func $self (return_call $self))))"),
            TrapKind::Interrupted);
  store.clear_interrupt();
  EXPECT_EQ(interrupt_while_running(R"((module (import "env" "begun" (func $begun))
    (type $t (func)) (table funcref (elem $self))
    (func (export "run") (call $begun) (return_call $self))
    (func $self (loop $again (call $leaf) (br $again)))
    (func $leaf)))"),
            TrapKind::Interrupted);
}

TEST_P(Interrupting, EndsGigabytesOfCopying) {
  EXPECT_EQ(interrupt_while_running(R"((module (import "env" "begun" (func $begun)) (memory 32)
    (func (export "run") (call $begun)
      (loop $again
        (memory.copy (i32.const 0) (i32.const 65536) (i32.const 1966080))
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 2097152))
        (br $again)))))"),
            TrapKind::Interrupted);
}

TEST_P(Interrupting, LastsUntilItIsCleared) {
  Instance instance = instantiate(R"((module (func (export "one") (result i32) (i32.const 1))))");
  InterruptHandle handle = store.interrupt_handle();
  EXPECT_TRUE(instance.get_function("one")->call({}));
  EXPECT_FALSE(store.is_interrupted());
  handle.interrupt();
  EXPECT_TRUE(store.is_interrupted());
  for (int i = 0; i < 2; ++i) {
    auto outcome = instance.get_function("one")->call({});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
  }
  store.clear_interrupt();
  auto outcome = instance.get_function("one")->call({});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->at(0).as_i32(), 1);
}

TEST_P(Interrupting, IsForOneStoreOfAThread) {
  // While the first store's guest is in a host function, the second one's runs, and the first is interrupted.
  Store inner_store(engine);
  InterruptHandle inner_handle = inner_store.interrupt_handle();
  Linker inner_linker(engine);
  std::optional<InterruptHandle> handle;
  inner_linker.define_function("env", "interrupt_outer", [&] { handle->interrupt(); });
  auto inner_module = Module::from_text(engine, R"((module (import "env" "interrupt_outer" (func $interrupt))
    (func (export "count") (result i32) (local $i i32)
      (call $interrupt)
      (loop $again (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
      (local.get $i))))");
  auto inner = inner_linker.instantiate(inner_store, *inner_module);
  ASSERT_TRUE(inner);
  i32 counted = 0;
  linker.define_function("env", "inner", [&] {
    auto outcome = inner->get_function("count")->call({});
    if (outcome) counted = outcome->at(0).as_i32();
  });
  Instance outer = instantiate(R"((module (import "env" "inner" (func $inner))
    (func (export "run") (call $inner) (loop $again (br $again)))))");
  handle = store.interrupt_handle();
  auto outcome = outer.get_function("run")->call({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
  EXPECT_EQ(counted, 1000);
}

TEST_P(Interrupting, ReachesHostFunctionsThatWait) {
  Instance instance = [&] {
    linker.define_function("env", "sleep", [](Caller& caller) {
      pollfd subject{caller.interrupt_descriptor(), POLLIN, 0};
      ::poll(&subject, 1, -1);
    });
    return instantiate(R"((module (import "env" "sleep" (func $sleep)) (func (export "run") (call $sleep))))");
  }();
  InterruptHandle handle = store.interrupt_handle();
  for (int i = 0; i < 2; ++i) {
    std::thread other([&] { handle.interrupt(); });
    auto outcome = instance.get_function("run")->call({});
    other.join();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
    store.clear_interrupt();
  }
}

TEST_P(Interrupting, WakesWaitsAtSharedMemories) {
  auto memory = SharedMemory::create({.limits = {.min = 1, .max = 1, .has_max = true, .is_shared = true}});
  ASSERT_TRUE(memory);
  linker.define("env", "memory", *memory);
  Instance instance = instantiate(R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "run") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))))");
  InterruptHandle handle = store.interrupt_handle();
  std::thread other([&] {
    while (memory->impl()->lot->waiting_at(memory->impl()->base) == 0) std::this_thread::yield();
    handle.interrupt();
  });
  auto outcome = instance.get_function("run")->call({});
  other.join();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
  EXPECT_EQ(memory->impl()->lot->waiting_at(memory->impl()->base), 0u);
  EXPECT_EQ(memory->wait32(0, 0, 0), WaitResult::TimedOut) << "only that store's waits have ended";
}

TEST_P(Interrupting, TheHostMayLetTheGuestGoOn) {
  InterruptHandle handle = store.interrupt_handle();
  linker.define_function("env", "interrupt", [&]() { handle.interrupt(); });
  Instance instance = instantiate(R"((module (import "env" "interrupt" (func $interrupt))
    (func (export "run") (result i32) (local $i i32)
      (loop $again
        (call $interrupt)
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 10))))
      (local.get $i))))");
  Function run = *instance.get_function("run");
  int asked = 0;
  store.on_interrupt([&] { return ++asked > 0; });
  auto outcome = run.call({});
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ((*outcome)[0].as_i32(), 10);
  EXPECT_EQ(asked, 10);
  EXPECT_FALSE(store.is_interrupted());

  asked = 0;
  store.on_interrupt([&] { return ++asked < 5; });
  outcome = run.call({});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
  EXPECT_EQ(asked, 5);
  EXPECT_TRUE(store.is_interrupted());

  store.on_interrupt(nullptr);
  store.clear_interrupt();
  EXPECT_EQ(run.call({}).error().kind(), TrapKind::Interrupted);
}

TEST_P(Interrupting, AComputingGuestCanBeAskedAgainAndAgain) {
  int asked = 0;
  store.on_interrupt([&] { return ++asked < 3; });
  InterruptHandle handle = store.interrupt_handle();
  Instance instance = instantiate("(module (func (export \"run\") (loop $again (br $again))))");
  std::atomic<bool> has_ended = false;
  std::thread other([&] {
    while (!has_ended) {
      handle.interrupt();
      std::this_thread::yield();
    }
  });
  auto outcome = instance.get_function("run")->call({});
  has_ended = true;
  other.join();
  EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
  EXPECT_EQ(asked, 3);
}

TEST_P(Interrupting, OutlivesTheStore) {
  std::optional<InterruptHandle> handle;
  {
    Store short_lived(engine);
    handle = short_lived.interrupt_handle();
  }
  handle->interrupt();
}

// Interrupts that come at any moment: before, during and after runs, always to be seen by the next one at the latest.
TEST_P(Interrupting, LosesNone) {
  Instance instance = instantiate(R"((module (func (export "run") (param i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))");
  InterruptHandle handle = store.interrupt_handle();
  Function run = *instance.get_function("run");
  std::atomic<int> round = 0;
  constexpr int kRounds = 300;
  std::thread other([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (round < i) std::this_thread::yield();
      for (int spin = 0; spin < i % 50; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      handle.interrupt();
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    round = i;
    for (;;) {
      auto outcome = run.call({Value::i32(1 + i % 7 * 100)});
      if (outcome) continue;
      EXPECT_EQ(outcome.error().kind(), TrapKind::Interrupted);
      break;
    }
    store.clear_interrupt();
  }
  other.join();
}

INSTANTIATE_TEST_SUITE_P(Code, Interrupting, testing::Bool(),
                         [](const auto& info) { return info.param ? "Quick" : "Plain"; });

// --- Fuel ------------------------------------------------------------------------------------------------------------

class Fuel : public testing::Test {
 protected:
  Fuel() : engine(Config{.consume_fuel = true}), store(engine) {}

  // What a call of the export "run" costs.
  u64 cost(const std::string& fields, std::initializer_list<Value> arguments = {}) {
    Linker linker(engine);
    auto module = Module::from_text(engine, "(module " + fields + ")");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      return 0;
    }
    auto instance = linker.instantiate(store, *module);
    store.set_fuel(1'000'000);
    trap.reset();
    if (auto outcome = instance->get_function("run")->call(arguments); !outcome) trap = outcome.error();
    return 1'000'000 - store.fuel();
  }

  Engine engine;
  Store store;
  std::optional<Trap> trap;
};

TEST_F(Fuel, PaysForInstructions) {
  EXPECT_EQ(cost("(func (export \"run\"))"), 0u);
  EXPECT_EQ(cost("(func (export \"run\") nop (block (block)) nop)"), 0u);
  EXPECT_EQ(cost("(func (export \"run\") (result i32) (i32.add (i32.const 1) (i32.const 2)))"), 3u);
  EXPECT_EQ(cost("(global $g (mut i32) (i32.const 0)) (memory 1) "
                 "(func (export \"run\") (global.set $g (i32.load (i32.const 4))) (drop (global.get $g)))"),
            5u);
}

TEST_F(Fuel, PaysForTheWayTaken) {
  // local.get if | i32.const, or i32.const i32.const i32.add
  const std::string choice = R"((func (export "run") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2))))))";
  EXPECT_EQ(cost(choice, {Value::i32(1)}), 3u);
  EXPECT_EQ(cost(choice, {Value::i32(0)}), 5u);
  // Five an iteration: local.get i32.const i32.sub local.tee br_if.
  const std::string loop = R"((func (export "run") (param i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))";
  EXPECT_EQ(cost(loop, {Value::i32(1)}), 5u);
  EXPECT_EQ(cost(loop, {Value::i32(1000)}), 5000u);
  // local.get br_table, and one or two constants with their drops; nothing behind a branch that is not taken.
  const std::string table = R"((func (export "run") (param i32)
    (block $b (block $a (br_table $a $b (local.get 0))) (drop (i32.const 1)) (drop (i32.const 2)) (return)
      (drop (i32.const 3)))
    (drop (i32.const 4))))";
  EXPECT_EQ(cost(table, {Value::i32(0)}), 7u);
  EXPECT_EQ(cost(table, {Value::i32(9)}), 4u);
}

TEST_F(Fuel, PaysForCallees) {
  EXPECT_EQ(cost(R"((func $leaf (param i32) (result i32) (local.get 0))
    (func (export "run") (result i32) (call $leaf (call $leaf (i32.const 1)))))"),
            5u);
}

TEST_F(Fuel, IsTheSameForFunctionsWithManyLocals) {
  std::string locals;
  for (int i = 0; i < 300; ++i) locals += " i32";
  EXPECT_EQ(cost("(func (export \"run\") (param i32) (local" + locals + R"()
    (loop $again (local.set 299 (local.get 0))
      (br_if $again (local.tee 0 (i32.sub (local.get 299) (i32.const 1)))))))",
                 {Value::i32(10)}),
            70u);
}

TEST_F(Fuel, PaysForThrowsAndCatches) {
  // call | throw | the i32.const behind the catch
  EXPECT_EQ(cost(R"((tag $t) (func $thrower (throw $t))
    (func (export "run") (result i32)
      (block $caught (try_table (catch $t $caught) (call $thrower)) (return (i32.const 1)))
      (i32.const 2)))"),
            3u);
}

TEST_F(Fuel, EndsWithATrap) {
  const std::string loop = "(func $loop (export \"run\") (loop $again (br $again)))";
  EXPECT_EQ(cost(loop), 1'000'000u);
  ASSERT_TRUE(trap);
  EXPECT_EQ(trap->kind(), TrapKind::OutOfFuel);
  EXPECT_EQ(trap->message(), "all fuel consumed");
  ASSERT_EQ(trap->backtrace().size(), 1u);
  EXPECT_EQ(trap->backtrace()[0].function, "loop");
}

TEST_F(Fuel, IsGivenByTheLimits) {
  StoreLimits limits;
  limits.fuel = 2;
  Store limited(engine, limits);
  Linker linker(engine);
  auto module = Module::from_text(engine, "(module (func (export \"run\") (result i32) (i32.eqz (i32.const 1))))");
  auto instance = linker.instantiate(limited, *module);
  ASSERT_TRUE(instance);
  EXPECT_TRUE(instance->get_function("run")->call({}));
  EXPECT_EQ(limited.fuel(), 0u);
  EXPECT_FALSE(instance->get_function("run")->call({}));
}

}  // namespace
}  // namespace brink
