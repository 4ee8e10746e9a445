// What function bodies refer to that a snapshot could move: segments by index, and functions by ref.func.
#pragma once
#include <vector>

#include "engine/base/error.h"
#include "engine/module/module_info.h"

namespace brink::snapshot {

struct BodyReferences {
  u32 data_segments = 0;        // one more than the highest index in memory.init, data.drop, array.new_data…
  u32 element_segments = 0;     // likewise in table.init, elem.drop, array.new_elem…
  std::vector<bool> functions;  // named by ref.func
};

// Walks, and so validates, every body.
Result<BodyReferences> find_body_references(const ModuleInfo& info);

}  // namespace brink::snapshot
