// The function's frame, and calls.
#include <algorithm>
#include <cassert>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {
namespace {

// A local must be used more than this, weighted, to be worth saving a register that the caller may be using.
constexpr float kWorthSaving = 2;

}  // namespace

FunctionCompiler::FunctionCompiler(runtime::ModuleState& module, const ModuleCode* code, const Stubs& stubs,
                                   Assembler& assembler, u32 function_index, const FunctionScan& scan,
                                   const CompileOptions& options)
    : module_state_(module),
      module_(module.info),
      module_code_(code),
      stubs_(stubs),
      a_(assembler),
      function_index_(function_index),
      type_(module.info.function_type(function_index)),
      scan_(scan),
      options_(options),
      random_(options.random_seed, function_index),
      plain_memory0_(options.memory0_guarded && !module_.memories.empty() &&
                     module_.memories[0].limits.address == AddressType::I32 && module_.memories[0].page_size_log2 == 16),
      size_limit_((1u << 20) + 32 * std::min<u32>(module_.functions[function_index].body.size, 16u << 20)) {}

// --- The frame ---------------------------------------------------------------------------------------------------------

void FunctionCompiler::on_start(const BodyState& state, std::span<const u8> code, u32) {
  state_ = &state;
  code_ = code.data();
  code_end_ = code.data() + code.size();
  local_slots_ = state.local_slot_count();
  u32 slot = 0;
  for (ValueType type : state.locals()) {
    locals_.push_back({kind_of(type), kUnpinned, slot, 0});
    slot += type.slots();
  }
  for (Gp reg : kTemporaries) temporary_gp_ |= bit(reg);
  for (Fp reg : kTemporariesFp) temporary_fp_ |= bit(reg);

  shape_.saves_frame = scan_.has_try;
  // The locals that deserve a register, best first.
  std::vector<u32> gp_locals, fp_locals;
  for (u32 i = 0; i < locals_.size(); ++i) {
    if (scan_.locals[i].weight == 0 || random_.once_in(4)) continue;
    Kind kind = locals_[i].kind;
    if (kind == Kind::I32 || kind == Kind::I64) gp_locals.push_back(i);
    // A vector must be used more than it would have to be stored and loaded around calls.
    if (kind == Kind::V128 && !random_ && scan_.locals[i].weight <= 2 * scan_.vector_call_weight) continue;
    if (is_float(kind)) fp_locals.push_back(i);
  }
  auto rank = [&](std::vector<u32>& list) {
    if (random_)
      for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random_.below(static_cast<u32>(i))]);
    size_t count = std::min<size_t>(list.size(), 16);
    auto is_better = [&](u32 a, u32 b) {
      float wa = scan_.locals[a].weight, wb = scan_.locals[b].weight;
      return wa != wb ? wa > wb : a < b;
    };
    if (!random_) std::partial_sort(list.begin(), list.begin() + static_cast<i64>(count), list.end(), is_better);
    list.resize(count);
  };
  rank(gp_locals);
  rank(fp_locals);
  std::vector<Gp> gp_free;
  std::vector<Fp> fp_free;
  if (scan_.is_leaf) {
    gp_free.assign(std::begin(kLeafGp), std::end(kLeafGp));
    fp_free.assign(std::begin(kLeafFp), std::end(kLeafFp));
  } else {
    for (Gp reg : kLeafGp) temporary_gp_ |= bit(reg);
    for (Fp reg : kLeafFp) temporary_fp_ |= bit(reg);
  }
  size_t unsaved_gp = gp_free.size(), unsaved_fp = fp_free.size();
  gp_free.insert(gp_free.end(), std::begin(kPreserved), std::end(kPreserved) - (options_.consume_fuel ? 1 : 0));
  fp_free.insert(fp_free.end(), std::begin(kPreservedFp), std::end(kPreservedFp));
  for (size_t i = 0; i < gp_locals.size() && i < gp_free.size(); ++i) {
    if (i >= unsaved_gp) {
      if (!random_ && scan_.locals[gp_locals[i]].weight <= kWorthSaving) break;
      shape_.saved += 1;
    }
    locals_[gp_locals[i]].reg = static_cast<u8>(gp_free[i]);
    pinned_.push_back(gp_locals[i]);
  }
  for (size_t i = 0; i < fp_locals.size() && i < fp_free.size(); ++i) {
    if (i >= unsaved_fp) {
      if (!random_ && scan_.locals[fp_locals[i]].weight <= kWorthSaving) break;
      shape_.saved_fp += 1;
    }
    locals_[fp_locals[i]].reg = static_cast<u8>(fp_free[i]);
    pinned_.push_back(fp_locals[i]);
  }
  // What a leaf has not used for locals.
  for (size_t i = gp_locals.size(); i < unsaved_gp; ++i) temporary_gp_ |= bit(gp_free[i]);
  for (size_t i = fp_locals.size(); i < unsaved_fp; ++i) temporary_fp_ |= bit(fp_free[i]);
  free_gp_ = temporary_gp_;
  free_fp_ = temporary_fp_;
  prologue();
}

// At a loop's head everything else is in its slot: the operands below it, and the locals that are not pinned.
void FunctionCompiler::write_loop_entry() {
  static constexpr u8 kHeader[sizeof(CodeHeader)] = {};
  a_.align(16);
  begin(Listing::kWholeFunction, Listing::Content::Constants);
  a_.embed(kHeader, sizeof kHeader);
  begin(Listing::kWholeFunction);
  loop_entry_ = a_.offset();
  a_.open_frame(shape_.gp(), shape_.fp());
  load_pinned();
  a_.jump(Address{kTier, static_cast<i32>(layout::kLoopPosition)});
}

void FunctionCompiler::prologue() {
  begin(Listing::kWholeFunction);
  a_.open_frame(shape_.gp(), shape_.fp());
  // Every frame leaves room for a leaf of kLeafReserveBytes, which then need not look.
  u64 frame = 8 * (u64{local_slots_} + scan_.operand_slots);
  if (!scan_.is_leaf || frame > runtime::kLeafReserveBytes) {
    a_.compare_stack({kTier, static_cast<i32>(layout::kNativeLimit)});
    poll(a_.jump_if(Condition::Below));
    a_.address(Width::W64, kCallee, {kFrame, static_cast<i32>(frame)});
    a_.compare(Width::W64, kCallee, Address{kTier, static_cast<i32>(layout::kValueLimit)});
    trap_if(Condition::Above, TrapKind::StackExhausted);
  }

  u32 parameter = 0;
  for_each_argument(type_.type.params, [&](ValueType type, u32 slot, Class where, u32 number) {
    const LocalInfo& local = locals_[parameter++];
    if (where == Class::Slot) {
      if (!local.pinned()) return;
      Value in_slot{Place::Slot, local.kind, 0, Condition::Equal, slot};
      if (is_float(local.kind)) load_to(in_slot, local.fp());
      else load_to(in_slot, local.gp(), true);
    } else if (where == Class::Integer) {
      if (local.pinned()) a_.move(width_of(local.kind), local.gp(), kArguments[number]);
      else if (scan_.locals[parameter - 1].weight != 0) a_.store(8, slot_address(slot), kArguments[number]);
    } else {
      if (local.pinned()) {
        a_.move(local.fp(), kFloatArguments[number]);
      } else if (scan_.locals[parameter - 1].weight != 0) {
        if (type == kF32) a_.store_constant(8, slot_address(slot), 0);
        a_.store_float(type == kF32 ? 4 : 8, slot_address(slot), kFloatArguments[number]);
      }
    }
  });
  u32 first_unset = kNothing;
  u32 end = type_.param_slots;
  for (u32 i = parameter; i < locals_.size(); ++i) {
    const LocalInfo& local = locals_[i];
    u32 slots = local.kind == Kind::V128 ? 2 : 1;
    if (local.pinned()) {
      if (is_float(local.kind)) a_.zero_float(local.fp());
      else a_.move_constant(local.gp(), 0, false);
    }
    // A pinned local's slot may be zeroed with the others around it: nobody reads it.
    if (!local.pinned() || (first_unset != kNothing && locals_.size() > 64)) {
      if (first_unset == kNothing) first_unset = local.slot;
      end = local.slot + slots;
    } else if (first_unset != kNothing) {
      zero_locals(first_unset, end - first_unset);
      first_unset = kNothing;
    }
  }
  if (first_unset != kNothing) zero_locals(first_unset, end - first_unset);
}

void FunctionCompiler::zero_locals(u32 first, u32 count) {
  constexpr u32 kInLine = 24;
  if (count > kInLine) {
    // The arguments have been taken out of their registers.
    return a_.zero_words(slot_address(first), count);
  }
  if (count == 1) return a_.store_constant(8, slot_address(first), 0);
  a_.zero_float(kScratchFp);
  for (; count >= 2; count -= 2, first += 2) a_.store_float(16, slot_address(first), kScratchFp);
  if (count == 1) a_.store_float(8, slot_address(first), kScratchFp);
}

void FunctionCompiler::epilogue() {
  a_.close_frame(shape_.gp(), shape_.fp());
}

// --- Calls -------------------------------------------------------------------------------------------------------------

// The stack's top is the arguments, from position `first`. Everything below goes to its slot, if it is to be kept, they where
// the callee expects them. Only popped values may be in registers still, and none of those in an argument register.
void FunctionCompiler::place_arguments(const RegisteredType& type, u32 first, bool keep_below) {
  for (u32 mask = keep_below ? temporary_gp_ & ~free_gp_ : 0; mask != 0; mask &= mask - 1)
    if (u32 at = owner_gp_[__builtin_ctz(mask)]; at < first) store(at);
  for (u32 mask = keep_below ? temporary_fp_ & ~free_fp_ : 0; mask != 0; mask &= mask - 1)
    if (u32 at = owner_fp_[__builtin_ctz(mask)]; at < first) store(at);

  struct Move {
    u8 to;
    u32 position;
  };
  Move integers[kArgumentCount], floats[kArgumentCount];
  u32 integer_count = 0, float_count = 0;
  for_each_argument(type.type.params, [&](ValueType value, u32 slot, Class where, u32 number) {
    u32 position = first + slot;
    if (where == Class::Slot) {
      for (u32 i = 0; i < value.slots(); ++i) store(position + i);
    } else if (where == Class::Integer) {
      stack_[position].kind = kind_of(value);
      integers[integer_count++] = {static_cast<u8>(kArguments[number]), position};
    } else {
      stack_[position].kind = kind_of(value);
      floats[float_count++] = {static_cast<u8>(kFloatArguments[number]), position};
    }
  });

  // Registers first, each when nobody needs its target's old value any more; a circle is broken by way of another register.
  auto permute = [&](Move* moves, u32& count, auto move, auto break_circle) {
    for (;;) {
      bool left = false, moved = false;
      for (u32 i = 0; i < count; ++i) {
        Value& value = stack_[moves[i].position];
        if (value.place != Place::Register || value.reg == moves[i].to) continue;
        left = true;
        bool needed = false;
        for (u32 k = 0; k < count; ++k) {
          const Value& other = stack_[moves[k].position];
          needed |= k != i && other.place == Place::Register && other.reg == moves[i].to;
        }
        if (needed) continue;
        move(moves[i].to, value);
        value.reg = moves[i].to;
        moved = true;
      }
      if (!left) return;
      if (moved) continue;
      for (u32 i = 0; i < count; ++i) {
        Value& value = stack_[moves[i].position];
        if (value.place != Place::Register || value.reg == moves[i].to) continue;
        break_circle(value);
        break;
      }
    }
  };
  permute(
      floats, float_count, [&](u8 to, const Value& value) { a_.move(static_cast<Fp>(to), value.fp()); },
      [&](Value& value) {
        a_.move(kScratchFp, value.fp());
        value.reg = static_cast<u8>(kScratchFp);
      });
  for (u32 i = 0; i < float_count; ++i) {
    const Value& value = stack_[floats[i].position];
    if (value.place != Place::Register) load_to(value, static_cast<Fp>(floats[i].to));
  }
  // kCallee may be in use; another temporary that belongs to no argument is needed for a circle, and there is one, because
  // at most four arguments are in the seven registers or more.
  permute(
      integers, integer_count,
      [&](u8 to, const Value& value) { a_.move(width_of(value.kind), static_cast<Gp>(to), value.gp()); },
      [&](Value& value) {
        u32 used = bit(kCallee);
        for (u32 i = 0; i < integer_count; ++i) {
          used |= 1u << integers[i].to;
          if (stack_[integers[i].position].place == Place::Register) used |= 1u << stack_[integers[i].position].reg;
        }
        Gp other = static_cast<Gp>(__builtin_ctz(temporary_gp_ & ~used));
        a_.move(Width::W64, other, value.gp());
        value.reg = static_cast<u8>(other);
      });
  for (u32 i = 0; i < integer_count; ++i) {
    const Value& value = stack_[integers[i].position];
    if (value.place != Place::Register) load_to(value, static_cast<Gp>(integers[i].to), true);
  }
}

void FunctionCompiler::pop_callee(const Instruction& instruction, bool is_indirect) {
  Value callee = pop();
  callee.kind = is_indirect ? kind_of(value_type_of(module_.tables[instruction.index2].type.limits.address)) : Kind::Ref;
  bring(callee, kCallee);
}

Gp FunctionCompiler::select_function(const Instruction& instruction, const RegisteredType& type, bool is_indirect,
                                     u32& outside, u32& null, u32& mismatch) {
  if (!is_indirect) {
    a_.test(Width::W64, kCallee, kCallee);
    chain(null, a_.jump_if(Condition::Equal));
    return kCallee;
  }
  auto load = [&](Gp d, Gp base, u32 offset) { a_.load(Load::U64, d, {base, static_cast<i32>(offset)}); };
  Gp function = kMore;
  load(function, kTier, layout::kTables);
  load(function, function, 8 * instruction.index2);
  a_.compare(Width::W64, kCallee, Address{function, static_cast<i32>(layout::kTableSize)});
  chain(outside, a_.jump_if(Condition::AboveEqual));
  load(function, function, layout::kTableElements);
  a_.load(Load::U64, function, {function, 0, kCallee, 3});
  a_.test(Width::W64, function, function);
  chain(null, a_.jump_if(Condition::Equal));
  load_type(kCallScratch, type);
  a_.compare(Width::W64, Address{function, static_cast<i32>(layout::kFunctionSignature)}, kCallScratch);
  chain(mismatch, a_.jump_if(Condition::NotEqual));
  return function;
}

void FunctionCompiler::load_machine_code(Gp function, u32& elsewhere) {
  auto load = [&](Gp base, u32 offset) { a_.load(Load::U64, kCallScratch, {base, static_cast<i32>(offset)}); };
  load(kTier, layout::kInstance);
  a_.compare(Width::W64, Address{function, static_cast<i32>(layout::kFunctionInstance)}, kCallScratch);
  chain(elsewhere, a_.jump_if(Condition::NotEqual));
  load(function, layout::kFunctionCode);
  load(kCallScratch, layout::kCodeMachine);
  a_.test(Width::W64, kCallScratch, kCallScratch);
  chain(elsewhere, a_.jump_if(Condition::Equal));
}

void FunctionCompiler::store_pinned_vectors() {
  for (u32 index : pinned_)
    if (locals_[index].kind == Kind::V128) a_.store_float(16, slot_address(locals_[index].slot), locals_[index].fp());
}

void FunctionCompiler::load_pinned_vectors() {
  for (u32 index : pinned_)
    if (locals_[index].kind == Kind::V128) a_.load_float(16, locals_[index].fp(), slot_address(locals_[index].slot));
}

void FunctionCompiler::call(const Instruction& instruction) {
  Op op = instruction.op;
  const RegisteredType& type = op == Op::Call ? module_.function_type(instruction.index)
                                              : module_.registry->get(module_.type_ids[instruction.index]);
  if (op != Op::Call) pop_callee(instruction, op == Op::CallIndirect);
  u32 first = height() - type.param_slots;
  bool is_import = op == Op::Call && instruction.index < module_.imported_functions;
  if (is_import) {
    spill_registers();
    store_top(type.param_slots);
  } else {
    place_arguments(type, first, true);
  }
  if (region_ != kNothing) store_pinned();
  else store_pinned_vectors();
  i32 distance = static_cast<i32>(8 * home(first));
  if (distance != 0) a_.alu(Alu::Add, Width::W64, kFrame, kFrame, distance);
  if (is_import) {
    a_.move_constant(kCallee, instruction.index, false);
    a_.call(stubs_.import);
  } else if (op == Op::Call) {
    u32 own = instruction.index - module_.imported_functions;
    const void* machine = module_state_.code[own].machine.load(std::memory_order_acquire);
    if (instruction.index == function_index_) a_.call_back(0);
    else a_.call(machine != nullptr ? machine : module_code_->slot(own));
  } else {
    u32 slow = kNothing;
    Gp function = select_function(instruction, type, op == Op::CallIndirect, slow, slow, slow);
    load_machine_code(function, slow);
    a_.call(kCallScratch);
    SlowPath path{op == Op::CallIndirect ? SlowPath::Kind::Indirect : SlowPath::Kind::Reference, slow, a_.offset(), pc_};
    path.constant = op == Op::CallIndirect ? u64{instruction.index} << 32 | instruction.index2 : instruction.index;
    path.region = region_;
    slow_paths_.push_back(path);
  }
  note_throwing_call(region_);
  if (distance != 0) a_.alu(Alu::Sub, Width::W64, kFrame, kFrame, distance);
  load_pinned_vectors();
  truncate(first);
  free_gp_ = temporary_gp_;
  free_fp_ = temporary_fp_;
  push_results(type.type.results);
}

// The arguments go to this frame's own beginning, and the callee returns to this function's caller.
void FunctionCompiler::tail_call(const Instruction& instruction) {
  bool is_direct = instruction.op == Op::ReturnCall, is_indirect = instruction.op == Op::ReturnCallIndirect;
  const RegisteredType& type = is_direct ? module_.function_type(instruction.index)
                                         : module_.registry->get(module_.type_ids[instruction.index]);
  if (!is_direct) pop_callee(instruction, is_indirect);
  u32 first = height() - type.param_slots;
  if (is_direct && instruction.index < module_.imported_functions) {
    store_top(type.param_slots);
    copy_slots(home(first), 0, type.param_slots);
    leave_frame();
    a_.move_constant(kCallee, instruction.index, false);
    a_.jump(stubs_.import);
    return become_unreachable();
  }
  place_arguments(type, first, false);
  for_each_argument(type.type.params, [&](ValueType value, u32 slot, Class where, u32) {
    if (where == Class::Slot) copy_slots(home(first) + slot, slot, value.slots());
  });
  if (is_direct) {
    u32 own = instruction.index - module_.imported_functions;
    const void* machine = module_state_.code[own].machine.load(std::memory_order_acquire);
    leave_frame();
    if (instruction.index == function_index_) a_.jump_back(0);
    else a_.jump(machine != nullptr ? machine : module_code_->slot(own));
    return become_unreachable();
  }
  // What traps does so in this frame.
  u32 outside = kNothing, null = kNothing, mismatch = kNothing, elsewhere = kNothing;
  Gp function = select_function(instruction, type, is_indirect, outside, null, mismatch);
  trap_all(outside, TrapKind::TableOutOfBounds);
  trap_all(null, is_indirect ? TrapKind::UninitializedElement : TrapKind::NullReference);
  if (mismatch != kNothing) {
    SlowPath check{SlowPath::Kind::Signature, mismatch, a_.offset(), pc_};
    check.from = static_cast<u8>(function);
    check.to = static_cast<u8>(kCallScratch);
    slow_paths_.push_back(check);
  }
  load_machine_code(function, elsewhere);
  leave_frame();
  a_.jump_to_function(kCallScratch);
  SlowPath path{SlowPath::Kind::TailReference, elsewhere, 0, pc_};
  path.constant = instruction.index;
  path.from = static_cast<u8>(function);
  slow_paths_.push_back(path);
  become_unreachable();
}

}  // namespace brink::jit
