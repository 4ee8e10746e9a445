#include "wasi/threads.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "wasi/preview1/types.h"

namespace brink::wasi {
namespace {

constexpr const char* kModule = "wasi";
constexpr const char* kSpawn = "thread-spawn";
constexpr const char* kEntry = "wasi_thread_start";
constexpr u32 kMaxId = (1u << 29) - 1;  // as the interface has it: the guest may use the other bits
constexpr i32 kFailed = -static_cast<i32>(Errno::Again);

Result<void> check_module(const Module& module) {
  const ModuleInfo& info = module.info();
  auto refuse = [&](std::string message) {
    Error error{ErrorKind::Usage, std::move(message)};
    error.file = module.name();
    return std::unexpected(std::move(error));
  };
  auto found = info.export_index.find(kEntry);
  if (found == info.export_index.end() || info.exports[found->second].kind != ExternKind::Func)
    return refuse(std::string("the module imports thread-spawn, but exports no function ") + kEntry);
  const SubType& type = info.function_type(info.exports[found->second].index).type;
  if (type.params != std::vector<ValueType>{kI32, kI32} || !type.results.empty())
    return refuse(std::string(kEntry) + " must have type (func (param i32 i32)), but has " + type.describe());
  for (u32 i = 0; i < info.imported_memories; ++i)
    if (info.memories[i].limits.is_shared) return {};
  return refuse("the module imports thread-spawn, but no shared memory");
}

}  // namespace

struct Threads::State {
  State(const Linker& the_linker, const Module& the_module, ThreadsConfig the_config)
      : linker(the_linker), module(the_module), config(std::move(the_config)) {}

  // What does not change once the program runs.
  Linker linker;
  Module module;
  ThreadsConfig config;
  std::vector<SharedMemory> memories;

  std::mutex mutex;
  std::condition_variable thread_ended;
  bool has_ended = false;
  std::optional<Trap> trap;
  struct Thread {
    std::thread thread;
    std::optional<InterruptHandle> store;  // once it has one
  };
  std::map<u32, Thread> running;       // by id
  std::vector<std::thread> finished;   // about to return, or returned
  u32 last_id = 0;

  i32 spawn(u32 argument);
  void run(u32 id, u32 argument);
  std::optional<Trap> run_guest(u32 id, u32 argument);
  void end(const std::optional<Trap>& why);
  void join_finished();
};

i32 Threads::State::spawn(u32 argument) {
  join_finished();
  std::lock_guard lock(mutex);
  if (has_ended || running.size() >= config.max_threads) return kFailed;
  do last_id = last_id == kMaxId ? 1 : last_id + 1;
  while (running.contains(last_id));
  // The thread's first act is to take the lock, so it finds itself in `running`.
  try {
    running[last_id].thread = std::thread([this, id = last_id, argument] { run(id, argument); });
  } catch (const std::system_error&) {
    running.erase(last_id);
    return kFailed;
  }
  return static_cast<i32>(last_id);
}

void Threads::State::run(u32 id, u32 argument) {
  if (std::optional<Trap> why = run_guest(id, argument)) end(why);
  std::lock_guard lock(mutex);
  auto self = running.find(id);
  finished.push_back(std::move(self->second.thread));
  running.erase(self);
  thread_ended.notify_all();
}

std::optional<Trap> Threads::State::run_guest(u32 id, u32 argument) {
  Store store(module.engine(), config.limits);
  {
    std::lock_guard lock(mutex);
    if (has_ended) return std::nullopt;
    running[id].store = store.interrupt_handle();
  }
  std::optional<Trap> failure;
  Result<Instance> instance = linker.instantiate(store, module, &failure);
  if (failure) return failure;
  if (!instance) return Trap::host("a thread cannot be made: " + instance.error().to_string());
  auto outcome =
      instance->get_function(kEntry)->call({Value::i32(static_cast<i32>(id)), Value::i32(static_cast<i32>(argument))});
  if (!outcome) return std::move(outcome.error());
  return std::nullopt;
}

void Threads::State::end(const std::optional<Trap>& why) {
  std::vector<InterruptHandle> stores;
  {
    std::lock_guard lock(mutex);
    if (has_ended) return;
    has_ended = true;
    if (why) trap.emplace(*why);
    if (config.first) stores.push_back(*config.first);
    for (const auto& [id, thread] : running)
      if (thread.store) stores.push_back(*thread.store);
  }
  if (why && config.on_end) config.on_end(*why);
  if (config.context) interrupt(*config.context);
  for (SharedMemory& memory : memories) memory.interrupt();
  for (const InterruptHandle& store : stores) store.interrupt();
}

void Threads::State::join_finished() {
  std::vector<std::thread> ended;
  {
    std::lock_guard lock(mutex);
    ended.swap(finished);
  }
  for (std::thread& thread : ended) thread.join();
}

bool Threads::are_used_by(const ModuleInfo& module) {
  for (const Import& import : module.imports)
    if (import.kind == ExternKind::Func && import.module == kModule && import.name == kSpawn) return true;
  return false;
}

Result<std::unique_ptr<Threads>> Threads::create(Linker& linker, const Module& module, ThreadsConfig config) {
  if (auto checked = check_module(module); !checked) return std::unexpected(std::move(checked.error()));
  auto state = std::make_shared<State>(linker, module, std::move(config));
  linker.define_function(kModule, kSpawn, [weak = std::weak_ptr<State>(state)](u32 argument) -> i32 {
    auto alive = weak.lock();
    return alive ? alive->spawn(argument) : kFailed;
  });
  for (const Import& import : module.info().imports) {
    if (import.kind != ExternKind::Memory) continue;
    const MemoryType& type = module.info().memories[import.index];
    if (!type.limits.is_shared) continue;
    auto memory = SharedMemory::create(type, state->config.limits.memory_bytes);
    if (!memory) return std::unexpected(std::move(memory.error()));
    linker.define(import.module, import.name, *memory);
    state->memories.push_back(*memory);
  }
  state->linker = linker;
  return std::unique_ptr<Threads>(new Threads(std::move(state)));
}

Threads::~Threads() {
  end();
  join();
}

void Threads::end(const std::optional<Trap>& trap) { state_->end(trap); }

std::optional<Trap> Threads::join() {
  {
    std::unique_lock lock(state_->mutex);
    state_->thread_ended.wait(lock, [&] { return state_->running.empty(); });
  }
  state_->join_finished();
  std::lock_guard lock(state_->mutex);
  return state_->trap;
}

}  // namespace brink::wasi
