// Integer instructions.
#include <bit>
#include <cassert>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {
namespace {

bool fits_i32(u64 value) { return static_cast<i64>(value) == static_cast<i32>(value); }

// As an immediate: an i32's bits count as signed, and only the lower half of the result matters.
bool is_immediate(const Value& value) {
  return value.is_constant() && (value.kind == Kind::I32 || fits_i32(value.bits));
}
i32 immediate(const Value& value) { return static_cast<i32>(static_cast<u32>(value.bits)); }

u64 fold(Alu op, u64 a, u64 b) {
  switch (op) {
    case Alu::Add: return a + b;
    case Alu::Sub: return a - b;
    case Alu::And: return a & b;
    case Alu::Or: return a | b;
    default: return a ^ b;
  }
}

}  // namespace

// What the next instruction is; nothing at the end of the code or behind a prefix.
bool FunctionCompiler::next_op(Op& op, u32 after) const {
  const u8* p = code_ + state_->next_pc() + after;
  if (p >= code_end_) return false;
  op = kOpOfByte[*p];
  return op != Op::kUnknown;
}

void FunctionCompiler::binary(Alu op, Kind kind) {
  Width w = width_of(kind);
  Value b = pop(), a = pop();
  if (a.is_constant() && b.is_constant()) {
    u64 bits = fold(op, a.bits, b.bits);
    return push_constant(kind, kind == Kind::I32 ? static_cast<u32>(bits) : bits);
  }
  if (is_commutative(op) && (a.is_constant() || (in_memory(a) && !b.is_constant() && !in_memory(b)))) std::swap(a, b);

  // and + eqz, br_if, if: only the flags are wanted.
  Op next;
  if (op == Alu::And && kind == Kind::I32 && next_op(next) && (next == Op::BrIf || next == Op::If || next == Op::I32Eqz)) {
    Gp left = in_gp(a);
    if (is_immediate(b)) a_.test(w, left, immediate(b));
    else a_.test(w, left, in_gp(b));
    release(a);
    release(b);
    return push_flags(Condition::NotEqual);
  }

  Gp left = in_gp(a);
  bool takes_low_half = op == Alu::And && b.is_constant() && b.bits == 0xFFFFFFFF && kind == Kind::I64;
  if (is_immediate(b) || takes_low_half || (b.is_constant() && a_.is_logical_constant(op, b.bits))) {
    Gp d = result_gp(kind, &a);
    if (takes_low_half) a_.move(Width::W32, d, left);
    else if (is_immediate(b)) a_.alu(op, w, d, left, immediate(b));
    else a_.alu_logical(op, d, left, b.bits);
    if (left != d) release(a);
    return push_gp(kind, d);
  }
  if (in_memory(b)) {
    Gp d = result_gp(kind, &a);
    a_.alu(op, w, d, left, address_of(b));
    if (left != d) release(a);
    return push_gp(kind, d);
  }
  Gp right = in_gp(b);
  Gp d = result_gp(kind, &a, is_commutative(op) ? &b : nullptr);
  a_.alu(op, w, d, left, right);
  if (left != d) release(a);
  if (right != d) release(b);
  push_gp(kind, d);
}

void FunctionCompiler::multiply(Kind kind) {
  Width w = width_of(kind);
  Value b = pop(), a = pop();
  if (a.is_constant() && b.is_constant()) {
    u64 bits = a.bits * b.bits;
    return push_constant(kind, kind == Kind::I32 ? static_cast<u32>(bits) : bits);
  }
  if (a.is_constant() || in_memory(a)) std::swap(a, b);
  Gp left = in_gp(a);
  if (is_immediate(b)) {
    Gp d = result_gp(kind, &a);
    u32 factor = static_cast<u32>(immediate(b));
    if (immediate(b) > 0 && std::has_single_bit(factor)) {
      a_.shift(Shift::Left, w, d, left, static_cast<u32>(std::countr_zero(factor)));
    } else {
      a_.multiply(w, d, left, immediate(b));
    }
    if (left != d) release(a);
    return push_gp(kind, d);
  }
  if (in_memory(b)) {
    Gp d = result_gp(kind, &a);
    a_.multiply(w, d, left, address_of(b));
    if (left != d) release(a);
    return push_gp(kind, d);
  }
  Gp right = in_gp(b);
  Gp d = result_gp(kind, &a, &b);
  a_.multiply(w, d, left, right);
  if (left != d) release(a);
  if (right != d) release(b);
  push_gp(kind, d);
}

void FunctionCompiler::shift(Shift op, Kind kind) {
  Width w = width_of(kind);
  Value b = pop(), a = pop();
  if (b.is_constant()) {
    u32 count = static_cast<u32>(b.bits) & (kind == Kind::I32 ? 31 : 63);
    // base + (index << 1, 2 or 3): one lea, whose 32 bits wrap as the addition does.
    Op next;
    if (op == Shift::Left && count >= 1 && count <= 3 && next_op(next) && !stack_.empty() &&
        next == (kind == Kind::I32 ? Op::I32Add : Op::I64Add)) {
      Value& below = stack_.back();
      if (below.kind == kind && (below.place == Place::Register ||
                                 (below.place == Place::Local && locals_[below.index].pinned()))) {
        Gp index = in_gp(a);
        Value base_value = pop();
        Gp base = in_gp(base_value);
        skip_next_ = true;  // result_gp looks at what is next, which is the addition
        Gp d = is_temporary(base_value) ? base : is_temporary(a) ? index : take_gp();
        a_.address(w, d, {base, 0, index, static_cast<u8>(count)});
        if (base != d) release(base_value);
        if (index != d) release(a);
        return push_gp(kind, d);
      }
    }
    Gp left = in_gp(a);
    Gp d = result_gp(kind, &a);
    a_.shift(op, w, d, left, count);
    if (left != d) release(a);
    return push_gp(kind, d);
  }
  if (!a_.needs_count_in_rcx(op)) {
    Gp left = in_gp(a);
    Gp right = in_gp(b);
    Gp d = result_gp(kind, &a, &b);
    a_.shift(op, w, d, left, right);
    if (left != d) release(a);
    if (right != d) release(b);
    return push_gp(kind, d);
  }
  // x86-64's rcx.
  constexpr Gp kCount = static_cast<Gp>(1);
  if (a.place == Place::Register && a.gp() == kCount) in_gp(a, bit(kCount));
  bring(b, kCount);
  Gp left = in_gp(a, bit(kCount));
  Gp d = result_gp(kind, &a, nullptr, bit(kCount));
  a_.shift(op, w, d, left, kCount);
  if (left != d) release(a);
  release(b);
  push_gp(kind, d);
}

void FunctionCompiler::divide(Kind kind, bool is_signed, bool remainder) {
  Width w = width_of(kind);
  Value b = pop(), a = pop();
  u64 divisor = kind == Kind::I32 ? static_cast<u32>(b.bits) : b.bits;
  if (b.is_constant() && !is_signed && std::has_single_bit(divisor)) {
    u32 log = static_cast<u32>(std::countr_zero(divisor));
    if (!remainder) {
      Gp left = in_gp(a);
      Gp d = result_gp(kind, &a);
      a_.shift(Shift::RightUnsigned, w, d, left, log);
      if (left != d) release(a);
      return push_gp(kind, d);
    }
    if (divisor - 1 <= 0x7FFFFFFF) {
      Gp left = in_gp(a);
      Gp d = result_gp(kind, &a);
      a_.alu(Alu::And, w, d, left, static_cast<i32>(divisor - 1));
      if (left != d) release(a);
      return push_gp(kind, d);
    }
  }
  bool may_be_zero = !b.is_constant() || divisor == 0;
  bool may_be_minus_one = !b.is_constant() || static_cast<i64>(b.bits) == -1 || (kind == Kind::I32 && divisor == 0xFFFFFFFF);
  divide_checked(kind, is_signed, remainder, a, b, may_be_zero, is_signed && may_be_minus_one);
}

void FunctionCompiler::compare(Kind kind, Condition condition) {
  Width w = width_of(kind);
  Value b = pop(), a = pop();
  if (a.is_constant() && !b.is_constant()) {
    std::swap(a, b);
    condition = mirrored(condition);
  }
  if (is_immediate(b)) {
    if (in_memory(a)) {
      a_.compare(w, address_of(a), immediate(b));
    } else {
      Gp left = in_gp(a);
      if (immediate(b) == 0 && (condition == Condition::Equal || condition == Condition::NotEqual)) a_.test(w, left, left);
      else a_.compare(w, left, immediate(b));
    }
  } else if (in_memory(b)) {
    Gp left = in_gp(a);
    a_.compare(w, left, address_of(b));
  } else if (in_memory(a)) {
    Gp right = in_gp(b);
    a_.compare(w, address_of(a), right);
  } else {
    Gp left = in_gp(a);
    Gp right = in_gp(b);
    a_.compare(w, left, right);
  }
  release(a);
  release(b);
  push_flags(condition);
}

void FunctionCompiler::equal_zero(Kind kind) {
  Value a = pop();
  if (a.place == Place::Flags) return push_flags(negated(a.condition));
  Width w = width_of(kind);
  if (in_memory(a)) {
    a_.compare(w, address_of(a), 0);
  } else {
    Gp left = in_gp(a);
    a_.test(w, left, left);
  }
  release(a);
  push_flags(Condition::Equal);
}

void FunctionCompiler::count(Op op, Kind kind) {
  Width w = width_of(kind);
  Value a = pop();
  Gp s = in_gp(a);
  bool leading = op == Op::I32Clz || op == Op::I64Clz;
  bool ones = op == Op::I32Popcnt || op == Op::I64Popcnt;
  // Without lzcnt the target is written before the source is read.
  bool apart = !ones && !a_.features().lzcnt;
  Gp d = apart ? take_gp() : result_gp(kind, &a);
  if (ones) a_.count_ones(w, d, s);
  else if (leading) a_.count_leading_zeros(w, d, s);
  else a_.count_trailing_zeros(w, d, s);
  if (s != d) release(a);
  push_gp(kind, d);
}

void FunctionCompiler::extend(Kind kind, u32 from_bytes, Kind from) {
  Value a = pop();
  a.kind = from;
  Gp s = in_gp(a);
  Gp d = result_gp(kind, &a);
  a_.sign_extend(width_of(kind), d, s, from_bytes);
  if (s != d) release(a);
  push_gp(kind, d);
}

void FunctionCompiler::wrap() {
  Value a = pop();
  if (a.is_constant()) return push_constant(Kind::I32, static_cast<u32>(a.bits));
  if (in_memory(a)) {
    Gp d = result_gp(Kind::I32, nullptr);
    a_.load(Load::U32, d, address_of(a));
    return push_gp(Kind::I32, d);
  }
  Gp s = in_gp(a);
  Gp d = result_gp(Kind::I32, &a);
  a_.move(Width::W32, d, s);  // also where it is the same register: the upper half goes
  if (s != d) release(a);
  push_gp(Kind::I32, d);
}

}  // namespace brink::jit
