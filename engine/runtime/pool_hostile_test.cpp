// Tenants that try to leave something behind: canaries over many instances of several modules in random order, guests
// that write everything, grow, recurse and fill the heap.
#include <gtest/gtest.h>

#include <random>

#include "engine/pool.h"
#include "engine/runtime/page_tracker.h"
#include "engine/runtime/pool_slot.h"

namespace brink {
namespace {

// `work` takes a word that nobody else has and a number that says what to spoil; it first looks for words that are not
// initial, and returns how many it found.
std::string guest_text(u32 pages, const std::string& data, const std::string& more = "") {
  std::string initial_pages = std::to_string(pages);
  return "(module (memory (export \"memory\") " + initial_pages + " " + std::to_string(pages + 4) + ")" + data + R"(
    (table $t 8 64 funcref)
    (elem (table $t) (i32.const 2) func $id)
    (global $mark (mut i64) (i64.const 0))
    (func $id (param i32) (result i32) (local.get 0))
    (func $sum (result i64) (local $at i32) (local $sum i64)
      (loop $again
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
      (local.get $sum))
    (func (export "sum") (result i64)
      (i64.add (call $sum) (i64.add (global.get $mark)
        (i64.extend_i32_u (i32.add (i32.mul (table.size $t) (i32.const 1000))
          (ref.is_null (table.get $t (i32.const 3))))))))
    (func (export "write") (param $at i32) (param $canary i64)
      (i64.store (local.get $at) (local.get $canary))
      (global.set $mark (local.get $canary))
      (table.set $t (i32.const 3) (ref.func $id)))
    (func (export "grow") (param $canary i64)
      (local $old i32)
      (local.set $old (memory.grow (i32.const 2)))
      (if (i32.ne (local.get $old) (i32.const )" +
         initial_pages + R"()) (then unreachable))
      ;; What is new is zero.
      (if (i64.ne (i64.load (i32.mul (local.get $old) (i32.const 65536))) (i64.const 0)) (then unreachable))
      (if (i64.ne (i64.load (i32.add (i32.mul (local.get $old) (i32.const 65536)) (i32.const 131064))) (i64.const 0))
        (then unreachable))
      (i64.store (i32.mul (local.get $old) (i32.const 65536)) (local.get $canary))
      (i64.store (i32.add (i32.mul (local.get $old) (i32.const 65536)) (i32.const 131064)) (local.get $canary))
      (drop (table.grow $t (ref.func $id) (i32.const 5))))
    (func (export "everything") (param $byte i32)
      (memory.fill (i32.const 0) (local.get $byte) (i32.mul (memory.size) (i32.const 65536))))
    (func $deep (export "deep") (param i64) (call $deep (i64.mul (local.get 0) (i64.const 3))))
    (elem declare func $id))" +
         more + ")";
}

class HostilePool : public testing::Test {
 protected:
  InstancePool make(const std::string& text, const PoolOptions& options = {}) {
    auto module = Module::from_text(engine, text, "guest");
    EXPECT_TRUE(module) << module.error().to_string();
    auto pool = InstancePool::create(linker, *module, options);
    EXPECT_TRUE(pool) << pool.error().to_string();
    EXPECT_TRUE(pool->reuses_instances());
    return *pool;
  }
  static u64 sum(const PooledInstance& guest) {
    u64 slots[1];
    EXPECT_TRUE(guest.instance().get_function("sum")->call_slots(slots));
    return slots[0];
  }
  static Outcome<void> call(const PooledInstance& guest, const char* name, u64 first = 0, u64 second = 0) {
    u64 slots[2] = {first, second};
    return guest.instance().get_function(name)->call_slots(slots);
  }

  Engine engine;
  Linker linker{engine};
};

TEST_F(HostilePool, NoCanaryReachesTheNextTenant) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr u32 kTenants = 20'000;
#else
  constexpr u32 kTenants = 100'000;
#endif
  std::vector<InstancePool> pools = {
      make(guest_text(1, "")),
      make(guest_text(2, "(data (i32.const 1000) \"initial\") (data (i32.const 70000) \"data\")")),
      make(guest_text(1, "(data (i32.const 0) \"at the beginning\") (data (i32.const 65528) \"the end!\")")),
      make(guest_text(3, "(data (i32.const 4090) \"across a page\")")),
  };
  std::vector<u64> initial;
  for (InstancePool& pool : pools) initial.push_back(sum(*pool.acquire()));
  // A hand calculation for the module without data: a table of 8 without element 3.
  EXPECT_EQ(initial[0], 8001u);

  std::mt19937_64 random(20261125);
  std::vector<std::pair<PooledInstance, size_t>> live;
  for (u32 tenant = 0; tenant < kTenants; ++tenant) {
    size_t which = random() % pools.size();
    auto guest = pools[which].acquire();
    ASSERT_TRUE(guest) << guest.error().to_string();
    u64 canary = random() | 1;
    u32 bytes = static_cast<u32>(guest->instance().get_memory("memory")->size_bytes());
    // Looking at all of the memory is the slow part; most of what could go wrong is at the places written before.
    if (tenant % 16 == 0) {
      ASSERT_EQ(sum(*guest), initial[which]) << "tenant " << tenant;
    } else {
      auto memory = *guest->instance().get_memory("memory")->read_span(0, bytes);
      for (int i = 0; i < 16; ++i) {
        u64 word;
        std::memcpy(&word, memory.data() + random() % (bytes / 4096) * 4096 + 2048, 8);
        ASSERT_EQ(word, 0u) << "tenant " << tenant;
      }
    }
    for (u64 i = random() % 6; i > 0; --i)
      ASSERT_TRUE(call(*guest, "write", random() % (bytes / 4096) * 4096 + 2048, canary));
    if (random() % 16 == 0) {
      ASSERT_TRUE(call(*guest, "grow", canary));
    }
    if (random() % 512 == 0) {
      ASSERT_TRUE(call(*guest, "everything", 0xC5));
    }
    if (random() % 512 == 0) {
      EXPECT_EQ(call(*guest, "deep", canary).error().kind(), TrapKind::StackExhausted);
    }
    if (random() % 64 == 0) (*guest->instance().get_memory("memory")->span(2048, 8))[0] = 0xC5;
    // Some stay a while, so that slots change places.
    if (random() % 4 == 0) live.emplace_back(std::move(*guest), which);
    if (live.size() > 20) {
      size_t leaving = random() % live.size();
      std::swap(live[leaving], live.back());
      live.pop_back();
    }
  }
  live.clear();
  for (size_t i = 0; i < pools.size(); ++i) {
    PoolCounts counts = pools[i].counts();
    EXPECT_EQ(counts.live, 0u);
    EXPECT_EQ(counts.resets, counts.acquired);
    EXPECT_LE(counts.created, 30u);
    EXPECT_GT(counts.pages_restored, 0u);
    // All that is idle, and not only the last one used.
    std::vector<PooledInstance> all;
    for (u32 n = 0; n < counts.idle; ++n) {
      all.push_back(*pools[i].acquire());
      EXPECT_EQ(sum(all.back()), initial[i]);
    }
  }
}

// More pages than the tracker has room for: the memory is opened as a whole, and still comes back.
TEST_F(HostilePool, AGuestThatWritesEveryPage) {
  InstancePool pool = make(guest_text(64, "(data (i32.const 100000) \"initial\")"), {.verify_resets = true});
  u64 initial = sum(*pool.acquire());
  for (int tenant = 0; tenant < 4; ++tenant) {
    auto guest = pool.acquire();
    EXPECT_EQ(sum(*guest), initial);
    ASSERT_TRUE(call(*guest, "everything", 0xFF));
    ASSERT_TRUE(call(*guest, "grow", 1));
  }
  EXPECT_EQ(pool.counts().created, 1u);
}

// An access that reaches from the last page over the end traps, whether the page has been written before or not.
TEST_F(HostilePool, TheEndOfMemoryTraps) {
  InstancePool pool = make(guest_text(1, ""), {.verify_resets = true});
  for (int tenant = 0; tenant < 3; ++tenant) {
    auto guest = pool.acquire();
    for (u64 at : {65529ull, 65535ull, 65536ull, 0xFFFFFFFFull}) {
      auto outcome = call(*guest, "write", at, ~u64{0});
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind(), TrapKind::MemoryOutOfBounds);
    }
    auto memory = *guest->instance().get_memory("memory")->read_span(65528, 8);
    EXPECT_EQ(std::count(memory.begin(), memory.end(), 0), 8) << "part of a store that traps is written";
    ASSERT_TRUE(call(*guest, "write", 65528, ~u64{0}));
    EXPECT_EQ(call(*guest, "write", 65529, ~u64{0}).error().kind(), TrapKind::MemoryOutOfBounds);
  }
}

// The GC heap of one tenant is empty for the next, whether it is small enough to be kept or not.
TEST_F(HostilePool, ObjectsDoNotOutliveTheirTenant) {
  InstancePool pool = make(R"((module
    (type $cell (struct (field i64) (field (mut (ref null $cell)))))
    (global $list (mut (ref null $cell)) (ref.null $cell))
    (func (export "is_empty") (result i32) (ref.is_null (global.get $list)))
    (func (export "sum") (result i64) (struct.get $cell 0 (struct.new_default $cell)))
    (func (export "fill") (param i32)
      (loop $again
        (global.set $list (struct.new $cell (i64.const -1) (global.get $list)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (local.get 0))))))", {.verify_resets = true});
  for (u64 objects : {10ull, 100'000ull, 10ull, 20'000ull, 1ull}) {
    auto guest = pool.acquire();
    u64 slots[1];
    ASSERT_TRUE(guest->instance().get_function("is_empty")->call_slots(slots));
    EXPECT_EQ(slots[0], 1u);
    EXPECT_EQ(guest->store().gc_statistics().allocated_bytes, 0u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(sum(*guest), 0u);
    ASSERT_TRUE(call(*guest, "fill", objects));
  }
}

// Several memories, 64-bit ones among them, are all reset.
TEST_F(HostilePool, EveryMemoryIsReset) {
  InstancePool pool = make(R"((module
    (memory $a (export "a") 1) (memory $b (export "b") i64 2 5)
    (data (memory $b) (i64.const 65536) "second")
    (func (export "sum") (result i64)
      (i64.add (i64.load $a (i32.const 8)) (i64.load16_u $b (i64.const 65536))))
    (func (export "spoil")
      (i64.store $a (i32.const 8) (i64.const -1))
      (i64.store $b (i64.const 65536) (i64.const -1))
      (drop (memory.grow $b (i64.const 3)))
      (i64.store $b (i64.const 327672) (i64.const -1)))))", {.verify_resets = true});
  for (int tenant = 0; tenant < 5; ++tenant) {
    auto guest = pool.acquire();
    EXPECT_EQ(guest->instance().get_memory("b")->size_pages(), 2u);
    EXPECT_EQ(sum(*guest), 0x6573u);  // "se"
    ASSERT_TRUE(call(*guest, "spoil"));
  }
}

// Without the check in the release build a reset that forgets something would go unnoticed here: the check itself.
TEST_F(HostilePool, VerificationSeesWhatAResetForgot) {
  MemoryType type;
  type.limits = {.min = 1, .max = 1, .has_max = true};
  auto image = runtime::MemoryImage::create(65536, {});
  ASSERT_TRUE(image);
  auto memory = runtime::create_memory(type, 65536, image->get());
  ASSERT_TRUE(memory);
  EXPECT_TRUE((*memory)->tracker->is_reset());
  (*memory)->tracker->open(5000, 1);
  (*memory)->base[5000] = 1;
  EXPECT_FALSE((*memory)->tracker->is_reset());
  u64 restored = 0;
  EXPECT_TRUE((*memory)->tracker->reset(65536, restored));
  EXPECT_EQ(restored, 1u);
  EXPECT_TRUE((*memory)->tracker->is_reset());
  EXPECT_EQ((*memory)->tracker->open_pages().size(), 1u);
  (*memory)->tracker->flood();
  (*memory)->base[60000] = 1;
  EXPECT_FALSE((*memory)->tracker->is_reset());
  EXPECT_TRUE((*memory)->tracker->reset(65536, restored));
  EXPECT_TRUE((*memory)->tracker->is_reset());
}

}  // namespace
}  // namespace brink
