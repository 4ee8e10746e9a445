#include "jit/emit/assembler.h"

namespace brink::jit {

const Features& Features::host() {
  static const Features features = [] {
    const auto& cpu = asmjit::CpuInfo::host().features().x86();
    Features f;
    f.floor = cpu.hasSSE4_1() && cpu.hasSSSE3() && cpu.hasPOPCNT();
    f.avx = cpu.hasAVX();
    f.avx2 = cpu.hasAVX2();
    f.avx512 = f.avx2 && cpu.hasAVX512_VL() && cpu.hasAVX512_DQ();
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
  addresses_.clear();
  steps_.clear();
}

// Where there is no memory the function is lost (ok()), and what is written may go anywhere.
void Assembler::grow() {
  asmjit::CodeBuffer& buffer = code_.textSection()->buffer();
  if (code_.growBuffer(&buffer, Encoder::kLongest) == asmjit::kErrorOk) return;
  errors_.failed = true;
  a_._bufferPtr = a_._bufferData;
}

// --- Moves -------------------------------------------------------------------------------------------------------------

void Assembler::move_constant(Gp d, u64 value, bool keep_flags) {
  if (value == 0 && !keep_flags) return put({0x33}, Width::W32, d, d);
  Encoder e(room());
  if (value <= 0xFFFFFFFF) {
    e.short_form(0xB8, false, static_cast<u32>(d));
    e.immediate(static_cast<u32>(value));
  } else if (static_cast<i64>(value) == static_cast<i32>(value)) {
    e.operands({0xC7}, true, 0, static_cast<u32>(d));
    e.immediate(static_cast<u32>(value));
  } else {
    e.short_form(0xB8, true, static_cast<u32>(d));
    e.immediate(value);
  }
  done(e);
}

void Assembler::move_address(Gp d, const void* address, AddressReference::Kind kind, u32 which) {
  addresses_.push_back({offset(), kind, which, address});
  Encoder e(room());
  e.short_form(0xB8, true, static_cast<u32>(d));
  e.immediate(reinterpret_cast<u64>(address));
  done(e);
}

void Assembler::load(Load kind, Gp d, const Address& from) {
  struct Form {
    Opcode op;
    Width width;
  };
  static constexpr Form kForms[] = {
      {{0xB6, Opcode::Escape0F}, Width::W32},  // U8
      {{0xBE, Opcode::Escape0F}, Width::W32},  // S8To32
      {{0xBE, Opcode::Escape0F}, Width::W64},  // S8To64
      {{0xB7, Opcode::Escape0F}, Width::W32},  // U16
      {{0xBF, Opcode::Escape0F}, Width::W32},  // S16To32
      {{0xBF, Opcode::Escape0F}, Width::W64},  // S16To64
      {{0x8B}, Width::W32},                    // U32
      {{0x63}, Width::W64},                    // S32To64
      {{0x8B}, Width::W64},                    // U64
  };
  const Form& form = kForms[static_cast<u32>(kind)];
  put(form.op, form.width, d, from);
}

void Assembler::store(u32 size, const Address& to, Gp s) {
  Encoder e(room());
  if (size == 1) e.operands({0x88}, false, static_cast<u32>(s), to, true);
  else e.operands({0x89, Opcode::One, static_cast<u8>(size == 2 ? 0x66 : 0)}, size == 8, static_cast<u32>(s), to);
  done(e);
}

void Assembler::store_constant(u32 size, const Address& to, i32 value) {
  Encoder e(room());
  u8 prefix = size == 2 ? 0x66 : 0;
  e.operands({static_cast<u8>(size == 1 ? 0xC6 : 0xC7), Opcode::One, prefix}, size == 8, 0, to);
  if (size == 1) e.byte(static_cast<u8>(value));
  else if (size == 2) e.immediate(static_cast<u16>(value));
  else e.immediate(value);
  done(e);
}

// --- Integers ----------------------------------------------------------------------------------------------------------

Assembler::Field Assembler::subtract_amount(Gp d) {
  Encoder e(room());
  e.operands({0x83}, true, extension(Alu::Sub), static_cast<u32>(d));
  e.byte(0);
  done(e);
  return {offset() - 1, offset()};
}

void Assembler::arithmetic(u32 extension, Width w, Gp d, i32 b) {
  Encoder e(room());
  bool wide = w == Width::W64;
  if (b == static_cast<i8>(b)) {
    e.operands({0x83}, wide, extension, static_cast<u32>(d));
    e.byte(static_cast<u8>(b));
  } else {
    if (d == Gp::rax) e.short_form(extension << 3 | 5, wide, 0);
    else e.operands({0x81}, wide, extension, static_cast<u32>(d));
    e.immediate(b);
  }
  done(e);
}

void Assembler::arithmetic(u32 extension, Width w, const Address& d, i32 b) {
  Encoder e(room());
  bool is_short = b == static_cast<i8>(b);
  e.operands({static_cast<u8>(is_short ? 0x83 : 0x81)}, w == Width::W64, extension, d);
  if (is_short) e.byte(static_cast<u8>(b));
  else e.immediate(b);
  done(e);
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, Gp b) {
  Opcode code = from_operand(extension(op));
  if (d == a) {
    put(code, w, d, b);
  } else if (d == b) {
    if (is_commutative(op)) {
      put(code, w, d, a);
    } else {
      negate(w, d);
      put(from_operand(extension(Alu::Add)), w, d, a);
    }
  } else if (op == Alu::Add) {
    address(w, d, {a, 0, b, 0});
  } else {
    move_if_other(w, d, a);
    put(code, w, d, b);
  }
}

void Assembler::alu(Alu op, Width w, Gp d, Gp a, i32 b) {
  if (d != a && op == Alu::Add) return address(w, d, {a, b});
  if (d != a && op == Alu::Sub && b != INT32_MIN) return address(w, d, {a, -b});
  move_if_other(w, d, a);
  arithmetic(extension(op), w, d, b);
}

void Assembler::multiply(Width w, Gp d, Gp a, i32 b) {
  Encoder e(room());
  bool is_short = b == static_cast<i8>(b);
  e.operands({static_cast<u8>(is_short ? 0x6B : 0x69)}, w == Width::W64, static_cast<u32>(d), static_cast<u32>(a));
  if (is_short) e.byte(static_cast<u8>(b));
  else e.immediate(b);
  done(e);
}

namespace {

// Intel SDM volume 2, table A-6, group 2.
constexpr u8 kShiftExtensions[] = {4, 7, 5, 0, 1};

}  // namespace

void Assembler::shift(Shift op, Width w, Gp d, Gp a, u32 count) {
  count &= w == Width::W32 ? 31 : 63;
  move_if_other(w, d, a);
  if (count == 0) return;
  u32 extension = kShiftExtensions[static_cast<u32>(op)];
  if (count == 1) return put({0xD1}, w, extension, d);
  Encoder e(room());
  e.operands({0xC1}, w == Width::W64, extension, static_cast<u32>(d));
  e.byte(count);
  done(e);
}

void Assembler::shift(Shift op, Width w, Gp d, Gp a, Gp count) {
  if (needs_count_in_rcx(op)) {
    move_if_other(w, d, a);
    return put({0xD3}, w, kShiftExtensions[static_cast<u32>(op)], d);
  }
  constexpr u8 kPrefixes[] = {0x66, 0xF3, 0xF2};  // shlx, sarx, shrx
  Encoder e(room());
  e.vex({0xF7, Opcode::Escape0F38, kPrefixes[static_cast<u32>(op)]}, w == Width::W64, static_cast<u32>(d),
        static_cast<u32>(count), static_cast<u32>(a));
  done(e);
}

void Assembler::divide(Width w, bool is_signed, Gp divisor) {
  if (!is_signed) move_constant(Gp::rdx, 0, false);
  else if (w == Width::W32) put_bytes(0x99);  // cdq
  else put_bytes(0x48, 0x99);                 // cqo
  put({0xF7}, w, is_signed ? 7 : 6, divisor);
}

void Assembler::count_leading_zeros(Width w, Gp d, Gp s) {
  if (features_.lzcnt) {
    if (d != s) move_constant(d, 0, false);  // or it would wait for d
    return put({0xBD, Opcode::Escape0F, 0xF3}, w, d, s);
  }
  // bsr leaves its target alone where there is no bit (as AMD documents and Intel does).
  i32 top = w == Width::W32 ? 31 : 63;
  move_constant(d, static_cast<u32>(2 * top + 1), true);
  put({0xBD, Opcode::Escape0F}, w, d, s);
  arithmetic(extension(Alu::Xor), Width::W32, d, top);
}

void Assembler::count_trailing_zeros(Width w, Gp d, Gp s) {
  if (features_.lzcnt) {
    if (d != s) move_constant(d, 0, false);  // or it would wait for d
    return put({0xBC, Opcode::Escape0F, 0xF3}, w, d, s);
  }
  move_constant(d, w == Width::W32 ? 32 : 64, true);
  put({0xBC, Opcode::Escape0F}, w, d, s);
}

void Assembler::sign_extend(Width w, Gp d, Gp s, u32 from_bytes) {
  if (from_bytes == 4) return put({0x63}, Width::W64, d, s);
  Encoder e(room());
  e.operands({static_cast<u8>(from_bytes == 1 ? 0xBE : 0xBF), Opcode::Escape0F}, w == Width::W64, static_cast<u32>(d),
             static_cast<u32>(s), false, from_bytes == 1);
  done(e);
}

void Assembler::zero_extend(Gp d, Gp s, u32 from_bytes) {
  if (from_bytes == 4) return move(Width::W32, d, s);
  Encoder e(room());
  e.operands({static_cast<u8>(from_bytes == 1 ? 0xB6 : 0xB7), Opcode::Escape0F}, false, static_cast<u32>(d), static_cast<u32>(s),
             false, from_bytes == 1);
  done(e);
}

// --- Atomic accesses ---------------------------------------------------------------------------------------------------

namespace {

constexpr u32 kLock = 0xF0;

}  // namespace

void Assembler::atomic(bool lock, Opcode op, u32 bytes, const Address& m, Gp reg) {
  Encoder e(room());
  if (lock) e.byte(kLock);
  e.operands(sized(op, bytes), bytes == 8, static_cast<u32>(reg), m, bytes == 1);
  done(e);
}

void Assembler::atomic_alu(Alu op, u32 bytes, const Address& d, Gp b) {
  atomic(true, {static_cast<u8>(extension(op) << 3)}, bytes, d, b);
}

void Assembler::atomic_alu(Alu op, u32 bytes, const Address& d, i32 b) {
  Encoder e(room());
  e.byte(kLock);
  bool is_short = bytes == 1 || b == static_cast<i8>(b);
  Opcode code = sized({0x80}, bytes);
  if (is_short && bytes != 1) code.code = 0x83;
  e.operands(code, bytes == 8, extension(op), d);
  if (is_short) e.byte(static_cast<u8>(b));
  else if (bytes == 2) e.immediate(static_cast<u16>(b));
  else e.immediate(b);
  done(e);
}

// --- Comparisons -------------------------------------------------------------------------------------------------------

void Assembler::test(Width w, Gp a, i32 b) {
  Encoder e(room());
  if (a == Gp::rax) e.short_form(0xA9, w == Width::W64, 0);
  else e.operands({0xF7}, w == Width::W64, 0, static_cast<u32>(a));
  e.immediate(b);
  done(e);
}

void Assembler::set(Condition c, Gp d, Gp other) {
  auto set_low = [&](Condition condition, Gp reg) {
    Encoder e(room());
    e.operands({static_cast<u8>(0x90 | static_cast<u8>(condition)), Opcode::Escape0F}, false, 0, static_cast<u32>(reg), false, true);
    done(e);
  };
  auto low = [&](Opcode op, Gp reg, Gp rm) {
    Encoder e(room());
    e.operands(op, false, static_cast<u32>(reg), static_cast<u32>(rm), true, true);
    done(e);
  };
  if (c == Condition::FloatEqual || c == Condition::FloatNotEqual) {
    bool equal = c == Condition::FloatEqual;
    set_low(equal ? Condition::Equal : Condition::NotEqual, d);
    set_low(equal ? Condition::Ordered : Condition::Unordered, other);
    low({static_cast<u8>(equal ? 0x22 : 0x0A)}, d, other);  // and, or
  } else {
    set_low(c, d);
  }
  low({0xB6, Opcode::Escape0F}, d, d);
}

// --- Floats ------------------------------------------------------------------------------------------------------------

// Without AVX the second operand may be the target only where the operands can change places.
void Assembler::sse(Opcode op, bool commutative, Fp d, Fp a, Fp b, int immediate) {
  if (!features_.avx) {
    if (d == b && d != a) {
      if (commutative) {
        std::swap(a, b);
      } else {
        // By way of the register that is nobody's.
        constexpr Fp kScratch = Fp::f5;
        move(kScratch, b);
        b = kScratch;
      }
    }
    move(d, a);
  }
  sse_pair(op, false, static_cast<u32>(d), static_cast<u32>(a), static_cast<u32>(b), immediate);
}

void Assembler::sse(Opcode op, Fp d, Fp a, const Address& b, int immediate) {
  if (!features_.avx) {
    move(d, a);
    return sse_two(op, d, b, immediate);
  }
  Encoder e(room());
  e.vex(op, false, static_cast<u32>(d), static_cast<u32>(a), b);
  if (immediate != kNoImmediate) e.byte(static_cast<u32>(immediate));
  done(e);
}

void Assembler::vector(Opcode op, Width w, Fp d, Fp a, Gp b, int immediate) {
  if (!features_.avx) move(d, a);
  sse_pair(op, w == Width::W64, static_cast<u32>(d), static_cast<u32>(a), static_cast<u32>(b), immediate);
}

void Assembler::vector(Opcode op, Width w, Gp d, Fp s, int immediate) {
  // Those of the third map have the vector where others have what they write.
  u32 reg = static_cast<u32>(d), rm = static_cast<u32>(s);
  if (op.map == Opcode::Escape0F3A) std::swap(reg, rm);
  sse_pair(op, w == Width::W64, reg, 0, rm, immediate);
}

void Assembler::vector(Opcode op, Width w, const Address& d, Fp s, int immediate) {
  Encoder e(room());
  if (features_.avx) e.vex(op, w == Width::W64, static_cast<u32>(s), 0, d);
  else e.operands(op, w == Width::W64, static_cast<u32>(s), d);
  if (immediate != kNoImmediate) e.byte(static_cast<u32>(immediate));
  done(e);
}

void Assembler::vector_shift(Opcode op, u32 extension, Fp d, Fp a, u32 count) {
  if (!features_.avx) move(d, a);
  sse_pair(op, false, extension, static_cast<u32>(d), static_cast<u32>(features_.avx ? a : d), static_cast<int>(count));
}

namespace {

constexpr u8 kFloatOpcodes[] = {0x58, 0x5C, 0x59, 0x5E, 0x5D, 0x5F};
constexpr u8 kBitsOpcodes[] = {0x54, 0x55, 0x56, 0x57};

}  // namespace

// Which NaN comes out depends on the order of the operands, but every one of them is permitted.
void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b) {
  sse({kFloatOpcodes[static_cast<u32>(op)], Opcode::Escape0F, scalar(is_f64)}, false, d, a, b);
}
void Assembler::float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b) {
  sse({kFloatOpcodes[static_cast<u32>(op)], Opcode::Escape0F, scalar(is_f64)}, d, a, b);
}
void Assembler::bits(Bits op, Fp d, Fp a, Fp b) {
  sse({kBitsOpcodes[static_cast<u32>(op)], Opcode::Escape0F}, op != Bits::AndNot, d, a, b);
}
void Assembler::bits(Bits op, Fp d, Fp a, const Address& b) {
  sse({kBitsOpcodes[static_cast<u32>(op)], Opcode::Escape0F}, d, a, b);
}

void Assembler::round(Rounding mode, bool is_f64, Fp d, Fp s) {
  Encoder e(room());
  Opcode op{static_cast<u8>(is_f64 ? 0x0B : 0x0A), Opcode::Escape0F3A, 0x66};
  if (features_.avx) e.vex(op, false, static_cast<u32>(d), static_cast<u32>(s), static_cast<u32>(s));
  else e.operands(op, false, static_cast<u32>(d), static_cast<u32>(s));
  e.byte(8 | static_cast<u32>(mode));  // bit 3: no precision exception
  done(e);
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

void Assembler::convert_signed(Width from, bool to_f64, Fp d, Gp s) {
  zero_float(d);  // the conversion keeps the upper lanes, and so would wait for them
  sse_pair({0x2A, Opcode::Escape0F, scalar(to_f64)}, from == Width::W64, static_cast<u32>(d), static_cast<u32>(d),
           static_cast<u32>(s));
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

std::vector<FrameStep> Assembler::whole_frame(std::span<const Gp> saved, size_t saved_fp) {
  u32 distance = 8 + frame_bytes(saved.size() + saved_fp);
  std::vector<FrameStep> steps = {{0, FrameStep::Kind::Frame, Gp::rsp, distance}};
  for (u32 i = 0; i < saved.size(); ++i)
    steps.push_back({0, FrameStep::Kind::Saved, saved[i], distance - 8 * word_of_saved(i, saved.size(), saved_fp)});
  return steps;
}

void Assembler::open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  u32 distance = 8;
  note_frame(Gp::rsp, distance);
  for (Gp reg : saved) note_kept(reg);
  for (Gp reg : saved) {
    push(reg);
    note_frame(Gp::rsp, distance += 8);
    note_saved(reg, distance);
  }
  if (saved_fp.empty()) return;
  alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, static_cast<i32>(8 * saved_fp.size()));
  note_frame(Gp::rsp, distance + 8 * static_cast<u32>(saved_fp.size()));
  for (size_t i = 0; i < saved_fp.size(); ++i) store_float(8, {Gp::rsp, static_cast<i32>(8 * i)}, saved_fp[i]);
}

void Assembler::leave_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {
  u32 distance = 8 + frame_bytes(saved.size());
  if (!saved_fp.empty()) {
    for (size_t i = 0; i < saved_fp.size(); ++i) load_float(8, saved_fp[i], {Gp::rsp, static_cast<i32>(8 * i)});
    alu(Alu::Add, Width::W64, Gp::rsp, Gp::rsp, static_cast<i32>(8 * saved_fp.size()));
    note_frame(Gp::rsp, distance);
  }
  for (size_t i = saved.size(); i-- > 0;) {
    pop(saved[i]);
    note_frame(Gp::rsp, distance -= 8);
    note_kept(saved[i]);
  }
  if (steps_.is_on()) [[unlikely]]
    steps_.expect_again(whole_frame(saved, saved_fp.size()));
}

void Assembler::jump_back(u32 target) {
  i32 distance = static_cast<i32>(target - (offset() + 2));
  if (distance >= -128) put_bytes(0xEB, static_cast<u8>(distance));
  else set_field(field(0xE9), target);
  steps_.path_ends(offset());
}

void Assembler::jump_back_if(Condition c, u32 target) {
  i32 distance = static_cast<i32>(target - (offset() + 2));
  if (distance >= -128) put_bytes(0x70 | static_cast<u32>(c), static_cast<u8>(distance));
  else set_field(jump_if(c), target);
}

}  // namespace brink::jit
