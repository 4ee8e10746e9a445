// The option --tier: who runs functions.
#pragma once
#include <optional>
#include <string>

#include "engine/engine.h"
#include "engine/tier_name.h"
#include "tools/options.h"

namespace brink::tools {

// As given on the command line.
struct TierOptions {
  std::optional<Tier> tier;  // nothing: the command's default
  std::optional<u32> threshold;
  bool wait = false;
  // Of machine code alone: whoever makes none has no use for it.
  struct MachineCode {
    bool debug_info = false;
    std::string profile;  // "perfmap" or "jitdump"; empty: neither
    std::string cpu;      // "host" or "baseline"; empty: host
    std::optional<u64> random_seed;
    bool is_asked_for() const { return debug_info || !profile.empty() || !cpu.empty() || random_seed; }
    static constexpr const char* kNames = "--cpu, --profile, --debug-info and --jit-random";
  };
  MachineCode machine_code;
  // What happens without --tier: auto, where machine code can be had and nothing else rules it out; else all is interpreted.
  bool is_auto_by_default = false;
};

// --tier alone; the specification lists the names that the command takes.
void add_tier_option(Options& options, std::string_view specification, std::optional<Tier>& tier, const char* help);
void add_tier_options(Options& options, TierOptions& tier);
// auto, where machine code can be had.
Tier default_tier();
// Fails where machine code was asked for by name and cannot be had.
Result<void> set_tier(Config& config, const TierOptions& options);

}  // namespace brink::tools
