#include "serve/cgi/cgi_handler.h"

#include <filesystem>

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

u64 nanoseconds_between(Clock::time_point start, Clock::time_point end) {
  return static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
}

class CgiHandler : public Handler, public std::enable_shared_from_this<CgiHandler> {
 public:
  CgiHandler(Module module, RouteSettings route, std::shared_ptr<const wasi::OpenDirectories> directories)
      : module(std::move(module)), route(std::move(route)), directories(std::move(directories)) {
    arguments.push_back(std::filesystem::path(this->route.file).filename().string());
    arguments.insert(arguments.end(), this->route.arguments.begin(), this->route.arguments.end());
    limits.memory_bytes = this->route.limits.memory_bytes;
    limits.stack_bytes = this->route.limits.stack_bytes;
    limits.gc_heap_bytes = this->route.limits.gc_heap_bytes;
    limits.instances = 1;
    limits.memories = 8;
    limits.tables = 64;
    limits.table_elements = 1'000'000;
  }
  std::unique_ptr<Worker> make_worker() override;

  const Module module;
  const RouteSettings route;
  const std::shared_ptr<const wasi::OpenDirectories> directories;
  std::vector<std::string> arguments;
  StoreLimits limits;
};

// One request in one instance.
class CgiRun {
 public:
  CgiRun(const CgiHandler& handler, Exchange& exchange, HandlerReport& report)
      : handler_(handler), exchange_(exchange), report_(report) {}

  void run() {
    Clock::time_point start = Clock::now();
    auto context = wasi::make_context(guest_configuration());
    if (!context) return fail_internally(context.error().to_string());
    Linker linker(handler_.module.engine());
    wasi::add_to_linker(linker, *context);
    Store store(handler_.module.engine(), handler_.limits);
    exchange_.on_stop([&] { wasi::interrupt(**context); });
    std::optional<Trap> trap;
    Result<Instance> instance = linker.instantiate(store, handler_.module, &trap);
    if (!instance && !trap) return fail_internally(instance.error().to_string());
    Clock::time_point ready = Clock::now();
    report_.setup_ns = nanoseconds_between(start, ready);
    if (!trap) {
      auto outcome = instance->get_function(kEntry)->call({});
      if (!outcome) trap = std::move(outcome.error());
      if (auto memory = instance->get_memory("memory")) report_.peak_memory = memory->size_bytes();
    }
    exchange_.on_stop(nullptr);
    report_.guest_ns = nanoseconds_between(ready, Clock::now()) - waited_ns_;
    end(trap);
  }

 private:
  template <class F>
  auto waiting(F f) {
    Clock::time_point start = Clock::now();
    auto result = f();
    waited_ns_ += nanoseconds_between(start, Clock::now());
    return result;
  }

  wasi::Config guest_configuration() {
    wasi::Config config;
    config.args = handler_.arguments;
    config.environment = cgi_environment(exchange_.request(), exchange_.peer(), exchange_.is_tls(),
                                         exchange_.script_name(), exchange_.path_info(), handler_.route.environment);
    config.opened_directories = handler_.directories;
    config.input = [this](std::span<u8> buffer) { return waiting([&] { return exchange_.read_body(buffer); }); };
    config.output = [this](std::span<const u8> bytes) { return take_output(bytes); };
    config.error_output = [this](std::span<const u8> bytes) { return take_error_output(bytes); };
    return config;
  }

  bool take_output(std::span<const u8> bytes) {
    if (exchange_.stopped() != Stop::None) return false;
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (parser_.state() == CgiResponseParser::State::Head) {
      text.remove_prefix(parser_.put(text));
      if (parser_.state() == CgiResponseParser::State::Done && !exchange_.start_response(parser_.take_head()))
        return false;
    }
    if (parser_.state() == CgiResponseParser::State::Malformed) return false;
    if (text.empty()) return true;
    std::span<const u8> body = bytes.last(text.size());
    return waiting([&] { return exchange_.write_body(body); });
  }

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
      return exchange_.fail(502, "the handler failed");
    }
    if (exchange_.stopped() != Stop::None) return;
    switch (parser_.state()) {
      case CgiResponseParser::State::Done: return;
      case CgiResponseParser::State::Malformed: report_.detail = "malformed response: " + parser_.error(); break;
      case CgiResponseParser::State::Head: report_.detail = "the handler ended before its response had a body"; break;
    }
    exchange_.fail(502, "the handler gave no valid response");
  }

  const CgiHandler& handler_;
  Exchange& exchange_;
  HandlerReport& report_;
  CgiResponseParser parser_;
  std::string errors_;
  u64 waited_ns_ = 0;
};

class CgiWorker : public Worker {
 public:
  explicit CgiWorker(const CgiHandler& handler) : handler_(handler) {}
  void handle(Exchange& exchange, HandlerReport& report) override { CgiRun(handler_, exchange, report).run(); }

 private:
  const CgiHandler& handler_;
};

std::unique_ptr<Worker> CgiHandler::make_worker() { return std::make_unique<CgiWorker>(*this); }

}  // namespace

Result<std::shared_ptr<Handler>> load_cgi_handler(const RouteSettings& route, const FeatureSet& features) {
  auto refuse = [&](ErrorKind kind, std::string message) {
    Error error{kind, std::move(message), Error::kNoOffset, 0, 0, route.file};
    return std::unexpected(std::move(error));
  };
  Config config;
  config.features = features;
  Engine engine(config);
  // Read, not mapped: the file may be replaced while requests run.
  Result<std::vector<u8>> bytes = read_bytes(route.file);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  Result<Module> module = Module::from_bytes(engine, std::move(*bytes), route.file);
  if (!module) return std::unexpected(std::move(module.error()));
  if (auto valid = module->validate(); !valid) return std::unexpected(std::move(valid.error()));
  const ModuleInfo& info = module->info();
  auto found = info.export_index.find(kEntry);
  bool has_entry = found != info.export_index.end() && info.exports[found->second].kind == ExternKind::Func;
  if (!has_entry) return refuse(ErrorKind::Usage, "not a WASI program: it exports no function _start");
  const auto& type = info.function_type(info.exports[found->second].index).type;
  if (!type.params.empty() || !type.results.empty())
    return refuse(ErrorKind::Usage, "_start must have type (func), but has " + type.describe());

  auto directories = wasi::open_directories(route.directories);
  if (!directories) return std::unexpected(std::move(directories.error()));
  return std::make_shared<CgiHandler>(std::move(*module), route, std::move(*directories));
}

}  // namespace brink::serve
