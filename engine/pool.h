// Instances of one module from a pool: what a server takes for a request and gives back after it.
//
//   auto pool = brink::InstancePool::create(linker, module, {.max_instances = 100});
//   {
//     auto instance = pool->acquire();               // ready to call
//     instance->store().host_data().set(my_state);   // what host functions find by Caller::host_data
//     instance->instance().get_function("handle")->call({});
//   }                                                // reset and returned
//
// Every tenant finds the instance as instantiation left it: memories and their sizes, tables, globals, segments, GC
// heap, value stack, and a store without host data. A module's start function is part of instantiation and runs for
// every tenant, so what it needs of host data is given to acquire().
//
// Imports are looked up and type-checked once, when the pool is made, and host functions are shared by all its stores:
// they must be callable from every thread that uses the pool, and keep what belongs to a guest in its host data.
//
// A pool may be used from several threads; what is acquired belongs to one thread at a time, and may be given back by
// another than took it.
#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "engine/engine.h"

namespace brink {

namespace runtime {
class PoolState;
class PoolSlot;
}  // namespace runtime

enum class WhenExhausted : u8 {
  Fail,  // an Error of kind Limit
  Wait,  // until an instance is given back, PoolOptions::max_wait at most
};

struct PoolOptions {
  u32 max_instances = 1000;                         // live at once
  u64 max_memory_bytes = ~u64{0};                   // of the linear memories of all live instances together
  WhenExhausted when_exhausted = WhenExhausted::Fail;
  std::chrono::nanoseconds max_wait = std::chrono::nanoseconds::max();
  StoreLimits limits;                               // of each store
  // Compare an instance with its module's initial state after every reset, and abort if they differ. For tests; always
  // on in builds with assertions.
  bool verify_resets = false;
};

struct PoolCounts {
  u32 live = 0;             // acquired and not yet given back
  u32 idle = 0;             // ready to be acquired
  u64 created = 0;          // instances made, ever
  u64 acquired = 0;
  u64 resets = 0;           // given back and kept
  u64 dropped = 0;          // given back and not kept
  u64 refused = 0;          // acquire() failed because of a limit
  u64 waits = 0;            // acquire() had to wait
  u64 pages_restored = 0;   // by all resets together
  u64 memory_bytes = 0;     // of the live instances' memories
};

// An instance with a store of its own, on loan. Its end gives it back; the host must not use anything of the store
// afterwards.
class PooledInstance {
 public:
  PooledInstance() = default;
  ~PooledInstance() { release(); }
  PooledInstance(PooledInstance&& other) noexcept;
  PooledInstance& operator=(PooledInstance&& other) noexcept;

  Store& store() const;
  Instance instance() const;
  explicit operator bool() const { return slot_ != nullptr; }

  // Gives the instance back. Not while a guest of the store runs.
  void release();
  // Frees the instance instead of keeping it for the next tenant.
  void discard();

 private:
  friend class InstancePool;
  PooledInstance(std::shared_ptr<runtime::PoolState> pool, runtime::PoolSlot* slot);
  std::shared_ptr<runtime::PoolState> pool_;
  runtime::PoolSlot* slot_ = nullptr;
};

// A handle as Engine and Module are.
class InstancePool {
 public:
  // Errors as Linker::instantiate; kind Usage if the linker gives the module something that belongs to one store.
  static Result<InstancePool> create(const Linker& linker, const Module& module, const PoolOptions& options = {});

  // Errors: kind Limit if the pool is exhausted, kind Invalid if the start function trapped (the trap is left in
  // `trap`), and Linker::instantiate's where an instance has to be made.
  Result<PooledInstance> acquire(HostData data = {}, std::optional<Trap>* trap = nullptr);
  // Makes instances until `count` are idle or live, so that acquire() need not. As acquire(), but for the trap.
  Result<void> prepare(u32 count);

  PoolCounts counts() const;
  const Module& module() const;
  const PoolOptions& options() const;
  // Whether instances are reset, or made anew for every tenant. The latter holds for modules with shared, 64-bit or
  // several memories, or whose initial globals or tables hold objects of the GC heap.
  bool reuses_instances() const;

 private:
  explicit InstancePool(std::shared_ptr<runtime::PoolState> state) : state_(std::move(state)) {}
  std::shared_ptr<runtime::PoolState> state_;
};

}  // namespace brink
