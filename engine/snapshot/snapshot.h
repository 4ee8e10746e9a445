// A running instance, frozen: an ordinary module whose memories, globals and tables start as the instance's are now.
//
//   instance->get_function("wizer.initialize")->call({});
//   auto bytes = brink::snapshot::take(*instance, {.dropped_exports = {"wizer.initialize"}});
//
// What changes of the module: limits' minima (what has grown has grown), values of mutable globals, element and data
// segments, exports that are dropped or renamed; the start section is gone, since it has run. What does not: types,
// imports, function bodies, which stay byte for byte where all their indices mean what they meant, names and other
// custom sections. A segment that the code can still use keeps its index and its state: what was dropped is empty.
//
// Only a module's own state can be frozen. Refused by name, as Errors of kind Unsupported: imported memories, tables
// and mutable globals, shared memories, and in globals, tables and segments references to the host's values, to
// functions of other instances, and to objects on the GC heap (i31 is a value, and fine). Immutable imported globals
// and imported functions are whatever the module gets when it is instantiated again. What a guest has learnt about the
// world (clocks, randomness, environment) it keeps: that is the point, and the danger.
#pragma once
#include <string>
#include <vector>

#include "engine/engine.h"

namespace brink::snapshot {

struct Rename {
  std::string from;
  std::string to;  // an export of that name is dropped
};

struct Options {
  std::vector<std::string> dropped_exports;
  std::vector<Rename> renames;
};

// Refuses what no instance of the module could be frozen for, before anything runs.
Result<void> check(const ModuleInfo& info);

// The frozen module; it has been decoded and validated again. The instance has run nothing but to the end: no call is
// in progress. Errors besides those above: an export to rename that is not there (Usage), a body that is not valid, a
// module that would be too large (Limit).
Result<std::vector<u8>> take(Instance instance, const Options& options);

}  // namespace brink::snapshot
