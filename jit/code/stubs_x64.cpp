// The stubs of x86-64.
#include <iterator>

#include "jit/code/runtime.h"
#include "jit/code/stub_writer.h"

namespace brink::jit {
namespace {

constexpr Gp kSystemPreserved[] = {Gp::rbx, Gp::rbp, Gp::r12, Gp::r13, Gp::r14, Gp::r15};

// As the system's functions do: what is above rbp is known whatever happens to rsp.
void push_rbp(Assembler& a) {
  a.push(Gp::rbp);
  a.note_frame(Gp::rsp, 16);
  a.note_saved(Gp::rbp, 16);
  a.move(Width::W64, Gp::rbp, Gp::rsp);
  a.note_frame(Gp::rbp, 16);
}

// r8 and r9, where a debugger finds them, then the preserved float registers, at an aligned stack pointer.
void save(Assembler& a) {
  push_rbp(a);
  a.push(Gp::r8);
  a.note_saved(Gp::r8, 24);
  a.push(Gp::r9);
  a.note_saved(Gp::r9, 32);
  a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 128);
  a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
  for (u32 i = 0; i < 8; ++i) a.store_float(16, {Gp::rsp, static_cast<i32>(16 * i)}, kPreservedFp[i]);
}

void restore(Assembler& a) {
  for (u32 i = 0; i < 8; ++i) a.load_float(16, kPreservedFp[i], {Gp::rsp, static_cast<i32>(16 * i)});
  a.load(Load::U64, Gp::r8, {Gp::rbp, -8});
  a.note_kept(Gp::r8);
  a.load(Load::U64, Gp::r9, {Gp::rbp, -16});
  a.note_kept(Gp::r9);
  a.move(Width::W64, Gp::rsp, Gp::rbp);
  a.pop(Gp::rbp);
  a.note_frame(Gp::rsp, 8);
  a.note_kept(Gp::rbp);
}

// Inside enter(): behind what it has pushed.
void note_entered(Assembler& a) {
  u32 distance = 8;
  for (Gp reg : kSystemPreserved) a.note_saved(reg, distance += 8);
  a.note_frame(Gp::rsp, distance + 8);
}

}  // namespace

u64 fuel_register(const ucontext_t& machine) {
  static_assert(kFuel == Gp::r9);
  return static_cast<u64>(machine.uc_mcontext.gregs[REG_R9]);
}

void StubWriter::begin_exit() {
  a.store(8, tier(layout::kExitSp), Gp::rsp);
  store_fuel();
}

void StubWriter::call_function(u64 function) {
  a.move_constant(Gp::rax, function, true);
  a.call(Gp::rax);
}

void StubWriter::enter() {
  u32 distance = 8;
  for (Gp reg : kSystemPreserved) {
    a.push(reg);
    a.note_frame(Gp::rsp, distance += 8);
  }
  a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 8);
  note_entered(a);
  a.move(Width::W64, kTier, Gp::rdi);
  a.move(Width::W64, kFrame, Gp::rdx);
  a.move(Width::W64, kMemory, Gp::rcx);
  a.store(8, tier(layout::kEntrySp), Gp::rsp);
  a.move(Width::W64, Gp::rax, Gp::rsi);
  a.load(Load::U64, Gp::r10, {Gp::rsi, -static_cast<i32>(sizeof(CodeHeader))});
  a.call(Gp::r10);
  a.move_constant(Gp::rax, 0, false);
  leave_at_ = a.offset();
  a.alu(Alu::Add, Width::W64, Gp::rsp, Gp::rsp, 8);
  for (size_t i = std::size(kSystemPreserved); i-- > 0;) {
    a.note_frame(Gp::rsp, 16 + 8 * static_cast<u32>(i));
    a.pop(kSystemPreserved[i]);
    a.note_kept(kSystemPreserved[i]);
  }
  a.note_frame(Gp::rsp, 8);
  a.return_();
}

void StubWriter::unwind() {
  unwind_at_ = a.offset();
  note_entered(a);
  load_stack(layout::kEntrySp);
  a.move_constant(Gp::rax, 1, false);
  a.jump_back(leave_at_);
}

void StubWriter::load_stack(u32 offset) { a.load(Load::U64, Gp::rsp, tier(offset)); }

void StubWriter::call_own_function(u64 function) {
  a.note_frame(Gp::rsp, 16);  // the slot's return address is on top of the caller's
  a.pop(Gp::rax);
  a.note_frame(Gp::rsp, 8);
  call(function);
}

void StubWriter::call(u64 function) {
  begin_exit();
  keep_arguments();
  save(a);
  a.move(Width::W64, Gp::rdi, kTier);
  a.move(Width::W64, Gp::rsi, Gp::rax);
  a.move(Width::W64, Gp::rdx, kFrame);
  a.move(Width::W64, Gp::rcx, Gp::r10);
  call_function(function);
  restore(a);
  load_fuel();
  end_call(Gp::rax);
}

void StubWriter::plain(u64 function) {
  begin_exit();
  save(a);
  a.move(Width::W64, Gp::rdi, kTier);
  call_function(function);
  restore(a);
  load_fuel();
  end_plain(Gp::rax);
}

void StubWriter::keeping(u64 function) {
  begin_exit();
  constexpr Gp kAll[] = {Gp::rbp, Gp::rax, Gp::rcx, Gp::rdx, Gp::rsi, Gp::rdi, Gp::r8, Gp::r9, Gp::r10, Gp::r11};
  u32 distance = 8;
  for (Gp reg : kAll) {
    a.push(reg);
    a.note_frame(Gp::rsp, distance += 8);
    a.note_saved(reg, distance);
  }
  a.move(Width::W64, Gp::rbp, Gp::rsp);
  a.note_frame(Gp::rbp, distance);
  a.alu(Alu::Sub, Width::W64, Gp::rsp, Gp::rsp, 256);
  a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
  for (u32 i = 0; i < 16; ++i) a.store_float(16, {Gp::rsp, static_cast<i32>(16 * i)}, static_cast<Fp>(i));
  a.move(Width::W64, Gp::rdi, kTier);
  a.move(Width::W64, Gp::rsi, Gp::rax);
  call_function(function);
  for (u32 i = 0; i < 16; ++i) a.load_float(16, static_cast<Fp>(i), {Gp::rsp, static_cast<i32>(16 * i)});
  a.move(Width::W64, Gp::rsp, Gp::rbp);
  a.note_frame(Gp::rsp, distance);
  for (size_t i = std::size(kAll); i-- > 0;) {
    a.pop(kAll[i]);
    a.note_frame(Gp::rsp, distance -= 8);
    a.note_kept(kAll[i]);
  }
  load_fuel();
  a.return_();
}

void StubWriter::trap(u64 function, u32 kind) {
  begin_exit();
  push_rbp(a);
  a.move(Width::W64, Gp::rdi, kTier);
  a.move_constant(Gp::rsi, kind, true);
  a.alu(Alu::And, Width::W64, Gp::rsp, Gp::rsp, -16);
  call_function(function);
  a.trap();
}

}  // namespace brink::jit
