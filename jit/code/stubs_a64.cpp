// The stubs of AArch64. What a callee keeps, the system's functions keep as well, so that only what stubs of another kind promise
// has to be saved.
#include <iterator>

#include "jit/code/runtime.h"
#include "jit/code/stub_writer.h"

namespace brink::jit {
namespace {

// What enter() must leave as it was.
constexpr Gp kSystemPreserved[] = {Gp::x19, Gp::x20, Gp::x21, Gp::x22, Gp::x23, Gp::x24,
                                   Gp::x25, Gp::x26, Gp::x27, Gp::x28, Gp::x29};

void end_exit(Assembler& a) {
  a.load(Load::U64, Gp::x30, {Gp::sp, 8});
  a.alu(Alu::Add, Width::W64, Gp::sp, Gp::sp, 16);
  a.note_frame(Gp::sp, 0);
  a.note_kept(Gp::x30);
}

}  // namespace

u64 fuel_register(const ucontext_t& machine) { return machine.uc_mcontext.regs[static_cast<u32>(kFuel)]; }

// The return address goes where exit_sp points: as if the call had pushed it.
void StubWriter::begin_exit() {
  a.alu(Alu::Sub, Width::W64, Gp::sp, Gp::sp, 16);
  a.note_frame(Gp::sp, 16);
  a.store(8, {Gp::sp, 8}, Gp::x30);
  a.note_saved(Gp::x30, 8);
  a.address(Width::W64, Gp::x17, {Gp::sp, 8});
  a.store(8, tier(layout::kExitSp), Gp::x17);
  store_fuel();
}

void StubWriter::call_function(u64 function) {
  a.move_constant(Gp::x16, function, true);
  a.call(Gp::x16);
}

void StubWriter::enter() {
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
  leave_at_ = a.offset();
  a.close_frame(kSystemPreserved, kPreservedFp);
}

void StubWriter::unwind() {
  unwind_at_ = a.offset();
  a.note_whole_frame(kSystemPreserved, std::size(kPreservedFp));
  load_stack(layout::kEntrySp);
  a.move_constant(Gp::x0, 1, false);
  a.jump_back(leave_at_);
}

void StubWriter::load_stack(u32 offset) {
  a.load(Load::U64, Gp::x17, tier(offset));
  a.move(Width::W64, Gp::sp, Gp::x17);
}

void StubWriter::call_own_function(u64 function) {
  a.move(Width::W64, kCallee, Gp::x16);
  call(function);
}

void StubWriter::call(u64 function) {
  begin_exit();
  keep_arguments();
  a.move(Width::W64, Gp::x1, kCallee);
  a.move(Width::W64, Gp::x2, kFrame);
  a.move(Width::W64, Gp::x3, kMore);
  a.move(Width::W64, Gp::x0, kTier);
  call_function(function);
  end_exit(a);
  load_fuel();
  end_call(Gp::x0);
}

void StubWriter::plain(u64 function) {
  begin_exit();
  a.move(Width::W64, Gp::x0, kTier);
  call_function(function);
  end_exit(a);
  load_fuel();
  end_plain(Gp::x0);
}

// Keeps what the system's functions may change and the guest may use.
void StubWriter::keeping(u64 function) {
  begin_exit();
  constexpr i32 kBytes = 16 * 32 + 8 * 16;
  a.alu(Alu::Sub, Width::W64, Gp::sp, Gp::sp, kBytes);
  a.note_frame(Gp::sp, 16 + kBytes);
  auto each = [&](auto integer, auto vector) {
    for (i32 i = 0; i < 32; ++i) vector(static_cast<Fp>(i), Address{Gp::sp, 16 * i});
    for (i32 i = 0; i < 16; ++i) integer(static_cast<Gp>(i), Address{Gp::sp, 16 * 32 + 8 * i});
  };
  each([&](Gp reg, const Address& at) { a.store(8, at, reg); }, [&](Fp reg, const Address& at) { a.store_float(16, at, reg); });
  a.move(Width::W64, Gp::x1, kCallee);
  a.move(Width::W64, Gp::x0, kTier);
  call_function(function);
  each([&](Gp reg, const Address& at) { a.load(Load::U64, reg, at); },
       [&](Fp reg, const Address& at) { a.load_float(16, reg, at); });
  a.alu(Alu::Add, Width::W64, Gp::sp, Gp::sp, kBytes);
  a.note_frame(Gp::sp, 16);
  end_exit(a);
  load_fuel();
  a.return_();
}

void StubWriter::trap(u64 function, u32 kind) {
  begin_exit();
  a.move(Width::W64, Gp::x0, kTier);
  a.move_constant(Gp::x1, kind, true);
  call_function(function);
  a.trap();
}

}  // namespace brink::jit
