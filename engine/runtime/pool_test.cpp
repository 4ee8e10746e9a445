// Pools of instances: what a tenant finds, what becomes of limits, and what host functions share.
#include <gtest/gtest.h>

#include <thread>

#include "engine/pool.h"

namespace brink {
namespace {

// A guest with something of everything that a tenant can change.
constexpr const char* kGuest = R"((module
  (import "env" "count" (func $count (param i32) (result i32)))
  (type $nothing (func))
  (memory (export "memory") 2 8)
  (data (i32.const 100) "initial")
  (data $passive "passive")
  (table $table (export "table") 4 20 funcref)
  (elem (table $table) (i32.const 1) func $one $two)
  (elem $later func $two)
  (elem $typed (ref null $nothing) (item ref.null $nothing) (item ref.null $nothing))
  (global $g (export "g") (mut i64) (i64.const 7))
  (global $v (mut v128) (v128.const i64x2 3 4))
  (func $one (export "one") (result i32) i32.const 1)
  (func $two (result i32) i32.const 2)
  (func (export "count") (param i32) (result i32) (call $count (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "call") (param i32) (result i32) (call_indirect $table (result i32) (local.get 0)))
  (func (export "spoil") (result i32)
    (global.set $g (i64.const -1))
    (global.set $v (v128.const i64x2 0 0))
    (table.set $table (i32.const 1) (ref.null func))
    (table.set $table (i32.const 0) (ref.func $two))
    (drop (table.grow $table (ref.func $one) (i32.const 9)))
    (data.drop $passive)
    (elem.drop $later)
    (elem.drop $typed)
    (table.size $table))
  (func (export "state") (result i64)
    (i64.add (global.get $g) (i64.add (i64x2.extract_lane 0 (global.get $v)) (i64x2.extract_lane 1 (global.get $v)))))
  (func (export "init") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7)))
  (func (export "init_table") (table.init $table $later (i32.const 3) (i32.const 0) (i32.const 1)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "trap") (i32.store (i32.const 0) (i32.const -1)) unreachable)
  (elem declare func $two $one)
))";

struct Counter {
  i32 value = 0;
};

class Pool : public testing::Test {
 protected:
  Pool() {
    linker.define_function("env", "count", [](Caller& caller, i32 by) -> Outcome<i32> {
      auto* counter = caller.host_data().get<Counter>();
      if (counter == nullptr) return std::unexpected(Trap::host("no counter"));
      return counter->value += by;
    });
  }

  InstancePool make(const std::string& text, PoolOptions options = {}) {
    options.verify_resets = true;
    auto module = Module::from_text(engine, text, "guest");
    EXPECT_TRUE(module) << module.error().to_string();
    auto pool = InstancePool::create(linker, *module, options);
    EXPECT_TRUE(pool) << pool.error().to_string();
    return *pool;
  }

  static i64 call(const PooledInstance& instance, const char* name, std::initializer_list<Value> arguments = {}) {
    auto outcome = instance.instance().get_function(name)->call(arguments);
    EXPECT_TRUE(outcome) << name << ": " << outcome.error().to_string();
    if (!outcome || outcome->empty()) return 0;
    Value value = outcome->at(0);
    return value.type() == kI32 ? value.as_i32() : value.as_i64();
  }
  static std::optional<TrapKind> trap_of(const PooledInstance& instance, const char* name,
                                         std::initializer_list<Value> arguments = {}) {
    auto outcome = instance.instance().get_function(name)->call(arguments);
    if (outcome) return std::nullopt;
    return outcome.error().kind();
  }

  Engine engine;
  Linker linker{engine};
};

void expect_untouched(const PooledInstance& guest) {
  auto call = [&](const char* name, std::initializer_list<Value> arguments = {}) -> i64 {
    auto outcome = guest.instance().get_function(name)->call(arguments);
    EXPECT_TRUE(outcome) << name << ": " << outcome.error().to_string();
    if (!outcome || outcome->empty()) return 0;
    Value value = outcome->at(0);
    return value.type() == kI32 ? value.as_i32() : value.as_i64();
  };
  auto memory = *guest.instance().get_memory("memory");
  ASSERT_EQ(memory.size_bytes(), 131072u);
  auto bytes = *memory.read_span(0, memory.size_bytes());
  std::vector<u8> wanted(131072);
  std::memcpy(wanted.data() + 100, "initial", 7);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), wanted.begin()));
  EXPECT_EQ(call("size"), 2);
  EXPECT_EQ(call("state"), 14);
  auto table = *guest.instance().get_table("table");
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.get(0), 0u);
  EXPECT_EQ(table.get(3), 0u);
  EXPECT_EQ(call("call", {Value::i32(1)}), 1);
  EXPECT_EQ(call("call", {Value::i32(2)}), 2);
  EXPECT_EQ(guest.store().host_data().get<Counter>(), nullptr);
}

TEST_F(Pool, EveryTenantFindsTheInitialState) {
  InstancePool pool = make(kGuest);
  for (int i = 0; i < 20; ++i) {
    auto guest = pool.acquire();
    ASSERT_TRUE(guest) << guest.error().to_string();
    expect_untouched(*guest);
    EXPECT_EQ(call(*guest, "spoil"), 4 + 9);
    EXPECT_EQ(call(*guest, "state"), -1);
    call(*guest, "fill", {Value::i32(i * 5000), Value::i32(0xAA), Value::i32(20000)});
    call(*guest, "store", {Value::i32(131068), Value::i32(-1)});
    EXPECT_EQ(call(*guest, "grow", {Value::i32(3)}), 2);
    EXPECT_EQ(call(*guest, "load", {Value::i32(4 * 65536)}), 0);
    call(*guest, "fill", {Value::i32(131072), Value::i32(0xBB), Value::i32(3 * 65536)});
    EXPECT_EQ(call(*guest, "load", {Value::i32(5 * 65536 - 4)}), static_cast<i32>(0xBBBBBBBB));
    EXPECT_EQ(trap_of(*guest, "load", {Value::i32(5 * 65536 - 3)}), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(trap_of(*guest, "init"), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(trap_of(*guest, "init_table"), TrapKind::TableOutOfBounds);
    EXPECT_EQ(trap_of(*guest, "trap"), TrapKind::Unreachable);
    EXPECT_EQ(call(*guest, "deep", {Value::i32(1000)}), 1000);
    guest->store().host_data().set(std::make_shared<Counter>());
    (void)guest->store().make_extern(5);
  }
  // Segments that one tenant dropped are there for the next, too.
  auto guest = pool.acquire();
  call(*guest, "init");
  EXPECT_EQ(call(*guest, "load", {Value::i32(0)}), 0x73736170);  // "pass"
  call(*guest, "init_table");
  EXPECT_EQ(call(*guest, "call", {Value::i32(3)}), 2);
}

TEST_F(Pool, TenantsAtTheSameTimeShareNothing) {
  InstancePool pool = make(kGuest);
  std::vector<PooledInstance> guests;
  for (i32 i = 0; i < 50; ++i) {
    guests.push_back(*pool.acquire());
    call(guests.back(), "store", {Value::i32(i * 64), Value::i32(i)});
    call(guests.back(), "store", {Value::i32(70000), Value::i32(i)});
  }
  for (i32 i = 0; i < 50; ++i) {
    EXPECT_EQ(call(guests[i], "load", {Value::i32(i * 64)}), i);
    EXPECT_EQ(call(guests[i], "load", {Value::i32(70000)}), i);
    EXPECT_EQ(call(guests[i], "load", {Value::i32((i + 40) * 64)}), 0);
  }
  EXPECT_EQ(pool.counts().live, 50u);
  EXPECT_EQ(pool.counts().memory_bytes, 50u * 131072);
  guests.clear();
  EXPECT_EQ(pool.counts().live, 0u);
}

TEST_F(Pool, HostFunctionsFindTheDataOfTheirStore) {
  InstancePool pool = make(kGuest);
  auto first = pool.acquire(), second = pool.acquire();
  auto counter = std::make_shared<Counter>();
  first->store().host_data().set(counter);
  second->store().host_data().set(std::make_shared<Counter>());
  call(*first, "count", {Value::i32(5)});
  call(*second, "count", {Value::i32(1)});
  EXPECT_EQ(call(*first, "count", {Value::i32(5)}), 10);
  EXPECT_EQ(counter->value, 10);
  EXPECT_EQ(counter.use_count(), 2);
  first->release();
  EXPECT_EQ(counter.use_count(), 1);
  auto third = pool.acquire();
  EXPECT_EQ(trap_of(*third, "count", {Value::i32(1)}), TrapKind::Host);
}

TEST_F(Pool, InterruptsAndFuelAreTheTenants) {
  InstancePool pool = make(kGuest, {.limits = {.fuel = 1000}});
  auto first = pool.acquire();
  InterruptHandle handle = first->store().interrupt_handle();
  handle.interrupt();
  EXPECT_EQ(trap_of(*first, "size"), TrapKind::Interrupted);
  first->store().set_fuel(1);
  Store* store = &first->store();
  first->release();
  auto second = pool.acquire();
  ASSERT_EQ(&second->store(), store);
  EXPECT_EQ(second->store().fuel(), 1000u);
  EXPECT_EQ(call(*second, "size"), 2);
  handle.interrupt();
  EXPECT_EQ(call(*second, "size"), 2);
}

TEST_F(Pool, StartFunctionRunsForEveryTenantWithItsData) {
  InstancePool pool = make(R"((module
    (import "env" "count" (func $count (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $seen (mut i32) (i32.const 0))
    (func $start (global.set $seen (call $count (i32.const 1))) (i32.store (i32.const 8) (global.get $seen)))
    (start $start)
    (func (export "seen") (result i32) (i32.mul (global.get $seen) (i32.load (i32.const 8))))))");
  auto counter = std::make_shared<Counter>();
  for (i32 i = 1; i < 10; ++i) {
    HostData data;
    data.set(counter);
    auto guest = pool.acquire(std::move(data));
    ASSERT_TRUE(guest) << guest.error().to_string();
    EXPECT_EQ(call(*guest, "seen"), i * i);
  }
  std::optional<Trap> trap;
  auto refused = pool.acquire({}, &trap);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(trap->kind(), TrapKind::Host);
  EXPECT_EQ(pool.counts().live, 0u);
}

TEST_F(Pool, AnExhaustedPoolFailsOrWaits) {
  InstancePool pool = make(kGuest, {.max_instances = 2});
  auto first = pool.acquire(), second = pool.acquire();
  auto third = pool.acquire();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::Limit);
  EXPECT_EQ(third.error().to_string(), "guest: the pool's limit of 2 instances is reached");
  first->release();
  EXPECT_TRUE(pool.acquire());

  InstancePool patient = make(kGuest, {.max_instances = 1, .when_exhausted = WhenExhausted::Wait});
  auto taken = patient.acquire();
  std::thread other([&] {
    auto later = patient.acquire();
    ASSERT_TRUE(later);
    expect_untouched(*later);
  });
  while (patient.counts().waits == 0) std::this_thread::yield();
  call(*taken, "store", {Value::i32(0), Value::i32(1)});
  taken->release();
  other.join();
  EXPECT_EQ(patient.counts().refused, 0u);

  InstancePool brief = make(kGuest, {.max_instances = 1,
                                     .when_exhausted = WhenExhausted::Wait,
                                     .max_wait = std::chrono::milliseconds(1)});
  auto held = brief.acquire();
  EXPECT_EQ(brief.acquire().error().kind, ErrorKind::Limit);
}

TEST_F(Pool, MemoryOfAllInstancesTogetherIsLimited) {
  InstancePool pool = make(kGuest, {.max_memory_bytes = 5 * 131072});
  auto first = pool.acquire();
  EXPECT_EQ(call(*first, "grow", {Value::i32(6)}), 2);  // 8 pages of 10
  auto second = pool.acquire();
  ASSERT_TRUE(second);
  EXPECT_EQ(call(*second, "grow", {Value::i32(1)}), -1);
  auto third = pool.acquire();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::Limit);
  first->release();
  EXPECT_EQ(call(*second, "grow", {Value::i32(1)}), 2);
  EXPECT_TRUE(pool.acquire());
}

TEST_F(Pool, WhatCannotBeInstantiatedIsRefusedWhenThePoolIsMade) {
  auto create = [&](const std::string& text) {
    auto module = Module::from_text(engine, text, "guest");
    auto pool = InstancePool::create(linker, *module);
    EXPECT_FALSE(pool);
    return pool ? Error{} : pool.error();
  };
  EXPECT_EQ(create(R"((module (import "env" "nothing" (func))))").kind, ErrorKind::Unlinkable);
  EXPECT_EQ(create(R"((module (import "env" "count" (func))))").kind, ErrorKind::Unlinkable);
  EXPECT_EQ(create(R"((module (memory 1) (data (i32.const 65536) "x")))").kind, ErrorKind::Invalid);
  Store store(engine);
  linker.define("env", "global", *Global::create(store, GlobalType{kI32, false}, Value::i32(1)));
  EXPECT_EQ(create(R"((module (import "env" "global" (global i32))))").kind, ErrorKind::Usage);
}

TEST_F(Pool, SharedMemoriesAreShared) {
  MemoryType type;
  type.limits = {.min = 1, .max = 1, .has_max = true, .is_shared = true};
  auto shared = SharedMemory::create(type);
  ASSERT_TRUE(shared) << shared.error().to_string();
  linker.define("env", "memory", *shared);
  InstancePool pool = make(R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))");
  EXPECT_FALSE(pool.reuses_instances());
  for (i32 i = 0; i < 5; ++i) EXPECT_EQ(call(*pool.acquire(), "add"), i);
}

TEST_F(Pool, InstancesOutliveTheirPool) {
  std::optional<PooledInstance> guest;
  {
    InstancePool pool = make(kGuest);
    guest = *pool.acquire();
  }
  call(*guest, "store", {Value::i32(0), Value::i32(1)});
  EXPECT_EQ(call(*guest, "load", {Value::i32(0)}), 1);
}

}  // namespace
}  // namespace brink
