// `brink inspect`: what a module contains.
#include "engine/cache/program.h"
#include "engine/quicken/listing.h"
#include "engine/validate/validator.h"
#include "tools/command.h"
#include "tools/disassembly.h"
#include "tools/feature_option.h"
#include "tools/module_report.h"

namespace brink::tools {
namespace {

class InspectCommand : public Command {
 public:
  InspectCommand() {
    options_.flag("--json", is_json_, "as JSON");
    add_feature_option(options_, features_);
    options_.number("--quick-code NUMBER", function_, 0, ~u32{0}, "only the quick code of the function with this number, as the interpreter runs it");
    options_.text("--disassemble FUNCTION", disassembled_,
                  "only the machine code of FUNCTION (an index or a name), beside the instructions that it is made of", refuse_empty);
    options_.argument("FILE", file_, "the module, binary or text", refuse_empty).required();
  }

  int execute() override {
    Config config;
    config.features = *parse_features(features_);
    Engine engine(config);
    Result<Module> module = cache::open_module(engine, file_);
    if (!module) return report_error(module.error());
    if (function_) return print_quick_code(*module);
    if (!disassembled_.empty()) return print_disassembly(*module);
    nlohmann::ordered_json report = make_report(*module);
    if (is_json_) print_json(report);
    else print(format_report(report));
    return kExitSuccess;
  }

 private:
  // Names in the name section need not be UTF-8.
  static void print_json(const nlohmann::ordered_json& report) {
    print_line(report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }

  // What is wrong with the file, or what was asked of it, not with this machine.
  int report(Error error) {
    if (error.file.empty() && error.kind != ErrorKind::Io) error.file = file_;
    return report_error(error);
  }

  int print_disassembly(const Module& module) {
    Result<u32> function = find_function(module.info(), disassembled_);
    if (!function) return report(function.error());
    Result<nlohmann::ordered_json> disassembly = disassemble(module, *function);
    if (!disassembly) return report(disassembly.error());
    if (is_json_) print_json(*disassembly);
    else print(format_disassembly(*disassembly));
    return kExitSuccess;
  }

  int print_quick_code(const Module& module) {
    const ModuleInfo& info = module.info();
    if (*function_ < info.imported_functions || *function_ >= info.functions.size())
      return report_error("function " + std::to_string(*function_) + " of " + file_ + " is not there or imported");
    if (auto valid = validate_function(info, *function_); !valid) return report(valid.error());
    print(quick::list_quick_code(info, *function_, {}));
    return kExitSuccess;
  }

  std::string file_;
  std::vector<std::string> features_;
  std::optional<u32> function_;
  std::string disassembled_;
  bool is_json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace brink::tools
