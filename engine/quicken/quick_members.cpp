// Fields of structs and elements of arrays.
#include "engine/quicken/quick_sink.h"

namespace brink::quick {
namespace {

// As quick_ops.def lists the rows of BRINK_QUICK_GET.
enum class Member : u8 { I8S, I8U, I16S, I16U, I32, I64, F32, F64 };

Member member_of(ValueType storage, bool is_signed) {
  switch (storage.kind()) {
    case TypeKind::I8: return is_signed ? Member::I8S : Member::I8U;
    case TypeKind::I16: return is_signed ? Member::I16S : Member::I16U;
    case TypeKind::I32: return Member::I32;
    case TypeKind::F32: return Member::F32;
    case TypeKind::F64: return Member::F64;
    default: return Member::I64;  // references too
  }
}

// Opcodes of a row of BRINK_QUICK_GET and BRINK_QUICK_SET.
constexpr u32 kGets = 8, kSets = 5;
static_assert(QuickOp::GetField8S_T + kGets == QuickOp::GetField8U_T);
static_assert(QuickOp::SetField8_LT + kSets == QuickOp::SetField16_LT);

// The row of BRINK_QUICK_SET.
u32 width_of(ValueType storage) {
  switch (storage_bytes(storage)) {
    case 1: return 0;
    case 2: return 1;
    case 4: return 2;
    default: return 3;
  }
}

}  // namespace

void QuickSink::get_member(const Instruction& instruction) {
  bool is_array = instruction.op == Op::ArrayGet || instruction.op == Op::ArrayGetS || instruction.op == Op::ArrayGetU;
  bool is_signed = instruction.op == Op::StructGetS || instruction.op == Op::ArrayGetS;
  Member member = member_of(instruction.type, is_signed);
  bool to_f = member == Member::F32 || member == Member::F64;
  // The operand that may be in T: the index, or the object of a struct.
  u32 position = height() - 1;
  Operand last = pop();
  u32 array = 0;
  if (is_array) {
    Operand object = pop();
    array = slot_of(object, position - 1);
  }
  if (is_constant(last.place())) load_t(last, position);
  bool accumulated = is_constant(last.place()) || in_t(last);
  if (to_f) free_f();
  else free_t();
  u32 form = (is_array ? 4 : 0) + (accumulated ? 0 : 2);
  Emitter::Operands written = operands();
  if (is_array) written.slot(array);
  if (!accumulated) written.slot(slot_of(last, position));
  if (!is_array) {
    TypeId type = module_.type_ids[instruction.index];
    written.word(module_.registry->get(type).layout.field_offsets[instruction.index2]);
  }
  emit_value(QuickOp::GetField8S_T + (kGets * static_cast<u32>(member) + form), written, to_f);
  push_result(member == Member::F32 ? Place::F32 : member == Member::F64 ? Place::F64 : Place::T);
}

void QuickSink::set_member(const Instruction& instruction) {
  bool is_array = instruction.op == Op::ArraySet;
  QuickOp row = QuickOp::SetField8_LT + kSets * width_of(instruction.type);
  u32 position = height() - 1;
  Operand value = pop();
  Operand index;
  if (is_array) index = pop();
  Operand object = pop();
  if (is_array) {
    u32 array = slot_of(object, position - 2);
    if (in_t(value)) {
      u32 slot = slot_of(index, position - 1);
      emit(row + 3);
      out_.slot(array);
      return out_.slot(slot);
    }
    u32 slot = slot_of(value, position);
    if (in_t(index)) {
      emit(row + 2);
      out_.slot(array);
    } else {
      u32 index_slot = slot_of(index, position - 1);
      emit(row + 4);
      out_.slot(array);
      out_.slot(index_slot);
    }
    return out_.slot(slot);
  }
  u32 slot = slot_of(object, position - 1);
  if (in_t(value)) {
    emit(row);
    out_.slot(slot);
  } else {
    u32 value_slot = slot_of(value, position);
    emit(row + 1);
    out_.slot(slot);
    out_.slot(value_slot);
  }
  out_.word(module_.registry->get(module_.type_ids[instruction.index]).layout.field_offsets[instruction.index2]);
}

void QuickSink::array_length() {
  u32 position = height() - 1;
  Operand array = pop();
  if (is_constant(array.place())) load_t(array, position);
  bool accumulated = is_constant(array.place()) || in_t(array);
  free_t();
  Source source = accumulated ? Source::Accumulator : Source::Slot;
  emit_value(QuickOp::ArrayLength_T + (accumulated ? 0 : 2), operands().of(source, array.value()));
  push_t();
}

}  // namespace brink::quick
