// Shuffles: most that compilers write are one instruction; the others look bytes up in both operands.
#include <algorithm>

#include "jit/baseline/vector_compiler_x64.h"

namespace brink::jit {
namespace {

using Lanes = std::array<u8, 16>;

// The lanes as numbers of wider ones; false where they are not whole.
bool widen(const Lanes& lanes, u32 bytes, u8* wide) {
  for (u32 i = 0; i < 16 / bytes; ++i) {
    const u8* lane = lanes.data() + i * bytes;
    if (lane[0] % bytes != 0) return false;
    for (u32 k = 1; k < bytes; ++k)
      if (lane[k] != lane[0] + k) return false;
    wide[i] = static_cast<u8>(lane[0] / bytes);
  }
  return true;
}

struct Interleaving {
  Opcode op;
  u32 bytes;
  u32 first;  // byte of each operand
};
constexpr Interleaving kInterleavings[] = {
    {kPunpcklbw, 1, 0},  {kPunpckhbw, 1, 8}, {kPunpcklwd, 2, 0},   {kPunpckhwd, 2, 8},
    {kPunpckldq, 4, 0},  {kPunpckhdq, 4, 8}, {kPunpcklqdq, 8, 0},  {kPunpckhqdq, 8, 8},
};

// Whether `lanes` takes in turn from operands that begin at bytes a and b.
bool interleaves(const Lanes& lanes, const Interleaving& form, u32 a, u32 b) {
  for (u32 i = 0; i < 16; ++i) {
    u32 pair = i / (2 * form.bytes), within = i % (2 * form.bytes);
    u32 from = within < form.bytes ? a : b;
    if (lanes[i] != from + form.first + pair * form.bytes + within % form.bytes) return false;
  }
  return true;
}

// Whether `lanes` are 16 bytes in succession of the two operands, `a` first.
bool is_run(const Lanes& lanes) {
  for (u32 i = 1; i < 16; ++i)
    if (lanes[i] != lanes[0] + i) return false;
  return true;
}

}  // namespace

// Of one operand.
bool VectorCompiler::shuffle_one(Value& a, const Bytes& lanes) {
  Fp s = f_.in_fp(a);
  Fp d = result(&a);
  auto done = [&] {
    push(d, {&a});
    return true;
  };
  u8 wide[8];
  if (widen(lanes, 4, wide)) {
    int order = wide[0] | wide[1] << 2 | wide[2] << 4 | wide[3] << 6;
    if (order == 0xE4) a_.move(d, s);
    else a_.vector(kPshufd, d, s, order);
    return done();
  }
  if (widen(lanes, 2, wide)) {
    bool keeps_high = true, keeps_low = true, low_in_low = true, high_in_high = true;
    for (u32 i = 0; i < 4; ++i) {
      keeps_low &= wide[i] == i;
      keeps_high &= wide[i + 4] == i + 4;
      low_in_low &= wide[i] < 4;
      high_in_high &= wide[i + 4] >= 4;
    }
    auto order = [&](u32 first) {
      int bits = 0;
      for (u32 i = 0; i < 4; ++i) bits |= (wide[first + i] & 3) << (2 * i);
      return bits;
    };
    if (low_in_low && high_in_high && (keeps_low || keeps_high)) {
      a_.vector(keeps_high ? kPshuflw : kPshufhw, d, s, order(keeps_high ? 0 : 4));
      return done();
    }
  }
  for (const Interleaving& form : kInterleavings)
    if (interleaves(lanes, form, 0, 0)) {
      a_.vector(form.op, d, s, s);
      return done();
    }
  pooled(kPshufb, d, s, lanes);
  return done();
}

// Of two, by one instruction; false where there is none.
bool VectorCompiler::shuffle_two(Value& a, Value& b, const Bytes& lanes) {
  auto emit = [&](Opcode op, int immediate, bool is_swapped) {
    Fp left = f_.in_fp(a), right = f_.in_fp(b);
    Fp d = result(&a, &b);
    if (is_swapped) std::swap(left, right);
    a_.vector(op, d, left, right, immediate);
    push(d, {&a, &b});
    return true;
  };
  for (const Interleaving& form : kInterleavings) {
    if (interleaves(lanes, form, 0, 16)) return emit(form.op, Assembler::kNoImmediate, false);
    if (interleaves(lanes, form, 16, 0)) return emit(form.op, Assembler::kNoImmediate, true);
  }
  // palignr takes the lower bytes from its second operand.
  if (is_run(lanes)) return emit(kPalignr, lanes[0], true);
  Bytes turned;
  for (u32 i = 0; i < 16; ++i) turned[i] = lanes[i] ^ 16;
  if (is_run(turned)) return emit(kPalignr, turned[0], false);
  u8 wide[8];
  if (widen(lanes, 2, wide)) {
    int from_second = 0;
    bool in_place = true;
    for (u32 i = 0; i < 8; ++i) {
      in_place &= (wide[i] & 7) == i;
      from_second |= (wide[i] >> 3) << i;
    }
    if (in_place) return emit(kPblendw, from_second, false);
  }
  if (widen(lanes, 4, wide)) {
    auto is_first = [](u8 lane) { return lane < 4; };
    int order = (wide[0] & 3) | (wide[1] & 3) << 2 | (wide[2] & 3) << 4 | (wide[3] & 3) << 6;
    bool first[4];
    for (u32 i = 0; i < 4; ++i) first[i] = is_first(wide[i]);
    if (first[0] == first[1] && first[2] == first[3]) return emit(kShufps, order, !first[0]);
  }
  return false;
}

void VectorCompiler::shuffle(const Bytes& lanes) {
  Value b = pop(), a = pop();
  bool is_same = a.place == Place::Local && b.place == Place::Local && a.index == b.index;
  bool first_only = std::all_of(lanes.begin(), lanes.end(), [](u8 lane) { return lane < 16; });
  bool second_only = std::all_of(lanes.begin(), lanes.end(), [](u8 lane) { return lane >= 16; });
  if (is_same || first_only || second_only) {
    Bytes masked;
    for (u32 i = 0; i < 16; ++i) masked[i] = lanes[i] & 15;
    if (second_only) std::swap(a, b);
    f_.release(b);
    shuffle_one(a, masked);
    return;
  }
  if (shuffle_two(a, b, lanes)) return;
  // pshufb gives zero where the highest bit is set.
  Bytes of_a, of_b;
  for (u32 i = 0; i < 16; ++i) {
    of_a[i] = lanes[i] < 16 ? lanes[i] : 0x80;
    of_b[i] = lanes[i] < 16 ? 0x80 : lanes[i] & 15;
  }
  Fp left = f_.in_fp(a), right = f_.in_fp(b);
  Temporary t(f_);
  pooled(kPshufb, t, left, of_a);
  pooled(kPshufb, kScratchFp, right, of_b);
  Fp d = result(&a, &b);
  a_.vector(kPor, d, t, kScratchFp);
  push(d, {&a, &b});
}

void VectorCompiler::swizzle() {
  Value b = pop(), a = pop();
  Fp s = f_.in_fp(a);
  if (b.is_constant()) {
    Bytes lanes;
    for (u32 i = 0; i < 16; ++i) {
      u8 lane = f_.pool_[b.index].bytes[i];
      lanes[i] = lane < 16 ? lane : 0x80;
    }
    Fp d = result(&a);
    pooled(kPshufb, d, s, lanes);
    return push(d, {&a});
  }
  // From 16 on the highest bit gets set, below it does not, and the lower four stay.
  Fp lanes = f_.in_fp(b);
  pooled(kPaddusb, kScratchFp, lanes, VectorCompiler::lanes(u8{0x70}));
  Fp d = result(&a);
  a_.vector(kPshufb, d, s, kScratchFp);
  push(d, {&a, &b});
}

}  // namespace brink::jit
