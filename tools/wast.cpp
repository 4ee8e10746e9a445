// `brink wast`: runs scripts of the official test suite.
#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/literals.h"
#include "tools/script_runner.h"
#include "tools/tier_option.h"

namespace brink::tools {
namespace {

class WastCommand : public Command {
 public:
  explicit WastCommand(CLI::App& top) : Command(top.add_subcommand("wast", "Run test scripts (.wast)")) {
    app()->add_flag("-v,--verbose", verbose_, "Counts of each file, output of the guests, messages worded differently");
    app()->add_flag("--gc-stress", gc_stress_, "Collect garbage before every allocation");
    add_feature_option(*app(), features_);
    app()->add_flag("--no-quicken", no_quicken_, "Interpret the module's bytes in place, without quick code");
    app()->add_flag("--snapshot", snapshot_, "Use snapshots of the instances instead of the instances, where possible");
    app()->add_option("--max-memory", max_memory_, "SIZE: the most a linear memory may have (bytes, K, M, G)")
        ->check([](const std::string& text) {
          Result<u64> size = parse_size(text);
          return size ? std::string() : size.error().message;
        });
    add_tier_options(*app(), tier_);
    app()->add_option("FILE", files_, "Scripts, each run in a store of its own")->required()->check(refuse_empty);
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

std::unique_ptr<Command> make_wast_command(CLI::App& top) { return std::make_unique<WastCommand>(top); }

}  // namespace brink::tools
