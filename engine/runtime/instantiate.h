// Instantiation with the imports already looked up.
#pragma once
#include "engine/runtime/objects.h"

namespace brink::runtime {

// `imports` has one value for each of the module's imports, in their order; their types are checked here. A trap while
// segments are copied or the start function runs is left in `trap`, and the result is null.
Result<Instance*> instantiate(StoreState& store, const Module& module, std::span<const Extern> imports,
                              std::optional<Trap>& trap);

}  // namespace brink::runtime
