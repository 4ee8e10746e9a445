// Where a module's functions may come from ready-made, instead of being validated, quickened and compiled at their first call.
#pragma once
#include <optional>
#include <span>

#include "engine/base/integers.h"
#include "engine/validate/side_table.h"

namespace brink::runtime {

class PreparedSource {
 public:
  virtual ~PreparedSource() = default;
  // What preparing the function would make, to the byte; nothing if it is not there. `own_function` counts without
  // imports. Called at most once a function, by one thread at a time. What the code is in lives as long as the source.
  virtual std::optional<PreparedCode> find(u32 own_function) = 0;
  // What TierCompiler::kept has made of it in another process; empty if it is not there. As for find(), for the function that it
  // was last asked for.
  virtual std::span<const u8> find_machine_code(u32) { return {}; }
};

}  // namespace brink::runtime
