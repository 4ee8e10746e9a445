// Control: blocks, branches, calls, returns (specification, section 4.6.8 to 4.6.11).
//
// Calls and returns move three things: the frame pointer, the pair of program counter and side-table pointer, and, only
// across instances, instance and memory. Whatever is rare (first call of a function, host functions, other instances, a
// full stack) is in the Slow half.
#pragma once
#include "engine/interpret/execute.h"
#include "engine/runtime/interrupts.h"

namespace brink::interpret {

// --- Branches --------------------------------------------------------------------------------------------------------

// Takes the branch of a side entry that belongs to the instruction at `origin`.
BRINK_INLINE void move_along_branch(State& s, const SideEntry* entry, const u8* origin) {
  u32 keep = entry->keep();
  u64* target = s.fp + entry->height();
  if (keep != 0) [[unlikely]] {
    const u64* from = s.sp - keep;
    if (target != from)
      for (u32 i = 0; i < keep; ++i) target[i] = from[i];
  }
  s.sp = target + keep;
  s.side = entry + entry->entry_delta;
  s.pc = origin + entry->pc_delta;
}

// The same as a handler's end. A loop goes round here: whether the guest is to go on is asked now (interrupts.h).
BRINK_INLINE Flow take_branch(State& s, const SideEntry* entry, const u8* origin) {
  if (entry->pc_delta <= 0 && s.context->is_interrupted.load(std::memory_order_relaxed) &&
      runtime::must_end(*s.context)) [[unlikely]]
    return trap(s, TrapKind::Interrupted);
  move_along_branch(s, entry, origin);
  return Flow::Next;
}

BRINK_INLINE void skip_label(State& s) {
  const u8* p = s.pc + 1;
  while (*p++ & 0x80) {
  }
  s.pc = p;
}

// A block type is one byte, or a type index of several, or a reference type: 0x63 or 0x64 and a heap type.
BRINK_INLINE const u8* after_block_type(const u8* p) {
  u8 first = *p++;
  if (first >= 0x80 || first == 0x63 || first == 0x64) [[unlikely]]
    while (*p++ & 0x80) {
    }
  return p;
}

BRINK_INLINE void skip_block_type(State& s) { s.pc = after_block_type(s.pc + 1); }

BRINK_OP(Unreachable) { return trap(s, TrapKind::Unreachable); }
BRINK_OP(Nop) { return s.pc += 1, Flow::Next; }
BRINK_OP(Block) { return skip_block_type(s), Flow::Next; }
BRINK_OP(Loop) { return skip_block_type(s), Flow::Next; }
BRINK_OP(End) { return s.pc += 1, Flow::Next; }

BRINK_OP(If) {
  if (pop<u32>(s)) {
    skip_block_type(s);
    s.side += 1;
  } else {
    const SideEntry* entry = s.side;
    s.pc += entry->pc_delta;
    s.side = entry + entry->entry_delta;
  }
  return Flow::Next;
}

BRINK_OP(Else) {
  const SideEntry* entry = s.side;
  s.pc += entry->pc_delta;
  s.side = entry + entry->entry_delta;
  return Flow::Next;
}

BRINK_OP(Br) { return take_branch(s, s.side, s.pc); }

BRINK_INLINE Flow branch_if(State& s, bool taken) {
  if (taken) return take_branch(s, s.side, s.pc);
  skip_label(s);
  s.side += 1;
  return Flow::Next;
}

BRINK_OP(BrIf) {
  bool taken = pop<u32>(s) != 0;
  return branch_if(s, taken);
}

BRINK_OP(BrTable) {
  u32 index = pop<u32>(s);
  const u8* p = s.pc + 1;
  u32 count = read_u32(p);
  return take_branch(s, s.side + (index < count ? index : count), s.pc);
}

BRINK_OP(BrOnNull) {
  if (s.sp[-1] != 0) return branch_if(s, false);
  s.sp -= 1;
  return branch_if(s, true);
}

BRINK_OP(BrOnNonNull) {
  if (s.sp[-1] != 0) return branch_if(s, true);
  s.sp -= 1;
  return branch_if(s, false);
}

// --- Return ----------------------------------------------------------------------------------------------------------

BRINK_INLINE void pop_frame(State& s) {
  Frame* frame = s.frame;
  s.pc = frame->return_pc;
  s.side = frame->return_side;
  s.fp = frame->caller_fp;
  s.frame = frame + 1;
  s.context->frame = frame + 1;
}

BRINK_OP(Return) {
  u32 count = s.frame->code->result_slots;
  u64* to = s.fp;
  const u64* from = s.sp - count;
  if (count == 1) [[likely]]
    *to = *from;
  else
    for (u32 i = 0; i < count; ++i) to[i] = from[i];
  s.sp = to + count;
  pop_frame(s);
  return Flow::Next;
}

// --- Calls -----------------------------------------------------------------------------------------------------------

// The frame and the callee's locals. The stack has been checked.
BRINK_INLINE void push_frame(State& s, const FunctionCode* callee, const u8* code, const u8* return_pc,
                             const SideEntry* return_side) {
  Frame* frame = s.frame - 1;
  *frame = Frame{return_pc, return_side, s.fp, callee};
  s.frame = frame;
  s.context->frame = frame;
  s.fp = s.sp - callee->param_slots;
  u32 extra = callee->extra_local_slots;
  u64* locals = s.sp;
  for (u32 i = 0; i < extra; ++i) locals[i] = 0;
  s.sp = locals + extra;
  s.side = callee->side;
  s.pc = code;
}

// Room for a callee's frame, and for the frame records of one more call across instances.
inline constexpr u64 kFrameReserve = 4 * sizeof(Frame);

BRINK_INLINE bool stack_has_room(const State& s, u64 bytes) {
  return static_cast<u64>(reinterpret_cast<const u8*>(s.frame) - reinterpret_cast<const u8*>(s.sp)) >=
         bytes + kFrameReserve;
}

// A function of the same instance, already prepared; else Slow.
BRINK_INLINE Flow call_local(State& s, const FunctionCode* callee, const u8* return_pc) {
  const u8* code = callee->code.load(std::memory_order_acquire);
  if (code == nullptr || !stack_has_room(s, callee->frame_bytes)) [[unlikely]]
    return Flow::Slow;
  push_frame(s, callee, code, return_pc, s.side);
  return Flow::Next;
}

// Any function, any way; `return_pc` follows the call. Defined in calls.cpp, as are the tail calls: there the current
// frame is given up first.
Flow call_any(State& s, const runtime::Function& function, const u8* return_pc);
Flow tail_call_any(State& s, const runtime::Function& function);
Flow call_own(State& s, const FunctionCode* callee, const u8* return_pc);
Flow tail_call_own(State& s, const FunctionCode* callee);

BRINK_OP(Call) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  u32 imported = s.instance->imported_functions;
  if (index < imported) [[unlikely]]
    return Flow::Slow;
  return call_local(s, s.instance->code + (index - imported), p);
}

BRINK_SLOW(Call) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  u32 imported = s.instance->imported_functions;
  if (index < imported) return call_any(s, *s.instance->imports[index], p);
  return call_own(s, s.instance->code + (index - imported), p);
}

BRINK_OP(ReturnCall) { return (void)s, Flow::Slow; }

BRINK_SLOW(ReturnCall) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  u32 imported = s.instance->imported_functions;
  if (index < imported) return tail_call_any(s, *s.instance->imports[index]);
  return tail_call_own(s, s.instance->code + (index - imported));
}

// The function a call_indirect selects, or null with the trap set. Pops the index.
BRINK_INLINE const runtime::Function* select_indirect(State& s, const u8*& p) {
  u32 type_index = read_u32(p);
  u32 table_index = read_u32(p);
  const runtime::Table& table = *s.instance->tables[table_index];
  u64 element = *--s.sp;
  if (element >= table.size) [[unlikely]] {
    s.context->trap = TrapKind::TableOutOfBounds;
    return nullptr;
  }
  const auto* function = reinterpret_cast<const runtime::Function*>(table.elements[element]);
  if (function == nullptr) [[unlikely]] {
    s.context->trap = TrapKind::UninitializedElement;
    return nullptr;
  }
  TypeId wanted = s.instance->module->info.type_ids[type_index];
  if (function->type != wanted) [[unlikely]] {
    if (!s.instance->module->info.registry->is_subtype(function->type, wanted)) {
      s.context->trap = TrapKind::IndirectCallTypeMismatch;
      return nullptr;
    }
  }
  return function;
}

BRINK_OP(CallIndirect) {
  State saved = s;
  const u8* p = s.pc + 1;
  const runtime::Function* function = select_indirect(s, p);
  if (function == nullptr) [[unlikely]]
    return Flow::Trap;
  Flow flow = Flow::Slow;
  if (function->instance == s.instance) [[likely]]
    flow = call_local(s, function->code, p);
  if (flow == Flow::Slow) s.sp = saved.sp;
  return flow;
}

BRINK_SLOW(CallIndirect) {
  const u8* p = s.pc + 1;
  const runtime::Function* function = select_indirect(s, p);
  if (function == nullptr) return Flow::Trap;
  return call_any(s, *function, p);
}

BRINK_OP(ReturnCallIndirect) { return (void)s, Flow::Slow; }

BRINK_SLOW(ReturnCallIndirect) {
  const u8* p = s.pc + 1;
  const runtime::Function* function = select_indirect(s, p);
  if (function == nullptr) return Flow::Trap;
  return tail_call_any(s, *function);
}

BRINK_OP(CallRef) { return (void)s, Flow::Slow; }

BRINK_SLOW(CallRef) {
  const u8* p = s.pc + 1;
  read_u32(p);
  const auto* function = reinterpret_cast<const runtime::Function*>(*--s.sp);
  if (function == nullptr) return trap(s, TrapKind::NullReference);
  return call_any(s, *function, p);
}

BRINK_OP(ReturnCallRef) { return (void)s, Flow::Slow; }

BRINK_SLOW(ReturnCallRef) {
  const auto* function = reinterpret_cast<const runtime::Function*>(*--s.sp);
  if (function == nullptr) return trap(s, TrapKind::NullReference);
  return tail_call_any(s, *function);
}

// --- Exceptions: unwinding is in unwind.cpp --------------------------------------------------------------------------

// Looks for a handler of the exception, from the instruction at s.pc outwards, and goes on there; Trap when the host
// must know.
Flow unwind(State& s, gc::ExceptionObject* exception);
Flow throw_tag(State& s, u32 tag_index);
// Whether a frame of the innermost activation of machine code or outside of it catches it. Asked before an exception leaves
// machine code: if nobody does, it is a trap where the guest is still all there for the backtrace.
bool is_caught_outside(Context& context, const gc::ExceptionObject* exception);
// The exception of `throw`, from the operands below s.sp; null with the trap set.
gc::ExceptionObject* make_exception(State& s, u32 tag_index);
// As unwind, but from the caller of the innermost frame on.
Flow unwind_callers(State& s, gc::ExceptionObject* exception);
// The body of a compiled function's only instruction; runtime/tier.cpp.
Flow enter_machine_code(State& s);
// The innermost frame's function is hot, at its beginning or at the loop whose instruction is there in the body: asks for
// machine code. Where there is some that the frame can go on in, does so, until the frame has returned, and answers
// true, with `flow` as of an instruction; else nothing has changed.
inline constexpr u32 kFunctionEntry = ~u32{0};
bool tier_up(State& s, u32 loop, Flow& flow);

BRINK_OP(TryTable) {
  const u8* p = after_block_type(s.pc + 1);
  u32 count = read_u32(p);
  for (u32 i = 0; i < count; ++i) {
    u8 kind = *p++;
    if (kind < 2) read_u32(p);
    read_u32(p);
  }
  s.side += count;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(Throw) { return (void)s, Flow::Slow; }

BRINK_SLOW(Throw) {
  const u8* p = s.pc + 1;
  return throw_tag(s, read_u32(p));
}

BRINK_OP(ThrowRef) { return (void)s, Flow::Slow; }

BRINK_SLOW(ThrowRef) {
  auto* exception = reinterpret_cast<gc::ExceptionObject*>(*--s.sp);
  if (exception == nullptr) return trap(s, TrapKind::NullReference);
  return unwind(s, exception);
}

// --- The interpreter's own opcodes -----------------------------------------------------------------------------------

inline Flow execute_exit(State&) { return Flow::Exit; }

inline Flow execute_cross_return(State& s) {
  Frame* frame = s.frame;
  s.instance = reinterpret_cast<Instance*>(frame->caller_fp);
  s.memory = s.instance->memory0();
  s.pc = frame->return_pc;
  s.side = frame->return_side;
  s.frame = frame + 1;
  s.context->frame = frame + 1;
  return Flow::Next;
}

}  // namespace brink::interpret
