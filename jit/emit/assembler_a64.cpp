#include "jit/emit/assembler_a64.h"

#include <asmjit/arm/a64utils.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include <bit>
#include <utility>

namespace brink::jit {

// What a frame keeps, word by word from the stack pointer: floats, integers, the return address in the last word.
struct FramePart {
  bool is_float;
  u32 one, two;  // registers' numbers; 32: none
  i32 at;
};

namespace {

constexpr u32 number(Gp reg) { return static_cast<u32>(reg); }
constexpr u32 number(Fp reg) { return static_cast<u32>(reg); }
arm::GpX x(Gp reg) { return arm::GpX(number(reg)); }
arm::GpW w32(Gp reg) { return arm::GpW(number(reg)); }
arm::Gp r(Width w, Gp reg) { return w == Width::W32 ? static_cast<arm::Gp>(w32(reg)) : static_cast<arm::Gp>(x(reg)); }
arm::VecV v(Fp reg) { return arm::VecV(number(reg)); }
// The lower 4, 8 or all 16 bytes.
arm::Vec part(u32 bytes, Fp reg) {
  if (bytes == 4) return v(reg).s();
  if (bytes == 8) return v(reg).d();
  return v(reg).q();
}
arm::Vec f(bool is_f64, Fp reg) { return part(is_f64 ? 8 : 4, reg); }

// What one instruction can add to a base.
bool is_offset(i64 offset, u32 bytes) {
  return (offset >= -256 && offset <= 255) || (offset >= 0 && offset % bytes == 0 && offset / bytes <= 4095);
}

// What add, sub, cmp and cmn hold: twelve bits, or as many twelve bits further up.
bool is_arithmetic(u64 value) { return value < 4096 || ((value & 4095) == 0 && value < (u64{4096} << 12)); }

constexpr u32 kConditions[] = {
    6,   // Overflow: vs
    7,   // NoOverflow: vc
    3,   // Below: cc
    2,   // AboveEqual: cs
    0,   // Equal
    1,   // NotEqual
    9,   // BelowEqual: ls
    8,   // Above: hi
    4,   // Sign: mi
    5,   // NoSign: pl
    6,   // Unordered: vs
    7,   // Ordered: vc
    11,  // Less
    10,  // GreaterEqual
    13,  // LessEqual
    12,  // Greater
    0,   // FloatEqual
    1,   // FloatNotEqual
};
u32 code_of(Condition c) { return kConditions[static_cast<u32>(c)]; }

constexpr u32 kNone = 32, kZero = 31, kReturnAddress = 30;

// Two words at a time where they are neighbours. The first part begins at the frame's first word.
template <class F>
void for_each_part(std::span<const Gp> saved, std::span<const Fp> saved_fp, i32 size, F f) {
  if (saved.empty() && saved_fp.empty()) return f(FramePart{false, kZero, kReturnAddress, 0});  // with a word that nobody needs
  i32 at = 0;
  for (; saved_fp.size() >= 2; saved_fp = saved_fp.subspan(2), at += 16) f(FramePart{true, number(saved_fp[0]), number(saved_fp[1]), at});
  if (!saved_fp.empty()) f(FramePart{true, number(saved_fp[0]), kNone, at}), at += 8;
  for (; saved.size() >= 2; saved = saved.subspan(2), at += 16) f(FramePart{false, number(saved[0]), number(saved[1]), at});
  if (at == size - 16 && !saved.empty()) return f(FramePart{false, number(saved[0]), kReturnAddress, at});
  if (!saved.empty()) f(FramePart{false, number(saved[0]), kNone, at});
  f(FramePart{false, kReturnAddress, kNone, size - 8});
}

}  // namespace

const Features& Features::host() {
  static const Features features{.lse = (getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0,
                                 .bti = (getauxval(AT_HWCAP2) & HWCAP2_BTI) != 0};
  return features;
}

Assembler::Assembler(const Features& features) : features_(features) { begin(); }

void Assembler::begin(bool far_branches) {
  code_.reset();
  code_.init(asmjit::Environment(asmjit::Arch::kAArch64));
  code_.setErrorHandler(&errors_);
  code_.attach(&a_);
  code_.reserveBuffer(&code_.textSection()->buffer(), 16 << 10);
  errors_.failed = false;
  far_branches_ = far_branches;
  too_far_ = false;
  zero_test_ = {};
  relocations_.clear();
  addresses_.clear();
  steps_.clear();
}

// --- Moves -------------------------------------------------------------------------------------------------------------

void Assembler::move(Width w, Gp d, Gp s) {
  if (d == Gp::sp || s == Gp::sp) {
    a_.add(x(d), x(s), 0);  // mov would take number 31 for a zero
  } else if (d != s || w == Width::W32) {
    a_.mov(r(w, d), r(w, s));
  }
}

void Assembler::move_constant(Gp d, u64 value, bool) {
  u32 zeros = 0, ones = 0;
  for (u32 i = 0; i < 4; ++i) {
    u16 part = static_cast<u16>(value >> 16 * i);
    zeros += part == 0;
    ones += part == 0xFFFF;
  }
  bool inverted = ones > zeros;
  if (value <= 0xFFFFFFFF && zeros <= 2 && static_cast<u32>(value) >> 16 == 0xFFFF) {
    a_.movn(w32(d), static_cast<u16>(~value));  // movn of 32 bits clears the upper half
    return;
  }
  bool first = true;
  for (u32 i = 0; i < 4; ++i) {
    u16 part = static_cast<u16>(value >> 16 * i);
    if (part == (inverted ? 0xFFFF : 0)) continue;
    if (!first) a_.movk(x(d), part, 16 * i);
    else if (inverted) a_.movn(x(d), static_cast<u16>(~part), 16 * i);
    else a_.movz(x(d), part, 16 * i);
    first = false;
  }
  if (!first) return;
  if (inverted) a_.movn(x(d), 0);
  else a_.movz(x(d), 0);
}

void Assembler::move_address(Gp d, const void* address, AddressReference::Kind kind, u32 which) {
  addresses_.push_back({offset(), kind, which, address});
  u64 value = reinterpret_cast<u64>(address);
  a_.movz(x(d), value & 0xFFFF, 0);
  for (u32 shift = 16; shift < 64; shift += 16) a_.movk(x(d), value >> shift & 0xFFFF, shift);
}

arm::Mem Assembler::memory(const Address& a, u32 bytes, bool one_scratch) {
  if (a.index == Gp::none) {
    if (is_offset(a.offset, bytes)) return arm::Mem(x(a.base), a.offset);
    move_constant(kScratch, static_cast<u64>(i64{a.offset}), true);
    return arm::Mem(x(a.base), x(kScratch));
  }
  if (a.offset == 0 && (a.shift == 0 || 1u << a.shift == bytes))
    return a.shift == 0 ? arm::Mem(x(a.base), x(a.index)) : arm::Mem(x(a.base), x(a.index), arm::lsl(a.shift));
  a_.add(x(kScratch), x(a.base), x(a.index), arm::lsl(a.shift));
  if (is_offset(a.offset, bytes)) return arm::Mem(x(kScratch), a.offset);
  if (one_scratch) {
    // Twelve bits at a time: never more than three additions.
    add_constant(Width::W64, kScratch, kScratch, a.offset);
    return arm::Mem(x(kScratch));
  }
  move_constant(kScratch2, static_cast<u64>(i64{a.offset}), true);
  return arm::Mem(x(kScratch), x(kScratch2));
}

void Assembler::load(Load kind, Gp d, const Address& from) {
  switch (kind) {
    case Load::U8: a_.ldrb(w32(d), memory(from, 1)); break;
    case Load::S8To32: a_.ldrsb(w32(d), memory(from, 1)); break;
    case Load::S8To64: a_.ldrsb(x(d), memory(from, 1)); break;
    case Load::U16: a_.ldrh(w32(d), memory(from, 2)); break;
    case Load::S16To32: a_.ldrsh(w32(d), memory(from, 2)); break;
    case Load::S16To64: a_.ldrsh(x(d), memory(from, 2)); break;
    case Load::U32: a_.ldr(w32(d), memory(from, 4)); break;
    case Load::S32To64: a_.ldrsw(x(d), memory(from, 4)); break;
    case Load::U64: a_.ldr(x(d), memory(from, 8)); break;
  }
}

void Assembler::store(u32 bytes, const Address& to, Gp s) {
  arm::Mem place = memory(to, bytes, s == kScratch2);
  switch (bytes) {
    case 1: a_.strb(w32(s), place); break;
    case 2: a_.strh(w32(s), place); break;
    case 4: a_.str(w32(s), place); break;
    default: a_.str(x(s), place); break;
  }
}

void Assembler::store_constant(u32 bytes, const Address& to, i32 value) {
  arm::Gp s = x(kScratch2);
  if (value == 0) s = arm::GpX(arm::Gp::kIdZr);
  arm::Mem place = memory(to, bytes, true);
  if (value != 0) move_constant(kScratch2, bytes == 8 ? static_cast<u64>(i64{value}) : static_cast<u32>(value), true);
  switch (bytes) {
    case 1: a_.strb(s.w(), place); break;
    case 2: a_.strh(s.w(), place); break;
    case 4: a_.str(s.w(), place); break;
    default: a_.str(s.x(), place); break;
  }
}

void Assembler::address(Width w, Gp d, const Address& of) {
  Gp base = of.base;
  if (of.index != Gp::none) {
    a_.add(r(w, d), r(w, base), r(w, of.index), arm::lsl(of.shift));
    base = d;
  }
  if (of.offset != 0 || base != d) add_constant(w, d, base, of.offset);
}

// --- Integers ----------------------------------------------------------------------------------------------------------

// Uses the first scratch register, unless d is it.
void Assembler::add_constant(Width w, Gp d, Gp a, i64 value) {
  u64 magnitude = static_cast<u64>(value < 0 ? -value : value);
  auto step = [&](Gp from, u64 part) {
    if (value < 0) a_.sub(r(w, d), r(w, from), asmjit::Imm(part));
    else a_.add(r(w, d), r(w, from), asmjit::Imm(part));
  };
  if (is_arithmetic(magnitude)) return step(a, magnitude);
  if (magnitude < u64{1} << 24) {
    step(a, magnitude & ~u64{4095});
    return step(d, magnitude & 4095);
  }
  Gp constant = d == kScratch || a == kScratch ? kScratch2 : kScratch;
  move_constant(constant, w == Width::W32 ? static_cast<u32>(value) : static_cast<u64>(value), true);
  a_.add(r(w, d), r(w, a), r(w, constant));
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, Gp b) {
  switch (op) {
    case Alu::Add: a_.add(r(w, d), r(w, a), r(w, b)); break;
    case Alu::Sub: a_.sub(r(w, d), r(w, a), r(w, b)); break;
    case Alu::And: a_.and_(r(w, d), r(w, a), r(w, b)); break;
    case Alu::Or: a_.orr(r(w, d), r(w, a), r(w, b)); break;
    case Alu::Xor: a_.eor(r(w, d), r(w, a), r(w, b)); break;
  }
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, i32 b) {
  if (op == Alu::Add) return add_constant(w, d, a, b);
  if (op == Alu::Sub) return add_constant(w, d, a, -i64{b});
  u64 bits = w == Width::W32 ? static_cast<u32>(b) : static_cast<u64>(i64{b});
  if (a64::Utils::isLogicalImm(bits, w == Width::W32 ? 32 : 64)) return logical(op, w, d, a, bits);
  move_constant(kScratch, bits, true);
  alu(op, w, d, a, kScratch);
}

void Assembler::logical(Alu op, Width w, Gp d, Gp a, u64 bits) {
  asmjit::Imm immediate(bits);
  if (op == Alu::And) a_.and_(r(w, d), r(w, a), immediate);
  else if (op == Alu::Or) a_.orr(r(w, d), r(w, a), immediate);
  else a_.eor(r(w, d), r(w, a), immediate);
}

bool Assembler::is_logical_constant(Alu op, u64 bits) {
  return op != Alu::Add && op != Alu::Sub && a64::Utils::isLogicalImm(bits, 64);
}

void Assembler::alu_logical(Alu op, Gp d, Gp a, u64 bits) { logical(op, Width::W64, d, a, bits); }

Condition Assembler::alu_carry(Alu op, Width w, Gp d, Gp a, Gp b) {
  if (op == Alu::Add) {
    a_.adds(r(w, d), r(w, a), r(w, b));
    return Condition::AboveEqual;  // the carry set
  }
  a_.subs(r(w, d), r(w, a), r(w, b));
  return Condition::Below;
}

Condition Assembler::alu_carry(Alu op, Width w, Gp d, Gp a, i32 b) {
  move_constant(kScratch, w == Width::W32 ? static_cast<u32>(b) : static_cast<u64>(i64{b}), true);
  return alu_carry(op, w, d, a, kScratch);
}

void Assembler::multiply(Width w, Gp d, Gp a, Gp b) { a_.mul(r(w, d), r(w, a), r(w, b)); }

void Assembler::multiply(Width w, Gp d, Gp a, i32 b) {
  move_constant(kScratch, w == Width::W32 ? static_cast<u32>(b) : static_cast<u64>(i64{b}), true);
  multiply(w, d, a, kScratch);
}

void Assembler::shift(Shift op, Width w, Gp d, Gp a, u32 count) {
  u32 bits = w == Width::W32 ? 32 : 64;
  count &= bits - 1;
  if (count == 0) return move(w, d, a);
  asmjit::Imm by(op == Shift::RotateLeft ? bits - count : count);
  switch (op) {
    case Shift::Left: a_.lsl(r(w, d), r(w, a), by); break;
    case Shift::RightSigned: a_.asr(r(w, d), r(w, a), by); break;
    case Shift::RightUnsigned: a_.lsr(r(w, d), r(w, a), by); break;
    case Shift::RotateLeft:
    case Shift::RotateRight: a_.ror(r(w, d), r(w, a), by); break;
  }
}

void Assembler::shift(Shift op, Width w, Gp d, Gp a, Gp count) {
  switch (op) {
    case Shift::Left: a_.lslv(r(w, d), r(w, a), r(w, count)); break;
    case Shift::RightSigned: a_.asrv(r(w, d), r(w, a), r(w, count)); break;
    case Shift::RightUnsigned: a_.lsrv(r(w, d), r(w, a), r(w, count)); break;
    case Shift::RotateLeft:
      a_.neg(r(w, kScratch), r(w, count));
      a_.rorv(r(w, d), r(w, a), r(w, kScratch));
      break;
    case Shift::RotateRight: a_.rorv(r(w, d), r(w, a), r(w, count)); break;
  }
}

void Assembler::quotient(Width w, bool is_signed, Gp d, Gp a, Gp b) {
  if (is_signed) a_.sdiv(r(w, d), r(w, a), r(w, b));
  else a_.udiv(r(w, d), r(w, a), r(w, b));
}

void Assembler::remainder(Width w, bool is_signed, Gp d, Gp a, Gp b) {
  quotient(w, is_signed, kScratch, a, b);
  a_.msub(r(w, d), r(w, kScratch), r(w, b), r(w, a));
}

void Assembler::negate(Width w, Gp d) { a_.neg(r(w, d), r(w, d)); }

void Assembler::count_leading_zeros(Width w, Gp d, Gp s) { a_.clz(r(w, d), r(w, s)); }

void Assembler::count_trailing_zeros(Width w, Gp d, Gp s) {
  a_.rbit(r(w, d), r(w, s));
  a_.clz(r(w, d), r(w, d));
}

void Assembler::count_ones(Width w, Gp d, Gp s) {
  gp_to_float(w, kScratchFp, s);  // the rest becomes zero
  a_.cnt(v(kScratchFp).b8(), v(kScratchFp).b8());
  a_.addv(v(kScratchFp).b(), v(kScratchFp).b8());
  float_to_gp(Width::W32, d, kScratchFp);
}

void Assembler::sign_extend(Width w, Gp d, Gp s, u32 from_bytes) {
  switch (from_bytes) {
    case 1: a_.sxtb(r(w, d), w32(s)); break;
    case 2: a_.sxth(r(w, d), w32(s)); break;
    default: a_.sxtw(x(d), w32(s)); break;
  }
}

// --- Atomic accesses ---------------------------------------------------------------------------------------------------
//
// Loads that acquire and stores that release are ordered among themselves as sequential consistency asks (ARM ARM, B2.3.11).

namespace {

// Arm ARM, C4.1.94: in bits 31 and 30 the size.
constexpr u32 kLoadAcquire = 0x08DFFC00, kStoreRelease = 0x089FFC00;
constexpr u32 kLoadExclusive = 0x085FFC00, kStoreExclusive = 0x0800FC00;  // ldaxr, stlxr
constexpr u32 kLoadAdd = 0x38E00000, kLoadClear = 0x38E01000, kLoadXor = 0x38E02000, kLoadSet = 0x38E03000, kSwap = 0x38E08000;
constexpr u32 kCompareSwap = 0x08E0FC00;
constexpr u32 kBranchIfNotZero = 0x35000000;

constexpr u32 instructions_back(u32 count) { return (-count & 0x7FFFF) << 5; }

}  // namespace

Gp Assembler::plain_base(const Address& a) {
  if (a.index == Gp::none && a.offset == 0) return a.base;
  address(Width::W64, kScratch, a);
  return kScratch;
}

void Assembler::exclusive(u32 form, u32 bytes, Gp at, Gp t, Gp s) {
  u32 size = static_cast<u32>(std::countr_zero(bytes));
  word(form | size << 30 | number(s) << 16 | number(at) << 5 | number(t));
}

u32 Assembler::atomic_load(u32 bytes, Gp d, const Address& from) {
  exclusive(kLoadAcquire, bytes, plain_base(from), d);
  return offset() - 4;
}

u32 Assembler::atomic_store(u32 bytes, const Address& to, Gp s) {
  exclusive(kStoreRelease, bytes, plain_base(to), s);
  return offset() - 4;
}

u32 Assembler::atomic_update(AtomicOp op, u32 bytes, Gp d, const Address& at, Gp s, Gp other) {
  Width w = bytes == 8 ? Width::W64 : Width::W32;
  Gp base = plain_base(at);
  if (features_.lse) {
    switch (op) {
      case AtomicOp::Sub:
        a_.neg(r(w, kScratch2), r(w, s));
        exclusive(kLoadAdd, bytes, base, d, kScratch2);
        break;
      case AtomicOp::And:
        a_.mvn(r(w, kScratch2), r(w, s));
        exclusive(kLoadClear, bytes, base, d, kScratch2);
        break;
      case AtomicOp::Add: exclusive(kLoadAdd, bytes, base, d, s); break;
      case AtomicOp::Or: exclusive(kLoadSet, bytes, base, d, s); break;
      case AtomicOp::Xor: exclusive(kLoadXor, bytes, base, d, s); break;
      case AtomicOp::Exchange: exclusive(kSwap, bytes, base, d, s); break;
    }
    return offset() - 4;
  }
  u32 again = offset();
  exclusive(kLoadExclusive, bytes, base, d);
  if (op == AtomicOp::Exchange) {
    exclusive(kStoreExclusive, bytes, base, s, kScratch2);
    word(kBranchIfNotZero | instructions_back(2) | number(kScratch2));
  } else {
    alu(static_cast<Alu>(op), w, kScratch2, d, s);
    exclusive(kStoreExclusive, bytes, base, kScratch2, other);
    word(kBranchIfNotZero | instructions_back(3) | number(other));
  }
  return again;
}

u32 Assembler::atomic_compare_exchange(u32 bytes, Gp d, const Address& at, Gp expected, Gp replacement) {
  Width w = bytes == 8 ? Width::W64 : Width::W32;
  Gp base = plain_base(at);
  if (features_.lse) {
    move(w, d, expected);
    exclusive(kCompareSwap, bytes, base, replacement, d);
    return offset() - 4;
  }
  u32 again = offset();
  exclusive(kLoadExclusive, bytes, base, d);
  // cmp, with the lower bytes of what is expected where it is narrow
  if (bytes >= 4) compare(w, d, expected);
  else word(0x6B20001F | (bytes == 2 ? 1 << 13 : 0) | number(expected) << 16 | number(d) << 5);
  word(0x54000000 | 3 << 5 | code_of(Condition::NotEqual));  // past the loop
  exclusive(kStoreExclusive, bytes, base, replacement, kScratch2);
  word(kBranchIfNotZero | instructions_back(4) | number(kScratch2));
  return again;
}
void Assembler::set_amount(Field f, u32 amount) {
  u8* at = code_.textSection()->data() + f.at;
  u32 instruction;
  std::memcpy(&instruction, at, 4);
  instruction |= amount << 10;
  std::memcpy(at, &instruction, 4);
}

// --- Comparisons -------------------------------------------------------------------------------------------------------

void Assembler::compare(Width w, Gp a, Gp b) { a_.cmp(r(w, a), r(w, b)); }

void Assembler::compare(Width w, Gp a, i32 b) {
  if (b >= 0 && is_arithmetic(static_cast<u64>(b))) {
    a_.cmp(r(w, a), asmjit::Imm(b));
  } else if (b < 0 && is_arithmetic(static_cast<u64>(-i64{b}))) {
    a_.cmn(r(w, a), asmjit::Imm(-i64{b}));
  } else {
    move_constant(kScratch, w == Width::W32 ? static_cast<u32>(b) : static_cast<u64>(i64{b}), true);
    compare(w, a, kScratch);
  }
}

void Assembler::compare(Width w, const Address& a, i32 b) {
  Gp reg = operand(w, a);
  compare(w, reg, b);
  if (b == 0) note_zero_test(w, reg);
}

void Assembler::test(Width w, Gp a, Gp b) {
  a_.tst(r(w, a), r(w, b));
  if (a == b) note_zero_test(w, a);
}

void Assembler::test(Width w, Gp a, i32 b) {
  u64 bits = w == Width::W32 ? static_cast<u32>(b) : static_cast<u64>(i64{b});
  if (a64::Utils::isLogicalImm(bits, w == Width::W32 ? 32 : 64)) {
    a_.tst(r(w, a), asmjit::Imm(bits));
  } else {
    move_constant(kScratch, bits, true);
    test(w, a, kScratch);
  }
}

// csinc d, zr, zr, the opposite
void Assembler::set(Condition c, Gp d, Gp) { word(0x1A9F07E0 | (code_of(c) ^ 1) << 12 | number(d)); }

// csel d, s, d, c
void Assembler::move_if(Condition c, Width w, Gp d, Gp s) {
  u32 wide = w == Width::W64 ? 0x80000000 : 0;
  word(0x1A800000 | wide | number(d) << 16 | code_of(c) << 12 | number(s) << 5 | number(d));
}

// --- Floats ------------------------------------------------------------------------------------------------------------

void Assembler::move(Fp d, Fp s) {
  if (d != s) a_.mov(v(d).b16(), v(s).b16());
}

void Assembler::load_float(u32 bytes, Fp d, const Address& from) { a_.ldr(part(bytes, d), memory(from, bytes)); }
void Assembler::store_float(u32 bytes, const Address& to, Fp s) { a_.str(part(bytes, s), memory(to, bytes)); }
void Assembler::zero_float(Fp d) { a_.movi(v(d).d2(), asmjit::Imm(0)); }

void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b) {
  arm::Vec to = f(is_f64, d), left = f(is_f64, a), right = f(is_f64, b);
  switch (op) {
    case FloatOp::Add: a_.fadd(to, left, right); break;
    case FloatOp::Sub: a_.fsub(to, left, right); break;
    case FloatOp::Mul: a_.fmul(to, left, right); break;
    case FloatOp::Div: a_.fdiv(to, left, right); break;
    case FloatOp::Min: a_.fmin(to, left, right); break;
    case FloatOp::Max: a_.fmax(to, left, right); break;
  }
}

void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b) {
  load_float(is_f64 ? 8 : 4, kScratchFp, b);
  float_op(op, is_f64, d, a, kScratchFp);
}

void Assembler::square_root(bool is_f64, Fp d, Fp s) { a_.fsqrt(f(is_f64, d), f(is_f64, s)); }

void Assembler::round(Rounding mode, bool is_f64, Fp d, Fp s) {
  switch (mode) {
    case Rounding::Nearest: a_.frintn(f(is_f64, d), f(is_f64, s)); break;
    case Rounding::Floor: a_.frintm(f(is_f64, d), f(is_f64, s)); break;
    case Rounding::Ceil: a_.frintp(f(is_f64, d), f(is_f64, s)); break;
    case Rounding::Trunc: a_.frintz(f(is_f64, d), f(is_f64, s)); break;
  }
}

void Assembler::absolute(bool is_f64, Fp d, Fp s, const Address&) { a_.fabs(f(is_f64, d), f(is_f64, s)); }
void Assembler::negate_float(bool is_f64, Fp d, Fp s, const Address&) { a_.fneg(f(is_f64, d), f(is_f64, s)); }

// The sign's bits from one, the others from the other.
void Assembler::copy_sign(bool is_f64, Fp d, Fp from, const Address&, const Address&) {
  move_constant(kScratch, is_f64 ? u64{1} << 63 : u64{1} << 31, true);
  gp_to_float(is_f64 ? Width::W64 : Width::W32, kScratchFp, kScratch);
  a_.bit(v(d).b8(), v(from).b8(), v(kScratchFp).b8());
}

void Assembler::compare_float(bool is_f64, Fp a, Fp b) { a_.fcmp(f(is_f64, a), f(is_f64, b)); }

void Assembler::compare_float(bool is_f64, Fp a, const Address& b) {
  load_float(is_f64 ? 8 : 4, kScratchFp, b);
  compare_float(is_f64, a, kScratchFp);
}

void Assembler::gp_to_float(Width w, Fp d, Gp s) { a_.fmov(part(w == Width::W32 ? 4 : 8, d), r(w, s)); }
void Assembler::float_to_gp(Width w, Gp d, Fp s) { a_.fmov(r(w, d), part(w == Width::W32 ? 4 : 8, s)); }
void Assembler::convert_signed(Width from, bool to_f64, Fp d, Gp s) { a_.scvtf(f(to_f64, d), r(from, s)); }
void Assembler::convert_unsigned(bool to_f64, Fp d, Gp s, Gp) { a_.ucvtf(f(to_f64, d), x(s)); }
void Assembler::convert_float(bool to_f64, Fp d, Fp s) { a_.fcvt(f(to_f64, d), f(!to_f64, s)); }

// The machine answers the nearest number there is, and 0 for a NaN.
Assembler::Fields Assembler::truncate_checked(Width to, bool is_signed, bool from_f64, Gp d, Fp s, Gp other) {
  Fields fields;
  auto doubtful_if = [&](Condition c) { fields.at[fields.count++] = jump_if(c); };
  arm::Vec from = f(from_f64, s);
  if (is_signed) a_.fcvtzs(x(d), from);
  else a_.fcvtzu(x(d), from);
  if (to == Width::W32) {
    if (is_signed) {
      sign_extend(Width::W64, other, d, 4);
      compare(Width::W64, d, other);
      doubtful_if(Condition::NotEqual);
      move(Width::W32, d, d);
    } else {
      shift(Shift::RightUnsigned, Width::W64, other, d, 32);
      test(Width::W64, other, other);
      doubtful_if(Condition::NotEqual);
    }
  } else if (is_signed) {
    compare(Width::W64, d, 1);  // overflows for the smallest number
    doubtful_if(Condition::Overflow);
    compare(Width::W64, d, -1);  // and for the largest
    doubtful_if(Condition::Overflow);
  } else {
    compare(Width::W64, d, -1);
    doubtful_if(Condition::Equal);
  }
  if (is_signed) {
    compare_float(from_f64, s, s);
    doubtful_if(Condition::Unordered);
  } else {
    a_.fmov(f(from_f64, kScratchFp), asmjit::Imm(-1.0));
    compare_float(from_f64, s, kScratchFp);
    doubtful_if(negated(kFloatGreater));
  }
  return fields;
}

// tbl; one register or two.
void Assembler::look_up(Fp d, Fp table, bool is_pair, Fp places) {
  word(0x4E000000 | number(places) << 16 | (is_pair ? 0x2000 : 0) | number(table) << 5 | number(d));
}

// --- Control -----------------------------------------------------------------------------------------------------------

Assembler::Field Assembler::jump_if(Condition c) {
  u32 past_the_next = 2 << 5;
  if (zero_test_.end != 0 && zero_test_.end == offset() && (c == Condition::Equal || c == Condition::NotEqual)) {
    // cbz or cbnz in place of the comparison
    if (far_branches_) c = negated(c);
    u32 instruction = 0x34000000 | (zero_test_.width == Width::W64 ? 1u << 31 : 0) | (c == Condition::NotEqual ? 1u << 24 : 0) |
                      (far_branches_ ? past_the_next : 0) | number(zero_test_.reg);
    u32 at = offset() - 4;
    std::memcpy(code_.textSection()->data() + at, &instruction, 4);
    zero_test_ = {};
    return far_branches_ ? jump() : Field{at, kInstruction};
  }
  if (!far_branches_) return branch(0x54000000 | code_of(c));
  word(0x54000000 | past_the_next | (code_of(c) ^ 1));
  return jump();
}

void Assembler::jump_back_if(Condition c, u32 target) { set_field(jump_if(c), target); }
void Assembler::jump(Gp target) {
  a_.br(x(target));
  steps_.path_ends(offset());
}
void Assembler::jump_to_function(Gp target) {
  if (features_.bti && target != kScratch && target != kScratch2) {
    move(Width::W64, kScratch, target);
    target = kScratch;
  }
  jump(target);
}
void Assembler::call(Gp target) { a_.blr(x(target)); }

Assembler::Field Assembler::load_vector_from(Fp d) {
  Field field = address_of(kScratch);
  if (!far_branches_) {
    load_float(16, d, {kScratch, 0});
    return field;
  }
  set_field(field, field.at);
  a_.movz(x(kScratch2), 0, 0);
  a_.movk(x(kScratch2), 0, 16);
  load_float(16, d, {kScratch, 0, kScratch2});
  return {field.at, kTwoMoves};
}

void Assembler::set_field(Field field, u32 target) {
  u8* place = code_.textSection()->data() + field.at;
  if (field.base == kTwoMoves) {
    for (u32 shift : {0, 16}) {
      place += 4;
      u32 instruction;
      std::memcpy(&instruction, place, 4);
      instruction |= ((target - field.at) >> shift & 0xFFFF) << 5;
      std::memcpy(place, &instruction, 4);
    }
    return;
  }
  if (field.base != kInstruction) {
    i32 distance = static_cast<i32>(target - field.base);
    std::memcpy(place, &distance, 4);
    return;
  }
  i32 distance = static_cast<i32>(target - field.at);
  u32 instruction;
  std::memcpy(&instruction, place, 4);
  auto fits = [&](i32 limit) {
    if (distance >= -limit && distance < limit) return true;
    too_far_ = true;
    return false;
  };
  if ((instruction & 0x7C000000) == 0x14000000) {  // b, bl
    if (distance < -(128 << 20) || distance >= 128 << 20) errors_.failed = true;
    instruction = (instruction & 0xFC000000) | (static_cast<u32>(distance >> 2) & 0x03FFFFFF);
  } else if ((instruction & 0xFF000000) == 0x54000000 || (instruction & 0x7E000000) == 0x34000000) {  // b.cond, cbz, cbnz
    if (!fits(1 << 20)) return;
    instruction = (instruction & 0xFF00001F) | (static_cast<u32>(distance >> 2) & 0x7FFFF) << 5;
  } else {  // adr
    if (!fits(1 << 20)) return;
    u32 bits = static_cast<u32>(distance) & 0x1FFFFF;
    instruction = (instruction & 0x9F00001F) | (bits & 3) << 29 | bits >> 2 << 5;
  }
  std::memcpy(place, &instruction, 4);
}

std::vector<FrameStep> Assembler::whole_frame(std::span<const Gp> saved, size_t saved_fp) {
  u32 size = frame_bytes(saved.size() + saved_fp) + 8;
  std::vector<FrameStep> steps = {{0, FrameStep::Kind::Frame, Gp::sp, size}, {0, FrameStep::Kind::Saved, Gp::x30, 8}};
  for (u32 i = 0; i < saved.size(); ++i)
    steps.push_back({0, FrameStep::Kind::Saved, saved[i], size - 8 * word_of_saved(i, saved.size(), saved_fp)});
  return steps;
}

// A load or store of a frame's part, which moves the stack pointer by so much before it, or if it is a load behind it.
void Assembler::frame_access(bool is_load, const FramePart& part, i32 move) {
  using Mem = arm::Mem;
  Mem place = move == 0 ? Mem(x(Gp::sp), part.at) : is_load ? arm::ptr_post(x(Gp::sp), move) : arm::ptr_pre(x(Gp::sp), move);
  auto both = [&](auto one, auto two) { is_load ? a_.ldp(one, two, place) : a_.stp(one, two, place); };
  auto single = [&](auto one) { is_load ? a_.ldr(one, place) : a_.str(one, place); };
  auto gp = [](u32 reg) { return reg == kZero ? arm::GpX(arm::Gp::kIdZr) : arm::GpX(reg); };
  if (part.is_float && part.two != kNone) both(arm::VecV(part.one).d(), arm::VecV(part.two).d());
  else if (part.is_float) single(arm::VecV(part.one).d());
  else if (part.two != kNone) both(gp(part.one), gp(part.two));
  else single(gp(part.one));
}

void Assembler::open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  i32 size = static_cast<i32>(frame_bytes(saved.size() + saved_fp.size()) + 8);
  note_frame(Gp::sp, 0);
  note_kept(Gp::x30);
  for (Gp reg : saved) note_kept(reg);
  if (features_.bti) word(0xD503245F);  // bti c
  for_each_part(saved, saved_fp, size, [&](const FramePart& part) {
    frame_access(false, part, part.at == 0 ? -size : 0);
    if (part.at == 0) note_frame(Gp::sp, static_cast<u32>(size));
  });
  note_whole_frame(saved, saved_fp.size());
}

void Assembler::leave_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  i32 size = static_cast<i32>(frame_bytes(saved.size() + saved_fp.size()) + 8);
  FramePart first;
  for_each_part(saved, saved_fp, size, [&](const FramePart& part) {
    if (part.at == 0) first = part;
    else frame_access(true, part, 0);
  });
  frame_access(true, first, size);
  note_frame(Gp::sp, 0);
  note_kept(Gp::x30);
  for (Gp reg : saved) note_kept(reg);
  if (steps_.is_on()) [[unlikely]]
    steps_.expect_again(whole_frame(saved, saved_fp.size()));
}

void Assembler::compare_stack(const Address& limit) {
  load(Load::U64, kScratch2, limit);
  word(0xEB3163FF);  // cmp sp, x17
}

Assembler::Field Assembler::jump_if_raised(const Address& limit) {
  load(Load::U8, kScratch2, {limit.base, limit.offset + 7});
  test(Width::W32, kScratch2, kScratch2);
  return jump_if(Condition::NotEqual);
}

void Assembler::zero_words(const Address& first, u32 count) {
  address(Width::W64, kScratch, first);
  move_constant(kScratch2, count / 2, true);
  u32 again = offset();
  arm::GpX zero(arm::Gp::kIdZr);
  a_.stp(zero, zero, arm::ptr_post(x(kScratch), 16));
  a_.subs(x(kScratch2), x(kScratch2), 1);
  jump_back_if(Condition::NotEqual, again);
  if (count % 2 != 0) a_.str(zero, arm::Mem(x(kScratch)));
}

}  // namespace brink::jit
