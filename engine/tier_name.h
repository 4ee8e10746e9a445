// Who runs functions, as users choose it: the option --tier, and the key `tier` of the server's configuration. What a host sets for
// each stands in engine.h (Config::compiler, Config::tier_threshold).
#pragma once
#include <iterator>
#include <optional>
#include <string_view>

#include "engine/base/integers.h"

namespace brink {

enum class Tier : u8 {
  Interpreter,
  Jit,   // every function is machine code from its first call on
  Auto,  // those that are hot are, while the program runs
};

// As people write them, in that order.
inline constexpr std::string_view kTierNames[] = {"interp", "jit", "auto"};

constexpr std::string_view name_of(Tier tier) { return kTierNames[static_cast<u8>(tier)]; }

constexpr std::optional<Tier> tier_named(std::string_view name) {
  for (u8 i = 0; i < std::size(kTierNames); ++i)
    if (kTierNames[i] == name) return static_cast<Tier>(i);
  return std::nullopt;
}

}  // namespace brink
