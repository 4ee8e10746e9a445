// Floating-point instructions and conversions.
#include <cassert>

#include "jit/baseline/function_compiler.h"
#include "jit/code/layout.h"

namespace brink::jit {
namespace {

Address tier(u32 offset) { return {kTier, static_cast<i32>(offset)}; }

}  // namespace

void FunctionCompiler::float_binary(FloatOp op, Kind kind) {
  bool is_f64 = kind == Kind::F64;
  Value b = pop(), a = pop();
  Fp left = in_fp(a);
  if (in_memory(b)) {
    Fp d = result_fp(kind, &a);
    a_.float_op(op, is_f64, d, left, address_of(b));
    if (left != d) release(a);
    return push_fp(kind, d);
  }
  Fp right = in_fp(b);
  Fp d = result_fp(kind, &a, &b);
  a_.float_op(op, is_f64, d, left, right);
  if (left != d) release(a);
  if (right != d) release(b);
  push_fp(kind, d);
}

void FunctionCompiler::float_min_max(bool is_max, Kind kind) {
  bool is_f64 = kind == Kind::F64;
  Value b = pop(), a = pop();
  Fp d = in_own_fp(a);
  Fp right = in_fp(b);
  a_.float_min_max(is_max, is_f64, d, right);
  if (right != d) release(b);
  push_fp(kind, d);
}

void FunctionCompiler::float_compare(Kind kind, Condition condition, bool swap) {
  bool is_f64 = kind == Kind::F64;
  Value b = pop(), a = pop();
  if (swap) std::swap(a, b);
  Fp left = in_fp(a);
  if (in_memory(b)) a_.compare_float(is_f64, left, address_of(b));
  else a_.compare_float(is_f64, left, in_fp(b));
  release(a);
  release(b);
  push_flags(condition);
}

void FunctionCompiler::float_unary(Op op, Kind kind) {
  bool is_f64 = kind == Kind::F64;
  Value a = pop();
  Fp s = in_fp(a);
  Fp d = result_fp(kind, &a);
  switch (op) {
    case Op::F32Abs:
    case Op::F64Abs: a_.absolute(is_f64, d, s, tier(is_f64 ? layout::kAbs64 : layout::kAbs32)); break;
    case Op::F32Neg:
    case Op::F64Neg: a_.negate_float(is_f64, d, s, tier(is_f64 ? layout::kSign64 : layout::kSign32)); break;
    case Op::F32Ceil:
    case Op::F64Ceil: a_.round(Rounding::Ceil, is_f64, d, s); break;
    case Op::F32Floor:
    case Op::F64Floor: a_.round(Rounding::Floor, is_f64, d, s); break;
    case Op::F32Trunc:
    case Op::F64Trunc: a_.round(Rounding::Trunc, is_f64, d, s); break;
    case Op::F32Nearest:
    case Op::F64Nearest: a_.round(Rounding::Nearest, is_f64, d, s); break;
    default: a_.square_root(is_f64, d, s); break;
  }
  if (s != d) release(a);
  push_fp(kind, d);
}

void FunctionCompiler::copy_sign(Kind kind) {
  bool is_f64 = kind == Kind::F64;
  Value b = pop(), a = pop();
  Fp d = in_own_fp(a);
  Fp sign = in_fp(b);
  a_.copy_sign(is_f64, d, sign, tier(is_f64 ? layout::kAbs64 : layout::kAbs32), tier(is_f64 ? layout::kSign64 : layout::kSign32));
  if (sign != d) release(b);
  push_fp(kind, d);
}

void FunctionCompiler::reinterpret(Kind from, Kind to) {
  Value a = pop();
  if (a.is_constant()) return push_constant(to, a.bits);
  Width w = from == Kind::F32 || from == Kind::I32 ? Width::W32 : Width::W64;
  if (is_float(to)) {
    if (in_memory(a)) {
      Fp d = result_fp(to, nullptr);
      a_.load_float(w == Width::W32 ? 4 : 8, d, address_of(a));
      return push_fp(to, d);
    }
    Gp s = in_gp(a);
    Fp d = result_fp(to, nullptr);
    a_.gp_to_float(w, d, s);
    release(a);
    return push_fp(to, d);
  }
  if (in_memory(a)) {
    Gp d = result_gp(to, nullptr);
    a_.load(w == Width::W32 ? Load::U32 : Load::U64, d, address_of(a));
    return push_gp(to, d);
  }
  Fp s = in_fp(a);
  Gp d = result_gp(to, nullptr);
  a_.float_to_gp(w, d, s);
  release(a);
  push_gp(to, d);
}

void FunctionCompiler::convert(Op op) {
  switch (op) {
    case Op::F32ConvertI32S:
    case Op::F64ConvertI32S:
    case Op::F32ConvertI64S:
    case Op::F64ConvertI64S:
    case Op::F32ConvertI32U:
    case Op::F64ConvertI32U: {
      bool to_f64 = op == Op::F64ConvertI32S || op == Op::F64ConvertI64S || op == Op::F64ConvertI32U;
      // An unsigned i32 is a signed i64.
      bool is_32 = op == Op::F32ConvertI32S || op == Op::F64ConvertI32S;
      Value a = pop();
      Gp s = in_gp(a);
      Fp d = result_fp(to_f64 ? Kind::F64 : Kind::F32, nullptr);
      a_.convert_signed(is_32 ? Width::W32 : Width::W64, to_f64, d, s);
      release(a);
      return push_fp(to_f64 ? Kind::F64 : Kind::F32, d);
    }
    case Op::F32ConvertI64U:
    case Op::F64ConvertI64U: {
      bool to_f64 = op == Op::F64ConvertI64U;
      Value a = pop();
      Gp s = in_own_gp(a);
      Fp d = take_fp();
      Gp low = take_gp();  // whatever makes room for it belongs before the branches
      a_.convert_unsigned(to_f64, d, s, low);
      release(low);
      release(a);
      return push_fp(to_f64 ? Kind::F64 : Kind::F32, d);
    }
    case Op::F32DemoteF64:
    case Op::F64PromoteF32: {
      bool to_f64 = op == Op::F64PromoteF32;
      Value a = pop();
      Fp s = in_fp(a);
      Fp d = result_fp(to_f64 ? Kind::F64 : Kind::F32, &a);
      a_.convert_float(to_f64, d, s);
      if (s != d) release(a);
      return push_fp(to_f64 ? Kind::F64 : Kind::F32, d);
    }
    default: assert(false);
  }
}

// What the machine's result may be wrong for is out of line, by the interpreter's function.
void FunctionCompiler::truncate_float(Op op, Kind to, Kind from, bool is_signed) {
  bool is_f64 = from == Kind::F64;
  if (to == Kind::I64 && !is_signed && !Assembler::kTruncatesToU64) return scalar_call(op, from, to);
  Value a = pop();
  Fp s = in_fp(a);
  Gp d = take_gp();
  u32 fields = kNothing;
  Gp other = take_gp();
  Assembler::Fields doubtful = a_.truncate_checked(width_of(to), is_signed, is_f64, d, s, other);
  release(other);
  for (u32 i = 0; i < doubtful.count; ++i) chain(fields, doubtful.at[i]);
  SlowPath path{SlowPath::Kind::Scalar, fields, a_.offset(), pc_, static_cast<u64>(op)};
  path.from = static_cast<u8>(s);
  path.to = static_cast<u8>(d);
  path.from_kind = from;
  path.to_kind = to;
  slow_paths_.push_back(path);
  release(a);
  push_gp(to, d);
}

// The interpreter's function, in line, with all registers kept.
void FunctionCompiler::scalar_call(Op op, Kind from, Kind to) {
  Value a = pop();
  evict(kResult);
  claim(kResult);
  owner_gp_[static_cast<u32>(kResult)] = kNothing;
  assert(is_float(from) && !is_float(to));
  Fp s = in_fp(a);
  a_.store_constant(8, tier(layout::kScratch), 0);
  a_.store_float(from == Kind::F32 ? 4 : 8, tier(layout::kScratch), s);
  a_.move_constant(kCallee, static_cast<u64>(op), true);
  a_.call(stubs_.scalar);
  note_call();
  a_.load(Load::U64, kResult, tier(layout::kScratch));
  release(a);
  push_gp(to, kResult);
}

}  // namespace brink::jit
