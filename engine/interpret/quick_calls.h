// Calls and returns in quick code. The caller's argument slots are the callee's first locals, as ever; the common case,
// a function of the same instance that is ready, needs no State and stays in line. A single result is in its slot and
// in the accumulator of its class when the caller goes on, whatever way the call took.
#pragma once
#include "engine/interpret/quick_plain.h"

namespace brink::interpret {

// Enters `callee` with its arguments at `arguments`; Slow if it is not ready or the stack is full.
BRINK_INLINE Flow enter_quick(QuickState& s, const FunctionCode* callee, u64* arguments, const u8* return_pc) {
  const u8* code = callee->code.load(std::memory_order_acquire);
  u64* locals = arguments + callee->param_slots;
  auto room = reinterpret_cast<const u8*>(s.frame) - reinterpret_cast<const u8*>(locals);
  if (code == nullptr || room < static_cast<i64>(callee->frame_bytes + kFrameReserve)) [[unlikely]]
    return Flow::Slow;
  Frame* frame = s.frame - 1;
  frame->return_pc = return_pc;
  frame->caller_fp = s.fp;
  frame->code = callee;
  s.frame = frame;
  s.context->frame = frame;
  s.fp = arguments;
  // Four at a time: what is above the locals is nobody's yet, and kFrameReserve leaves room.
  u32 extra = callee->extra_local_slots;
  for (u32 i = 0; i < extra; i += 4) std::memset(locals + i, 0, 32);
  s.pc = code;
  return Flow::Next;
}

// After a call that may have been one of a host function.
BRINK_INLINE Flow load_result(QuickState& s, const u64* result, Flow flow) {
  s.t = *result;
  set_accumulator(s, std::bit_cast<double>(*result));
  return flow;
}

struct CallOwn {
  struct Slow {
    static constexpr bool kExists = true;
    template <class Width>
    static Flow run(QuickState& s) {
      const u8* at = s.pc;
      u32 index = read_operand<u32>(s);
      u64* arguments = s.fp + read_slot<Width>(s);
      const u8* return_pc = s.pc;
      s.pc = at;
      u32 params = s.instance->module->info.function_type(index + s.instance->imported_functions).param_slots;
      return run_plain(s, at, arguments + params,
                       [&](State& plain) { return call_own(plain, plain.instance->code + index, return_pc); });
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    const FunctionCode* callee = s.instance->code + read_operand<u32>(s);
    u64* arguments = s.fp + read_slot<Width>(s);
    Flow flow = enter_quick(s, callee, arguments, s.pc);
    if (flow != Flow::Next) s.pc = at;
    return flow;
  }
};

struct CallImported : OutOfLine<CallImported> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    const runtime::Function& function = *s.instance->imports[read_operand<u32>(s)];
    u64* arguments = s.fp + read_slot<Width>(s);
    const u8* return_pc = s.pc;
    s.pc = at;
    return load_result(s, arguments, run_plain(s, at, arguments + function.signature->param_slots, [&](State& plain) {
                         return call_any(plain, function, return_pc);
                       }));
  }
};

// The function at an index of a table, or null with the trap set.
BRINK_INLINE const runtime::Function* select_function(QuickState& s, u64 index, u32 type_index, u32 table_index) {
  const runtime::Table& table = *s.instance->tables[table_index];
  if (index >= table.size) [[unlikely]] {
    s.context->trap = TrapKind::TableOutOfBounds;
    return nullptr;
  }
  const auto* function = reinterpret_cast<const runtime::Function*>(table.elements[index]);
  if (function == nullptr) [[unlikely]] {
    s.context->trap = TrapKind::UninitializedElement;
    return nullptr;
  }
  const RegisteredType* wanted = s.instance->types[type_index];
  if (function->signature != wanted && !function->signature->is_below(*wanted)) [[unlikely]] {
    s.context->trap = TrapKind::IndirectCallTypeMismatch;
    return nullptr;
  }
  return function;
}

template <class Source>
struct CallIndirect {
  struct Slow {
    static constexpr bool kExists = true;
    template <class Width>
    static Flow run(QuickState& s) {
      const u8* at = s.pc;
      u64 index = Source::template get<u64, Width>(s);
      u32 type = read_operand<u32>(s);
      u32 table = read_operand<u32>(s);
      u64* arguments = s.fp + read_slot<Width>(s);
      const u8* return_pc = s.pc;
      s.pc = at;
      const runtime::Function* function = select_function(s, index, type, table);
      if (function == nullptr) return Flow::Trap;
      return load_result(s, arguments,
                         run_plain(s, at, arguments + function->signature->param_slots,
                                   [&](State& plain) { return call_any(plain, *function, return_pc); }));
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 index = Source::template get<u64, Width>(s);
    u32 type = read_operand<u32>(s);
    u32 table = read_operand<u32>(s);
    u64* arguments = s.fp + read_slot<Width>(s);
    const runtime::Function* function = select_function(s, index, type, table);
    Flow flow = Flow::Trap;
    if (function != nullptr) [[likely]]
      flow = function->instance == s.instance ? enter_quick(s, function->code, arguments, s.pc) : Flow::Slow;
    if (flow != Flow::Next) s.pc = at;
    return flow;
  }
};

template <class Source>
struct CallReference {
  struct Slow {
    static constexpr bool kExists = true;
    template <class Width>
    static Flow run(QuickState& s) {
      const u8* at = s.pc;
      const auto* function = reinterpret_cast<const runtime::Function*>(Source::template get<u64, Width>(s));
      u64* arguments = s.fp + read_slot<Width>(s);
      const u8* return_pc = s.pc;
      s.pc = at;
      return load_result(s, arguments,
                         run_plain(s, at, arguments + function->signature->param_slots,
                                   [&](State& plain) { return call_any(plain, *function, return_pc); }));
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    const auto* function = reinterpret_cast<const runtime::Function*>(Source::template get<u64, Width>(s));
    u64* arguments = s.fp + read_slot<Width>(s);
    if (function == nullptr) [[unlikely]]
      return quick_trap(s, at, TrapKind::NullReference);
    Flow flow = function->instance == s.instance ? enter_quick(s, function->code, arguments, s.pc) : Flow::Slow;
    if (flow != Flow::Next) s.pc = at;
    return flow;
  }
};

// --- Tail calls: the slot is the first above the arguments (and above the callee, where that is on the stack)
// ---------

struct TailCallDirect : OutOfLine<TailCallDirect> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    u32 index = read_operand<u32>(s);
    u64* sp = s.fp + read_slot<Width>(s);
    s.pc = at;
    u32 imported = s.instance->imported_functions;
    const u64* result = s.fp;
    Flow flow = run_plain(s, at, sp, [&](State& plain) {
      return index < imported ? tail_call_any(plain, *plain.instance->imports[index])
                              : tail_call_own(plain, plain.instance->code + (index - imported));
    });
    return load_result(s, result, flow);
  }
};

struct TailCallThroughTable : OutOfLine<TailCallThroughTable> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    u32 type = read_operand<u32>(s);
    u32 table = read_operand<u32>(s);
    u64* sp = s.fp + read_slot<Width>(s);
    s.pc = at;
    const runtime::Function* function = select_function(s, *sp, type, table);
    if (function == nullptr) return Flow::Trap;
    const u64* result = s.fp;
    return load_result(s, result, run_plain(s, at, sp, [&](State& plain) { return tail_call_any(plain, *function); }));
  }
};

struct TailCallReference : OutOfLine<TailCallReference> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u8* at = s.pc;
    u64* sp = s.fp + read_slot<Width>(s);
    s.pc = at;
    const auto* function = reinterpret_cast<const runtime::Function*>(*sp);
    if (function == nullptr) return quick_trap(s, at, TrapKind::NullReference);
    const u64* result = s.fp;
    return load_result(s, result, run_plain(s, at, sp, [&](State& plain) { return tail_call_any(plain, *function); }));
  }
};

// --- Returns ---------------------------------------------------------------------------------------------------------

BRINK_INLINE Flow leave_frame(QuickState& s) {
  Frame* frame = s.frame;
  s.pc = frame->return_pc;
  s.fp = frame->caller_fp;
  s.frame = frame + 1;
  s.context->frame = frame + 1;
  return Flow::Next;
}

struct ReturnNothing {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    return leave_frame(s);
  }
};

template <class T>
struct ReturnAcc {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    s.fp[0] = to_slot(get_accumulator<T>(s));
    return leave_frame(s);
  }
};

struct ReturnSlot {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    u64 value = s.fp[read_slot<Width>(s)];
    s.fp[0] = value;
    load_result(s, &value, Flow::Next);
    return leave_frame(s);
  }
};

struct ReturnSlots {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u64* from = s.fp + read_slot<Width>(s);
    u32 count = s.frame->code->result_slots;
    for (u32 i = 0; i < count; ++i) s.fp[i] = from[i];
    return leave_frame(s);
  }
};

struct ExitMachine {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState&) {
    return Flow::Exit;
  }
};

// The whole of a compiled function: runs its machine code and returns.
struct RunMachineCode : OutOfLine<RunMachineCode> {
  template <class Width>
  static Flow run_slowly(QuickState& s) {
    const u64* result = s.fp;
    State plain = plain_state(s, s.pc, nullptr);
    Flow flow = enter_machine_code(plain);
    if (flow == Flow::Next) take_state(s, plain);
    return load_result(s, result, flow);
  }
};

// Goes on in machine code where there is some, as RunMachineCode does; a loop in the middle of its function.
template <bool kIsLoop>
struct CountHeat {
  struct Slow {
    static constexpr bool kExists = true;
    template <class Width>
    static Flow run(QuickState& s) {
      u32 loop = kIsLoop ? read_operand<u32>(s) : kFunctionEntry;
      const u64* result = s.fp;
      State plain = plain_state(s, s.pc, nullptr);
      Flow flow = Flow::Next;
      if (!tier_up(plain, loop, flow)) return Flow::Next;
      if (flow == Flow::Next) take_state(s, plain);
      return load_result(s, result, flow);
    }
  };
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    std::atomic<i32>& heat = s.frame->code->heat;
    i32 left = heat.load(std::memory_order_relaxed) - 1;  // counts of other threads may get lost
    heat.store(left, std::memory_order_relaxed);
    if (left <= 0) [[unlikely]]
      return Flow::Slow;
    if constexpr (kIsLoop) s.pc += sizeof(u32);
    return Flow::Next;
  }
};

struct ReturnAcrossInstances {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    State plain = plain_state(s, s.pc, nullptr);
    execute_cross_return(plain);
    take_state(s, plain);
    return Flow::Next;
  }
};

}  // namespace brink::interpret
