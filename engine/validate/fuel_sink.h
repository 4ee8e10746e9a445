// Code that pays for what it does (Config::consume_fuel), of whatever kind.
//
// What is charged. Every instruction costs 1, but block, loop, try, try_table, their else, catch and end, delegate, and nop, which
// nothing is made of. It is paid by runs of instructions, before the first of a run: a run ends behind a branch, at the start of a
// loop or of a try, behind `if`, at every label, and after kMostInRun instructions. A guest that cannot pay for the whole of a run
// traps (OutOfFuel) before its first instruction, and has nothing left; one that traps within a run has paid for all of it. That
// depends on the module alone: quick code and machine code charge the same at the same places.
//
// How. A sink in front of the one that writes code, in a decoder of its own, so that code without fuel is made as fast as ever. Where
// a run begins it has the other write an instruction whose amount is filled in where the run ends.
#pragma once
#include <utility>

#include "engine/validate/body_state.h"

namespace brink {

// As much as every processor's code subtracts in a short instruction.
inline constexpr u32 kMostInRun = 127;

// The sink has `bool is_reachable()`, `begin_run(first instruction)` and `end_run(amount)`, one of which follows each begin_run.
template <class Sink>
class FuelSink : public Sink {
 public:
  using Frame = typename Sink::Frame;
  using Sink::Sink;
  using OwnRun = NullSink::NoRun;

  void on_instruction(const Instruction& i) {
    if (i.op != Op::Nop) pay(i);
    Sink::on_instruction(i);
  }
  void on_local(const Instruction& i) {
    pay(i);
    Sink::on_local(i);
  }
  void on_global(const Instruction& i) {
    pay(i);
    Sink::on_global(i);
  }
  void on_drop_or_select(const Instruction& i) {
    pay(i);
    Sink::on_drop_or_select(i);
  }
  void on_memory_access(const Instruction& i) {
    pay(i);
    Sink::on_memory_access(i);
  }
  void on_block(const Instruction& i, Frame& frame, u32 body) {
    if (i.op == Op::If) pay(i);
    Sink::on_block(i, frame, body);
    if (i.op != Op::Block) end();
  }
  void on_else(const Instruction& i, Frame& frame, u32 next) {
    Sink::on_else(i, frame, next);
    end();
  }
  void on_legacy_catch(const Instruction& i, Frame& frame, u32 next) {
    Sink::on_legacy_catch(i, frame, next);
    end();
  }
  void on_end(const Instruction& i, Frame& frame, u32 next) {
    Sink::on_end(i, frame, next);
    end();
  }
  void on_delegate(const Instruction& i, Frame& frame, Frame& target, u32 next) {
    Sink::on_delegate(i, frame, target, next);
    end();
  }
  void on_rethrow(const Instruction& i, Frame& target) {
    pay(i);
    Sink::on_rethrow(i, target);
    end();
  }
  void on_function_end(const Instruction& i, Frame& frame) {
    end();
    Sink::on_function_end(i, frame);
  }
  void on_branch(const Instruction& i, Frame& target, u32 depth) {
    if (i.op != Op::BrTable) pay(i);  // paid for with its first word
    Sink::on_branch(i, target, depth);
    end();
  }
  void on_branch_table(const Instruction& i, u32 targets) {
    pay(i);
    Sink::on_branch_table(i, targets);
  }

 private:
  void pay(const Instruction& i) {
    if (!Sink::is_reachable()) return;
    if (amount_ == kMostInRun) end();
    if (amount_ == 0) Sink::begin_run(i);
    amount_ += 1;
  }
  void end() {
    if (amount_ != 0) Sink::end_run(std::exchange(amount_, 0));
  }

  u32 amount_ = 0;  // of the run in progress; 0: there is none
};

}  // namespace brink
