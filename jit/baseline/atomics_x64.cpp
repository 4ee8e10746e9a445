// Atomic accesses on x86-64: loads are atomic as they are, and what is locked is sequentially consistent (Intel SDM volume 3,
// section 9.2). At most five registers are needed at once, which is all that are temporary.
#include "jit/baseline/function_compiler.h"

namespace brink::jit {
namespace {

Load load_of(u32 bytes) {
  return bytes == 1 ? Load::U8 : bytes == 2 ? Load::U16 : bytes == 4 ? Load::U32 : Load::U64;
}

}  // namespace

void FunctionCompiler::atomic_load(const Instruction& instruction, Kind kind, u32 bytes) {
  Value address = pop();
  Gp held;
  Address from = locate_atomic(instruction, address, bytes, held);
  load_integer(kind, load_of(bytes), from, address, held);
}

void FunctionCompiler::atomic_store(const Instruction& instruction, Kind, u32 bytes) {
  Value value = pop(), address = pop();
  Gp s = in_own_gp(value);
  Gp held;
  Address to = locate_atomic(instruction, address, bytes, held);
  u32 begin = a_.offset();
  a_.atomic_exchange(bytes, to, s);
  note_access(begin);
  release(value);
  release(address);
  release_held(held);
}

void FunctionCompiler::atomic_update(const Instruction& instruction, AtomicOp op, Kind kind, u32 bytes) {
  Value value = pop(), address = pop();
  Gp held;
  auto finish = [&](u32 begin) {
    note_access(begin);
    release(address);
    release_held(held);
  };
  Op next;
  if (op != AtomicOp::Exchange && next_op(next) && next == Op::Drop) {
    bool is_short = value.is_constant() && (bytes < 8 || static_cast<i64>(value.bits) == static_cast<i32>(value.bits));
    Gp s = is_short ? Gp::none : in_gp(value);
    Address at = locate_atomic(instruction, address, bytes, held);
    u32 begin = a_.offset();
    if (is_short) a_.atomic_alu(static_cast<Alu>(op), bytes, at, static_cast<i32>(static_cast<u32>(value.bits)));
    else a_.atomic_alu(static_cast<Alu>(op), bytes, at, s);
    release(value);
    finish(begin);
    return push_constant(kind, 0);  // for the drop
  }
  if (op == AtomicOp::Exchange || op == AtomicOp::Add || op == AtomicOp::Sub) {
    Gp s = in_own_gp(value);
    if (op == AtomicOp::Sub) a_.negate(width_of(kind), s);
    Address at = locate_atomic(instruction, address, bytes, held);
    u32 begin = a_.offset();
    if (op == AtomicOp::Exchange) a_.atomic_exchange(bytes, at, s);
    else a_.atomic_add(bytes, at, s);
    finish(begin);
    if (bytes < 4) a_.zero_extend(s, s, bytes);
    return push_gp(kind, s);
  }
  // What was there is in rax, until nobody has come between.
  constexpr u32 kRax = bit(Gp::rax);
  Gp s = in_gp(value, kRax);
  if (address.place == Place::Register) in_gp(address, kRax);
  evict(Gp::rax);
  claim(Gp::rax);
  owner_gp_[static_cast<u32>(Gp::rax)] = kNothing;
  Address at = locate_atomic(instruction, address, bytes, held);
  Width w = bytes == 8 ? Width::W64 : Width::W32;
  Gp changed = take_gp();
  u32 begin = a_.offset();
  a_.load(load_of(bytes), Gp::rax, at);
  u32 again = a_.offset();
  a_.alu(static_cast<Alu>(op), w, changed, Gp::rax, s);
  a_.atomic_compare_exchange(bytes, at, changed);
  a_.jump_back_if(Condition::NotEqual, again);
  release(changed);
  release(value);
  finish(begin);
  push_gp(kind, Gp::rax);
}

void FunctionCompiler::atomic_compare_exchange(const Instruction& instruction, Kind kind, u32 bytes) {
  constexpr u32 kRax = bit(Gp::rax);
  Value replacement = pop(), expected = pop(), address = pop();
  Gp s = in_gp(replacement, kRax);
  if (address.place == Place::Register) in_gp(address, kRax);
  bring(expected, Gp::rax);
  Gp held;
  Address at = locate_atomic(instruction, address, bytes, held);
  u32 begin = a_.offset();
  a_.atomic_compare_exchange(bytes, at, s);
  note_access(begin);
  release(replacement);
  release(address);
  release_held(held);
  // Where it was equal rax keeps what was above the access's width.
  if (bytes < 4 || (bytes == 4 && kind == Kind::I64)) a_.zero_extend(Gp::rax, Gp::rax, bytes);
  push_gp(kind, Gp::rax);
}

}  // namespace brink::jit
