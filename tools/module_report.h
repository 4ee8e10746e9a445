// What `brink inspect` tells about a module.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/engine.h"

namespace brink::tools {

// Everything as JSON: name, size, sections, types, imports, exports, functions, tables, memories, globals, tags,
// elements, data, start, features, and "invalid" with the first error if a function body is not valid.
nlohmann::ordered_json make_report(const Module& module);

// The same for people, made from make_report()'s result; safe to print to a terminal.
std::string format_report(const nlohmann::ordered_json& report);

// The proposals that a module uses beyond the first version of WebAssembly, found in its declarations and, instruction
// by instruction, in its bodies. A body that is not valid counts up to its first error.
FeatureSet features_used(const ModuleInfo& info);

}  // namespace brink::tools
