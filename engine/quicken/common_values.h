// CommonRun's forms of variables, constants, numeric instructions and memory.
#pragma once
#include "engine/quicken/common_run.h"

namespace brink::quick {

// --- Variables and constants ---

BRINK_INLINE CommonRun::Step CommonRun::local_get() {
  u32 local = p_[1];
  if (local >= decoder_.common_locals_ || !has_room()) [[unlikely]]
    return Step::Leave;
  push(decoder_.locals_[local], {Place::Local, local});
  p_ += 2;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::constant(Place place, ValueType type) {
  auto constant = Decoder::common_constant(p_ + 1);
  if (constant.size == 0 || !has_room()) [[unlikely]]
    return Step::Leave;
  push(type, {place, constant.value});
  p_ += 1 + constant.size;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::local_set() {
  u32 local = p_[1];
  if (local >= decoder_.common_locals_ || !holds(decoder_.locals_[local]) || !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 1;
  for (size_t use = sink_.settled_; use < index; ++use)
    if (stack_[use] == Operand(Place::Local, local)) return Step::Leave;
  Operand value = stack_[index];
  if (sink_.f_.mirror != kNothing && !set_mirror_of_f(value, local)) [[unlikely]]
    return Step::Leave;
  bool was_t = true;
  if (value.place() == Place::T) {
    store_t(local);
  } else {
    was_t = value.is_in(sink_.t_.mirror);
    const Setting& setting = kSettings[static_cast<u32>(was_t ? Place::T : value.place())];
    if (setting.op == QuickOp::kBaseCount) return Step::Leave;
    if (value != Operand(Place::Local, local))
      emit(setting.op, (value.value() & setting.mask) | u64{local} << setting.bits, setting.bits + 8u);
  }
  drop_to(index);
  if (was_t) sink_.t_.mirror = local;
  else if (sink_.t_.mirror == local) sink_.t_.mirror = kNothing;
  // What local.tee leaves; the type stands there already.
  stack_[height_] = {Place::Local, local};
  height_ += *p_ == kLocalTee ? 1 : 0;
  p_ += 2;
  return Step::Done;
}

BRINK_INLINE bool CommonRun::set_mirror_of_f(Operand value, u32 local) {
  if (value.place() > Place::T || value.place() == Place::ConstF64 || value.place() == Place::ConstLongI64 ||
      (value.place() == Place::Slot && value.is_in(sink_.f_.mirror)))
    return false;
  if (value.is_in(sink_.f_.mirror)) sink_.f_.mirror = local;
  else if (sink_.f_.mirror == local) sink_.f_.mirror = kNothing;
  return true;
}

BRINK_INLINE CommonRun::Step CommonRun::global_get() {
  auto global = Decoder::common_index(p_ + 1);
  if (global.size == 0 || global.value >= sink_.module_.globals.size()) [[unlikely]]
    return Step::Leave;
  ValueType type = sink_.module_.globals[global.value].type.value;
  if (!is_integer(type) || !has_code_room() || !has_room()) [[unlikely]]
    return Step::Leave;
  if (is_t_taken_below(height_)) [[unlikely]]
    return Step::Free;
  open(QuickOp::GlobalGetT, global.value, 32);
  push_t(type);
  p_ += 1 + global.size;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::global_set() {
  auto global = Decoder::common_index(p_ + 1);
  if (global.size == 0 || global.value >= sink_.module_.globals.size()) [[unlikely]]
    return Step::Leave;
  const GlobalType& type = sink_.module_.globals[global.value].type;
  if (!type.is_mutable || !is_integer(type.value) || !holds(type.value) ||
      !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 1;
  Operand value = stack_[index];
  u32 source = source_of(value);
  if (source > static_cast<u32>(Source::Slot)) return Step::Leave;
  forget_home(index);
  drop_to(index);
  if (source == 0) emit(QuickOp::GlobalSetT, global.value, 32);
  else emit(QuickOp::GlobalSetL, global.value | u64{value.value() & 0xFF} << 32, 40);
  p_ += 1 + global.size;
  return Step::Done;
}

// --- Numeric instructions and memory ---

BRINK_INLINE CommonRun::Step CommonRun::binary(const CommonRow& row) {
  if (!holds(row.operands[0], row.operands[1]) || !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 2;
  Operand a = stack_[index], b = stack_[index + 1];
  const PairForm& form = kNarrowPairForms[source_of(a) * kSourcesAligned + source_of(b)];
  if (form.form == kNoForm) [[unlikely]]
    return tell(row, 2, 1);
  if (is_t_taken_below(index)) [[unlikely]]
    return Step::Free;
  replace(index);
  open(row.first + form.form, (a.value() & form.mask_a) | u64{b.value() & form.mask_b} << form.shift, form.bits);
  push_t(row.result);
  p_ += 1;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::float_binary(const CommonRow& row) {
  if (!holds(row.operands[0], row.operands[1])) [[unlikely]]
    return Step::Leave;
  return tell(row, 2, 1);
}

BRINK_INLINE CommonRun::Step CommonRun::unary(const CommonRow& row) {
  if (!holds(row.operands[1]) || !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 1;
  Operand a = stack_[index];
  u32 source = source_of(a);
  if (row.first == QuickOp::kBaseCount || source > static_cast<u32>(Source::Slot) ||
      (row.first == QuickOp::I32Eqz_T && a.place() == Place::T && out_.state_.has_open() &&
       negated(out_.state_.open) != QuickOp::kBaseCount)) [[unlikely]]
    return tell(row, 1, 1);
  if (is_t_taken_below(index)) [[unlikely]]
    return Step::Free;
  replace(index);
  open(row.first + 2 * source, a.value() & 0xFF, 8 * source);
  push_t(row.result);
  p_ += 1;
  return Step::Done;
}

BRINK_INLINE void CommonRun::open_constant(const Operand& constant) {
  bool is_byte = constant.source() == Source::Byte;
  open(is_byte ? QuickOp::Const8 : QuickOp::Const32, constant.value(), is_byte ? 8 : 32);
}

BRINK_INLINE CommonRun::Step CommonRun::load(const CommonRow& row) {
  auto offset = Decoder::common_index(p_ + 2);
  if (p_[1] >= row.alignments || offset.size == 0 || !holds(TypeKind::I32) || !sink_.plain_memory0_ ||
      !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 1;
  Operand address = stack_[index];
  u32 source = source_of(address);
  if (row.first == QuickOp::kBaseCount || source > static_cast<u32>(Source::Word)) [[unlikely]]
    return tell(row, 1, 2 + offset.size, offset.value);
  if (is_t_taken_below(index)) [[unlikely]]
    return Step::Free;
  replace(index);
  if (source > static_cast<u32>(Source::Slot)) {
    open_constant(address);
    source = 0;
  }
  u32 is_wide = offset.value > 0xFF ? 1 : 0;
  u64 slot = address.value() & (0u - source);
  open(row.first + (4 * source + 2 * is_wide), slot | u64{offset.value} << (8 * source), 8 * source + 8 + 24 * is_wide);
  push_t(row.result);
  p_ += 2 + offset.size;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::store(const CommonRow& row) {
  auto offset = Decoder::common_index(p_ + 2);
  if (p_[1] >= row.alignments || offset.size == 0 || !holds(TypeKind::I32, row.operands[1]) ||
      !sink_.plain_memory0_ || !has_code_room()) [[unlikely]]
    return Step::Leave;
  size_t index = height_ - 2;
  Operand address = stack_[index], value = stack_[index + 1];
  u32 source_a = source_of(address);
  const PairForm& form = kStorePairs[source_a * kSourcesAligned + source_of(value)];
  if (form.form == kNoForm || row.first == QuickOp::kBaseCount) [[unlikely]]
    return tell(row, 2, 2 + offset.size, offset.value);
  if (source_a > static_cast<u32>(Source::Slot)) [[unlikely]] {
    if (is_t_taken_below(index)) return Step::Free;
    drop_to(index);
    open_constant(address);
    sink_.t_.mirror = kNothing;
  } else {
    forget_home(index);
    forget_home(index + 1);
    drop_to(index);
  }
  u32 is_wide = offset.value > 0xFF ? 1 : 0;
  emit(row.first + (form.form + is_wide),
       (address.value() & form.mask_a) | u64{value.value() & form.mask_b} << form.shift |
           u64{offset.value} << form.bits,
       form.bits + 8 + 24 * is_wide);
  p_ += 2 + offset.size;
  return Step::Done;
}

// --- Those whose form is theirs alone ---

BRINK_INLINE CommonRun::Step CommonRun::rare() {
  switch (*p_) {
    case kUnreachable:
      if (!has_code_room()) return Step::Leave;
      emit(QuickOp::Trap, 0, 0);
      p_ += 1;
      return become_unreachable();
    case kNop: p_ += 1; return Step::Done;
    case kCallIndirect: return call_indirect();
    case kReturn: return leave_function();
    case kDrop: return drop();
    case kSelect: return select();
    case kF32Const: {
      if (p_ + 5 > end_ || !has_room()) return Step::Leave;
      u32 bits;
      std::memcpy(&bits, p_ + 1, 4);
      push(kF32, {Place::ConstF32, bits});
      p_ += 5;
      return Step::Done;
    }
    case kF64Const:
      if (p_ + 9 > end_ || !has_room()) return Step::Leave;
      push(kF64, {Place::ConstF64, decoder_.pc_of(p_) + 1});
      p_ += 9;
      return Step::Done;
    default: return Step::Leave;
  }
}

BRINK_INLINE CommonRun::Step CommonRun::drop() {
  if (top() == decoder_.base_ || !is_integer(type(1))) return Step::Leave;
  forget_home(height_ - 1);
  drop_to(height_ - 1);
  p_ += 1;
  return Step::Done;
}

BRINK_INLINE CommonRun::Step CommonRun::select() {
  if (top() - decoder_.base_ < 3 || type(1) != kI32 || type(2) != type(3) || !type(2).is_numeric())
    return Step::Leave;
  Instruction& instruction = decoder_.instruction_;
  instruction.op = Op::Select;
  instruction.type = type(2);
  instruction.pc = decoder_.pc_of(p_);
  p_ += 1;
  return Step::Tell;
}

}  // namespace brink::quick
