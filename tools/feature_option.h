// The option -W, by which every command takes proposals on and off.
#pragma once
#include <span>
#include <string>

#include "engine/base/error.h"
#include "engine/module/features.h"

namespace brink::tools {

// Each option is a list "NAME[=y|n],…" in wasmtime's manner; a name alone means y. `all-proposals` stands for every
// proposal that no other item names, wherever it stands. Of two items about one proposal the later counts. An Error of
// kind Usage names what was not understood.
Result<FeatureSet> parse_features(std::span<const std::string> options);

}  // namespace brink::tools
