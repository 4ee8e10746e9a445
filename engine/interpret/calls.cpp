// Calls other than "same instance, already prepared, stack has room": the handlers' out-of-line halves.
#include "engine/interpret/handlers_control.h"
#include "engine/runtime/interrupts.h"

namespace brink::interpret {
namespace {

// Makes sure the function can run; on failure the trap is set.
bool ensure_prepared(State& s, runtime::ModuleState& module, const FunctionCode* code) {
  if (code->code.load(std::memory_order_acquire) != nullptr) return true;
  auto prepared = runtime::prepare(module, const_cast<FunctionCode&>(*code));
  if (prepared) return true;
  s.context->trap_detail = prepared.error().to_string();
  s.context->trap = TrapKind::InvalidFunction;
  return false;
}

// The arguments are the top slots; results replace them.
bool call_host(State& s, const runtime::Function& function) {
  Context& context = *s.context;
  u64* arguments = s.sp - function.signature->param_slots;
  context.sp = s.sp;
  context.frame = s.frame;
  sigjmp_buf* fault_target = context.fault_target;
  context.fault_target = nullptr;
  Caller caller(*context.store, s.instance);
  Outcome<void> outcome = (*function.callback)(caller, arguments, arguments);
  context.fault_target = fault_target;
  if (!outcome) {
    context.trap = outcome.error().kind();
    context.host_trap = std::move(outcome.error());
    return false;
  }
  if (context.is_interrupted.load(std::memory_order_relaxed) && runtime::must_end(context)) [[unlikely]] {
    context.trap = TrapKind::Interrupted;
    return false;
  }
  s.sp = arguments + function.signature->result_slots;
  return true;
}

bool enter_instance(State& s, const runtime::Function& function) {
  if (!ensure_prepared(s, *function.instance->module, function.code)) return false;
  s.instance = function.instance;
  s.memory = function.instance->memory0();
  return true;
}

}  // namespace

Flow call_own(State& s, const FunctionCode* callee, const u8* return_pc) {
  if (!ensure_prepared(s, *s.instance->module, callee)) return Flow::Trap;
  if (!stack_has_room(s, callee->frame_bytes)) return trap(s, TrapKind::StackExhausted);
  push_frame(s, callee, callee->code.load(std::memory_order_acquire), return_pc, s.side);
  return Flow::Next;
}

Flow call_any(State& s, const runtime::Function& function, const u8* return_pc) {
  s.context->pc = s.pc;
  if (function.code == nullptr) {
    if (!call_host(s, function)) return Flow::Trap;
    s.pc = return_pc;
    return Flow::Next;
  }
  if (function.instance == s.instance) return call_own(s, function.code, return_pc);

  Instance* caller = s.instance;
  if (!enter_instance(s, function)) return Flow::Trap;
  if (!stack_has_room(s, function.code->frame_bytes)) return trap(s, TrapKind::StackExhausted);
  s.frame -= 1;
  *s.frame = Frame{return_pc, s.side, reinterpret_cast<u64*>(caller), nullptr};
  push_frame(s, function.code, function.code->code.load(std::memory_order_acquire), s.context->cross_return_pc, nullptr);
  return Flow::Next;
}

Flow tail_call_own(State& s, const FunctionCode* callee) {
  if (!ensure_prepared(s, *s.instance->module, callee)) return Flow::Trap;
  // Quick code is interrupted through its table.
  if (!callee->prepared->is_quick && s.context->is_interrupted.load(std::memory_order_relaxed) &&
      runtime::must_end(*s.context)) [[unlikely]]
    return trap(s, TrapKind::Interrupted);
  u32 params = callee->param_slots;
  u64 argument_bytes = params * sizeof(u64);
  const u64* arguments = s.sp - params;
  const u8* new_top = reinterpret_cast<const u8*>(s.fp) + argument_bytes;
  if (static_cast<u64>(reinterpret_cast<const u8*>(s.frame) - new_top) < callee->frame_bytes + kFrameReserve)
    return trap(s, TrapKind::StackExhausted);
  std::memmove(s.fp, arguments, argument_bytes);
  Frame given_up = *s.frame;
  s.sp = s.fp + params;
  s.fp = given_up.caller_fp;
  s.frame += 1;
  push_frame(s, callee, callee->code.load(std::memory_order_acquire), given_up.return_pc, given_up.return_side);
  return Flow::Next;
}

Flow tail_call_any(State& s, const runtime::Function& function) {
  s.context->pc = s.pc;
  if (function.code == nullptr) {
    if (!call_host(s, function)) return Flow::Trap;
    return op_Return(s);
  }
  if (function.instance == s.instance) return tail_call_own(s, function.code);

  Instance* caller = s.instance;
  if (!enter_instance(s, function)) return Flow::Trap;
  const u8* return_pc = s.frame->return_pc;
  if (!is_cross_return(return_pc) && !is_exit(return_pc)) {
    // The caller of the frame given up expects its own instance back: put a cross-instance record between.
    if (!stack_has_room(s, 0)) return trap(s, TrapKind::StackExhausted);
    Frame given_up = *s.frame;
    *s.frame = Frame{given_up.return_pc, given_up.return_side, reinterpret_cast<u64*>(caller), nullptr};
    s.frame -= 1;
    *s.frame = Frame{s.context->cross_return_pc, nullptr, given_up.caller_fp, given_up.code};
    s.context->frame = s.frame;
  }
  return tail_call_own(s, function.code);
}

}  // namespace brink::interpret
