#include "tools/tier_option.h"

#include <mutex>

#ifdef BRINK_JIT
#include "jit/debug/gdb.h"
#include "jit/debug/perf.h"
#endif
#include "jit/jit.h"

namespace brink::tools {

#ifdef BRINK_JIT
namespace {

// A process has one file of a kind, however many compilers.
Result<std::shared_ptr<jit::CodeObserver>> observer_of(const std::string& profile) {
  static std::mutex mutex;
  static std::weak_ptr<jit::CodeObserver> made_before;
  if (profile.empty()) return nullptr;
  std::lock_guard lock(mutex);
  if (auto before = made_before.lock()) return before;
  auto made = profile == "perfmap" ? jit::make_perf_map() : jit::make_jit_dump();
  if (made) made_before = *made;
  return made;
}

}  // namespace
#endif

static Result<Tier> parse_tier(const std::string& text) {
  if (std::optional<Tier> tier = tier_named(text)) return *tier;
  return fail(ErrorKind::Usage, "no tier is called '" + text + "'");
}

void add_tier_option(Options& options, std::string_view specification, std::optional<Tier>& tier, const char* help) {
  options.parsed<parse_tier>(specification, tier, help);
}

void add_tier_options(Options& options, TierOptions& tier) {
  add_tier_option(options, "--tier interp|jit|auto", tier.tier,
                  tier.is_auto_by_default
                      ? "jit: compile every function to machine code at its first call; auto (the default): those that are hot, while the program runs"
                      : "interp (the default); jit: compile every function to machine code at its first call; auto: those that are hot, while the program runs");
  static_assert(jit::kTierThreshold == 2000, "as the help says");
  options.number("--tier-threshold NUMBER", tier.threshold, 1, u32{1} << 30,
                 "of calls and rounds of its loops that make a function hot (default 2000)");
  options.text("--cpu host|baseline", tier.machine_code.cpu,
               "machine code for this processor (the default), or for every one that Brink supports");
  options.text("--profile perfmap|jitdump", tier.machine_code.profile,
               "for Linux's perf, what machine code is called: in /tmp/perf-PID.map, or in jit-PID.dump");
  // Not for users: see jit/README.md.
  options.number("--jit-random SEED", tier.machine_code.random_seed, 0, ~u64{0}, "choose registers at random").hidden();
  options.flag("-g,--debug-info", tier.machine_code.debug_info, "for gdb: what machine code is called, and whose callers its frames have");
  options.flag("--tier-wait", tier.wait, "with auto: wait for machine code, so that every run is the same");
}

Tier default_tier() {
#ifdef BRINK_JIT
  return Tier::Auto;
#else
  return Tier::Interpreter;
#endif
}

Result<void> set_tier(Config& config, const TierOptions& options) {
  bool is_default = !options.tier && options.is_auto_by_default;
  bool is_auto = options.tier == Tier::Auto || is_default;
  if (!is_auto && (options.threshold || options.wait))
    return fail(ErrorKind::Usage, "--tier-threshold and --tier-wait need --tier auto");
  if (!is_auto && options.tier != Tier::Jit) {
    if (options.machine_code.is_asked_for())
      return fail(ErrorKind::Usage, std::string(TierOptions::MachineCode::kNames) + " need --tier jit or auto");
    return {};
  }
  if (!config.quicken) {
    if (is_default) return {};
    return fail(ErrorKind::Usage, "--tier " + std::string(name_of(*options.tier)) + " and --no-quicken exclude each other");
  }
#ifdef BRINK_JIT
  auto profile = observer_of(options.machine_code.profile);
  if (!profile) return std::unexpected(std::move(profile.error()));
  std::vector<std::shared_ptr<jit::CodeObserver>> observers;
  if (*profile) observers.push_back(std::move(*profile));
  if (options.machine_code.debug_info) observers.push_back(jit::make_debugger_link());
  auto compiler = jit::make_compiler({.lazy = is_auto, .baseline = options.machine_code.cpu == "baseline", .random_seed = options.machine_code.random_seed, .observers = std::move(observers)});
  if (!compiler) return std::unexpected(std::move(compiler.error()));
  config.compiler = std::move(*compiler);
  if (is_auto) {
    config.tier_threshold = options.threshold.value_or(jit::kTierThreshold);
    config.compile_in_background = !options.wait;
  }
  return {};
#else
  if (is_default) return {};
  return fail(ErrorKind::Unsupported, "this build of brink compiles no machine code");
#endif
}

}  // namespace brink::tools
