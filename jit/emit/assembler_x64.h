// The macro assembler for x86-64, over asmjit's Assembler; assembler.h says what it is. Instructions beyond SSE4.1 and
// POPCNT are used where the processor has them (Features).
//
// All but vector instructions are encoded here (encoder_x64.h), into asmjit's buffer.
#pragma once
#include <asmjit/x86.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "jit/emit/address_reference.h"
#include "jit/emit/encoder_x64.h"
#include "jit/emit/frame_steps.h"
#include "jit/emit/registers.h"

namespace brink::jit {

namespace x86 = asmjit::x86;

struct Features {
  bool floor = false;  // SSE2 to SSE4.1 and POPCNT: without them nothing is compiled
  bool avx = false;
  bool avx2 = false;
  bool avx512 = false;  // VL and DQ, for what AVX lacks with vectors of 128 bits
  bool bmi2 = false;
  bool lzcnt = false;  // and BMI1's tzcnt
  static constexpr bool needs_landing_pads() { return false; }
  static const Features& host();
  bool operator==(const Features&) const = default;
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
  std::span<const AddressReference> addresses() const { return addresses_; }
  // Whether everything since begin() could be encoded.
  bool ok() const { return !errors_.failed; }
  const Features& features() const { return features_; }

  // --- Moves ---

  void move(Width w, Gp d, Gp s) {
    if (d != s || w == Width::W32) put({0x8B}, w, d, s);
  }
  // Leaves the flags alone unless it may use the short form of zero.
  void move_constant(Gp d, u64 value, bool keep_flags);
  // In a form that takes any value (patch.h's write_address), and leaves the flags alone.
  void move_address(Gp d, const void* address, AddressReference::Kind kind, u32 which = 0);
  void load(Load kind, Gp d, const Address& from);
  void store(u32 bytes, const Address& to, Gp s);
  void store_constant(u32 bytes, const Address& to, i32 value);
  void address(Width w, Gp d, const Address& of) { put({0x8D}, w, d, of); }
  void push(Gp reg) { put_short(0x50, false, reg); }
  void pop(Gp reg) { put_short(0x58, false, reg); }

  // --- Integers ---

  void alu(Alu op, Width w, Gp d, Gp a, Gp b);
  void alu(Alu op, Width w, Gp d, Gp a, i32 b);
  void alu(Alu op, Width w, Gp d, Gp a, const Address& b) {
    move_if_other(w, d, a);
    put(from_operand(extension(op)), w, d, b);
  }
  void multiply(Width w, Gp d, Gp a, Gp b) {
    if (d == b) std::swap(a, b);
    move_if_other(w, d, a);
    put(kImul, w, d, b);
  }
  void multiply(Width w, Gp d, Gp a, i32 b);
  void multiply(Width w, Gp d, Gp a, const Address& b) {
    move_if_other(w, d, a);
    put(kImul, w, d, b);
  }
  void shift(Shift op, Width w, Gp d, Gp a, u32 count);
  // Without BMI2, and for rotations always: the count must be in rcx, and d must not be.
  void shift(Shift op, Width w, Gp d, Gp a, Gp count);
  bool needs_count_in_rcx(Shift op) const { return !features_.bmi2 || op >= Shift::RotateLeft; }
  void negate(Width w, Gp d) { put({0xF7}, w, 3, d); }
  // Whether there is an instruction for it that holds 64 bits.
  static constexpr bool is_logical_constant(Alu, u64) { return false; }
  void alu_logical(Alu, Gp, Gp, u64) {}
  // The same, and the condition under which the unsigned addition or subtraction left the range.
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, Gp b) {
    move_if_other(w, d, a);
    put(from_operand(extension(op)), w, d, b);
    return Condition::Below;
  }
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, i32 b) {
    move_if_other(w, d, a);
    arithmetic(extension(op), w, d, b);
    return Condition::Below;
  }
  // rdx:rax / divisor
  void divide(Width w, bool is_signed, Gp divisor);
  // rdx:rax = rax * factor, unsigned or signed
  void multiply_wide(bool is_signed, Gp factor) { put({0xF7}, Width::W64, is_signed ? 5 : 4, factor); }
  void add_carry(bool subtract, Gp d, Gp s) { put(from_operand(subtract ? 3 : 2), Width::W64, d, s); }
  void count_leading_zeros(Width w, Gp d, Gp s);
  void count_trailing_zeros(Width w, Gp d, Gp s);
  void count_ones(Width w, Gp d, Gp s) { put({0xB8, Opcode::Escape0F, 0xF3}, w, d, s); }
  void sign_extend(Width w, Gp d, Gp s, u32 from_bytes);

  void zero_extend(Gp d, Gp s, u32 from_bytes);

  // --- Atomic accesses of 1, 2, 4 or 8 bytes, sequentially consistent; an ordinary load is one too ---
  //
  // Of registers only so many bytes are read and written, but that writing 4 clears the upper half. What faults is each one's
  // only instruction.

  void atomic_alu(Alu op, u32 bytes, const Address& d, Gp b);
  void atomic_alu(Alu op, u32 bytes, const Address& d, i32 b);  // b is sign-extended
  void atomic_exchange(u32 bytes, const Address& d, Gp s) { atomic(false, {0x86}, bytes, d, s); }  // s = what was there
  void atomic_add(u32 bytes, const Address& d, Gp s) { atomic(true, {0xC0, Opcode::Escape0F}, bytes, d, s); }  // likewise
  // Stores s where there is what rax holds; rax = what was there. Equal: it was stored.
  void atomic_compare_exchange(u32 bytes, const Address& d, Gp s) { atomic(true, {0xB0, Opcode::Escape0F}, bytes, d, s); }
  void fence() { atomic_alu(Alu::Or, 4, {Gp::rsp, 0}, 0); }  // quicker than mfence

  // d -= what set_amount() will say, at most 127. Below: it was more than there was.
  Field subtract_amount(Gp d);
  void set_amount(Field f, u32 amount) { code_.textSection()->data()[f.at] = static_cast<u8>(amount); }

  // --- Comparisons ---

  void compare(Width w, Gp a, Gp b) { put(from_operand(kCompare), w, a, b); }
  void compare(Width w, Gp a, i32 b) { arithmetic(kCompare, w, a, b); }
  void compare(Width w, Gp a, const Address& b) { put(from_operand(kCompare), w, a, b); }
  void compare(Width w, const Address& a, i32 b) { arithmetic(kCompare, w, a, b); }
  void compare(Width w, const Address& a, Gp b) { put(to_operand(kCompare), w, b, a); }
  void test(Width w, Gp a, Gp b) { put({0x85}, w, b, a); }
  void test(Width w, Gp a, i32 b);
  // d = condition ? 1 : 0; for the float equalities too. `other` is a register to work with there.
  void set(Condition c, Gp d, Gp other);
  // Integer conditions only.
  void move_if(Condition c, Width w, Gp d, Gp s) {
    put({static_cast<u8>(0x40 | static_cast<u8>(c)), Opcode::Escape0F}, w, d, s);
  }

  // --- Floats ---

  void move(Fp d, Fp s) {
    if (d != s) sse_two({0x28, Opcode::Escape0F}, d, s);
  }
  void load_float(u32 bytes, Fp d, const Address& from) { sse_two({0x10, Opcode::Escape0F, prefix_of(bytes)}, d, from); }
  void store_float(u32 bytes, const Address& to, Fp s) { sse_two({0x11, Opcode::Escape0F, prefix_of(bytes)}, s, to); }
  void zero_float(Fp d) { bits(Bits::Xor, d, d, d); }
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b);
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b);
  void square_root(bool is_f64, Fp d, Fp s) { sse_merging({0x51, Opcode::Escape0F, scalar(is_f64)}, d, s); }
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
  void compare_float(bool is_f64, Fp a, Fp b) { sse_two(compare_opcode(is_f64), a, b); }
  void compare_float(bool is_f64, Fp a, const Address& b) { sse_two(compare_opcode(is_f64), a, b); }
  void gp_to_float(Width w, Fp d, Gp s) { sse_gp({0x6E, Opcode::Escape0F, 0x66}, w, d, s); }  // bits
  void float_to_gp(Width w, Gp d, Fp s) { sse_gp({0x7E, Opcode::Escape0F, 0x66}, w, s, d); }  // bits
  void convert_signed(Width from, bool to_f64, Fp d, Gp s);
  // An unsigned i64; s and `other` are lost.
  void convert_unsigned(bool to_f64, Fp d, Gp s, Gp other);
  void truncate(Width to, bool from_f64, Gp d, Fp s) {
    sse_gp({0x2C, Opcode::Escape0F, scalar(from_f64)}, to, static_cast<Fp>(d), static_cast<Gp>(s));
  }
  // Towards zero; jumps by the fields it answers where d may be wrong. `other` is lost.
  struct Fields {
    Field at[3];
    u32 count = 0;
  };
  Fields truncate_checked(Width to, bool is_signed, bool from_f64, Gp d, Fp s, Gp other);
  static constexpr bool kTruncatesToU64 = false;
  void convert_float(bool to_f64, Fp d, Fp s) { sse_merging({0x5A, Opcode::Escape0F, scalar(!to_f64)}, d, s); }

  // --- Vectors ---
  //
  // Any operation that has one form in SSE and, with a second source, in AVX. Without AVX memory operands must be aligned to 16
  // bytes unless fewer are read, and kScratchFp is lost where d is b and not a.

  static constexpr int kNoImmediate = -1;
  // d = a op b
  void vector(Opcode op, Fp d, Fp a, Fp b, int immediate = kNoImmediate) {
    sse(op, false, d, a, b, immediate);
  }
  void vector(Opcode op, Fp d, Fp a, const Address& b, int immediate = kNoImmediate) { sse(op, d, a, b, immediate); }
  // With an integer register in place of b, or of d.
  void vector(Opcode op, Width w, Fp d, Fp a, Gp b, int immediate);
  void vector(Opcode op, Width w, Gp d, Fp s, int immediate = kNoImmediate);
  // d = op s
  void vector(Opcode op, Fp d, Fp s, int immediate = kNoImmediate) {
    sse_pair(op, false, static_cast<u32>(d), 0, static_cast<u32>(s), immediate);
  }
  void vector(Opcode op, Fp d, const Address& s, int immediate = kNoImmediate) { sse_two(op, d, s, immediate); }
  void vector(Opcode op, Width w, const Address& d, Fp s, int immediate);
  // d = a shifted by a constant; `extension` tells the shifts of one opcode apart.
  void vector_shift(Opcode op, u32 extension, Fp d, Fp a, u32 count);
  // An address that the field of the last instruction, which had this immediate, stands for.
  static constexpr Address kPool{Gp::none, 0};
  Field pool_field(int immediate = kNoImmediate) const {
    return {offset() - (immediate == kNoImmediate ? 4 : 5), offset()};
  }
  // d = 16 bytes at what bind() or set_field() will say
  Field load_vector_from(Fp d) {
    load_float(16, d, kPool);
    return pool_field();
  }

  // --- Control ---

  Field jump() { return field(0xE9); }
  // Not for the float equalities.
  Field jump_if(Condition c) { return field(0x0F, 0x80 | static_cast<u32>(c)); }
  void jump_back(u32 target);
  void jump_back_if(Condition c, u32 target);
  void jump(Gp target) {
    put({0xFF}, Width::W32, 4, target);
    steps_.path_ends(offset());
  }
  void jump(const Address& target) {
    put({0xFF}, Width::W32, 4, target);
    steps_.path_ends(offset());
  }
  void call(Gp target) { put({0xFF}, Width::W32, 2, target); }
  void call_back(u32 target) { set_field(field(0xE8), target); }
  void call(const void* target) { relocations_.push_back({field(0xE8).at, target}); }
  void jump_to_function(Gp target) { jump(target); }
  void landing_pad() {}
  void jump(const void* target) {
    relocations_.push_back({field(0xE9).at, target});
    steps_.path_ends(offset());
  }
  void return_() {
    put_bytes(0xC3);
    steps_.path_ends(offset());
  }
  // Around a function's body: registers that it keeps for its caller. frame_bytes: between the stack pointer in the body
  // and the word with the return address.
  void open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);
  void leave_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);
  void close_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {  // and returns
    leave_frame(saved, saved_fp);
    return_();
  }
  static constexpr u32 frame_bytes(size_t saved) { return static_cast<u32>(8 * saved); }
  // Where the so-manieth of `saved` is: words from the stack pointer in the body. The saved_fp are at its beginning, in their order.
  static constexpr u32 word_of_saved(u32 index, size_t saved, size_t saved_fp) {
    return static_cast<u32>(saved_fp + saved - 1 - index);
  }
  // Where to note from now on how frames change (frame_steps.h).
  void note_frames(std::vector<FrameStep>* steps) { steps_.note_in(steps); }
  void note_frame(Gp reg, u32 distance) { steps_.note({offset(), FrameStep::Kind::Frame, reg, distance}); }
  void note_saved(Gp reg, u32 distance) { steps_.note({offset(), FrameStep::Kind::Saved, reg, distance}); }
  void note_kept(Gp reg) { steps_.note({offset(), FrameStep::Kind::Kept, reg, 0}); }
  void compare_stack(const Address& limit) { compare(Width::W64, Gp::rsp, limit); }
  // Where what the stack pointer is compared with has been set to all ones.
  Field jump_if_raised(const Address& limit) {
    compare_stack(limit);
    return jump_if(Condition::Below);
  }
  // Where a load or store that began at this offset will fault.
  u32 access_at(u32 begin) const { return begin; }
  void trap() { put_bytes(0x0F, 0x0B); }  // ud2
  // d = address of what bind() or set_field() will say
  Field address_of(Gp d) {
    u32 n = static_cast<u32>(d);
    return field(0x48 | (n >> 3) << 2, 0x8D, 0x05 | (n & 7) << 3);
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
    put_bytes(0xF3, 0x48, 0xAB);  // rep stosq
  }

  asmjit::x86::Assembler& raw() { return a_; }

 private:
  static std::vector<FrameStep> whole_frame(std::span<const Gp> saved, size_t saved_fp);

  struct Errors : asmjit::ErrorHandler {
    bool failed = false;
    void handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) override { failed = true; }
  };

  // --- One instruction each, into asmjit's buffer ---

  u8* room() {
    if (a_.remainingSpace() < Encoder::kLongest) [[unlikely]]
      grow();
    return a_.bufferPtr();
  }
  void grow();
  void done(const Encoder& encoder) {
    a_._bufferPtr = encoder.end();
    code_.textSection()->buffer()._size = std::max(code_.textSection()->buffer()._size, a_.offset());
  }
  void put(Opcode op, Width w, Gp reg, Gp rm) { put(op, w, static_cast<u32>(reg), rm); }
  void put(Opcode op, Width w, Gp reg, const Address& m) { put(op, w, static_cast<u32>(reg), m); }
  void put(Opcode op, Width w, u32 reg, Gp rm) {
    Encoder e(room());
    e.operands(op, w == Width::W64, reg, static_cast<u32>(rm));
    done(e);
  }
  void put(Opcode op, Width w, u32 reg, const Address& m) {
    Encoder e(room());
    e.operands(op, w == Width::W64, reg, m);
    done(e);
  }
  void put_short(u32 code, bool wide, Gp reg) {
    Encoder e(room());
    e.short_form(code, wide, static_cast<u32>(reg));
    done(e);
  }
  template <class... Bytes>
  void put_bytes(Bytes... bytes) {
    Encoder e(room());
    (e.byte(static_cast<u32>(bytes)), ...);
    done(e);
  }
  template <class... Bytes>
  Field field(Bytes... opcode) {
    Encoder e(room());
    (e.byte(static_cast<u32>(opcode)), ...);
    e.immediate(u32{0});
    done(e);
    return {offset() - 4, offset()};
  }

  // What the eight arithmetic operations are told apart by (Intel SDM volume 2, table A-6, group 1).
  static constexpr u32 kCompare = 7;
  static constexpr u32 extension(Alu op) {
    constexpr u8 kExtensions[] = {0, 5, 4, 1, 6};
    return kExtensions[static_cast<u32>(op)];
  }
  static constexpr Opcode to_operand(u32 extension) { return {static_cast<u8>(extension << 3 | 1)}; }
  static constexpr Opcode from_operand(u32 extension) { return {static_cast<u8>(extension << 3 | 3)}; }
  static constexpr Opcode kImul = {0xAF, Opcode::Escape0F};
  void arithmetic(u32 extension, Width w, Gp d, i32 b);
  void arithmetic(u32 extension, Width w, const Address& d, i32 b);
  static constexpr Opcode sized(Opcode op, u32 bytes) {
    return {static_cast<u8>(op.code | (bytes != 1)), op.map, static_cast<u8>(bytes == 2 ? 0x66 : 0)};
  }
  void atomic(bool lock, Opcode op, u32 bytes, const Address& m, Gp reg);
  void move_if_other(Width w, Gp d, Gp s) {
    if (d != s) put({0x8B}, w, d, s);
  }

  static constexpr u8 scalar(bool is_f64) { return is_f64 ? 0xF2 : 0xF3; }
  static constexpr u8 prefix_of(u32 bytes) { return bytes == 16 ? 0 : scalar(bytes == 8); }
  static constexpr Opcode compare_opcode(bool is_f64) { return {0x2E, Opcode::Escape0F, static_cast<u8>(is_f64 ? 0x66 : 0)}; }
  // d = a op b
  void sse(Opcode op, bool commutative, Fp d, Fp a, Fp b, int immediate = kNoImmediate);
  void sse(Opcode op, Fp d, Fp a, const Address& b, int immediate = kNoImmediate);
  // d = op s; VEX has a second source for the upper lanes in some of them.
  void sse_two(Opcode op, Fp d, Fp s) { sse_pair(op, false, static_cast<u32>(d), 0, static_cast<u32>(s)); }
  void sse_merging(Opcode op, Fp d, Fp s) { sse_pair(op, false, static_cast<u32>(d), static_cast<u32>(s), static_cast<u32>(s)); }
  void sse_gp(Opcode op, Width w, Fp reg, Gp rm) { sse_pair(op, w == Width::W64, static_cast<u32>(reg), 0, static_cast<u32>(rm)); }
  void sse_pair(Opcode op, bool wide, u32 reg, u32 second, u32 rm, int immediate = kNoImmediate) {
    Encoder e(room());
    if (features_.avx) e.vex(op, wide, reg, second, rm);
    else e.operands(op, wide, reg, rm);
    if (immediate != kNoImmediate) e.byte(static_cast<u32>(immediate));
    done(e);
  }
  void sse_two(Opcode op, Fp reg, const Address& m, int immediate = kNoImmediate) {
    Encoder e(room());
    if (features_.avx) e.vex(op, false, static_cast<u32>(reg), 0, m);
    else e.operands(op, false, static_cast<u32>(reg), m);
    if (immediate != kNoImmediate) e.byte(static_cast<u32>(immediate));
    done(e);
  }

  Features features_;
  Errors errors_;
  asmjit::CodeHolder code_;
  x86::Assembler a_;
  std::vector<Relocation> relocations_;
  FrameSteps steps_;
  std::vector<AddressReference> addresses_;
};

}  // namespace brink::jit
