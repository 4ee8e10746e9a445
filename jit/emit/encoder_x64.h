// The encoding of x86-64 instructions that the compiler uses all the time (Intel SDM volume 2, chapter 2). asmjit's emit()
// knows every instruction and takes about 110 of the processor's own for each; these take about 20, and half of what
// compiling a function costs is emitting.
#pragma once
#include <cstring>

#include "jit/emit/registers.h"

namespace brink::jit {

// What stands for an operation in all its forms.
struct Opcode {
  enum Map : u8 { One = 0, Escape0F = 1, Escape0F38 = 2, Escape0F3A = 3 };
  u8 code;
  Map map = One;
  u8 prefix = 0;  // 0x66, 0xF2, 0xF3
};

// Writes one instruction at `at`, where there must be room for kLongest bytes.
class Encoder {
 public:
  static constexpr u32 kLongest = 15;

  explicit Encoder(u8* at) : at_(at) {}
  u8* end() const { return at_; }

  void byte(u32 value) { *at_++ = static_cast<u8>(value); }
  template <class T>
  void immediate(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  // `reg` is a register's number or what extends the opcode. A byte register needs a prefix from spl on.
  void operands(Opcode op, bool wide, u32 reg, u32 rm, bool is_byte_reg = false, bool is_byte_rm = false) {
    bool needed = (is_byte_reg && reg >= 4) || (is_byte_rm && rm >= 4);
    begin(op, wide, reg, 0, rm, needed);
    byte(0xC0 | (reg & 7) << 3 | (rm & 7));
  }
  void operands(Opcode op, bool wide, u32 reg, const Address& m, bool is_byte_reg = false) {
    begin(op, wide, reg, index_of(m), base_of(m), is_byte_reg && reg >= 4);
    memory(reg, m);
  }
  // The register in the opcode's own lower bits.
  void short_form(u32 code, bool wide, u32 reg) {
    u32 rex = static_cast<u32>(wide) << 3 | reg >> 3;
    if (rex != 0) byte(0x40 | rex);
    byte(code | (reg & 7));
  }
  // With three operands, of 128 bits or scalar.
  void vex(Opcode op, bool wide, u32 reg, u32 second, u32 rm) {
    begin_vex(op, wide, reg, second, 0, rm);
    byte(0xC0 | (reg & 7) << 3 | (rm & 7));
  }
  void vex(Opcode op, bool wide, u32 reg, u32 second, const Address& m) {
    begin_vex(op, wide, reg, second, index_of(m), base_of(m));
    memory(reg, m);
  }

 private:
  static u32 index_of(const Address& m) { return m.index == Gp::none ? 0 : static_cast<u32>(m.index); }
  static u32 base_of(const Address& m) { return m.base == Gp::none ? 0 : static_cast<u32>(m.base); }

  void begin(Opcode op, bool wide, u32 reg, u32 index, u32 base, bool needs_rex) {
    if (op.prefix != 0) byte(op.prefix);
    u32 rex = static_cast<u32>(wide) << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;
    if (rex != 0 || needs_rex) byte(0x40 | rex);
    if (op.map != Opcode::One) byte(0x0F);
    if (op.map == Opcode::Escape0F38) byte(0x38);
    if (op.map == Opcode::Escape0F3A) byte(0x3A);
    byte(op.code);
  }

  void begin_vex(Opcode op, bool wide, u32 reg, u32 second, u32 index, u32 base) {
    u32 prefix = op.prefix == 0x66 ? 1 : op.prefix == 0xF3 ? 2 : op.prefix == 0xF2 ? 3 : 0;
    u32 last = (~second & 15) << 3 | prefix;
    u32 inverted = ((reg >> 3) ^ 1) << 7;
    if (op.map == Opcode::Escape0F && !wide && index < 8 && base < 8) {
      byte(0xC5);
      byte(inverted | last);
    } else {
      byte(0xC4);
      byte(inverted | ((index >> 3) ^ 1) << 6 | ((base >> 3) ^ 1) << 5 | op.map);
      byte(static_cast<u32>(wide) << 7 | last);
    }
    byte(op.code);
  }

  // rsp and r12 as a base need the second byte; rbp and r13 cannot stand without an offset. No base: the offset counts from the
  // instruction's end.
  void memory(u32 reg, const Address& m) {
    u32 base = static_cast<u32>(m.base) & 7, field = (reg & 7) << 3;
    if (m.base == Gp::none) {
      byte(field | 5);
      return immediate(m.offset);
    }
    bool short_offset = m.offset == static_cast<i8>(m.offset);
    u32 mode = m.offset == 0 && base != 5 ? 0x00 : short_offset ? 0x40 : 0x80;
    if (m.index != Gp::none) {
      byte(mode | field | 4);
      byte(static_cast<u32>(m.shift) << 6 | (static_cast<u32>(m.index) & 7) << 3 | base);
    } else {
      byte(mode | field | base);
      if (base == 4) byte(0x24);
    }
    if (mode == 0x40) byte(static_cast<u8>(m.offset));
    else if (mode == 0x80) immediate(m.offset);
  }

  u8* at_;
};

}  // namespace brink::jit
