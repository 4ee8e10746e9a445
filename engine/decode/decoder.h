// Bytes → ModuleInfo: the binary format's module level (specification, section 5.5) and the module's validity outside
// of function bodies (section 3.4).
#pragma once
#include "engine/base/error.h"
#include "engine/module/module_info.h"

namespace brink {

// Decodes and validates all but the function bodies, which are only delimited. Time and memory are proportional to the
// bytes outside of bodies plus the number of functions. `bytes` must outlive the result; `registry` outlives it too and
// receives the module's types.
Result<ModuleInfo> decode_module(std::span<const u8> bytes, TypeRegistry& registry, FeatureSet features);

// The four bytes every binary module starts with.
bool has_binary_magic(std::span<const u8> bytes);

}  // namespace brink
