// CommonRun's forms of blocks, branches, calls and returns.
#pragma once
#include "engine/quicken/common_run.h"

namespace brink::quick {

BRINK_INLINE bool CommonRun::branch_on_condition(bool when) {
  size_t index = height_ - 1;
  Operand condition = stack_[index];
  u32 source = source_of(condition);
  if (source > static_cast<u32>(Source::Slot)) [[unlikely]]
    return false;
  if (source == static_cast<u32>(Source::Slot)) {
    emit(when ? QuickOp::BrIfL : QuickOp::BrUnlessL, condition.value() & 0xFF, 8);
  } else {
    bool is_open = condition.place() == Place::T && out_.state_.has_open() && !sink_.open_is_f_;
    QuickOp fused = is_open ? branch_on(out_.state_.open, when) : QuickOp::kBaseCount;
    if (fused != QuickOp::kBaseCount) put_open(fused);
    else emit(when ? QuickOp::BrIfT : QuickOp::BrUnlessT, 0, 0);
  }
  forget_home(index);
  drop_to(index);
  return true;
}

BRINK_INLINE CommonRun::Step CommonRun::branch_if() {
  Frame* target = decoder_.common_target(p_[1]);
  if (!target || !holds(TypeKind::I32) || !has_code_room() || !branch_on_condition(true)) [[unlikely]]
    return Step::Leave;
  put_branch_to(*target);
  p_ += 2;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::branch() {
  Frame* target = decoder_.common_target(p_[1]);
  if (!target || !has_code_room()) [[unlikely]]
    return Step::Leave;
  if (target->kind == Op::End) {
    emit(QuickOp::Return0, 0, 0);
  } else {
    emit(QuickOp::Br, 0, 0);
    put_branch_to(*target);
  }
  p_ += 2;
  return become_unreachable();
}

BRINK_INLINE CommonRun::Step CommonRun::become_unreachable() {
  sink_.t_ = sink_.f_ = {};
  height_ = static_cast<size_t>(decoder_.base_ - types_);
  decoder_.unreachable_ = true;
  if (*p_ == kEnd && end_unreachable()) return Step::Done;
  sink_.set_reachable(false);
  return Step::Leave;
}

BRINK_INLINE CommonRun::Frame& CommonRun::push_frame(Op kind) {
  Frame& frame = decoder_.push_common_frame(kind, p_[1], top());
  frame.label.regions = static_cast<u32>(sink_.open_regions_.size());
  p_ += 2;
  return frame;
}

BRINK_INLINE CommonRun::Step CommonRun::block() {
  bool is_loop = *p_ == kLoop;
  if (!Decoder::is_common_block_type(p_[1]) || !settle_all() || !has_code_room()) [[unlikely]]
    return Step::Leave;
  u32 pc = decoder_.pc_of(p_);
  Frame& frame = push_frame(is_loop ? Op::Loop : Op::Block);
  if (is_loop) {
    frame.label.position = bind();
    if (sink_.counts_heat_) emit(QuickOp::CountLoop, pc, 32);
  }
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::begin_if() {
  if (!Decoder::is_common_block_type(p_[1]) || !holds(TypeKind::I32) || !has_code_room() ||
      sink_.settled_ + 1 < height_ || !branch_on_condition(false)) [[unlikely]]
    return Step::Leave;
  u32 field = code_size();
  put(0, 32);
  push_frame(Op::If).label.otherwise = field;
  return Step::Done;
}

BRINK_INLINE bool CommonRun::is_plain(const Frame& frame) const {
  return frame.kind != Op::Try && frame.kind != Op::TryTable && decoder_.frames_.size() != 1;
}

BRINK_INLINE CommonRun::Step CommonRun::end_block() {
  Frame& frame = decoder_.frames_.back();
  if (!is_plain(frame) || !decoder_.is_common_end(frame, top())) [[unlikely]]
    return Step::Leave;
  if (frame.label.pending != kNothing || frame.label.otherwise != kNothing) {
    if (!has_code_room() || (!frame.single.is_bottom() && !settle_from(height_ - 1))) return Step::Leave;
    bind_label(frame);
    sink_.settled_ = static_cast<u32>(height_);
  }
  decoder_.pop_frame();
  p_ += 1;
  return Step::Done;
}

BRINK_INLINE bool CommonRun::end_unreachable() {
  Frame& frame = decoder_.frames_.back();
  if (!is_plain(frame) || !frame.single.is_bottom() || !decoder_.is_common_end(frame, top()) ||
      (frame.label.pending == kNothing && frame.label.otherwise == kNothing))
    return false;
  bind_label(frame);
  for (size_t index = sink_.settled_; index < height_; ++index) stack_[index] = {Place::Slot, home(index)};
  sink_.settled_ = static_cast<u32>(height_);
  decoder_.pop_frame();
  p_ += 1;
  return true;
}

BRINK_INLINE void CommonRun::bind_label(Frame& frame) {
  u32 position = bind();
  sink_.lead_pending(frame.label, position);
  if (frame.label.otherwise != kNothing) out_.set_branch(frame.label.otherwise, position);
  if (height_ != 0) named_home(height_ - 1);
}

BRINK_INLINE CommonRun::Step CommonRun::call() {
  auto function = Decoder::common_index(p_ + 1);
  const ModuleInfo& module = sink_.module_;
  if (function.size == 0 || function.value >= module.functions.size()) [[unlikely]]
    return Step::Leave;
  const RegisteredType& callee = module.function_type(function.value);
  if (callee.param_slots == 0 && !callee.type.results.empty() && !has_room()) [[unlikely]]
    return Step::Leave;
  if (Step step = settle_arguments(callee, height_); step != Step::Done) [[unlikely]]
    return step;
  bool is_imported = function.value < module.imported_functions;
  u64 base = named_home(height_ - callee.param_slots);
  emit(is_imported ? QuickOp::CallImport : QuickOp::Call,
       (is_imported ? function.value : function.value - module.imported_functions) | base << 32, 40);
  p_ += 1 + function.size;
  finish_call(callee, height_ - callee.param_slots);
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::call_indirect() {
  auto type = Decoder::common_index(p_ + 1);
  auto table = Decoder::common_index(p_ + 1 + type.size);
  const ModuleInfo& module = sink_.module_;
  if (type.size == 0 || table.size == 0 || type.value >= module.type_ids.size() || table.value >= module.tables.size())
    return Step::Leave;
  const TableType& table_type = module.tables[table.value].type;
  const RegisteredType& callee = module.registry->get(module.type_ids[type.value]);
  if (table_type.element != kFuncRef || table_type.limits.address != AddressType::I32 ||
      callee.type.kind != CompositeKind::Func || !holds(kI32))
    return Step::Leave;
  size_t end = height_ - 1;
  Operand index = stack_[end];
  u32 source = source_of(index);
  if (source > static_cast<u32>(Source::Slot)) return Step::Leave;
  if (Step step = settle_arguments(callee, end); step != Step::Done) return step;
  u64 base = named_home(end - callee.param_slots);
  if (source == 0) emit(QuickOp::CallIndirectT, 0, 0);
  else emit(QuickOp::CallIndirectL, index.value() & 0xFF, 8);
  put(type.value | u64{table.value} << 32, 64);
  put(base, 8);
  p_ += 1 + type.size + table.size;
  finish_call(callee, end - callee.param_slots);
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::settle_arguments(const RegisteredType& callee, size_t end) {
  std::span<const ValueType> params = callee.type.params;
  size_t results = callee.type.results.size();
  if (results > 1 || callee.result_slots != results || callee.param_slots != params.size() ||
      static_cast<size_t>(top() - decoder_.base_) < params.size() + (height_ - end) || sink_.f_.owner != kNothing)
      [[unlikely]]
    return Step::Leave;
  size_t index = end - params.size();
  for (const ValueType* param = params.data(); index < end; ++index, ++param)
    if (types_[index] != *param || !settle(index)) [[unlikely]]
      return Step::Leave;
  if (is_t_taken_below(index - params.size())) [[unlikely]]
    return Step::Free;
  return has_code_room() ? Step::Done : Step::Leave;
}

BRINK_INLINE void CommonRun::finish_call(const RegisteredType& callee, size_t arguments) {
  drop_to(arguments);
  forget_mirrors();
  if (callee.type.results.empty()) return;
  ValueType result = callee.type.results[0];
  u32 base = home(arguments);
  if (result == kF32 || result == kF64) {
    sink_.f_.mirror = base;
    sink_.result_place_ = result == kF32 ? Place::F32 : Place::F64;
  } else {
    sink_.t_.mirror = base;
  }
  push(result, {Place::Slot, base});
}

// --- Those whose form is theirs alone ---

BRINK_INLINE CommonRun::Step CommonRun::leave_function() {
  const Frame& function = decoder_.frames_[0];
  std::span<const ValueType> results = function.results();
  if (results.size() > 1 || !has_code_room())
    return Step::Leave;
  if (results.empty()) {
    emit(QuickOp::Return0, 0, 0);
  } else {
    if (!holds(results[0]) || !is_integer(results[0])) return Step::Leave;
    Operand value = stack_[height_ - 1];
    u32 source = source_of(value);
    if (source > static_cast<u32>(Source::Slot)) return Step::Leave;
    if (source == 0) emit(QuickOp::ReturnT, 0, 0);
    else emit(QuickOp::ReturnL, value.value() & 0xFF, 8);
    drop_to(height_ - 1);
  }
  p_ += 1;
  return become_unreachable();
}

}  // namespace brink::quick
