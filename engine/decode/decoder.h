// Bytes → ModuleInfo: the binary format's module level (specification, section 5.5) and the module's validity outside
// of function bodies (section 3.4).
#pragma once
#include <functional>
#include <span>

#include "engine/base/error.h"
#include "engine/module/module_info.h"

namespace brink {

// Asked where the function bodies are, without imports, before the code section is read to find out: somebody may know. All that
// stands before the code section is decoded, and code_section is set. Empty: not known. The span is used at once.
using FindBodies = std::function<std::span<const ByteRange>(const ModuleInfo& declarations)>;

// Decodes and validates all but the function bodies, which are only delimited. Time and memory are proportional to the
// bytes outside of bodies plus the number of functions. `bytes` must outlive the result; `registry` outlives it too and
// receives the module's types. Bodies that `find_bodies` tells are taken if they fill the section as bodies would, and their
// pages are not touched; whether they are the module's says check_body_place.
Result<ModuleInfo> decode_module(std::span<const u8> bytes, TypeRegistry& registry, FeatureSet features,
                                 const FindBodies& find_bodies = {});

// That the size in front of a function's body is the body's: an error if the bytes are no longer those that were delimited.
Result<void> check_body_place(const ModuleInfo& module, u32 function_index);

// The four bytes every binary module starts with.
bool has_binary_magic(std::span<const u8> bytes);

}  // namespace brink
