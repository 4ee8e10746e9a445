// What a sink of the body decoder hears. A sink derives from NullSink and hides the members it wants to hear; nothing
// is virtual. Every instruction is told exactly once, after it has been checked and its operands and results have been
// popped and pushed; structured instructions and branches have members of their own, all others come to the member that
// fits or to on_instruction.
//
// Heights are operand-stack slots, without the locals.
#pragma once
#include "engine/validate/body_state.h"
#include "engine/validate/control_frame.h"

namespace brink {

struct NullSink {
  // What the sink keeps with every open block.
  struct Label {};
  // False for one that hears nothing: what only sinks want to know is not written down for it.
  static constexpr bool kListens = true;
  // False: every instruction is decoded by the general rules (common_forms.h), to compare.
  static constexpr bool kTakesCommonForms = true;
  // A sink's own way to take the commonest instructions, in `static const u8* run(sink, decoder, p, end, top)`: it
  // begins at `p`, takes what begins before `end` as far as it can, and returns where it stopped
  // (quicken/common_run.h).
  struct NoRun {};
  using OwnRun = NoRun;
  // The constant expression rules hold instead of those of function bodies.
  static constexpr bool kIsConstantExpression = false;

  // Before the first instruction: the locals (parameters first) and the code without the local declarations.
  void on_start(const BodyState&, std::span<const u8>, u32 /*code_offset*/) {}

  void on_instruction(const Instruction&) {}
  void on_local(const Instruction&) {}           // local.get, local.set, local.tee
  void on_global(const Instruction&) {}          // global.get, global.set
  void on_drop_or_select(const Instruction&) {}  // type = bottom where unreachable code does not know it
  void on_memory_access(const Instruction&) {}   // the instructions with an alignment and an offset

  // A block has been entered; `body` is the pc after its immediates.
  template <class Frame>
  void on_block(const Instruction&, Frame&, u32 /*body*/) {}
  // `next` is the pc after the opcode. The frame is still the first arm's.
  template <class Frame>
  void on_else(const Instruction&, Frame&, u32 /*next*/) {}
  // catch and catch_all of a legacy try, likewise; `instruction.index` is the tag of a catch.
  template <class Frame>
  void on_legacy_catch(const Instruction&, Frame&, u32 /*next*/) {}
  template <class Frame>
  void on_end(const Instruction&, Frame&, u32 /*next*/) {}
  // delegate, which ends its try: an exception out of it goes on at `target`, as if thrown by an instruction directly
  // in that block; the function's frame stands for the caller.
  template <class Frame>
  void on_delegate(const Instruction&, Frame&, Frame& /*target*/, u32 /*next*/) {}
  // rethrow of the exception that `target`, a catch or catch_all, has caught.
  template <class Frame>
  void on_rethrow(const Instruction&, Frame& /*target*/) {}
  // The final `end`.
  template <class Frame>
  void on_function_end(const Instruction&, Frame&) {}

  // A branch to `target` that takes its label's types; br_table tells on_branch_table and then every target in order.
  template <class Frame>
  void on_branch(const Instruction&, Frame& /*target*/, u32 /*depth*/) {}
  void on_branch_table(const Instruction&, u32 /*targets, default included*/) {}
  // A clause of a try_table, before its on_block.
  template <class Frame>
  void on_catch(const Instruction&, const CatchClauseCode&, Frame& /*target*/) {}
};

}  // namespace brink
