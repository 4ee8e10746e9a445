// `brink snapshot`: runs a program's initialisation, and writes a module that starts where it ended.
//
// The conventions are Wizer's: the initialisation is the export wizer.initialize, run after a reactor's _initialize;
// both are gone from the snapshot. A command whose C library must not be started again exports how to go on, e.g. as
// wizer.resume, which --rename makes its _start.
#include "engine/snapshot/snapshot.h"

#include "engine/base/file_writer.h"
#include "engine/cache/program.h"
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/guest_options.h"
#include "tools/literals.h"
#include "wasi/wasi.h"

namespace brink::tools {
namespace {

constexpr const char* kDefaultInit = "wizer.initialize";
constexpr const char* kReactorEntry = "_initialize";

class SnapshotCommand : public Command {
 public:
  SnapshotCommand() {
    options_.text("-o,--output FILE", output_, "the module to write", refuse_empty).required();
    options_.text("--init NAME", init_, "the export that initialises, called once (default wizer.initialize)", refuse_empty);
    options_.list("--rename NEW=OLD", renames_, "export OLD under the name NEW, in place of what has it", is_rename);
    guest_options_.add_to(options_);
    options_.text("--max-memory SIZE", max_memory_, "the most a linear memory may have (bytes, K, M, G)", check_size);
    add_feature_option(options_, features_);
    options_.argument("FILE", file_, "the module, binary or text", refuse_empty).required();
  }

  int execute() override {
    Config config;
    config.features = *parse_features(features_);
    Engine engine(config);
    Result<Module> module = cache::open_module(engine, file_);
    if (!module) return report_error(module.error());
    if (auto ready = check(module->info()); !ready) return report_error(located(ready.error()));

    Result<std::shared_ptr<wasi::Context>> context = wasi::make_context(guest_options_.environment(file_, {}));
    if (!context) return report_error(context.error());
    Linker linker(engine);
    wasi::add_to_linker(linker, *context);
    StoreLimits limits;
    if (!max_memory_.empty()) limits.memory_bytes = *parse_size(max_memory_);
    Store store(engine, limits);
    std::optional<Trap> trap;
    Result<Instance> instance = linker.instantiate(store, *module, &trap);
    if (trap) return ended_early(*trap);
    if (!instance) return report_error(instance.error());

    snapshot::Options options;
    for (const std::string& rename : renames_) {
      size_t middle = rename.find('=');
      options.renames.push_back({.from = rename.substr(middle + 1), .to = rename.substr(0, middle)});
    }
    for (const std::string& name : initialisers()) {
      auto function = instance->get_function(name);
      if (!function) continue;
      if (auto done = function->call({}); !done) return ended_early(done.error());
      options.dropped_exports.push_back(name);
    }
    if (auto changed = wasi::find_changed_descriptor(**context))
      return report_error(located(Error{ErrorKind::Unsupported, "cannot be frozen: the guest's " + *changed}));
    Result<std::vector<u8>> bytes = snapshot::take(*instance, options);
    if (!bytes) return report_error(bytes.error());
    if (auto written = write_file(output_, *bytes, 0666, Durability::Durable); !written)
      return report_error(written.error());
    return kExitSuccess;
  }

 private:
  static std::string is_rename(const std::string& text) {
    size_t middle = text.find('=');
    bool is_pair = middle != std::string::npos && middle > 0 && middle + 1 < text.size();
    return is_pair ? "" : "'" + text + "' is not NEW=OLD";
  }

  // In the order in which they run; the last must be there.
  std::vector<std::string> initialisers() const {
    if (init_ == kReactorEntry) return {init_};
    return {kReactorEntry, init_};
  }

  Result<void> check(const ModuleInfo& info) const {
    for (const std::string& name : initialisers()) {
      auto found = info.export_index.find(name);
      bool is_function =
          found != info.export_index.end() && info.exports[found->second].kind == ExternKind::Func;
      if (!is_function) {
        if (name != init_) continue;
        return fail(ErrorKind::Usage, "no function is exported as '" + name + "'; --init names the one to call");
      }
      const SubType& type = info.function_type(info.exports[found->second].index).type;
      if (!type.params.empty() || !type.results.empty())
        return fail(ErrorKind::Usage, name + " must have type (func), but has " + type.describe());
    }
    return snapshot::check(info);
  }

  Error located(Error error) const {
    error.file = file_;
    return error;
  }

  int ended_early(const Trap& trap) const {
    if (trap.kind() != TrapKind::Exit) return report_trap(trap);
    return report_error(located(Error{ErrorKind::Usage, "the guest ended with exit code " +
                                                            std::to_string(trap.exit_code()) +
                                                            " before it was initialised"}));
  }

  std::string output_;
  std::string init_ = kDefaultInit;
  std::vector<std::string> renames_;
  GuestOptions guest_options_;
  std::string max_memory_;
  std::vector<std::string> features_;
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> make_snapshot_command() { return std::make_unique<SnapshotCommand>(); }

}  // namespace brink::tools
