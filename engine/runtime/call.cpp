// From the host into the guest: the value stack, the entry frame, and what becomes of traps.
#include <sys/mman.h>

#include <algorithm>

#include "engine/interpret/interpreter.h"
#include "engine/runtime/backtrace.h"
#include "engine/runtime/fault.h"
#include "engine/runtime/interrupts.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

using interpret::Frame;
using interpret::State;
using interpret::Status;

// Host → guest entries nested on the native stack: each costs native stack, which no guest may exhaust.
constexpr u32 kMaxNesting = 500;
constexpr u64 kMinStackBytes = 64 << 10;

// A store makes its value stack when it first runs something.
bool ensure_stack(Context& context) {
  if (context.stack_begin != nullptr) return true;
  u64 bytes = std::max(context.store->limits.stack_bytes, kMinStackBytes);
  bytes = (bytes + 4095) & ~u64{4095};
  void* mapping =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return false;
  context.stack_begin = static_cast<u64*>(mapping);
  context.stack_bytes = bytes;
  context.sp = context.stack_begin;
  context.frame = reinterpret_cast<Frame*>(static_cast<u8*>(mapping) + bytes);
  return true;
}

Trap take_trap(Context& context) {
  auto take = [&]() -> Trap {
    if (context.host_trap) {
      Trap trap = std::move(*context.host_trap);
      context.host_trap.reset();
      return trap;
    }
    return Trap(context.trap, std::exchange(context.trap_detail, {}));
  };
  Trap trap = take();
  if (trap.kind() != TrapKind::Exit && trap.backtrace().empty()) attach_backtrace(trap, context);
  return trap;
}

// sigsetjmp's frame: kept small, and without objects that a jump would leave undestroyed.
Status run_guarded(Context& context, const State& state, const interpret::ThreadDispatch* dispatch) {
  sigjmp_buf target;
  FaultScope scope(context, &target);
  if (sigsetjmp(target, 0) == 0)
    return state.frame->code->prepared->is_quick ? interpret::run_quick(state, dispatch) : interpret::run(state);
  context.trap = TrapKind::MemoryOutOfBounds;
  return Status::Trap;
}

Status run_interruptibly(Context& context, const State& state) {
  InterruptibleRun run(context);
  // Asked once the run can be interrupted, so that nothing falls between.
  if (context.is_interrupted.load(std::memory_order_seq_cst)) [[unlikely]] {
    context.trap = TrapKind::Interrupted;
    return Status::Trap;
  }
  return run_guarded(context, state, run.dispatch());
}

}  // namespace

Context::Context(StoreState& owner) : store(&owner) {
  fuel = owner.limits.fuel;
  bool quicken = owner.engine.config().quicken;
  exit_pc = quicken ? interpret::kQuickExit : interpret::kExit;
  cross_return_pc = quicken ? interpret::kQuickCrossReturn : interpret::kCrossReturn;
}

Context::~Context() {
  if (interrupts) interrupts->detach();
  if (stack_begin != nullptr) munmap(stack_begin, stack_bytes);
}

Outcome<void> call_function(StoreState& store, Function& function, u64* slots) {
  if (function.code == nullptr) {
    Caller caller(store, nullptr);
    return (*function.callback)(caller, slots, slots);
  }
  Context& context = *store.context;
  if (!ensure_stack(context)) return std::unexpected(Trap(TrapKind::Limit, "cannot allocate the value stack"));
  if (auto prepared = prepare(*function.instance->module, *function.code); !prepared)
    return std::unexpected(Trap(TrapKind::InvalidFunction, prepared.error().to_string()));

  const FunctionCode& code = *function.code;
  u64* base = context.sp;
  Frame* frame = context.frame;
  u64 border_slots = std::max(code.param_slots, code.result_slots);
  u64 needed = border_slots * sizeof(u64) + code.frame_bytes + 8 * sizeof(Frame);
  if (context.nesting >= kMaxNesting ||
      static_cast<u64>(reinterpret_cast<u8*>(frame) - reinterpret_cast<u8*>(base)) < needed) {
    Trap trap(TrapKind::StackExhausted);
    return std::unexpected(std::move(trap));
  }

  std::copy_n(slots, code.param_slots, base);
  std::fill_n(base + code.param_slots, code.extra_local_slots, u64{0});
  frame[-1] = Frame{context.exit_pc, nullptr, base, &code};
  State state{code.code.load(std::memory_order_acquire),
              base + code.param_slots + code.extra_local_slots,
              base,
              function.instance->memory0(),
              function.instance,
              code.side,
              frame - 1,
              &context};
  const u8* outer_pc = context.pc;
  context.pc = state.pc;
  context.frame = state.frame;
  context.nesting += 1;
  Status status = run_interruptibly(context, state);
  context.nesting -= 1;

  Outcome<void> outcome;
  if (status == Status::Done) std::copy_n(base, code.result_slots, slots);
  else outcome = std::unexpected(take_trap(context));
  context.pc = outer_pc;
  context.sp = base;
  context.frame = frame;
  return outcome;
}

}  // namespace brink::runtime
