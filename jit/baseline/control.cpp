// Blocks, branches, and the code behind the function.
#include <algorithm>
#include <cassert>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {

// --- Jumps -------------------------------------------------------------------------------------------------------------

void FunctionCompiler::bind_chain(u32& head) {
  for (; head != kNothing; head = fixups_[head].next) a_.bind(fixups_[head].field);
}

void FunctionCompiler::jump_to(Frame& target) {
  if (target.kind == Op::Loop) return a_.jump_back(target.label.position);
  chain(target.kind == Op::End ? epilogue_chain_ : target.label.pending, a_.jump());
}

void FunctionCompiler::jump_if(Condition condition, u32& head) {
  if (condition == Condition::FloatEqual) {
    Assembler::Field unordered = a_.jump_if(Condition::Unordered);
    chain(head, a_.jump_if(Condition::Equal));
    return a_.bind(unordered);
  }
  if (condition == Condition::FloatNotEqual) {
    chain(head, a_.jump_if(Condition::Unordered));
    condition = Condition::NotEqual;
  }
  chain(head, a_.jump_if(condition));
}

void FunctionCompiler::jump_if(Condition condition, Frame& target) {
  if (target.kind != Op::Loop) return jump_if(condition, target.kind == Op::End ? epilogue_chain_ : target.label.pending);
  u32 position = target.label.position;
  if (condition == Condition::FloatEqual) {
    Assembler::Field unordered = a_.jump_if(Condition::Unordered);
    a_.jump_back_if(Condition::Equal, position);
    return a_.bind(unordered);
  }
  if (condition == Condition::FloatNotEqual) {
    a_.jump_back_if(Condition::Unordered, position);
    condition = Condition::NotEqual;
  }
  a_.jump_back_if(condition, position);
}

Condition FunctionCompiler::pop_condition() {
  Value value = pop();
  if (value.place == Place::Flags) return value.condition;
  Width w = width_of(value.kind);
  if (in_memory(value)) {
    a_.compare(w, address_of(value), 0);
  } else {
    Gp reg = in_gp(value);
    a_.test(w, reg, reg);
    release(value);
  }
  return Condition::NotEqual;
}

void FunctionCompiler::become_unreachable() { reachable_ = false; }

// --- Values at labels --------------------------------------------------------------------------------------------------

bool FunctionCompiler::takes_register(const Frame& target) const {
  if (target.kind == Op::Loop) return false;
  std::span<const ValueType> types = target.label_types();
  return types.size() == 1 && types[0] != kV128;
}

// The value on top of the stack into the register in which results travel. Leaves the flags alone, unless they are it.
void FunctionCompiler::force_top(Kind kind) {
  settle_flags();
  Value value = pop();
  value.kind = kind;
  if (is_float(kind)) bring(value, kFloatResult);
  else bring(value, kResult);
  push(value);
}

void FunctionCompiler::move_results(u32 count) {
  u32 from = height() - count;
  store_top(count);
  copy_slots(home(from), 0, count);
}

void FunctionCompiler::move_kept(Frame& target) {
  u32 keep = target.label_slots();
  if (keep == 0) return;
  if (takes_register(target)) return force_top(kind_of(target.label_types()[0]));
  settle_flags();
  if (target.kind == Op::End) return move_results(keep);
  u32 from = height() - keep;
  store_top(keep);
  if (from != target.height) copy_slots(home(from), home(target.height), keep);
}

void FunctionCompiler::push_slots(std::span<const ValueType> types) {
  for (ValueType type : types)
    for (u32 i = 0; i < type.slots(); ++i) push_slot(kind_of(type));
}

void FunctionCompiler::push_results(std::span<const ValueType> types) {
  if (types.size() != 1 || types[0] == kV128) return push_slots(types);
  Kind kind = kind_of(types[0]);
  if (is_float(kind)) push_fp(kind, kFloatResult);
  else push_gp(kind, kResult);
}

// --- Blocks ------------------------------------------------------------------------------------------------------------

void FunctionCompiler::on_block(const Instruction& instruction, Frame& frame, u32) {
  if (skips()) {
    frame.label.dead = true;
    return;
  }
  frame.label.outer_region = around_landings_ == kNothing ? region_ : catches_.regions[region_].outer;
  bind_chain(around_landings_);
  begin(instruction.pc);
  if (instruction.op == Op::Try) {
    open_region();
    frame.label.own_region = region_;
  }
  frame.label.region = region_;
  frame.label.outer_base = base_;
  frame.label.outer_stored = stored_;
  base_ = stored_ = frame.height;
  if (instruction.op == Op::If) {
    Condition condition = pop_condition();
    settle_all();
    store_top(frame.param_slots());
    return jump_if(negated(condition), frame.label.otherwise);
  }
  settle_flags();
  settle_all();
  if (instruction.op != Op::Loop) return;
  store_top(frame.param_slots());
  if (options_.loop_entry) {
    loops_.push_back({instruction.pc, a_.offset()});
    a_.landing_pad();
  }
  a_.align(kLoopAlignment);
  frame.label.position = a_.offset();
  poll(a_.jump_if_raised({kTier, static_cast<i32>(layout::kNativeLimit)}));
}

// From an arm of a block to its end, if it falls out of the arm.
void FunctionCompiler::leave_arm(Frame& frame) {
  if (reachable_) {
    move_kept(frame);
    chain(frame.label.pending, a_.jump());
  }
  restart(frame.height);
  stored_ = frame.height;
}

// The next one, whose operands have been pushed in their slots.
void FunctionCompiler::enter_arm() {
  settled_ = height();
  reachable_ = true;
}

void FunctionCompiler::on_else(const Instruction& instruction, Frame& frame, u32) {
  if (frame.label.dead || is_too_large()) return;
  begin(instruction.pc);
  leave_arm(frame);
  bind_chain(frame.label.otherwise);
  push_slots(frame.params());
  enter_arm();
}

void FunctionCompiler::on_end(const Instruction& instruction, Frame& frame, u32) {
  if (frame.label.dead || is_too_large()) return;
  begin(instruction.pc);
  region_ = frame.label.outer_region;
  base_ = frame.label.outer_base;
  stored_ = std::min(frame.label.outer_stored, frame.height);
  if (frame.kind == Op::Loop) return;  // what falls out stays where it is
  bool falls_out = reachable_;
  if (falls_out) move_kept(frame);
  if (frame.label.otherwise != kNothing) {
    // No else: the parameters, which are in their slots, are the results.
    if (takes_register(frame)) {
      if (falls_out) chain(frame.label.pending, a_.jump());
      bind_chain(frame.label.otherwise);
      Kind kind = kind_of(frame.results()[0]);
      Value value{Place::Slot, kind, 0, Condition::Equal, home(frame.height)};
      if (is_float(kind)) load_to(value, kFloatResult);
      else load_to(value, kResult, false);
    } else {
      bind_chain(frame.label.otherwise);
    }
    reachable_ = true;
  }
  reachable_ |= frame.label.pending != kNothing;
  bind_chain(frame.label.pending);
  if (!reachable_) return;
  restart(frame.height);
  push_results(frame.results());
}

void FunctionCompiler::on_function_end(const Instruction& instruction, Frame& frame) {
  if (is_too_large()) return;
  begin(instruction.pc);
  if (reachable_) move_kept(frame);
  if (reachable_ || epilogue_chain_ != kNothing) {
    bind_chain(epilogue_chain_);
    epilogue();
  }
  finish_slow_paths();
  if (!loops_.empty()) write_loop_entry();
}

// --- Branches ----------------------------------------------------------------------------------------------------------

void FunctionCompiler::on_branch(const Instruction& instruction, Frame& target, u32 depth) {
  if (skips()) return;
  begin(instruction.pc);
  u32 keep = target.label_slots();
  bool in_register = keep != 0 && takes_register(target);
  // For conditional branches to labels whose values have to move: around the moves.
  auto branch_if = [&](Condition condition) {
    u32 from = height() - keep;
    bool moves = keep != 0 && !in_register && (target.kind == Op::End || from != target.height);
    if (!moves) return jump_if(condition, target);
    u32 around = kNothing;
    jump_if(negated(condition), around);
    if (target.kind == Op::End) copy_slots(home(from), 0, keep);
    else copy_slots(home(from), home(target.height), keep);
    jump_to(target);
    bind_chain(around);
  };
  switch (instruction.op) {
    case Op::BrTable: return table_target(target, depth);
    case Op::Br:
      move_kept(target);
      jump_to(target);
      return become_unreachable();
    case Op::BrIf: {
      Condition condition = pop_condition();
      if (in_register) force_top(kind_of(target.label_types()[0]));
      else store_top(keep);
      return branch_if(condition);
    }
    case Op::BrOnNull: {
      settle_flags();
      Value reference = pop();
      Gp reg = in_gp(reference, bit(kResult));
      a_.test(Width::W64, reg, reg);
      if (in_register) force_top(kind_of(target.label_types()[0]));
      else store_top(keep);
      branch_if(Condition::Equal);
      return push(reference);
    }
    case Op::BrOnCast:
    case Op::BrOnCastFail: return branch_on_cast(instruction, target);
    default: {  // BrOnNonNull: the reference is the last of the label's values
      settle_flags();
      if (in_register) {
        force_top(Kind::Ref);
        a_.test(Width::W64, kResult, kResult);
      } else {
        Value reference = pop();
        Gp reg = in_gp(reference);
        a_.test(Width::W64, reg, reg);
        push(reference);
        store_top(keep);
      }
      branch_if(Condition::NotEqual);
      return release(pop());
    }
  }
}

// --- br_table ----------------------------------------------------------------------------------------------------------

void FunctionCompiler::on_branch_table(const Instruction& instruction, u32 targets) {
  if (skips()) return;
  begin(instruction.pc);
  settle_flags();
  Value value = pop();
  Gp index = in_own_gp(value, bit(kResult));
  Gp base = take_gp(bit(kResult));
  spill_registers();
  a_.compare(Width::W32, index, static_cast<i32>(targets - 1));
  table_default_ = a_.jump_if(Condition::AboveEqual);
  Assembler::Field table = a_.address_of(base);
  a_.load(Load::S32To64, index, {base, 0, index, 2});
  a_.alu(Alu::Add, Width::W64, base, base, index);
  a_.jump(base);
  a_.bind(table);
  begin(instruction.pc, Listing::Content::Table);
  table_at_ = table_next_ = a_.offset();
  static constexpr u8 kZeros[4096] = {};
  for (u64 left = u64{4} * (targets - 1); left != 0;) {
    u64 part = std::min<u64>(left, sizeof kZeros);
    a_.embed(kZeros, part);
    left -= part;
  }
  release(index);
  release(base);
  table_left_ = targets;
  table_ways_.clear();
}

void FunctionCompiler::table_target(Frame& target, u32 depth) {
  bool is_default = --table_left_ == 0;
  Assembler::Field field = is_default ? table_default_ : Assembler::Field{table_next_, table_at_};
  table_next_ += 4;
  u32 keep = target.label_slots();
  if (keep != 0 || a_.features().needs_landing_pads()) table_ways_.push_back({field, depth, &target});
  else if (target.kind == Op::Loop) a_.set_field(field, target.label.position);
  else chain(target.kind == Op::End ? epilogue_chain_ : target.label.pending, field);
  if (!is_default) return;
  // One way a label for those that take values, or for all where the table leads to landing pads. What is on the stack is in no
  // register, and stays as it is.
  std::sort(table_ways_.begin(), table_ways_.end(),
                   [](const TableWay& a, const TableWay& b) {
              return a.depth != b.depth ? a.depth < b.depth : a.field.at < b.field.at;
            });
  for (size_t i = 0; i < table_ways_.size() && !is_too_large();) {
    TableWay& way = table_ways_[i];
    u32 here = a_.offset();
    for (; i < table_ways_.size() && table_ways_[i].depth == way.depth; ++i) a_.set_field(table_ways_[i].field, here);
    a_.landing_pad();
    u32 count = way.target->label_slots();
    u32 from = height() - count;
    if (takes_register(*way.target)) {
      Kind kind = kind_of(way.target->label_types()[0]);
      Value value = stack_[from];
      value.kind = kind;
      if (is_float(kind)) load_to(value, kFloatResult);
      else load_to(value, kResult, false);
    } else {
      for (u32 k = 0; k < count; ++k) store_value(stack_[from + k], home(from + k));
      if (way.target->kind == Op::End) copy_slots(home(from), 0, count);
      else if (from != way.target->height) copy_slots(home(from), home(way.target->height), count);
    }
    jump_to(*way.target);
  }
  become_unreachable();
}

// --- Traps and slow paths ----------------------------------------------------------------------------------------------

void FunctionCompiler::trap_if(Condition condition, TrapKind kind) {
  traps_.push_back({a_.jump_if(condition), kind, pc_});
}

void FunctionCompiler::trap_all(u32 chain, TrapKind kind) {
  for (; chain != kNothing; chain = fixups_[chain].next) traps_.push_back({fixups_[chain].field, kind, pc_});
}

void FunctionCompiler::trap_now(TrapKind kind) {
  a_.call(stubs_.trap[static_cast<u32>(kind)]);
  note_call();
}

void FunctionCompiler::begin_run(const Instruction& first) {
  begin(first.pc);
  settle_flags();
  run_amount_ = a_.subtract_amount(kFuel);
  trap_if(Condition::Below, TrapKind::OutOfFuel);
}

void FunctionCompiler::poll(Assembler::Field wanted) {
  u32 fields = kNothing;
  chain(fields, wanted);
  slow_paths_.push_back({SlowPath::Kind::Poll, fields, a_.offset(), pc_});
}

void FunctionCompiler::finish_slow_paths() {
  for (size_t i = 0; i < slow_paths_.size(); ++i) {
    SlowPath& path = slow_paths_[i];
    bind_chain(path.fields);
    begin(path.pc);
    Address scratch{kTier, static_cast<i32>(layout::kScratch)};
    Address kept{kTier, static_cast<i32>(layout::kScratch + 8)};
    switch (path.kind) {
      case SlowPath::Kind::Poll:
        a_.call(stubs_.poll);
        note_call();
        break;
      case SlowPath::Kind::Indirect:
      case SlowPath::Kind::Reference:
        a_.move_constant(kMore, path.constant, true);
        a_.call(path.kind == SlowPath::Kind::Indirect ? stubs_.indirect : stubs_.reference);
        note_throwing_call(path.region);
        break;
      case SlowPath::Kind::Signature:
        a_.store(8, scratch, static_cast<Gp>(path.from));
        a_.store(8, kept, static_cast<Gp>(path.to));
        a_.call(stubs_.check_signature);
        note_call();
        break;
      case SlowPath::Kind::TailReference:
        a_.move(Width::W64, kCallee, static_cast<Gp>(path.from));
        leave_frame();
        a_.move_constant(kMore, path.constant, true);
        a_.jump(stubs_.reference);
        continue;
      case SlowPath::Kind::Scalar: {
        Gp d = static_cast<Gp>(path.to);
        if (d != kCallee) a_.store(8, kept, kCallee);
        a_.store_constant(8, scratch, 0);
        a_.store_float(path.from_kind == brink::jit::Kind::F32 ? 4 : 8, scratch, static_cast<Fp>(path.from));
        a_.move_constant(kCallee, path.constant, true);
        a_.call(stubs_.scalar);
        note_call();
        if (d != kCallee) a_.load(Load::U64, kCallee, kept);
        a_.load(Load::U64, d, scratch);
        break;
      }
    }
    a_.jump_back(path.back);
  }
  for (size_t i = 0; i < traps_.size(); ++i) {
    const TrapSite& site = traps_[i];
    a_.bind(site.field);
    // Sites of one instruction and kind share the code behind them.
    if (i + 1 < traps_.size() && traps_[i + 1].kind == site.kind && traps_[i + 1].pc == site.pc) continue;
    begin(site.pc);
    trap_now(site.kind);
  }
  if (pool_.empty()) return;
  a_.align(16);
  begin(Listing::kWholeFunction, Listing::Content::Constants);
  for (Pooled& constant : pool_) {
    if (constant.fields == kNothing) continue;
    bind_chain(constant.fields);
    a_.embed(constant.bytes, sizeof constant.bytes);
  }
}

}  // namespace brink::jit
