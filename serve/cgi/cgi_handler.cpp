#include "serve/cgi/cgi_handler.h"

#include <ctime>
#include <filesystem>
#include <mutex>

#include "engine/cache/cache.h"
#include "engine/cache/program.h"
#include "engine/pool.h"
#include "serve/cgi/environment.h"
#include "serve/cgi/response_parser.h"
#include "serve/core.h"
#include "serve/files.h"
#include "wasi/wasi.h"

namespace brink::serve {
namespace {

constexpr const char* kEntry = "_start";
// Of a guest's standard error, for a request.
constexpr size_t kMostErrorBytes = 16 << 10;
constexpr u64 kMostTableElements = 1'000'000;
constexpr u64 kLongestWait = u64{1} << 60;

u64 nanoseconds_between(Clock::time_point start, Clock::time_point end) {
  return static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
}

class CgiHandler : public Handler {
 public:
  // Links the program, so that what it lacks is known before it is asked for anything.
  static Result<std::shared_ptr<CgiHandler>> create(Module module, const RouteSettings& route,
                                                    std::shared_ptr<const wasi::OpenDirectories> directories) {
    std::shared_ptr<CgiHandler> handler(new CgiHandler(std::move(module), route, std::move(directories)));
    if (handler->runs_start_function()) {
      // Instances are made anew for each request, since a start function has to be one that can be interrupted. What its
      // imports are is found out by the first request.
      return handler;
    }
    auto pool = handler->make_pool();
    if (!pool) return std::unexpected(std::move(pool.error()));
    handler->first_pool_ = std::move(*pool);
    return handler;
  }

  std::unique_ptr<Worker> make_worker() override;
  void keep_preparation() override {
    if (cache) cache->save(module);
  }

  bool runs_start_function() const { return module.info().start.has_value(); }
  Result<InstancePool> make_pool() const {
    PoolOptions options;
    options.max_instances = route.limits.concurrent_requests;
    options.limits = store_limits;
    return InstancePool::create(linker, module, options);
  }
  // The pool that create() has made serves the first core.
  Result<InstancePool> take_pool() {
    std::lock_guard lock(mutex_);
    if (!first_pool_) return make_pool();
    InstancePool pool = std::move(*first_pool_);
    first_pool_.reset();
    return pool;
  }

  const Module module;
  const RouteSettings route;
  const std::shared_ptr<const wasi::OpenDirectories> directories;
  Linker linker;
  std::vector<std::string> arguments;
  StoreLimits store_limits;
  std::shared_ptr<cache::Cache> cache;

 private:
  CgiHandler(Module loaded, const RouteSettings& settings, std::shared_ptr<const wasi::OpenDirectories> opened)
      : module(std::move(loaded)), route(settings), directories(std::move(opened)), linker(module.engine()) {
    wasi::add_to_linker(linker);
    arguments.push_back(std::filesystem::path(route.file).filename().string());
    arguments.insert(arguments.end(), route.arguments.begin(), route.arguments.end());
    store_limits.memory_bytes = route.limits.memory_bytes;
    store_limits.stack_bytes = route.limits.stack_bytes;
    store_limits.gc_heap_bytes = route.limits.gc_heap_bytes;
    store_limits.table_elements = kMostTableElements;
    if (route.limits.fuel != 0) store_limits.fuel = route.limits.fuel;
  }

  std::mutex mutex_;
  std::optional<InstancePool> first_pool_;
};

u64 thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

// One request in one instance.
class CgiRun : private wasi::Waiter {
 public:
  CgiRun(const CgiHandler& handler, Exchange& exchange, HandlerReport& report)
      : handler_(handler), exchange_(exchange), report_(report), slice_(exchange.core().running_slice()) {}

  // In an instance of the pool, or where there is none in one of its own.
  void run(InstancePool* pool) {
    started_ = Clock::now();
    auto context = wasi::make_context(guest_configuration());
    if (!context) return fail_internally(context.error().to_string());
    HostData data;
    wasi::attach(data, std::move(*context));
    data.set(std::shared_ptr<wasi::Waiter>(std::shared_ptr<void>(), this));
    if (pool != nullptr) run_pooled(*pool, std::move(data));
    else run_alone(std::move(data));
  }

 private:
  void run_pooled(InstancePool& pool, HostData data) {
    auto instance = pool.acquire(std::move(data));
    if (!instance) return fail_internally(instance.error().to_string());
    Store& store = instance->store();
    if (handler_.route.limits.fuel != 0) store.set_fuel(handler_.route.limits.fuel);
    begin(store);
    std::optional<Trap> trap = call_entry(instance->instance());
    finish(store, instance->instance(), trap);
    instance->release();
  }

  void run_alone(HostData data) {
    Store store(handler_.module.engine(), handler_.store_limits);
    store.host_data() = std::move(data);
    begin(store);
    std::optional<Trap> trap;
    Result<Instance> instance = handler_.linker.instantiate(store, handler_.module, &trap);
    if (!instance && !trap) {
      finish(store, Instance(), trap);
      return fail_internally(instance.error().to_string());
    }
    if (!trap) trap = call_entry(*instance);
    finish(store, instance ? *instance : Instance(), trap);
  }

  // From here to finish() the guest can be interrupted: to end it, or to let others run.
  void begin(Store& store) {
    handle_.emplace(store.interrupt_handle());
    store.on_interrupt([this] { return may_go_on(); });
    exchange_.on_stop([this] { handle_->interrupt(); });
    ready_ = Clock::now();
    report_.setup_ns = nanoseconds_between(started_, ready_);
    begin_slice();
  }

  std::optional<Trap> call_entry(Instance instance) {
    auto outcome = instance.get_function(kEntry)->call({});
    if (outcome) return std::nullopt;
    return std::move(outcome.error());
  }

  void finish(Store& store, Instance instance, const std::optional<Trap>& trap) {
    end_slice();
    exchange_.on_stop(nullptr);
    store.on_interrupt(nullptr);
    store.clear_interrupt();
    if (instance)
      if (auto memory = instance.get_memory("memory")) report_.peak_memory = memory->size_bytes();
    report_.guest_ns = running_ns_;
    end(trap);
  }

  // --- Time ---

  void begin_slice() {
    slice_begin_ = Clock::now();
    if (is_metered_) cpu_mark_ = thread_cpu_ns();
    slice_.begin(*handle_);
  }

  void end_slice() {
    slice_.end();
    running_ns_ += nanoseconds_between(slice_begin_, Clock::now());
    if (is_metered_) cpu_ns_ += thread_cpu_ns() - cpu_mark_;
  }

  // Processor time is asked for only of guests that have used up a slice; until then they have used about one.
  bool may_go_on() {
    if (exchange_.stopped() != Stop::None) return false;
    end_slice();
    if (!is_metered_) cpu_ns_ = running_ns_;
    is_metered_ = true;
    if (cpu_ns_ > static_cast<u64>(std::chrono::nanoseconds(exchange_.limits().cpu).count())) exchange_.stop(Stop::CpuBudget);
    else exchange_.yield();
    begin_slice();
    return exchange_.stopped() == Stop::None;
  }

  // Around whatever may leave the fiber.
  template <class F>
  auto outside(F f) {
    end_slice();
    auto result = f();
    begin_slice();
    return result;
  }

  int poll(std::span<pollfd> descriptors, std::optional<u64> nanoseconds) override {
    std::optional<Clock::time_point> until;
    if (nanoseconds) until = Clock::now() + std::chrono::nanoseconds(static_cast<i64>(std::min(*nanoseconds, kLongestWait)));
    int ready = outside([&] { return exchange_.poll(descriptors, until); });
    if (exchange_.stopped() == Stop::None) return ready;
    errno = EINTR;
    return -1;
  }

  // --- Streams ---

  wasi::Config guest_configuration() {
    wasi::Config config;
    config.args = handler_.arguments;
    config.environment = cgi_environment(exchange_.request(), exchange_.peer(), exchange_.is_tls(),
                                         exchange_.script_name(), exchange_.path_info(), handler_.route.environment);
    config.opened_directories = handler_.directories;
    config.input = [this](std::span<u8> buffer) { return outside([&] { return exchange_.read_body(buffer); }); };
    config.output = [this](std::span<const u8> bytes) { return take_output(bytes); };
    config.error_output = [this](std::span<const u8> bytes) { return take_error_output(bytes); };
    return config;
  }

  bool take_output(std::span<const u8> bytes) {
    if (exchange_.stopped() != Stop::None) return false;
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (parser_.state() == CgiResponseParser::State::Head) {
      text.remove_prefix(parser_.put(text));
      if (parser_.state() == CgiResponseParser::State::Done && !is_redirected() &&
          !exchange_.start_response(parser_.take_head()))
        return false;
    }
    if (is_redirected()) return true;
    if (parser_.state() == CgiResponseParser::State::Malformed) return false;
    if (text.empty()) return true;
    std::span<const u8> body = bytes.last(text.size());
    return outside([&] { return exchange_.write_body(body); });
  }

  bool is_redirected() const { return !parser_.local_location().empty(); }

  bool take_error_output(std::span<const u8> bytes) {
    size_t room = kMostErrorBytes - std::min(kMostErrorBytes, errors_.size());
    errors_.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
    return true;
  }

  void fail_internally(std::string message) {
    report_.detail = std::move(message);
    exchange_.fail(500, "the handler could not be started");
  }

  void end(const std::optional<Trap>& trap) {
    if (!errors_.empty()) exchange_.core().log_guest_output(exchange_, errors_);
    bool has_exited = trap && trap->kind() == TrapKind::Exit;
    report_.exit_code = has_exited ? trap->exit_code() : 0;
    if (trap && !has_exited) {
      report_.exit_code.reset();
      // A request that was stopped ends its guest with a trap, which is not the guest's doing.
      if (exchange_.stopped() != Stop::None) return;
      report_.trap = trap_message(trap->kind());
      report_.detail = trap->to_string();
      if (trap->kind() == TrapKind::OutOfFuel) return exchange_.fail(504, "the handler used up its fuel");
      return exchange_.fail(502, "the handler failed");
    }
    if (exchange_.stopped() != Stop::None) return;
    switch (parser_.state()) {
      case CgiResponseParser::State::Done:
        if (is_redirected()) exchange_.redirect(parser_.local_location());
        return;
      case CgiResponseParser::State::Malformed: report_.detail = "malformed response: " + parser_.error(); break;
      case CgiResponseParser::State::Head: report_.detail = "the handler ended before its response had a body"; break;
    }
    exchange_.fail(502, "the handler gave no valid response");
  }

  const CgiHandler& handler_;
  Exchange& exchange_;
  HandlerReport& report_;
  RunningSlice& slice_;
  CgiResponseParser parser_;
  std::string errors_;

  std::optional<InterruptHandle> handle_;
  Clock::time_point started_, ready_, slice_begin_;
  u64 running_ns_ = 0;
  bool is_metered_ = false;
  u64 cpu_ns_ = 0;
  u64 cpu_mark_ = 0;
};

class CgiWorker : public Worker {
 public:
  CgiWorker(const CgiHandler& handler, std::optional<InstancePool> pool) : handler_(handler), pool_(std::move(pool)) {}
  void handle(Exchange& exchange, HandlerReport& report) override {
    CgiRun(handler_, exchange, report).run(pool_ ? &*pool_ : nullptr);
  }

 private:
  const CgiHandler& handler_;
  std::optional<InstancePool> pool_;
};

std::unique_ptr<Worker> CgiHandler::make_worker() {
  std::optional<InstancePool> pool;
  if (!runs_start_function()) {
    // Without one, which only a lack of memory can explain, instances are made one by one.
    if (auto made = take_pool()) pool = std::move(*made);
  }
  return std::make_unique<CgiWorker>(*this, std::move(pool));
}

}  // namespace

Result<std::shared_ptr<Handler>> load_cgi_handler(const RouteSettings& route, const Settings& settings) {
  auto refuse = [&](ErrorKind kind, std::string message) {
    Error error{kind, std::move(message), Error::kNoOffset, 0, 0, route.file};
    return std::unexpected(std::move(error));
  };
  Config config;
  config.features = settings.features;
  config.consume_fuel = route.limits.fuel != 0;
  if (route.tier != Tier::Interpreter)
    if (auto set = settings.set_tier(config, route.tier); !set) return refuse(set.error().kind, set.error().message);
  Engine engine(config);
  // Read, not mapped: the file may be replaced while requests run.
  Result<std::vector<u8>> bytes = read_bytes(route.file);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto program = cache::read_program(engine, std::move(*bytes), route.file, settings.code_secret_file);
  if (!program) return std::unexpected(std::move(program.error()));
  if (!program->warning.empty()) settings.warn(program->warning);
  Module* module = &program->module;
  if (auto valid = module->validate(); !valid) return std::unexpected(std::move(valid.error()));
  const ModuleInfo& info = module->info();
  auto found = info.export_index.find(kEntry);
  bool has_entry = found != info.export_index.end() && info.exports[found->second].kind == ExternKind::Func;
  if (!has_entry) return refuse(ErrorKind::Usage, "not a WASI program: it exports no function _start");
  const auto& type = info.function_type(info.exports[found->second].index).type;
  if (!type.params.empty() || !type.results.empty())
    return refuse(ErrorKind::Usage, "_start must have type (func), but has " + type.describe());

  if (settings.cache) settings.cache->attach(*module);
  auto directories = wasi::open_directories(route.directories);
  if (!directories) return std::unexpected(std::move(directories.error()));
  auto handler = CgiHandler::create(std::move(*module), route, std::move(*directories));
  if (!handler) {
    if (handler.error().file.empty()) handler.error().file = route.file;
    return std::unexpected(std::move(handler.error()));
  }
  (*handler)->cache = settings.cache;
  return std::shared_ptr<Handler>(std::move(*handler));
}

}  // namespace brink::serve
