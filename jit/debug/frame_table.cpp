#include "jit/debug/frame_table.h"

#include <cstring>

namespace brink::jit {
namespace {

#if defined(__aarch64__)
constexpr u32 kReturnAddress = 30;
constexpr u32 kStackPointer = 31;
u32 number_of(Gp reg) { return static_cast<u32>(reg); }  // DWARF for the Arm 64-bit Architecture, section 4.1
#else
constexpr u32 kReturnAddress = 16;
constexpr u32 kStackPointer = 7;
// System V ABI for x86-64, figure 3.36.
u32 number_of(Gp reg) {
  constexpr u8 kNumbers[] = {0, 2, 1, 3, 7, 6, 4, 5};
  u32 number = static_cast<u32>(reg);
  return number < 8 ? kNumbers[number] : number;
}
#endif

// DWARF 5, section 7.24; DW_CFA_….
enum : u8 {
  kAdvance = 0x40,
  kOffset = 0x80,
  kRestore = 0xC0,
  kAdvance1 = 0x02,
  kAdvance2 = 0x03,
  kAdvance4 = 0x04,
  kDefine = 0x0C,
};

class Table {
 public:
  std::vector<u8> bytes;

  void byte(u32 value) { bytes.push_back(static_cast<u8>(value)); }
  template <class T>
  void value(T value) {
    const u8* begin = reinterpret_cast<const u8*>(&value);
    bytes.insert(bytes.end(), begin, begin + sizeof value);
  }
  void leb(u64 value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<u32>(value & 0x7F) | 0x80);
    byte(static_cast<u32>(value));
  }
  void advance(u32 bytes_of_code) {
    if (bytes_of_code == 0) return;
    if (bytes_of_code < 0x40) return byte(kAdvance | bytes_of_code);
    if (bytes_of_code < 0x100) {
      byte(kAdvance1);
      return byte(bytes_of_code);
    }
    if (bytes_of_code < 0x10000) {
      byte(kAdvance2);
      return value(static_cast<u16>(bytes_of_code));
    }
    byte(kAdvance4);
    value(bytes_of_code);
  }
  void define(u32 reg, u32 distance) {
    byte(kDefine);
    leb(reg);
    leb(distance);
  }
  void saved(u32 reg, u32 distance) {
    byte(kOffset | reg);
    leb(distance / 8);  // in units of the alignment factor, -8
  }
  // An entry's length goes in front of it when it is whole.
  size_t open() {
    value(u32{0});
    return bytes.size();
  }
  void close(size_t begin) {
    while ((bytes.size() - begin + 4) % 8 != 0) byte(0);  // DW_CFA_nop
    u32 length = static_cast<u32>(bytes.size() - begin);
    std::memcpy(bytes.data() + begin - 4, &length, sizeof length);
  }
};

}  // namespace

std::vector<u8> frame_table(std::span<const CodePiece> pieces) {
  Table table;
  size_t common = table.open();
  table.value(u32{0});
  table.byte(1);  // version
  table.byte('z');
  table.byte('R');
  table.byte(0);
  table.leb(1);    // distances in the code count bytes
  table.byte(0x78);  // the alignment factor, -8
  table.leb(kReturnAddress);
  table.leb(1);
  table.byte(0);  // addresses are absolute (DW_EH_PE_absptr)
#if defined(__aarch64__)
  table.define(kStackPointer, 0);
#else
  table.define(kStackPointer, 8);
  table.saved(kReturnAddress, 8);
#endif
  table.close(common);

  for (const CodePiece& piece : pieces) {
    size_t begin = table.open();
    table.value(static_cast<u32>(begin - common + 4));
    table.value(reinterpret_cast<u64>(piece.code.data()));
    table.value(u64{piece.code.size()});
    table.leb(0);
    u32 at = 0;
    for (const FrameStep& step : piece.steps) {
      if (step.at >= piece.code.size()) break;
      table.advance(step.at - at);
      at = step.at;
      u32 reg = number_of(step.reg);
      switch (step.kind) {
        case FrameStep::Kind::Frame: table.define(reg, step.distance); break;
        case FrameStep::Kind::Saved: table.saved(reg, step.distance); break;
        case FrameStep::Kind::Kept: table.byte(kRestore | reg); break;
      }
    }
    table.close(begin);
  }
  table.value(u32{0});
  return table.bytes;
}

}  // namespace brink::jit
