// `brink bench startup`: what starting costs in a process that embeds Brink, on this machine. bench/startup sets it
// beside whole processes, other engines and containers.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/command.h"
#include "tools/startup_figures.h"

namespace brink::tools {
namespace {

class BenchCommand : public Command {
 public:
  BenchCommand() {
    options_.argument("startup", what_, "loading, first and n-th instance, reset, memory of many", is_known).required();
    options_.number("--runs NUMBER", runs_, 10, 100'000, "samples of each figure (default 300)");
    options_.number("--live NUMBER", live_, 0, 14'000, "of instances at once (default 10000, 0: leave that out)");
    options_.flag("--json", json_, "for programs");
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
  static std::string is_known(const std::string& what) { return what == "startup" ? "" : "'" + what + "' is not measured"; }

  std::string what_;
  u32 runs_ = 300;
  u32 live_ = 10'000;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace brink::tools
