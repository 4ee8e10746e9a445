// Structs, arrays, i31 and casts (engine/gc/object.h says what a reference is). Allocation is the interpreter's.
#include <bit>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {
namespace {

Load load_of(u32 bytes, bool is_signed) {
  switch (bytes) {
    case 1: return is_signed ? Load::S8To32 : Load::U8;
    case 2: return is_signed ? Load::S16To32 : Load::U16;
    case 4: return Load::U32;
    default: return Load::U64;
  }
}

}  // namespace

void FunctionCompiler::trap_if_null(Gp reference) {
  a_.test(Width::W64, reference, reference);
  trap_if(Condition::Equal, TrapKind::NullReference);
}

void FunctionCompiler::access_object(const Instruction& instruction) {
  Op op = instruction.op;
  bool is_array = op == Op::ArrayGet || op == Op::ArrayGetS || op == Op::ArrayGetU || op == Op::ArraySet;
  bool is_set = op == Op::StructSet || op == Op::ArraySet;
  const RegisteredType& type = module_.registry->get(module_.type_ids[instruction.index]);
  ValueType storage = type.type.fields[is_array ? 0 : instruction.index2].storage;
  Kind kind = storage.is_packed() ? Kind::I32 : kind_of(storage);
  u32 bytes = storage_bytes(storage);

  Value value, index;
  if (is_set) value = pop_whole(kind);
  if (is_array) {
    index = pop();
    index.kind = Kind::I32;
  }
  Value reference = pop();
  reference.kind = Kind::Ref;
  Gp base = in_gp(reference);
  trap_if_null(base);
  Address at{base, 0};
  Gp scaled = Gp::none;
  if (is_array) {
    Gp number = in_gp(index);
    a_.compare(Width::W32, number, Address{base, static_cast<i32>(layout::kArrayLength)});
    trap_if(Condition::AboveEqual, TrapKind::ArrayOutOfBounds);
    at = {base, static_cast<i32>(kArrayHeaderBytes), number, static_cast<u8>(std::countr_zero(bytes))};
    if (bytes == 16) {
      scaled = take_gp();
      a_.shift(Shift::Left, Width::W64, scaled, number, 4);
      at.index = scaled;
      at.shift = 0;
    }
  } else {
    at.offset = static_cast<i32>(type.layout.field_offsets[instruction.index2]);
  }

  Gp d = Gp::none;
  if (is_set) {
    if (is_float(kind)) {
      a_.store_float(bytes, at, in_fp(value));
    } else if (value.is_constant() && (bytes < 8 || static_cast<i64>(value.bits) == static_cast<i32>(value.bits))) {
      a_.store_constant(bytes, at, static_cast<i32>(static_cast<u32>(value.bits)));
    } else {
      a_.store(bytes, at, in_gp(value));
    }
    release(value);
  } else if (!is_float(kind)) {
    d = result_gp(kind, &reference, is_array ? &index : nullptr);
    a_.load(load_of(bytes, op == Op::StructGetS || op == Op::ArrayGetS), d, at);
  }
  Fp d_fp{};
  if (!is_set && is_float(kind)) {
    d_fp = result_fp(kind, nullptr);
    a_.load_float(bytes, d_fp, at);
  }
  for (const Value& operand : {reference, index})
    if (operand.place == Place::Register && operand.gp() != d) release(operand);
  if (scaled != Gp::none) release(scaled);
  if (is_set) return;
  if (is_float(kind)) push_fp(kind, d_fp);
  else push_gp(kind, d);
}

void FunctionCompiler::array_length() {
  Value array = pop();
  array.kind = Kind::Ref;
  Gp reg = in_gp(array);
  trap_if_null(reg);
  Gp d = result_gp(Kind::I32, &array);
  a_.load(Load::U32, d, {reg, static_cast<i32>(layout::kArrayLength)});
  if (array.gp() != d) release(array);
  push_gp(Kind::I32, d);
}

void FunctionCompiler::make_i31() {
  Value value = pop();
  value.kind = Kind::I32;
  Gp d = in_own_gp(value);
  a_.shift(Shift::Left, Width::W32, d, d, 1);
  a_.alu(Alu::Or, Width::W32, d, d, 1);
  push_gp(Kind::Ref, d);
}

void FunctionCompiler::get_i31(bool is_signed) {
  Value value = pop();
  value.kind = Kind::Ref;
  Gp reg = in_gp(value);
  trap_if_null(reg);
  Gp d = result_gp(Kind::I32, &value);
  a_.shift(is_signed ? Shift::RightSigned : Shift::RightUnsigned, Width::W32, d, reg, 1);
  if (value.gp() != d) release(value);
  push_gp(Kind::I32, d);
}

// --- Casts -------------------------------------------------------------------------------------------------------------

void FunctionCompiler::match(Gp reference, ValueType type, Gp other, Gp another, u32& no) {
  HeapType heap = type.heap();
  u32 yes = kNothing;
  a_.test(Width::W64, reference, reference);
  chain(type.is_nullable() ? yes : no, a_.jump_if(Condition::Equal));
  if (heap.is_concrete()) {
    const RegisteredType& target = module_.registry->get(heap.type_id());
    bool is_function = target.type.kind == CompositeKind::Func;
    if (!is_function) {
      a_.test(Width::W32, reference, 1);
      chain(no, a_.jump_if(Condition::NotEqual));
    }
    a_.load(Load::U64, other, {reference, static_cast<i32>(is_function ? layout::kFunctionSignature : layout::kObjectType)});
    load_type(another, target);
    a_.compare(Width::W64, other, another);
    if (target.type.is_final) {
      chain(no, a_.jump_if(Condition::NotEqual));
    } else {
      chain(yes, a_.jump_if(Condition::Equal));
      a_.compare(Width::W32, Address{other, static_cast<i32>(layout::kTypeDepth)}, static_cast<i32>(target.depth));
      chain(no, a_.jump_if(Condition::Below));
      a_.load(Load::U64, other, {other, static_cast<i32>(layout::kTypeSupers)});
      a_.load(Load::U32, another, {another, static_cast<i32>(layout::kTypeId)});
      a_.compare(Width::W32, another, Address{other, static_cast<i32>(sizeof(TypeId) * target.depth)});
      chain(no, a_.jump_if(Condition::NotEqual));
    }
    return bind_chain(yes);
  }
  switch (heap.abstract()) {
    case AbstractHeap::Any:
    case AbstractHeap::Extern:
    case AbstractHeap::Func:
    case AbstractHeap::Exn: break;
    case AbstractHeap::I31:
      a_.test(Width::W32, reference, 1);
      chain(no, a_.jump_if(Condition::Equal));
      break;
    case AbstractHeap::Eq:
    case AbstractHeap::Struct:
    case AbstractHeap::Array: {
      Address scratch{kTier, static_cast<i32>(layout::kScratch)};
      a_.store(8, scratch, reference);
      a_.store_constant(8, {kTier, static_cast<i32>(layout::kScratch + 8)}, static_cast<i32>(heap.abstract()));
      a_.call(stubs_.test_heap_type);
      note_call();
      a_.load(Load::U64, other, scratch);
      a_.test(Width::W64, other, other);
      chain(no, a_.jump_if(Condition::Equal));
      break;
    }
    default: chain(no, a_.jump()); break;  // only null is below everything
  }
  bind_chain(yes);
}

void FunctionCompiler::test_reference(ValueType type) {
  Value value = pop();
  value.kind = Kind::Ref;
  Gp reg = in_gp(value), other = take_gp(), another = take_gp();
  u32 no = kNothing;
  match(reg, type, other, another, no);
  a_.move_constant(other, 1, true);
  Assembler::Field done = a_.jump();
  bind_chain(no);
  a_.move_constant(other, 0, true);
  a_.bind(done);
  release(value);
  release(another);
  push_gp(Kind::I32, other);
}

void FunctionCompiler::cast_reference(ValueType type) {
  Value value = pop();
  value.kind = Kind::Ref;
  Gp reg = in_gp(value), other = take_gp(), another = take_gp();
  u32 no = kNothing;
  match(reg, type, other, another, no);
  trap_all(no, TrapKind::CastFailure);
  release(other);
  release(another);
  push(value);
}

// The reference, the last of the label's values, stays on the stack either way.
void FunctionCompiler::branch_on_cast(const Instruction& instruction, Frame& target) {
  u32 keep = target.label_slots();
  bool in_register = takes_register(target);
  settle_flags();
  Gp reg = kResult;
  if (in_register) {
    force_top(Kind::Ref);
  } else {
    store_top(keep);
    reg = take_gp();
    load_to(stack_.back(), reg, true);
  }
  Gp other = take_gp(bit(reg)), another = take_gp(bit(reg));
  auto branch = [&] {
    u32 from = height() - keep;
    if (!in_register && target.kind == Op::End) copy_slots(home(from), 0, keep);
    else if (!in_register && from != target.height) copy_slots(home(from), home(target.height), keep);
    jump_to(target);
  };
  u32 no = kNothing;
  match(reg, instruction.type, other, another, no);
  if (instruction.op == Op::BrOnCast) {
    branch();
    bind_chain(no);
  } else {
    Assembler::Field stays = a_.jump();
    bind_chain(no);
    branch();
    a_.bind(stays);
  }
  release(other);
  release(another);
  if (!in_register) release(reg);
}

}  // namespace brink::jit
