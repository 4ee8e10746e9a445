// Atomic accesses on AArch64. Results have registers of their own: a loop writes its result before it reads its operands for
// the last time.
#include "jit/baseline/function_compiler.h"

namespace brink::jit {

void FunctionCompiler::atomic_load(const Instruction& instruction, Kind kind, u32 bytes) {
  Value address = pop();
  Gp held;
  Address from = locate_atomic(instruction, address, bytes, held);
  Gp d = take_gp();
  note(a_.atomic_load(bytes, d, from));
  release(address);
  release_held(held);
  push_gp(kind, d);
}

void FunctionCompiler::atomic_store(const Instruction& instruction, Kind, u32 bytes) {
  Value value = pop(), address = pop();
  Gp s = in_gp(value);
  Gp held;
  Address to = locate_atomic(instruction, address, bytes, held);
  note(a_.atomic_store(bytes, to, s));
  release(value);
  release(address);
  release_held(held);
}

void FunctionCompiler::atomic_update(const Instruction& instruction, AtomicOp op, Kind kind, u32 bytes) {
  Value value = pop(), address = pop();
  Gp s = in_gp(value);
  Gp held;
  Address at = locate_atomic(instruction, address, bytes, held);
  Gp d = take_gp();
  Gp other = a_.features().lse ? Gp::none : take_gp();
  note(a_.atomic_update(op, bytes, d, at, s, other));
  if (other != Gp::none) release(other);
  release(value);
  release(address);
  release_held(held);
  push_gp(kind, d);
}

void FunctionCompiler::atomic_compare_exchange(const Instruction& instruction, Kind kind, u32 bytes) {
  Value replacement = pop(), expected = pop(), address = pop();
  Gp s = in_gp(replacement), compared = in_gp(expected);
  Gp held;
  Address at = locate_atomic(instruction, address, bytes, held);
  Gp d = take_gp();
  note(a_.atomic_compare_exchange(bytes, d, at, compared, s));
  release(replacement);
  release(expected);
  release(address);
  release_held(held);
  push_gp(kind, d);
}

}  // namespace brink::jit
