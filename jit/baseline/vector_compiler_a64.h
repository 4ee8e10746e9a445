// Vector instructions on AArch64 (Advanced SIMD). What writes its target before it has read all operands works in other
// registers: the target may be one of them.
#pragma once
#include "jit/baseline/vector_forms_a64.h"
#include "jit/baseline/vector_operands.h"

namespace brink::jit {

class VectorCompiler : VectorOperands {
 public:
  explicit VectorCompiler(FunctionCompiler& function) : VectorOperands(function) {}
  void instruction(const Instruction& instruction);
  void access(const Instruction& instruction);

 private:
  static arm::Vec v(Fp reg, Lanes lanes) { return vector_register(reg, lanes); }
  void emit(u32 id, Lanes lanes, Fp d, Fp a, Fp b) { a_.raw().emit(id, v(d, lanes), v(a, lanes), v(b, lanes)); }
  void emit(u32 id, Lanes lanes, Fp d, Fp a) { a_.raw().emit(id, v(d, lanes), v(a, lanes)); }
  void emit(u32 id, Lanes lanes, Fp d, Fp a, u32 immediate) {
    a_.raw().emit(id, v(d, lanes), v(a, lanes), asmjit::Imm(immediate));
  }
  void emit_wide(u32 id, Lanes lanes, Fp d, Lanes from, Fp a, Fp b) { a_.raw().emit(id, v(d, lanes), v(a, from), v(b, from)); }
  void emit_wide(u32 id, Lanes lanes, Fp d, Lanes from, Fp a) { a_.raw().emit(id, v(d, lanes), v(a, from)); }
  // The lanes of a as one number, in the lowest lane of d (addv, uminv).
  void across(u32 id, Lanes lanes, Fp d, Fp a);
  // Lane 0 of s to all lanes of d; s a general register.
  void splat(Lanes lanes, Fp d, Gp s);
  void splat(Lanes lanes, Fp d, Fp s);
  void to_general(Gp d, Fp s, Lanes lanes, u32 lane, bool is_signed, bool to_64);
  void insert(Fp d, Lanes lanes, u32 lane, Gp s);

  void binary(const VectorCode& code);
  void unary(const VectorCode& code);
  void narrow(const VectorCode& code);
  void shift(const VectorCode& code);

  void sequence(const Instruction& instruction);
  void shuffle(const Bytes& lanes);
  void swizzle();
  void bitselect();
  void any_true();
  void all_true(Lanes lanes);
  void bitmask(Lanes lanes);
  void multiply_64();
  void dot_words();
  void dot_bytes(bool adds);
  void pseudo_min_max(bool is_max, Lanes lanes);
  void multiply_add(bool is_negated, Lanes lanes);
  void truncate_f64(bool is_signed);
  void convert_to_f64(bool is_signed);
  void splat(Kind kind, Lanes lanes);
  void extract(const Instruction& instruction, Kind kind, Lanes lanes, bool is_signed);
  void replace(const Instruction& instruction, Kind kind, Lanes lanes);
  void load_lane(const Instruction& instruction, u32 bytes, Lanes lanes);
  void store_lane(const Instruction& instruction, u32 bytes, Lanes lanes);
};

}  // namespace brink::jit
