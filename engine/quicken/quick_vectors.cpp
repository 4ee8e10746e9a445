// Vectors. They live in slots only, two each: a vector on the operand stack is in a local's slots, noted at both of its
// positions, or in its own. An instruction names the slots it reads and the one it writes, which local.set may change
// as long as nothing follows.
#include "engine/quicken/quick_sink.h"

namespace brink::quick {

u32 QuickSink::pop_vector() {
  Operand high = pop();
  Operand low = pop();
  u32 position = height();
  if (low.place() == Place::Local && high.place() == Place::Local) return low.value();
  store_to(low, home(position));
  store_to(high, home(position + 1));
  return home(position);
}

void QuickSink::push_vector() {
  out_.result_slot(home(height()));
  push_settled();
  push_settled();
}

void QuickSink::vector(const Instruction& instruction) {
  const OpInfo& info = op_info(instruction.op);
  u32 slots[3];
  // From the top, because what is in an accumulator is most likely there.
  for (u32 i = info.signature.operand_count; i-- > 0;) {
    if (info.signature.operands[i] == 's') {
      slots[i] = pop_vector();
    } else {
      u32 position = height() - 1;
      slots[i] = slot_of(pop(), position);
    }
  }
  bool is_shuffle = instruction.op == Op::I8x16Shuffle;
  Place to = result_place(instruction.op);
  bool makes_vector = info.signature.result == 's';
  const u8* end = code_ + state_->next_pc();
  bool has_lane = info.immediate == Immediate::Lane;
  if (!makes_vector) {
    if (to == Place::T) free_t();
    else free_f();
    Emitter::Operands written = operands();
    for (u32 i = 0; i < info.signature.operand_count; ++i) written.slot(slots[i]);
    if (has_lane) written.byte(end[-1]);
    emit_value(family_of(instruction.op).first, written, to != Place::T);
    return push_result(to);
  }
  emit(is_shuffle ? QuickOp::I8x16Shuffle_V : family_of(instruction.op).first);
  for (u32 i = 0; i < info.signature.operand_count; ++i) out_.slot(slots[i]);
  if (is_shuffle) out_.bytes(end - 16, end);
  else if (has_lane) out_.byte(end[-1]);
  push_vector();
}

void QuickSink::vector_load(const Instruction& instruction) {
  u32 position = height() - 1;
  Operand address = pop();
  if (is_constant(address.place())) load_t(address, position);
  bool in_accumulator = is_constant(address.place()) || in_t(address);
  u32 slot = in_accumulator ? 0 : slot_of(address, position);
  auto offset = static_cast<u32>(instruction.value);
  emit(family_of(instruction.op).first + ((in_accumulator ? 0 : 2) + (offset > 0xFF ? 1 : 0)));
  if (!in_accumulator) out_.slot(slot);
  if (offset > 0xFF) out_.word(offset);
  else out_.byte(static_cast<u8>(offset));
  push_vector();
}

void QuickSink::vector_store(const Instruction& instruction) {
  u32 value = pop_vector();
  u32 position = height() - 1;
  Operand address = pop();
  if (is_constant(address.place())) load_t(address, position);
  bool in_accumulator = is_constant(address.place()) || in_t(address);
  u32 slot = in_accumulator ? 0 : slot_of(address, position);
  auto offset = static_cast<u32>(instruction.value);
  emit(family_of(instruction.op).first + ((in_accumulator ? 0 : 2) + (offset > 0xFF ? 1 : 0)));
  if (!in_accumulator) out_.slot(slot);
  out_.slot(value);
  if (offset > 0xFF) out_.word(offset);
  else out_.byte(static_cast<u8>(offset));
}

void QuickSink::vector_local(const Instruction& instruction) {
  u32 slot = local_slot(instruction.index);
  auto push_local = [&] {
    push({Place::Local, slot});
    push({Place::Local, slot + 1});
  };
  if (instruction.op == Op::LocalGet) return push_local();
  u32 from = pop_vector();
  bool is_fresh = from == home(height()) && out_.can_redirect(from);
  bool is_used = false;
  for (u32 position = settled_; position < height(); ++position)
    is_used |= stack_[position].place() == Place::Local && stack_[position].value() - slot < 2;
  if (is_fresh && !is_used) {
    out_.redirect(slot);
  } else {
    store_uses_of_local(slot);
    store_uses_of_local(slot + 1);
    if (from != slot) {
      emit(QuickOp::Copy16);
      out_.slot(from);
      out_.slot(slot);
    }
  }
  if (instruction.op == Op::LocalTee) push_local();
}

void QuickSink::vector_select() {
  u32 position = height() - 1;
  Operand condition = pop();
  u32 second = pop_vector();
  u32 first = pop_vector();
  load_t(condition, position);
  emit(QuickOp::Select16);
  out_.slot(first);
  out_.slot(second);
  push_vector();
}

}  // namespace brink::quick
