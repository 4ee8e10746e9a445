// What stands behind pool.h.
//
// A module's first instance, made and dropped when the pool is, shows whether instances can be reset. If so, the images
// of its memories are made then, and every slot is mapped from them. Where not, slots are made anew for each tenant, by
// the same code without images.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "engine/pool.h"
#include "engine/runtime/pool_slot.h"

namespace brink::runtime {

class PoolState {
 public:
  PoolState(const Module& module, const PoolOptions& options) : module_(module), options_(options) {}
  PoolState(const PoolState&) = delete;
  PoolState& operator=(const PoolState&) = delete;

  // An import that every store may use: a host function, or a shared memory.
  void add_import(std::span<const ValueType> params, std::span<const ValueType> results, const HostCallback& callback);
  void add_import(std::shared_ptr<Memory> memory);
  // After the imports.
  Result<void> finish();

  Result<PoolSlot*> acquire(HostData data, std::optional<Trap>* trap);
  Result<void> prepare(u32 count);
  void release(PoolSlot* slot, bool keep);

  PoolCounts counts() const;
  const Module& module() const { return module_; }
  const PoolOptions& options() const { return options_; }
  bool reuses_instances() const { return reuses_instances_; }

 private:
  Result<std::unique_ptr<PoolSlot>> make_slot();
  Result<void> make_images(PoolSlot& first);
  Result<void> run_start(PoolSlot& slot, std::optional<Trap>* trap);
  // Takes one of max_instances and its memory, waiting for them if the options say so.
  Result<void> take_place(std::unique_lock<std::mutex>& lock);
  void leave_place(u64 memory_bytes, u64 PoolCounts::*how);
  // Puts a slot back to its initial state; false if it is of no further use.
  bool reset(PoolSlot& slot);
  void learn(const PoolSlot& slot);
  Error located(Error error) const;

  Module module_;
  PoolOptions options_;
  std::deque<HostCallback> callbacks_;
  std::deque<Function> host_functions_;
  std::vector<std::shared_ptr<Memory>> shared_memories_;
  std::vector<Extern> imports_;
  bool reuses_instances_ = false;
  std::vector<std::unique_ptr<MemoryImage>> images_;  // of the module's own memories
  u64 initial_bytes_ = 0;                             // of an instance's own memories
  MemoryBudget budget_;                               // what the live instances have of it

  mutable std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::vector<u32>> learned_pages_;  // by memory, ascending
  std::vector<std::unique_ptr<PoolSlot>> idle_;  // the last one used is the first one taken: its pages are in the cache
  PoolCounts counts_;
};

}  // namespace brink::runtime
