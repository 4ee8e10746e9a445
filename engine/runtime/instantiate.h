// Instantiation with the imports already looked up.
#pragma once
#include "engine/runtime/objects.h"

namespace brink::runtime {

struct InstantiateOptions {
  // Makes the instance's own memories; create_memory if empty.
  std::function<Result<std::unique_ptr<Memory>>(const MemoryType&)> make_memory;
  bool data_is_in_place = false;  // make_memory's memories hold the active data segments already
  bool run_start = true;          // else the caller calls run_start before anything else
};

// `imports` has one value for each of the module's imports, in their order; their types are checked here. A trap while
// segments are copied or the start function runs is left in `trap`, and the result is null.
Result<Instance*> instantiate(StoreState& store, const Module& module, std::span<const Extern> imports,
                              std::optional<Trap>& trap, const InstantiateOptions& options = {});

// Calls the module's start function, if it has one.
Outcome<void> run_start(Instance& instance);

}  // namespace brink::runtime
