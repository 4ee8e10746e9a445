// Real threads on one memory: waiting and waking, growing while others access, first calls that race.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>

#include "engine/runtime/objects.h"
#include "engine/runtime/parking_lot.h"
#include "engine/runtime/test_threads.h"

namespace brink {
namespace {

using Clock = std::chrono::steady_clock;
constexpr i64 kMillisecond = 1'000'000;

// Until that many threads wait at an address.
void await_waiters(const SharedMemory& memory, u64 address, u32 count) {
  runtime::Memory& impl = *memory.impl();
  while (impl.lot->waiting_at(impl.base + address) < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

u32 word_at(const SharedMemory& memory, u64 address) {
  return std::atomic_ref<u32>(*reinterpret_cast<u32*>(memory.span(address, 4)->data())).load();
}

constexpr const char* kWaiters = R"((module
  (import "env" "memory" (memory 1 4 shared))
  (func (export "wait32") (param i32 i32 i64) (result i32)
    local.get 0 local.get 1 local.get 2 memory.atomic.wait32)
  (func (export "wait64") (param i32 i64 i64) (result i32)
    local.get 0 local.get 1 local.get 2 memory.atomic.wait64)
  (func (export "notify") (param i32 i32) (result i32)
    local.get 0 local.get 1 memory.atomic.notify)
  ;; Waits at 0, then appends its number to the list whose end is at 64.
  (func (export "wait_and_sign") (param $number i32) (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))
    (i32.atomic.store (i32.atomic.rmw.add (i32.const 64) (i32.const 4)) (local.get $number)))))";

class Waiting : public ::testing::Test {
 protected:
  Engine engine{threads_config()};
  Module module = compile(engine, kWaiters);
  SharedMemory memory = make_shared_memory(1, 4);
  Guest guest{module, memory};

  TrapKind trap_of(std::string_view name, std::initializer_list<Value> arguments) {
    auto outcome = guest.call(name, arguments);
    if (outcome) {
      ADD_FAILURE() << name << " did not trap";
      return TrapKind::Exit;
    }
    return outcome.error().kind();
  }
};

TEST_F(Waiting, ComparesFirst) {
  std::memset(memory.span(0, 8)->data(), 0xFF, 8);
  EXPECT_EQ(guest.call_i32("wait32", {Value::i32(0), Value::i32(0), Value::i64(-1)}), 1);
  EXPECT_EQ(guest.call_i32("wait64", {Value::i32(0), Value::i64(0xFFFFFFFF), Value::i64(-1)}), 1);
  EXPECT_EQ(guest.call_i32("wait32", {Value::i32(0), Value::i32(-1), Value::i64(0)}), 2);
  EXPECT_EQ(guest.call_i32("wait64", {Value::i32(0), Value::i64(-1), Value::i64(0)}), 2);
}

TEST_F(Waiting, Traps) {
  constexpr i32 kEnd = 65536;
  EXPECT_EQ(trap_of("wait32", {Value::i32(2), Value::i32(0), Value::i64(0)}), TrapKind::UnalignedAtomic);
  EXPECT_EQ(trap_of("wait64", {Value::i32(4), Value::i64(0), Value::i64(0)}), TrapKind::UnalignedAtomic);
  EXPECT_EQ(trap_of("wait32", {Value::i32(kEnd), Value::i32(0), Value::i64(0)}), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(trap_of("wait64", {Value::i32(-8), Value::i64(0), Value::i64(0)}), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(trap_of("notify", {Value::i32(kEnd), Value::i32(0)}), TrapKind::MemoryOutOfBounds);

  Guest unshared(engine, R"((module (memory 1)
    (func (export "wait32") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))
    (func (export "wait64") (result i32) (memory.atomic.wait64 (i32.const 0) (i64.const 1) (i64.const 0)))
    (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1)))))");
  for (const char* name : {"wait32", "wait64"}) {
    auto outcome = unshared.call(name);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), TrapKind::ExpectedSharedMemory);
    EXPECT_EQ(outcome.error().message(), "expected shared memory");
  }
  EXPECT_EQ(unshared.call_i32("notify"), 0);
}

TEST_F(Waiting, TimeoutsAreNanoseconds) {
  auto begin = Clock::now();
  EXPECT_EQ(guest.call_i32("wait32", {Value::i32(0), Value::i32(0), Value::i64(30 * kMillisecond)}), 2);
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(30));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(guest.call_i32("notify", {Value::i32(0), Value::i32(10)}), 0) << "who timed out waits no more";
}

TEST_F(Waiting, TheLongestTimeoutsAndNegativeOnesDoNotEnd) {
  for (i64 timeout : {INT64_MAX, INT64_MAX / 2, i64{-1}, INT64_MIN}) {
    std::thread waiter([&] {
      Guest other(module, memory);
      EXPECT_EQ(other.call_i32("wait64", {Value::i32(8), Value::i64(0), Value::i64(timeout)}), 0);
    });
    await_waiters(memory, 8, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(guest.call_i32("notify", {Value::i32(8), Value::i32(1)}), 1) << timeout;
    waiter.join();
  }
}

TEST_F(Waiting, FirstComeFirstWoken) {
  constexpr u32 kThreads = 5;
  u32 list_begin = 128;
  std::memcpy(memory.span(64, 4)->data(), &list_begin, 4);
  std::vector<std::thread> threads;
  for (u32 i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Guest other(module, memory);
      EXPECT_EQ(other.call_i32("wait_and_sign", {Value::i32(static_cast<i32>(100 + i))}), 0);
    });
    await_waiters(memory, 0, i + 1);
  }
  EXPECT_EQ(guest.call_i32("notify", {Value::i32(4), Value::i32(-1)}), 0) << "nobody waits at that address";
  EXPECT_EQ(guest.call_i32("notify", {Value::i32(0), Value::i32(0)}), 0);
  for (u32 i = 0; i < 3; ++i) {
    EXPECT_EQ(guest.call_i32("notify", {Value::i32(0), Value::i32(1)}), 1);
    while (word_at(memory, 128 + 4 * i) == 0) std::this_thread::yield();
    EXPECT_EQ(word_at(memory, 128 + 4 * i), 100 + i);
  }
  EXPECT_EQ(guest.call_i32("notify", {Value::i32(0), Value::i32(-1)}), 2) << "the count is unsigned";
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Waiting, TheHostCanWaitAndNotify) {
  std::thread waiter([&] { EXPECT_EQ(memory.wait32(16, 0, -1), WaitResult::Woken); });
  await_waiters(memory, 16, 1);
  EXPECT_EQ(guest.call_i32("notify", {Value::i32(16), Value::i32(5)}), 1);
  waiter.join();

  std::thread guest_waiter([&] {
    Guest other(module, memory);
    EXPECT_EQ(other.call_i32("wait32", {Value::i32(16), Value::i32(0), Value::i64(-1)}), 0);
  });
  await_waiters(memory, 16, 1);
  EXPECT_EQ(memory.notify(16, 5), 1u);
  guest_waiter.join();

  EXPECT_EQ(memory.wait32(16, 1, -1), WaitResult::NotEqual);
  EXPECT_EQ(memory.wait64(16, 0, 0), WaitResult::TimedOut);
  EXPECT_EQ(memory.wait64(20, 0, 0), std::nullopt);
  EXPECT_EQ(memory.wait32(65536, 0, 0), std::nullopt);
  EXPECT_EQ(memory.notify(65536, 0), std::nullopt);
  EXPECT_EQ(memory.notify(~u64{3}, 0), std::nullopt);
}

TEST_F(Waiting, CanBeInterruptedForGood) {
  std::atomic<int> interrupted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      Guest other(module, memory);
      auto outcome = other.call("wait32", {Value::i32(i * 4), Value::i32(0), Value::i64(-1)});
      interrupted += !outcome && outcome.error().kind() == TrapKind::Interrupted;
    });
  for (u64 i = 0; i < 3; ++i) await_waiters(memory, i * 4, 1);
  memory.interrupt();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(interrupted, 3);
  EXPECT_EQ(trap_of("wait32", {Value::i32(0), Value::i32(0), Value::i64(-1)}), TrapKind::Interrupted);
}

// A mutex of the usual three states (free, taken, contended) around an increment that is not atomic.
TEST(Threads, AMutexOfWaitAndNotifyExcludes) {
  Engine engine(threads_config());
  Module module = compile(engine, R"((module
    (import "env" "memory" (memory 1 1 shared))
    (func $lock (local $state i32)
      (local.set $state (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))
      (if (local.get $state) (then
        (loop $retry
          (if (i32.or (i32.eq (local.get $state) (i32.const 2))
                      (i32.ne (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 1) (i32.const 2)) (i32.const 0)))
            (then (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))))
          (local.set $state (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 2)))
          (br_if $retry (local.get $state))))))
    (func $unlock
      (if (i32.ne (i32.atomic.rmw.sub (i32.const 0) (i32.const 1)) (i32.const 1)) (then
        (i32.atomic.store (i32.const 0) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
    (func (export "count") (param $times i32)
      (loop $again
        (call $lock)
        (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
        (call $unlock)
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))))");
  constexpr int kThreads = 4, kTimes = 5000;
  SharedMemory memory = make_shared_memory(1, 1);
  in_threads(kThreads, [&](int) {
    Guest guest(module, memory);
    guest.call_i32("count", {Value::i32(kTimes)});
  });
  EXPECT_EQ(word_at(memory, 1024), u32{kThreads * kTimes});
}

TEST(Threads, UpdatesAreAtomic) {
  Engine engine(threads_config());
  Module module = compile(engine, R"((module
    (import "env" "memory" (memory 1 1 shared))
    (func (export "run") (param $times i32) (local $old i32)
      (loop $again
        (drop (i32.atomic.rmw8.add_u (i32.const 3) (i32.const 1)))
        (drop (i32.atomic.rmw16.sub_u (i32.const 6) (i32.const 1)))
        (drop (i64.atomic.rmw.add (i32.const 8) (i64.const 0x100000001)))
        (loop $retry
          (local.set $old (i32.atomic.load (i32.const 16)))
          (br_if $retry (i32.ne (local.get $old)
            (i32.atomic.rmw.cmpxchg (i32.const 16) (local.get $old) (i32.add (local.get $old) (i32.const 3))))))
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))))");
  constexpr u64 kThreads = 4, kTimes = 10000;
  SharedMemory memory = make_shared_memory(1, 1);
  in_threads(kThreads, [&](int) {
    Guest guest(module, memory);
    guest.call_i32("run", {Value::i32(kTimes)});
  });
  u64 sum;
  std::memcpy(&sum, memory.span(8, 8)->data(), 8);
  EXPECT_EQ(sum, kThreads * kTimes * 0x100000001);
  EXPECT_EQ(word_at(memory, 0), (kThreads * kTimes & 0xFF) << 24) << "one byte, and nothing beside it";
  EXPECT_EQ(word_at(memory, 4), static_cast<u32>((0 - kThreads * kTimes) << 16));
  EXPECT_EQ(word_at(memory, 16), 3 * kThreads * kTimes);
}

TEST(Threads, ANotifyStormWakesEveryone) {
  Engine engine(threads_config());
  Module module = compile(engine, kWaiters);
  SharedMemory memory = make_shared_memory(1, 4);
  constexpr int kThreads = 4, kRounds = 500;
  std::atomic<int> running = kThreads;
  std::atomic<int> woken = 0;
  std::thread storm([&] {
    Guest guest(module, memory);
    for (u64 address = 0; running != 0; address = (address + 4) % 64)
      guest.call_i32("notify", {Value::i32(static_cast<i32>(address)), Value::i32(-1)});
  });
  in_threads(kThreads, [&](int number) {
    Guest guest(module, memory);
    for (int i = 0; i < kRounds; ++i) {
      i64 timeout = i % 2 ? -1 : 1000;  // half of them race with their timeouts
      i32 result = guest.call_i32("wait32", {Value::i32(number * 4 + i % 3 * 16), Value::i32(0), Value::i64(timeout)});
      EXPECT_TRUE(result == 0 || (result == 2 && timeout > 0)) << result;
      woken += result == 0;
    }
    --running;
  });
  storm.join();
  EXPECT_GE(woken, kThreads * kRounds / 2);
}

struct Width {
  AddressType address;
  const char* type;
};

TEST(Threads, MemoriesGrowWhileOthersAccessThem) {
  Engine engine(threads_config());
  for (const Width& width : {Width{AddressType::I32, "i32"}, Width{AddressType::I64, "i64"}}) {
    SCOPED_TRACE(width.type);
    std::string text = R"((module
      (import "env" "memory" (memory $ADDRESS 1 200 shared))
      (func (export "grow") (result i32)
        (loop $again
          (br_if $again ($ADDRESS.ne (memory.grow ($ADDRESS.const 1)) ($ADDRESS.const -1))))
        (i32.const 1))
      ;; Uses the last bytes of what it knows to be there, until all is there. No access traps.
      (func (export "use") (result i32) (local $end $ADDRESS) (local $uses i32)
        (loop $again
          (local.set $end ($ADDRESS.mul (memory.size) ($ADDRESS.const 65536)))
          (i64.store ($ADDRESS.sub (local.get $end) ($ADDRESS.const 8)) (i64.const 1))
          (drop (i64.load offset=1 ($ADDRESS.sub (local.get $end) ($ADDRESS.const 9))))
          (drop (i32.atomic.rmw.add ($ADDRESS.sub (local.get $end) ($ADDRESS.const 8)) (i32.const 1)))
          (memory.fill ($ADDRESS.sub (local.get $end) ($ADDRESS.const 100)) (i32.const 1) ($ADDRESS.const 100))
          (local.set $uses (i32.add (local.get $uses) (i32.const 1)))
          (br_if $again ($ADDRESS.lt_u (local.get $end) ($ADDRESS.const 13107200))))
        (local.get $uses))))";
    for (size_t at; (at = text.find("$ADDRESS")) != text.npos;) text.replace(at, 8, width.type);
    Module module = compile(engine, text);
    SharedMemory memory = make_shared_memory(1, 200, width.address);
    in_threads(4, [&](int number) {
      Guest guest(module, memory);
      EXPECT_GT(guest.call_i32(number < 2 ? "grow" : "use"), 0);
    });
    EXPECT_EQ(memory.size_bytes(), 200u << 16);
    EXPECT_EQ(memory.grow(1), std::nullopt);
  }
}

// Plain accesses may race; what is read is one of the values that were written (aligned, so no value is torn).
TEST(Threads, PlainAccessesMayRace) {
  Engine engine(threads_config());
  Module module = compile(engine, R"((module
    (import "env" "memory" (memory 1 1 shared))
    (func (export "run") (param $times i32) (param $value i64) (result i32) (local $seen i64)
      (loop $again
        (i64.store (i32.const 0) (local.get $value))
        (local.set $seen (i64.load (i32.const 0)))
        (if (i64.ne (local.get $seen) (i64.const 0x1111111111111111))
          (then (if (i64.ne (local.get $seen) (i64.const 0x2222222222222222)) (then (return (i32.const 0))))))
        (v128.store (i32.const 16) (v128.load (i32.const 32)))
        (v128.store64_lane 1 (i32.const 32) (v128.load32_splat (i32.const 16)))
        (memory.fill (i32.const 64) (i32.wrap_i64 (local.get $value)) (i32.const 100))
        (memory.copy (i32.const 80) (i32.const 64) (i32.const 100))
        (i32.store8 (i32.const 70) (i32.load16_s (i32.const 71)))
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
      (i32.const 1))))");
  SharedMemory memory = make_shared_memory(1, 1);
  in_threads(3, [&](int number) {
    Guest guest(module, memory);
    i64 value = number % 2 ? 0x1111111111111111 : 0x2222222222222222;
    EXPECT_EQ(guest.call_i32("run", {Value::i32(3000), Value::i64(value)}), 1);
  });
}

// Functions are validated and prepared at their first call, by whichever thread comes first.
TEST(Threads, FirstCallsMayRace) {
  constexpr int kFunctions = 40, kRounds = 20;
  std::string text = "(module (table funcref (elem";
  for (int i = 0; i < kFunctions; ++i) text += " $f" + std::to_string(i);
  text += ")) (type $t (func (param i32) (result i32)))";
  for (int i = 0; i < kFunctions; ++i) {
    std::string number = std::to_string(i);
    text += " (func $f" + number + " (param i32) (result i32) (local i64 v128) " +
            "(block (br_if 0 (i32.lt_u (local.get 0) (i32.const 1))) (local.set 1 (i64.const 5))) " +
            "(if (result i32) (i64.eqz (local.get 1)) (then (i32.const " + number + ")) (else (i32.add (i32.const " +
            number + ") (i32.const 1000)))))";
  }
  text += " (func (export \"all\") (result i32)";
  // Directly, and through the table.
  for (int i = 0; i < kFunctions; ++i) {
    if (i % 2) text += " (call $f" + std::to_string(i) + " (i32.const 1))";
    else text += " (call_indirect (type $t) (i32.const 1) (i32.const " + std::to_string(i) + "))";
  }
  for (int i = 1; i < kFunctions; ++i) text += " i32.add";
  text += "))";

  Engine engine(threads_config());
  constexpr i32 kSum = kFunctions * (kFunctions - 1) / 2 + kFunctions * 1000;
  for (int round = 0; round < kRounds; ++round) {
    Module module = compile(engine, text);
    in_threads(4, [&](int) {
      Guest guest(module, std::nullopt);
      EXPECT_EQ(guest.call_i32("all"), kSum);
    });
  }
}

// Modules with the same types, loaded and linked at the same time, agree about them.
TEST(Threads, ModulesMayBeLoadedAtOnce) {
  Engine engine(threads_config());
  in_threads(4, [&](int) {
    for (int i = 0; i < 20; ++i) {
      std::string field = i % 2 ? "i32" : "i64";
      Guest guest(engine, "(module (rec (type $a (struct (field " + field +
                              ") (field (ref null $b)))) (type $b (array (ref null $a))))" + "(type $c" +
                              std::to_string(i) + " (struct (field (ref null $a)) (field i" + (i % 3 ? "32" : "64") +
                              ")))" +
                              "(func (export \"f\") (result i32) (ref.test (ref $a) (struct.new_default $a))))");
      EXPECT_EQ(guest.call_i32("f"), 1);
    }
  });
}

TEST(SharedMemories, AreOwnedByAllWhoUseThem) {
  Engine engine(threads_config());
  Module module = compile(engine, R"((module
    (import "env" "memory" (memory 1 4 shared))
    (import "env" "memory" (memory 1 4 shared))
    (export "memory" (memory 0)) (export "again" (memory 1))
    (func (export "load") (result i32) (i32.load (i32.const 0)))))");
  std::optional<SharedMemory> memory = make_shared_memory(1, 4);
  std::optional<Guest> first(std::in_place, module, *memory);
  std::weak_ptr<runtime::Memory> watched = memory->impl();
  memory.reset();
  (*first->instance.get_memory("memory")->span(0, 1))[0] = 7;
  EXPECT_EQ(first->call_i32("load"), 7);

  auto again = first->instance.get_memory("memory")->shared();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->impl(), first->instance.get_memory("again")->shared()->impl());
  EXPECT_EQ(first->store.state().memories.size(), 1u);
  std::optional<Guest> second(std::in_place, module, *again);
  again.reset();
  first.reset();
  EXPECT_EQ(second->call_i32("load"), 7);
  second.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(SharedMemories, AreMadeByModulesToo) {
  Engine engine(threads_config());
  Guest maker(engine, R"((module (memory (export "m") 1 2 shared) (memory (export "own") 1)))");
  auto memory = maker.instance.get_memory("m")->shared();
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->type().limits.is_shared);
  EXPECT_FALSE(maker.instance.get_memory("own")->shared());
  Guest user(compile(engine, R"((module (import "env" "memory" (memory 1 2 shared))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))))"),
             *memory);
  EXPECT_EQ(user.call_i32("grow"), 1);
  EXPECT_EQ(maker.instance.get_memory("m")->size_pages(), 2u);
  EXPECT_EQ(user.call_i32("grow"), -1);
}

TEST(SharedMemories, MistakesAreErrors) {
  MemoryType type;
  type.limits = {.min = 1, .max = 2, .has_max = true};
  auto unshared = SharedMemory::create(type);
  ASSERT_FALSE(unshared);
  EXPECT_EQ(unshared.error().kind, ErrorKind::Usage);
  type.limits.is_shared = true;
  auto too_large = SharedMemory::create(type, 100);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().kind, ErrorKind::Limit);

  Engine engine(threads_config());
  Linker linker(engine);
  linker.define("env", "memory", make_shared_memory(1, 4));
  StoreLimits limits;
  limits.memories = 0;
  Store store(engine, limits);
  auto full = linker.instantiate(store, compile(engine, R"((module (import "env" "memory" (memory 1 4 shared))))"));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::Limit);
  Store roomy(engine);
  for (const char* wanted : {"1 4", "1 3 shared", "2 4 shared", "i64 1 4 shared"}) {
    auto instance = linker.instantiate(
        roomy, compile(engine, "(module (import \"env\" \"memory\" (memory " + std::string(wanted) + ")))"));
    ASSERT_FALSE(instance) << wanted;
    EXPECT_EQ(instance.error().kind, ErrorKind::Unlinkable);
  }
}

}  // namespace
}  // namespace brink
