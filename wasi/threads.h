// wasi-threads (github.com/WebAssembly/wasi-threads): a guest that starts threads.
//
//   auto threads = brink::wasi::Threads::create(linker, module, {.context = context});
//   auto instance = linker.instantiate(store, module);
//   …call its _start…
//   (*threads)->end();
//   (*threads)->join();
//
// The guest imports its shared memory and "wasi" "thread-spawn", and exports wasi_thread_start(i32 id, i32 argument).
// Each thread is a thread of the host with a store and an instance of its own, made by a copy of the linker. The
// program ends when its first thread says so, or when any thread traps or calls proc_exit.
//
// How the others end: they are interrupted, whatever they are doing (engine/interrupt.h); the first thread too, if its
// store's handle is given.
#pragma once
#include "wasi/wasi.h"

namespace brink::wasi {

struct ThreadsConfig {
  u32 max_threads = 1024;  // at once, besides the first; beyond that thread-spawn fails, and the guest goes on
  StoreLimits limits;      // of each thread's store; memory_bytes holds for the shared memories too
  std::shared_ptr<Context> context = nullptr;  // interrupted at the end of the program
  std::optional<InterruptHandle> first = {};   // of the first thread's store
  // Called by the thread that ends the program by a trap or proc_exit, once, while others may still run.
  std::function<void(const Trap&)> on_end = {};
};

class Threads {
 public:
  // Whether a module imports thread-spawn.
  static bool are_used_by(const ModuleInfo& module);

  // Defines thread-spawn, and shared memories under the names by which the module imports them. After all other
  // definitions, which must be good for any store: threads are linked with a copy of the linker. Errors: kind Usage if
  // the module cannot be a thread's (it exports no wasi_thread_start of the right type, or imports no shared memory),
  // Limit if a memory cannot be made.
  static Result<std::unique_ptr<Threads>> create(Linker& linker, const Module& module, ThreadsConfig config);
  // Ends the program, and waits for its threads.
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // The first thread has ended, by itself or with a trap; no more threads start.
  void end(const std::optional<Trap>& trap = {});
  // Waits for all threads; the trap (or exit) that ended the program, if one did.
  std::optional<Trap> join();

  struct State;

 private:
  explicit Threads(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace brink::wasi
