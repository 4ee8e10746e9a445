#include "jit/emit/assembler.h"

namespace brink::jit {

namespace Inst = x86::Inst;
using asmjit::InstId;
using asmjit::Imm;

const Features& Features::host() {
  static const Features features = [] {
    const auto& cpu = asmjit::CpuInfo::host().features().x86();
    Features f;
    f.floor = cpu.hasSSE4_1() && cpu.hasSSSE3() && cpu.hasPOPCNT();
    f.avx = cpu.hasAVX();
    f.bmi2 = cpu.hasBMI2();
    f.lzcnt = cpu.hasLZCNT() && cpu.hasBMI();
    return f;
  }();
  return features;
}

Assembler::Assembler(const Features& features) : features_(features) { begin(); }

void Assembler::begin(bool) {
  code_.reset();
  code_.init(asmjit::Environment(asmjit::Arch::kX64));
  code_.setErrorHandler(&errors_);
  code_.attach(&a_);
  code_.reserveBuffer(&code_.textSection()->buffer(), 16 << 10);
  errors_.failed = false;
  relocations_.clear();
}

InstId Assembler::id(Alu op) {
  constexpr InstId kIds[] = {Inst::kIdAdd, Inst::kIdSub, Inst::kIdAnd, Inst::kIdOr, Inst::kIdXor};
  return kIds[static_cast<u32>(op)];
}

InstId Assembler::cmov_id(Condition c) {
  constexpr InstId kIds[] = {Inst::kIdCmovo,  Inst::kIdCmovno, Inst::kIdCmovb, Inst::kIdCmovae,
                               Inst::kIdCmove,  Inst::kIdCmovne, Inst::kIdCmovbe, Inst::kIdCmova,
                               Inst::kIdCmovs,  Inst::kIdCmovns, Inst::kIdCmovp, Inst::kIdCmovnp,
                               Inst::kIdCmovl,  Inst::kIdCmovge, Inst::kIdCmovle, Inst::kIdCmovg};
  return kIds[static_cast<u32>(c)];
}

void Assembler::load(Load kind, Gp d, const Address& from) {
  switch (kind) {
    case Load::U8: a_.emit(Inst::kIdMovzx, r(Width::W32, d), m(from, 1)); break;
    case Load::S8To32: a_.emit(Inst::kIdMovsx, r(Width::W32, d), m(from, 1)); break;
    case Load::S8To64: a_.emit(Inst::kIdMovsx, r(Width::W64, d), m(from, 1)); break;
    case Load::U16: a_.emit(Inst::kIdMovzx, r(Width::W32, d), m(from, 2)); break;
    case Load::S16To32: a_.emit(Inst::kIdMovsx, r(Width::W32, d), m(from, 2)); break;
    case Load::S16To64: a_.emit(Inst::kIdMovsx, r(Width::W64, d), m(from, 2)); break;
    case Load::U32: a_.emit(Inst::kIdMov, r(Width::W32, d), m(from, 4)); break;
    case Load::S32To64: a_.emit(Inst::kIdMovsxd, r(Width::W64, d), m(from, 4)); break;
    case Load::U64: a_.emit(Inst::kIdMov, r(Width::W64, d), m(from, 8)); break;
  }
}

void Assembler::store(u32 size, const Address& to, Gp s) {
  u32 n = static_cast<u32>(s);
  switch (size) {
    case 1: a_.emit(Inst::kIdMov, m(to, 1), x86::gpb_lo(n)); break;
    case 2: a_.emit(Inst::kIdMov, m(to, 2), x86::gpw(n)); break;
    case 4: a_.emit(Inst::kIdMov, m(to, 4), x86::gpd(n)); break;
    default: a_.emit(Inst::kIdMov, m(to, 8), x86::gpq(n)); break;
  }
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, Gp b) {
  if (d == a) {
    a_.emit(id(op), r(w, d), r(w, b));
  } else if (d == b) {
    if (is_commutative(op)) {
      a_.emit(id(op), r(w, d), r(w, a));
    } else {
      negate(w, d);
      a_.emit(Inst::kIdAdd, r(w, d), r(w, a));
    }
  } else if (op == Alu::Add) {
    address(w, d, {a, 0, b, 0});
  } else {
    a_.emit(Inst::kIdMov, r(w, d), r(w, a));
    a_.emit(id(op), r(w, d), r(w, b));
  }
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, i32 b) {
  if (d != a && op == Alu::Add) return address(w, d, {a, b});
  if (d != a && op == Alu::Sub && b != INT32_MIN) return address(w, d, {a, -b});
  move_if_other(w, d, a);
  a_.emit(id(op), r(w, d), Imm(b));
}

void Assembler::shift(Shift op, Width w, Gp d, Gp a, u32 count) {
  count &= w == Width::W32 ? 31 : 63;
  move_if_other(w, d, a);
  if (count == 0) return;
  constexpr InstId kIds[] = {Inst::kIdShl, Inst::kIdSar, Inst::kIdShr, Inst::kIdRol, Inst::kIdRor};
  a_.emit(kIds[static_cast<u32>(op)], r(w, d), Imm(count));
}

void Assembler::shift(Shift op, Width w, Gp d, Gp a, Gp count) {
  if (needs_count_in_rcx(op)) {
    move_if_other(w, d, a);
    constexpr InstId kIds[] = {Inst::kIdShl, Inst::kIdSar, Inst::kIdShr, Inst::kIdRol, Inst::kIdRor};
    a_.emit(kIds[static_cast<u32>(op)], r(w, d), x86::cl);
    return;
  }
  constexpr InstId kIds[] = {Inst::kIdShlx, Inst::kIdSarx, Inst::kIdShrx};
  a_.emit(kIds[static_cast<u32>(op)], r(w, d), r(w, a), r(w, count));
}

void Assembler::count_leading_zeros(Width w, Gp d, Gp s) {
  if (features_.lzcnt) {
    if (d != s) a_.emit(Inst::kIdXor, r(Width::W32, d), r(Width::W32, d));  // or it would wait for d
    a_.emit(Inst::kIdLzcnt, r(w, d), r(w, s));
    return;
  }
  // bsr leaves its target alone where there is no bit (as AMD documents and Intel does).
  i32 top = w == Width::W32 ? 31 : 63;
  a_.emit(Inst::kIdMov, r(Width::W32, d), Imm(2 * top + 1));
  a_.emit(Inst::kIdBsr, r(w, d), r(w, s));
  a_.emit(Inst::kIdXor, r(Width::W32, d), Imm(top));
}

void Assembler::count_trailing_zeros(Width w, Gp d, Gp s) {
  if (features_.lzcnt) {
    if (d != s) a_.emit(Inst::kIdXor, r(Width::W32, d), r(Width::W32, d));  // or it would wait for d
    a_.emit(Inst::kIdTzcnt, r(w, d), r(w, s));
    return;
  }
  a_.emit(Inst::kIdMov, r(Width::W32, d), Imm(w == Width::W32 ? 32 : 64));
  a_.emit(Inst::kIdBsf, r(w, d), r(w, s));
}

void Assembler::sign_extend(Width w, Gp d, Gp s, u32 from_bytes) {
  u32 n = static_cast<u32>(s);
  switch (from_bytes) {
    case 1: a_.emit(Inst::kIdMovsx, r(w, d), x86::gpb_lo(n)); break;
    case 2: a_.emit(Inst::kIdMovsx, r(w, d), x86::gpw(n)); break;
    default: a_.emit(Inst::kIdMovsxd, r(Width::W64, d), x86::gpd(n)); break;
  }
}

void Assembler::set(Condition c, Gp d, Gp other) {
  constexpr InstId kIds[] = {Inst::kIdSeto,  Inst::kIdSetno, Inst::kIdSetb, Inst::kIdSetae,
                               Inst::kIdSete,  Inst::kIdSetne, Inst::kIdSetbe, Inst::kIdSeta,
                               Inst::kIdSets,  Inst::kIdSetns, Inst::kIdSetp, Inst::kIdSetnp,
                               Inst::kIdSetl,  Inst::kIdSetge, Inst::kIdSetle, Inst::kIdSetg};
  auto low = [](Gp reg) { return x86::gpb_lo(static_cast<u32>(reg)); };
  if (c == Condition::FloatEqual || c == Condition::FloatNotEqual) {
    bool equal = c == Condition::FloatEqual;
    a_.emit(equal ? Inst::kIdSete : Inst::kIdSetne, low(d));
    a_.emit(equal ? Inst::kIdSetnp : Inst::kIdSetp, low(other));
    a_.emit(equal ? Inst::kIdAnd : Inst::kIdOr, low(d), low(other));
  } else {
    a_.emit(kIds[static_cast<u32>(c)], low(d));
  }
  a_.emit(Inst::kIdMovzx, r(Width::W32, d), low(d));
}

void Assembler::load_float(u32 size, Fp d, const Address& from) {
  bool avx = features_.avx;
  if (size == 4) a_.emit(avx ? Inst::kIdVmovss : Inst::kIdMovss, x(d), m(from, 4));
  else if (size == 8) a_.emit(avx ? Inst::kIdVmovsd : Inst::kIdMovsd, x(d), m(from, 8));
  else a_.emit(avx ? Inst::kIdVmovups : Inst::kIdMovups, x(d), m(from, 16));
}

void Assembler::store_float(u32 size, const Address& to, Fp s) {
  bool avx = features_.avx;
  if (size == 4) a_.emit(avx ? Inst::kIdVmovss : Inst::kIdMovss, m(to, 4), x(s));
  else if (size == 8) a_.emit(avx ? Inst::kIdVmovsd : Inst::kIdMovsd, m(to, 8), x(s));
  else a_.emit(avx ? Inst::kIdVmovups : Inst::kIdMovups, m(to, 16), x(s));
}

namespace {

struct Pair {
  InstId legacy;
  InstId vex;
};

Pair float_ids(FloatOp op, bool is_f64) {
  constexpr Pair kIds[2][6] = {{{Inst::kIdAddss, Inst::kIdVaddss},
                                {Inst::kIdSubss, Inst::kIdVsubss},
                                {Inst::kIdMulss, Inst::kIdVmulss},
                                {Inst::kIdDivss, Inst::kIdVdivss},
                                {Inst::kIdMinss, Inst::kIdVminss},
                                {Inst::kIdMaxss, Inst::kIdVmaxss}},
                               {{Inst::kIdAddsd, Inst::kIdVaddsd},
                                {Inst::kIdSubsd, Inst::kIdVsubsd},
                                {Inst::kIdMulsd, Inst::kIdVmulsd},
                                {Inst::kIdDivsd, Inst::kIdVdivsd},
                                {Inst::kIdMinsd, Inst::kIdVminsd},
                                {Inst::kIdMaxsd, Inst::kIdVmaxsd}}};
  return kIds[is_f64][static_cast<u32>(op)];
}

Pair bits_ids(Bits op) {
  constexpr Pair kIds[] = {{Inst::kIdAndps, Inst::kIdVandps},
                           {Inst::kIdAndnps, Inst::kIdVandnps},
                           {Inst::kIdOrps, Inst::kIdVorps},
                           {Inst::kIdXorps, Inst::kIdVxorps}};
  return kIds[static_cast<u32>(op)];
}

}  // namespace

// Without AVX the second operand may be the target only where the operands can change places.
void Assembler::sse(InstId legacy, InstId vex, bool commutative, Fp d, Fp a, Fp b) {
  if (features_.avx) {
    a_.emit(vex, x(d), x(a), x(b));
    return;
  }
  if (d == b && d != a) {
    if (commutative) {
      std::swap(a, b);
    } else {
      // By way of the register that is nobody's.
      constexpr Fp kScratch = Fp::f5;
      move(kScratch, b);
      move(d, a);
      a_.emit(legacy, x(d), x(kScratch));
      return;
    }
  }
  move(d, a);
  a_.emit(legacy, x(d), x(b));
}

// Which NaN comes out depends on the order of the operands, but every one of them is permitted.
void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b) {
  Pair ids = float_ids(op, is_f64);
  sse(ids.legacy, ids.vex, false, d, a, b);
}

void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b) {
  Pair ids = float_ids(op, is_f64);
  if (features_.avx) {
    a_.emit(ids.vex, x(d), x(a), m(b, is_f64 ? 8 : 4));
    return;
  }
  move(d, a);
  a_.emit(ids.legacy, x(d), m(b, is_f64 ? 8 : 4));
}

void Assembler::square_root(bool is_f64, Fp d, Fp s) {
  if (features_.avx) a_.emit(is_f64 ? Inst::kIdVsqrtsd : Inst::kIdVsqrtss, x(d), x(s), x(s));
  else a_.emit(is_f64 ? Inst::kIdSqrtsd : Inst::kIdSqrtss, x(d), x(s));
}

void Assembler::round(Rounding mode, bool is_f64, Fp d, Fp s) {
  // Bit 3: no precision exception.
  Imm control(8 | static_cast<u32>(mode));
  if (features_.avx) a_.emit(is_f64 ? Inst::kIdVroundsd : Inst::kIdVroundss, x(d), x(s), x(s), control);
  else a_.emit(is_f64 ? Inst::kIdRoundsd : Inst::kIdRoundss, x(d), x(s), control);
}

void Assembler::bits(Bits op, Fp d, Fp a, Fp b) {
  Pair ids = bits_ids(op);
  sse(ids.legacy, ids.vex, op != Bits::AndNot, d, a, b);
}

void Assembler::bits(Bits op, Fp d, Fp a, const Address& b) {
  Pair ids = bits_ids(op);
  if (features_.avx) {
    a_.emit(ids.vex, x(d), x(a), m(b, 16));
    return;
  }
  move(d, a);
  a_.emit(ids.legacy, x(d), m(b, 16));
}

// minss and maxss give their second operand where the operands are equal or one is a NaN.
void Assembler::float_min_max(bool is_max, bool is_f64, Fp d, Fp b) {
  compare_float(is_f64, d, b);
  Field differ = jump_if(Condition::NotEqual);
  Field unordered = jump_if(Condition::Unordered);
  bits(is_max ? Bits::And : Bits::Or, d, d, b);  // equal but for the sign of zero
  Field done = jump();
  bind(unordered);
  float_op(FloatOp::Add, is_f64, d, d, b);
  Field done_too = jump();
  bind(differ);
  float_op(is_max ? FloatOp::Max : FloatOp::Min, is_f64, d, d, b);
  bind(done);
  bind(done_too);
}

void Assembler::copy_sign(bool, Fp d, Fp from, const Address& magnitude, const Address& sign) {
  constexpr Fp kScratch = Fp::f5;
  bits(Bits::And, kScratch, from, sign);
  bits(Bits::And, d, d, magnitude);
  bits(Bits::Or, d, d, kScratch);
}

void Assembler::compare_float(bool is_f64, Fp a, Fp b) {
  if (features_.avx) a_.emit(is_f64 ? Inst::kIdVucomisd : Inst::kIdVucomiss, x(a), x(b));
  else a_.emit(is_f64 ? Inst::kIdUcomisd : Inst::kIdUcomiss, x(a), x(b));
}

void Assembler::compare_float(bool is_f64, Fp a, const Address& b) {
  if (features_.avx) a_.emit(is_f64 ? Inst::kIdVucomisd : Inst::kIdVucomiss, x(a), m(b, is_f64 ? 8 : 4));
  else a_.emit(is_f64 ? Inst::kIdUcomisd : Inst::kIdUcomiss, x(a), m(b, is_f64 ? 8 : 4));
}

void Assembler::gp_to_float(Width w, Fp d, Gp s) {
  bool wide = w == Width::W64;
  if (features_.avx) a_.emit(wide ? Inst::kIdVmovq : Inst::kIdVmovd, x(d), r(w, s));
  else a_.emit(wide ? Inst::kIdMovq : Inst::kIdMovd, x(d), r(w, s));
}

void Assembler::float_to_gp(Width w, Gp d, Fp s) {
  bool wide = w == Width::W64;
  if (features_.avx) a_.emit(wide ? Inst::kIdVmovq : Inst::kIdVmovd, r(w, d), x(s));
  else a_.emit(wide ? Inst::kIdMovq : Inst::kIdMovd, r(w, d), x(s));
}

void Assembler::convert_signed(Width from, bool to_f64, Fp d, Gp s) {
  zero_float(d);  // the conversion keeps the upper lanes, and so would wait for them
  if (features_.avx) a_.emit(to_f64 ? Inst::kIdVcvtsi2sd : Inst::kIdVcvtsi2ss, x(d), x(d), r(from, s));
  else a_.emit(to_f64 ? Inst::kIdCvtsi2sd : Inst::kIdCvtsi2ss, x(d), r(from, s));
}

void Assembler::truncate(Width to, bool from_f64, Gp d, Fp s) {
  if (features_.avx) a_.emit(from_f64 ? Inst::kIdVcvttsd2si : Inst::kIdVcvttss2si, r(to, d), x(s));
  else a_.emit(from_f64 ? Inst::kIdCvttsd2si : Inst::kIdCvttss2si, r(to, d), x(s));
}

void Assembler::convert_unsigned(bool to_f64, Fp d, Gp s, Gp other) {
  test(Width::W64, s, s);
  Field large = jump_if(Condition::Sign);
  convert_signed(Width::W64, to_f64, d, s);
  Field done = jump();
  bind(large);
  // Half of it, with the lowest bit kept for rounding, then twice that.
  move(Width::W64, other, s);
  shift(Shift::RightUnsigned, Width::W64, s, s, 1);
  alu(Alu::And, Width::W32, other, other, 1);
  alu(Alu::Or, Width::W64, s, s, other);
  convert_signed(Width::W64, to_f64, d, s);
  float_op(FloatOp::Add, to_f64, d, d, d);
  bind(done);
}

// The machine answers 0x80… where there is no result.
Assembler::Fields Assembler::truncate_checked(Width to, bool is_signed, bool from_f64, Gp d, Fp s, Gp other) {
  if (is_signed) {
    truncate(to, from_f64, d, s);
    compare(to, d, 1);
    return {{jump_if(Condition::Overflow)}, 1};
  }
  // Through 64 bits; whatever does not fit 32 is doubtful.
  truncate(Width::W64, from_f64, d, s);
  move(Width::W64, other, d);
  shift(Shift::RightUnsigned, Width::W64, other, other, 32);
  return {{jump_if(Condition::NotEqual)}, 1};
}

void Assembler::convert_float(bool to_f64, Fp d, Fp s) {
  if (features_.avx) a_.emit(to_f64 ? Inst::kIdVcvtss2sd : Inst::kIdVcvtsd2ss, x(d), x(s), x(s));
  else a_.emit(to_f64 ? Inst::kIdCvtss2sd : Inst::kIdCvtsd2ss, x(d), x(s));
}

void Assembler::open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  for (Gp reg : saved) push(reg);
  if (saved_fp.empty()) return;
  alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, static_cast<i32>(8 * saved_fp.size()));
  for (size_t i = 0; i < saved_fp.size(); ++i) store_float(8, {Gp::rsp, static_cast<i32>(8 * i)}, saved_fp[i]);
}

void Assembler::close_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  if (!saved_fp.empty()) {
    for (size_t i = 0; i < saved_fp.size(); ++i) load_float(8, saved_fp[i], {Gp::rsp, static_cast<i32>(8 * i)});
    alu(Alu::Add, Width::W64, Gp::rsp, Gp::rsp, static_cast<i32>(8 * saved_fp.size()));
  }
  for (size_t i = saved.size(); i-- > 0;) pop(saved[i]);
  return_();
}

void Assembler::jump_back(u32 target) {
  i32 distance = static_cast<i32>(target - (offset() + 2));
  if (distance >= -128) {
    u8 code[2] = {0xEB, static_cast<u8>(distance)};
    a_.embed(code, 2);
  } else {
    set_field(field({0xE9}), target);
  }
}

void Assembler::jump_back_if(Condition c, u32 target) {
  i32 distance = static_cast<i32>(target - (offset() + 2));
  if (distance >= -128) {
    u8 code[2] = {static_cast<u8>(0x70 | static_cast<u8>(c)), static_cast<u8>(distance)};
    a_.embed(code, 2);
  } else {
    set_field(field({0x0F, static_cast<u8>(0x80 | static_cast<u8>(c))}), target);
  }
}

}  // namespace brink::jit
