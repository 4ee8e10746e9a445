#include "engine/quicken/quick_op.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/quicken/common_rows.h"
#include "engine/quicken/fusion_table.h"

namespace brink::quick {
namespace {

// One text each, not thousands of pointers that the loader would have to relocate before every run of the command.
// Split when somebody asks.
constexpr char kNames[] =
#define BRINK_QUICK(name, body, operands) #name "\n"
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
#define BRINK_FUSION(first, second) #first "__" #second "\n"
#include "engine/quicken/fusions.def"
#undef BRINK_FUSION
    ;
constexpr char kOperands[] =
#define BRINK_QUICK(name, body, operands) operands "\n"
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
    ;

struct Fusion {
  QuickOp first;
  QuickOp second;
};

constexpr Fusion kFusions[] = {
#define BRINK_FUSION(first, second) {QuickOp::first, QuickOp::second},
#include "engine/quicken/fusions.def"
#undef BRINK_FUSION
    {QuickOp::kBaseCount, QuickOp::kBaseCount}};
static_assert(std::size(kFusions) == kFusionCount + 1);

// An operation that may change its operands' places is its own mirror.
constexpr Op mirror_of(Op op) {
  switch (op) {
    case Op::I32Add:
    case Op::I32Mul:
    case Op::I32And:
    case Op::I32Or:
    case Op::I32Xor:
    case Op::I64Add:
    case Op::I64Mul:
    case Op::I64And:
    case Op::I64Or:
    case Op::I64Xor: return op;
    default: return Op::kUnknown;
  }
}

constexpr auto make_families = [] {
  std::array<OpFamily, kOpCount> families{};
  auto set = [&](Op op, Family family, QuickOp first, Op negated = Op::kUnknown, Op mirrored = Op::kUnknown) {
    families[static_cast<u32>(op)] = {family, first, negated, mirrored};
  };
#define BRINK_QUICK_VALUE(...)
#define BRINK_QUICK(...)
#define BRINK_QUICK_BINARY(op) \
  set(Op::op, Family::Binary, QuickOp::op##_TL, Op::kUnknown, mirror_of(Op::op));
#define BRINK_QUICK_COMPARE(op, negated, mirrored) \
  set(Op::op, Family::Compare, QuickOp::op##_TL, Op::negated, Op::mirrored);
#define BRINK_QUICK_FLOAT_BINARY(op) set(Op::op, Family::FloatBinary, QuickOp::op##_TL);
#define BRINK_QUICK_FLOAT_COMPARE(op, mirrored) \
  set(Op::op, Family::FloatCompare, QuickOp::op##_TL, Op::kUnknown, Op::mirrored);
#define BRINK_QUICK_UNARY(op) set(Op::op, Family::Unary, QuickOp::op##_T);
#define BRINK_QUICK_LOAD(op, on_stack, in_memory) set(Op::op, Family::Load, QuickOp::op##_To);
#define BRINK_QUICK_STORE(op, in_memory) set(Op::op, Family::Store, QuickOp::op##_TLo);
#define BRINK_QUICK_FLOAT_STORE(op, in_memory) set(Op::op, Family::FloatStore, QuickOp::op##_TLo);
#define BRINK_QUICK_GET(...)
#define BRINK_QUICK_SET(...)
#define BRINK_QUICK_VECTOR(op, body, operands) set(Op::op, Family::Vector, QuickOp::op##_V);
#define BRINK_QUICK_VECTOR_VALUE BRINK_QUICK_VECTOR
#include "engine/quicken/quick_ops.def"
#undef BRINK_QUICK_VECTOR
#undef BRINK_QUICK_VECTOR_VALUE
#undef BRINK_QUICK_VALUE
#undef BRINK_QUICK
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
  set(Op::V128Load, Family::VectorLoad, QuickOp::V128Load_To);
  set(Op::V128Store, Family::VectorStore, QuickOp::V128Store_To);
  // References are compared as the 64-bit words they are.
  set(Op::RefIsNull, Family::Unary, QuickOp::I64Eqz_T);
  set(Op::RefEq, Family::Compare, QuickOp::I64Eq_TL, Op::I64Ne, Op::I64Eq);
  return families;
};

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> all_operands() {
  std::vector<std::string> result = split_lines(kOperands);
  for (u32 i = 0; i < kFusionCount; ++i)
    result.push_back(result[static_cast<u32>(kFusions[i].first)] + result[static_cast<u32>(kFusions[i].second)]);
  return result;
}

}  // namespace

constinit const std::array<OpFamily, kOpCount> kFamilies = make_families();

namespace {

struct ConditionTables {
  std::array<Condition, kMostConditions> conditions;
  std::array<u8, kBaseCount + 1> of{};
};

constexpr ConditionTables make_conditions() {
  ConditionTables tables{};
  // Said once more: gcc 12 forgets the members' own initializers here.
  tables.conditions.fill({QuickOp::kBaseCount, QuickOp::kBaseCount, QuickOp::kBaseCount, QuickOp::kBaseCount});
  u8 count = 0;
  auto add = [&](const Condition& condition, u32 forms) {
    tables.conditions[++count] = condition;
    for (u32 form = 0; form < forms; ++form) tables.of[static_cast<u32>(condition.first + 2 * form)] = count;
  };
  constexpr auto families = make_families();
  for (u32 op = 0; op < kOpCount; ++op) {
    const OpFamily& family = families[op];
    if (family.family == Family::Compare && op != static_cast<u32>(Op::RefEq)) {
      QuickOp negated = families[static_cast<u32>(family.negated)].first;
      add({family.first, family.first + 2 * kBinaryForms, negated + 2 * kBinaryForms, negated}, kBinaryForms);
    } else if (family.family == Family::FloatCompare) {
      add({family.first, family.first + 2 * kFloatForms, family.first + 3 * kFloatForms, QuickOp::kBaseCount},
          kFloatForms);
    }
  }
  for (QuickOp eqz : {QuickOp::I32Eqz_T, QuickOp::I64Eqz_T})
    add({eqz, QuickOp::BrUnlessT, QuickOp::BrIfT, QuickOp::kBaseCount}, 1);
  for (QuickOp eqz : {QuickOp::I32Eqz_L, QuickOp::I64Eqz_L})
    add({eqz, QuickOp::BrUnlessL, QuickOp::BrIfL, QuickOp::kBaseCount}, 1);
  return tables;
}

}  // namespace

constinit const std::array<Condition, kMostConditions> kConditions = make_conditions().conditions;
constinit const std::array<u8, kBaseCount + 1> kConditionOf = make_conditions().of;

constinit const std::array<CommonRow, 256> kCommonRows = [] {
  constexpr auto families = make_families();
  std::array<CommonRow, 256> rows{};
  for (u32 byte = 0; byte < 256; ++byte) {
    const CommonRule& rule = kCommonRules[byte];
    rows[byte] = {{rule.operands[0].kind(), rule.operands[1].kind()}, rule.result.kind(), rule.alignments,
                  QuickOp::kBaseCount, rule.form};
    if (rule.op == Op::kUnknown) continue;
    const OpFamily& family = families[static_cast<u32>(rule.op)];
    bool is_integral = is_integer(rule.operands[1]) && (rule.form == CommonForm::Store || is_integer(rule.result));
    if (is_integral) rows[byte].first = family.first;
  }
  return rows;
}();

// What QuickSink::on_common relies on.
static_assert([] {
  constexpr auto families = make_families();
  for (const CommonRule& rule : kCommonRules) {
    if (rule.form == CommonForm::None || rule.op == Op::kUnknown) continue;
    Family family = families[static_cast<u32>(rule.op)].family;
    switch (rule.form) {
      case CommonForm::IntegerBinary:
        if (family != Family::Binary && family != Family::Compare) return false;
        break;
      case CommonForm::Binary:
        if (family != Family::FloatBinary && family != Family::FloatCompare) return false;
        break;
      case CommonForm::Unary:
        if (family != Family::Unary) return false;
        break;
      case CommonForm::Load:
        if (family != Family::Load) return false;
        break;
      case CommonForm::Store:
        if (family != Family::Store && family != Family::FloatStore) return false;
        break;
      default: break;
    }
  }
  return true;
}());

constinit const FusionTable kFusionTable = [] {
  FusionTable table{};
  // Said once more: gcc 12 forgets the members' own initializers here.
  table.places.fill({QuickOp::kNarrowCount, QuickOp::kNarrowCount});
  // Pairs by the opcode that begins them, in chains.
  std::array<u16, kNarrowCount> chains{};  // one above the first pair's number
  std::array<u16, kFusionCount> next{};
  std::array<u16, kNarrowCount> lengths{};
  u32 longest = 0;
  for (u32 i = 0; i < kFusionCount; ++i) {
    auto first = static_cast<u32>(kFusions[i].first);
    next[i] = chains[first];
    chains[first] = static_cast<u16>(i + 1);
    longest = std::max<u32>(longest, ++lengths[first]);
  }
  auto place_of = [&](u32 row, u32 pair) {
    return (row + static_cast<u32>(kFusions[pair].second)) & (FusionTable::kSize - 1);
  };
  auto fits = [&](u32 row, u32 chain) {
    for (u32 i = chain; i != 0; i = next[i - 1])
      if (table.places[place_of(row, i - 1)].first != QuickOp::kNarrowCount) return false;
    return true;
  };
  // The longest rows first, while there is room.
  std::array<u16, kNarrowCount> same_length{};  // the opcodes of a length, in chains
  std::array<u16, kFusionCount + 1> of_length{};
  for (u32 first = 0; first < kNarrowCount; ++first) {
    if (lengths[first] == 0) continue;
    same_length[first] = of_length[lengths[first]];
    of_length[lengths[first]] = static_cast<u16>(first + 1);
  }
  u32 row = 0;
  for (u32 length = longest; length > 0; --length) {
    for (u32 first = of_length[length]; first != 0; first = same_length[first - 1]) {
      u32 chain = chains[first - 1];
      while (!fits(row, chain)) row = (row + 1) & (FusionTable::kSize - 1);
      table.rows[first - 1] = static_cast<u16>(row);
      for (u32 i = chain; i != 0; i = next[i - 1])
        table.places[place_of(row, i - 1)] = {kFusions[i - 1].first, QuickOp::kFusedFirst + (i - 1)};
    }
  }
  return table;
}();

std::string_view quick_op_name(QuickOp op) {
  static const std::vector<std::string> names = split_lines(kNames);
  return names[static_cast<u32>(op)];
}

std::string_view quick_op_operands(QuickOp op) {
  static const std::vector<std::string> operands = all_operands();
  return operands[static_cast<u32>(op)];
}

}  // namespace brink::quick
