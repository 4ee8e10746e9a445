// The macro assembler for AArch64, over asmjit's Assembler; assembler.h says what it is. What not every ARMv8.0 has is used where
// the processor has it (Features).
//
// Operands in memory, constants that no instruction holds and addresses that no instruction reaches go through x16, x17 and
// f30, which belong to this class. No operation but those that compare, or say so, changes the flags.
//
// Conditional branches, and addresses in one instruction, reach 1 MiB. Where one does not, needs_far_branches() says so, and the
// function has to be assembled again, after begin(true), with jumps around unconditional ones, which reach 128 MiB, and with distances
// that are added.
//
// With Features::bti the code is for pages on which an indirect jump or call may only lead to a landing pad for its kind (Arm ARM,
// D8.4.1): `bti c`, with which open_frame() begins, takes calls, and jumps by x16 and x17; landing_pad() is `bti j`, which takes jumps.
#pragma once
#include <asmjit/core.h>
#include <asmjit/arm.h>
#include <asmjit/arm/a64assembler.h>

#include <cstring>
#include <span>
#include <vector>

#include "jit/emit/address_reference.h"
#include "jit/emit/frame_steps.h"
#include "jit/emit/registers.h"

namespace brink::jit {

namespace a64 = asmjit::a64;
namespace arm = asmjit::arm;

struct Features {
  bool floor = true;
  bool lzcnt = true;  // counting zeros may write over its operand
  bool lse = false;   // atomic updates in one instruction (FEAT_LSE)
  bool bti = false;   // the system can see to it that indirect jumps lead to landing pads (FEAT_BTI)
  bool needs_landing_pads() const { return bti; }
  static const Features& host();
  bool operator==(const Features&) const = default;
};

struct FramePart;

class Assembler {
 public:
  // A field that holds a distance: an instruction's, that of the two instructions behind it, or a word that counts from `base`.
  struct Field {
    u32 at;
    u32 base;
  };
  struct Relocation {
    u32 at;  // of a branch
    const void* target;
  };

  explicit Assembler(const Features& features);
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  void begin(bool far_branches = false);  // forgets the last function
  bool needs_far_branches() const { return too_far_; }
  u32 offset() const { return static_cast<u32>(a_.offset()); }
  std::span<const u8> code() const { return {code_.textSection()->data(), a_.offset()}; }
  std::span<const Relocation> relocations() const { return relocations_; }
  std::span<const AddressReference> addresses() const { return addresses_; }
  // Whether everything since begin() could be encoded.
  bool ok() const { return !errors_.failed && !too_far_; }
  const Features& features() const { return features_; }

  // --- Moves ---

  void move(Width w, Gp d, Gp s);
  void move_constant(Gp d, u64 value, bool keep_flags);
  // In a form that takes any value (patch.h's write_address), and leaves the flags alone.
  void move_address(Gp d, const void* address, AddressReference::Kind kind, u32 which = 0);
  void load(Load kind, Gp d, const Address& from);
  void store(u32 bytes, const Address& to, Gp s);
  void store_constant(u32 bytes, const Address& to, i32 value);
  void address(Width w, Gp d, const Address& of);

  // --- Integers ---

  void alu(Alu op, Width w, Gp d, Gp a, Gp b);
  void alu(Alu op, Width w, Gp d, Gp a, i32 b);
  void alu(Alu op, Width w, Gp d, Gp a, const Address& b) { alu(op, w, d, a, operand(w, b)); }
  // Whether an instruction for 64 bits holds all of the constant, and that instruction.
  static bool is_logical_constant(Alu op, u64 bits);
  void alu_logical(Alu op, Gp d, Gp a, u64 bits);
  // Additions and subtractions, and the condition under which they left the unsigned range.
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, Gp b);
  Condition alu_carry(Alu op, Width w, Gp d, Gp a, i32 b);
  void multiply(Width w, Gp d, Gp a, Gp b);
  void multiply(Width w, Gp d, Gp a, i32 b);
  void multiply(Width w, Gp d, Gp a, const Address& b) { multiply(w, d, a, operand(w, b)); }
  void shift(Shift op, Width w, Gp d, Gp a, u32 count);
  void shift(Shift op, Width w, Gp d, Gp a, Gp count);
  static constexpr bool needs_count_in_rcx(Shift) { return false; }
  // By zero it is 0, and the smallest number by -1 is itself.
  void quotient(Width w, bool is_signed, Gp d, Gp a, Gp b);
  // a - quotient * b; d may be any of them.
  void remainder(Width w, bool is_signed, Gp d, Gp a, Gp b);
  void negate(Width w, Gp d);
  void count_leading_zeros(Width w, Gp d, Gp s);
  void count_trailing_zeros(Width w, Gp d, Gp s);
  void count_ones(Width w, Gp d, Gp s);
  void sign_extend(Width w, Gp d, Gp s, u32 from_bytes);

  // --- Atomic accesses of 1, 2, 4 or 8 bytes, sequentially consistent ---
  //
  // Each answers where it will fault. What is loaded is zero-extended; d is none of the other registers.

  u32 atomic_load(u32 bytes, Gp d, const Address& from);
  u32 atomic_store(u32 bytes, const Address& to, Gp s);
  // d = what was there, which becomes what `op` makes of it and s. `other`, which may be none with LSE, is lost.
  u32 atomic_update(AtomicOp op, u32 bytes, Gp d, const Address& at, Gp s, Gp other);
  // d = what was there, which becomes `replacement` where it was `expected`. Without LSE the flags are lost.
  u32 atomic_compare_exchange(u32 bytes, Gp d, const Address& at, Gp expected, Gp replacement);
  void fence() { word(0xD5033BBF); }  // dmb ish

  // d -= what set_amount() will say, at most 127. Below: it was more than there was.
  Field subtract_amount(Gp d) { return branch(0xF1000000 | static_cast<u32>(d) << 5 | static_cast<u32>(d)); }  // subs d, d, #0
  void set_amount(Field f, u32 amount);

  // --- Comparisons ---

  void compare(Width w, Gp a, Gp b);
  void compare(Width w, Gp a, i32 b);
  void compare(Width w, Gp a, const Address& b) { compare(w, a, operand(w, b)); }
  void compare(Width w, const Address& a, i32 b);
  void compare(Width w, const Address& a, Gp b) { compare(w, operand(w, a), b); }
  void test(Width w, Gp a, Gp b);
  void test(Width w, Gp a, i32 b);
  // d = condition ? 1 : 0
  void set(Condition c, Gp d, Gp other);
  void move_if(Condition c, Width w, Gp d, Gp s);

  // --- Floats ---

  void move(Fp d, Fp s);
  void load_float(u32 bytes, Fp d, const Address& from);
  void store_float(u32 bytes, const Address& to, Fp s);
  void zero_float(Fp d);
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, Fp b);
  void float_op(FloatOp op, bool is_f64, Fp d, Fp a, const Address& b);
  // As WebAssembly defines minimum and maximum; d = d op b.
  void float_min_max(bool is_max, bool is_f64, Fp d, Fp b) {
    float_op(is_max ? FloatOp::Max : FloatOp::Min, is_f64, d, d, b);
  }
  void square_root(bool is_f64, Fp d, Fp s);
  void round(Rounding mode, bool is_f64, Fp d, Fp s);
  // The masks are for machines that need them.
  void absolute(bool is_f64, Fp d, Fp s, const Address& magnitude);
  void negate_float(bool is_f64, Fp d, Fp s, const Address& sign);
  // d gets the sign of `from`.
  void copy_sign(bool is_f64, Fp d, Fp from, const Address& magnitude, const Address& sign);
  void compare_float(bool is_f64, Fp a, Fp b);
  void compare_float(bool is_f64, Fp a, const Address& b);
  void gp_to_float(Width w, Fp d, Gp s);  // bits
  void float_to_gp(Width w, Gp d, Fp s);  // bits
  void convert_signed(Width from, bool to_f64, Fp d, Gp s);
  // An unsigned i64; on other machines s and `other` are lost.
  void convert_unsigned(bool to_f64, Fp d, Gp s, Gp other);
  // Towards zero; jumps by the fields it answers where d may be wrong. `other` is lost.
  struct Fields {
    Field at[3];
    u32 count = 0;
  };
  Fields truncate_checked(Width to, bool is_signed, bool from_f64, Gp d, Fp s, Gp other);
  static constexpr bool kTruncatesToU64 = true;
  void convert_float(bool to_f64, Fp d, Fp s);

  // --- Vectors: what raw() does not do well ---

  // The bytes of `table`, or with the next register of both, at the places that a vector names; 0 where there is none.
  void look_up(Fp d, Fp table, bool is_pair, Fp places);

  // --- Control ---

  Field jump() { return branch(0x14000000); }
  // On Equal or NotEqual right behind test() of a register with itself, or a comparison of memory with 0, there are no flags
  // afterwards: the two are one instruction.
  Field jump_if(Condition c);
  void jump_back(u32 target) {
    set_field(jump(), target);
    steps_.path_ends(offset());
  }
  void jump_back_if(Condition c, u32 target);
  void jump(Gp target);  // to a landing_pad()
  void jump(const Address& target) { jump(operand(Width::W64, target)); }
  void jump_to_function(Gp target);  // whose code open_frame() begins
  void landing_pad() {
    if (features_.bti) word(0xD503249F);  // bti j
  }
  void call(Gp target);
  void call_back(u32 target) { set_field(branch(0x94000000), target); }
  void call(const void* target) { relocations_.push_back({branch(0x94000000).at, target}); }
  void jump(const void* target) {
    relocations_.push_back({branch(0x14000000).at, target});
    steps_.path_ends(offset());
  }
  void return_() {
    word(0xD65F03C0);
    steps_.path_ends(offset());
  }
  // Around a function's body: where calls land, the return address, and registers that it keeps for its caller. frame_bytes: between the stack
  // pointer in the body, which is a multiple of 16, and the word with the return address.
  void open_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);
  void leave_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp);
  void close_frame(std::span<const Gp> saved, std::span<const Fp> saved_fp) {  // and returns
    leave_frame(saved, saved_fp);
    return_();
  }
  static constexpr u32 frame_bytes(size_t saved) { return ((8 * static_cast<u32>(saved) + 8 + 15) & ~15u) - 8; }
  // Where the so-manieth of `saved` is: words from the stack pointer in the body. The saved_fp are at its beginning, in their order.
  static constexpr u32 word_of_saved(u32 index, size_t, size_t saved_fp) { return static_cast<u32>(saved_fp + index); }
  // Where to note from now on how frames change (frame_steps.h).
  void note_frames(std::vector<FrameStep>* steps) { steps_.note_in(steps); }
  void note_frame(Gp reg, u32 distance) { steps_.note({offset(), FrameStep::Kind::Frame, reg, distance}); }
  void note_saved(Gp reg, u32 distance) { steps_.note({offset(), FrameStep::Kind::Saved, reg, distance}); }
  void note_kept(Gp reg) { steps_.note({offset(), FrameStep::Kind::Kept, reg, 0}); }
  // All of it, where a frame that open_frame() has made is whole.
  void note_whole_frame(std::span<const Gp> saved, size_t saved_fp) { steps_.note(offset(), whole_frame(saved, saved_fp)); }
  void compare_stack(const Address& limit);
  // Where what the stack pointer is compared with has been set to all ones, as no address is: its last byte says so.
  Field jump_if_raised(const Address& limit);
  // Where a load or store that began at this offset will fault: its last instruction is the access.
  u32 access_at(u32) const { return offset() - 4; }
  void trap() { word(0xD4200000); }  // brk
  // d = address of what bind() or set_field() will say, at most 1 MiB away
  Field address_of(Gp d) { return branch(0x10000000 | static_cast<u32>(d)); }
  // d = 16 bytes at what bind() or set_field() will say, which is further on
  Field load_vector_from(Fp d);
  void bind(Field f) { set_field(f, offset()); }
  void set_field(Field f, u32 target);
  void align(u32 bytes) { a_.align(asmjit::AlignMode::kCode, bytes); }
  void embed(const void* data, size_t size) { a_.embed(data, size); }
  // Zeroes many words.
  void zero_words(const Address& first, u32 count);

  a64::Assembler& raw() { return a_; }

 private:
  void frame_access(bool is_load, const FramePart& part, i32 move);
  static std::vector<FrameStep> whole_frame(std::span<const Gp> saved, size_t saved_fp);

  struct Errors : asmjit::ErrorHandler {
    bool failed = false;
    void handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) override { failed = true; }
  };

  static constexpr u32 kInstruction = ~u32{0};  // Field::base of an instruction
  static constexpr u32 kTwoMoves = ~u32{1};     // of adr, with the distance in the movz and movk behind it
  static constexpr Gp kScratch = Gp::x16, kScratch2 = Gp::x17;
  static constexpr Fp kScratchFp = Fp::f30;

  void word(u32 instruction) { a_.embed(&instruction, 4); }
  Field branch(u32 instruction) {
    word(instruction);
    return {offset() - 4, kInstruction};
  }
  // As an instruction takes it, for an access of so many bytes. May use both scratch registers, or only the first.
  arm::Mem memory(const Address& a, u32 bytes, bool one_scratch = false);
  void add_constant(Width w, Gp d, Gp a, i64 value);
  void logical(Alu op, Width w, Gp d, Gp a, u64 bits);  // one that an instruction holds
  void note_zero_test(Width w, Gp reg) { zero_test_ = {offset(), w, reg}; }
  // A register with the address; the first scratch register, or both are used up, unless it is a base alone.
  Gp plain_base(const Address& a);
  // An instruction of the class "loads and stores, exclusive", or of LSE.
  void exclusive(u32 form, u32 bytes, Gp at, Gp t, Gp s = Gp::sp);
  // The value of a word in memory, in the second scratch register.
  Gp operand(Width w, const Address& a) {
    load(w == Width::W32 ? Load::U32 : Load::U64, kScratch2, a);
    return kScratch2;
  }

  Features features_;
  Errors errors_;
  asmjit::CodeHolder code_;
  a64::Assembler a_;
  // The last instruction, if what follows is at `end`, compares a register with zero.
  struct {
    u32 end;
    Width width;
    Gp reg;
  } zero_test_ = {};
  bool far_branches_ = false;
  bool too_far_ = false;
  std::vector<Relocation> relocations_;
  FrameSteps steps_;
  std::vector<AddressReference> addresses_;
};

}  // namespace brink::jit
