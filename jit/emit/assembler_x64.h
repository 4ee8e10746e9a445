// The macro assembler for x86-64, over asmjit's Assembler; assembler.h says what it is. Instructions beyond SSE4.1 and
// POPCNT are used where the processor has them (Features).
#pragma once
#include <asmjit/x86.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

#include "jit/emit/registers.h"

namespace brink::jit {

namespace x86 = asmjit::x86;

struct Features {
  bool floor = false;  // SSE2 to SSE4.1 and POPCNT: without them nothing is compiled
  bool avx = false;
  bool bmi2 = false;
  bool lzcnt = false;  // and BMI1's tzcnt
  static const Features& host();
};

class Assembler {
 public:
  // A field that holds a distance: `at` is its offset, the distance counts from `base`.
  struct Field {
    u32 at;
    u32 base;
  };
  struct Relocation {
    u32 at;  // of an i32 that counts from its own end
    const void* target;
  };

  explicit Assembler(const Features& features);
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  // Forgets the last function. Every branch reaches as far as there can be code.
  void begin(bool far_branches = false);
  bool needs_far_branches() const { return false; }
  u32 offset() const { return static_cast<u32>(a_.offset()); }
  std::span<const u8> code() const { return {code_.textSection()->data(), a_.offset()}; }
  std::span<const Relocation> relocations() const { return relocations_; }
  // Whether everything since begin() could be encoded.
  bool ok() const { return !errors_.failed; }
  const Features& features() const { return features_; }

  // --- Moves ---

  void move(Width w, Gp d, Gp s) {
    if (d != s || w == Width::W32) a_.emit(x86::Inst::kIdMov, r(w, d), r(w, s));
  }
  // Leaves the flags alone unless it may use the short form of zero.
  void move_constant(Gp d, u64 value, bool keep_flags) {
    if (value == 0 && !keep_flags) a_.emit(x86::Inst::kIdXor, r(Width::W32, d), r(Width::W32, d));
    else if (value <= 0xFFFFFFFF) a_.emit(x86::Inst::kIdMov, r(Width::W32, d), asmjit::Imm(value));
    else a_.emit(x86::Inst::kIdMov, r(Width::W64, d), asmjit::Imm(static_cast<i64>(value)));
  }
  void exchange(Gp a, Gp b) { a_.emit(x86::Inst::kIdXchg, r(Width::W64, a), r(Width::W64, b)); }
  void load(Load kind, Gp d, const Address& from);
  void store(u32 bytes, const Address& to, Gp s);
  void store_constant(u32 bytes, const Address& to, i32 value) {
    a_.emit(x86::Inst::kIdMov, m(to, bytes), asmjit::Imm(bytes == 1 ? i8(value) : bytes == 2 ? i16(value) : value));
  }
  void address(Width w, Gp d, const Address& of) { a_.emit(x86::Inst::kIdLea, r(w, d), m(of, 0)); }
  void push(Gp reg) { a_.emit(x86::Inst::kIdPush, r(Width::W64, reg)); }
  void pop(Gp reg) { a_.emit(x86::Inst::kIdPop, r(Width::W64, reg)); }

  // --- Integers ---

  void alu(Alu op, Width w, Gp d, Gp a, Gp b);
  void alu(Alu op, Width w, Gp d, Gp a, i32 b);
  void alu(Alu op, Width w, Gp d, Gp a, const Address& b) {
    move_if_other(w, d, a);
    a_.emit(id(op), r(w, d), m(b, bytes(w)));
  }
  void alu_memory(Alu op, Width w, const Address& d, i32 b) { a_.emit(id(op), m(d, bytes(w)), asmjit::Imm(b)); }
  void alu_memory(Alu op, Width w, const Address& d, Gp b) { a_.emit(id(op), m(d, bytes(w)), r(w, b)); }
  void multiply(Width w, Gp d, Gp a, Gp b) {
    if (d == b) std::swap(a, b);
    move_if_other(w, d, a);
    a_.emit(x86::Inst::kIdImul, r(w, d), r(w, b));
  }
  void multiply(Width w, Gp d, Gp a, i32 b) { a_.emit(x86::Inst::kIdImul, r(w, d), r(w, a), asmjit::Imm(b)); }
  void multiply(Width w, Gp d, Gp a, const Address& b) {
    move_if_other(w, d, a);
    a_.emit(x86::Inst::kIdImul, r(w, d), m(b, bytes(w)));
  }
  void shift(Shift op, Width w, Gp d, Gp a, u32 count);
  // Without BMI2, and for rotations always: the count must be in rcx, and d must not be.
  void shift(Shift op, Width w, Gp d, Gp a, Gp count);
  bool needs_count_in_rcx(Shift op) const { return !features_.bmi2 || op >= Shift::RotateLeft; }
  void negate(Width w, Gp d) { a_.emit(x86::Inst::kIdNeg, r(w, d)); }
  void invert(Width w, Gp d) { a_.emit(x86::Inst::kIdNot, r(w, d)); }
  // The same, and the condition under which the unsigned addition or subtraction left the range.
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, Gp b) {
    move_if_other(w, d, a);
    a_.emit(id(op), r(w, d), r(w, b));
    return Condition::Below;
  }
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, i32 b) {
    move_if_other(w, d, a);
    a_.emit(id(op), r(w, d), asmjit::Imm(b));
    return Condition::Below;
  }
  // rdx:rax / divisor
  void divide(Width w, bool is_signed, Gp divisor) {
    if (!is_signed) a_.emit(x86::Inst::kIdXor, x86::edx, x86::edx);
    else a_.emit(w == Width::W32 ? x86::Inst::kIdCdq : x86::Inst::kIdCqo);
    a_.emit(is_signed ? x86::Inst::kIdIdiv : x86::Inst::kIdDiv, r(w, divisor));
  }
  // rdx:rax = rax * factor, unsigned or signed
  void multiply_wide(bool is_signed, Gp factor) {
    a_.emit(is_signed ? x86::Inst::kIdImul : x86::Inst::kIdMul, r(Width::W64, factor));
  }
  void add_carry(bool subtract, Gp d, Gp s) {
    a_.emit(subtract ? x86::Inst::kIdSbb : x86::Inst::kIdAdc, r(Width::W64, d), r(Width::W64, s));
  }
  void count_leading_zeros(Width w, Gp d, Gp s);
  void count_trailing_zeros(Width w, Gp d, Gp s);
  void count_ones(Width w, Gp d, Gp s) { a_.emit(x86::Inst::kIdPopcnt, r(w, d), r(w, s)); }
  void sign_extend(Width w, Gp d, Gp s, u32 from_bytes);

  // --- Comparisons ---

  void compare(Width w, Gp a, Gp b) { a_.emit(x86::Inst::kIdCmp, r(w, a), r(w, b)); }
  void compare(Width w, Gp a, i32 b) { a_.emit(x86::Inst::kIdCmp, r(w, a), asmjit::Imm(b)); }
  void compare(Width w, Gp a, const Address& b) { a_.emit(x86::Inst::kIdCmp, r(w, a), m(b, bytes(w))); }
  void compare(Width w, const Address& a, i32 b) { a_.emit(x86::Inst::kIdCmp, m(a, bytes(w)), asmjit::Imm(b)); }
  void compare(Width w, const Address& a, Gp b) { a_.emit(x86::Inst::kIdCmp, m(a, bytes(w)), r(w, b)); }
  void test(Width w, Gp a, Gp b) { a_.emit(x86::Inst::kIdTest, r(w, a), r(w, b)); }
  void test(Width w, Gp a, i32 b) { a_.emit(x86::Inst::kIdTest, r(w, a), asmjit::Imm(b)); }
  // d = condition ? 1 : 0; for the float equalities too. `other` is a register to work with there.
  void set(Condition c, Gp d, Gp other);
  // Integer conditions only.
  void move_if(Condition c, Width w, Gp d, Gp s) { a_.emit(cmov_id(c), r(w, d), r(w, s)); }

  // --- Floats ---

  void move(Fp d, Fp s) {
    if (d != s) a_.emit(features_.avx ? x86::Inst::kIdVmovaps : x86::Inst::kIdMovaps, x(d), x(s));
  }
  void load_float(u32 bytes, Fp d, const Address& from);
  void store_float(u32 bytes, const Address& to, Fp s);
  void zero_float(Fp d) {
    if (features_.avx) a_.emit(x86::Inst::kIdVxorps, x(d), x(d), x(d));
    else a_.emit(x86::Inst::kIdXorps, x(d), x(d));
  }
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b);
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b);
  void square_root(bool is_f64, Fp d, Fp s);
  void round(Rounding mode, bool is_f64, Fp d, Fp s);
  void bits(Bits op, Fp d, Fp a, Fp b);
  void bits(Bits op, Fp d, Fp a, const Address& b);  // 16 aligned bytes
  // As WebAssembly defines minimum and maximum; d = d op b.
  void float_min_max(bool is_max, bool is_f64, Fp d, Fp b);
  // All lanes of `mask` have all bits but the sign (magnitude) or the sign only.
  void absolute(bool, Fp d, Fp s, const Address& magnitude) { bits(Bits::And, d, s, magnitude); }
  void negate_float(bool, Fp d, Fp s, const Address& sign) { bits(Bits::Xor, d, s, sign); }
  // d gets the sign of `from`.
  void copy_sign(bool is_f64, Fp d, Fp from, const Address& magnitude, const Address& sign);
  void compare_float(bool is_f64, Fp a, Fp b);
  void compare_float(bool is_f64, Fp a, const Address& b);
  void gp_to_float(Width w, Fp d, Gp s);  // bits
  void float_to_gp(Width w, Gp d, Fp s);  // bits
  void convert_signed(Width from, bool to_f64, Fp d, Gp s);
  // An unsigned i64; s and `other` are lost.
  void convert_unsigned(bool to_f64, Fp d, Gp s, Gp other);
  void truncate(Width to, bool from_f64, Gp d, Fp s);
  // Towards zero; jumps by the fields it answers where d may be wrong. `other` is lost.
  struct Fields {
    Field at[3];
    u32 count = 0;
  };
  Fields truncate_checked(Width to, bool is_signed, bool from_f64, Gp d, Fp s, Gp other);
  static constexpr bool kTruncatesToU64 = false;
  void convert_float(bool to_f64, Fp d, Fp s);

  // --- Control ---

  Field jump() { return field({0xE9}); }
  // Not for the float equalities.
  Field jump_if(Condition c) { return field({0x0F, static_cast<u8>(0x80 | static_cast<u8>(c))}); }
  void jump_back(u32 target);
  void jump_back_if(Condition c, u32 target);
  void jump(Gp target) { a_.emit(x86::Inst::kIdJmp, r(Width::W64, target)); }
  void jump(const Address& target) { a_.emit(x86::Inst::kIdJmp, m(target, 8)); }
  void call(Gp target) { a_.emit(x86::Inst::kIdCall, r(Width::W64, target)); }
  void call_back(u32 target) { set_field(field({0xE8}), target); }
  void call(const void* target) { relocations_.push_back({field({0xE8}).at, target}); }
  void jump(const void* target) { relocations_.push_back({field({0xE9}).at, target}); }
  void return_() { a_.emit(x86::Inst::kIdRet); }
  // Around a function's body: registers that it keeps for its caller. frame_bytes: between the stack pointer in the body
  // and the word with the return address.
  void open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);
  void close_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);  // and returns
  static constexpr u32 frame_bytes(size_t saved) { return static_cast<u32>(8 * saved); }
  void compare_stack(const Address& limit) { compare(Width::W64, Gp::rsp, limit); }
  // Where a load or store that began at this offset will fault.
  u32 access_at(u32 begin) const { return begin; }
  void trap() { a_.emit(x86::Inst::kIdUd2); }
  // d = address of what bind() or set_field() will say
  Field address_of(Gp d) {
    u8 n = static_cast<u8>(d);
    return field({static_cast<u8>(0x48 | (n >> 3) << 2), 0x8D, static_cast<u8>(0x05 | (n & 7) << 3)});
  }
  void bind(Field f) { set_field(f, offset()); }
  void set_field(Field f, u32 target) {
    i32 distance = static_cast<i32>(target - f.base);
    std::memcpy(code_.textSection()->data() + f.at, &distance, 4);
  }
  void align(u32 bytes) { a_.align(asmjit::AlignMode::kCode, bytes); }
  void embed(const void* data, size_t size) { a_.embed(data, size); }
  // Zeroes many words; rax, rcx and rdi are lost.
  void zero_words(const Address& first, u32 count) {
    address(Width::W64, Gp::rdi, first);
    move_constant(Gp::rcx, count, false);
    move_constant(Gp::rax, 0, false);
    a_.rep().emit(x86::Inst::kIdStos, x86::qword_ptr(x86::rdi), x86::rax);
  }

  asmjit::x86::Assembler& raw() { return a_; }

 private:
  struct Errors : asmjit::ErrorHandler {
    bool failed = false;
    void handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) override { failed = true; }
  };

  static constexpr u32 bytes(Width w) { return w == Width::W32 ? 4 : 8; }
  static x86::Gp r(Width w, Gp reg) {
    return w == Width::W32 ? static_cast<x86::Gp>(x86::gpd(static_cast<u32>(reg)))
                           : static_cast<x86::Gp>(x86::gpq(static_cast<u32>(reg)));
  }
  static x86::Xmm x(Fp reg) { return x86::xmm(static_cast<u32>(reg)); }
  static x86::Mem m(const Address& a, u32 size) {
    if (a.index == Gp::none) return x86::Mem(x86::gpq(static_cast<u32>(a.base)), a.offset, size);
    return x86::Mem(x86::gpq(static_cast<u32>(a.base)), x86::gpq(static_cast<u32>(a.index)), a.shift, a.offset, size);
  }
  static asmjit::InstId id(Alu op);
  static asmjit::InstId cmov_id(Condition c);
  void move_if_other(Width w, Gp d, Gp s) {
    if (d != s) a_.emit(x86::Inst::kIdMov, r(w, d), r(w, s));
  }
  void sse(asmjit::InstId legacy, asmjit::InstId vex, bool commutative, Fp d, Fp a, Fp b);
  Field field(std::initializer_list<u8> opcode) {
    u8 bytes[8] = {};
    std::copy(opcode.begin(), opcode.end(), bytes);
    a_.embed(bytes, opcode.size() + 4);
    return {offset() - 4, offset()};
  }

  Features features_;
  Errors errors_;
  asmjit::CodeHolder code_;
  x86::Assembler a_;
  std::vector<Relocation> relocations_;
};

}  // namespace brink::jit
