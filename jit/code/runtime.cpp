#include "jit/code/runtime.h"

#include "engine/interpret/handlers_control.h"
#include "engine/interpret/handlers_numeric.h"
#include "engine/interpret/interpreter.h"
#include "engine/runtime/interrupts.h"
#include "jit/code/convention.h"
#include "jit/code/landing.h"
#include "jit/code/module_code.h"

namespace brink::jit {
namespace {

using interpret::Flow;
using interpret::State;
using interpret::Status;
using runtime::Context;
using runtime::Instance;
using runtime::TierState;

// Nothing here may own anything when it calls this: the stack above is given up.
[[noreturn]] void leave_with(TierState* tier, TrapKind kind) {
  tier->context->trap = kind;
  runtime::leave_by_trap(*tier->context);
}

void check_native_stack(TierState* tier) {
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  if (here < tier->native_limit.load(std::memory_order_relaxed)) poll(tier, 0);
}

State state_at(TierState* tier, u64* fp, u64* sp) {
  Instance* instance = tier->activation.instance;
  return {nullptr, sp,      fp, instance->memory0(), instance, nullptr, tier->activation.entry_frame,
          tier->context};
}

// Context::exception has come to the activation.
u64 pass_on(TierState* tier) {
  Context& context = *tier->context;
  if (prepare_landing(ModuleCode::of(*tier->activation.instance->module).map(), *tier, *context.exception)) return kCaught;
  if (!interpret::is_caught_outside(context, context.exception)) runtime::leave_by_trap(context);
  context.frame = tier->activation.entry_frame;
  return kLeft;
}

// Runs what a call has entered until it returns.
u64 finish_call(TierState* tier, State& s, Flow flow) {
  Context& context = *tier->context;
  if (flow == Flow::Next) {
    if (s.pc == context.exit_pc) return kDone;  // it was a host function
    const auto* dispatch = context.interrupts ? &interpret::ThreadDispatch::of_this_thread() : nullptr;
    if (interpret::run_quick(s, dispatch) == Status::Done) return kDone;
  }
  // A host function's failure is not the guest's exception, whatever it calls itself.
  if (context.trap != TrapKind::UncaughtException || context.host_trap || context.exception == nullptr)
    runtime::leave_by_trap(context);
  return pass_on(tier);
}

u64 throw_object(TierState* tier, gc::ExceptionObject* exception) {
  Context& context = *tier->context;
  context.exception = exception;
  context.trap = TrapKind::UncaughtException;
  context.awaited = nullptr;
  return pass_on(tier);
}

// Whether the function that was entered from the interpreter has given up its frame for this call.
bool is_entry_tail_call(const TierState* tier) {
  return tier->activation.exit_sp == tier->activation.entry_sp - kWordsBelowEntry;
}

// The arguments that came in registers go to their slots.
void store_arguments(TierState* tier, const RegisteredType& type, u64* fp) {
  for_each_argument(type.type.params, [&](ValueType value, u32 slot, Class where, u32 number) {
    if (where == Class::Integer) fp[slot] = tier->integers[number];
    if (where == Class::Float)
      fp[slot] = value == kF32 ? static_cast<u32>(tier->floats[2 * number]) : tier->floats[2 * number];
  });
}

}  // namespace

u64 call_own_function(TierState* tier, u64 what, u64* fp, u64) {
  check_native_stack(tier);
  Instance& instance = *tier->activation.instance;
  runtime::ModuleState& module = *instance.module;
  u32 index = ModuleCode::of(module).function_of_slot(reinterpret_cast<const u8*>(what));
  runtime::FunctionCode& code = instance.code[index];
  const RegisteredType& type = module.info.function_type(index + module.info.imported_functions);
  // Its fp is above what is in use: nested runs must not touch that, nor the collector overlook it.
  State s = state_at(tier, fp, fp + type.param_slots);
  if (code.code.load(std::memory_order_acquire) == nullptr) {
    bool failed = false;
    {
      auto prepared = runtime::prepare(module, code);
      if (!prepared) {
        tier->context->trap_detail = prepared.error().to_string();
        failed = true;
      }
    }
    if (failed) leave_with(tier, TrapKind::InvalidFunction);
  }
  if (const void* machine = code.machine.load(std::memory_order_acquire)) return reinterpret_cast<u64>(machine);
  store_arguments(tier, type, fp);
  if (is_entry_tail_call(tier)) {
    tier->tail_call.own = &code;
    return kLeft;
  }
  return finish_call(tier, s, interpret::call_own(s, &code, tier->context->exit_pc));
}

u64 call_import(TierState* tier, u64 what, u64* fp, u64) {
  check_native_stack(tier);
  const runtime::Function& function = *tier->activation.instance->imports[what];
  if (function.code != nullptr && is_entry_tail_call(tier)) {
    tier->tail_call.any = &function;
    return kLeft;
  }
  State s = state_at(tier, fp, fp + function.signature->param_slots);
  return finish_call(tier, s, interpret::call_any(s, function, tier->context->exit_pc));
}

u64 call_indirect(TierState* tier, u64 what, u64* fp, u64 more) {
  check_native_stack(tier);
  Instance& instance = *tier->activation.instance;
  const runtime::Table& table = *instance.tables[static_cast<u32>(more)];
  const RegisteredType& type = *instance.types[more >> 32];
  if (what >= table.size) leave_with(tier, TrapKind::TableOutOfBounds);
  const auto* function = reinterpret_cast<const runtime::Function*>(table.elements[what]);
  if (function == nullptr) leave_with(tier, TrapKind::UninitializedElement);
  if (function->signature != &type && !function->signature->is_below(type))
    leave_with(tier, TrapKind::IndirectCallTypeMismatch);
  store_arguments(tier, type, fp);
  State s = state_at(tier, fp, fp + type.param_slots);
  return finish_call(tier, s, interpret::call_any(s, *function, tier->context->exit_pc));
}

u64 call_reference(TierState* tier, u64 what, u64* fp, u64 more) {
  check_native_stack(tier);
  const auto* function = reinterpret_cast<const runtime::Function*>(what);
  const RegisteredType& type = *tier->activation.instance->types[more];
  if (function == nullptr) leave_with(tier, TrapKind::NullReference);
  store_arguments(tier, type, fp);
  if (function->code != nullptr && is_entry_tail_call(tier)) {
    tier->tail_call.any = function;
    return kLeft;
  }
  State s = state_at(tier, fp, fp + type.param_slots);
  return finish_call(tier, s, interpret::call_any(s, *function, tier->context->exit_pc));
}

u64 run_instruction(TierState* tier, const u8* bytes, u64* sp, interpret::InstructionCall call) {
  State s = state_at(tier, sp, sp);
  s.pc = bytes;
  if (call(s) != Flow::Next) runtime::leave_by_trap(*tier->context);
  return kDone;
}

u64 throw_tag(TierState* tier, u64 tag, u64* sp, u64) {
  State s = state_at(tier, sp, sp);
  gc::ExceptionObject* exception = interpret::make_exception(s, static_cast<u32>(tag));
  if (exception == nullptr) runtime::leave_by_trap(*tier->context);
  return throw_object(tier, exception);
}

u64 throw_reference(TierState* tier, u64 reference, u64*, u64) {
  if (reference == 0) leave_with(tier, TrapKind::NullReference);
  return throw_object(tier, reinterpret_cast<gc::ExceptionObject*>(reference));
}

u64 run_scalar(TierState* tier, u64 op) {
  u64 slot[4] = {tier->scratch[0]};
  u8 bytes[4] = {};
  State s = state_at(tier, slot, slot + 1);
  s.pc = bytes;
  if (interpret::instruction_call(static_cast<Op>(op), false)(s) != Flow::Next) runtime::leave_by_trap(*tier->context);
  tier->scratch[0] = slot[0];
  return kDone;
}

u64 test_heap_type(TierState* tier, u64) {
  tier->scratch[0] = gc::is_instance_of(tier->scratch[0], static_cast<AbstractHeap>(tier->scratch[1]));
  return kDone;
}

u64 check_signature(TierState* tier, u64) {
  const auto* function = reinterpret_cast<const runtime::Function*>(tier->scratch[0]);
  if (!function->signature->is_below(*reinterpret_cast<const RegisteredType*>(tier->scratch[1])))
    leave_with(tier, TrapKind::IndirectCallTypeMismatch);
  return kDone;
}

u64 poll(TierState* tier, u64) {
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  if (here < tier->native_bottom) leave_with(tier, TrapKind::StackExhausted);
  // An interrupt from now on raises the limit again; one before has set the flag.
  tier->native_limit.store(tier->native_bottom, std::memory_order_seq_cst);
  if (tier->context->is_interrupted.load(std::memory_order_seq_cst) && runtime::must_end(*tier->context))
    leave_with(tier, TrapKind::Interrupted);
  return kDone;
}

void trap(TierState* tier, u64 kind) {
  // What could not be paid has been subtracted all the same.
  if (static_cast<TrapKind>(kind) == TrapKind::OutOfFuel) tier->fuel = 0;
  leave_with(tier, static_cast<TrapKind>(kind));
}

}  // namespace brink::jit
