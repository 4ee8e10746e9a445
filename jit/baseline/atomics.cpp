// Atomic accesses of memories (threads proposal): what is the same on every machine. All are sequentially consistent.
//
// Whether an access is aligned is looked at before its bounds, as handlers_atomic.h does; where memory 0 is guarded, its bounds
// are the guard's, as an ordinary access's.
#include "jit/baseline/function_compiler.h"

namespace brink::jit {
namespace {

struct AtomicForm {
  Kind kind;
  u32 bytes;
};

// The proposal numbers its instructions by operation and then by these.
constexpr AtomicForm kForms[] = {{Kind::I32, 4}, {Kind::I64, 8}, {Kind::I32, 1}, {Kind::I32, 2},
                                 {Kind::I64, 1}, {Kind::I64, 2}, {Kind::I64, 4}};
constexpr u32 kFormCount = static_cast<u32>(std::size(kForms));

constexpr AtomicOp kUpdates[] = {AtomicOp::Add, AtomicOp::Sub, AtomicOp::And, AtomicOp::Or, AtomicOp::Xor, AtomicOp::Exchange};

}  // namespace

void FunctionCompiler::atomic_access(const Instruction& instruction) {
  u32 number = static_cast<u32>(instruction.op) - static_cast<u32>(Op::I32AtomicLoad);
  auto [kind, bytes] = kForms[number % kFormCount];
  u32 operation = number / kFormCount;
  if (operation == 0) return atomic_load(instruction, kind, bytes);
  if (operation == 1) return atomic_store(instruction, kind, bytes);
  if (operation - 2 < std::size(kUpdates)) return atomic_update(instruction, kUpdates[operation - 2], kind, bytes);
  atomic_compare_exchange(instruction, kind, bytes);
}

Address FunctionCompiler::locate_atomic(const Instruction& instruction, Value& address, u32 bytes, Gp& held) {
  u64 offset = instruction.value;
  u32 mask = bytes - 1;
  bool is_known = address.is_constant() && ((address.bits + offset) & mask) == 0;
  if (bytes > 1 && !is_known) {
    Gp low = in_gp(address);
    Gp sum = Gp::none;
    if (u32 more = static_cast<u32>(offset) & mask; more != 0) {
      sum = take_gp();
      a_.address(Width::W32, sum, {low, static_cast<i32>(more)});
      low = sum;
    }
    a_.test(Width::W32, low, static_cast<i32>(mask));
    trap_if(Condition::NotEqual, TrapKind::UnalignedAtomic);
    if (sum != Gp::none) release(sum);
  }
  return locate(instruction, address, bytes, held);
}

}  // namespace brink::jit
