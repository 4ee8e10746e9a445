// Vector instructions: one of the machine's each, lanes, loads and stores.
#include <cassert>
#include <cstring>

#include "jit/baseline/vector_compiler_x64.h"

namespace brink::jit {

void FunctionCompiler::vector_instruction(const Instruction& instruction) { VectorCompiler(*this).instruction(instruction); }
void FunctionCompiler::vector_access(const Instruction& instruction) { VectorCompiler(*this).access(instruction); }

void VectorCompiler::push_constant(const Bytes& bytes) {
  f_.push_whole({.place = Place::Constant, .kind = Kind::V128, .index = f_.pooled(bytes.data())});
}

void VectorCompiler::pooled(Opcode op, Fp d, Fp a, u32 number, int immediate) {
  a_.vector(op, d, a, Assembler::kPool, immediate);
  f_.chain(f_.pool_[number].fields, a_.pool_field(immediate));
}

void VectorCompiler::invert(Fp d) {
  ones(kScratchFp);
  a_.vector(kPxor, d, d, kScratchFp);
}

// d = s shifted by a constant, as the instruction that takes its count from a register would.
void VectorCompiler::shift_by(Opcode op, Fp d, Fp s, u32 count) {
  if (count == 0) return a_.move(d, s);
  u32 extension = op.code >> 4 == 0xF ? 6 : op.code >> 4 == 0xE ? 4 : 2;
  a_.vector_shift(p66(static_cast<u8>(0x70 | (op.code & 3))), extension, d, s, count);
}

// The lowest lane of s to all of d.
void VectorCompiler::splat(Fp d, Fp s, u32 lane_bytes) {
  if (lane_bytes <= 2 && a_.features().avx2) {
    a_.vector(lane_bytes == 1 ? kVpbroadcastb : kVpbroadcastw, d, s);
  } else if (lane_bytes == 1) {
    a_.zero_float(kScratchFp);
    a_.vector(kPshufb, d, s, kScratchFp);
  } else if (lane_bytes == 2) {
    a_.vector(kPshuflw, d, s, 0);
    a_.vector(kPshufd, d, d, 0);
  } else if (lane_bytes == 4) {
    a_.vector(kPshufd, d, s, 0);
  } else {
    a_.vector(kMovddup, d, s);
  }
}

// --- One instruction of the machine's ----------------------------------------------------------------------------------

void VectorCompiler::binary(const VectorCode& code, bool is_commutative, bool is_swapped, bool is_inverted) {
  Value b = pop(), a = pop();
  if (is_swapped || (is_commutative && (a.is_constant() || (f_.in_memory(a) && !f_.in_memory(b) && !b.is_constant()))))
    std::swap(a, b);
  Fp left = f_.in_fp(a), d;
  if (b.is_constant()) {
    d = result(&a);
    pooled(code.op, d, left, b.index, code.immediate);
  } else if (avx() && f_.in_memory(b)) {
    d = result(&a);
    a_.vector(code.op, d, left, f_.address_of(b), code.immediate);
  } else {
    Fp right = f_.in_fp(b);
    d = result(&a, &b);
    if (is_commutative && d == right) std::swap(left, right);
    a_.vector(code.op, d, left, right, code.immediate);
  }
  if (is_inverted) invert(d);
  push(d, {&a, &b});
}

void VectorCompiler::unary(const VectorCode& code) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  if (code.form == VectorForm::HighHalf) {
    a_.vector(kPshufd, d, s, 0xEE);
    s = d;
  }
  a_.vector(code.op, d, s, code.immediate);
  push(d, {&a});
}

void VectorCompiler::negate_integer(const VectorCode& code) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  a_.zero_float(kScratchFp);
  a_.vector(code.op, kScratchFp, kScratchFp, s);
  a_.move(d, kScratchFp);
  push(d, {&a});
}

void VectorCompiler::shift(const VectorCode& code) {
  Value count = f_.pop(), a = pop();
  if (count.is_constant()) {
    Fp s = f_.in_fp(a);
    Fp d = result(&a);
    shift_by(code.op, d, s, static_cast<u32>(count.bits) & static_cast<u32>(code.immediate));
    return push(d, {&a});
  }
  Gp by = f_.in_own_gp(count);
  a_.alu(Alu::And, Width::W32, by, by, code.immediate);
  a_.gp_to_float(Width::W32, kScratchFp, by);
  f_.release(count);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  a_.vector(code.op, d, s, kScratchFp);
  push(d, {&a});
}

void VectorCompiler::bitmask(const VectorCode& code) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Gp d = f_.result_gp(Kind::I32, nullptr);
  a_.vector(code.op, Width::W32, d, s);
  f_.release(a);
  f_.push_gp(Kind::I32, d);
}

void VectorCompiler::instruction(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  switch (code.form) {
    case VectorForm::Commutative: return binary(code, true, false, false);
    case VectorForm::Binary: return binary(code, false, false, false);
    case VectorForm::Swapped: return binary(code, false, true, false);
    case VectorForm::CommutativeNot: return binary(code, true, false, true);
    case VectorForm::BinaryNot: return binary(code, false, false, true);
    case VectorForm::SwappedNot: return binary(code, false, true, true);
    case VectorForm::Unary:
    case VectorForm::HighHalf: return unary(code);
    case VectorForm::NegateInteger: return negate_integer(code);
    case VectorForm::Shift: return shift(code);
    case VectorForm::Bitmask: return bitmask(code);
    case VectorForm::Sequence: return sequence(instruction);
    case VectorForm::Lane: return lane(instruction);
    case VectorForm::Shuffle: {
      if (instruction.op != Op::I8x16Shuffle) return swizzle();
      Bytes lanes;
      std::memcpy(lanes.data(), f_.code_ + f_.state_->next_pc() - 16, 16);
      return shuffle(lanes);
    }
    default: assert(false);
  }
}

// --- Lanes -------------------------------------------------------------------------------------------------------------

void VectorCompiler::lane(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::I8x16Splat: return splat(Kind::I32, 1);
    case Op::I16x8Splat: return splat(Kind::I32, 2);
    case Op::I32x4Splat: return splat(Kind::I32, 4);
    case Op::I64x2Splat: return splat(Kind::I64, 8);
    case Op::F32x4Splat: return splat(Kind::F32, 4);
    case Op::F64x2Splat: return splat(Kind::F64, 8);
    case Op::I8x16ExtractLaneS: return extract(instruction, Load::S8To32, Kind::I32, 1);
    case Op::I8x16ExtractLaneU: return extract(instruction, Load::U8, Kind::I32, 1);
    case Op::I16x8ExtractLaneS: return extract(instruction, Load::S16To32, Kind::I32, 2);
    case Op::I16x8ExtractLaneU: return extract(instruction, Load::U16, Kind::I32, 2);
    case Op::I32x4ExtractLane: return extract(instruction, Load::U32, Kind::I32, 4);
    case Op::I64x2ExtractLane: return extract(instruction, Load::U64, Kind::I64, 8);
    case Op::F32x4ExtractLane: return extract(instruction, Load::U32, Kind::F32, 4);
    case Op::F64x2ExtractLane: return extract(instruction, Load::U64, Kind::F64, 8);
    case Op::I8x16ReplaceLane: return replace(instruction, Kind::I32, 1);
    case Op::I16x8ReplaceLane: return replace(instruction, Kind::I32, 2);
    case Op::I32x4ReplaceLane: return replace(instruction, Kind::I32, 4);
    case Op::I64x2ReplaceLane: return replace(instruction, Kind::I64, 8);
    case Op::F32x4ReplaceLane: return replace(instruction, Kind::F32, 4);
    default: return replace(instruction, Kind::F64, 8);
  }
}

void VectorCompiler::extract(const Instruction& instruction, Load load, Kind kind, u32 bytes) {
  u32 lane = instruction.index2;
  Value a = pop();
  if (f_.in_memory(a)) {
    Address from = f_.address_of(a);
    from.offset += static_cast<i32>(bytes * lane);
    if (is_float(kind)) {
      Fp d = f_.result_fp(kind, nullptr);
      a_.load_float(bytes, d, from);
      return f_.push_fp(kind, d);
    }
    Gp d = f_.result_gp(kind, nullptr);
    a_.load(load, d, from);
    return f_.push_gp(kind, d);
  }
  Fp s = f_.in_fp(a);
  if (is_float(kind)) {
    Fp d = f_.result_fp(kind, &a);
    if (lane == 0) a_.move(d, s);
    else a_.vector(kPshufd, d, s, static_cast<int>(bytes == 8 ? 0xEE : lane));
    if (d != s) f_.release(a);
    return f_.push_fp(kind, d);
  }
  Gp d = f_.result_gp(kind, nullptr);
  Width w = width_of(kind);
  int at = static_cast<int>(lane);
  if (bytes == 1) a_.vector(kPextrb, Width::W32, d, s, at);
  else if (bytes == 2) a_.vector(kPextrw, Width::W32, d, s, at);
  else if (lane == 0) a_.float_to_gp(w, d, s);
  else a_.vector(kPextrd, w, d, s, at);
  if (load == Load::S8To32 || load == Load::S16To32) a_.sign_extend(Width::W32, d, d, bytes);
  f_.release(a);
  f_.push_gp(kind, d);
}

void VectorCompiler::replace(const Instruction& instruction, Kind kind, u32 bytes) {
  int lane = static_cast<int>(instruction.index2);
  Value value = f_.pop();
  Value a = pop();
  value.kind = kind;
  if (is_float(kind)) {
    Fp with = f_.in_fp(value);
    Fp s = f_.in_fp(a);
    Fp d = result(&a);
    if (bytes == 4) a_.vector(kInsertps, d, s, with, lane << 4);
    else a_.vector(lane == 0 ? kMovsd : kUnpcklpd, d, s, with);
    return push(d, {&a, &value});
  }
  Gp with = f_.in_gp(value);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  a_.vector(bytes == 1 ? kPinsrb : bytes == 2 ? kPinsrw : kPinsrd, width_of(kind), d, s, with, lane);
  push(d, {&a, &value});
}

void VectorCompiler::splat(Kind kind, u32 bytes) {
  Value value = f_.pop();
  value.kind = kind;
  if (value.is_constant()) {
    switch (bytes) {
      case 1: return push_constant(lanes(static_cast<u8>(value.bits)));
      case 2: return push_constant(lanes(static_cast<u16>(value.bits)));
      case 4: return push_constant(lanes(static_cast<u32>(value.bits)));
      default: return push_constant(lanes(value.bits));
    }
  }
  if (f_.in_memory(value) && (bytes == 8 || (bytes == 4 && avx()))) {
    Fp d = result(nullptr);
    a_.vector(bytes == 8 ? kMovddup : kVbroadcastss, d, f_.address_of(value));
    return push(d, {});
  }
  if (is_float(kind)) {
    Fp s = f_.in_fp(value);
    Fp d = result(&value);
    splat(d, s, bytes);
    return push(d, {&value});
  }
  Gp s = f_.in_gp(value);
  Fp d = result(nullptr);
  a_.gp_to_float(width_of(kind), d, s);
  splat(d, d, bytes);
  push(d, {&value});
}

// --- Loads and stores --------------------------------------------------------------------------------------------------

void VectorCompiler::load_lane(const Instruction& instruction, u32 bytes) {
  int lane = static_cast<int>(instruction.index2);
  Value a = pop(), address = f_.pop();
  Gp held;
  Address from = f_.locate(instruction, address, bytes, held);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  if (!avx()) a_.move(d, std::exchange(s, d));
  u32 begin = a_.offset();
  if (bytes == 8) a_.vector(lane == 0 ? kMovlpsFrom : kMovhpsFrom, d, s, from);
  else a_.vector(bytes == 1 ? kPinsrb : bytes == 2 ? kPinsrw : kPinsrd, d, s, from, lane);
  f_.note_access(begin);
  f_.release(address);
  f_.release_held(held);
  push(d, {&a});
}

void VectorCompiler::store_lane(const Instruction& instruction, u32 bytes) {
  int lane = static_cast<int>(instruction.index2);
  Value a = pop(), address = f_.pop();
  Gp held;
  Address to = f_.locate(instruction, address, bytes, held);
  Fp s = f_.in_fp(a);
  u32 begin = a_.offset();
  if (bytes >= 4 && lane == 0) a_.store_float(bytes, to, s);
  else if (bytes == 8) a_.vector(kMovhpsTo, Width::W32, to, s, Assembler::kNoImmediate);
  else a_.vector(bytes == 1 ? kPextrb : bytes == 2 ? kPextrwTo : kPextrd, Width::W32, to, s, lane);
  f_.note_access(begin);
  f_.release(address);
  f_.release(a);
  f_.release_held(held);
}

void VectorCompiler::access(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  u32 bytes = 0;
  switch (instruction.op) {
    case Op::V128Load8Lane: return load_lane(instruction, 1);
    case Op::V128Load16Lane: return load_lane(instruction, 2);
    case Op::V128Load32Lane: return load_lane(instruction, 4);
    case Op::V128Load64Lane: return load_lane(instruction, 8);
    case Op::V128Store8Lane: return store_lane(instruction, 1);
    case Op::V128Store16Lane: return store_lane(instruction, 2);
    case Op::V128Store32Lane: return store_lane(instruction, 4);
    case Op::V128Store64Lane: return store_lane(instruction, 8);
    case Op::V128Load8Splat: bytes = 1; break;
    case Op::V128Load16Splat: bytes = 2; break;
    case Op::V128Load32Splat:
    case Op::V128Load32Zero: bytes = 4; break;
    default: bytes = 8;
  }
  Value address = f_.pop();
  Gp held;
  Address from = f_.locate(instruction, address, bytes, held);
  Fp d = result(nullptr);
  u32 begin = a_.offset();
  if (code.form == VectorForm::Load) {
    a_.vector(code.op, d, from);
  } else if (instruction.op == Op::V128Load32Zero || instruction.op == Op::V128Load64Zero) {
    a_.load_float(bytes, d, from);
  } else if (bytes == 8) {
    a_.vector(kMovddup, d, from);
  } else if (bytes == 4 && avx()) {
    a_.vector(kVbroadcastss, d, from);
  } else if (bytes == 4) {
    a_.load_float(4, d, from);
    splat(d, d, 4);
  } else if (a_.features().avx2) {
    a_.vector(bytes == 1 ? kVpbroadcastb : kVpbroadcastw, d, from);
  } else {
    a_.vector(bytes == 1 ? kPinsrb : kPinsrw, d, d, from, 0);
    splat(d, d, bytes);
  }
  f_.note_access(begin);
  f_.release(address);
  f_.release_held(held);
  push(d, {});
}

}  // namespace brink::jit
