// Quick code that pays for what it does (Config::consume_fuel).
//
// What is charged. Every instruction costs 1, but block, loop, else, end and nop, which nothing is made of. It is paid
// by runs of instructions, before the first of a run: a run ends behind a branch, at the start of a loop or of a try,
// behind `if`, and at every label. A guest that cannot pay for the whole of a run traps (OutOfFuel) before its first
// instruction, and has nothing left; one that traps within a run has paid for all of it. That depends on the module
// alone: every compiler to come charges the same.
//
// How. A sink in front of the one that writes quick code, in a decoder of its own, so that code without fuel is made as
// fast as ever. Where a run begins it emits one instruction, whose amount is filled in where the run ends.
#pragma once
#include "engine/quicken/quick_sink.h"

namespace brink::quick {

class FuelSink : public QuickSink {
 public:
  using QuickSink::QuickSink;
  static constexpr bool kHasShortForms = false;

  void on_instruction(const Instruction& i) {
    if (i.op != Op::Nop) pay(i);
    QuickSink::on_instruction(i);
  }
  void on_local(const Instruction& i) {
    pay(i);
    QuickSink::on_local(i);
  }
  void on_global(const Instruction& i) {
    pay(i);
    QuickSink::on_global(i);
  }
  void on_drop_or_select(const Instruction& i) {
    pay(i);
    QuickSink::on_drop_or_select(i);
  }
  void on_memory_access(const Instruction& i) {
    pay(i);
    QuickSink::on_memory_access(i);
  }
  void on_block(const Instruction& i, Frame& frame, u32 body) {
    if (i.op == Op::If) pay(i);
    QuickSink::on_block(i, frame, body);
    if (i.op != Op::Block) end_run();
  }
  void on_else(const Instruction& i, Frame& frame, u32 next) {
    QuickSink::on_else(i, frame, next);
    end_run();
  }
  void on_legacy_catch(const Instruction& i, Frame& frame, u32 next) {
    QuickSink::on_legacy_catch(i, frame, next);
    end_run();
  }
  void on_end(const Instruction& i, Frame& frame, u32 next) {
    QuickSink::on_end(i, frame, next);
    end_run();
  }
  void on_delegate(const Instruction& i, Frame& frame, Frame& target, u32 next) {
    QuickSink::on_delegate(i, frame, target, next);
    end_run();
  }
  void on_rethrow(const Instruction& i, Frame& target) {
    pay(i);
    QuickSink::on_rethrow(i, target);
    end_run();
  }
  void on_function_end(const Instruction& i, Frame& frame) {
    end_run();
    QuickSink::on_function_end(i, frame);
  }
  void on_branch(const Instruction& i, Frame& target, u32 depth) {
    if (i.op != Op::BrTable) pay(i);  // paid for with its first word
    QuickSink::on_branch(i, target, depth);
    end_run();
  }
  void on_branch_table(const Instruction& i, u32 targets) {
    pay(i);
    QuickSink::on_branch_table(i, targets);
  }

 private:
  static constexpr u32 kNoRun = ~u32{0};

  void pay(const Instruction&) {
    if (!reachable_) return;
    if (field_ == kNoRun) {
      emit(QuickOp::Fuel);
      field_ = out_.size();
      out_.word(0);
    }
    amount_ += 1;
  }
  void end_run() {
    if (field_ == kNoRun) return;
    out_.set_word(field_, amount_);
    field_ = kNoRun;
    amount_ = 0;
  }

  u32 field_ = kNoRun;  // the amount's place in the run in progress
  u32 amount_ = 0;
};

}  // namespace brink::quick
