// `brink validate`: whether modules are valid, every function body included.
#include "engine/cache/program.h"
#include "engine/engine.h"
#include "tools/command.h"
#include "tools/feature_option.h"

namespace brink::tools {
namespace {

class ValidateCommand : public Command {
 public:
  ValidateCommand() {
    options_.flag("-v,--verbose", verbose_, "name the valid files too");
    add_feature_option(options_, features_);
    options_.arguments("FILE", files_, "modules, binary or text", refuse_empty).required();
  }

  int execute() override {
    Config config;
    config.features = *parse_features(features_);
    config.eager_validation = true;
    int code = kExitSuccess;
    for (const std::string& file : files_) {
      // A new engine each, so that one file's types do not stay for the next.
      Result<Module> module = cache::open_module(Engine(config), file);
      if (!module) code = report_error(module.error());
      else if (verbose_) print_line(printable(file) + ": valid");
    }
    return code;
  }

 private:
  std::vector<std::string> files_;
  std::vector<std::string> features_;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Command> make_validate_command() { return std::make_unique<ValidateCommand>(); }

}  // namespace brink::tools
