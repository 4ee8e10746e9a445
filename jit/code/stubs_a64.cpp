// The stubs of AArch64. What a callee keeps, the system's functions keep as well, so that only what stubs of another kind promise
// has to be saved.
#include <cstddef>

#include "jit/code/layout.h"
#include "jit/code/patch.h"
#include "jit/code/runtime.h"
#include "jit/code/stubs.h"

namespace brink::jit {
namespace {

// What enter() must leave as it was.
constexpr Gp kSystemPreserved[] = {Gp::x19, Gp::x20, Gp::x21, Gp::x22, Gp::x23, Gp::x24,
                                   Gp::x25, Gp::x26, Gp::x27, Gp::x28, Gp::x29};

Address tier(u32 offset) { return {kTier, static_cast<i32>(offset)}; }

template <class F>
u64 address_of(F* function) {
  return reinterpret_cast<u64>(function);
}

struct Writer {
  Assembler& a;

  // The return address goes where exit_sp points: as if the call had pushed it.
  void begin_exit() {
    a.alu(Alu::Sub, Width::W64, Gp::sp, Gp::sp, 16);
    a.store(8, {Gp::sp, 8}, Gp::x30);
    a.address(Width::W64, Gp::x17, {Gp::sp, 8});
    a.store(8, tier(layout::kExitSp), Gp::x17);
  }
  void end_exit() {
    a.load(Load::U64, Gp::x30, {Gp::sp, 8});
    a.alu(Alu::Add, Width::W64, Gp::sp, Gp::sp, 16);
  }

  void call(u64 function) {
    a.move_constant(Gp::x16, function, true);
    a.call(Gp::x16);
  }

  void call_stub(u64 function, u32 unwind) {
    begin_exit();
    for (u32 i = 0; i < kArgumentCount; ++i) {
      a.store(8, tier(layout::kIntegers + 8 * i), kArguments[i]);
      a.store_float(8, tier(layout::kFloats + 16 * i), kFloatArguments[i]);
    }
    a.move(Width::W64, Gp::x1, kCallee);
    a.move(Width::W64, Gp::x2, kFrame);
    a.move(Width::W64, Gp::x3, kMore);
    a.move(Width::W64, Gp::x0, kTier);
    call(function);
    end_exit();
    a.compare(Width::W64, Gp::x0, static_cast<i32>(kLeft));
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
    a.jump(Gp::x0);
  }

  void plain_stub(u64 function, u32 unwind) {
    begin_exit();
    a.move(Width::W64, Gp::x0, kTier);
    call(function);
    end_exit();
    a.test(Width::W64, Gp::x0, Gp::x0);
    auto left = a.jump_if(Condition::NotEqual);
    a.return_();
    a.bind(left);
    a.jump_back(unwind);
  }

  // Keeps what the system's functions may change and the guest may use.
  void keeping_stub(u64 function) {
    begin_exit();
    constexpr i32 kBytes = 16 * 32 + 8 * 16;
    a.alu(Alu::Sub, Width::W64, Gp::sp, Gp::sp, kBytes);
    auto each = [&](auto integer, auto vector) {
      for (i32 i = 0; i < 32; ++i) vector(static_cast<Fp>(i), Address{Gp::sp, 16 * i});
      for (i32 i = 0; i < 16; ++i) integer(static_cast<Gp>(i), Address{Gp::sp, 16 * 32 + 8 * i});
    };
    each([&](Gp reg, const Address& at) { a.store(8, at, reg); }, [&](Fp reg, const Address& at) { a.store_float(16, at, reg); });
    a.move(Width::W64, Gp::x1, kCallee);
    a.move(Width::W64, Gp::x0, kTier);
    call(function);
    each([&](Gp reg, const Address& at) { a.load(Load::U64, reg, at); },
         [&](Fp reg, const Address& at) { a.load_float(16, reg, at); });
    a.alu(Alu::Add, Width::W64, Gp::sp, Gp::sp, kBytes);
    end_exit();
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
  a.open_frame(kSystemPreserved, kPreservedFp);
  a.move(Width::W64, kTier, Gp::x0);
  a.move(Width::W64, kFrame, Gp::x2);
  a.move(Width::W64, kMemory, Gp::x3);
  a.move(Width::W64, Gp::x17, Gp::sp);
  a.store(8, tier(layout::kEntrySp), Gp::x17);
  a.move(Width::W64, kCallee, Gp::x1);
  a.load(Load::U64, kMore, {Gp::x1, -static_cast<i32>(sizeof(CodeHeader))});
  a.call(kMore);
  a.move_constant(Gp::x0, 0, false);
  u32 leave_at = a.offset();
  a.close_frame(kSystemPreserved, kPreservedFp);

  u32 unwind_at = begin();
  a.load(Load::U64, Gp::x17, tier(layout::kEntrySp));
  a.move(Width::W64, Gp::sp, Gp::x17);
  a.move_constant(Gp::x0, 1, false);
  a.jump_back(leave_at);

  u32 own_at = begin();
  a.move(Width::W64, kCallee, Gp::x16);
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
    w.begin_exit();
    a.move(Width::W64, Gp::x0, kTier);
    a.move_constant(Gp::x1, kind, true);
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
