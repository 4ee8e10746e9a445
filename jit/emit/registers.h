// Registers, addresses and conditions, as the compiler names them.
#pragma once
#include "engine/base/integers.h"
#if defined(__aarch64__)
#include "jit/emit/registers_a64.h"
#else
#include "jit/emit/registers_x64.h"
#endif

namespace brink::jit {

constexpr u32 bit(Gp reg) { return 1u << static_cast<u32>(reg); }
constexpr u32 bit(Fp reg) { return 1u << static_cast<u32>(reg); }

enum class Width : u8 { W32, W64 };

// base + (index << shift) + offset
struct Address {
  Gp base = static_cast<Gp>(0);
  i32 offset = 0;
  Gp index = Gp::none;
  u8 shift = 0;
};

// Integer conditions are numbered as x86-64 numbers them: the lowest bit negates. Which ones tell of a comparison of floats
// is the machine's: kFloat… below. x86-64 sets its flags as for unsigned integers, except that equality has to look at
// "unordered" as well; AArch64 as for signed ones.
enum class Condition : u8 {
  Overflow = 0,
  NoOverflow = 1,
  Below = 2,
  AboveEqual = 3,
  Equal = 4,
  NotEqual = 5,
  BelowEqual = 6,
  Above = 7,
  Sign = 8,
  NoSign = 9,
  Unordered = 10,
  Ordered = 11,
  Less = 12,
  GreaterEqual = 13,
  LessEqual = 14,
  Greater = 15,
  FloatEqual = 16,
  FloatNotEqual = 17,
};

#if defined(__aarch64__)
inline constexpr Condition kFloatGreater = Condition::Greater, kFloatGreaterEqual = Condition::GreaterEqual,
                           kFloatEqual = Condition::Equal, kFloatNotEqual = Condition::NotEqual;
#else
inline constexpr Condition kFloatGreater = Condition::Above, kFloatGreaterEqual = Condition::AboveEqual,
                           kFloatEqual = Condition::FloatEqual, kFloatNotEqual = Condition::FloatNotEqual;
#endif

constexpr Condition negated(Condition c) { return static_cast<Condition>(static_cast<u8>(c) ^ 1); }
// The condition that holds after the operands have changed places.
constexpr Condition mirrored(Condition c) {
  switch (c) {
    case Condition::Below: return Condition::Above;
    case Condition::Above: return Condition::Below;
    case Condition::AboveEqual: return Condition::BelowEqual;
    case Condition::BelowEqual: return Condition::AboveEqual;
    case Condition::Less: return Condition::Greater;
    case Condition::Greater: return Condition::Less;
    case Condition::GreaterEqual: return Condition::LessEqual;
    case Condition::LessEqual: return Condition::GreaterEqual;
    default: return c;
  }
}

enum class Alu : u8 { Add, Sub, And, Or, Xor };
constexpr bool is_commutative(Alu op) { return op != Alu::Sub; }
enum class Shift : u8 { Left, RightSigned, RightUnsigned, RotateLeft, RotateRight };
// Read, change and write back in one; the first five as Alu's.
enum class AtomicOp : u8 { Add, Sub, And, Or, Xor, Exchange };
enum class FloatOp : u8 { Add, Sub, Mul, Div, Min, Max };  // Min and Max as minss and maxss
enum class Bits : u8 { And, AndNot, Or, Xor };             // AndNot: ~a & b
enum class Load : u8 { U8, S8To32, S8To64, U16, S16To32, S16To64, U32, S32To64, U64 };
enum class Rounding : u8 { Nearest, Floor, Ceil, Trunc };

}  // namespace brink::jit
