// What each instruction does: from the decoder's report to the code that stands for it.
#include <cassert>

#include "jit/baseline/function_compiler.h"
#include "jit/baseline/vectors.h"

namespace brink::jit {

void FunctionCompiler::on_local(const Instruction& instruction) {
  if (skips()) return;
  begin(instruction.pc);
  shake();
  u32 index = instruction.index;
  LocalInfo& local = locals_[index];
  if (instruction.op == Op::LocalGet) {
    settle_flags();
    return push_whole({.place = Place::Local, .kind = local.kind, .index = index});
  }
  bool is_tee = instruction.op == Op::LocalTee;
  settle_flags();
  Value value = pop_whole(local.kind);
  bool is_same = value.place == Place::Local && value.index == index;
  if (local.pinned()) {
    if (!is_same && !(value.place == Place::Register && value.reg == local.reg)) {
      detach_aliases(index);
      if (is_float(local.kind)) load_to(value, local.fp());
      else load_to(value, local.gp(), false);
      release(value);
    }
  } else if (!is_same) {
    detach_aliases(index);
    store_value(value, local.slot);
    if (is_tee && (value.place == Place::Register || value.is_constant())) return push_whole(value);
    release(value);
  }
  if (is_tee) push_whole({.place = Place::Local, .kind = local.kind, .index = index});
}

void FunctionCompiler::on_global(const Instruction& instruction) {
  if (skips()) return;
  begin(instruction.pc);
  shake();
  settle_flags();
  Kind kind = kind_of(instruction.type);
  auto find = [&](Gp reg) {
    a_.load(Load::U64, reg, {kTier, static_cast<i32>(layout::kGlobals)});
    a_.load(Load::U64, reg, {reg, static_cast<i32>(8 * instruction.index)});
    return Address{reg, static_cast<i32>(layout::kGlobalBits)};
  };
  if (instruction.op == Op::GlobalGet) {
    if (is_float(kind)) {
      Gp at = take_gp();
      Fp d = result_fp(kind, nullptr);
      a_.load_float(float_bytes(kind), d, find(at));
      release(at);
      return push_fp(kind, d);
    }
    Gp d = result_gp(kind, nullptr);
    a_.load(kind == Kind::I32 ? Load::U32 : Load::U64, d, find(d));
    return push_gp(kind, d);
  }
  Value value = pop_whole(kind);
  if (is_float(kind)) {
    Fp s = in_fp(value);
    Gp at = take_gp();
    Address to = find(at);
    if (kind == Kind::F32) a_.store_constant(8, to, 0);
    a_.store_float(float_bytes(kind), to, s);
    release(at);
  } else {
    Gp s = in_gp(value);
    Gp at = take_gp();
    a_.store(8, find(at), s);
    release(at);
  }
  release(value);
}

void FunctionCompiler::on_drop_or_select(const Instruction& instruction) {
  if (skips()) return;
  begin(instruction.pc);
  shake();
  if (instruction.op == Op::Drop) {
    for (u32 i = 0; i < instruction.type.slots(); ++i) release(pop());
    return;
  }
  if (stack_.back().place == Place::Flags && stack_.back().condition >= Condition::FloatEqual) settle_flags();
  Condition condition = pop_condition();
  Kind kind = kind_of(instruction.type);
  Value b = pop_whole(kind), a = pop_whole(kind);
  if (is_float(kind)) {
    Fp d = in_own_fp(a);
    Fp other = in_fp(b);
    u32 first_chosen = kNothing;
    jump_if(condition, first_chosen);
    a_.move(d, other);
    bind_chain(first_chosen);
    if (other != d) release(b);
    return push_fp(kind, d);
  }
  Gp d = in_own_gp(a, 0, true);
  Gp other = in_gp(b, 0, true);
  a_.move_if(negated(condition), width_of(kind), d, other);
  if (other != d) release(b);
  push_gp(kind, d);
}

void FunctionCompiler::on_memory_access(const Instruction& instruction) {
  if (skips()) return;
  begin(instruction.pc);
  shake();
  settle_flags();
  u32 code = op_info(instruction.op).code;
  if (code >= 0x28 && code <= 0x35) return memory_load(instruction);
  if (code >= 0x36 && code <= 0x3E) return memory_store(instruction);
  if (instruction.op == Op::V128Load) return memory_load(instruction);
  if (instruction.op == Op::V128Store) return memory_store(instruction);
  if (has_vector_code(instruction.op)) return vector_access(instruction);
  if (route_of(instruction.op) == Route::Native) return atomic_access(instruction);
  run_instruction(instruction, !is_guarded(instruction) || instruction.is_long_alignment);
}

void FunctionCompiler::on_instruction(const Instruction& instruction) {
  if (skips()) return;
  if (skip_next_) {
    skip_next_ = false;
    return;
  }
  begin(instruction.pc);
  shake();
  if (instruction.op != Op::I32Eqz) settle_flags();
  if (route_of(instruction.op) == Route::Native) return native(instruction);
  if (has_vector_code(instruction.op)) return vector_instruction(instruction);
  run_instruction(instruction, false);
}

void FunctionCompiler::native(const Instruction& instruction) {
  Op op = instruction.op;
  switch (op) {
    case Op::Nop: return;
    case Op::AtomicFence: return a_.fence();
    case Op::I32Const: return push_constant(Kind::I32, static_cast<u32>(instruction.value));
    case Op::I64Const: return push_constant(Kind::I64, instruction.value);
    case Op::F32Const: {
      u32 bits;
      std::memcpy(&bits, code_ + instruction.pc + 1, 4);
      return push_constant(Kind::F32, bits);
    }
    case Op::F64Const: {
      u64 bits;
      std::memcpy(&bits, code_ + instruction.pc + 1, 8);
      return push_constant(Kind::F64, bits);
    }
    case Op::V128Const:
      return push_whole({.place = Place::Constant, .kind = Kind::V128, .index = pooled(code_ + state_->next_pc() - 16)});
    case Op::RefNull: return push_constant(Kind::Ref, 0);
    case Op::RefIsNull: {
      stack_.back().kind = Kind::I64;
      return equal_zero(Kind::I64);
    }
    case Op::RefEq: return compare(Kind::I64, Condition::Equal);
    case Op::RefAsNonNull: {
      Value value = pop();
      Gp reg = in_gp(value);
      a_.test(Width::W64, reg, reg);
      trap_if(Condition::Equal, TrapKind::NullReference);
      return push(value);
    }
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet:
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
    case Op::ArraySet: return access_object(instruction);
    case Op::ArrayLen: return array_length();
    case Op::RefTest:
    case Op::RefTestNull: return test_reference(instruction.type);
    case Op::RefCast:
    case Op::RefCastNull: return cast_reference(instruction.type);
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return;  // the same bits
    case Op::RefI31: return make_i31();
    case Op::I31GetS:
    case Op::I31GetU: return get_i31(op == Op::I31GetS);
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef: return call(instruction);
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef: return tail_call(instruction);
    case Op::Return: {
      const auto& results = type_.type.results;
      if (results.size() == 1 && results[0] != kV128) force_top(kind_of(results[0]));
      else move_results(type_.result_slots);
      chain(epilogue_chain_, a_.jump());
      return become_unreachable();
    }
    case Op::Unreachable: trap_now(TrapKind::Unreachable); return become_unreachable();
    case Op::Throw: return throw_tag(instruction.index);
    case Op::ThrowRef: return throw_reference(pop());
    case Op::MemorySize: {
      Gp d = result_gp(value_type_of(module_.memories[instruction.index].limits.address) == kI64 ? Kind::I64 : Kind::I32, nullptr);
      a_.load(Load::U64, d, {kTier, static_cast<i32>(layout::kMemories)});
      a_.load(Load::U64, d, {d, static_cast<i32>(8 * instruction.index)});
      a_.load(Load::U64, d, {d, static_cast<i32>(layout::kMemorySize)});
      a_.shift(Shift::RightUnsigned, Width::W64, d, d, module_.memories[instruction.index].page_size_log2);
      return push_gp(value_type_of(module_.memories[instruction.index].limits.address) == kI64 ? Kind::I64 : Kind::I32, d);
    }

    case Op::I32Eqz: return equal_zero(Kind::I32);
    case Op::I32Eq: return compare(Kind::I32, Condition::Equal);
    case Op::I32Ne: return compare(Kind::I32, Condition::NotEqual);
    case Op::I32LtS: return compare(Kind::I32, Condition::Less);
    case Op::I32LtU: return compare(Kind::I32, Condition::Below);
    case Op::I32GtS: return compare(Kind::I32, Condition::Greater);
    case Op::I32GtU: return compare(Kind::I32, Condition::Above);
    case Op::I32LeS: return compare(Kind::I32, Condition::LessEqual);
    case Op::I32LeU: return compare(Kind::I32, Condition::BelowEqual);
    case Op::I32GeS: return compare(Kind::I32, Condition::GreaterEqual);
    case Op::I32GeU: return compare(Kind::I32, Condition::AboveEqual);
    case Op::I64Eqz: return equal_zero(Kind::I64);
    case Op::I64Eq: return compare(Kind::I64, Condition::Equal);
    case Op::I64Ne: return compare(Kind::I64, Condition::NotEqual);
    case Op::I64LtS: return compare(Kind::I64, Condition::Less);
    case Op::I64LtU: return compare(Kind::I64, Condition::Below);
    case Op::I64GtS: return compare(Kind::I64, Condition::Greater);
    case Op::I64GtU: return compare(Kind::I64, Condition::Above);
    case Op::I64LeS: return compare(Kind::I64, Condition::LessEqual);
    case Op::I64LeU: return compare(Kind::I64, Condition::BelowEqual);
    case Op::I64GeS: return compare(Kind::I64, Condition::GreaterEqual);
    case Op::I64GeU: return compare(Kind::I64, Condition::AboveEqual);
    // "Greater" is false where the operands are unordered, "less" need not be.
    case Op::F32Eq: return float_compare(Kind::F32, kFloatEqual, false);
    case Op::F32Ne: return float_compare(Kind::F32, kFloatNotEqual, false);
    case Op::F32Lt: return float_compare(Kind::F32, kFloatGreater, true);
    case Op::F32Gt: return float_compare(Kind::F32, kFloatGreater, false);
    case Op::F32Le: return float_compare(Kind::F32, kFloatGreaterEqual, true);
    case Op::F32Ge: return float_compare(Kind::F32, kFloatGreaterEqual, false);
    case Op::F64Eq: return float_compare(Kind::F64, kFloatEqual, false);
    case Op::F64Ne: return float_compare(Kind::F64, kFloatNotEqual, false);
    case Op::F64Lt: return float_compare(Kind::F64, kFloatGreater, true);
    case Op::F64Gt: return float_compare(Kind::F64, kFloatGreater, false);
    case Op::F64Le: return float_compare(Kind::F64, kFloatGreaterEqual, true);
    case Op::F64Ge: return float_compare(Kind::F64, kFloatGreaterEqual, false);

    case Op::I32Clz:
    case Op::I32Ctz:
    case Op::I32Popcnt: return count(op, Kind::I32);
    case Op::I64Clz:
    case Op::I64Ctz:
    case Op::I64Popcnt: return count(op, Kind::I64);
    case Op::I32Add: return binary(Alu::Add, Kind::I32);
    case Op::I32Sub: return binary(Alu::Sub, Kind::I32);
    case Op::I32Mul: return multiply(Kind::I32);
    case Op::I32DivS: return divide(Kind::I32, true, false);
    case Op::I32DivU: return divide(Kind::I32, false, false);
    case Op::I32RemS: return divide(Kind::I32, true, true);
    case Op::I32RemU: return divide(Kind::I32, false, true);
    case Op::I32And: return binary(Alu::And, Kind::I32);
    case Op::I32Or: return binary(Alu::Or, Kind::I32);
    case Op::I32Xor: return binary(Alu::Xor, Kind::I32);
    case Op::I32Shl: return shift(Shift::Left, Kind::I32);
    case Op::I32ShrS: return shift(Shift::RightSigned, Kind::I32);
    case Op::I32ShrU: return shift(Shift::RightUnsigned, Kind::I32);
    case Op::I32Rotl: return shift(Shift::RotateLeft, Kind::I32);
    case Op::I32Rotr: return shift(Shift::RotateRight, Kind::I32);
    case Op::I64Add: return binary(Alu::Add, Kind::I64);
    case Op::I64Sub: return binary(Alu::Sub, Kind::I64);
    case Op::I64Mul: return multiply(Kind::I64);
    case Op::I64DivS: return divide(Kind::I64, true, false);
    case Op::I64DivU: return divide(Kind::I64, false, false);
    case Op::I64RemS: return divide(Kind::I64, true, true);
    case Op::I64RemU: return divide(Kind::I64, false, true);
    case Op::I64And: return binary(Alu::And, Kind::I64);
    case Op::I64Or: return binary(Alu::Or, Kind::I64);
    case Op::I64Xor: return binary(Alu::Xor, Kind::I64);
    case Op::I64Shl: return shift(Shift::Left, Kind::I64);
    case Op::I64ShrS: return shift(Shift::RightSigned, Kind::I64);
    case Op::I64ShrU: return shift(Shift::RightUnsigned, Kind::I64);
    case Op::I64Rotl: return shift(Shift::RotateLeft, Kind::I64);
    case Op::I64Rotr: return shift(Shift::RotateRight, Kind::I64);

    case Op::F32Abs:
    case Op::F32Neg:
    case Op::F32Ceil:
    case Op::F32Floor:
    case Op::F32Trunc:
    case Op::F32Nearest:
    case Op::F32Sqrt: return float_unary(op, Kind::F32);
    case Op::F32Add: return float_binary(FloatOp::Add, Kind::F32);
    case Op::F32Sub: return float_binary(FloatOp::Sub, Kind::F32);
    case Op::F32Mul: return float_binary(FloatOp::Mul, Kind::F32);
    case Op::F32Div: return float_binary(FloatOp::Div, Kind::F32);
    case Op::F32Min: return float_min_max(false, Kind::F32);
    case Op::F32Max: return float_min_max(true, Kind::F32);
    case Op::F32Copysign: return copy_sign(Kind::F32);
    case Op::F64Abs:
    case Op::F64Neg:
    case Op::F64Ceil:
    case Op::F64Floor:
    case Op::F64Trunc:
    case Op::F64Nearest:
    case Op::F64Sqrt: return float_unary(op, Kind::F64);
    case Op::F64Add: return float_binary(FloatOp::Add, Kind::F64);
    case Op::F64Sub: return float_binary(FloatOp::Sub, Kind::F64);
    case Op::F64Mul: return float_binary(FloatOp::Mul, Kind::F64);
    case Op::F64Div: return float_binary(FloatOp::Div, Kind::F64);
    case Op::F64Min: return float_min_max(false, Kind::F64);
    case Op::F64Max: return float_min_max(true, Kind::F64);
    case Op::F64Copysign: return copy_sign(Kind::F64);

    case Op::I32WrapI64: return wrap();
    case Op::I32TruncF32S: return truncate_float(op, Kind::I32, Kind::F32, true);
    case Op::I32TruncF32U: return truncate_float(op, Kind::I32, Kind::F32, false);
    case Op::I32TruncF64S: return truncate_float(op, Kind::I32, Kind::F64, true);
    case Op::I32TruncF64U: return truncate_float(op, Kind::I32, Kind::F64, false);
    case Op::I64TruncF32S: return truncate_float(op, Kind::I64, Kind::F32, true);
    case Op::I64TruncF32U: return truncate_float(op, Kind::I64, Kind::F32, false);
    case Op::I64TruncF64S: return truncate_float(op, Kind::I64, Kind::F64, true);
    case Op::I64TruncF64U: return truncate_float(op, Kind::I64, Kind::F64, false);
    case Op::I32TruncSatF32S: return truncate_float(op, Kind::I32, Kind::F32, true);
    case Op::I32TruncSatF32U: return truncate_float(op, Kind::I32, Kind::F32, false);
    case Op::I32TruncSatF64S: return truncate_float(op, Kind::I32, Kind::F64, true);
    case Op::I32TruncSatF64U: return truncate_float(op, Kind::I32, Kind::F64, false);
    case Op::I64TruncSatF32S: return truncate_float(op, Kind::I64, Kind::F32, true);
    case Op::I64TruncSatF32U: return truncate_float(op, Kind::I64, Kind::F32, false);
    case Op::I64TruncSatF64S: return truncate_float(op, Kind::I64, Kind::F64, true);
    case Op::I64TruncSatF64U: return truncate_float(op, Kind::I64, Kind::F64, false);
    case Op::I64ExtendI32S: return extend(Kind::I64, 4, Kind::I32);
    case Op::I64ExtendI32U: {
      Value value = pop();
      // A local may change its kind but not its name: the register or slot has the upper half zero already.
      value.kind = Kind::I64;
      return push(value);
    }
    case Op::I32Extend8S: return extend(Kind::I32, 1, Kind::I32);
    case Op::I32Extend16S: return extend(Kind::I32, 2, Kind::I32);
    case Op::I64Extend8S: return extend(Kind::I64, 1, Kind::I64);
    case Op::I64Extend16S: return extend(Kind::I64, 2, Kind::I64);
    case Op::I64Extend32S: return extend(Kind::I64, 4, Kind::I64);
    case Op::I32ReinterpretF32: return reinterpret(Kind::F32, Kind::I32);
    case Op::I64ReinterpretF64: return reinterpret(Kind::F64, Kind::I64);
    case Op::F32ReinterpretI32: return reinterpret(Kind::I32, Kind::F32);
    case Op::F64ReinterpretI64: return reinterpret(Kind::I64, Kind::F64);
    default: return convert(op);
  }
}

}  // namespace brink::jit
