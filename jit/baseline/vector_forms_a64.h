// Vector instructions of AArch64: what each is made of.
#pragma once
#include "engine/module/opcodes.h"
#include "jit/emit/assembler.h"

namespace brink::jit {

// How the 16, or where the instruction reads or writes halves 8, bytes of an operand are divided.
enum class Lanes : u8 { B16, H8, S4, D2, B8, H4, S2 };

enum class VectorForm : u8 {
  None,         // a call of the interpreter's function
  Binary,       // d = a op b
  Swapped,      // d = b op a
  BinaryNot,    // d = not (a op b)
  Wide,         // d = a op b, of the operands' halves: `from` are their lanes
  Unary,        // d = op a
  UnaryWide,    // d = op a: `from` are a's lanes
  Narrow,       // the lower half of d = op a, the upper `second` b
  ShiftLeft,    // a op count: of every lane by the lowest byte of its fellow
  ShiftRight,   // the same with minus the count
  Sequence,     // vector_sequences_a64.cpp
  Access,       // loads and stores of lanes and parts
};

struct VectorCode {
  VectorForm form = VectorForm::None;
  u32 id = 0;  // asmjit's
  Lanes lanes = Lanes::B16;
  Lanes from = Lanes::B16;
  u32 second = 0;  // Narrow: the other instruction; shifts: the one by a constant
};

const VectorCode& vector_code(Op op);

inline arm::Vec vector_register(Fp reg, Lanes lanes) {
  arm::VecV v(static_cast<u32>(reg));
  switch (lanes) {
    case Lanes::B16: return v.b16();
    case Lanes::H8: return v.h8();
    case Lanes::S4: return v.s4();
    case Lanes::D2: return v.d2();
    case Lanes::B8: return v.b8();
    case Lanes::H4: return v.h4();
    default: return v.s2();
  }
}

}  // namespace brink::jit
