// The stubs of x86-64.
#include "jit/code/stubs.h"

#include <cstddef>

#include "jit/code/layout.h"
#include "jit/code/patch.h"
#include "jit/code/runtime.h"

namespace brink::jit {
namespace {

constexpr Gp kSystemPreserved[] = {Gp::rbx, Gp::rbp, Gp::r12, Gp::r13, Gp::r14, Gp::r15};

Address tier(u32 offset) { return {kTier, static_cast<i32>(offset)}; }

template <class F>
u64 address_of(F* function) {
  return reinterpret_cast<u64>(function);
}

struct Writer {
  Assembler& a;

  // r8, r9 and the preserved float registers, below an aligned stack pointer.
  void save() {
    a.push(Gp::rbp);
    a.move(Width::W64, Gp::rbp, Gp::rsp);
    a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 144);
    a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
    for (u32 i = 0; i < 8; ++i) a.store_float(16, {Gp::rsp, static_cast<i32>(16 * i)}, kPreservedFp[i]);
    a.store(8, {Gp::rsp, 128}, Gp::r8);
    a.store(8, {Gp::rsp, 136}, Gp::r9);
  }

  void restore() {
    for (u32 i = 0; i < 8; ++i) a.load_float(16, kPreservedFp[i], {Gp::rsp, static_cast<i32>(16 * i)});
    a.load(Load::U64, Gp::r8, {Gp::rsp, 128});
    a.load(Load::U64, Gp::r9, {Gp::rsp, 136});
    a.move(Width::W64, Gp::rsp, Gp::rbp);
    a.pop(Gp::rbp);
  }

  void note_exit() { a.store(8, tier(layout::kExitSp), Gp::rsp); }

  void call(u64 function) {
    a.move_constant(Gp::rax, function, true);
    a.call(Gp::rax);
  }

  void call_stub(u64 function, u32 unwind) {
    note_exit();
    for (u32 i = 0; i < kArgumentCount; ++i) {
      a.store(8, tier(layout::kIntegers + 8 * i), kArguments[i]);
      a.store_float(8, tier(layout::kFloats + 16 * i), kFloatArguments[i]);
    }
    save();
    a.move(Width::W64, Gp::rdi, kTier);
    a.move(Width::W64, Gp::rsi, Gp::rax);
    a.move(Width::W64, Gp::rdx, kFrame);
    a.move(Width::W64, Gp::rcx, Gp::r10);
    call(function);
    restore();
    a.compare(Width::W64, Gp::rax, static_cast<i32>(kLeft));
    auto left = a.jump_if(Condition::Equal);
    auto again = a.jump_if(Condition::Above);
    a.load(Load::U64, kResult, {kFrame, 0});
    a.load_float(8, kFloatResult, {kFrame, 0});
    a.return_();
    a.bind(left);
    a.jump_back(unwind);
    a.bind(again);
    for (u32 i = 0; i < kArgumentCount; ++i) {
      a.load(Load::U64, kArguments[i], tier(layout::kIntegers + 8 * i));
      a.load_float(8, kFloatArguments[i], tier(layout::kFloats + 16 * i));
    }
    a.jump(Gp::rax);
  }

  void plain_stub(u64 function, u32 unwind) {
    note_exit();
    save();
    a.move(Width::W64, Gp::rdi, kTier);
    call(function);
    restore();
    a.test(Width::W64, Gp::rax, Gp::rax);
    auto left = a.jump_if(Condition::NotEqual);
    a.return_();
    a.bind(left);
    a.jump_back(unwind);
  }

  void keeping_stub(u64 function) {
    note_exit();
    constexpr Gp kAll[] = {Gp::rbp, Gp::rax, Gp::rcx, Gp::rdx, Gp::rsi, Gp::rdi, Gp::r8, Gp::r9, Gp::r10, Gp::r11};
    for (Gp reg : kAll) a.push(reg);
    a.move(Width::W64, Gp::rbp, Gp::rsp);
    a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 256);
    a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
    for (u32 i = 0; i < 16; ++i) a.store_float(16, {Gp::rsp, static_cast<i32>(16 * i)}, static_cast<Fp>(i));
    a.move(Width::W64, Gp::rdi, kTier);
    a.move(Width::W64, Gp::rsi, Gp::rax);
    call(function);
    for (u32 i = 0; i < 16; ++i) a.load_float(16, static_cast<Fp>(i), {Gp::rsp, static_cast<i32>(16 * i)});
    a.move(Width::W64, Gp::rsp, Gp::rbp);
    for (size_t i = std::size(kAll); i-- > 0;) a.pop(kAll[i]);
    a.return_();
  }
};

}  // namespace

bool Stubs::make(CodeArena& arena, const Features& features) {
  Assembler a(features);
  Writer w{a};
  auto begin = [&] {
    a.align(16);
    return a.offset();
  };

  u32 enter_at = begin();
  for (Gp reg : kSystemPreserved) a.push(reg);
  a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 8);
  a.move(Width::W64, kTier, Gp::rdi);
  a.move(Width::W64, kFrame, Gp::rdx);
  a.move(Width::W64, kMemory, Gp::rcx);
  a.store(8, tier(layout::kEntrySp), Gp::rsp);
  a.move(Width::W64, Gp::rax, Gp::rsi);
  a.load(Load::U64, Gp::r10, {Gp::rsi, -static_cast<i32>(sizeof(CodeHeader))});
  a.call(Gp::r10);
  a.move_constant(Gp::rax, 0, false);
  u32 leave_at = a.offset();
  a.alu(Alu::Add, Width::W64, Gp::rsp, Gp::rsp, 8);
  for (size_t i = std::size(kSystemPreserved); i-- > 0;) a.pop(kSystemPreserved[i]);
  a.return_();

  u32 unwind_at = begin();
  a.load(Load::U64, Gp::rsp, tier(layout::kEntrySp));
  a.move_constant(Gp::rax, 1, false);
  a.jump_back(leave_at);

  u32 own_at = begin();
  a.pop(Gp::rax);
  w.call_stub(address_of(&call_own_function), unwind_at);
  u32 import_at = begin();
  w.call_stub(address_of(&call_import), unwind_at);
  u32 indirect_at = begin();
  w.call_stub(address_of(&call_indirect), unwind_at);
  u32 reference_at = begin();
  w.call_stub(address_of(&call_reference), unwind_at);
  u32 instruction_at = begin();
  w.plain_stub(address_of(&run_instruction), unwind_at);
  u32 throw_at = begin();
  w.plain_stub(address_of(&jit::throw_tag), unwind_at);
  u32 throw_reference_at = begin();
  w.plain_stub(address_of(&jit::throw_reference), unwind_at);
  u32 poll_at = begin();
  w.keeping_stub(address_of(&jit::poll));
  u32 scalar_at = begin();
  w.keeping_stub(address_of(&run_scalar));
  u32 check_signature_at = begin();
  w.keeping_stub(address_of(&jit::check_signature));
  u32 test_heap_type_at = begin();
  w.keeping_stub(address_of(&jit::test_heap_type));
  u32 traps_at[kTrapKinds];
  for (u32 kind = 0; kind < kTrapKinds; ++kind) {
    traps_at[kind] = a.offset();
    w.note_exit();
    a.move(Width::W64, Gp::rdi, kTier);
    a.move_constant(Gp::rsi, kind, true);
    a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
    w.call(address_of(&jit::trap));
    a.trap();
  }

  if (!a.ok()) return false;
  auto block = arena.allocate(static_cast<u32>(a.code().size()));
  if (!block) return false;
  const u8* base = arena.begin() + block->offset;
  std::memcpy(arena.writable(base), a.code().data(), a.code().size());
  finish_code(base, base + a.code().size());
  enter = base + enter_at;
  own_function = base + own_at;
  import = base + import_at;
  indirect = base + indirect_at;
  reference = base + reference_at;
  instruction = base + instruction_at;
  throw_tag = base + throw_at;
  throw_reference = base + throw_reference_at;
  poll = base + poll_at;
  scalar = base + scalar_at;
  check_signature = base + check_signature_at;
  test_heap_type = base + test_heap_type_at;
  for (u32 kind = 0; kind < kTrapKinds; ++kind) trap[kind] = base + traps_at[kind];
  return true;
}

}  // namespace brink::jit
