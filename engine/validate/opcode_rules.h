// What the body decoder asks of the opcode table at every instruction, unpacked into one small row an instruction.
#pragma once
#include <array>

#include "engine/module/access_width.h"
#include "engine/module/opcodes.h"
#include "engine/module/types.h"

namespace brink {

struct OpcodeRule {
  static constexpr u8 kMaxOperands = 4;

  bool special = false;
  bool has_result = false;
  bool has_address = false;  // operands[0] is an address: i64 instead of i32 in a 64-bit memory
  u8 operand_count = 0;
  u8 operand_slots = 0;
  Immediate immediate = Immediate::None;
  Feature feature = Feature::Mvp;
  u8 lanes = 0;  // of the shape, where the immediate is a lane
  // How many alignment exponents a plain access may have, from 0 up; 0 for instructions that are none.
  u8 alignments = 0;
  ValueType result = kBottom;
  ValueType operands[kMaxOperands];
  // The two top slots of the operand stack that satisfy the rule, first pushed first; for one operand pattern[1] alone.
  ValueType pattern[2];
};

constexpr ValueType type_of_letter(char letter) {
  switch (letter) {
    case 'l': return kI64;
    case 'f': return kF32;
    case 'd': return kF64;
    case 's': return kV128;
    default: return kI32;  // 'i', 'a'
  }
}

// "i16x8.replace_lane" has 8 lanes.
constexpr u8 lanes_of_shape(std::string_view text) {
  u8 lanes = 0;
  for (size_t i = text.find('x') + 1; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    lanes = static_cast<u8>(lanes * 10 + (text[i] - '0'));
  return lanes;
}

constexpr OpcodeRule make_opcode_rule(const OpInfo& info) {
  OpcodeRule rule;
  rule.special = info.signature.special;
  rule.immediate = info.immediate;
  rule.feature = info.feature;
  if (rule.special) return rule;
  if (info.immediate == Immediate::MemArg && info.feature != Feature::Threads)
    rule.alignments = static_cast<u8>(access_width_of(info.text()) + 1);
  if (info.immediate == Immediate::Lane) rule.lanes = lanes_of_shape(info.text());
  rule.has_result = info.signature.result != 'v';
  rule.result = type_of_letter(info.signature.result);
  rule.operand_count = info.signature.operand_count;
  ValueType slots[2 * OpcodeRule::kMaxOperands];
  for (u8 i = 0; i < rule.operand_count; ++i) {
    rule.has_address |= info.signature.operands[i] == 'a';
    rule.operands[i] = type_of_letter(info.signature.operands[i]);
    for (u32 k = 0; k < rule.operands[i].slots(); ++k) slots[rule.operand_slots++] = rule.operands[i];
  }
  if (rule.operand_slots >= 1) rule.pattern[1] = slots[rule.operand_slots - 1];
  if (rule.operand_slots >= 2) rule.pattern[0] = slots[rule.operand_slots - 2];
  return rule;
}

inline constexpr auto kOpcodeRules = [] {
  std::array<OpcodeRule, kOpCount> rules{};
  for (u32 i = 0; i < kOpCount; ++i) rules[i] = make_opcode_rule(kOpInfo[i]);
  return rules;
}();

inline constexpr auto kOpOfByte = [] {
  std::array<Op, 256> ops{};
  for (Op& op : ops) op = Op::kUnknown;
  for (u32 i = 0; i < kOpCount; ++i)
    if (kOpInfo[i].code < 0x100) ops[kOpInfo[i].code] = static_cast<Op>(i);
  return ops;
}();

// How common_forms.h decodes an opcode byte.
enum class CommonForm : u8 {
  None,  // by the general rules only
  LocalGet,
  LocalSet,
  LocalTee,
  GlobalGet,
  GlobalSet,
  I32Const,
  I64Const,
  Unary,          // number -> number, no immediates
  Binary,         // two floats -> number, no immediates
  IntegerBinary,  // two integers -> integer, no immediates
  Load,
  Store,
  Block,  // block, loop
  If,
  End,
  Br,
  BrIf,
  Call,
};
inline constexpr u32 kCommonFormCount = static_cast<u32>(CommonForm::Call) + 1;

// What the commonest instructions need, by opcode byte.
struct CommonRule {
  CommonForm form = CommonForm::None;
  u8 alignments = 0;  // as in OpcodeRule
  Op op = Op::kUnknown;
  ValueType result;
  ValueType operands[2];  // first pushed first; for one operand operands[1] alone
};

constexpr bool is_integer(ValueType type) { return type == kI32 || type == kI64; }

constexpr CommonForm common_form_of(Op op, const OpcodeRule& rule) {
  switch (op) {
    case Op::LocalGet: return CommonForm::LocalGet;
    case Op::LocalSet: return CommonForm::LocalSet;
    case Op::LocalTee: return CommonForm::LocalTee;
    case Op::GlobalGet: return CommonForm::GlobalGet;
    case Op::GlobalSet: return CommonForm::GlobalSet;
    case Op::I32Const: return CommonForm::I32Const;
    case Op::I64Const: return CommonForm::I64Const;
    case Op::Block:
    case Op::Loop: return CommonForm::Block;
    case Op::If: return CommonForm::If;
    case Op::End: return CommonForm::End;
    case Op::Br: return CommonForm::Br;
    case Op::BrIf: return CommonForm::BrIf;
    case Op::Call: return CommonForm::Call;
    default: break;
  }
  if (rule.special || rule.operand_slots != rule.operand_count) return CommonForm::None;
  if (rule.immediate == Immediate::None && rule.has_result && rule.operand_count == 1) return CommonForm::Unary;
  if (rule.immediate == Immediate::None && rule.has_result && rule.operand_count == 2)
    return is_integer(rule.pattern[1]) ? CommonForm::IntegerBinary : CommonForm::Binary;
  if (rule.immediate == Immediate::MemArg) return rule.has_result ? CommonForm::Load : CommonForm::Store;
  return CommonForm::None;
}

// Of the MVP's instructions only, so that no feature needs to be asked for.
inline constexpr auto kCommonRules = [] {
  std::array<CommonRule, 256> rules{};
  for (u32 i = 0; i < kOpCount; ++i) {
    if (kOpInfo[i].code >= 0x100 || kOpInfo[i].feature != Feature::Mvp) continue;
    const OpcodeRule& rule = kOpcodeRules[i];
    Op op = static_cast<Op>(i);
    rules[kOpInfo[i].code] = {.form = common_form_of(op, rule),
                              .alignments = rule.alignments,
                              .op = op,
                              .result = rule.result,
                              .operands = {rule.pattern[0], rule.pattern[1]}};
  }
  return rules;
}();

inline constexpr auto kCommonForms = [] {
  std::array<CommonForm, 256> forms{};
  for (u32 i = 0; i < 256; ++i) forms[i] = kCommonRules[i].form;
  return forms;
}();

// The instructions a constant expression may consist of (section 3.4.10); global.get has further conditions.
constexpr bool is_constant_instruction(Op op, FeatureSet features) {
  switch (op) {
    case Op::End:
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::V128Const:
    case Op::GlobalGet:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::RefI31:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return true;
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul: return features.has(Feature::ExtendedConst);
    default: return false;
  }
}

}  // namespace brink
