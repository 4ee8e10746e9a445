// What the stubs of every machine are made of, for stubs.cpp, which puts them together; stubs_….cpp has the machine's own.
#pragma once
#include "jit/code/layout.h"
#include "jit/code/stubs.h"

namespace brink::jit {

class StubWriter {
 public:
  // For code that pays for what it does, or for code that does not.
  StubWriter(Assembler& assembler, bool consume_fuel) : a(assembler), consume_fuel_(consume_fuel) {}

  // Each writes one stub where the assembler is; `function` is the address of one of C++ (runtime.h).

  void enter();   // TierCompiler::enter
  void unwind();  // out of an activation that has left: to the end of enter()
  void land();    // to where an exception is caught
  void call_own_function(u64 function);
  void call(u64 function);     // one that ends as calls do
  void plain(u64 function);    // one that answers kDone or kLeft
  void keeping(u64 function);  // keeps every register but the flags
  void trap(u64 function, u32 kind);

 private:
  static Address tier(u32 offset) { return {kTier, static_cast<i32>(offset)}; }
  void begin_exit();  // notes in exit_sp where the return address is
  void store_fuel() {
    if (consume_fuel_) a.store(8, tier(layout::kFuel), kFuel);
  }
  void load_fuel() {
    if (consume_fuel_) a.load(Load::U64, kFuel, tier(layout::kFuel));
  }
  void call_function(u64 function);
  void keep_arguments();
  void load_stack(u32 offset);  // the native stack pointer, from TierState
  // What call() and plain() do with the function's answer.
  void end_call(Gp answer);
  void end_plain(Gp answer);

  Assembler& a;
  bool consume_fuel_;
  u32 leave_at_ = 0;
  u32 unwind_at_ = 0;
  u32 land_at_ = 0;
};

}  // namespace brink::jit
