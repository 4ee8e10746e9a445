// `brink compile`: a module's functions to machine code, ahead of time.
#include <CLI/CLI.hpp>
#include <thread>

#include "engine/base/file_writer.h"
#include "engine/cache/cache.h"
#include "engine/cache/program.h"
#include "tools/cache_option.h"
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/option_forms.h"
#include "tools/tier_option.h"

namespace brink::tools {
namespace {

class CompileCommand : public Command {
 public:
  explicit CompileCommand(CLI::App& top)
      : Command(top.add_subcommand("compile", "Compile a module ahead of time, for run and serve on this machine")) {
    single(app()->add_option("-o,--output", output_, "FILE: the compiled program to write"))->required()->check(refuse_empty);
    single(app()->add_option("-j,--jobs", jobs_, "NUMBER: of threads (default: one a processor)"))->check(CLI::Range(1u, 256u));
    single(app()->add_option("--tier", tier_.tier, "auto (the default) or jit: how it will be run"))
        ->check(CLI::IsMember({"jit", "auto"}));
    single(app()->add_option("--cpu", tier_.machine_code.cpu, "host (the default) or baseline: for which processor, as run's --cpu"))
        ->check(CLI::IsMember({"host", "baseline"}));
    app()->add_flag("--verbose", verbose_, "Print what was compiled, and how large it has become");
    add_secret_option(*app(), secret_);
    add_feature_option(*app(), features_);
    app()->add_option("FILE", file_, "The module, binary or text")->type_name("")->required()->check(refuse_empty);
  }

  int execute() override {
    Config config;
    config.features = *parse_features(features_);
    if (tier_.tier.empty()) tier_.tier = "auto";
    if (auto set = set_tier(config, tier_); !set) return report_error(set.error());
    Engine engine(config);
    Result<Module> module = cache::open_module(engine, file_);
    if (!module) return report_error(module.error());
    std::string secret_file = secret_file_of(secret_);
    auto authenticator = secret_file.empty() ? std::nullopt : cache::open_authenticator(secret_file);
    if (!authenticator)
      return report_error("no secret to compile with: " +
                          (secret_file.empty() ? std::string("there is no home folder; --code-secret names a file")
                                               : "'" + secret_file + "' is not the user's alone, or cannot be made"));
    u32 jobs = jobs_ != 0 ? jobs_ : std::max(1u, std::thread::hardware_concurrency());
    cache::CompileFigures figures;
    auto program = cache::compile_program(*module, *authenticator, jobs, &figures);
    if (!program) {
      if (program.error().file.empty()) program.error().file = file_;
      return report_error(program.error());
    }
    if (auto written = write_file(output_, *program, 0666, Durability::Durable); !written) return report_error(written.error());
    if (verbose_)
      print_line(std::to_string(figures.functions) + " functions, " + std::to_string(figures.interpreted) +
                 " of them left to the interpreter; " + std::to_string(figures.code_bytes) + " bytes of code section, " +
                 std::to_string(figures.machine_bytes) + " bytes of machine code");
    return kExitSuccess;
  }

 private:
  std::string output_;
  u32 jobs_ = 0;
  TierOptions tier_;
  bool verbose_ = false;
  CacheOptions secret_;
  std::vector<std::string> features_;
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> make_compile_command(CLI::App& top) { return std::make_unique<CompileCommand>(top); }

}  // namespace brink::tools
