// `brink run`: runs a program, or one function of a module.
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/base/sanitizers.h"
#include "engine/cache/program.h"
#include "engine/engine.h"
#include "tools/cache_option.h"
#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/guest_options.h"
#include "tools/literals.h"
#include "tools/tier_option.h"
#include "wasi/threads.h"
#include "wasi/wasi.h"

namespace brink::tools {
namespace {

constexpr const char* kCommandEntry = "_start";       // WASI: a program with a beginning and an end
constexpr const char* kReactorEntry = "_initialize";  // WASI: a library, called once before anything else of it

// An error on the way, already reported, or the exit code of a guest that ended the program.
struct Ending {
  int code;
};

Ending end_with(const Trap& trap) { return {report_trap(trap)}; }
Ending end_with(const Error& error) { return {report_error(error)}; }

// The end of a guest is that of the process, whatever its other threads are doing; nothing is taken apart that the system takes
// back at once. Of two that end it at the same time the first does, and the other stays here.
std::mutex process_end;

[[noreturn]] void end_process(Ending ending) {
  process_end.lock();
  ::_exit(finish_output(ending.code));
}

[[noreturn]] void end_process(const Trap& trap) {
  process_end.lock();
  ::_exit(finish_output(end_with(trap).code));
}

// Interrupts a store when its time is up, unless it goes first.
class Deadline {
 public:
  Deadline(InterruptHandle handle, std::chrono::nanoseconds time)
      : thread_([this, handle, end = std::chrono::steady_clock::now() + time] {
          std::unique_lock lock(mutex_);
          if (!over_.wait_until(lock, end, [&] { return is_over_; })) handle.interrupt();
        }) {}
  ~Deadline() {
    {
      std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

class RunCommand : public Command {
 public:
  RunCommand() {
    guest_options_.add_to(options_);
    options_.text("--invoke NAME", function_, "call this export, ARGS are its arguments, print its results");
    options_.text("--max-memory SIZE", max_memory_, "the most a linear memory may have (bytes, K, M, G)", check_size);
    options_.text("--max-stack SIZE", max_stack_, "of the value stack (default 8M)", check_size);
    options_.text("--max-gc-heap SIZE", max_gc_heap_, "of the heap for structs and arrays (default 1G)", check_size);
    options_.parsed<parse_duration>("--timeout TIME", timeout_, "end the guest after so long (seconds, or 200ms, 5m…)");
    options_.number("--fuel NUMBER", fuel_, 0, ~u64{0}, "of instructions a guest (each thread) may execute");
    add_cache_options(options_, cache_);
    add_feature_option(options_, features_);
    options_.number("--max-threads NUMBER", max_threads_, 0, u32{1} << 20, "of threads a guest may have started (default 1024)");
    options_.flag("--gc-stress", gc_stress_, "collect garbage before every allocation");
    options_.flag("--no-quicken", no_quicken_, "interpret the module's bytes in place, without quick code");
    options_.exclude("--fuel", "--no-quicken");
    add_tier_options(options_, tier_);
    options_.flag("--no-fusion", no_fusion_, "quick code without opcodes for runs of instructions");
    options_.flag("--no-stack-caching", no_stack_caching_, "quick code whose results go to memory at once");
    options_.flag("--eager", eager_, "validate every function before the first one runs");
    options_.argument("FILE", file_, "the module, binary or text, or a compiled program", refuse_empty).required();
    options_.rest("ARGS", guest_arguments_, "everything after FILE is the guest's");
  }

  int execute() override {
    Ending ending = run();
    return ending.code;
  }

 private:
  Ending run() {
    Config config;
    config.features = *parse_features(features_);
    // Who restricts what a module may use wants the answer before it runs.
    config.eager_validation = eager_ || !features_.empty();
    config.quicken = !no_quicken_;
    config.consume_fuel = fuel_.has_value();
    if (Result<void> tier = set_tier(config, tier_); !tier) return end_with(tier.error());
    config.fuse = !no_fusion_;
    config.cache_results = !no_stack_caching_;
    Engine engine(config);
    std::shared_ptr<cache::Cache> cache = open_cache(cache_);
    Result<cache::Program> program = cache::open_program(engine, file_, secret_file_of(cache_), cache.get());
    if (!program) return end_with(program.error());
    if (!program->warning.empty()) std::fprintf(stderr, "warning: %s\n", printable(program->warning).c_str());
    Module* module = &program->module;
    Result<void> runnable = check_entry(module->info());
    if (!runnable) return end_with(runnable.error());

    if (cache) cache->attach(*module);
    StoreLimits limits;
    if (!max_memory_.empty()) limits.memory_bytes = *parse_size(max_memory_);
    if (!max_stack_.empty()) limits.stack_bytes = *parse_size(max_stack_);
    if (limits.stack_bytes > kLargestStack)
      return end_with(Error{ErrorKind::Usage, "--max-stack: a value stack has at most 64G, found " + max_stack_});
    if (!max_gc_heap_.empty()) limits.gc_heap_bytes = *parse_size(max_gc_heap_);
    limits.gc_stress = gc_stress_;
    if (fuel_) limits.fuel = *fuel_;
    Result<std::shared_ptr<wasi::Context>> context =
        wasi::make_context(guest_options_.environment(file_, guest_arguments_));
    if (!context) return end_with(context.error());
    Linker linker(engine);
    wasi::add_to_linker(linker, *context);
    if (!wasi::Threads::are_used_by(module->info())) return run_guest(linker, *module, limits, cache.get());

    auto threads = wasi::Threads::create(
        linker, *module,
        {.max_threads = max_threads_, .limits = limits, .context = *context, .on_end = [](const Trap& trap) {
           end_process(trap);
         }});
    if (!threads) return end_with(threads.error());
    has_threads_ = true;
    return run_guest(linker, *module, limits, cache.get());
  }

  // The first, or only, thread.
  Ending run_guest(const Linker& linker, const Module& module, const StoreLimits& limits, cache::Cache* cache) {
    Store store(linker.engine(), limits);
    Ending ending = call_entries(linker, module, store);
    if (cache) cache->save(module);
    if (kHasAddressSanitizer && !has_threads_) return ending;  // leaks are looked for at a usual end
    end_process(ending);
  }

  Ending call_entries(const Linker& linker, const Module& module, Store& store) {
    std::optional<Deadline> deadline;
    if (timeout_) deadline.emplace(store.interrupt_handle(), *timeout_);
    std::optional<Trap> trap;
    Result<Instance> instance = linker.instantiate(store, module, &trap);
    if (trap) return ended_by(*trap);
    if (!instance) return end_with(instance.error());
    if (auto initialize = instance->get_function(kReactorEntry)) {
      Outcome<std::vector<Value>> outcome = initialize->call({});
      if (!outcome) return ended_by(outcome.error());
    }
    if (function_) return invoke(*instance->get_function(*function_));
    if (auto start = instance->get_function(kCommandEntry)) {
      Outcome<std::vector<Value>> outcome = start->call({});
      if (!outcome) return ended_by(outcome.error());
    }
    return {kExitSuccess};
  }

  Ending ended_by(const Trap& trap) const {
    if (has_threads_) end_process(trap);
    return end_with(trap);
  }

  // What can be known about the entry before anything runs.
  Result<void> check_entry(const ModuleInfo& info) const {
    auto exported = [&](std::string_view name) -> const RegisteredType* {
      auto found = info.export_index.find(name);
      if (found == info.export_index.end()) return nullptr;
      const Export& entry = info.exports[found->second];
      return entry.kind == ExternKind::Func ? &info.function_type(entry.index) : nullptr;
    };
    auto refuse = [&](std::string message) {
      Error error{ErrorKind::Usage, std::move(message), Error::kNoOffset, 0, 0, file_};
      return std::unexpected(std::move(error));
    };
    for (const char* name : {kCommandEntry, kReactorEntry}) {
      const RegisteredType* type = exported(name);
      if (type != nullptr && (!type->type.params.empty() || !type->type.results.empty()))
        return refuse(std::string(name) + " must have type (func), but has " + type->type.describe());
    }
    if (function_) {
      if (exported(*function_) == nullptr) return refuse("no function is exported as '" + *function_ + "'");
      return {};
    }
    if (exported(kCommandEntry) != nullptr || info.start) return {};
    if (exported(kReactorEntry) != nullptr)
      return refuse("the module is a reactor (it exports _initialize, not _start): name a function with --invoke");
    return refuse("the module exports no function _start: name a function with --invoke");
  }

  Ending invoke(const Function& function) {
    const std::vector<ValueType>& params = function.type().params;
    if (params.size() != guest_arguments_.size()) {
      return {report_error("'" + *function_ + "' has type " + function.type().describe() + " and takes " +
                           std::to_string(params.size()) + " arguments, but " +
                           std::to_string(guest_arguments_.size()) + " were given")};
    }
    std::vector<Value> arguments;
    for (size_t i = 0; i < params.size(); ++i) {
      Result<Value> value = parse_value(guest_arguments_[i], params[i]);
      if (!value)
        return {
            report_error("argument " + std::to_string(i + 1) + " of '" + *function_ + "': " + value.error().message)};
      arguments.push_back(*value);
    }
    Outcome<std::vector<Value>> outcome = function.call(arguments);
    if (!outcome) return ended_by(outcome.error());
    for (const Value& value : *outcome) print_line(value.to_string());
    return {kExitSuccess};
  }

  GuestOptions guest_options_;
  std::optional<std::string> function_;  // an export may be called ""
  std::string max_memory_;
  static constexpr u64 kLargestStack = u64{64} << 30;
  std::string max_stack_;
  std::string max_gc_heap_;
  std::optional<std::chrono::nanoseconds> timeout_;
  std::optional<u64> fuel_;
  u32 max_threads_ = 1024;
  bool has_threads_ = false;
  bool gc_stress_ = false;
  std::vector<std::string> features_;
  bool no_quicken_ = false;
  CacheOptions cache_;
  TierOptions tier_{.is_auto_by_default = true};
  bool no_fusion_ = false;
  bool no_stack_caching_ = false;
  bool eager_ = false;
  std::string file_;
  std::vector<std::string> guest_arguments_;
};

}  // namespace

std::unique_ptr<Command> make_run_command() { return std::make_unique<RunCommand>(); }

}  // namespace brink::tools
