// Loads, stores, and instructions that are calls of the interpreter's functions.
#include <cassert>

#include "jit/baseline/function_compiler.h"
#include "engine/interpret/instruction_calls.h"
#include "jit/code/layout.h"

namespace brink::jit {
namespace {

struct LoadForm {
  Load load;
  Kind kind;
  u32 bytes;
};

LoadForm load_form(Op op) {
  switch (op) {
    case Op::I32Load: return {Load::U32, Kind::I32, 4};
    case Op::I64Load: return {Load::U64, Kind::I64, 8};
    case Op::F32Load: return {Load::U32, Kind::F32, 4};
    case Op::F64Load: return {Load::U64, Kind::F64, 8};
    case Op::I32Load8S: return {Load::S8To32, Kind::I32, 1};
    case Op::I32Load8U: return {Load::U8, Kind::I32, 1};
    case Op::I32Load16S: return {Load::S16To32, Kind::I32, 2};
    case Op::I32Load16U: return {Load::U16, Kind::I32, 2};
    case Op::I64Load8S: return {Load::S8To64, Kind::I64, 1};
    case Op::I64Load8U: return {Load::U8, Kind::I64, 1};
    case Op::I64Load16S: return {Load::S16To64, Kind::I64, 2};
    case Op::I64Load16U: return {Load::U16, Kind::I64, 2};
    case Op::I64Load32S: return {Load::S32To64, Kind::I64, 4};
    case Op::V128Load: return {Load::U64, Kind::V128, 16};
    default: return {Load::U32, Kind::I64, 4};
  }
}

struct StoreForm {
  Kind kind;
  u32 bytes;
};

StoreForm store_form(Op op) {
  switch (op) {
    case Op::I32Store: return {Kind::I32, 4};
    case Op::I64Store: return {Kind::I64, 8};
    case Op::F32Store: return {Kind::F32, 4};
    case Op::F64Store: return {Kind::F64, 8};
    case Op::I32Store8: return {Kind::I32, 1};
    case Op::I32Store16: return {Kind::I32, 2};
    case Op::I64Store8: return {Kind::I64, 1};
    case Op::I64Store16: return {Kind::I64, 2};
    case Op::V128Store: return {Kind::V128, 16};
    default: return {Kind::I64, 4};
  }
}

}  // namespace

u32 FunctionCompiler::memory_index(const Instruction& instruction) const {
  // The decoder leaves it in `index` for accesses.
  return instruction.index;
}

bool FunctionCompiler::is_guarded(const Instruction& instruction) const {
  return plain_memory0_ && memory_index(instruction) == 0;
}

Address FunctionCompiler::locate(const Instruction& instruction, Value& address, u32 bytes, Gp& held) {
  held = Gp::none;
  u64 offset = instruction.value;
  if (is_guarded(instruction)) {
    // Base, a zero-extended address and an offset below 2^32: inside the reservation whatever they are.
    if (address.is_constant()) {
      u64 at = static_cast<u32>(address.bits) + offset;
      if (at <= 0x7FFFFFFF) return {kMemory, static_cast<i32>(at)};
    }
    Gp index = in_gp(address);
    if (offset <= 0x7FFFFFFF) return {kMemory, static_cast<i32>(offset), index, 0};
    Gp sum = held = take_gp();
    a_.move_constant(sum, offset, true);
    a_.alu(Alu::Add, Width::W64, sum, sum, index);
    return {kMemory, 0, sum, 0};
  }
  Gp at = in_own_gp(address);
  Gp memory = held = take_gp();
  Gp room = take_gp();
  if (offset != 0) {
    a_.move_constant(room, offset, true);
    trap_if(a_.alu_carry(Alu::Add, Width::W64, at, at, room), TrapKind::MemoryOutOfBounds);
  }
  a_.load(Load::U64, memory, {kTier, static_cast<i32>(layout::kMemories)});
  a_.load(Load::U64, memory, {memory, static_cast<i32>(8 * memory_index(instruction))});
  a_.load(Load::U64, room, {memory, static_cast<i32>(layout::kMemorySize)});
  trap_if(a_.alu_carry(Alu::Sub, Width::W64, room, room, static_cast<i32>(bytes)), TrapKind::MemoryOutOfBounds);
  a_.compare(Width::W64, at, room);
  trap_if(Condition::Above, TrapKind::MemoryOutOfBounds);
  a_.load(Load::U64, memory, {memory, static_cast<i32>(layout::kMemoryBase)});
  release(room);
  return {memory, 0, at, 0};
}

void FunctionCompiler::memory_load(const Instruction& instruction) {
  LoadForm form = load_form(instruction.op);
  Value address = pop();
  Gp held;
  Address from = locate(instruction, address, form.bytes, held);
  if (is_float(form.kind)) {
    Fp d = result_fp(form.kind, nullptr);
    u32 begin = a_.offset();
    a_.load_float(form.bytes, d, from);
    note_access(begin);
    release(address);
    release_held(held);
    return push_fp(form.kind, d);
  }
  load_integer(form.kind, form.load, from, address, held);
}

void FunctionCompiler::load_integer(Kind kind, Load load, const Address& from, Value& address, Gp held) {
  Gp d = result_gp(kind, &address);
  u32 begin = a_.offset();
  a_.load(load, d, from);
  note_access(begin);
  if (!(address.place == Place::Register && address.gp() == d)) release(address);
  release_held(held);
  push_gp(kind, d);
}

void FunctionCompiler::memory_store(const Instruction& instruction) {
  StoreForm form = store_form(instruction.op);
  Value value = pop_whole(form.kind), address = pop();
  bool is_short = value.is_constant() && form.kind != Kind::V128 &&
                  (is_float(form.kind) ? form.bytes == 4 || static_cast<i64>(value.bits) == static_cast<i32>(value.bits)
                                       : form.bytes < 8 || static_cast<i64>(value.bits) == static_cast<i32>(value.bits));
  if (!is_short) {
    if (is_float(form.kind)) in_fp(value);
    else in_gp(value);
  }
  Gp held;
  Address to = locate(instruction, address, form.bytes, held);
  // in_gp of a pinned local answers its register without making it the value's.
  auto pinned = [&] { return locals_[value.index].reg; };
  u8 reg = value.place == Place::Local ? pinned() : value.reg;
  u32 begin = a_.offset();
  if (is_short) a_.store_constant(form.bytes, to, static_cast<i32>(static_cast<u32>(value.bits)));
  else if (is_float(form.kind)) a_.store_float(form.bytes, to, static_cast<Fp>(reg));
  else a_.store(form.bytes, to, static_cast<Gp>(reg));
  note_access(begin);
  release(value);
  release(address);
  release_held(held);
}

// Operands in their slots, a call of the interpreter's function, results in slots.
void FunctionCompiler::run_instruction(const Instruction& instruction, bool general) {
  const OpInfo& info = op_info(instruction.op);
  u32 operands = 0;
  if (info.signature.special) {
    for (; stored_ < height(); ++stored_) store(stored_);
  } else {
    for (u32 i = 0; i < info.signature.operand_count; ++i) operands += info.signature.operands[i] == 's' ? 2 : 1;
    store_top(operands);
  }
  spill_registers();
  if (!kStubsKeepVectors) store_pinned_vectors();
  const u8* bytes = code_ + instruction.pc;
  if (is_prefix(*bytes))
    while (*++bytes & 0x80) {
    }
  const u8* body = module_.bytes.data() + module_.functions[function_index_].body.offset;
  a_.move_address(kStubArguments[0], bytes, AddressReference::Kind::Body, static_cast<u32>(bytes - body));
  a_.address(Width::W64, kStubArguments[1], slot_address(home(height())));
  a_.move_address(kStubArguments[2], reinterpret_cast<const void*>(interpret::instruction_call(instruction.op, general)),
                  AddressReference::Kind::Instruction, static_cast<u32>(instruction.op) << 1 | general);
  a_.call(stubs_.instruction);
  note_call();
  if (!kStubsKeepVectors) load_pinned_vectors();
  // At most so many slots are results; what is below the block is none.
  constexpr u32 kMaxResults = 2;
  u32 after = state_->operand_height();
  u32 kept = height() - operands;
  if (info.signature.special) kept = std::min(height(), std::max(base_, after - std::min(after, kMaxResults)));
  truncate(kept);
  std::span<const ValueType> types = state_->operands();
  while (height() < after) push_slot(kind_of(types[height()]));
}

}  // namespace brink::jit
