// Vector instructions between lanes and scalars, and those that take several instructions.
//
// Relaxed instructions give the results of the deterministic profile, as the interpreter does: what may be fused is not.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "jit/baseline/vector_compiler_a64.h"

namespace brink::jit {
namespace {

using Inst = a64::Inst;

// tbl looks up in registers that follow each other; both are nobody's.
constexpr Fp kTable = Fp::f30;
static_assert(kScratchFp == Fp::f31);

arm::Vec lane_of(Fp reg, Lanes lanes, u32 lane) {
  arm::VecV v(static_cast<u32>(reg));
  switch (lanes) {
    case Lanes::B16: return v.b(lane);
    case Lanes::H8: return v.h(lane);
    case Lanes::S4: return v.s(lane);
    default: return v.d(lane);
  }
}
arm::GpW w(Gp reg) { return arm::GpW(static_cast<u32>(reg)); }
arm::GpX x(Gp reg) { return arm::GpX(static_cast<u32>(reg)); }

}  // namespace

void VectorCompiler::across(u32 id, Lanes lanes, Fp d, Fp a) {
  arm::VecV out(static_cast<u32>(d));
  arm::Vec to = lanes == Lanes::B16 ? static_cast<arm::Vec>(out.b()) : lanes == Lanes::H8 ? static_cast<arm::Vec>(out.h()) : static_cast<arm::Vec>(out.s());
  a_.raw().emit(id, to, v(a, lanes));
}

void VectorCompiler::splat(Lanes lanes, Fp d, Gp s) {
  if (lanes == Lanes::D2) a_.raw().emit(Inst::kIdDup_v, v(d, lanes), x(s));
  else a_.raw().emit(Inst::kIdDup_v, v(d, lanes), w(s));
}
void VectorCompiler::splat(Lanes lanes, Fp d, Fp s) { a_.raw().emit(Inst::kIdDup_v, v(d, lanes), lane_of(s, lanes, 0)); }

void VectorCompiler::to_general(Gp d, Fp s, Lanes lanes, u32 lane, bool is_signed, bool to_64) {
  u32 id = is_signed ? Inst::kIdSmov_v : Inst::kIdUmov_v;
  if (to_64) a_.raw().emit(id, x(d), lane_of(s, lanes, lane));
  else a_.raw().emit(id, w(d), lane_of(s, lanes, lane));
}

void VectorCompiler::insert(Fp d, Lanes lanes, u32 lane, Gp s) {
  if (lanes == Lanes::D2) a_.raw().emit(Inst::kIdIns_v, lane_of(d, lanes, lane), x(s));
  else a_.raw().emit(Inst::kIdIns_v, lane_of(d, lanes, lane), w(s));
}

void VectorCompiler::sequence(const Instruction& instruction) {
  Op op = instruction.op;
  switch (op) {
    case Op::I8x16Splat: return splat(Kind::I32, Lanes::B16);
    case Op::I16x8Splat: return splat(Kind::I32, Lanes::H8);
    case Op::I32x4Splat: return splat(Kind::I32, Lanes::S4);
    case Op::I64x2Splat: return splat(Kind::I64, Lanes::D2);
    case Op::F32x4Splat: return splat(Kind::F32, Lanes::S4);
    case Op::F64x2Splat: return splat(Kind::F64, Lanes::D2);
    case Op::I8x16ExtractLaneS: return extract(instruction, Kind::I32, Lanes::B16, true);
    case Op::I8x16ExtractLaneU: return extract(instruction, Kind::I32, Lanes::B16, false);
    case Op::I16x8ExtractLaneS: return extract(instruction, Kind::I32, Lanes::H8, true);
    case Op::I16x8ExtractLaneU: return extract(instruction, Kind::I32, Lanes::H8, false);
    case Op::I32x4ExtractLane: return extract(instruction, Kind::I32, Lanes::S4, false);
    case Op::I64x2ExtractLane: return extract(instruction, Kind::I64, Lanes::D2, false);
    case Op::F32x4ExtractLane: return extract(instruction, Kind::F32, Lanes::S4, false);
    case Op::F64x2ExtractLane: return extract(instruction, Kind::F64, Lanes::D2, false);
    case Op::I8x16ReplaceLane: return replace(instruction, Kind::I32, Lanes::B16);
    case Op::I16x8ReplaceLane: return replace(instruction, Kind::I32, Lanes::H8);
    case Op::I32x4ReplaceLane: return replace(instruction, Kind::I32, Lanes::S4);
    case Op::I64x2ReplaceLane: return replace(instruction, Kind::I64, Lanes::D2);
    case Op::F32x4ReplaceLane: return replace(instruction, Kind::F32, Lanes::S4);
    case Op::F64x2ReplaceLane: return replace(instruction, Kind::F64, Lanes::D2);
    case Op::I8x16Shuffle: {
      Bytes lanes;
      std::memcpy(lanes.data(), f_.code_ + f_.state_->next_pc() - 16, 16);
      return shuffle(lanes);
    }
    case Op::I8x16Swizzle:
    case Op::I8x16RelaxedSwizzle: return swizzle();
    case Op::V128AnyTrue: return any_true();
    case Op::I8x16AllTrue: return all_true(Lanes::B16);
    case Op::I16x8AllTrue: return all_true(Lanes::H8);
    case Op::I32x4AllTrue: return all_true(Lanes::S4);
    case Op::I64x2AllTrue: return all_true(Lanes::D2);
    case Op::I8x16Bitmask: return bitmask(Lanes::B16);
    case Op::I16x8Bitmask: return bitmask(Lanes::H8);
    case Op::I32x4Bitmask: return bitmask(Lanes::S4);
    case Op::I64x2Bitmask: return bitmask(Lanes::D2);
    case Op::I64x2Mul: return multiply_64();
    case Op::I32x4DotI16x8S: return dot_words();
    case Op::I16x8RelaxedDotI8x16I7x16S: return dot_bytes(false);
    case Op::I32x4RelaxedDotI8x16I7x16AddS: return dot_bytes(true);
    case Op::F32x4Pmin: return pseudo_min_max(false, Lanes::S4);
    case Op::F32x4Pmax: return pseudo_min_max(true, Lanes::S4);
    case Op::F64x2Pmin: return pseudo_min_max(false, Lanes::D2);
    case Op::F64x2Pmax: return pseudo_min_max(true, Lanes::D2);
    case Op::F32x4RelaxedMadd: return multiply_add(false, Lanes::S4);
    case Op::F32x4RelaxedNmadd: return multiply_add(true, Lanes::S4);
    case Op::F64x2RelaxedMadd: return multiply_add(false, Lanes::D2);
    case Op::F64x2RelaxedNmadd: return multiply_add(true, Lanes::D2);
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero: return truncate_f64(true);
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero: return truncate_f64(false);
    case Op::F64x2ConvertLowI32x4S: return convert_to_f64(true);
    case Op::F64x2ConvertLowI32x4U: return convert_to_f64(false);
    default: return bitselect();
  }
}

// --- Lanes and scalars -------------------------------------------------------------------------------------------------

void VectorCompiler::splat(Kind kind, Lanes lanes) {
  Value value = f_.pop();
  value.kind = kind;
  if (is_float(kind)) {
    Fp s = f_.in_fp(value);
    Fp d = result(&value);
    splat(lanes, d, s);
    return push(d, {&value});
  }
  Gp s = f_.in_gp(value);
  Fp d = result(nullptr);
  splat(lanes, d, s);
  push(d, {&value});
}

void VectorCompiler::extract(const Instruction& instruction, Kind kind, Lanes lanes, bool is_signed) {
  u32 lane = instruction.index2;
  Value a = pop();
  Fp s = f_.in_fp(a);
  if (is_float(kind)) {
    Fp d = f_.result_fp(kind, &a);
    a_.raw().emit(Inst::kIdDup_v, lanes == Lanes::S4 ? static_cast<arm::Vec>(arm::VecV(static_cast<u32>(d)).s()) : static_cast<arm::Vec>(arm::VecV(static_cast<u32>(d)).d()),
                  lane_of(s, lanes, lane));
    if (d != s) f_.release(a);
    return f_.push_fp(kind, d);
  }
  Gp d = f_.result_gp(kind, nullptr);
  to_general(d, s, lanes, lane, is_signed, kind == Kind::I64);
  f_.release(a);
  f_.push_gp(kind, d);
}

void VectorCompiler::replace(const Instruction& instruction, Kind kind, Lanes lanes) {
  u32 lane = instruction.index2;
  Value value = f_.pop();
  Value a = pop();
  value.kind = kind;
  if (is_float(kind)) {
    // The target may be the scalar's register.
    Fp with = f_.in_fp(value), s = f_.in_fp(a);
    Fp d = result(&a);
    if (d == with) {
      a_.move(kScratchFp, with);
      with = kScratchFp;
    }
    a_.move(d, s);
    a_.raw().emit(Inst::kIdIns_v, lane_of(d, lanes, lane), lane_of(with, lanes, 0));
    return push(d, {&a, &value});
  }
  Gp with = f_.in_gp(value);
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  a_.move(d, s);
  insert(d, lanes, lane, with);
  push(d, {&a, &value});
}

// --- Bytes by their places ---------------------------------------------------------------------------------------------

void VectorCompiler::shuffle(const Bytes& lanes) {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  bool is_run = true;
  for (u32 i = 1; i < 16; ++i) is_run &= lanes[i] == lanes[0] + i;
  if (is_run && lanes[0] < 16) {
    Fp d = result(&a, &b);
    a_.raw().emit(Inst::kIdExt_v, v(d, Lanes::B16), v(left, Lanes::B16), v(right, Lanes::B16), asmjit::Imm(lanes[0]));
    return push(d, {&a, &b});
  }
  Temporary places(f_);
  load(places, lanes);
  a_.move(kTable, left);
  a_.move(kScratchFp, right);
  Fp d = result(&a, &b);
  a_.look_up(d, kTable, true, places);
  push(d, {&a, &b});
}

void VectorCompiler::swizzle() {
  Value b = pop(), a = pop();
  Fp table = f_.in_fp(a), places = f_.in_fp(b);
  Fp d = result(&a, &b);
  a_.look_up(d, table, false, places);
  push(d, {&a, &b});
}

void VectorCompiler::bitselect() {
  Value c = pop(), b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b), mask = f_.in_fp(c);
  a_.move(kScratchFp, mask);
  emit(Inst::kIdBsl_v, Lanes::B16, kScratchFp, left, right);
  Fp d = result(&c, &a);
  a_.move(d, kScratchFp);
  push(d, {&a, &b, &c});
}

// --- Into general registers --------------------------------------------------------------------------------------------

void VectorCompiler::any_true() {
  Value a = pop();
  Fp s = f_.in_fp(a);
  emit(Inst::kIdUmaxp_v, Lanes::S4, kScratchFp, s, s);
  Gp bits = f_.take_gp();
  a_.float_to_gp(Width::W64, bits, kScratchFp);
  a_.test(Width::W64, bits, bits);
  f_.release(bits);
  f_.release(a);
  f_.push_flags(Condition::NotEqual);
}

void VectorCompiler::all_true(Lanes lanes) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Gp bits = f_.take_gp();
  bool is_any_zero = lanes == Lanes::D2;  // there is no minimum across two
  if (is_any_zero) {
    a_.zero_float(kScratchFp);
    emit(Inst::kIdCmeq_v, lanes, kScratchFp, s, kScratchFp);
    emit(Inst::kIdUmaxp_v, Lanes::S4, kScratchFp, kScratchFp, kScratchFp);
    a_.float_to_gp(Width::W64, bits, kScratchFp);
  } else {
    across(Inst::kIdUminv_v, lanes, kScratchFp, s);
    a_.float_to_gp(Width::W32, bits, kScratchFp);
  }
  a_.test(Width::W64, bits, bits);
  f_.release(bits);
  f_.release(a);
  f_.push_flags(is_any_zero ? Condition::Equal : Condition::NotEqual);
}

// Every lane's sign at its own bit, and the sum.
void VectorCompiler::bitmask(Lanes lanes) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  if (lanes == Lanes::D2) {
    Gp d = f_.take_gp(), high = f_.take_gp();
    to_general(d, s, lanes, 0, false, true);
    to_general(high, s, lanes, 1, false, true);
    a_.shift(Shift::RightUnsigned, Width::W64, d, d, 63);
    a_.shift(Shift::RightUnsigned, Width::W64, high, high, 63);
    a_.shift(Shift::Left, Width::W64, high, high, 1);
    a_.alu(Alu::Or, Width::W32, d, d, high);
    f_.release(high);
    f_.release(a);
    return f_.push_gp(Kind::I32, d);
  }
  u32 bytes = lanes == Lanes::B16 ? 1 : lanes == Lanes::H8 ? 2 : 4;
  Bytes weights{};
  for (u32 i = 0; i < 16 / bytes; ++i) weights[i * bytes] = static_cast<u8>(1 << (i % 8));
  Temporary t(f_), w(f_);
  load(w, weights);
  emit(Inst::kIdSshr_v, lanes, t, s, 8 * bytes - 1);
  emit(Inst::kIdAnd_v, Lanes::B16, t, t, w);
  if (lanes == Lanes::B16) {
    // Pairs of one byte of each half.
    a_.raw().emit(Inst::kIdExt_v, v(w, Lanes::B16), v(t, Lanes::B16), v(t, Lanes::B16), asmjit::Imm(8));
    emit(Inst::kIdZip1_v, Lanes::B16, t, t, w);
    across(Inst::kIdAddv_v, Lanes::H8, t, t);
  } else {
    across(Inst::kIdAddv_v, lanes, t, t);
  }
  Gp d = f_.result_gp(Kind::I32, nullptr);
  a_.float_to_gp(Width::W32, d, t);
  f_.release(a);
  f_.push_gp(Kind::I32, d);
}

// --- Arithmetic --------------------------------------------------------------------------------------------------------

void VectorCompiler::multiply_64() {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Gp p = f_.take_gp(), q = f_.take_gp();
  for (u32 lane = 0; lane < 2; ++lane) {
    to_general(p, left, Lanes::D2, lane, false, true);
    to_general(q, right, Lanes::D2, lane, false, true);
    a_.multiply(Width::W64, p, p, q);
    insert(kScratchFp, Lanes::D2, lane, p);
  }
  f_.release(p);
  f_.release(q);
  Fp d = result(&a, &b);
  a_.move(d, kScratchFp);
  push(d, {&a, &b});
}

void VectorCompiler::dot_words() {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Temporary t(f_);
  emit_wide(Inst::kIdSmull_v, Lanes::S4, t, Lanes::H4, left, right);
  emit_wide(Inst::kIdSmull2_v, Lanes::S4, kScratchFp, Lanes::H8, left, right);
  Fp d = result(&a, &b);
  emit(Inst::kIdAddp_v, Lanes::S4, d, t, kScratchFp);
  push(d, {&a, &b});
}

void VectorCompiler::dot_bytes(bool adds) {
  Value c;
  if (adds) c = pop();
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Fp third = adds ? f_.in_fp(c) : kScratchFp;
  Temporary t(f_);
  emit_wide(Inst::kIdSmull_v, Lanes::H8, t, Lanes::B8, left, right);
  emit_wide(Inst::kIdSmull2_v, Lanes::H8, kScratchFp, Lanes::B16, left, right);
  emit(Inst::kIdAddp_v, Lanes::H8, t, t, kScratchFp);
  if (!adds) {
    Fp d = result(&a, &b);
    a_.move(d, t);
    return push(d, {&a, &b});
  }
  emit_wide(Inst::kIdSaddlp_v, Lanes::S4, t, Lanes::H8, t);
  Fp d = result(&a, &b);
  emit(Inst::kIdAdd_v, Lanes::S4, d, t, third);
  push(d, {&a, &b, &c});
}

// b < a ? b : a, or a < b ? b : a
void VectorCompiler::pseudo_min_max(bool is_max, Lanes lanes) {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  if (is_max) emit(Inst::kIdFcmgt_v, lanes, kScratchFp, right, left);
  else emit(Inst::kIdFcmgt_v, lanes, kScratchFp, left, right);
  emit(Inst::kIdBsl_v, Lanes::B16, kScratchFp, right, left);
  Fp d = result(&a, &b);
  a_.move(d, kScratchFp);
  push(d, {&a, &b});
}

void VectorCompiler::multiply_add(bool is_negated, Lanes lanes) {
  Value c = pop(), b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b), third = f_.in_fp(c);
  emit(Inst::kIdFmul_v, lanes, kScratchFp, left, right);
  Fp d = result(&c, &a);
  emit(is_negated ? Inst::kIdFsub_v : Inst::kIdFadd_v, lanes, d, third, kScratchFp);
  push(d, {&a, &b, &c});
}

void VectorCompiler::truncate_f64(bool is_signed) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  emit(is_signed ? Inst::kIdFcvtzs_v : Inst::kIdFcvtzu_v, Lanes::D2, d, s);
  emit_wide(is_signed ? Inst::kIdSqxtn_v : Inst::kIdUqxtn_v, Lanes::S2, d, Lanes::D2, d);
  push(d, {&a});
}

void VectorCompiler::convert_to_f64(bool is_signed) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  emit_wide(is_signed ? Inst::kIdSxtl_v : Inst::kIdUxtl_v, Lanes::D2, d, Lanes::S2, s);
  emit(is_signed ? Inst::kIdScvtf_v : Inst::kIdUcvtf_v, Lanes::D2, d, d);
  push(d, {&a});
}

}  // namespace brink::jit
