// Expands quick_ops.def into BRINK_QUICK(name, body, operands) rows; define BRINK_QUICK and include this file. No
// include guard: every use expands it again.
//
// `name` is the instruction and its form; `body` the handler's meaning in parentheses (interpret/quick_handlers.h);
// `operands` the immediates in their order, a letter each:
//   L slot            b 8-bit constant    d 32-bit constant   q 64-bit constant   i index (u32)
//   o 8-bit offset    O 32-bit offset     j branch: i32, from the field's own address to the target
//   t jump table: u32 count of the targets before the default, then count + 1 branches, each from its own address
//   v the 16 bytes of a vector or of a shuffle's lanes
//   p the instruction's own bytes from the last byte of its opcode
//
// Forms: T is an operand in the accumulator (of the operand's class), L in a slot, B an 8-bit and D a 32-bit constant.
// A name that ends in _S has one slot more behind its other operands, and puts the result there as well.
// NOLINTBEGIN: a list, not a header

#define BRINK_QUICK_STRIP(...) __VA_ARGS__
#define BRINK_QUICK_VALUE(name, body, operands) \
  BRINK_QUICK(name, body, operands)             \
  BRINK_QUICK(name##_S, (Stored<BRINK_QUICK_STRIP body>), operands "L")

#define BRINK_QUICK_BINARY(op)                                                 \
  BRINK_QUICK_VALUE(op##_TL, (Binary<Op::op, AccSource, SlotSource>), "L")     \
  BRINK_QUICK_VALUE(op##_LT, (Binary<Op::op, SlotSource, AccSource>), "L")     \
  BRINK_QUICK_VALUE(op##_LL, (Binary<Op::op, SlotSource, SlotSource>), "LL")   \
  BRINK_QUICK_VALUE(op##_TB, (Binary<Op::op, AccSource, Const8Source>), "b")   \
  BRINK_QUICK_VALUE(op##_LB, (Binary<Op::op, SlotSource, Const8Source>), "Lb") \
  BRINK_QUICK_VALUE(op##_TD, (Binary<Op::op, AccSource, Const32Source>), "d")  \
  BRINK_QUICK_VALUE(op##_LD, (Binary<Op::op, SlotSource, Const32Source>), "Ld")

#define BRINK_QUICK_COMPARE(op, negated, mirrored)                                       \
  BRINK_QUICK_BINARY(op)                                                                 \
  BRINK_QUICK(Br##op##_TL, (CompareJump<Op::op, AccSource, SlotSource, true>), "Lj")     \
  BRINK_QUICK(Br##op##_LT, (CompareJump<Op::op, SlotSource, AccSource, true>), "Lj")     \
  BRINK_QUICK(Br##op##_LL, (CompareJump<Op::op, SlotSource, SlotSource, true>), "LLj")   \
  BRINK_QUICK(Br##op##_TB, (CompareJump<Op::op, AccSource, Const8Source, true>), "bj")   \
  BRINK_QUICK(Br##op##_LB, (CompareJump<Op::op, SlotSource, Const8Source, true>), "Lbj") \
  BRINK_QUICK(Br##op##_TD, (CompareJump<Op::op, AccSource, Const32Source, true>), "dj")  \
  BRINK_QUICK(Br##op##_LD, (CompareJump<Op::op, SlotSource, Const32Source, true>), "Ldj")

#define BRINK_QUICK_FLOAT_BINARY(op)                                       \
  BRINK_QUICK_VALUE(op##_TL, (Binary<Op::op, AccSource, SlotSource>), "L") \
  BRINK_QUICK_VALUE(op##_LT, (Binary<Op::op, SlotSource, AccSource>), "L") \
  BRINK_QUICK_VALUE(op##_LL, (Binary<Op::op, SlotSource, SlotSource>), "LL")

#define BRINK_QUICK_FLOAT_COMPARE(op, mirrored)                                             \
  BRINK_QUICK_FLOAT_BINARY(op)                                                              \
  BRINK_QUICK(Br##op##_TL, (CompareJump<Op::op, AccSource, SlotSource, true>), "Lj")        \
  BRINK_QUICK(Br##op##_LT, (CompareJump<Op::op, SlotSource, AccSource, true>), "Lj")        \
  BRINK_QUICK(Br##op##_LL, (CompareJump<Op::op, SlotSource, SlotSource, true>), "LLj")      \
  BRINK_QUICK(BrUnless##op##_TL, (CompareJump<Op::op, AccSource, SlotSource, false>), "Lj") \
  BRINK_QUICK(BrUnless##op##_LT, (CompareJump<Op::op, SlotSource, AccSource, false>), "Lj") \
  BRINK_QUICK(BrUnless##op##_LL, (CompareJump<Op::op, SlotSource, SlotSource, false>), "LLj")

#define BRINK_QUICK_UNARY(op)                               \
  BRINK_QUICK_VALUE(op##_T, (Unary<Op::op, AccSource>), "") \
  BRINK_QUICK_VALUE(op##_L, (Unary<Op::op, SlotSource>), "L")

#define BRINK_QUICK_LOAD(op, on_stack, in_memory)                                     \
  BRINK_QUICK_VALUE(op##_To, (LoadMemory<on_stack, in_memory, AccSource, u8>), "o")   \
  BRINK_QUICK_VALUE(op##_TO, (LoadMemory<on_stack, in_memory, AccSource, u32>), "O")  \
  BRINK_QUICK_VALUE(op##_Lo, (LoadMemory<on_stack, in_memory, SlotSource, u8>), "Lo") \
  BRINK_QUICK_VALUE(op##_LO, (LoadMemory<on_stack, in_memory, SlotSource, u32>), "LO")

// Address, value, offset.
#define BRINK_QUICK_STORE(op, in_memory)                                               \
  BRINK_QUICK(op##_TLo, (StoreMemory<in_memory, AccSource, SlotSource, u8>), "Lo")     \
  BRINK_QUICK(op##_TLO, (StoreMemory<in_memory, AccSource, SlotSource, u32>), "LO")    \
  BRINK_QUICK(op##_LTo, (StoreMemory<in_memory, SlotSource, AccSource, u8>), "Lo")     \
  BRINK_QUICK(op##_LTO, (StoreMemory<in_memory, SlotSource, AccSource, u32>), "LO")    \
  BRINK_QUICK(op##_LLo, (StoreMemory<in_memory, SlotSource, SlotSource, u8>), "LLo")   \
  BRINK_QUICK(op##_LLO, (StoreMemory<in_memory, SlotSource, SlotSource, u32>), "LLO")  \
  BRINK_QUICK(op##_TBo, (StoreMemory<in_memory, AccSource, Const8Source, u8>), "bo")   \
  BRINK_QUICK(op##_TBO, (StoreMemory<in_memory, AccSource, Const8Source, u32>), "bO")  \
  BRINK_QUICK(op##_LBo, (StoreMemory<in_memory, SlotSource, Const8Source, u8>), "Lbo") \
  BRINK_QUICK(op##_LBO, (StoreMemory<in_memory, SlotSource, Const8Source, u32>), "LbO")

#define BRINK_QUICK_FLOAT_STORE(op, in_memory)                                        \
  BRINK_QUICK(op##_TLo, (StoreMemory<in_memory, AccSource, SlotSource, u8>), "Lo")    \
  BRINK_QUICK(op##_TLO, (StoreMemory<in_memory, AccSource, SlotSource, u32>), "LO")   \
  BRINK_QUICK(op##_LTo, (StoreMemory<in_memory, SlotSource, AccSource, u8>), "Lo")    \
  BRINK_QUICK(op##_LTO, (StoreMemory<in_memory, SlotSource, AccSource, u32>), "LO")   \
  BRINK_QUICK(op##_LLo, (StoreMemory<in_memory, SlotSource, SlotSource, u8>), "LLo")  \
  BRINK_QUICK(op##_LLO, (StoreMemory<in_memory, SlotSource, SlotSource, u32>), "LLO") \
  BRINK_QUICK(op##_TTo, (StoreMemory<in_memory, AccSource, AccSource, u8>), "o")      \
  BRINK_QUICK(op##_TTO, (StoreMemory<in_memory, AccSource, AccSource, u32>), "O")

// The object, the field's offset; the array, the index.
#define BRINK_QUICK_GET(name, on_stack, in_object)                                              \
  BRINK_QUICK_VALUE(GetField##name##_T, (GetField<on_stack, in_object, AccSource>), "O")        \
  BRINK_QUICK_VALUE(GetField##name##_L, (GetField<on_stack, in_object, SlotSource>), "LO")      \
  BRINK_QUICK_VALUE(GetElement##name##_LT, (GetElement<on_stack, in_object, AccSource>), "L")   \
  BRINK_QUICK_VALUE(GetElement##name##_LL, (GetElement<on_stack, in_object, SlotSource>), "LL")

// The object, the value, the field's offset; the array, the index, the value. Floats are words in slots.
#define BRINK_QUICK_SET(name, in_object)                                                        \
  BRINK_QUICK(SetField##name##_LT, (SetField<in_object, AccSource>), "LO")                      \
  BRINK_QUICK(SetField##name##_LL, (SetField<in_object, SlotSource>), "LLO")                    \
  BRINK_QUICK(SetElement##name##_LTL, (SetElement<in_object, AccSource, SlotSource>), "LL")     \
  BRINK_QUICK(SetElement##name##_LLT, (SetElement<in_object, SlotSource, AccSource>), "LL")     \
  BRINK_QUICK(SetElement##name##_LLL, (SetElement<in_object, SlotSource, SlotSource>), "LLL")

#define BRINK_QUICK_VECTOR(op, body, operands) BRINK_QUICK(op##_V, body, operands)
#define BRINK_QUICK_VECTOR_VALUE(op, body, operands) BRINK_QUICK_VALUE(op##_V, body, operands)

#include "engine/quicken/quick_ops.def"

#undef BRINK_QUICK_STRIP
#undef BRINK_QUICK_VALUE
#undef BRINK_QUICK_BINARY
#undef BRINK_QUICK_COMPARE
#undef BRINK_QUICK_FLOAT_BINARY
#undef BRINK_QUICK_FLOAT_COMPARE
#undef BRINK_QUICK_UNARY
#undef BRINK_QUICK_LOAD
#undef BRINK_QUICK_STORE
#undef BRINK_QUICK_FLOAT_STORE
#undef BRINK_QUICK_GET
#undef BRINK_QUICK_SET
#undef BRINK_QUICK_VECTOR
#undef BRINK_QUICK_VECTOR_VALUE

// Every other instruction of the specification: run by the plain interpreter's handler on operands in slots. The first
// operand is the slot above them. General: with explicit bounds checks, for any memory.
#define BRINK_OPCODE(id, text, code, imm, sig, feature)        \
  BRINK_QUICK(Plain##id, (Plain<Op::id, GuardedAccess>), "Lp") \
  BRINK_QUICK(General##id, (Plain<Op::id, GeneralAccess>), "Lp")
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
// NOLINTEND
