// The sink of the body decoder that emits quick code. What it knows of the frame is in frame_model.h; how it writes, in
// emitter.h. Blocks are in quick_control.h, values in quick_values.cpp.
//
// At a block's start and at every label all values are in their slots, so that all ways to it agree; between labels
// they are wherever they cost least. In code that cannot be reached nothing is emitted and nothing is tracked.
#pragma once
#include <algorithm>
#include <array>

#include "engine/quicken/emitter.h"
#include "engine/quicken/frame_model.h"
#include "engine/quicken/quickener.h"
#include "engine/validate/sink.h"

namespace brink::quick {

// Where the result of an instruction with a plain signature is.
inline constexpr auto kResultPlaces = [] {
  std::array<Place, kOpCount> places{};
  for (u32 i = 0; i < kOpCount; ++i) {
    char letter = kOpInfo[i].signature.result;
    places[i] = letter == 'f' ? Place::F32 : letter == 'd' ? Place::F64 : Place::T;
  }
  return places;
}();

inline Place result_place(Op op) { return kResultPlaces[static_cast<u32>(op)]; }

// How an instruction on two integers is written, by their sources (BRINK_QUICK_BINARY).
struct PairForm {
  u8 form;  // twice the form, or kNoForm: the operands must be moved first
  u8 shift, bits;  // of the second operand, of both
  u32 mask_a, mask_b;
};
inline constexpr u8 kNoForm = 0xFF;
inline constexpr u32 kSourcesAligned = 8;

// The forms of BRINK_QUICK_STORE by the sources of address and value.
enum StoreForm : u8 { kTL, kLT, kLL, kTB, kTT = kTB, kLB };
inline constexpr u8 kStoreForms[kSources][kSources] = {{kNoForm, kTL, kTB, kNoForm, kNoForm},
                                                       {kLT, kLL, kLB, kNoForm, kNoForm},
                                                       {kNoForm, kNoForm, kNoForm, kNoForm, kNoForm},
                                                       {kNoForm, kNoForm, kNoForm, kNoForm, kNoForm},
                                                       {kNoForm, kNoForm, kNoForm, kNoForm, kNoForm}};

using PairForms = std::array<PairForm, kSources * kSourcesAligned>;
extern const PairForms kNarrowPairForms, kWidePairForms;

class CommonRun;

class QuickSink : public NullSink {
 public:
  struct Label {
    u32 pending = kNothing;    // the first of the branches to the label that wait for its position
    u32 position = 0;          // Loop: where its code starts
    u32 otherwise = kNothing;  // If: the branch field taken where the condition is false
    u32 regions = 0;           // try regions around what is in the block
    bool dead = false;         // begins in code that cannot be reached
  };
  using Frame = ControlFrame<Label>;

  using OwnRun = CommonRun;

  QuickSink(const ModuleInfo& module, const QuickenOptions& options, u32 result_slots, u32 body_size, bool wide);

  void on_start(const BodyState& state, std::span<const u8> code, u32 code_offset);
  [[gnu::always_inline]] void on_instruction(const Instruction& instruction) {
    if (!reachable_) return;
    if (instruction.op == Op::I32Const) {
      leave_accumulators();
      push({Place::ConstI32, static_cast<u32>(instruction.value)});
    } else if (instruction.op == Op::I64Const) {
      leave_accumulators();
      auto low = static_cast<i32>(instruction.value);
      if (static_cast<i64>(instruction.value) == low) push({Place::ConstI64, static_cast<u32>(low)});
      else push({Place::ConstLongI64, instruction.pc + 1});
    } else {
      compute(instruction);
    }
  }
  [[gnu::always_inline]] void on_local(const Instruction& instruction) {
    if (!reachable_) return;
    u32 slot = local_slot(instruction.index);
    out_.name_slot(slot);
    if (instruction.op == Op::LocalGet) leave_accumulators();
    if (instruction.type == kV128) return vector_local(instruction);
    if (instruction.op != Op::LocalGet) set_local(slot);
    if (instruction.op != Op::LocalSet) push({Place::Local, slot});
  }
  void on_global(const Instruction& instruction);
  void on_drop_or_select(const Instruction& instruction);
  [[gnu::always_inline]] void on_memory_access(const Instruction& instruction) {
    if (!reachable_) return;
    leave_accumulators();
    if (!plain_memory0_ || instruction.index != 0 || instruction.is_long_alignment) return plain(instruction, true);
    access(instruction);
  }
  void on_block(const Instruction& instruction, Frame& frame, u32 body);
  void on_else(const Instruction& instruction, Frame& frame, u32 next);
  void on_legacy_catch(const Instruction& instruction, Frame& frame, u32 next);
  void on_end(const Instruction& instruction, Frame& frame, u32 next);
  void on_delegate(const Instruction& instruction, Frame& frame, Frame& target, u32 next);
  void on_rethrow(const Instruction& instruction, Frame& target);
  void on_function_end(const Instruction& instruction, Frame& frame);
  void on_branch(const Instruction& instruction, Frame& target, u32 depth);
  void on_branch_table(const Instruction& instruction, u32 targets);
  void on_catch(const Instruction& instruction, const CatchClauseCode& clause, Frame& target);

  // Whether CommonRun may take what follows.
  bool takes_own_run() const { return is_common_; }
  // What CommonRun leaves: numeric instructions, select, plain accesses to memory 0.
  void on_common(const Instruction& instruction);

  PreparedCode take(bool& overflow);

  // For FuelSink.
  bool is_reachable() const { return reachable_; }
  void begin_run(const Instruction&) {
    emit(QuickOp::Fuel);
    run_field_ = out_.size();
    out_.word(0);
  }
  void end_run(u32 amount) { out_.set_word(run_field_, amount); }

 private:
  friend class CommonRun;

  // CommonRun does not say where an instruction stands, leaves results in accumulators, fuses, and writes narrow code.
  bool is_always_common_ = false;
  bool is_common_ = false;  // the same, and it can be reached
  void emit(QuickOp op) { out_.op(op); }

  // --- The operand stack (quick_values.cpp) ---

  u32 height() const { return stack_.size(); }
  u32 home(u32 position) const { return local_slots_ + position; }
  void push(Operand operand) {
    stack_.push(operand);
    if (height() - settled_ > kMaxPending) [[unlikely]]
      settle_one();
  }
  // A value that is in its slot.
  void push_settled() {
    out_.name_slot(home(height()));
    push({Place::Slot, home(height())});
  }
  void settle_one();
  Operand pop() {
    Operand top = stack_.pop();
    settled_ = std::min(settled_, height());
    if (top.place() == Place::T) {
      t_.owner = kNothing;
    } else if (is_accumulator(top.place())) {
      f_.owner = kNothing;
    } else if (top.place() == Place::Slot) {
      // A call's result, which nobody will look for in its slot any more.
      if (t_.mirror == top.value()) {
        top = Place::T;
        t_.mirror = kNothing;
      } else if (f_.mirror == top.value()) {
        top = result_place_;
        f_.mirror = kNothing;
      }
    }
    return top;
  }
  void set_local(u32 slot);
  // Pops `count` values that are in their slots, which are not mirrored.
  void drop_settled(u32 count) {
    stack_.shrink(height() - count);
    settled_ = std::min(settled_, height());
  }
  // The integer (or reference) at `position`, which is about to be popped.
  Operand taken(u32 position) {
    Operand operand = stack_[position];
    if (operand.place() == Place::Slot && t_.mirror == operand.value()) {
      operand = Place::T;
      t_.mirror = kNothing;
    }
    return operand;
  }
  // How an instruction on integers can take an operand, and what is written of it.
  struct Taken {
    Source source;
    u32 value;
  };
  // The same before anything is taken: from here to drop_taken nothing may be emitted.
  Taken look_at(u32 position) const {
    Operand operand = stack_[position];
    return {operand.is_in(t_.mirror) ? Source::Accumulator : operand.source(), operand.value()};
  }
  // What was looked at is about to be popped: nobody will look for a call's result in its slot any more.
  void forget_home(u32 position) {
    if (t_.mirror == home(position)) t_.mirror = kNothing;
  }
  // How an operand that was taken, an integer, can be used; and what is to be written of it where that is not from the
  // accumulator.
  Source source_of(Operand operand) const {
    if (operand.place() == Place::Local && operand.value() == t_.mirror) return Source::Accumulator;
    return operand.source();
  }
  // Pops integers that were taken, down to `position`.
  void drop_taken(u32 position) {
    stack_.shrink(position);
    settled_ = std::min(settled_, position);
    if (t_.owner >= position) t_.owner = kNothing;
  }
  // The stack is `height` high and everything on it in its slot.
  void settle(u32 height);
  // Makes the value at `position` be in its slot; the other puts a value into any slot. Neither touches accumulators.
  void store(u32 position);
  void store_to(const Operand& operand, u32 slot);
  void store_top(u32 count);
  void store_all();
  void store_accumulators();
  void store_uses_of_local(u32 slot);

  // --- Accumulators ---

  // Frees an accumulator: its owner, if any, goes to its slot.
  void free_t() {
    if (t_.owner != kNothing) store(t_.owner);
  }
  void free_f() {
    if (f_.owner != kNothing) store(f_.owner);
  }
  void forget_mirrors() { t_.mirror = f_.mirror = kNothing; }
  // Before an instruction that takes its operands from slots where results are not cached.
  void leave_accumulators() {
    if (caches_results_) [[likely]]
      return;
    store_accumulators();
    forget_mirrors();
  }
  void push_t() {
    push({Place::T});
    t_ = {height() - 1, kNothing};
  }
  // A result in place of the operands from `position` on.
  void put_t(u32 position) {
    stack_.put(position, Place::T);
    t_ = {position, kNothing};
  }
  void push_f(Place place) {
    push({place});
    f_ = {height() - 1, kNothing};
  }
  void push_result(Place place) {
    if (place == Place::T) push_t();
    else push_f(place);
  }

  // How an operand that has been popped from `position` can be used.
  bool in_t(const Operand& operand) const {
    return operand.place() == Place::T || (operand.place() == Place::Local && t_.mirror == operand.value());
  }
  bool in_f(const Operand& operand) const {
    return operand.place() == Place::F32 || operand.place() == Place::F64 ||
           (operand.place() == Place::Local && f_.mirror == operand.value());
  }
  // Brings a popped operand into the accumulator, which must hold nothing else that is needed.
  void load_t(const Operand& operand, u32 position);
  void load_f(const Operand& operand, bool is_f64);
  // Brings it into a slot and says which; constants and accumulators are stored to its own.
  u32 slot_of(const Operand& operand, u32 position) {
    if (operand.source() == Source::Slot) return operand.value();
    store_to(operand, home(position));
    return home(position);
  }
  // A constant's bits; for integers sign-extended, as the instructions sign-extend what they hold of it.
  u64 constant_bits(const Operand& operand) const;

  // --- Instructions ---

  Emitter::Operands operands() { return Emitter::Operands(out_); }
  void emit_value(QuickOp op, const Emitter::Operands& operands, bool to_f = false) {
    out_.open_op(op, operands);
    open_is_f_ = to_f;
  }
  void compute(const Instruction& instruction);
  void access(const Instruction& instruction);
  void other(const Instruction& instruction);
  // Of two integers.
  void binary(Op op);
  void binary_slowly(Op op);
  void emit_binary(Op op, Taken a, Taken b);
  void float_binary(Op op);
  void unary(Op op);
  void load(Op op, u32 offset);
  // Of an integer.
  void store(Op op, u32 offset);
  void store_slowly(Op op, u32 offset);
  void store_float(Op op, u32 offset);
  void emit_store(Op op, u32 offset, Taken address, Taken value, u8 form);
  // struct.get and array.get; struct.set and array.set; with their signed and unsigned forms, but not of vectors.
  void get_member(const Instruction& instruction);
  void set_member(const Instruction& instruction);
  void array_length();
  void plain(const Instruction& instruction, bool general);
  void call(const Instruction& instruction);
  void select(const Instruction& instruction);

  // Vectors (quick_vectors.cpp): two positions each, both in a local's slots or both in their own.
  void vector(const Instruction& instruction);
  void vector_load(const Instruction& instruction);
  void vector_store(const Instruction& instruction);
  void vector_local(const Instruction& instruction);
  void vector_select();
  // Pops a vector and says in which slots it is, storing it to its own where it has none.
  u32 pop_vector();
  // The slot of the vector result of the instruction that has been emitted, and the result on the stack.
  void push_vector();
  void return_values(u32 count);
  u32 local_slot(u32 index) const { return local_map_.empty() ? index : local_map_[index]; }

  // --- Branches ---

  // Emits the branch on the i32 (or reference) on top of the stack, which it pops; returns its field.
  u32 branch_on_condition(bool when);
  void link(u32 field, Frame& target);
  void bind_pending(Label& label);
  // All that wait for the label lead to `position` now.
  [[gnu::always_inline]] void lead_pending(Label& label, u32 position) {
    for (u32 field = label.pending; field != kNothing;) {
      u32 next;
      if (field & kIsSideEntry) [[unlikely]] {
        i32& delta = prepared_.side[field - kIsSideEntry].pc_delta;
        next = static_cast<u32>(delta);
        delta = static_cast<i32>(position);
      } else {
        next = out_.word_at(field);
        out_.set_branch(field, position);
      }
      field = next;
    }
    label.pending = kNothing;
  }
  void leave_arm(Frame& frame);
  void close_region();
  void leave_block(Frame& frame);
  // Brings the label's values, which are on top of the stack, to where it wants them.
  void move_kept(u32 target_height, u32 keep);
  void set_reachable(bool is_reachable) {
    reachable_ = is_reachable;
    is_common_ = is_reachable && is_always_common_;
  }
  void become_unreachable() {
    set_reachable(false);
    t_ = f_ = {};
  }
  void branch_table_target(Frame& target, u32 depth);

  // Branches to a label that is not there yet wait in a chain: each one's field, an i32 in the code, has the next one's
  // position until its own target is known. A catch clause waits in its side entry, marked by this bit.
  static constexpr u32 kIsSideEntry = u32{1} << 31;

  // A br_table's branch to a label that takes values which must move.
  struct TableMove {
    u32 field;
    u32 depth;
    Frame* target;
  };

  Emitter out_;
  bool reachable_ = true;
  u32 run_field_ = 0;  // the amount's place in the run in progress

  const ModuleInfo& module_;
  const PairForms& pair_forms_;
  bool plain_memory0_;
  bool caches_results_;
  bool counts_heat_;
  u32 result_slots_;
  const BodyState* state_ = nullptr;
  const u8* code_ = nullptr;
  PreparedCode prepared_;
  std::vector<u32> local_map_;
  u32 local_slots_ = 0;

  OperandStack stack_;
  u32 settled_ = 0;  // positions below are all in their slots
  Accumulator t_, f_;
  Place result_place_ = Place::F64;  // of a float that a call has left in F
  bool open_is_f_ = false;           // the open instruction's result is in F
  TryRegion region_;  // its clauses are being read
  std::vector<TryRegion> open_regions_;

  u32 table_field_ = 0;  // the next target's field of the br_table in progress
  u32 table_left_ = 0;
  std::vector<TableMove> table_moves_;
};

}  // namespace brink::quick
