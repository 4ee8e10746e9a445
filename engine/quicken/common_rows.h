// What CommonRun needs of an instruction, by opcode byte.
#pragma once
#include <array>

#include "engine/quicken/quick_op.h"
#include "engine/validate/opcode_rules.h"

namespace brink::quick {

struct CommonRow {
  TypeKind operands[2] = {TypeKind::Bottom, TypeKind::Bottom};  // as in OpcodeRule::pattern
  TypeKind result = TypeKind::Bottom;
  u8 alignments = 0;
  QuickOp first = QuickOp::kBaseCount;  // the family's first form
  CommonForm form = CommonForm::None;
};
static_assert(sizeof(CommonRow) == 8);
extern const std::array<CommonRow, 256> kCommonRows;

}  // namespace brink::quick
