// Vector instructions on x86-64. With AVX a target is its own, without it the first operand goes there first. What writes
// its target before it has read all operands works in other registers: the target may be one of them.
#pragma once
#include "jit/baseline/vector_forms_x64.h"
#include "jit/baseline/vector_opcodes_x64.h"
#include "jit/baseline/vector_operands.h"

namespace brink::jit {

class VectorCompiler : VectorOperands {
 public:
  explicit VectorCompiler(FunctionCompiler& function) : VectorOperands(function) {}
  void instruction(const Instruction& instruction);
  void access(const Instruction& instruction);

 private:
  void push_constant(const Bytes& bytes);
  bool avx() const { return a_.features().avx; }

  // d = a op b, the latter in the pool
  void pooled(Opcode op, Fp d, Fp a, u32 number, int immediate = Assembler::kNoImmediate);
  void pooled(Opcode op, Fp d, Fp a, const Bytes& bytes, int immediate = Assembler::kNoImmediate) {
    pooled(op, d, a, f_.pooled(bytes.data()), immediate);
  }
  template <class T>
  static Bytes lanes(T value) {
    Bytes bytes;
    for (size_t i = 0; i < 16; i += sizeof value) std::memcpy(bytes.data() + i, &value, sizeof value);
    return bytes;
  }

  void ones(Fp d) { a_.vector(kPcmpeqd, d, d, d); }
  void invert(Fp d);  // kScratchFp is lost
  void splat(Fp d, Fp s, u32 lane_bytes);
  void shift_by(Opcode op, Fp d, Fp s, u32 count);

  void binary(const VectorCode& code, bool is_commutative, bool is_swapped, bool is_inverted);
  void unary(const VectorCode& code);
  void negate_integer(const VectorCode& code);
  void shift(const VectorCode& code);
  void bitmask(const VectorCode& code);
  void lane(const Instruction& instruction);
  void extract(const Instruction& instruction, Load load, Kind kind, u32 bytes);
  void replace(const Instruction& instruction, Kind kind, u32 bytes);
  void splat(Kind kind, u32 bytes);
  void load_lane(const Instruction& instruction, u32 bytes);
  void store_lane(const Instruction& instruction, u32 bytes);

  void shuffle(const Bytes& lanes);
  bool shuffle_one(Value& a, const Bytes& lanes);
  bool shuffle_two(Value& a, Value& b, const Bytes& lanes);
  void swizzle();

  void sequence(const Instruction& instruction);
  void all_true(Opcode equal);
  void compare_unsigned(Opcode choose, Opcode equal, bool is_inverted);
  void compare_64(bool is_swapped, bool is_inverted);
  void shift_bytes(Op op);
  void shift_signed_64();
  void multiply_64();
  void multiply_wide(Op op);
  void add_pairs(Op op);
  void count_ones();
  void float_min_max(bool is_max, bool is_f64);
  void truncate_float(Op op);
  void convert_unsigned(bool to_f64);
  void bitselect();
  void multiply_add(Opcode multiply, Opcode add, bool is_negated);
  void dot_bytes(bool adds);
};

}  // namespace brink::jit
