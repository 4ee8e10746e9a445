// The option --tier: who runs functions.
#pragma once
#include <string>

#include "engine/engine.h"

namespace CLI {
class App;
}

namespace brink::tools {

// `tier` holds what was given: "interp" or "jit"; empty: the default, which is the interpreter.
void add_tier_option(CLI::App& app, std::string& tier);
// Fails where machine code was asked for and cannot be had.
Result<void> set_tier(Config& config, const std::string& tier);

}  // namespace brink::tools
