#include "engine/module/opcodes.h"

#include <array>
#include <string>

#include "engine/module/access_width.h"

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

constexpr auto kWidths = [] {
  std::array<u8, kOpCount> widths{};
  for (u32 i = 0; i < kOpCount; ++i)
    if (kOpInfo[i].immediate == Immediate::MemArg || kOpInfo[i].immediate == Immediate::MemArgLane)
      widths[i] = static_cast<u8>(access_width_of(kOpInfo[i].text()));
  return widths;
}();

}  // namespace

Op op_from_byte(u8 byte) { return kReverse.plain[byte]; }

Op op_from_prefixed(u8 prefix, u32 sub_opcode) {
  return sub_opcode > kMaxSubOpcode ? Op::kUnknown : kReverse.prefixed[prefix - 0xFB][sub_opcode];
}

u32 natural_alignment(Op op) { return kWidths[static_cast<u32>(op)]; }

}  // namespace brink
