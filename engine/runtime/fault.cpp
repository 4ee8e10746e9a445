// How an access outside of a memory becomes a trap.
//
// A guarded access (objects.h) that leaves its memory lands on a page that is reserved but not mapped. The handler asks
// two questions: is guest code running on this thread, outside of host functions (Context::fault_target), and does the
// address belong to one of its store's memories? If both, it jumps to the sigsetjmp in call_function; the interpreter
// has left the pc in Context before the access. The interpreter's native frames hold nothing that needs destruction.
// A write to a closed page of a pool's memory (page_tracker.h), by the guest or by a host function it has called, is
// no error: the page is opened and the instruction runs again.
//
// Anything else is a crash of the host and goes where it would have gone without us.
#include "engine/runtime/fault.h"

#include <ucontext.h>

#include <csignal>
#include <mutex>
#include <utility>

#include "engine/running_guest.h"

#include "engine/runtime/page_tracker.h"
#include "engine/runtime/tier.h"

namespace brink::runtime {
namespace {

thread_local Context* current_context = nullptr;
struct sigaction previous_segv, previous_bus;

void pass_on(int signal, siginfo_t* info, void* machine) {
  struct sigaction& previous = signal == SIGSEGV ? previous_segv : previous_bus;
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, machine);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    sigaction(signal, &previous, nullptr);  // the instruction faults again, now without us
  }
}

// Where the guest was, if it was in machine code.
void note_machine_code(Context& context, const ucontext_t* machine) {
#if defined(__x86_64__)
  auto pc = reinterpret_cast<const u8*>(machine->uc_mcontext.gregs[REG_RIP]);
  auto sp = reinterpret_cast<u64*>(machine->uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
  auto pc = reinterpret_cast<const u8*>(machine->uc_mcontext.pc);
  auto sp = reinterpret_cast<u64*>(machine->uc_mcontext.sp);
#else  // where there is no machine code
  (void)machine;
  const u8* pc = nullptr;
  u64* sp = nullptr;
#endif
  const Config& config = context.store->engine.state()->config;
  const TierCompiler* compiler = config.compiler.get();
  if (compiler == nullptr || !compiler->has_code_at(pc)) return;
  context.tier.activation.fault_pc = pc;
  context.tier.activation.exit_sp = sp;
  if (config.consume_fuel) context.tier.fuel = compiler->fuel_at_fault(*machine);
}

void on_fault(int signal, siginfo_t* info, void* machine) {
  Context* context = current_context;
  if (context != nullptr)
    for (const auto& memory : context->store->memories) {
      if (!memory->owns_address(info->si_addr)) continue;
      if (memory->tracker && memory->tracker->open_at(info->si_addr)) return;
      if (context->fault_target == nullptr) continue;
      note_machine_code(*context, static_cast<const ucontext_t*>(machine));
      note_machine_frames(*context);
      siglongjmp(*context->fault_target, kMemoryFault);
    }
  pass_on(signal, info, machine);
}

}  // namespace

void install_fault_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    // NODEFER: leaving by siglongjmp must not leave the signal blocked. ONSTACK: hosts with small stacks.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
  });
}

FaultScope::FaultScope(Context& context, sigjmp_buf* target)
    : outer_context_(current_context), context_(context), outer_target_(context.fault_target) {
  current_context = &context;
  context.fault_target = target;
}

FaultScope::~FaultScope() {
  context_.fault_target = outer_target_;
  current_context = outer_context_;
}

}  // namespace brink::runtime

const brink::Caller*& brink::waiting_caller() {
  static thread_local const Caller* caller = nullptr;
  return caller;
}

brink::RunningGuest brink::RunningGuest::exchange(RunningGuest next) {
  RunningGuest previous;
  previous.context_ = std::exchange(runtime::current_context, next.context_);
  previous.caller_ = std::exchange(waiting_caller(), next.caller_);
  runtime::HostStack& stack = runtime::host_stack();
  previous.stack_ = std::exchange(stack.lowest, next.stack_);
  previous.stack_bytes_ = std::exchange(stack.bytes, next.stack_bytes_);
  return previous;
}

brink::RunningGuest brink::RunningGuest::on_stack(const void* lowest, size_t bytes) {
  RunningGuest guest;
  guest.stack_ = lowest;
  guest.stack_bytes_ = bytes;
  return guest;
}
