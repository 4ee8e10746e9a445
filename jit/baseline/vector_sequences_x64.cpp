// Vector instructions that the machine has no instruction for: the sequences that compilers have agreed on.
//
// Relaxed instructions give the results of the deterministic profile, as the interpreter does, so that it does not show which
// tier runs: what may be fused is not.
#include <cassert>

#include "jit/baseline/vector_compiler_x64.h"

namespace brink::jit {
namespace {

namespace Inst = x86::Inst;

constexpr Fp kScratch = kScratchFp;
constexpr int kUnordered = 3;  // predicate of cmpps

x86::Xmm xmm(Fp reg) { return x86::xmm(static_cast<u32>(reg)); }

}  // namespace

void VectorCompiler::sequence(const Instruction& instruction) {
  Op op = instruction.op;
  switch (op) {
    case Op::I8x16LtU: return compare_unsigned(kPmaxub, kPcmpeqb, true);
    case Op::I8x16GtU: return compare_unsigned(kPminub, kPcmpeqb, true);
    case Op::I8x16LeU: return compare_unsigned(kPminub, kPcmpeqb, false);
    case Op::I8x16GeU: return compare_unsigned(kPmaxub, kPcmpeqb, false);
    case Op::I16x8LtU: return compare_unsigned(kPmaxuw, kPcmpeqw, true);
    case Op::I16x8GtU: return compare_unsigned(kPminuw, kPcmpeqw, true);
    case Op::I16x8LeU: return compare_unsigned(kPminuw, kPcmpeqw, false);
    case Op::I16x8GeU: return compare_unsigned(kPmaxuw, kPcmpeqw, false);
    case Op::I32x4LtU: return compare_unsigned(kPmaxud, kPcmpeqd, true);
    case Op::I32x4GtU: return compare_unsigned(kPminud, kPcmpeqd, true);
    case Op::I32x4LeU: return compare_unsigned(kPminud, kPcmpeqd, false);
    case Op::I32x4GeU: return compare_unsigned(kPmaxud, kPcmpeqd, false);
    case Op::I64x2GtS: return compare_64(false, false);
    case Op::I64x2LtS: return compare_64(true, false);
    case Op::I64x2LeS: return compare_64(false, true);
    case Op::I64x2GeS: return compare_64(true, true);
    case Op::I8x16AllTrue: return all_true(kPcmpeqb);
    case Op::I16x8AllTrue: return all_true(kPcmpeqw);
    case Op::I32x4AllTrue: return all_true(kPcmpeqd);
    case Op::I64x2AllTrue: return all_true(kPcmpeqq);
    case Op::I8x16Shl:
    case Op::I8x16ShrS:
    case Op::I8x16ShrU: return shift_bytes(op);
    case Op::I64x2ShrS: return shift_signed_64();
    case Op::I64x2Mul: return multiply_64();
    case Op::I16x8ExtmulLowI8x16S:
    case Op::I16x8ExtmulHighI8x16S:
    case Op::I16x8ExtmulLowI8x16U:
    case Op::I16x8ExtmulHighI8x16U:
    case Op::I32x4ExtmulLowI16x8S:
    case Op::I32x4ExtmulHighI16x8S:
    case Op::I32x4ExtmulLowI16x8U:
    case Op::I32x4ExtmulHighI16x8U:
    case Op::I64x2ExtmulLowI32x4S:
    case Op::I64x2ExtmulHighI32x4S:
    case Op::I64x2ExtmulLowI32x4U:
    case Op::I64x2ExtmulHighI32x4U: return multiply_wide(op);
    case Op::I16x8ExtaddPairwiseI8x16S:
    case Op::I16x8ExtaddPairwiseI8x16U:
    case Op::I32x4ExtaddPairwiseI16x8S:
    case Op::I32x4ExtaddPairwiseI16x8U: return add_pairs(op);
    case Op::I8x16Popcnt: return count_ones();
    case Op::F32x4Min:
    case Op::F32x4RelaxedMin: return float_min_max(false, false);
    case Op::F32x4Max:
    case Op::F32x4RelaxedMax: return float_min_max(true, false);
    case Op::F64x2Min:
    case Op::F64x2RelaxedMin: return float_min_max(false, true);
    case Op::F64x2Max:
    case Op::F64x2RelaxedMax: return float_min_max(true, true);
    case Op::I32x4TruncSatF32x4S:
    case Op::I32x4RelaxedTruncF32x4S: return truncate_float(Op::I32x4TruncSatF32x4S);
    case Op::I32x4TruncSatF32x4U:
    case Op::I32x4RelaxedTruncF32x4U: return truncate_float(Op::I32x4TruncSatF32x4U);
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero: return truncate_float(Op::I32x4TruncSatF64x2SZero);
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero: return truncate_float(Op::I32x4TruncSatF64x2UZero);
    case Op::F32x4ConvertI32x4U: return convert_unsigned(false);
    case Op::F64x2ConvertLowI32x4U: return convert_unsigned(true);
    case Op::V128Bitselect:
    case Op::I8x16RelaxedLaneselect:
    case Op::I16x8RelaxedLaneselect:
    case Op::I32x4RelaxedLaneselect:
    case Op::I64x2RelaxedLaneselect: return bitselect();
    case Op::F32x4RelaxedMadd: return multiply_add(kMulps, kAddps, false);
    case Op::F32x4RelaxedNmadd: return multiply_add(kMulps, kSubps, true);
    case Op::F64x2RelaxedMadd: return multiply_add(kMulpd, kAddpd, false);
    case Op::F64x2RelaxedNmadd: return multiply_add(kMulpd, kSubpd, true);
    case Op::I16x8RelaxedDotI8x16I7x16S: return dot_bytes(false);
    case Op::I32x4RelaxedDotI8x16I7x16AddS: return dot_bytes(true);

    case Op::V128AnyTrue: {
      Value a = pop();
      Fp s = f_.in_fp(a);
      a_.vector(kPtest, s, s);
      f_.release(a);
      return f_.push_flags(Condition::NotEqual);
    }
    case Op::I16x8Bitmask: {
      Value a = pop();
      Fp s = f_.in_fp(a);
      Gp d = f_.result_gp(Kind::I32, nullptr);
      a_.vector(kPacksswb, kScratch, s, s);
      a_.vector(kPmovmskb, Width::W32, d, kScratch);
      a_.alu(Alu::And, Width::W32, d, d, 0xFF);
      f_.release(a);
      return f_.push_gp(Kind::I32, d);
    }
    case Op::F32x4Abs:
    case Op::F64x2Abs:
    case Op::F32x4Neg:
    case Op::F64x2Neg: {
      Value a = pop();
      Fp s = f_.in_fp(a);
      Fp d = result(&a);
      bool is_negation = op == Op::F32x4Neg || op == Op::F64x2Neg, is_f32 = op == Op::F32x4Abs || op == Op::F32x4Neg;
      u32 mask = is_negation ? (is_f32 ? layout::kSign32 : layout::kSign64) : (is_f32 ? layout::kAbs32 : layout::kAbs64);
      a_.bits(is_negation ? Bits::Xor : Bits::And, d, s, {kTier, static_cast<i32>(mask)});
      return push(d, {&a});
    }
    case Op::V128Not: {
      Value a = pop();
      Fp s = f_.in_fp(a);
      Fp d = result(&a);
      ones(kScratch);
      a_.vector(kPxor, d, s, kScratch);
      return push(d, {&a});
    }
    case Op::I64x2Abs: {
      Value a = pop();
      Fp s = f_.in_fp(a);
      Fp d = result(&a);
      if (a_.features().avx512) {
        a_.raw().emit(Inst::kIdVpabsq, xmm(d), xmm(s));
        return push(d, {&a});
      }
      shift_by(kPsrad, kScratch, s, 31);
      a_.vector(kPshufd, kScratch, kScratch, 0xF5);
      a_.vector(kPxor, d, s, kScratch);
      a_.vector(kPsubq, d, d, kScratch);
      return push(d, {&a});
    }
    case Op::I16x8Q15mulrSatS:
    case Op::I16x8RelaxedQ15mulrS: {
      // Only -1 times -1 leaves the range.
      Value b = pop(), a = pop();
      Fp left = f_.in_fp(a), right = f_.in_fp(b);
      Temporary t(f_);
      a_.vector(kPmulhrsw, t, left, right);
      pooled(kPcmpeqw, kScratch, t, lanes(u16{0x8000}));
      Fp d = result(&a, &b);
      a_.vector(kPxor, d, t, kScratch);
      return push(d, {&a, &b});
    }
    default: assert(false);
  }
}

// --- Comparisons -------------------------------------------------------------------------------------------------------

void VectorCompiler::all_true(Opcode equal) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  a_.zero_float(kScratch);
  a_.vector(equal, kScratch, kScratch, s);
  a_.vector(kPtest, kScratch, kScratch);
  f_.release(a);
  f_.push_flags(Condition::Equal);
}

// a is the larger or the smaller of both.
void VectorCompiler::compare_unsigned(Opcode choose, Opcode equal, bool is_inverted) {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a);
  if (b.is_constant()) pooled(choose, kScratch, left, b.index);
  else a_.vector(choose, kScratch, left, f_.in_fp(b));
  Fp d = result(&a);
  if (d != left) a_.vector(equal, d, kScratch, left);
  else a_.vector(equal, d, left, kScratch);
  if (is_inverted) invert(d);
  push(d, {&a, &b});
}

void VectorCompiler::compare_64(bool is_swapped, bool is_inverted) {
  Value b = pop(), a = pop();
  if (is_swapped) std::swap(a, b);
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Fp d;
  if (avx()) {  // which has SSE4.2
    d = result(&a, &b);
    a_.vector(kPcmpgtq, d, left, right);
  } else {
    // The upper halves decide, and where they are equal the sign of the difference.
    Temporary t(f_);
    a_.vector(kPsubq, t, right, left);
    a_.vector(kPcmpeqd, kScratch, left, right);
    a_.vector(kPand, t, t, kScratch);
    a_.vector(kPcmpgtd, kScratch, left, right);
    a_.vector(kPor, t, t, kScratch);
    d = result(&a, &b);
    a_.vector(kPshufd, d, t, 0xF5);
  }
  if (is_inverted) invert(d);
  push(d, {&a, &b});
}

// --- Integers ----------------------------------------------------------------------------------------------------------

void VectorCompiler::shift_bytes(Op op) {
  Value count = f_.pop(), a = pop();
  Fp s = f_.in_fp(a);
  if (count.is_constant()) {
    u32 by = static_cast<u32>(count.bits) & 7;
    if (op == Op::I8x16ShrS) {
      Temporary t(f_);
      a_.vector(kPunpckhbw, kScratch, s, s);
      a_.vector(kPunpcklbw, t, s, s);
      shift_by(kPsraw, kScratch, kScratch, 8 + by);
      shift_by(kPsraw, t, t, 8 + by);
      Fp d = result(&a);
      a_.vector(kPacksswb, d, t, kScratch);
      return push(d, {&a});
    }
    Fp d = result(&a);
    bool is_left = op == Op::I8x16Shl;
    shift_by(is_left ? kPsllw : kPsrlw, d, s, by);
    if (by != 0) pooled(kPand, d, d, lanes(static_cast<u8>(is_left ? 0xFF << by : 0xFF >> by)));
    return push(d, {&a});
  }
  Gp by = f_.in_own_gp(count);
  Temporary amount(f_), t(f_);
  a_.alu(Alu::And, Width::W32, by, by, 7);
  if (op == Op::I8x16ShrU) {
    a_.gp_to_float(Width::W32, amount, by);
    a_.vector(kPsrlw, t, s, amount);
  }
  a_.alu(Alu::Add, Width::W32, by, by, 8);
  a_.gp_to_float(Width::W32, amount, by);
  if (op == Op::I8x16ShrS) {
    a_.vector(kPunpckhbw, kScratch, s, s);
    a_.vector(kPunpcklbw, t, s, s);
    a_.vector(kPsraw, kScratch, kScratch, amount);
    a_.vector(kPsraw, t, t, amount);
    Fp d = result(&a);
    a_.vector(kPacksswb, d, t, kScratch);
    f_.release(count);
    return push(d, {&a});
  }
  // The bits that stay, in every byte.
  ones(kScratch);
  a_.vector(kPsrlw, kScratch, kScratch, amount);
  a_.vector(kPackuswb, kScratch, kScratch, kScratch);
  Fp d;
  if (op == Op::I8x16ShrU) {
    d = result(&a);
    a_.vector(kPand, d, t, kScratch);
  } else {
    a_.vector(kPand, t, s, kScratch);
    a_.alu(Alu::Sub, Width::W32, by, by, 8);
    a_.gp_to_float(Width::W32, amount, by);
    d = result(&a);
    a_.vector(kPsllw, d, t, amount);
  }
  f_.release(count);
  push(d, {&a});
}

// Without AVX-512: shifted without the sign, which is then put back.
void VectorCompiler::shift_signed_64() {
  Value count = f_.pop(), a = pop();
  Fp s = f_.in_fp(a);
  if (count.is_constant()) {
    u32 by = static_cast<u32>(count.bits) & 63;
    Fp d = result(&a);
    if (a_.features().avx512) {
      a_.raw().emit(Inst::kIdVpsraq, xmm(d), xmm(s), asmjit::Imm(by));
    } else {
      shift_by(kPsrlq, d, s, by);
      Bytes sign = lanes(u64{1} << 63 >> by);
      pooled(kPxor, d, d, sign);
      pooled(kPsubq, d, d, sign);
    }
    return push(d, {&a});
  }
  Gp by = f_.in_own_gp(count);
  Temporary amount(f_);
  a_.alu(Alu::And, Width::W32, by, by, 63);
  a_.gp_to_float(Width::W32, amount, by);
  f_.release(count);
  Fp d = result(&a);
  if (a_.features().avx512) {
    a_.raw().emit(Inst::kIdVpsraq, xmm(d), xmm(s), xmm(amount));
  } else {
    load(kScratch, lanes(u64{1} << 63));
    a_.vector(kPsrlq, kScratch, kScratch, amount);
    a_.vector(kPsrlq, d, s, amount);
    a_.vector(kPxor, d, d, kScratch);
    a_.vector(kPsubq, d, d, kScratch);
  }
  push(d, {&a});
}

void VectorCompiler::multiply_64() {
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  if (a_.features().avx512) {
    Fp d = result(&a, &b);
    a_.raw().emit(Inst::kIdVpmullq, xmm(d), xmm(left), xmm(right));
    return push(d, {&a, &b});
  }
  // low * low + ((high * low + low * high) << 32)
  Temporary t(f_);
  shift_by(kPsrlq, t, left, 32);
  a_.vector(kPmuludq, t, t, right);
  shift_by(kPsrlq, kScratch, right, 32);
  a_.vector(kPmuludq, kScratch, kScratch, left);
  a_.vector(kPaddq, t, t, kScratch);
  shift_by(kPsllq, t, t, 32);
  a_.vector(kPmuludq, kScratch, left, right);
  Fp d = result(&a, &b);
  a_.vector(kPaddq, d, t, kScratch);
  push(d, {&a, &b});
}

void VectorCompiler::multiply_wide(Op op) {
  u32 index = static_cast<u32>(op);
  auto within = [&](Op first) { return index - static_cast<u32>(first) < 4; };
  bool is_8 = within(Op::I16x8ExtmulLowI8x16S), is_16 = within(Op::I32x4ExtmulLowI16x8S);
  // Low signed, high signed, low unsigned, high unsigned.
  u32 variant = index - static_cast<u32>(is_8 ? Op::I16x8ExtmulLowI8x16S : is_16 ? Op::I32x4ExtmulLowI16x8S : Op::I64x2ExtmulLowI32x4S);
  bool is_high = variant & 1, is_signed = variant < 2;
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Temporary t(f_);
  Fp d;
  if (is_8) {
    Opcode extend = is_signed ? kPmovsxbw : kPmovzxbw;
    if (is_high) {
      a_.vector(kPshufd, t, left, 0xEE);
      a_.vector(kPshufd, kScratch, right, 0xEE);
    }
    a_.vector(extend, t, is_high ? t : left);
    a_.vector(extend, kScratch, is_high ? kScratch : right);
    d = result(&a, &b);
    a_.vector(kPmullw, d, t, kScratch);
  } else if (is_16) {
    a_.vector(kPmullw, t, left, right);
    a_.vector(is_signed ? kPmulhw : kPmulhuw, kScratch, left, right);
    d = result(&a, &b);
    a_.vector(is_high ? kPunpckhwd : kPunpcklwd, d, t, kScratch);
  } else {
    int order = is_high ? 0xFA : 0x50;
    a_.vector(kPshufd, t, left, order);
    a_.vector(kPshufd, kScratch, right, order);
    d = result(&a, &b);
    a_.vector(is_signed ? kPmuldq : kPmuludq, d, t, kScratch);
  }
  push(d, {&a, &b});
}

void VectorCompiler::add_pairs(Op op) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d;
  switch (op) {
    case Op::I16x8ExtaddPairwiseI8x16S: {
      Temporary t(f_);
      load(t, lanes(u8{1}));
      a_.vector(kPmaddubsw, t, t, s);  // takes the first as unsigned
      d = result(&a);
      a_.move(d, t);
      break;
    }
    case Op::I16x8ExtaddPairwiseI8x16U:
      d = result(&a);
      pooled(kPmaddubsw, d, s, lanes(u8{1}));
      break;
    case Op::I32x4ExtaddPairwiseI16x8S:
      d = result(&a);
      pooled(kPmaddwd, d, s, lanes(u16{1}));
      break;
    default:
      // As signed numbers, each less by 2^15.
      d = result(&a);
      pooled(kPxor, d, s, lanes(u16{0x8000}));
      pooled(kPmaddwd, d, d, lanes(u16{1}));
      pooled(kPaddd, d, d, lanes(u32{0x10000}));
  }
  push(d, {&a});
}

void VectorCompiler::count_ones() {
  constexpr Bytes kOfNibble = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
  Value a = pop();
  Fp s = f_.in_fp(a);
  Temporary low(f_), high(f_);
  pooled(kPand, kScratch, s, lanes(u8{0x0F}));
  load(low, kOfNibble);
  a_.vector(kPshufb, low, low, kScratch);
  shift_by(kPsrlw, kScratch, s, 4);
  pooled(kPand, kScratch, kScratch, lanes(u8{0x0F}));
  load(high, kOfNibble);
  a_.vector(kPshufb, high, high, kScratch);
  Fp d = result(&a);
  a_.vector(kPaddb, d, low, high);
  push(d, {&a});
}

void VectorCompiler::dot_bytes(bool adds) {
  Value c;
  if (adds) c = pop();
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Fp third = adds ? f_.in_fp(c) : kScratch;
  Temporary t(f_), u(f_);
  shift_by(kPsllw, t, left, 8);
  shift_by(kPsraw, t, t, 8);
  shift_by(kPsllw, kScratch, right, 8);
  shift_by(kPsraw, kScratch, kScratch, 8);
  a_.vector(kPmullw, t, t, kScratch);
  shift_by(kPsraw, u, left, 8);
  shift_by(kPsraw, kScratch, right, 8);
  a_.vector(kPmullw, u, u, kScratch);
  Fp d;
  if (!adds) {
    d = result(&a, &b);
    a_.vector(kPaddw, d, t, u);
    return push(d, {&a, &b});
  }
  a_.vector(kPaddw, t, t, u);
  pooled(kPmaddwd, t, t, lanes(u16{1}));
  d = result(&a, &b);
  if (d == third) a_.vector(kPaddd, d, third, t);
  else a_.vector(kPaddd, d, t, third);
  push(d, {&a, &b, &c});
}

void VectorCompiler::bitselect() {
  Value c = pop(), b = pop(), a = pop();
  Fp x = f_.in_fp(a), y = f_.in_fp(b), mask = f_.in_fp(c);
  Fp d = result(&c, &a);
  if (a_.features().avx512) {
    // The immediate is the result for each of the eight ways the bits of target, second and third can be.
    auto select = [&](Fp second, Fp third, u32 table) {
      a_.raw().emit(Inst::kIdVpternlogd, xmm(d), xmm(second), xmm(third), asmjit::Imm(table));
    };
    if (d == x) {
      select(y, mask, 0xE4);
    } else if (d == y) {
      select(x, mask, 0xD8);
    } else {
      a_.move(d, mask);
      select(x, y, 0xCA);
    }
    return push(d, {&a, &b, &c});
  }
  a_.vector(kPxor, kScratch, x, y);
  a_.vector(kPand, kScratch, kScratch, mask);
  a_.vector(kPxor, d, y, kScratch);
  push(d, {&a, &b, &c});
}

// --- Floats ------------------------------------------------------------------------------------------------------------

// The machine's answer is its second operand where they are equal or one is a NaN: it is asked both ways, and where the
// answers differ they are a zero and its negative, or one is a NaN, which is made quiet and loses its payload.
void VectorCompiler::float_min_max(bool is_max, bool is_f64) {
  auto of = [&](Opcode f32, Opcode f64) { return is_f64 ? f64 : f32; };
  Value b = pop(), a = pop();
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Temporary t(f_);
  Opcode op = is_max ? of(kMaxps, kMaxpd) : of(kMinps, kMinpd);
  a_.vector(op, t, right, left);
  a_.vector(op, kScratch, left, right);
  if (is_max) a_.vector(kPxor, kScratch, kScratch, t);
  a_.vector(kPor, t, t, kScratch);
  if (is_max) a_.vector(of(kSubps, kSubpd), t, t, kScratch);
  a_.vector(of(kCmpps, kCmppd), kScratch, kScratch, t, kUnordered);
  if (!is_max) a_.vector(kPor, t, t, kScratch);
  shift_by(of(kPsrld, kPsrlq), kScratch, kScratch, is_f64 ? 13 : 10);
  Fp d = result(&a, &b);
  a_.vector(kAndnps, d, kScratch, t);
  push(d, {&a, &b});
}

void VectorCompiler::truncate_float(Op op) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Temporary t(f_);
  Fp d;
  switch (op) {
    case Op::I32x4TruncSatF32x4S:
      // The machine gives 0x80000000 for what does not fit, right for what is too small.
      a_.vector(kCmpps, kScratch, s, s, 0);
      a_.vector(kPand, t, s, kScratch);  // a NaN is zero
      a_.vector(kPxor, kScratch, kScratch, t);
      a_.vector(kCvttps2dq, t, t);
      a_.vector(kPand, kScratch, kScratch, t);
      shift_by(kPsrad, kScratch, kScratch, 31);  // positive before and negative now
      d = result(&a);
      a_.vector(kPxor, d, t, kScratch);
      break;
    case Op::I32x4TruncSatF32x4U: {
      a_.zero_float(kScratch);
      a_.vector(kMaxps, t, s, kScratch);  // neither NaN nor negative
      if (a_.features().avx512) {
        d = result(&a);
        a_.raw().emit(Inst::kIdVcvttps2udq, xmm(d), xmm(t));
        break;
      }
      // What is beyond 2^31 in two parts.
      Temporary u(f_);
      Bytes two_to_31 = lanes(2147483648.0f);
      pooled(kSubps, kScratch, t, two_to_31);
      a_.vector(kCvttps2dq, t, t);
      load(u, two_to_31);
      a_.vector(kCmpps, u, u, kScratch, 2);
      a_.vector(kCvttps2dq, kScratch, kScratch);
      a_.vector(kPxor, kScratch, kScratch, u);
      a_.zero_float(u);
      a_.vector(kPmaxsd, kScratch, kScratch, u);
      d = result(&a);
      a_.vector(kPaddd, d, t, kScratch);
      break;
    }
    case Op::I32x4TruncSatF64x2SZero:
      a_.vector(kCmppd, t, s, s, 0);
      pooled(kPand, t, t, lanes(2147483647.0));
      a_.vector(kMinpd, kScratch, s, t);  // its second operand, zero, for a NaN
      d = result(&a);
      a_.vector(kCvttpd2dq, d, kScratch);
      break;
    default:
      a_.zero_float(kScratch);
      a_.vector(kMaxpd, t, s, kScratch);
      pooled(kMinpd, t, t, lanes(4294967295.0));
      a_.vector(kRoundpd, t, t, 0xB);
      pooled(kAddpd, t, t, lanes(4503599627370496.0));  // the lower halves are the integers now
      d = result(&a);
      a_.vector(kShufps, d, t, kScratch, 0x88);
  }
  push(d, {&a});
}

void VectorCompiler::convert_unsigned(bool to_f64) {
  Value a = pop();
  Fp s = f_.in_fp(a);
  Fp d;
  if (to_f64) {
    // Beneath the exponent of 2^52, which is then subtracted.
    d = result(&a);
    pooled(kPunpckldq, d, s, lanes(u32{0x43300000}));
    pooled(kSubpd, d, d, lanes(4503599627370496.0));
  } else if (a_.features().avx512) {
    d = result(&a);
    a_.raw().emit(Inst::kIdVcvtudq2ps, xmm(d), xmm(s));
  } else {
    // The lower 16 bits and the rest, half of it so that it is not negative: only the last addition rounds.
    Temporary t(f_);
    a_.zero_float(kScratch);
    a_.vector(kPblendw, kScratch, kScratch, s, 0x55);
    a_.vector(kPsubd, t, s, kScratch);
    a_.vector(kCvtdq2ps, kScratch, kScratch);
    shift_by(kPsrld, t, t, 1);
    a_.vector(kCvtdq2ps, t, t);
    a_.vector(kAddps, t, t, t);
    d = result(&a);
    a_.vector(kAddps, d, t, kScratch);
  }
  push(d, {&a});
}

void VectorCompiler::multiply_add(Opcode multiply, Opcode add, bool is_negated) {
  Value c = pop(), b = pop(), a = pop();
  Fp x = f_.in_fp(a), y = f_.in_fp(b), z = f_.in_fp(c);
  a_.vector(multiply, kScratch, x, y);
  Fp d = result(&c, &a);
  if (is_negated || d == z) a_.vector(add, d, z, kScratch);
  else a_.vector(add, d, kScratch, z);
  push(d, {&a, &b, &c});
}

}  // namespace brink::jit
