// Vector instructions: one of the machine's each, loads and stores.
#include "jit/baseline/vectors.h"

#include <cassert>
#include <utility>

#include "jit/baseline/vector_compiler_a64.h"

namespace brink::jit {

using Inst = a64::Inst;

bool has_vector_code(Op op) { return vector_code(op).form != VectorForm::None; }

void FunctionCompiler::vector_instruction(const Instruction& instruction) { VectorCompiler(*this).instruction(instruction); }
void FunctionCompiler::vector_access(const Instruction& instruction) { VectorCompiler(*this).access(instruction); }

// --- One instruction of the machine's ----------------------------------------------------------------------------------

void VectorCompiler::binary(const VectorCode& code) {
  Value b = pop(), a = pop();
  if (code.form == VectorForm::Swapped) std::swap(a, b);
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Fp d = result(&a, &b);
  if (code.form == VectorForm::Wide) emit_wide(code.id, code.lanes, d, code.from, left, right);
  else emit(code.id, code.lanes, d, left, right);
  if (code.form == VectorForm::BinaryNot) emit(Inst::kIdNot_v, Lanes::B16, d, d);
  push(d, {&a, &b});
}

void VectorCompiler::unary(const VectorCode& code) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  if (code.form == VectorForm::UnaryWide) emit_wide(code.id, code.lanes, d, code.from, s);
  else emit(code.id, code.lanes, d, s);
  push(d, {&a});
}

void VectorCompiler::narrow(const VectorCode& code) {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  emit_wide(code.id, code.lanes, kScratchFp, code.from, left);
  emit_wide(code.second, code.lanes == Lanes::B8 ? Lanes::B16 : Lanes::H8, kScratchFp, code.from, right);
  Fp d = result(&a, &b);
  a_.move(d, kScratchFp);
  push(d, {&a, &b});
}

void VectorCompiler::shift(const VectorCode& code) {
  Value count = f_.pop(), a = pop();
  u32 mask = code.lanes == Lanes::B16 ? 7 : code.lanes == Lanes::H8 ? 15 : code.lanes == Lanes::S4 ? 31 : 63;
  if (count.is_constant()) {
    Fp s = f_.in_fp(a);
    Fp d = result(&a);
    u32 by = static_cast<u32>(count.bits) & mask;
    if (by == 0) a_.move(d, s);
    else emit(code.second, code.lanes, d, s, by);
    return push(d, {&a});
  }
  Gp by = f_.in_own_gp(count);
  a_.alu(Alu::And, Width::W32, by, by, static_cast<i32>(mask));
  if (code.form == VectorForm::ShiftRight) a_.negate(Width::W64, by);
  splat(code.lanes, kScratchFp, by);
  f_.release(count);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  emit(code.id, code.lanes, d, s, kScratchFp);
  push(d, {&a});
}

void VectorCompiler::instruction(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  switch (code.form) {
    case VectorForm::Binary:
    case VectorForm::Swapped:
    case VectorForm::BinaryNot:
    case VectorForm::Wide: return binary(code);
    case VectorForm::Unary:
    case VectorForm::UnaryWide: return unary(code);
    case VectorForm::Narrow: return narrow(code);
    case VectorForm::ShiftLeft:
    case VectorForm::ShiftRight: return shift(code);
    default: return sequence(instruction);
  }
}

// --- Loads and stores --------------------------------------------------------------------------------------------------

void VectorCompiler::load_lane(const Instruction& instruction, u32 bytes, Lanes lanes) {
  Value a = pop(), address = f_.pop();
  Gp held;
  Address from = f_.locate(instruction, address, bytes, held);
  Gp value = f_.take_gp();
  u32 begin = a_.offset();
  a_.load(bytes == 1 ? Load::U8 : bytes == 2 ? Load::U16 : bytes == 4 ? Load::U32 : Load::U64, value, from);
  f_.note_access(begin);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  a_.move(d, s);
  insert(d, lanes, instruction.index2, value);
  f_.release(value);
  f_.release(address);
  f_.release_held(held);
  push(d, {&a});
}

void VectorCompiler::store_lane(const Instruction& instruction, u32 bytes, Lanes lanes) {
  Value a = pop(), address = f_.pop();
  Gp held;
  Address to = f_.locate(instruction, address, bytes, held);
  Fp s = f_.in_fp(a);
  Gp value = f_.take_gp();
  to_general(value, s, lanes, instruction.index2, false, bytes == 8);
  u32 begin = a_.offset();
  a_.store(bytes, to, value);
  f_.note_access(begin);
  f_.release(value);
  f_.release(address);
  f_.release(a);
  f_.release_held(held);
}

void VectorCompiler::access(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  u32 bytes = 8;
  Lanes lanes = Lanes::D2;
  bool splats = false;
  switch (instruction.op) {
    case Op::V128Load8Lane: return load_lane(instruction, 1, Lanes::B16);
    case Op::V128Load16Lane: return load_lane(instruction, 2, Lanes::H8);
    case Op::V128Load32Lane: return load_lane(instruction, 4, Lanes::S4);
    case Op::V128Load64Lane: return load_lane(instruction, 8, Lanes::D2);
    case Op::V128Store8Lane: return store_lane(instruction, 1, Lanes::B16);
    case Op::V128Store16Lane: return store_lane(instruction, 2, Lanes::H8);
    case Op::V128Store32Lane: return store_lane(instruction, 4, Lanes::S4);
    case Op::V128Store64Lane: return store_lane(instruction, 8, Lanes::D2);
    case Op::V128Load8Splat: bytes = 1, lanes = Lanes::B16, splats = true; break;
    case Op::V128Load16Splat: bytes = 2, lanes = Lanes::H8, splats = true; break;
    case Op::V128Load32Splat: bytes = 4, lanes = Lanes::S4, splats = true; break;
    case Op::V128Load64Splat: splats = true; break;
    case Op::V128Load32Zero: bytes = 4; break;
    default: break;
  }
  Value address = f_.pop();
  Gp held;
  Address from = f_.locate(instruction, address, bytes, held);
  Fp d = result(nullptr);
  u32 begin = a_.offset();
  if (bytes < 4) {
    Gp value = f_.take_gp();
    begin = a_.offset();
    a_.load(bytes == 1 ? Load::U8 : Load::U16, value, from);
    f_.note_access(begin);
    splat(lanes, d, value);
    f_.release(value);
  } else {
    a_.load_float(bytes, d, from);
    f_.note_access(begin);
    if (splats) splat(lanes, d, d);
    if (code.id != 0) emit_wide(code.id, code.lanes, d, code.from, d);
  }
  f_.release(address);
  f_.release_held(held);
  push(d, {});
}

}  // namespace brink::jit
