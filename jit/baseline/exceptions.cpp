// Try blocks of both kinds, and throwing.
//
// Entering and leaving a block costs nothing but a jump around its landings. What is thrown finds them by return address
// (catch_table.h); everything that is pushed lies in its slots by then. So that pinned locals have their values behind a landing,
// they are stored before every call from inside a try block, and landings load them.
#include <utility>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {

// --- Pinned locals and calls -------------------------------------------------------------------------------------------

void FunctionCompiler::store_pinned() {
  for (u32 index : pinned_) {
    const LocalInfo& local = locals_[index];
    if (is_float(local.kind)) a_.store_float(float_bytes(local.kind), slot_address(local.slot), local.fp());
    else a_.store(8, slot_address(local.slot), local.gp());
  }
}

void FunctionCompiler::load_pinned() {
  for (u32 index : pinned_) {
    const LocalInfo& local = locals_[index];
    Value in_slot{Place::Slot, local.kind, 0, Condition::Equal, local.slot};
    if (is_float(local.kind)) load_to(in_slot, local.fp());
    else load_to(in_slot, local.gp(), true);
  }
}

void FunctionCompiler::note_throwing_call(u32 region) {
  note_call();
  if (region != kNothing) catches_.sites.push_back({a_.offset() - 1, region});
}

// --- Blocks ------------------------------------------------------------------------------------------------------------

void FunctionCompiler::open_region() {
  catches_.regions.push_back({.outer = region_});
  last_clauses_.push_back(kNothing);
  region_ = static_cast<u32>(catches_.regions.size() - 1);
}

// A clause of the region, in front of the code behind it.
void FunctionCompiler::land(u32 region, CatchTable::Clause clause) {
  clause.landing = a_.offset();
  u32 last = std::exchange(last_clauses_[region], static_cast<u32>(catches_.clauses.size()));
  (last == kNothing ? catches_.regions[region].first : catches_.clauses[last].next) = last_clauses_[region];
  catches_.clauses.push_back(clause);
  a_.landing_pad();
  load_pinned();
}

void FunctionCompiler::on_catch(const Instruction& instruction, const CatchClauseCode& clause, Frame& target) {
  using Reference = CatchTable::Clause::Reference;
  if (skips()) return;
  if (around_landings_ == kNothing) {
    begin(instruction.pc);
    settle_flags();
    settle_all();
    chain(around_landings_, a_.jump());
    open_region();
  }
  // What the label's values are in, if they do not travel in a register, is where they are wanted.
  u32 slot = target.kind == Op::End ? 0 : home(target.height);
  land(region_, {.tag = clause.is_all ? CatchTable::kNone : clause.tag,
                 .reference = clause.has_ref ? Reference::Behind : Reference::None, .slot = slot, .landing = 0});
  if (target.label_slots() != 0 && takes_register(target)) {
    Value value{Place::Slot, kind_of(target.label_types()[0]), 0, Condition::Equal, slot};
    if (is_float(value.kind)) load_to(value, kFloatResult);
    else load_to(value, kResult, true);
  }
  jump_to(target);
}

void FunctionCompiler::on_legacy_catch(const Instruction& instruction, Frame& frame, u32) {
  if (frame.label.dead || is_too_large()) return;
  begin(instruction.pc);
  leave_arm(frame);
  frame.label.region = region_ = frame.label.outer_region;
  bool is_all = instruction.op == Op::CatchAll;
  land(frame.label.own_region, {.tag = is_all ? CatchTable::kNone : instruction.index, .reference = CatchTable::Clause::Reference::Before,
                    .slot = home(frame.height), .landing = 0});
  push_slot(Kind::Ref);
  if (!is_all) push_slots(module_.registry->get(module_.tags[instruction.index].type).type.params);
  enter_arm();
}

void FunctionCompiler::on_delegate(const Instruction& instruction, Frame& frame, Frame& target, u32 next) {
  if (!frame.label.dead && !is_too_large()) catches_.regions[frame.label.own_region].outer = target.label.region;
  on_end(instruction, frame, next);
}

// --- Throwing ----------------------------------------------------------------------------------------------------------

void FunctionCompiler::throw_tag(u32 tag) {
  store_top(module_.registry->get(module_.tags[tag].type).param_slots);
  spill_registers();
  if (region_ != kNothing) store_pinned();
  a_.move_constant(kStubArguments[0], tag, false);
  a_.address(Width::W64, kStubArguments[1], slot_address(home(height())));
  a_.call(stubs_.throw_tag);
  note_throwing_call(region_);
  become_unreachable();
}

void FunctionCompiler::throw_reference(Value reference) {
  reference.kind = Kind::Ref;
  bring(reference, kStubArguments[0]);
  spill_registers();
  if (region_ != kNothing) store_pinned();
  a_.call(stubs_.throw_reference);
  note_throwing_call(region_);
  release(reference);
  become_unreachable();
}

void FunctionCompiler::on_rethrow(const Instruction& instruction, Frame& target) {
  if (skips()) return;
  begin(instruction.pc);
  settle_flags();
  throw_reference({Place::Slot, Kind::Ref, 0, Condition::Equal, home(target.height)});
}

}  // namespace brink::jit
