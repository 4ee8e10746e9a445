// Blocks, branches, calls and returns.
#include <algorithm>

#include "engine/quicken/quick_sink.h"

namespace brink::quick {

QuickSink::QuickSink(const ModuleInfo& module, const QuickenOptions& options, u32 result_slots, u32 body_size,
                     bool wide)
    : out_({.wide = wide, .fuse = options.fuse, .origins = options.origins, .arena = options.arena},
           body_size),
      module_(module),
      pair_forms_(wide ? kWidePairForms : kNarrowPairForms),
      plain_memory0_(options.memory0_guarded && !module.memories.empty() &&
                     module.memories[0].limits.address == AddressType::I32 && module.memories[0].page_size_log2 == 16),
      caches_results_(options.cache_results),
      counts_heat_(options.count_heat),
      result_slots_(result_slots) {
  is_always_common_ = caches_results_ && options.fuse && options.origins == nullptr && !wide;
  set_reachable(true);
}

void QuickSink::on_start(const BodyState& state, std::span<const u8> code, u32 code_offset) {
  state_ = &state;
  out_.set_origin(state.instruction_pc());
  code_ = code.data();
  prepared_.code_offset = code_offset;
  prepared_.local_slot_count = local_slots_ = state.local_slot_count();
  if (counts_heat_) emit(QuickOp::CountCall);
  if (local_slots_ == state.locals().size()) return;
  u32 slot = 0;
  for (ValueType type : state.locals()) {
    local_map_.push_back(slot);
    slot += type.slots();
  }
}

PreparedCode QuickSink::take(bool& overflow) {
  prepared_.code_size = out_.size();
  prepared_.is_quick = true;
  overflow = out_.overflow();
  if (!overflow) prepared_.code = out_.take_code();
  return std::move(prepared_);
}

// --- Labels ----------------------------------------------------------------------------------------------------------

void QuickSink::link(u32 field, Frame& target) {
  if (target.kind == Op::Loop) return out_.set_branch(field, target.label.position);
  out_.set_word(field, target.label.pending);
  target.label.pending = field;
}

void QuickSink::bind_pending(Label& label) {
  lead_pending(label, out_.bind());
  t_ = f_ = {};
}

void QuickSink::move_kept(u32 target_height, u32 keep) {
  u32 from = height() - keep;
  if (from == target_height) return store_top(keep);
  if (keep > 2) {
    store_top(keep);
    emit(QuickOp::CopyMany);
    out_.slot(home(from));
    out_.slot(home(target_height));
    return out_.slot(keep);
  }
  for (u32 i = 0; i < keep; ++i) {
    const Operand& operand = stack_[from + i];
    if (operand.place() == Place::Slot) {
      emit(QuickOp::Copy);
      out_.slot(home(from + i));
      out_.slot(home(target_height + i));
    } else {
      store_to(operand, home(target_height + i));
    }
  }
}

// --- Blocks ----------------------------------------------------------------------------------------------------------

void QuickSink::on_block(const Instruction& instruction, Frame& frame, u32) {
  if (!reachable_) {
    frame.label.dead = true;
    region_ = {};
    return;
  }
  switch (instruction.op) {
    case Op::If:
      for (; settled_ + 1 < height(); ++settled_) store(settled_);
      frame.label.otherwise = branch_on_condition(false);
      store_all();
      break;
    case Op::Loop:
      store_all();
      frame.label.position = out_.bind();
      t_ = f_ = {};
      if (counts_heat_) {
        emit(QuickOp::CountLoop);
        out_.word(instruction.pc);
      }
      break;
    case Op::Try:
      region_.kind = TryRegion::Kind::Try;
      region_.height = home(frame.height);
      [[fallthrough]];
    case Op::TryTable:
      store_all();
      region_.begin = out_.bind();
      open_regions_.push_back(std::move(region_));
      region_ = {};
      break;
    default: store_all();
  }
  frame.label.regions = static_cast<u32>(open_regions_.size());
}

// The values of an arm that is fallen out of go where the block's results are, and on behind its `end`.
void QuickSink::leave_arm(Frame& frame) {
  if (!reachable_) return;
  move_kept(frame.height, frame.result_slots());
  emit(QuickOp::Br);
  link(out_.reserve_branch(), frame);
}

void QuickSink::on_else(const Instruction&, Frame& frame, u32) {
  if (frame.label.dead) return;
  leave_arm(frame);
  out_.set_branch(frame.label.otherwise, out_.bind());
  frame.label.otherwise = kNothing;
  t_ = f_ = {};
  set_reachable(true);
  settle(frame.height + frame.param_slots());
}

void QuickSink::on_end(const Instruction&, Frame& frame, u32) {
  if (frame.label.dead) return;
  if (frame.kind == Op::TryTable || frame.kind == Op::Try) {
    if (reachable_) store_top(frame.result_slots());
    open_regions_.back().end = out_.bind();
    close_region();
  } else if (frame.has_caught_exception()) {
    // The results move down over the exception.
    if (reachable_) {
      move_kept(frame.height, frame.result_slots());
      t_ = f_ = {};
      settle(frame.height + frame.result_slots());
    }
    close_region();
  }
  leave_block(frame);
}

void QuickSink::leave_block(Frame& frame) {
  Label& label = frame.label;
  if (label.pending == kNothing && label.otherwise == kNothing) return;
  if (reachable_) store_top(frame.result_slots());
  u32 otherwise = label.otherwise;
  bind_pending(label);
  if (otherwise != kNothing) out_.set_branch(otherwise, out_.size());
  set_reachable(true);
  settle(frame.height + frame.result_slots());
}

// --- Legacy exceptions: a caught exception is a hidden operand, see side_table.h -------------------------------------

void QuickSink::on_legacy_catch(const Instruction& instruction, Frame& frame, u32) {
  if (frame.label.dead) return;
  leave_arm(frame);
  u32 position = out_.bind();
  TryRegion& region = open_regions_.back();
  if (frame.kind == Op::Try) region.end = position;
  bool is_all = instruction.op == Op::CatchAll;
  region.clauses.push_back({is_all ? 0 : instruction.index, is_all, false, position, 0});
  t_ = f_ = {};
  set_reachable(true);
  u32 values = is_all ? 0 : module_.registry->get(module_.tags[instruction.index].type).param_slots;
  settle(frame.height + 1 + values);
}

void QuickSink::on_delegate(const Instruction&, Frame& frame, Frame& target, u32) {
  if (frame.label.dead) return;
  if (reachable_) store_top(frame.result_slots());
  TryRegion& region = open_regions_.back();
  region.kind = TryRegion::Kind::Delegate;
  region.end = out_.bind();
  region.target = target.label.regions;
  close_region();
  leave_block(frame);
}

void QuickSink::on_rethrow(const Instruction&, Frame& target) {
  if (!reachable_) return;
  emit(QuickOp::ThrowReference);
  out_.slot(home(target.height));
  become_unreachable();
}

// Inner regions close before outer ones.
void QuickSink::close_region() {
  TryRegion& region = open_regions_.back();
  region.depth = static_cast<u32>(open_regions_.size() - 1);
  if (!region.clauses.empty() || region.kind == TryRegion::Kind::Delegate)
    prepared_.try_regions.push_back(std::move(region));
  open_regions_.pop_back();
}

void QuickSink::on_function_end(const Instruction&, Frame& frame) {
  u32 results = frame.result_slots();
  if (reachable_) return_values(results);
  if (frame.label.pending == kNothing) {
    out_.close();
    return;
  }
  bind_pending(frame.label);
  settle(results);
  return_values(results);
}

// --- Branches --------------------------------------------------------------------------------------------------------

u32 QuickSink::branch_on_condition(bool when) {
  u32 position = height() - 1;
  Operand condition = pop();
  if (condition.place() == Place::T && out_.has_open() && !open_is_f_) {
    QuickOp fused = branch_on(out_.open(), when);
    if (fused != QuickOp::kBaseCount) {
      out_.change_open(fused);
      out_.close();
      return out_.reserve_branch();
    }
  }
  if (is_constant(condition.place())) load_t(condition, position);
  if (is_constant(condition.place()) || in_t(condition)) {
    emit(when ? QuickOp::BrIfT : QuickOp::BrUnlessT);
  } else {
    emit(when ? QuickOp::BrIfL : QuickOp::BrUnlessL);
    out_.slot(slot_of(condition, position));
  }
  return out_.reserve_branch();
}

void QuickSink::on_branch(const Instruction& instruction, Frame& target, u32 depth) {
  if (!reachable_) return;
  u32 keep = target.label_slots();
  if (keep == 0 && instruction.op == Op::BrIf) return link(branch_on_condition(true), target);
  bool is_function = target.kind == Op::End;
  // A conditional branch: `emit_branch(when)` emits the jump that is taken if the condition is `when`. Where values
  // must move on the way, the way is jumped over instead. `top` is the height of the stack with the label's values on
  // top.
  auto conditional = [&](u32 top, auto emit_branch) {
    if (keep == 0 || top - keep == target.height) return link(emit_branch(true), target);
    u32 skip = emit_branch(false);
    move_kept(target.height, keep);
    emit(QuickOp::Br);
    link(out_.reserve_branch(), target);
    out_.set_branch(skip, out_.bind());
  };
  switch (instruction.op) {
    case Op::Br:
      if (is_function) {
        return_values(keep);
      } else {
        move_kept(target.height, keep);
        emit(QuickOp::Br);
        link(out_.reserve_branch(), target);
      }
      return become_unreachable();
    case Op::BrIf: {
      // What stays on the stack is below the condition.
      u32 below = height() - 1;
      if (keep != 0)
        for (u32 i = below - keep; i < below; ++i) store(i);
      return conditional(below, [&](bool when) { return branch_on_condition(when); });
    }
    case Op::BrOnNull: {
      u32 position = height() - 1;
      store_top(keep + 1);
      pop();
      conditional(position, [&](bool when) {
        emit(when ? QuickOp::BrUnlessL : QuickOp::BrIfL);
        out_.slot(home(position));
        return out_.reserve_branch();
      });
      return push_settled();
    }
    case Op::BrOnNonNull: {
      store_top(keep);
      u32 position = height() - 1;
      conditional(height(), [&](bool when) {
        emit(when ? QuickOp::BrIfL : QuickOp::BrUnlessL);
        out_.slot(home(position));
        return out_.reserve_branch();
      });
      pop();
      return;
    }
    case Op::BrOnCast:
    case Op::BrOnCastFail: {
      store_top(keep);
      free_t();
      t_.mirror = kNothing;
      emit(QuickOp::CastTest);
      out_.slot(home(height()));
      const u8* last = code_ + instruction.pc;
      while (*++last & 0x80) {
      }
      out_.bytes(last, code_ + state_->next_pc());
      bool on_match = instruction.op == Op::BrOnCast;
      return conditional(height(), [&](bool when) {
        emit(when == on_match ? QuickOp::BrIfT : QuickOp::BrUnlessT);
        return out_.reserve_branch();
      });
    }
    default: return branch_table_target(target, depth);
  }
}

void QuickSink::on_branch_table(const Instruction&, u32 targets) {
  if (!reachable_) return;
  u32 position = height() - 1;
  Operand index = pop();
  store_all();
  if (is_constant(index.place())) load_t(index, position);
  if (is_constant(index.place()) || in_t(index)) {
    emit(QuickOp::BrTableT);
  } else {
    emit(QuickOp::BrTableL);
    out_.slot(slot_of(index, position));
  }
  out_.word(targets - 1);
  table_field_ = out_.size();
  table_left_ = targets;
  out_.reserve(size_t{4} * targets);
  for (u32 i = 0; i < targets; ++i) out_.reserve_branch();
  table_moves_.clear();
}

void QuickSink::branch_table_target(Frame& target, u32 depth) {
  u32 field = table_field_;
  table_field_ += 4;
  u32 keep = target.label_slots();
  if (keep == 0 || height() - keep == target.height) link(field, target);
  else table_moves_.push_back({field, depth, &target});
  if (--table_left_ != 0) return;
  // One way a label for those that take values: move them, then jump.
  std::sort(table_moves_.begin(), table_moves_.end(), [](const TableMove& a, const TableMove& b) {
    return a.depth != b.depth ? a.depth < b.depth : a.field < b.field;
  });
  u32 way = 0;
  for (size_t i = 0; i < table_moves_.size(); ++i) {
    const TableMove& move = table_moves_[i];
    if (i == 0 || table_moves_[i - 1].depth != move.depth) {
      way = out_.bind();
      move_kept(move.target->height, move.target->label_slots());
      emit(QuickOp::Br);
      link(out_.reserve_branch(), *move.target);
    }
    out_.set_branch(move.field, way);
  }
  become_unreachable();
}

void QuickSink::on_catch(const Instruction&, const CatchClauseCode& clause, Frame& target) {
  if (!reachable_) return;
  if (region_.clauses.empty()) region_.first_entry = static_cast<u32>(prepared_.side.size());
  region_.clauses.push_back({clause.tag, clause.is_all, clause.has_ref});
  auto entry = static_cast<u32>(prepared_.side.size());
  prepared_.side.push_back({0, 0, SideEntry::pack(home(target.height), target.label_slots())});
  if (target.kind == Op::Loop) {
    prepared_.side[entry].pc_delta = static_cast<i32>(target.label.position);
  } else {
    prepared_.side[entry].pc_delta = static_cast<i32>(target.label.pending);
    target.label.pending = entry | kIsSideEntry;
  }
}

// --- Calls and returns -----------------------------------------------------------------------------------------------

void QuickSink::call(const Instruction& instruction) {
  Op op = instruction.op;
  bool is_direct = op == Op::Call || op == Op::ReturnCall;
  bool is_reference = op == Op::CallRef || op == Op::ReturnCallRef;
  bool is_tail = op == Op::ReturnCall || op == Op::ReturnCallIndirect || op == Op::ReturnCallRef;
  const RegisteredType& type =
      is_direct ? module_.function_type(instruction.index) : module_.registry->get(module_.type_ids[instruction.index]);
  Operand callee;
  u32 callee_position = height() - 1;
  if (!is_direct) callee = pop();
  store_top(type.param_slots);
  u32 base = home(height() - type.param_slots);
  if (is_tail) {
    u32 top = home(height());
    if (is_direct) {
      emit(QuickOp::TailCall);
      out_.word(instruction.index);
    } else {
      // Tail calls want it behind the arguments.
      store_to(callee, home(callee_position));
      emit(is_reference ? QuickOp::TailCallRef : QuickOp::TailCallIndirect);
      if (!is_reference) {
        out_.word(instruction.index);
        out_.word(instruction.index2);
      }
    }
    out_.slot(top);
    return become_unreachable();
  }
  if (is_direct) {
    store_accumulators();
    bool imported = instruction.index < module_.imported_functions;
    emit(imported ? QuickOp::CallImport : QuickOp::Call);
    out_.word(imported ? instruction.index : instruction.index - module_.imported_functions);
  } else {
    if (is_constant(callee.place())) load_t(callee, callee_position);
    bool in_accumulator = is_constant(callee.place()) || in_t(callee);
    store_accumulators();
    if (is_reference) emit(in_accumulator ? QuickOp::CallRefT : QuickOp::CallRefL);
    else emit(in_accumulator ? QuickOp::CallIndirectT : QuickOp::CallIndirectL);
    if (!in_accumulator) out_.slot(slot_of(callee, callee_position));
    if (!is_reference) {
      out_.word(instruction.index);
      out_.word(instruction.index2);
    }
  }
  out_.slot(base);
  forget_mirrors();
  drop_settled(type.param_slots);
  for (u32 i = 0; i < type.result_slots; ++i) push_settled();
  if (type.result_slots != 1) return;
  ValueType result = type.type.results[0];
  if (result == kF32 || result == kF64) {
    f_.mirror = base;
    result_place_ = result == kF32 ? Place::F32 : Place::F64;
  } else {
    t_.mirror = base;
  }
}

void QuickSink::return_values(u32 count) {
  if (count == 0) return emit(QuickOp::Return0);
  u32 position = height() - count;
  if (count > 1) {
    store_top(count);
    emit(QuickOp::ReturnMany);
    return out_.slot(home(position));
  }
  Operand value = pop();
  if (in_t(value)) return emit(QuickOp::ReturnT);
  if (value.place() == Place::F32) return emit(QuickOp::ReturnF32);
  if (value.place() == Place::F64) return emit(QuickOp::ReturnF64);
  u32 slot = slot_of(value, position);
  emit(QuickOp::ReturnL);
  out_.slot(slot);
}

}  // namespace brink::quick
