// Vector instructions (SIMD), from slots to slots: every vector on the operand stack is in its two slots, so an instruction
// is a load, an operation with the second operand in memory, and a store. What vector_forms.cpp does not list is a call of
// the interpreter's function.
#include <cassert>

#include "jit/baseline/function_compiler.h"
#include "jit/baseline/vector_forms.h"

namespace brink::jit {
namespace {

namespace Inst = x86::Inst;

constexpr Address tier(u32 offset) { return {kTier, static_cast<i32>(offset)}; }

}  // namespace

// In this file the names are the machine's: x86-64 with SSE4.1, VEX-encoded where there is AVX.
struct VectorWriter {
  Assembler& a;
  bool avx = a.features().avx;

  static x86::Xmm x(Fp reg) { return x86::xmm(static_cast<u32>(reg)); }
  static x86::Mem m(const Address& from, u32 bytes) {
    x86::Gp base = x86::gpq(static_cast<u32>(from.base));
    if (from.index == Gp::none) return x86::Mem(base, from.offset, bytes);
    return x86::Mem(base, x86::gpq(static_cast<u32>(from.index)), from.shift, from.offset, bytes);
  }

  // d = d op b; `spare` is lost without AVX, whose memory operands need not be aligned.
  void op(const VectorCode& code, Fp d, const Address& b, Fp spare) {
    if (avx) {
      a.raw().emit(code.vex, x(d), x(d), m(b, 16));
    } else {
      a.load_float(16, spare, b);
      a.raw().emit(code.legacy, x(d), x(spare));
    }
  }
  void op(const VectorCode& code, Fp d, Fp b) {
    if (avx) a.raw().emit(code.vex, x(d), x(d), x(b));
    else a.raw().emit(code.legacy, x(d), x(b));
  }
  void op(const VectorCode& code, Fp d, Fp b, u32 immediate) {
    if (avx) a.raw().emit(code.vex, x(d), x(d), x(b), asmjit::Imm(immediate));
    else a.raw().emit(code.legacy, x(d), x(b), asmjit::Imm(immediate));
  }
  void unary(const VectorCode& code, Fp d, Fp s) { a.raw().emit(avx ? code.vex : code.legacy, x(d), x(s)); }
  void unary(const VectorCode& code, Fp d, Fp s, u32 immediate) {
    a.raw().emit(avx ? code.vex : code.legacy, x(d), x(s), asmjit::Imm(immediate));
  }
  void unary(const VectorCode& code, Fp d, const Address& s, u32 bytes) {
    a.raw().emit(avx ? code.vex : code.legacy, x(d), m(s, bytes));
  }
  void ones(Fp d) { op({VectorForm::None, Inst::kIdPcmpeqd, Inst::kIdVpcmpeqd}, d, d); }
  // The lowest lane to all others.
  void splat(Fp d, u32 lane_bytes) {
    if (lane_bytes == 1) op({VectorForm::None, Inst::kIdPunpcklbw, Inst::kIdVpunpcklbw}, d, d);
    if (lane_bytes <= 2) unary({VectorForm::None, Inst::kIdPshuflw, Inst::kIdVpshuflw}, d, d, 0);
    if (lane_bytes <= 2) op({VectorForm::None, Inst::kIdPunpcklqdq, Inst::kIdVpunpcklqdq}, d, d);
    if (lane_bytes == 4) unary({VectorForm::None, Inst::kIdPshufd, Inst::kIdVpshufd}, d, d, 0);
    if (lane_bytes == 8) op({VectorForm::None, Inst::kIdPunpcklqdq, Inst::kIdVpunpcklqdq}, d, d);
  }
};

bool FunctionCompiler::vector_access(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  VectorWriter w{a_};
  Gp held[2];
  if (code.form == VectorForm::Store) {
    store_top(2);
    u32 from = height() - 2;
    truncate(from);
    Value address = pop();
    Address to = locate(instruction, address, 16, held);
    a_.load_float(16, kScratchFp, slot_address(home(from)));
    note(a_.offset());
    a_.store_float(16, to, kScratchFp);
    release(address);
    for (Gp reg : held)
      if (reg != Gp::none) release(reg);
    return true;
  }
  if (code.form != VectorForm::Load && code.form != VectorForm::LoadSplat) return false;
  Value address = pop();
  Address from = locate(instruction, address, code.immediate, held);
  Fp d = kScratchFp;
  if (code.form == VectorForm::Load) {
    note(a_.offset());
    w.unary(code, d, from, code.immediate);
  } else if (code.immediate >= 4) {
    note(a_.offset());
    a_.load_float(code.immediate, d, from);
    w.splat(d, code.immediate);
  } else {
    Gp lane = take_gp();
    note(a_.offset());
    a_.load(code.immediate == 1 ? Load::U8 : Load::U16, lane, from);
    a_.gp_to_float(Width::W32, d, lane);
    release(lane);
    w.splat(d, code.immediate);
  }
  release(address);
  for (Gp reg : held)
    if (reg != Gp::none) release(reg);
  a_.store_float(16, slot_address(home(height())), d);
  push_slot(Kind::V128);
  push_slot(Kind::V128);
  return true;
}

bool FunctionCompiler::vector_instruction(const Instruction& instruction) {
  const VectorCode& code = vector_code(instruction.op);
  VectorWriter w{a_};
  auto slot = [&](u32 position) { return slot_address(home(position)); };
  auto push_vector = [&] {
    push_slot(Kind::V128);
    push_slot(Kind::V128);
  };
  constexpr Fp d = kScratchFp;
  switch (code.form) {
    case VectorForm::None:
    case VectorForm::Load:
    case VectorForm::LoadSplat:
    case VectorForm::Store: return false;

    case VectorForm::Binary:
    case VectorForm::Swapped:
    case VectorForm::BinaryNot:
    case VectorForm::SwappedNot:
    case VectorForm::Compare:
    case VectorForm::CompareSwapped: {
      u32 a = height() - 4, b = height() - 2;
      u32 result = a;
      if (code.form == VectorForm::Swapped || code.form == VectorForm::SwappedNot || code.form == VectorForm::CompareSwapped)
        std::swap(a, b);
      Fp other = take_fp();
      a_.load_float(16, d, slot(a));
      if (code.form == VectorForm::Compare || code.form == VectorForm::CompareSwapped) {
        a_.load_float(16, other, slot(b));
        w.op(code, d, other, code.immediate);
      } else {
        w.op(code, d, slot(b), other);
      }
      if (code.form == VectorForm::BinaryNot || code.form == VectorForm::SwappedNot) {
        w.ones(other);
        a_.bits(Bits::Xor, d, d, other);
      }
      release(other);
      a_.store_float(16, slot(result), d);
      truncate(result + 2);
      return true;
    }
    case VectorForm::Unary:
    case VectorForm::UnaryImmediate:
    case VectorForm::LowHalf:
    case VectorForm::HighHalf:
    case VectorForm::Abs:
    case VectorForm::Negate:
    case VectorForm::NegateInteger:
    case VectorForm::Not: {
      u32 at = height() - 2;
      Fp other = take_fp();
      switch (code.form) {
        case VectorForm::LowHalf: w.unary(code, d, slot(at), 8); break;
        case VectorForm::HighHalf: w.unary(code, d, slot(at + 1), 8); break;
        case VectorForm::NegateInteger:
          a_.zero_float(d);
          w.op(code, d, slot(at), other);
          break;
        default:
          a_.load_float(16, d, slot(at));
          if (code.form == VectorForm::Unary) w.unary(code, d, d);
          if (code.form == VectorForm::UnaryImmediate) w.unary(code, d, d, code.immediate);
          if (code.form == VectorForm::Abs)
            a_.bits(Bits::And, d, d, tier(code.immediate == 4 ? layout::kAbs32 : layout::kAbs64));
          if (code.form == VectorForm::Negate)
            a_.bits(Bits::Xor, d, d, tier(code.immediate == 4 ? layout::kSign32 : layout::kSign64));
          if (code.form == VectorForm::Not) {
            w.ones(other);
            a_.bits(Bits::Xor, d, d, other);
          }
      }
      release(other);
      a_.store_float(16, slot(at), d);
      return true;
    }
    case VectorForm::Shift: {
      Value count = pop();
      Gp reg = in_own_gp(count);
      Fp by = take_fp();
      a_.alu(Alu::And, Width::W32, reg, reg, static_cast<i32>(code.immediate));
      a_.gp_to_float(Width::W32, by, reg);
      a_.load_float(16, d, slot(height() - 2));
      w.op(code, d, by);
      a_.store_float(16, slot(height() - 2), d);
      release(by);
      release(count);
      return true;
    }
    case VectorForm::Bitselect: {
      u32 a = height() - 6;
      Fp other = take_fp();
      // b ^ ((a ^ b) & mask)
      a_.load_float(16, d, slot(a));
      a_.load_float(16, other, slot(a + 2));
      a_.bits(Bits::Xor, d, d, other);
      {
        Fp mask = take_fp();
        a_.load_float(16, mask, slot(a + 4));
        a_.bits(Bits::And, d, d, mask);
        release(mask);
      }
      a_.bits(Bits::Xor, d, d, other);
      release(other);
      a_.store_float(16, slot(a), d);
      truncate(a + 2);
      return true;
    }
    case VectorForm::AnyTrue: {
      u32 at = height() - 2;
      Gp reg = take_gp();
      a_.load(Load::U64, reg, slot(at));
      a_.alu(Alu::Or, Width::W64, reg, reg, slot(at + 1));
      release(reg);
      truncate(at);
      push_flags(Condition::NotEqual);
      return true;
    }
    case VectorForm::Bitmask: {
      u32 at = height() - 2;
      a_.load_float(16, d, slot(at));
      Gp reg = take_gp();
      a_.raw().emit(w.avx ? code.vex : code.legacy, x86::gpd(static_cast<u32>(reg)), w.x(d));
      truncate(at);
      push_gp(Kind::I32, reg);
      return true;
    }
    case VectorForm::ExtractLane: {
      u32 at = height() - 2;
      auto load = static_cast<brink::jit::Load>(code.immediate);
      u32 bytes = load == Load::U8 || load == Load::S8To32 ? 1 : load == Load::U16 || load == Load::S16To32 ? 2 : load == Load::U32 ? 4 : 8;
      Address from = slot(at);
      from.offset += static_cast<i32>(bytes * instruction.index2);
      truncate(at);
      Kind kind = bytes == 8 ? Kind::I64 : Kind::I32;
      Gp reg = result_gp(kind, nullptr);
      a_.load(load, reg, from);
      push_gp(kind, reg);
      return true;
    }
    case VectorForm::ExtractFloat: {
      u32 at = height() - 2;
      Address from = slot(at);
      from.offset += static_cast<i32>(code.immediate * instruction.index2);
      truncate(at);
      Kind kind = code.immediate == 8 ? Kind::F64 : Kind::F32;
      Fp reg = result_fp(kind, nullptr);
      a_.load_float(code.immediate, reg, from);
      push_fp(kind, reg);
      return true;
    }
    case VectorForm::ReplaceLane:
    case VectorForm::ReplaceFloat: {
      Value value = pop();
      Address to = slot(height() - 2);
      to.offset += static_cast<i32>(code.immediate * instruction.index2);
      if (code.form == VectorForm::ReplaceLane) a_.store(code.immediate, to, in_gp(value));
      else a_.store_float(code.immediate, to, in_fp(value));
      release(value);
      return true;
    }
    case VectorForm::SplatInteger:
    case VectorForm::SplatFloat: {
      Value value = pop();
      if (code.form == VectorForm::SplatInteger) a_.gp_to_float(code.immediate == 8 ? Width::W64 : Width::W32, d, in_gp(value));
      else a_.move(d, in_fp(value));
      w.splat(d, code.immediate);
      release(value);
      a_.store_float(16, slot(height()), d);
      push_vector();
      return true;
    }
    case VectorForm::Constant: {
      u64 bits[2];
      std::memcpy(bits, code_ + state_->next_pc() - 16, 16);
      for (u32 i = 0; i < 2; ++i) store_constant(home(height()) + i, bits[i]);
      push_vector();
      return true;
    }
    case VectorForm::Shuffle: {
      u8 masks[2][16];
      const u8* lanes = code_ + state_->next_pc() - 16;
      for (u32 i = 0; i < 16; ++i) {
        masks[0][i] = lanes[i] < 16 ? lanes[i] : 0x80;
        masks[1][i] = lanes[i] >= 16 ? static_cast<u8>(lanes[i] - 16) : 0x80;
      }
      u32 a = height() - 4;
      Fp first = take_fp(), mask = take_fp();
      Gp reg = take_gp();
      for (u32 i = 0; i < 2; ++i) {
        Fp part = i == 0 ? first : d;
        constants_.push_back({a_.address_of(reg), {}});
        std::memcpy(constants_.back().bytes, masks[i], 16);
        a_.load_float(16, mask, {reg, 0});
        a_.load_float(16, part, slot(a + 2 * i));
        w.op(code, part, mask);
      }
      a_.bits(Bits::Or, d, d, first);
      release(reg);
      release(mask);
      release(first);
      a_.store_float(16, slot(a), d);
      truncate(a + 2);
      return true;
    }
  }
  return false;
}

}  // namespace brink::jit
