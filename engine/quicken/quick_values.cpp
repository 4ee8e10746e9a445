// Values: the operand stack, the accumulators, and every instruction that is not control.
#include <algorithm>

#include "engine/quicken/quick_sink.h"

namespace brink::quick {
namespace {

bool fits_i8(i64 value) { return value == static_cast<i8>(value); }
u32 slots_of_letter(char letter) { return letter == 's' ? 2 : letter == 'v' ? 0 : 1; }

u32 store_width(Op op) {
  switch (op) {
    case Op::I32Store8:
    case Op::I64Store8: return 8;
    case Op::I32Store16:
    case Op::I64Store16: return 16;
    case Op::I64Store: return 64;
    default: return 32;
  }
}

}  // namespace

// --- The operand stack -----------------------------------------------------------------------------------------------

std::vector<Operand>& OperandStack::scratch() {
  // What one enormous function needed is not kept for the life of the thread.
  constexpr size_t kKept = 64 * 1024;
  thread_local std::vector<Operand> elements;
  if (elements.size() > kKept) elements = {};
  return elements;
}

void OperandStack::grow(u32 least) {
  memory_.resize(std::max<size_t>(least, 2 * memory_.size()));
  elements_ = memory_.data();
  capacity_ = static_cast<u32>(memory_.size());
}

void QuickSink::settle_one() {
  store(settled_);
  ++settled_;
}

void QuickSink::settle(u32 new_height) {
  if (t_.mirror != kNothing && t_.mirror >= local_slots_) t_.mirror = kNothing;
  if (f_.mirror != kNothing && f_.mirror >= local_slots_) f_.mirror = kNothing;
  if (settled_ > new_height) settled_ = new_height;
  stack_.resize(new_height, local_slots_);
  for (; settled_ < new_height; ++settled_) stack_[settled_] = {Place::Slot, home(settled_)};
  if (new_height != 0) out_.name_slot(home(new_height - 1));
}

void QuickSink::store(u32 position) {
  Operand& operand = stack_[position];
  if (operand.place() == Place::Slot) return;
  store_to(operand, home(position));
  if (operand.place() == Place::T) t_.owner = kNothing;
  else if (is_accumulator(operand.place())) f_.owner = kNothing;
  operand = {Place::Slot, home(position)};
}

void QuickSink::store_to(const Operand& operand, u32 slot) {
  switch (operand.place()) {
    case Place::Slot: return;
    case Place::Local:
      if (operand.value() == slot) return;
      if (t_.mirror == operand.value()) {
        emit(QuickOp::PutT);
      } else {
        emit(QuickOp::Copy);
        out_.slot(operand.value());
      }
      break;
    case Place::ConstI32:
    case Place::ConstF32:
      emit(QuickOp::Set32);
      out_.word(operand.value());
      break;
    case Place::ConstI64:
      emit(QuickOp::Set32S);
      out_.word(operand.value());
      break;
    case Place::ConstLongI64:
    case Place::ConstF64:
      emit(QuickOp::Set64);
      out_.long_word(constant_bits(operand));
      break;
    case Place::T:
    case Place::F32:
    case Place::F64:
      if (out_.has_open() && open_is_f_ == (operand.place() != Place::T)) return out_.store_open(slot);
      if (operand.place() == Place::T) emit(QuickOp::PutT);
      else emit(operand.place() == Place::F32 ? QuickOp::PutF32 : QuickOp::PutF64);
      break;
  }
  out_.slot(slot);
}

void QuickSink::store_top(u32 count) {
  for (u32 position = std::max(height() - count, std::min(settled_, height())); position < height(); ++position)
    store(position);
}

void QuickSink::store_all() {
  for (; settled_ < height(); ++settled_) store(settled_);
}

void QuickSink::store_accumulators() {
  free_t();
  free_f();
}

void QuickSink::store_uses_of_local(u32 slot) {
  for (u32 position = settled_; position < height(); ++position)
    if (stack_[position].place() == Place::Local && stack_[position].value() == slot) store(position);
}

// --- Accumulators ----------------------------------------------------------------------------------------------------

u64 QuickSink::constant_bits(const Operand& operand) const {
  switch (operand.place()) {
    case Place::ConstI32:
    case Place::ConstI64: return static_cast<u64>(i64{static_cast<i32>(operand.value())});
    case Place::ConstLongI64: {
      const u8* p = code_ + operand.value();
      u64 value = 0;
      u32 shift = 0;
      do {
        value |= u64{*p & 0x7Fu} << shift;
        shift += 7;
      } while (*p++ & 0x80);
      if (shift < 64 && p[-1] & 0x40) value |= ~u64{0} << shift;
      return value;
    }
    case Place::ConstF64: {
      u64 bits;
      std::memcpy(&bits, code_ + operand.value(), 8);
      return bits;
    }
    default: return operand.value();
  }
}

void QuickSink::load_t(const Operand& operand, u32 position) {
  if (in_t(operand)) return;
  free_t();
  t_.mirror = kNothing;
  switch (operand.place()) {
    case Place::Slot: return emit_value(QuickOp::GetT, operands().slot(home(position)));
    case Place::Local: t_.mirror = operand.value(); return emit_value(QuickOp::GetT, operands().slot(t_.mirror));
    default: break;
  }
  auto value = static_cast<i32>(operand.value());
  if (operand.place() == Place::ConstI32 && fits_i8(value))
    emit_value(QuickOp::Const8, operands().byte(static_cast<u8>(value)));
  else if (operand.place() == Place::ConstLongI64)
    emit_value(QuickOp::Const64, operands().long_word(constant_bits(operand)));
  else
    emit_value(operand.place() == Place::ConstI32 ? QuickOp::Const32 : QuickOp::Const32S,
               operands().word(operand.value()));
}

void QuickSink::load_f(const Operand& operand, bool is_f64) {
  if (in_f(operand)) return;
  free_f();
  f_.mirror = kNothing;
  if (is_constant(operand.place())) {
    if (is_f64) emit_value(QuickOp::ConstF64, operands().long_word(constant_bits(operand)), true);
    else emit_value(QuickOp::ConstF32, operands().word(operand.value()), true);
    return;
  }
  if (operand.place() == Place::Local) f_.mirror = operand.value();
  emit_value(is_f64 ? QuickOp::GetF64 : QuickOp::GetF32, operands().slot(operand.value()), true);
}

// --- Numeric instructions --------------------------------------------------------------------------------------------

namespace {

// The forms of BRINK_QUICK_BINARY by the sources of both operands; others take some moving first.
constexpr auto kFormOfSources = [] {
  std::array<std::array<u8, kSources>, kSources> forms;
  for (auto& row : forms) row.fill(kNoForm);
  auto set = [&](Source a, Source b, BinaryForm form) {
    forms[static_cast<u32>(a)][static_cast<u32>(b)] = static_cast<u8>(form);
  };
  set(Source::Accumulator, Source::Slot, BinaryForm::TL);
  set(Source::Slot, Source::Accumulator, BinaryForm::LT);
  set(Source::Slot, Source::Slot, BinaryForm::LL);
  set(Source::Accumulator, Source::Byte, BinaryForm::TB);
  set(Source::Slot, Source::Byte, BinaryForm::LB);
  set(Source::Accumulator, Source::Word, BinaryForm::TD);
  set(Source::Slot, Source::Word, BinaryForm::LD);
  return forms;
}();

constexpr auto make_pair_forms = [](bool wide) {
  std::array<PairForm, kSources * kSourcesAligned> forms{};
  for (u32 a = 0; a < kSources; ++a)
    for (u32 b = 0; b < kSources; ++b) {
      const SourceLayout& layout_a = (wide ? kWideLayouts : kNarrowLayouts)[a];
      const SourceLayout& layout_b = (wide ? kWideLayouts : kNarrowLayouts)[b];
      u8 form = kFormOfSources[a][b];
      forms[a * kSourcesAligned + b] = {.form = static_cast<u8>(form == kNoForm ? kNoForm : 2 * form),
                                        .shift = layout_a.bits,
                                        .bits = static_cast<u8>(layout_a.bits + layout_b.bits),
                                        .mask_a = layout_a.mask,
                                        .mask_b = layout_b.mask};
    }
  return forms;
};

}  // namespace

constinit const PairForms kNarrowPairForms = make_pair_forms(false);
constinit const PairForms kWidePairForms = make_pair_forms(true);

void QuickSink::binary(Op op) {
  u32 position = height() - 2;
  Taken a = look_at(position), b = look_at(position + 1);
  const PairForm& form = pair_forms_[static_cast<u32>(a.source) * kSourcesAligned + static_cast<u32>(b.source)];
  if (form.form == kNoForm) [[unlikely]]
    return binary_slowly(op);
  drop_taken(position);
  free_t();
  open_is_f_ = false;
  out_.open_op(family_of(op).first + form.form, (a.value & form.mask_a) | u64{b.value & form.mask_b} << form.shift,
               form.bits);
  put_t(position);
}

inline void QuickSink::emit_binary(Op op, Taken a, Taken b) {
  u8 form = kFormOfSources[static_cast<u32>(a.source)][static_cast<u32>(b.source)];
  free_t();
  emit_value(family_of(op).first + 2 * u32{form}, operands().of(a.source, a.value).of(b.source, b.value));
  put_t(height());
}

// A constant on the left, a long constant, or both operands in the accumulator.
void QuickSink::binary_slowly(Op op) {
  u32 position_a = height() - 2, position_b = position_a + 1;
  Operand a = taken(position_a), b = taken(position_b);
  drop_taken(position_a);
  if (is_constant(a.place()) && !is_constant(b.place()) && family_of(op).mirrored != Op::kUnknown) {
    op = family_of(op).mirrored;
    std::swap(a, b);
    std::swap(position_a, position_b);
  }
  Source source_b = source_of(b);
  if (source_b == Source::Byte || source_b == Source::Word) {
    if (!is_constant(a.place()))
      return emit_binary(op, {source_of(a), a.value()}, {source_b, b.value()});
    load_t(a, position_a);
    return emit_binary(op, {Source::Accumulator, 0}, {source_b, b.value()});
  }
  if (is_constant(b.place()) || (b.place() == Place::T && !is_constant(a.place()))) {
    u32 slot = slot_of(a, position_a);
    load_t(b, position_b);
    return emit_binary(op, {Source::Slot, slot}, {Source::Accumulator, 0});
  }
  u32 slot = slot_of(b, position_b);
  load_t(a, position_a);
  emit_binary(op, {Source::Accumulator, 0}, {Source::Slot, slot});
}

void QuickSink::float_binary(Op op) {
  bool is_f64 = op_info(op).signature.operands[0] == 'd';
  bool is_compare = family_of(op).family == Family::FloatCompare;
  u32 position = height() - 2;
  Operand b = pop();
  Operand a = pop();
  auto emit_form = [&](BinaryForm form, const Emitter::Operands& slots) {
    if (is_compare) free_t();
    else free_f();
    emit_value(family_of(op).first + 2 * static_cast<u32>(form), slots, !is_compare);
  };
  if (is_constant(a.place()) && !is_constant(b.place())) {
    u32 slot = slot_of(b, position + 1);
    load_f(a, is_f64);
    emit_form(BinaryForm::TL, operands().slot(slot));
  } else if (in_f(a) && !is_accumulator(b.place())) {
    u32 slot = slot_of(b, position + 1);
    emit_form(BinaryForm::TL, operands().slot(slot));
  } else if (in_f(b)) {
    u32 slot = slot_of(a, position);
    emit_form(BinaryForm::LT, operands().slot(slot));
  } else {
    u32 slot_a = slot_of(a, position), slot_b = slot_of(b, position + 1);
    emit_form(BinaryForm::LL, operands().slot(slot_a).slot(slot_b));
  }
  push_result(is_compare ? Place::T : is_f64 ? Place::F64 : Place::F32);
}

void QuickSink::unary(Op op) {
  // `ref.is_null` has no plain signature; it is i64.eqz here.
  char from = op == Op::RefIsNull ? 'l' : op_info(op).signature.operands[0];
  Place to = op == Op::RefIsNull ? Place::T : result_place(op);
  u32 position = height() - 1;
  Operand a = pop();
  if (op == Op::I32Eqz && a.place() == Place::T && out_.has_open() && negated(out_.open()) != QuickOp::kBaseCount) {
    out_.change_open(negated(out_.open()));
    return push_t();
  }
  bool from_f = from == 'f' || from == 'd';
  bool to_f = to != Place::T;
  if (is_constant(a.place())) {
    if (from_f) load_f(a, from == 'd');
    else load_t(a, position);
  }
  bool accumulated = is_constant(a.place()) || (from_f ? in_f(a) : in_t(a));
  if (to_f) free_f();
  else free_t();
  Source source = accumulated ? Source::Accumulator : Source::Slot;
  emit_value(family_of(op).first + (accumulated ? 0 : 2), operands().of(source, a.value()), to_f);
  push_result(to);
}

void QuickSink::load(Op op, u32 offset) {
  u32 position = height() - 1;
  Taken address = look_at(position);
  if (address.source > Source::Slot) [[unlikely]] {
    Operand constant = taken(position);
    drop_taken(position);
    load_t(constant, position);
    address.source = Source::Accumulator;
  } else {
    forget_home(position);
    drop_taken(position);
  }
  Place to = result_place(op);
  bool to_f = to != Place::T;
  if (to_f) free_f();
  else free_t();
  Source width = offset > 0xFF ? Source::Word : Source::Byte;
  emit_value(family_of(op).first + ((address.source == Source::Accumulator ? 0 : 4) + (width == Source::Word ? 2 : 0)),
             operands().of(address.source, address.value).of(width, offset), to_f);
  if (to_f) push_f(to);
  else put_t(position);
}

void QuickSink::store(Op op, u32 offset) {
  u32 position = height() - 2;
  Taken address = look_at(position), value = look_at(position + 1);
  if (kStoreForms[static_cast<u32>(address.source)][static_cast<u32>(value.source)] == kNoForm) [[unlikely]]
    return store_slowly(op, offset);
  forget_home(position);
  forget_home(position + 1);
  drop_taken(position);
  emit_store(op, offset, address, value,
             kStoreForms[static_cast<u32>(address.source)][static_cast<u32>(value.source)]);
}

// Constants, but a value of a byte, and both operands in the accumulator.
void QuickSink::store_slowly(Op op, u32 offset) {
  u32 position = height() - 2;
  Operand address = taken(position), value = taken(position + 1);
  drop_taken(position);
  Source source_a = source_of(address), source_v = source_of(value);
  // As wide as it is in memory, a constant may be of a byte.
  if (source_v == Source::Word || source_v == Source::Long) {
    u32 unused = 64 - store_width(op);
    if (fits_i8(static_cast<i64>(constant_bits(value) << unused) >> unused)) {
      value = {Place::ConstI32, static_cast<u32>(constant_bits(value))};
      source_v = Source::Byte;
    }
  }
  u32 a = address.value(), v = value.value();
  // What has no form of its own goes through the accumulator.
  if (source_v == Source::Byte) {
    if (is_constant(address.place())) load_t(address, position), source_a = Source::Accumulator;
  } else if (is_constant(value.place())) {
    a = slot_of(address, position), source_a = Source::Slot;
    load_t(value, position + 1), source_v = Source::Accumulator;
  } else if (is_constant(address.place())) {
    v = slot_of(value, position + 1), source_v = Source::Slot;
    load_t(address, position), source_a = Source::Accumulator;
  } else if (source_a == Source::Accumulator && source_v == Source::Accumulator) {
    if (address.place() != Place::T) a = slot_of(address, position), source_a = Source::Slot;
    else v = slot_of(value, position + 1), source_v = Source::Slot;
  }
  emit_store(op, offset, {source_a, a}, {source_v, v},
             kStoreForms[static_cast<u32>(source_a)][static_cast<u32>(source_v)]);
}

void QuickSink::store_float(Op op, u32 offset) {
  u32 position = height() - 2;
  Operand value = pop();
  Operand address = pop();
  if (is_constant(address.place())) load_t(address, position);
  Source source_a = is_constant(address.place()) ? Source::Accumulator : source_of(address);
  Source source_v = in_f(value) ? Source::Accumulator : Source::Slot;
  u32 v = source_v == Source::Slot ? slot_of(value, position + 1) : 0;
  // Value and address are in different accumulators.
  u8 form = source_a == source_v && source_v == Source::Accumulator
                ? u8{kTT}
                : kStoreForms[static_cast<u32>(source_a)][static_cast<u32>(source_v)];
  emit_store(op, offset, {source_a, address.value()}, {source_v, v}, form);
}

inline void QuickSink::emit_store(Op op, u32 offset, Taken address, Taken value, u8 form) {
  Source width = offset > 0xFF ? Source::Word : Source::Byte;
  out_.op(family_of(op).first + (2 * u32{form} + (width == Source::Word ? 1 : 0)),
          operands().of(address.source, address.value).of(value.source, value.value));
  out_.of(width, offset);
}

// --- Variables, drop, select -----------------------------------------------------------------------------------------

// Of an operand that is no vector.
void QuickSink::set_local(u32 slot) {
  u32 position = height() - 1;
  Operand value = pop();
  store_uses_of_local(slot);
  bool was_t = in_t(value), was_f = in_f(value);
  if (value.place() == Place::Slot) out_.op(QuickOp::Copy, operands().slot(home(position)).slot(slot));
  else store_to(value, slot);
  if (was_t) t_.mirror = slot;
  else if (t_.mirror == slot) t_.mirror = kNothing;
  if (was_f) f_.mirror = slot;
  else if (f_.mirror == slot) f_.mirror = kNothing;
}

void QuickSink::on_global(const Instruction& instruction) {
  if (!reachable_) return;
  leave_accumulators();
  ValueType type = instruction.type;
  bool is_float = type == kF32 || type == kF64;
  if (instruction.op == Op::GlobalGet) {
    if (type == kV128 || is_float) {
      emit(type == kV128 ? QuickOp::GlobalCopy16 : QuickOp::GlobalCopy);
      out_.word(instruction.index);
      if (type == kV128) return push_vector();
      out_.slot(home(height()));
      return push_settled();
    }
    free_t();
    emit_value(QuickOp::GlobalGetT, operands().word(instruction.index));
    return push_t();
  }
  if (type == kV128) {
    u32 slot = pop_vector();
    emit(QuickOp::GlobalSet16);
    out_.word(instruction.index);
    return out_.slot(slot);
  }
  u32 position = height() - 1;
  Operand value = pop();
  if (in_t(value)) {
    emit(QuickOp::GlobalSetT);
    return out_.word(instruction.index);
  }
  u32 slot = slot_of(value, position);
  emit(QuickOp::GlobalSetL);
  out_.word(instruction.index);
  out_.slot(slot);
}

void QuickSink::on_drop_or_select(const Instruction& instruction) {
  if (!reachable_) return;
  leave_accumulators();
  if (instruction.op != Op::Drop) return select(instruction);
  for (u32 i = 0; i < instruction.type.slots(); ++i) pop();
}

void QuickSink::select(const Instruction& instruction) {
  ValueType type = instruction.type;
  if (type == kV128) return vector_select();
  u32 position = height() - 3;
  Operand condition = pop();
  Operand second = pop();
  Operand first = pop();
  u32 slot_first = slot_of(first, position), slot_second = slot_of(second, position + 1);
  load_t(condition, position + 2);
  if (type == kF32 || type == kF64) {
    free_f();
    emit_value(type == kF32 ? QuickOp::SelectF32 : QuickOp::SelectF64, operands().slot(slot_first).slot(slot_second),
               true);
  } else {
    free_t();
    emit_value(QuickOp::SelectT, operands().slot(slot_first).slot(slot_second));
  }
  push_result(type == kF32 ? Place::F32 : type == kF64 ? Place::F64 : Place::T);
}

// --- Everything else -------------------------------------------------------------------------------------------------

void QuickSink::access(const Instruction& instruction) {
  switch (family_of(instruction.op).family) {
    case Family::Load: return load(instruction.op, static_cast<u32>(instruction.value));
    case Family::Store: return store(instruction.op, static_cast<u32>(instruction.value));
    case Family::FloatStore: return store_float(instruction.op, static_cast<u32>(instruction.value));
    case Family::VectorLoad: return vector_load(instruction);
    case Family::VectorStore: return vector_store(instruction);
    default: return plain(instruction, false);
  }
}

void QuickSink::plain(const Instruction& instruction, bool general) {
  const OpInfo& info = op_info(instruction.op);
  u32 operands = 0;
  if (info.signature.special) {
    store_all();
  } else {
    for (u32 i = 0; i < info.signature.operand_count; ++i) operands += slots_of_letter(info.signature.operands[i]);
    store_top(operands);
  }
  emit(QuickOp::PlainUnreachable + (2 * static_cast<u32>(instruction.op) + (general ? 1 : 0)));
  out_.slot(home(height()));
  const u8* first = code_ + instruction.pc;
  if (is_prefix(*first))
    while (*++first & 0x80) {
    }
  out_.bytes(first, code_ + state_->next_pc());
  if (info.signature.special) return settle(state_->operand_height());
  for (u32 i = 0; i < operands; ++i) pop();
  for (u32 i = 0; i < slots_of_letter(info.signature.result); ++i) push_settled();
}

void QuickSink::compute(const Instruction& instruction) {
  if (instruction.op != Op::I32Eqz) leave_accumulators();
  switch (family_of(instruction.op).family) {
    case Family::Binary:
    case Family::Compare: return binary(instruction.op == Op::RefEq ? Op::I64Eq : instruction.op);
    case Family::FloatBinary:
    case Family::FloatCompare: return float_binary(instruction.op);
    case Family::Unary: return unary(instruction.op);
    case Family::Vector: return vector(instruction);
    default: return other(instruction);
  }
}

void QuickSink::on_common(const Instruction& instruction) {
  switch (family_of(instruction.op).family) {
    case Family::Load:
    case Family::Store:
    case Family::FloatStore: return access(instruction);
    case Family::None: return select(instruction);
    default: return compute(instruction);
  }
}

void QuickSink::other(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::Nop: return;
    case Op::F32Const: return push({Place::ConstF32, static_cast<u32>(instruction.value)});
    case Op::F64Const: return push({Place::ConstF64, instruction.pc + 1});
    case Op::V128Const:
      emit(QuickOp::V128Const_V);
      out_.bytes(code_ + state_->next_pc() - 16, code_ + state_->next_pc());
      return push_vector();
    case Op::I8x16Shuffle: return vector(instruction);
    case Op::RefNull: return push({Place::ConstI64});
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef: return call(instruction);
    case Op::Return: return_values(result_slots_); return become_unreachable();
    case Op::Unreachable: emit(QuickOp::Trap); return become_unreachable();
    case Op::Throw: {
      u32 count = module_.registry->get(module_.tags[instruction.index].type).param_slots;
      store_top(count);
      emit(QuickOp::Throw);
      out_.word(instruction.index);
      out_.slot(home(height()));
      return become_unreachable();
    }
    case Op::ThrowRef:
      store_top(1);
      emit(QuickOp::ThrowReference);
      out_.slot(home(height() - 1));
      return become_unreachable();
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: return instruction.type == kV128 ? plain(instruction, false) : get_member(instruction);
    case Op::StructSet:
    case Op::ArraySet: return instruction.type == kV128 ? plain(instruction, false) : set_member(instruction);
    case Op::ArrayLen: return array_length();
    default: return plain(instruction, false);
  }
}

}  // namespace brink::quick
