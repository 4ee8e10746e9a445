// The opcodes of quick code.
//
// Quick code is what the interpreter runs: a function's body, re-encoded by the pass that validates it, at its first
// call. An instruction is a 16-bit opcode and its operands, without padding. Operands name slots of the frame (locals,
// or operand-stack positions, whose height is known), constants, or one of the two accumulators T (integers and
// references) and F (floats), so that local.get, constants, blocks and most local.set vanish into the instructions that
// use them. quick_forms.h lists the forms; fusions.def the runs of instructions that have one opcode together.
//
// Slots are one byte (narrow), or four in a function with more than 256 of them (wide): every opcode below kFusedFirst
// exists in both widths, the wide one kWide above the narrow.
#pragma once
#include <array>
#include <string_view>

#include "engine/module/opcodes.h"

namespace brink::quick {

enum class QuickOp : u16 {
#define BRINK_QUICK(name, body, operands) name,
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
  kBaseCount,
  kFusedFirst = kBaseCount,
  kLastBase = kFusedFirst - 1,
#define BRINK_FUSION(first, second) first##__##second,
#include "engine/quicken/fusions.def"
#undef BRINK_FUSION
  kNarrowCount,
};

// The wide form of opcode n is kNarrowCount + n.
inline constexpr u32 kBaseCount = static_cast<u32>(QuickOp::kBaseCount);
inline constexpr u32 kNarrowCount = static_cast<u32>(QuickOp::kNarrowCount);
inline constexpr u32 kOpcodeCount = kNarrowCount + kBaseCount;
static_assert(kOpcodeCount <= 0xFFFF);

inline constexpr u32 kMaxNarrowSlots = 256;

constexpr QuickOp operator+(QuickOp op, u32 n) { return static_cast<QuickOp>(static_cast<u32>(op) + n); }

// Forms of BRINK_QUICK_BINARY and BRINK_QUICK_FLOAT_BINARY (the first three), in the order of quick_forms.h.
enum class BinaryForm : u8 { TL, LT, LL, TB, LB, TD, LD };
inline constexpr u32 kBinaryForms = 7;
inline constexpr u32 kFloatForms = 3;

enum class Family : u8 {
  None,
  Binary,
  Compare,
  FloatBinary,
  FloatCompare,
  Unary,
  Load,
  Store,
  FloatStore,
  Vector,
  VectorLoad,
  VectorStore,
};

struct OpFamily {
  Family family = Family::None;
  QuickOp first = QuickOp::kBaseCount;  // the family's first form
  Op negated = Op::kUnknown;
  Op mirrored = Op::kUnknown;
};

// How quick code expresses an instruction; Family::None for those that have forms of their own or run as Plain.
extern const std::array<OpFamily, kOpCount> kFamilies;
inline const OpFamily& family_of(Op op) { return kFamilies[static_cast<u32>(op)]; }

// Instructions whose result, in T, the next one may look at as a condition: nothing else sees it then. A family has its
// forms at distance two, and as many branches, one behind the other.
struct Condition {
  QuickOp first = QuickOp::kBaseCount;
  QuickOp branch_if = QuickOp::kBaseCount;
  QuickOp branch_unless = QuickOp::kBaseCount;
  QuickOp negated = QuickOp::kBaseCount;  // the first form of the opposite; kBaseCount where there is none
};
inline constexpr u32 kMostConditions = 64;
extern const std::array<Condition, kMostConditions> kConditions;
// By opcode; 0 where it is none.
extern const std::array<u8, kBaseCount + 1> kConditionOf;

// The branch that does both, or kBaseCount.
inline QuickOp branch_on(QuickOp op, bool when) {
  u32 index = kConditionOf[static_cast<u32>(op)];
  if (index == 0) return QuickOp::kBaseCount;
  const Condition& condition = kConditions[index];
  u32 form = (static_cast<u32>(op) - static_cast<u32>(condition.first)) / 2;
  return (when ? condition.branch_if : condition.branch_unless) + form;
}
// The instruction with the opposite result, or kBaseCount.
inline QuickOp negated(QuickOp op) {
  const Condition& condition = kConditions[kConditionOf[static_cast<u32>(op)]];
  if (condition.negated == QuickOp::kBaseCount) return QuickOp::kBaseCount;
  return condition.negated + (static_cast<u32>(op) - static_cast<u32>(condition.first));
}

// "I32Add_TL_S", "I32Add_LL__BrIfT".
std::string_view quick_op_name(QuickOp op);
// The operands' letters; of a fused opcode, those of its parts in their order.
std::string_view quick_op_operands(QuickOp op);

}  // namespace brink::quick
