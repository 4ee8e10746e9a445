// `brink wast`: runs scripts of the official test suite.
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/literals.h"
#include "tools/script_runner.h"
#include "tools/tier_option.h"

namespace brink::tools {
namespace {

class WastCommand : public Command {
 public:
  WastCommand() {
    options_.flag("-v,--verbose", verbose_, "counts of each file, output of the guests, messages worded differently");
    options_.flag("--gc-stress", gc_stress_, "collect garbage before every allocation");
    add_feature_option(options_, features_);
    options_.flag("--no-quicken", no_quicken_, "interpret the module's bytes in place, without quick code");
    options_.flag("--snapshot", snapshot_, "use snapshots of the instances instead of the instances, where possible");
    options_.text("--max-memory SIZE", max_memory_, "the most a linear memory may have (bytes, K, M, G)", check_size);
    add_tier_options(options_, tier_);
    options_.arguments("FILE", files_, "scripts, each run in a store of its own", refuse_empty).required();
  }

  int execute() override {
    ScriptOptions options;
    options.features = *parse_features(features_);
    options.verbose = verbose_;
    options.gc_stress = gc_stress_;
    options.quicken = !no_quicken_;
    options.snapshot = snapshot_;
    if (!max_memory_.empty()) options.memory_bytes = *parse_size(max_memory_);
    Config tier;
    tier.quicken = options.quicken;
    if (Result<void> set = set_tier(tier, tier_); !set) return report_error(set.error());
    options.compiler = tier.compiler;
    options.tier_threshold = tier.tier_threshold;
    options.compile_in_background = tier.compile_in_background;
    options.print = [](std::string_view line) { print_line(printable(line)); };
    ScriptCounts total;
    for (const std::string& file : files_) {
      ScriptCounts counts;
      Result<std::string> source = read_file(file);
      if (source) {
        counts = run_script(file, *source, options);
      } else {
        report_error(source.error());
        counts.failed = 1;
      }
      if (verbose_) print_line(printable(file) + ": " + counts.to_string());
      total += counts;
    }
    print_line(total.to_string());
    return total.failed == 0 ? kExitSuccess : kExitFailure;
  }

 private:
  std::vector<std::string> files_;
  std::vector<std::string> features_;
  bool verbose_ = false;
  bool gc_stress_ = false;
  bool no_quicken_ = false;
  bool snapshot_ = false;
  std::string max_memory_;
  TierOptions tier_;
};

}  // namespace

std::unique_ptr<Command> make_wast_command() { return std::make_unique<WastCommand>(); }

}  // namespace brink::tools
