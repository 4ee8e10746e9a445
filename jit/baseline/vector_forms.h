// Vector instructions with machine code of their own: what they are made of. All others are calls of the interpreter's
// functions.
#pragma once
#include <array>

#include "engine/module/opcodes.h"
#include "jit/emit/assembler.h"

namespace brink::jit {

enum class VectorForm : u8 {
  None,
  Binary,         // a op b
  Swapped,        // b op a
  BinaryNot,      // not (a op b)
  SwappedNot,     // not (b op a)
  Unary,          // op a
  UnaryImmediate, // op a, immediate
  LowHalf,        // op of the lower eight bytes of a
  HighHalf,       // of the upper eight
  Shift,          // a op count, the count masked by `immediate`
  Compare,        // a op b, immediate: floats
  CompareSwapped,
  Abs,            // floats: and, by TierState's masks; `immediate` 4 or 8
  Negate,         // floats: xor
  NegateInteger,  // 0 - a
  Not,
  Bitselect,
  AnyTrue,
  Bitmask,        // into a general register
  ExtractLane,    // `immediate`: a Load
  ExtractFloat,   // `immediate`: bytes
  ReplaceLane,    // `immediate`: bytes
  ReplaceFloat,
  SplatInteger,   // `immediate`: bytes of a lane
  SplatFloat,
  Constant,
  Shuffle,
  Load,           // all of it, or what the instruction extends
  LoadSplat,      // `immediate`: bytes of a lane
  Store,
};

struct VectorCode {
  VectorForm form = VectorForm::None;
  asmjit::InstId legacy = 0;
  asmjit::InstId vex = 0;
  u8 immediate = 0;
};

const VectorCode& vector_code(Op op);

}  // namespace brink::jit
