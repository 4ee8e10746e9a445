// The interpreter's side of tier.h: into machine code and back.
#include "engine/runtime/tier.h"

#include <pthread.h>

#include "engine/interpret/handlers_control.h"
#include "engine/runtime/backtrace.h"
#include "engine/runtime/fault.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/tier_up.h"

namespace brink::runtime {
namespace {

// What host functions, signal handlers and the engine's own functions may need below the guest's last frame.
constexpr u64 kHostReserveBytes = 128 << 10;
constexpr u64 kMostStackBytes = 64 << 20;

struct StackBounds {
  u64 begin = 0;
  u64 end = 0;
};

StackBounds stack_bounds() {
  StackBounds bounds;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return bounds;
  void* address = nullptr;
  size_t size = 0;
  if (pthread_attr_getstack(&attributes, &address, &size) == 0) {
    bounds.begin = reinterpret_cast<u64>(address);
    bounds.end = bounds.begin + size;
  }
  pthread_attr_destroy(&attributes);
  return bounds;
}

}  // namespace

HostStack& host_stack() {
  static thread_local HostStack stack;
  return stack;
}

u64 native_stack_limit() {
  static thread_local StackBounds thread_bounds = stack_bounds();
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  StackBounds bounds = thread_bounds;
  if (const HostStack& own = host_stack(); own.lowest != nullptr) {
    bounds.begin = reinterpret_cast<u64>(own.lowest);
    bounds.end = bounds.begin + own.bytes;
  }
  // On a stack that is not the thread's own, and of which the host has not said how much there is.
  if (here < bounds.begin || here >= bounds.end) return here - kHostReserveBytes;
  // An unlimited stack has no beginning worth the name.
  u64 size = std::min(bounds.end - bounds.begin, kMostStackBytes);
  return bounds.end - size + std::min(kHostReserveBytes, size / 4);
}

void find_native_limit(Context& context) {
  context.tier.native_bottom = native_stack_limit();
  context.tier.native_limit.store(context.tier.native_bottom, std::memory_order_seq_cst);
  // Who interrupts sets the flag first and raises the limit then: one of us has seen the other.
  if (context.is_interrupted.load(std::memory_order_seq_cst))
    context.tier.native_limit.store(~u64{0}, std::memory_order_seq_cst);
}

void note_machine_frames(Context& context) {
  context.noted_frame_count = 0;
  if (context.noted_frames == nullptr) return;
  TierCompiler& compiler = *context.store->engine.state()->config.compiler;
  std::span<NotedFrame> room(context.noted_frames.get(), kMaxNotedFrames);
  for (const Activation* at = &context.tier.activation; at != nullptr && at->entry_frame != nullptr; at = at->outer)
    room = room.subspan(compiler.note_frames(*at, room));
  context.noted_frame_count = static_cast<u32>(kMaxNotedFrames - room.size());
}

void leave_by_trap(Context& context) {
  note_machine_frames(context);
  siglongjmp(*context.fault_target, kDescribedTrap);
}

}  // namespace brink::runtime

namespace brink::interpret {

namespace {

// Where the locals and operands of a frame's machine code must end.
const u64* value_limit(const Frame* frame) {
  return reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(frame) - kFrameReserve - runtime::kLeafReserveBytes);
}

// A function that has begun may go on where machine code's prologue would have refused to begin.
bool has_room_for_machine_code(const State& s) {
  constexpr u64 kNative = 1024;
  const FunctionCode& code = *s.frame->code;
  const u64* end = s.fp + code.param_slots + code.frame_bytes / sizeof(u64);
  return end <= value_limit(s.frame) &&
         reinterpret_cast<u64>(__builtin_frame_address(0)) > s.context->tier.native_bottom + kNative;
}

// The rest of the innermost frame, from `machine` on.
Flow run_machine_code(State& s, const void* machine) {
  Context& context = *s.context;
  if (context.tier.native_bottom == 0) [[unlikely]]
    runtime::find_native_limit(context);
  runtime::Activation outer = context.tier.activation;
  runtime::Activation& inner = context.tier.activation;
  inner.instance = s.instance;
  inner.globals = s.instance->globals;
  inner.tables = s.instance->tables;
  inner.memories = s.instance->memories;
  inner.value_limit = value_limit(s.frame);
  inner.fault_pc = nullptr;
  inner.entry_frame = s.frame;
  inner.outer = &outer;
  context.frame = s.frame;
  runtime::TierCompiler& compiler = *context.store->engine.state()->config.compiler;
  bool has_left = compiler.enter(context.tier, machine, s.fp, s.memory);
  inner = outer;
  if (has_left) [[unlikely]] {
    runtime::TailCall call = std::exchange(context.tier.tail_call, {});
    if (call.own != nullptr) {
      s.sp = s.fp + call.own->param_slots;
      return tail_call_own(s, call.own);
    }
    if (call.any != nullptr) {
      s.sp = s.fp + call.any->signature->param_slots;
      return tail_call_any(s, *call.any);
    }
    return unwind_callers(s, std::exchange(context.exception, nullptr));
  }
  pop_frame(s);
  return Flow::Next;
}

}  // namespace

Flow enter_machine_code(State& s) {
  return run_machine_code(s, s.frame->code->machine.load(std::memory_order_acquire));
}

bool tier_up(State& s, u32 loop, Flow& flow) {
  const FunctionCode& code = *s.frame->code;
  runtime::EngineState& engine = *s.context->store->engine.state();
  const void* machine = engine.tier_up->request(*s.instance->module, code);
  if (machine == nullptr) return false;
  if (loop != kFunctionEntry) {
    if (s.context->tier.native_bottom == 0) runtime::find_native_limit(*s.context);
    runtime::LoopEntry entry = engine.config.compiler->loop_entry(code, loop);
    if (entry.machine == nullptr || !has_room_for_machine_code(s)) {
      code.heat.store(runtime::TierUp::kAskAgain, std::memory_order_relaxed);
      return false;
    }
    s.context->tier.loop_position = entry.position;
    machine = entry.machine;
  }
  flow = run_machine_code(s, machine);
  return true;
}

}  // namespace brink::interpret
