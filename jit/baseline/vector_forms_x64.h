// Vector instructions of x86-64: what each is made of.
#pragma once
#include "engine/module/opcodes.h"
#include "jit/emit/assembler.h"

namespace brink::jit {

enum class VectorForm : u8 {
  None,            // a call of the interpreter's function
  Commutative,     // a op b, which is b op a
  Binary,          // a op b
  Swapped,         // b op a
  CommutativeNot,  // not (a op b)
  BinaryNot,
  SwappedNot,
  Unary,          // op a
  HighHalf,       // op of the upper eight bytes of a
  NegateInteger,  // 0 op a
  Shift,          // a op count, the count masked by `immediate`
  Bitmask,        // into a general register
  Sequence,       // several instructions (vector_sequences_x64.cpp)
  Lane,           // between a lane and a scalar (vectors_x64.cpp)
  Shuffle,        // vector_shuffles_x64.cpp
  Load,           // all that the instruction reads, `immediate` bytes
  Access,         // other loads and stores
};

struct VectorCode {
  VectorForm form = VectorForm::None;
  Opcode op = {};
  i16 immediate = Assembler::kNoImmediate;
};

const VectorCode& vector_code(Op op);

}  // namespace brink::jit
