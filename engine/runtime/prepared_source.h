// Where a module's functions may come from ready-made, instead of being validated, quickened and compiled at their first call.
#pragma once
#include <memory>
#include <optional>
#include <span>

#include "engine/base/integers.h"
#include "engine/module/module_info.h"
#include "engine/validate/side_table.h"

namespace brink::runtime {

struct ModuleState;

class PreparedSource {
 public:
  virtual ~PreparedSource() = default;
  // What preparing the function would make, to the byte; nothing if it is not there. `own_function` counts without
  // imports. Called at most once a function, by one thread at a time. What the code is in lives as long as the source.
  virtual std::optional<PreparedCode> find(u32 own_function) = 0;
  // What TierCompiler::kept has made of it in another process; empty if it is not there. As for find(), for the function that it
  // was last asked for.
  virtual std::span<const u8> find_machine_code(u32) { return {}; }
  // The bodies that came with the source are not the module's, after all. From any thread.
  virtual void refute_bodies() {}
};

// Who may have a source for a module that is being loaded.
class SourceFinder {
 public:
  struct Found {
    std::unique_ptr<PreparedSource> source;  // null: there is none
    std::span<const ByteRange> bodies;       // of the module's own functions, as long as the source lives; empty: not known
  };
  virtual ~SourceFinder() = default;
  // `declarations` is what stands before the code section, which nobody has read yet. `file` is open for reading; -1: there is none.
  virtual Found find_source(ModuleState& module, const ModuleInfo& declarations, int file) = 0;
};

}  // namespace brink::runtime
