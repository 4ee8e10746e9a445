#include "engine/module/opcodes.h"

#include <array>
#include <string>

namespace brink {
namespace {

struct ReverseTables {
  std::array<Op, 256> plain;
  std::array<std::array<Op, kMaxSubOpcode + 1>, 4> prefixed;  // 0xFB, 0xFC, 0xFD, 0xFE

  constexpr ReverseTables() : plain{}, prefixed{} {
    plain.fill(Op::kUnknown);
    for (auto& table : prefixed) table.fill(Op::kUnknown);
    for (u32 i = 0; i < kOpCount; ++i) {
      u32 code = kOpInfo[i].code;
      if (code >> 16) prefixed[(code >> 16) - 0xFB][code & 0xFFFF] = static_cast<Op>(i);
      else plain[code] = static_cast<Op>(i);
    }
  }
};

constexpr ReverseTables kReverse;

// The access width stands in the name: "load8_s", "load32x2_u", "store", "rmw16.add_u", "wait64".
constexpr u32 width_from_name(std::string_view text) {
  size_t dot = text.find('.');
  std::string_view type = text.substr(0, dot);
  std::string_view rest = text.substr(dot + 1);
  u32 whole = type == "v128" ? 4 : (type == "i32" || type == "f32") ? 2 : 3;
  if (type == "memory") return rest == "atomic.wait64" ? 3 : 2;
  constexpr std::string_view kVerbs[] = {"atomic.load", "atomic.store", "atomic.rmw", "load", "store"};
  for (std::string_view verb : kVerbs) {
    if (!rest.starts_with(verb)) continue;
    rest.remove_prefix(verb.size());
    size_t digits = rest.find_first_not_of("0123456789");
    if (digits != rest.npos && digits != 0 && rest[digits] == 'x') return 3;  // a shape, e.g. 8x8, not "8.xor_u"
    if (rest.starts_with("8")) return 0;
    if (rest.starts_with("16")) return 1;
    if (rest.starts_with("32")) return 2;
    if (rest.starts_with("64")) return 3;
    return whole;
  }
  return 0;
}

constexpr auto kWidths = [] {
  std::array<u8, kOpCount> widths{};
  for (u32 i = 0; i < kOpCount; ++i)
    if (kOpInfo[i].immediate == Immediate::MemArg || kOpInfo[i].immediate == Immediate::MemArgLane)
      widths[i] = static_cast<u8>(width_from_name(kOpInfo[i].text));
  return widths;
}();

}  // namespace

Op op_from_byte(u8 byte) { return kReverse.plain[byte]; }

Op op_from_prefixed(u8 prefix, u32 sub_opcode) {
  return sub_opcode > kMaxSubOpcode ? Op::kUnknown : kReverse.prefixed[prefix - 0xFB][sub_opcode];
}

u32 natural_alignment(Op op) { return kWidths[static_cast<u32>(op)]; }

}  // namespace brink
