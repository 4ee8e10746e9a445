#include "tools/script_runner.h"

#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/snapshot/snapshot.h"
#include "engine/text/script.h"
#include "tools/script_values.h"
#include "tools/spectest.h"

namespace brink::tools {
namespace {

using text::Action;
using text::Command;
using text::ScriptModule;

using Values = std::vector<Value>;

// The kinds of trap the suite's messages stand for, by the message's beginning.
constexpr std::pair<std::string_view, TrapKind> kTrapMessages[] = {
    {"unreachable", TrapKind::Unreachable},
    {"out of bounds memory access", TrapKind::MemoryOutOfBounds},
    {"out of bounds table access", TrapKind::TableOutOfBounds},
    {"undefined element", TrapKind::TableOutOfBounds},
    {"uninitialized element", TrapKind::UninitializedElement},
    {"indirect call type mismatch", TrapKind::IndirectCallTypeMismatch},
    {"null ", TrapKind::NullReference},
    {"integer overflow", TrapKind::IntegerOverflow},
    {"integer divide by zero", TrapKind::IntegerDivideByZero},
    {"invalid conversion to integer", TrapKind::InvalidConversionToInteger},
    {"call stack exhausted", TrapKind::StackExhausted},
    {"cast failure", TrapKind::CastFailure},
    {"descriptor cast failure", TrapKind::CastFailure},
    {"out of bounds array access", TrapKind::ArrayOutOfBounds},
    {"unaligned atomic", TrapKind::UnalignedAtomic},
    {"expected shared memory", TrapKind::ExpectedSharedMemory},
};

std::optional<TrapKind> expected_trap(std::string_view message) {
  for (const auto& [prefix, kind] : kTrapMessages)
    if (message.starts_with(prefix)) return kind;
  return std::nullopt;
}

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Malformed: return "malformed";
    case ErrorKind::Invalid: return "invalid";
    case ErrorKind::Unsupported: return "unsupported";
    case ErrorKind::Unlinkable: return "unlinkable";
    case ErrorKind::Limit: return "limit";
    case ErrorKind::Io: return "i/o";
    case ErrorKind::Usage: return "usage";
  }
  return "?";
}

const char* command_name(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::Module: return "module";
    case Command::Kind::Register: return "register";
    case Command::Kind::Action: return "action";
    case Command::Kind::AssertReturn: return "assert_return";
    case Command::Kind::AssertTrap: return "assert_trap";
    case Command::Kind::AssertExhaustion: return "assert_exhaustion";
    case Command::Kind::AssertException: return "assert_exception";
    case Command::Kind::AssertMalformed: return "assert_malformed";
    case Command::Kind::AssertInvalid: return "assert_invalid";
    case Command::Kind::AssertUnlinkable: return "assert_unlinkable";
    case Command::Kind::AssertMalformedCustom: return "assert_malformed_custom";
    case Command::Kind::AssertInvalidCustom: return "assert_invalid_custom";
    case Command::Kind::Thread: return "thread";
    case Command::Kind::Wait: return "wait";
    case Command::Kind::Unsupported: return "unsupported command";
  }
  return "?";
}

std::string describe_error(const Error& error) {
  return std::string(kind_name(error.kind)) + " (" + error.to_string() + ")";
}

// Where a proposal of 3.0 is switched off, what needs it is refused as unsupported, and was malformed or invalid in the
// WebAssembly before it.
bool is_less_than_wasm3(FeatureSet features) {
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i) {
    auto feature = static_cast<Feature>(i);
    if (FeatureSet::wasm3().has(feature) && !features.has(feature)) return true;
  }
  return false;
}

// What became of one command: nothing is passed, else why not.
using Verdict = std::optional<std::string>;

// How an action ended: with values, with a trap, or not at all because the script is wrong (no such export…).
struct ActionOutcome {
  std::optional<Values> values;
  std::optional<Trap> trap;
  std::string error;
  std::string describe(const Store& store) const {
    if (values) return tools::describe(store, std::span<const Value>(*values));
    if (trap) return "trap: " + trap->message();
    return error;
  }
};

StoreLimits make_limits(const ScriptOptions& options) {
  StoreLimits limits;
  limits.gc_stress = options.gc_stress;
  limits.memory_bytes = options.memory_bytes;
  return limits;
}

// A script, or one of its threads: each has a store, a linker and names of its own, and all the same engine.
class ScriptRunner {
 public:
  ScriptRunner(const std::string& file, const ScriptOptions& options, const Engine& engine)
      : file_(file), options_(options), engine_(engine), store_(engine_, make_limits(options)), linker_(engine_) {}

  static Config make_config(const ScriptOptions& options) {
    Config config;
    config.features = options.features;
    config.eager_validation = true;
    config.quicken = options.quicken;
    config.compiler = options.compiler;
    config.tier_threshold = options.tier_threshold;
    config.compile_in_background = options.compile_in_background;
    return config;
  }

  Result<void> prepare() {
    return define_spectest(linker_, store_, [this](std::string_view line) {
      if (options_.verbose) options_.print(line);
    });
  }

  ScriptCounts run(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (command.kind == Command::Kind::Unsupported) {
        ++counts_.skipped;
        say(command.position, "skipped: " + command.text);
        continue;
      }
      Verdict verdict = run_command(command);
      if (!verdict) {
        ++counts_.passed;
        continue;
      }
      ++counts_.failed;
      say(command.position, label(command) + ": " + *verdict);
    }
    while (!threads_.empty()) finish_thread(threads_.begin());
    return counts_;
  }

 private:
  using SharedExports = std::vector<std::pair<std::string, SharedMemory>>;

  // A thread of the script. What it prints is printed when it is waited for, so that lines do not mix.
  struct ScriptThread {
    ScriptOptions options;
    std::vector<std::string> lines;
    std::unique_ptr<ScriptRunner> runner;
    ScriptCounts counts;
    std::thread thread;
  };
  using Threads = std::map<std::string, std::unique_ptr<ScriptThread>>;

  void say(text::Position position, const std::string& message) {
    options_.print(file_ + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) + ": " +
                   message);
  }

  static std::string label(const Command& command) {
    std::string text = command_name(command.kind);
    if (command.action) text += " \"" + command.action->field + "\"";
    return text;
  }

  // --- Modules -------------------------------------------------------------------------------------------------------

  // Errors of a module written as text are placed at the text they come from.
  Result<Module> compile(const ScriptModule& module) {
    if (!module.assembled) return std::unexpected(module.assembled.error());
    std::string name = module.id.empty() ? file_ : module.id;
    Result<Module> compiled = Module::from_binary(engine_, module.assembled->bytes, name);
    if (compiled || module.form != ScriptModule::Form::Text) return compiled;
    Error error = std::move(compiled.error());
    text::SourceMap::Entry place = module.assembled->source_map.find(error.offset);
    if (error.line == 0 && place.line != 0) {
      error.file = file_;
      error.line = place.line;
      error.column = place.column;
    }
    return std::unexpected(std::move(error));
  }

  Verdict instantiate_module(const ScriptModule& script_module) {
    // Assertions after a module that failed must not be held against the one before it.
    if (!script_module.is_definition) {
      latest_instance_.reset();
      if (!script_module.id.empty()) instances_.erase(script_module.id);
    }
    std::optional<Module> module;
    if (script_module.is_instance) {
      module = find(definitions_, script_module.definition, latest_definition_);
      if (!module) return "no module definition $" + script_module.definition;
    } else {
      Result<Module> compiled = compile(script_module);
      if (!compiled) return "refused as " + describe_error(compiled.error());
      module = std::move(*compiled);
    }
    if (script_module.is_definition) {
      latest_definition_ = module;
      if (!script_module.id.empty()) definitions_.insert_or_assign(script_module.id, *module);
      return std::nullopt;
    }
    std::optional<Trap> trap;
    Result<Instance> instance = linker_.instantiate(store_, *module, &trap);
    if (!instance) return (trap ? "trap: " + trap->message() : describe_error(instance.error()));
    if (options_.snapshot)
      if (Verdict verdict = replace_by_snapshot(*instance)) return verdict;
    latest_instance_ = *instance;
    if (!script_module.id.empty()) instances_.insert_or_assign(script_module.id, *instance);
    return std::nullopt;
  }

  // An action has changed an instance. Once instances are registered, others may have its memories and tables.
  Verdict replace_after(const std::string& id) {
    if (has_registered_) return std::nullopt;
    Instance* instance = id.empty() ? &*latest_instance_ : &instances_.at(id);
    runtime::Instance* old = instance->impl();
    if (Verdict verdict = replace_by_snapshot(*instance)) return verdict;
    for (auto& [name, other] : instances_)
      if (other.impl() == old) other = *instance;
    if (latest_instance_ && latest_instance_->impl() == old) latest_instance_ = *instance;
    return std::nullopt;
  }

  Verdict replace_by_snapshot(Instance& instance) {
    Result<std::vector<u8>> bytes = snapshot::take(instance, {});
    if (!bytes && bytes.error().kind == ErrorKind::Unsupported) {
      if (options_.verbose) options_.print(describe_error(bytes.error()));
      return std::nullopt;
    }
    if (!bytes) return "snapshot: " + describe_error(bytes.error());
    Result<Module> frozen = Module::from_binary(engine_, std::move(*bytes), "snapshot");
    if (!frozen) return "snapshot refused as " + describe_error(frozen.error());
    Result<Instance> again = linker_.instantiate(store_, *frozen);
    if (!again) return "snapshot: " + describe_error(again.error());
    instance = *again;
    return std::nullopt;
  }

  Verdict assert_refused(const Command& command, ErrorKind expected) {
    Result<Module> module = compile(*command.module);
    if (module) return "expected the module to be " + std::string(kind_name(expected)) + ", but it was accepted";
    const Error& error = module.error();
    bool is_without_proposal = error.kind == ErrorKind::Unsupported && is_less_than_wasm3(options_.features);
    if (error.kind != expected && !is_without_proposal)
      return "expected the module to be " + std::string(kind_name(expected)) + " (" + command.text +
             "), but it was refused as " + describe_error(error);
    note_wording(command, error.message);
    return std::nullopt;
  }

  Verdict assert_unlinkable(const Command& command) {
    Result<Module> module = compile(*command.module);
    if (!module) return "expected a link error (" + command.text + "), found " + describe_error(module.error());
    std::optional<Trap> trap;
    Result<Instance> instance = linker_.instantiate(store_, *module, &trap);
    if (instance) return "expected a link error (" + command.text + "), but the module was instantiated";
    if (trap) return "expected a link error (" + command.text + "), found trap: " + trap->message();
    if (instance.error().kind != ErrorKind::Unlinkable)
      return "expected a link error (" + command.text + "), found " + describe_error(instance.error());
    note_wording(command, instance.error().message);
    return std::nullopt;
  }

  // --- Actions -------------------------------------------------------------------------------------------------------

  ActionOutcome run_action(const Action& action) {
    std::optional<Instance> instance = find(instances_, action.module, latest_instance_);
    if (!instance) return {{}, {}, "no instance" + (action.module.empty() ? "" : " $" + action.module)};
    if (action.kind == Action::Kind::Get) {
      std::optional<Global> global = instance->get_global(action.field);
      if (!global) return {{}, {}, "no global is exported as \"" + action.field + "\""};
      return {Values{global->get()}, {}, {}};
    }
    std::optional<Function> function = instance->get_function(action.field);
    if (!function) return {{}, {}, "no function is exported as \"" + action.field + "\""};
    const std::vector<ValueType>& params = function->type().params;
    if (params.size() != action.arguments.size())
      return {{}, {}, std::to_string(action.arguments.size()) + " arguments for " + function->type().describe()};
    Values arguments;
    for (size_t i = 0; i < params.size(); ++i) {
      Result<Value> argument = argument_value(store_, action.arguments[i], params[i]);
      if (!argument) return {{}, {}, describe_error(argument.error())};
      arguments.push_back(*argument);
    }
    Outcome<Values> outcome = function->call(arguments);
    if (!outcome) return {{}, std::move(outcome.error()), {}};
    return {std::move(*outcome), {}, {}};
  }

  Verdict assert_return(const Command& command) {
    ActionOutcome outcome = run_action(*command.action);
    bool is_match = outcome.values && outcome.values->size() == command.expected.size();
    for (size_t i = 0; is_match && i < command.expected.size(); ++i)
      is_match = matches(store_, command.expected[i], (*outcome.values)[i]);
    if (is_match) return std::nullopt;
    return "expected " + describe(std::span<const text::ScriptValue>(command.expected)) + ", found " +
           outcome.describe(store_);
  }

  Verdict assert_trap_kind(const Command& command, TrapKind expected) {
    ActionOutcome outcome = run_action(*command.action);
    if (!outcome.trap || outcome.trap->kind() != expected)
      return "expected a trap (" + expected_wording(command, expected) + "), found " + outcome.describe(store_);
    note_wording(command, outcome.trap->message());
    return std::nullopt;
  }

  // A trap while a module is instantiated: its segments are copied or its start function runs.
  Verdict assert_instantiation_trap(const Command& command, TrapKind expected) {
    Result<Module> module = compile(*command.module);
    if (!module) return "expected a trap (" + command.text + "), found " + describe_error(module.error());
    std::optional<Trap> trap;
    Result<Instance> instance = linker_.instantiate(store_, *module, &trap);
    if (instance) return "expected a trap (" + command.text + "), but the module was instantiated";
    if (!trap) return "expected a trap (" + command.text + "), found " + describe_error(instance.error());
    if (trap->kind() != expected) return "expected a trap (" + command.text + "), found trap: " + trap->message();
    note_wording(command, trap->message());
    return std::nullopt;
  }

  Verdict assert_trap(const Command& command) {
    std::optional<TrapKind> expected = expected_trap(command.text);
    if (!expected) return "no kind of trap is known for the message \"" + command.text + "\"";
    if (command.module) return assert_instantiation_trap(command, *expected);
    return assert_trap_kind(command, *expected);
  }

  static std::string expected_wording(const Command& command, TrapKind expected) {
    return command.text.empty() ? trap_message(expected) : command.text;
  }

  void note_wording(const Command& command, const std::string& found) {
    if (!options_.verbose || command.text.empty() || found.starts_with(command.text)) return;
    say(command.position,
        label(command) + ": passed with another message: expected \"" + command.text + "\", found \"" + found + "\"");
  }

  // --- Threads -------------------------------------------------------------------------------------------------------

  Verdict start_thread(const Command& command) {
    if (threads_.contains(command.text)) return "a thread $" + command.text + " is running already";
    auto thread = std::make_unique<ScriptThread>();
    thread->options = options_;
    thread->options.print = [lines = &thread->lines](std::string_view line) { lines->emplace_back(line); };
    thread->runner = std::make_unique<ScriptRunner>(file_, thread->options, engine_);
    ScriptRunner& runner = *thread->runner;
    if (Result<void> prepared = runner.prepare(); !prepared) return describe_error(prepared.error());
    for (const std::string& id : command.shared_modules) {
      auto instance = instances_.find(id);
      if (instance == instances_.end()) return "no instance $" + id;
      SharedExports& exports = runner.shared_modules_[id];
      for (const Export& exported : instance->second.module().exports) {
        auto memory = instance->second.get_memory(exported.name);
        auto shared = memory ? memory->shared() : std::nullopt;
        if (shared) exports.emplace_back(exported.name, *shared);
      }
    }
    ScriptThread* started = thread.get();
    started->thread = std::thread([started, &command] { started->counts = started->runner->run(command.commands); });
    threads_.emplace(command.text, std::move(thread));
    return std::nullopt;
  }

  void finish_thread(Threads::iterator place) {
    ScriptThread& thread = *place->second;
    thread.thread.join();
    for (const std::string& line : thread.lines) options_.print(line);
    counts_ += thread.counts;
    threads_.erase(place);
  }

  Verdict wait_for_thread(const Command& command) {
    auto place = threads_.find(command.text);
    if (place == threads_.end()) return "no thread $" + command.text;
    finish_thread(place);
    return std::nullopt;
  }

  Verdict register_instance(const Command& command) {
    if (auto shared = shared_modules_.find(command.module_id); shared != shared_modules_.end()) {
      for (const auto& [name, memory] : shared->second) linker_.define(command.text, name, memory);
      return std::nullopt;
    }
    has_registered_ = true;
    std::optional<Instance> instance = find(instances_, command.module_id, latest_instance_);
    if (!instance) return "no instance to register as \"" + command.text + "\"";
    linker_.define_instance(command.text, *instance);
    return std::nullopt;
  }

  // --- Commands ------------------------------------------------------------------------------------------------------

  Verdict run_command(const Command& command) {
    switch (command.kind) {
      case Command::Kind::Module: return instantiate_module(*command.module);
      case Command::Kind::Register: return register_instance(command);
      case Command::Kind::Action: {
        ActionOutcome outcome = run_action(*command.action);
        if (!outcome.values) return outcome.describe(store_);
        return options_.snapshot ? replace_after(command.action->module) : std::nullopt;
      }
      case Command::Kind::AssertReturn: return assert_return(command);
      case Command::Kind::AssertTrap: return assert_trap(command);
      case Command::Kind::AssertExhaustion: return assert_trap_kind(command, TrapKind::StackExhausted);
      case Command::Kind::AssertException: return assert_trap_kind(command, TrapKind::UncaughtException);
      case Command::Kind::AssertMalformed:
      case Command::Kind::AssertMalformedCustom: return assert_refused(command, ErrorKind::Malformed);
      case Command::Kind::AssertInvalid:
      case Command::Kind::AssertInvalidCustom: return assert_refused(command, ErrorKind::Invalid);
      case Command::Kind::AssertUnlinkable: return assert_unlinkable(command);
      case Command::Kind::Thread: return start_thread(command);
      case Command::Kind::Wait: return wait_for_thread(command);
      case Command::Kind::Unsupported: break;
    }
    return "not run";
  }

  // The thing of that name, or the latest where the name is empty.
  template <class T>
  static std::optional<T> find(const std::unordered_map<std::string, T>& named, const std::string& id,
                               const std::optional<T>& latest) {
    if (id.empty()) return latest;
    auto found = named.find(id);
    return found == named.end() ? std::nullopt : std::optional<T>(found->second);
  }

  std::string file_;
  const ScriptOptions& options_;
  Engine engine_;
  Store store_;
  Linker linker_;
  std::unordered_map<std::string, Instance> instances_;
  std::optional<Instance> latest_instance_;
  bool has_registered_ = false;
  std::unordered_map<std::string, Module> definitions_;
  std::optional<Module> latest_definition_;
  std::unordered_map<std::string, SharedExports> shared_modules_;  // of the script, in one of its threads
  Threads threads_;
  ScriptCounts counts_;
};

}  // namespace

std::string ScriptCounts::to_string() const {
  return std::to_string(passed) + " passed, " + std::to_string(failed) + " failed, " + std::to_string(skipped) +
         " skipped";
}

ScriptCounts run_script(const std::string& file, std::string_view source, const ScriptOptions& options) {
  auto give_up = [&](Error error) {
    error.file = file;
    options.print(error.to_string());
    return ScriptCounts{0, 1, 0};
  };
  Result<text::Script> script = text::parse_script(source, options.features);
  if (!script) return give_up(std::move(script.error()));
  ScriptRunner runner(file, options, Engine(ScriptRunner::make_config(options)));
  Result<void> prepared = runner.prepare();
  if (!prepared) return give_up(std::move(prepared.error()));
  return runner.run(script->commands);
}

}  // namespace brink::tools
