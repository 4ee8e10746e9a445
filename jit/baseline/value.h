// What the compiler knows of a value on the operand stack: where it is, and what it is.
#pragma once
#include "engine/module/types.h"
#include "jit/emit/registers.h"

namespace brink::jit {

enum class Kind : u8 { I32, I64, F32, F64, V128, Ref };

constexpr Kind kind_of(ValueType type) {
  switch (type.kind()) {
    case TypeKind::I32: return Kind::I32;
    case TypeKind::I64: return Kind::I64;
    case TypeKind::F32: return Kind::F32;
    case TypeKind::F64: return Kind::F64;
    case TypeKind::V128: return Kind::V128;
    default: return Kind::Ref;
  }
}
// Whether it lives in registers of the float class, vectors among them.
constexpr bool is_float(Kind kind) { return kind == Kind::F32 || kind == Kind::F64 || kind == Kind::V128; }
constexpr u32 float_bytes(Kind kind) { return kind == Kind::F32 ? 4 : kind == Kind::F64 ? 8 : 16; }
constexpr Width width_of(Kind kind) { return kind == Kind::I32 ? Width::W32 : Width::W64; }

enum class Place : u8 {
  Slot,      // in slot `index` of the frame; on the stack: its own
  Constant,  // `bits`; of a vector, number `index` of the function's pool
  Register,  // `reg`, of the class of its kind
  Local,     // what local `index` holds now
  Flags,     // an i32: whether `condition` holds; only on top of the stack
};

// An I32 in a register or slot is zero-extended, always: addresses use the whole register.
//
// A V128 takes two positions of the operand stack, as the decoder counts: the lower one says where it is, the upper one says
// Slot and nothing.
struct Value {
  Place place = Place::Slot;
  Kind kind = Kind::I64;
  u8 reg = 0;
  Condition condition = Condition::Equal;
  u32 index = 0;
  u64 bits = 0;

  Gp gp() const { return static_cast<Gp>(reg); }
  Fp fp() const { return static_cast<Fp>(reg); }
  bool is_constant() const { return place == Place::Constant; }
};

}  // namespace brink::jit
