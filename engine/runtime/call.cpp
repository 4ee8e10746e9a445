// From the host into the guest: the value stack, the entry frame, and what becomes of traps.
#include <algorithm>

#include "engine/interpret/interpreter.h"
#include "engine/runtime/backtrace.h"
#include "engine/runtime/fault.h"
#include "engine/runtime/guest_bytes.h"
#include "engine/runtime/interrupts.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/value_stack.h"

namespace brink::runtime {
namespace {

using interpret::Frame;
using interpret::State;
using interpret::Status;

// Host → guest entries nested on the native stack: each costs native stack, which no guest may exhaust.
constexpr u32 kMaxNesting = 500;
constexpr u64 kMinStackBytes = 64 << 10;

// The store's value stack, for the outermost of nested calls.
class StackScope {
 public:
  explicit StackScope(Context& context) : context_(context), is_outermost_(context.stack_begin == nullptr) {
    if (!is_outermost_) return;
    ValueStack stack = take_value_stack(std::max(context.store->limits.stack_bytes, kMinStackBytes));
    if (stack.begin == nullptr) return;
    context.stack_begin = stack.begin;
    context.stack_bytes = stack.bytes;
    context.sp = stack.begin;
    context.frame = reinterpret_cast<Frame*>(reinterpret_cast<u8*>(stack.begin) + stack.bytes);
  }
  ~StackScope() {
    if (!is_outermost_ || context_.stack_begin == nullptr) return;
    give_back({context_.stack_begin, context_.stack_bytes});
    context_.stack_begin = context_.sp = nullptr;
    context_.frame = nullptr;
  }
  StackScope(const StackScope&) = delete;
  StackScope& operator=(const StackScope&) = delete;
  bool has_stack() const { return context_.stack_begin != nullptr; }

 private:
  Context& context_;
  bool is_outermost_;
};

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

// Guest code that has nested calls on the native stack must not come here with the last of it.
bool native_stack_is_used_up(const Context& context) {
  return context.tier.context != nullptr &&
         reinterpret_cast<u64>(__builtin_frame_address(0)) < context.tier.native_bottom;
}

// The fault handler leaves no signal blocked. ThreadSanitizer's, which is around it, blocks all of them.
#ifdef BRINK_THREAD_SANITIZER
constexpr int kSaveSignalMask = 1;
#else
constexpr int kSaveSignalMask = 0;
#endif

// sigsetjmp's frame: kept small, and without objects that a jump would leave undestroyed.
Status run_guarded(Context& context, const State& state, const interpret::ThreadDispatch* dispatch) {
  sigjmp_buf target;
  FaultScope scope(context, &target);
  switch (sigsetjmp(target, kSaveSignalMask)) {
    case 0: return state.frame->code->prepared->is_quick ? interpret::run_quick(state, dispatch) : interpret::run(state);
    case kMemoryFault: context.trap = TrapKind::MemoryOutOfBounds; return Status::Trap;
    default: return Status::Trap;
  }
}

Status run_interruptibly(Context& context, const State& state) {
  InterruptibleRun run(context);
  // Asked once the run can be interrupted, so that nothing falls between.
  if (must_end(context)) [[unlikely]] {
    context.trap = TrapKind::Interrupted;
    return Status::Trap;
  }
  return run_guarded(context, state, run.dispatch());
}

}  // namespace

Context::Context(StoreState& owner) : store(&owner) {
  tier.fuel = owner.limits.fuel;
  bool quicken = owner.engine.config().quicken;
  exit_pc = quicken ? interpret::kQuickExit : interpret::kExit;
  cross_return_pc = quicken ? interpret::kQuickCrossReturn : interpret::kCrossReturn;
  if (owner.engine.config().compiler) {
    tier.context = this;
    noted_frames = std::make_unique<NotedFrame[]>(kMaxNotedFrames);
  }
}

Context::~Context() {
  if (interrupts) interrupts->detach();
}

Outcome<void> call_function(StoreState& store, Function& function, u64* slots) {
  if (function.code == nullptr) {
    Caller caller(store, nullptr);
    return (*function.callback)(caller, slots, slots);
  }
  Context& context = *store.context;
  StackScope stack(context);
  if (!stack.has_stack()) return std::unexpected(Trap(TrapKind::Limit, "cannot allocate the value stack"));
  if (auto prepared = prepare(*function.instance->module, *function.code); !prepared)
    return std::unexpected(Trap(TrapKind::InvalidFunction, prepared.error().to_string()));

  const FunctionCode& code = *function.code;
  u64* base = context.sp;
  Frame* frame = context.frame;
  u64 border_slots = std::max(code.param_slots, code.result_slots);
  u64 needed = border_slots * sizeof(u64) + code.frame_bytes + 8 * sizeof(Frame);
  if (context.nesting >= kMaxNesting || (context.nesting != 0 && native_stack_is_used_up(context)) ||
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
  Activation outer_activation = std::exchange(context.tier.activation, {});
  // Found out anew where machine code is entered: the store may have come to another thread.
  if (context.nesting == 0) context.tier.native_bottom = 0;
  context.pc = state.pc;
  context.frame = state.frame;
  context.nesting += 1;
  Status status = run_interruptibly(context, state);
  context.nesting -= 1;

  Outcome<void> outcome;
  if (status == Status::Done) std::copy_n(base, code.result_slots, slots);
  else outcome = std::unexpected(take_trap(context));
  // An exception that nobody caught is the host's now, as a trap; what it refers to need not live any longer.
  context.exception = nullptr;
  context.noted_frame_count = 0;
  context.tier.activation = outer_activation;
  context.pc = outer_pc;
  context.sp = base;
  context.frame = frame;
  return outcome;
}

}  // namespace brink::runtime
