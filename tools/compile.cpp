// `brink compile`: a module's functions to machine code, ahead of time.
#include <thread>

#include "engine/base/file_writer.h"
#include "engine/cache/cache.h"
#include "engine/cache/program.h"
#include "tools/cache_option.h"
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/tier_option.h"

namespace brink::tools {
namespace {

class CompileCommand : public Command {
 public:
  CompileCommand() {
    options_.text("-o,--output FILE", output_, "the compiled program to write", refuse_empty).required();
    options_.number("-j,--jobs NUMBER", jobs_, 1, 256, "of threads (default: one a processor)");
    add_tier_option(options_, "--tier jit|auto", tier_.tier, "how it will be run (default auto)");
    options_.text("--cpu host|baseline", tier_.machine_code.cpu, "for which processor, as run's --cpu (default host)");
    options_.flag("--fuel", consume_fuel_, "for runs with --fuel: the code pays for what it does");
    options_.flag("--verbose", verbose_, "print what was compiled, and how large it has become");
    add_secret_option(options_, secret_);
    add_feature_option(options_, features_);
    options_.argument("FILE", file_, "the module, binary or text", refuse_empty).required();
  }

  int execute() override {
    Config config;
    config.features = *parse_features(features_);
    config.consume_fuel = consume_fuel_;
    if (!tier_.tier) tier_.tier = Tier::Auto;
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
  bool consume_fuel_ = false;
  bool verbose_ = false;
  CacheOptions secret_;
  std::vector<std::string> features_;
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> make_compile_command() { return std::make_unique<CompileCommand>(); }

}  // namespace brink::tools
