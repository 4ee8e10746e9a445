// `brink bench startup`: what starting costs in a process that embeds Brink, on this machine. bench/startup sets it
// beside whole processes, other engines and containers.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/command.h"
#include "tools/startup_figures.h"

namespace brink::tools {
namespace {

class BenchCommand : public Command {
 public:
  explicit BenchCommand(CLI::App& top) : Command(top.add_subcommand("bench", "Measure Brink on this machine")) {
    CLI::App* startup = app()->add_subcommand("startup", "Loading, first and n-th instance, reset, memory of many");
    app()->require_subcommand(1);
    startup->add_option("--runs", runs_, "NUMBER: samples of each figure (default 300)")
        ->type_name("")
        ->check(CLI::Range(10u, 100'000u));
    startup->add_option("--live", live_, "NUMBER: of instances at once (default 10000, 0: leave that out)")
        ->type_name("")
        ->check(CLI::Range(0u, 14'000u));
    startup->add_flag("--json", json_, "For programs");
  }

  int execute() override {
    Result<std::vector<StartupFigure>> figures = measure_startup(runs_, live_);
    if (!figures) return report_error(figures.error());
    if (json_) {
      nlohmann::json list = nlohmann::json::array();
      for (const StartupFigure& figure : *figures)
        list.push_back({{"what", figure.what},
                        {"unit", figure.unit},
                        {"median", figure.median},
                        {"minimum", figure.minimum},
                        {"samples", figure.samples}});
      print_line(list.dump(1));
      return kExitSuccess;
    }
    print_line("   median   minimum");
    for (const StartupFigure& figure : *figures) {
      char line[160];
      std::snprintf(line, sizeof line, "%9.2f %9.2f %-2s  %s", figure.median, figure.minimum, figure.unit.c_str(),
                    figure.what.c_str());
      print_line(line);
    }
    return kExitSuccess;
  }

 private:
  u32 runs_ = 300;
  u32 live_ = 10'000;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_bench_command(CLI::App& top) { return std::make_unique<BenchCommand>(top); }

}  // namespace brink::tools
