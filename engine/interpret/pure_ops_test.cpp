// pure_ops.def against the instruction table and against the functions' types.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "engine/interpret/numeric.h"
#include "engine/interpret/vector.h"
#include "engine/module/opcodes.h"

namespace brink {
namespace {

using vector::v128;

// The types that a signature's letters name.
template <size_t kSize>
struct Text {
  char chars[kSize];
  constexpr Text(const char (&text)[kSize]) { std::copy(text, text + kSize, chars); }
};

template <char kLetter>
struct TypeOf;
template <>
struct TypeOf<'i'> : std::type_identity<u32> {};
template <>
struct TypeOf<'l'> : std::type_identity<u64> {};
template <>
struct TypeOf<'f'> : std::type_identity<f32> {};
template <>
struct TypeOf<'d'> : std::type_identity<f64> {};
template <>
struct TypeOf<'s'> : std::type_identity<v128> {};

template <Text kSignature>
struct Signature {
  static constexpr OpSignature kParsed = parse_signature(kSignature.chars);
  using Result = typename TypeOf<kParsed.result>::type;

  template <size_t... kIndex>
  static auto pure(std::index_sequence<kIndex...>) -> Result (*)(typename TypeOf<kParsed.operands[kIndex]>::type...);
  template <size_t... kIndex>
  static auto trapping(std::index_sequence<kIndex...>)
      -> numeric::NumericTrap (*)(typename TypeOf<kParsed.operands[kIndex]>::type..., Result&);
  template <size_t... kIndex>
  static auto lane(std::index_sequence<kIndex...>)
      -> Result (*)(v128, u32, typename TypeOf<kParsed.operands[kIndex + 1]>::type...);

  using Pure = decltype(pure(std::make_index_sequence<kParsed.operand_count>()));
  using Trapping = decltype(trapping(std::make_index_sequence<kParsed.operand_count>()));
  using Lane = decltype(lane(std::make_index_sequence<kParsed.operand_count - 1>()));
};

constexpr bool same_signature(const OpSignature& a, const OpSignature& b) {
  return !a.special && !b.special && a.result == b.result && a.operand_count == b.operand_count &&
         std::equal(a.operands, a.operands + 4, b.operands);
}

#define BRINK_PURE(id, function, sig)                                                   \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature(#sig)), #id); \
  static_assert(std::is_same_v<decltype(&function), Signature<#sig>::Pure>, #id);
#define BRINK_TRAPPING(id, function, sig)                                               \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature(#sig)), #id); \
  static_assert(std::is_same_v<decltype(&function), Signature<#sig>::Trapping>, #id);
#define BRINK_LANE(id, function, sig)                                                   \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature(#sig)), #id); \
  static_assert(std::is_same_v<decltype(&function), Signature<#sig>::Lane>, #id);
#define BRINK_VECTOR_LOAD(id, function, bits)                                            \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature("s_a")), #id); \
  static_assert(std::is_same_v<decltype(&function), v128 (*)(bits)>, #id);
#define BRINK_LOAD_LANE(id, function, bits)                                               \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature("s_as")), #id); \
  static_assert(std::is_same_v<decltype(&function), v128 (*)(v128, u32, bits)>, #id);
#define BRINK_STORE_LANE(id, function, bits)                                              \
  static_assert(same_signature(op_info(Op::id).signature, parse_signature("v_as")), #id); \
  static_assert(std::is_same_v<decltype(&function), bits (*)(v128, u32)>, #id);
#include "engine/interpret/pure_ops.def"

struct Entry {
  Op op;
  std::string_view function;
};

constexpr Entry kEntries[] = {
#define BRINK_PURE(id, function, sig) {Op::id, #function},
#define BRINK_TRAPPING BRINK_PURE
#define BRINK_LANE BRINK_PURE
#define BRINK_VECTOR_LOAD BRINK_PURE
#define BRINK_LOAD_LANE BRINK_PURE
#define BRINK_STORE_LANE BRINK_PURE
#include "engine/interpret/pure_ops.def"
};

TEST(PureOps, EveryInstructionOnOperandsAloneIsListedOnce) {
  std::multiset<Op> listed;
  for (const Entry& entry : kEntries) listed.insert(entry.op);
  for (u32 i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const OpInfo& info = op_info(op);
    const bool on_operands = !info.signature.special && info.signature.operand_count > 0 &&
                             (info.immediate == Immediate::None || info.immediate == Immediate::Lane);
    const bool vector_memory = info.text().starts_with("v128.") && info.signature.operands[0] == 'a' &&
                               info.text() != "v128.load" && info.text() != "v128.store";
    EXPECT_EQ(listed.count(op), on_operands || vector_memory ? 1u : 0u) << info.text();
  }
}

TEST(PureOps, FunctionsAreNamedLikeTheirInstructions) {
  for (const Entry& entry : kEntries) {
    std::string name(op_info(entry.op).text());
    std::replace(name.begin(), name.end(), '.', '_');
    EXPECT_EQ(entry.function.substr(entry.function.find("::") + 2), name);
  }
}

}  // namespace
}  // namespace brink
