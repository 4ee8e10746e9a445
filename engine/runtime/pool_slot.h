// A pool's instance: a store with one instance of the pool's module, which can be put back to the state after
// instantiation, before the start function.
#pragma once
#include <array>

#include "engine/engine.h"
#include "engine/runtime/instantiate.h"
#include "engine/runtime/page_tracker.h"

namespace brink::runtime {

class PoolSlot {
 public:
  PoolSlot(const Engine& engine, const StoreLimits& limits) : store_(engine, limits) {}

  // `how.run_start` must be false. A trap is an Error of kind Invalid.
  Result<void> instantiate(const Module& module, std::span<const Extern> imports, const InstantiateOptions& how);
  // Notes the state that reset() goes back to. Before anything ran in the store.
  void remember();
  // Whether the state is one that remember() can note: none of it is in the GC heap.
  bool can_be_reset() const { return store_.state().heap == nullptr; }

  // False if the system refused; then the slot must not be used again.
  bool reset(u64& pages_restored);
  // Whether all is as it was when remember() was called; for tests.
  bool is_reset() const;

  Store& store() { return store_; }
  StoreState& state() const { return store_.state(); }
  Instance* instance() const { return instance_; }
  // What the store's own memories have now.
  u64 memory_bytes() const;

 private:
  void reset_segments();

  Store store_;
  Instance* instance_ = nullptr;

  // As instantiation left them, in the store's order.
  std::vector<std::array<u64, 2>> globals_;
  std::vector<std::vector<u64>> tables_;
  std::vector<u64> memory_sizes_;
  std::vector<std::vector<u64>> element_values_;
  std::vector<bool> dropped_elements_, dropped_data_;
};

}  // namespace brink::runtime
