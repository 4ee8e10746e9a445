// The baseline compiler: a sink of the body decoder that writes machine code in the same pass.
//
// Values are pushed without code where they can be (value.h): constants and locals are only noted, a comparison stays in
// the flags for the branch or select behind it, a result goes straight into the local that the next instruction sets.
// Locals that are used most, weighted by loop depth, are pinned: they live in a register for the whole function, so that
// blocks merge without moves and calls without spills. All others live in their slots. Locals of reference types are never
// pinned, and a reference in a register goes to its slot before every call, because the collector looks only there. Of a pinned
// vector callees keep the lower half at most (convention.h), so it is stored before calls and loaded behind them.
//
// At a block's border every operand below it is in its slot or a constant; inside, registers are handed out as they come.
// A label that takes one value takes it in kResult or kFloatResult, all others take theirs in their slots. In code that cannot be
// reached nothing is emitted and nothing is tracked.
//
// An instruction's operands are popped first; a register of a popped value belongs to nobody until it is given back with
// release() or pushed again, so what has to make room never takes it.
#pragma once
#include <vector>

#include "engine/validate/sink.h"
#include "jit/baseline/random_choice.h"
#include "jit/baseline/scan.h"
#include "jit/baseline/value.h"
#include "jit/code/layout.h"
#include "jit/code/module_code.h"
#include "jit/listing.h"

namespace brink::jit {

struct CodeOrigin {
  u32 native;    // of the faulting instruction, or of a call's last byte
  u32 original;  // of the instruction in the body
};

struct CompileOptions {
  bool memory0_guarded = true;
  bool consume_fuel = false;
  bool loop_entry = false;  // frames of the interpreter may go on at its loops
  std::optional<u64> random_seed = {};
  // Filled where not null.
  std::vector<CodeOrigin>* origins = nullptr;
  std::vector<Listing::Part>* parts = nullptr;
};

class FunctionCompiler : public NullSink {
 public:
  static constexpr u32 kNothing = ~u32{0};
  struct Label {
    u32 pending = kNothing;  // chain of the branches that wait for the label's position
    u32 position = 0;        // Loop: where its code starts
    u32 otherwise = kNothing;  // If: chain of the jumps taken where the condition is false
    u32 outer_base = 0, outer_stored = 0;  // base_ and stored_ outside
    bool dead = false;         // begins in code that cannot be reached
    // Of CatchTable: what applies to what is directly in the block, and outside; Try: where its catches are listed.
    u32 region = kNothing, outer_region = kNothing, own_region = kNothing;
  };
  using Frame = ControlFrame<Label>;

  FunctionCompiler(runtime::ModuleState& module, const ModuleCode* code, const Stubs& stubs, Assembler& assembler,
                   u32 function_index, const FunctionScan& scan, const CompileOptions& options);

  void on_start(const BodyState& state, std::span<const u8> code, u32 code_offset);
  void on_instruction(const Instruction& instruction);
  void on_local(const Instruction& instruction);
  void on_global(const Instruction& instruction);
  void on_drop_or_select(const Instruction& instruction);
  void on_memory_access(const Instruction& instruction);
  void on_block(const Instruction& instruction, Frame& frame, u32 body);
  void on_else(const Instruction& instruction, Frame& frame, u32 next);
  void on_end(const Instruction& instruction, Frame& frame, u32 next);
  void on_function_end(const Instruction& instruction, Frame& frame);
  void on_branch(const Instruction& instruction, Frame& target, u32 depth);
  void on_branch_table(const Instruction& instruction, u32 targets);
  void on_catch(const Instruction& instruction, const CatchClauseCode& clause, Frame& target);
  void on_legacy_catch(const Instruction& instruction, Frame& frame, u32 next);
  void on_delegate(const Instruction& instruction, Frame& frame, Frame& target, u32 next);
  void on_rethrow(const Instruction& instruction, Frame& target);

  // Of what has been compiled. With CompileOptions::loop_entry, code that makes a frame for any of the loops, loads what is pinned, and
  // goes on at TierState::loop_position.
  CodeShape take_shape() { return {shape_, loop_entry_, std::move(loops_), std::move(catches_)}; }
  // Branches that move thousands of values each would make more code than anyone wants: the function is given up.
  bool is_too_large() const { return a_.offset() > size_limit_; }

  // For FuelSink.
  bool is_reachable() const { return !skips(); }
  void begin_run(const Instruction& first);
  void end_run(u32 amount) { a_.set_amount(run_amount_, amount); }

 private:
  friend class VectorOperands;
  friend class VectorCompiler;  // the processor's own part, for vectors

  struct LocalInfo {
    Kind kind;
    u8 reg;  // kUnpinned, or the register of its class
    u32 slot;
    u32 aliases;  // Place::Local entries on the stack
    bool pinned() const { return reg != kUnpinned; }
    Gp gp() const { return static_cast<Gp>(reg); }
    Fp fp() const { return static_cast<Fp>(reg); }
  };
  static constexpr u8 kUnpinned = 0xFF;

  // --- The operand stack (values.cpp) ---

  bool skips() const { return !reachable_ || is_too_large(); }
  u32 height() const { return static_cast<u32>(stack_.size()); }
  u32 home(u32 position) const { return local_slots_ + position; }
  Address slot_address(u32 slot) const { return {kFrame, static_cast<i32>(8 * slot)}; }
  Address address_of(const Value& value) const {  // of what is in memory
    return slot_address(value.place == Place::Local ? locals_[value.index].slot : value.index);
  }
  bool in_memory(const Value& value) const {
    return value.place == Place::Slot || (value.place == Place::Local && !locals_[value.index].pinned());
  }
  void push(const Value& value);
  void push_slot(Kind kind);
  void push_slots(std::span<const ValueType> types);
  void push_constant(Kind kind, u64 bits);
  void push_gp(Kind kind, Gp reg);
  void push_fp(Kind kind, Fp reg);
  // With both positions of a vector.
  void push_whole(const Value& value);
  Value pop_whole(Kind kind);
  void push_flags(Condition condition);
  Value pop();
  void truncate(u32 height);
  // Back to a state that every way to a label agrees on: `height` operands, all but constants in their slots.
  void restart(u32 height);

  void settle_flags();
  void store(u32 position);  // into its slot
  void store_top(u32 count);
  void settle_all();  // all but constants, for a block's border
  void spill_registers();
  void store_constant(u32 slot, u64 bits);
  void store_value(const Value& value, u32 slot);
  void copy_slots(u32 from, u32 to, u32 count);
  void detach_aliases(u32 local);

  // --- Registers ---

  static bool is_free(u32 mask, u32 reg) { return mask >> reg & 1; }
  // Between instructions: values go elsewhere for no reason, if choices are random.
  void shake() {
    if (random_) [[unlikely]]
      shake_values();
  }
  void shake_values();
  // What must leave a register for another value: the position of one that is in any of `busy`, or kNothing.
  u32 victim(u32 busy, const u32 (&owners)[kRegisterCount]);
  Gp take_gp(u32 excluded = 0);
  Fp take_fp(u32 excluded = 0);
  // Empties a register; what it held goes elsewhere. It must not belong to a popped value.
  void evict(Gp reg);
  void evict(Fp reg);
  void claim(Gp reg) { free_gp_ &= ~bit(reg); }
  void claim(Fp reg) { free_fp_ &= ~bit(reg); }
  void release(Gp reg) {
    if (temporary_gp_ & bit(reg)) free_gp_ |= bit(reg);
  }
  void release(Fp reg) {
    if (temporary_fp_ & bit(reg)) free_fp_ |= bit(reg);
  }
  void release(const Value& value) {
    if (value.place != Place::Register) return;
    if (is_float(value.kind)) release(value.fp());
    else release(value.gp());
  }
  bool is_temporary(const Value& value) const {
    return value.place == Place::Register &&
           (is_float(value.kind) ? temporary_fp_ & bit(value.fp()) : temporary_gp_ & bit(value.gp()));
  }
  // The value of a popped operand in some register, which must not be changed.
  Gp in_gp(Value& value, u32 excluded = 0, bool keep_flags = false);
  Fp in_fp(Value& value, u32 excluded = 0);
  // In a register that may be changed.
  Gp in_own_gp(Value& value, u32 excluded = 0, bool keep_flags = false);
  Fp in_own_fp(Value& value, u32 excluded = 0);
  // In this register, which then belongs to the value.
  void bring(Value& value, Gp reg);
  void bring(Value& value, Fp reg);
  void load_to(const Value& value, Gp reg, bool keep_flags);
  void load_to(const Value& value, Fp reg);
  // The number of 16 bytes in the pool behind the function's code.
  u32 pooled(const void* bytes);
  void load_pooled(Fp reg, u32 number);
  // The local that the next instruction sets or tees, if a result of `kind` may go straight into its register.
  const LocalInfo* next_local(Kind kind);
  // Where a result goes: into that local, or over an operand that is not needed any more, or into a register of its own.
  Gp result_gp(Kind kind, Value* first, Value* second = nullptr, u32 excluded = 0);
  Fp result_fp(Kind kind, Value* first, Value* second = nullptr);

  // --- Instructions (integers.cpp, floats.cpp, memory.cpp) ---

  bool next_op(Op& op, u32 after = 0) const;
  void binary(Alu op, Kind kind);
  void multiply(Kind kind);
  void shift(Shift op, Kind kind);
  void divide(Kind kind, bool is_signed, bool remainder);
  // Of popped values (division_….cpp); may_be_minus_one: and the division is signed.
  void divide_checked(Kind kind, bool is_signed, bool remainder, Value a, Value b, bool may_be_zero, bool may_be_minus_one);
  void compare(Kind kind, Condition condition);
  void equal_zero(Kind kind);
  void count(Op op, Kind kind);
  void extend(Kind kind, u32 from_bytes, Kind from);
  void wrap();
  void float_binary(FloatOp op, Kind kind);
  void float_min_max(bool is_max, Kind kind);
  void float_compare(Kind kind, Condition condition, bool swap);
  void float_unary(Op op, Kind kind);
  void copy_sign(Kind kind);
  void convert(Op op);
  void truncate_float(Op op, Kind to, Kind from, bool is_signed);
  void scalar_call(Op op, Kind from, Kind to);
  void reinterpret(Kind from, Kind to);
  void native(const Instruction& instruction);
  void run_instruction(const Instruction& instruction, bool general);
  void memory_load(const Instruction& instruction);
  // From where locate() has said, which is done with then.
  void load_integer(Kind kind, Load load, const Address& from, Value& address, Gp held);
  void memory_store(const Instruction& instruction);
  // Where an access of a memory is. `held`, if it is a register, has to be released afterwards, like the address.
  Address locate(const Instruction& instruction, Value& address, u32 bytes, Gp& held);
  void release_held(Gp held) {
    if (held != Gp::none) release(held);
  }
  // The same for an atomic access, which traps where it is not aligned.
  Address locate_atomic(const Instruction& instruction, Value& address, u32 bytes, Gp& held);
  // All but waiting and notifying (atomics.cpp; atomics_….cpp what machines do in their own ways).
  void atomic_access(const Instruction& instruction);
  void atomic_load(const Instruction& instruction, Kind kind, u32 bytes);
  void atomic_store(const Instruction& instruction, Kind kind, u32 bytes);
  void atomic_update(const Instruction& instruction, AtomicOp op, Kind kind, u32 bytes);
  void atomic_compare_exchange(const Instruction& instruction, Kind kind, u32 bytes);
  bool is_guarded(const Instruction& instruction) const;
  u32 memory_index(const Instruction& instruction) const;
  // Those that has_vector_code() knows; vectors_….cpp.
  void vector_instruction(const Instruction& instruction);
  void vector_access(const Instruction& instruction);

  // --- Objects (objects.cpp) ---

  void access_object(const Instruction& instruction);
  void array_length();
  void make_i31();
  void get_i31(bool is_signed);
  void test_reference(ValueType type);
  void cast_reference(ValueType type);
  void branch_on_cast(const Instruction& instruction, Frame& target);
  void trap_if_null(Gp reference);
  // Goes on where the reference has the type; the chain's jumps are taken where not. The other registers and the flags are
  // lost.
  void match(Gp reference, ValueType type, Gp other, Gp another, u32& no);
  // A type's address, as objects, functions and call sites name it.
  void load_type(Gp d, const RegisteredType& type) { a_.move_address(d, &type, AddressReference::Kind::Type); }

  // --- Control (control.cpp, calls.cpp) ---

  struct Fixup {
    Assembler::Field field;
    u32 next;
  };
  void chain(u32& head, Assembler::Field field) {
    fixups_.push_back({field, head});
    head = static_cast<u32>(fixups_.size() - 1);
  }
  void bind_chain(u32& head);
  void jump_to(Frame& target);
  // Jumps where the condition holds; into the chain, or back to a loop.
  void jump_if(Condition condition, Frame& target);
  void jump_if(Condition condition, u32& head);
  // The i32 or reference on top of the stack, which it pops, as a condition in the flags.
  Condition pop_condition();
  bool takes_register(const Frame& target) const;
  void move_kept(Frame& target);
  void force_top(Kind kind);
  void push_results(std::span<const ValueType> types);
  void leave_arm(Frame& frame);
  void enter_arm();
  void become_unreachable();
  void table_target(Frame& target, u32 depth);

  void prologue();
  void epilogue();
  void write_loop_entry();
  void zero_locals(u32 first, u32 count);
  void move_results(u32 count);
  void call(const Instruction& instruction);
  void tail_call(const Instruction& instruction);
  void place_arguments(const RegisteredType& type, u32 first, bool keep_below);
  // The index or reference on top of the stack, which it pops, in kCallee.
  void pop_callee(const Instruction& instruction, bool is_indirect);
  // The Function that it selects, in the register it answers. Chains of jumps: where there is none (outside the table, or
  // null), and where the signature is another.
  Gp select_function(const Instruction& instruction, const RegisteredType& type, bool is_indirect, u32& outside, u32& null,
                     u32& mismatch);
  // Its machine code in kCallScratch; `elsewhere` where it is of another instance or there is none.
  void load_machine_code(Gp function, u32& elsewhere);
  void leave_frame() { a_.leave_frame(shape_.gp(), shape_.fp()); }
  // Around what does not keep the upper halves of float registers.
  void store_pinned_vectors();
  void load_pinned_vectors();

  // --- Exceptions (exceptions.cpp) ---

  void store_pinned();
  void load_pinned();
  // Behind a call that may throw, from inside the region, if there is one.
  void note_throwing_call(u32 region);
  void open_region();
  void land(u32 region, CatchTable::Clause clause);
  void throw_tag(u32 tag);
  void throw_reference(Value reference);

  // --- Traps and slow paths (control.cpp) ---

  void trap_if(Condition condition, TrapKind kind);
  void trap_all(u32 chain, TrapKind kind);
  void trap_now(TrapKind kind);
  void poll(Assembler::Field wanted);  // where this jumps
  void finish_slow_paths();
  // What follows is made of the instruction there, or of none (kWholeFunction).
  void begin(u32 pc, Listing::Content content = Listing::Content::Code) {
    pc_ = pc;
    if (options_.parts) [[unlikely]]
      options_.parts->push_back({a_.offset(), pc, content});
  }
  // Behind a call: its last byte is what stands for it, because the next instruction may be another's.
  void note_call() { note(a_.offset() - 1); }
  // Behind an access that may fault, which began at this offset.
  void note_access(u32 begin) { note(a_.access_at(begin)); }
  // The prologue's calls and traps count as the first instruction's.
  void note(u32 native) {
    if (options_.origins) [[unlikely]]
      options_.origins->push_back({native, pc_ == Listing::kWholeFunction ? 0 : pc_});
  }

  struct TrapSite {
    Assembler::Field field;
    TrapKind kind;
    u32 pc;
  };
  // Code behind the function's, reached by jumps, that comes back.
  struct SlowPath {
    enum class Kind : u8 { Poll, Indirect, Reference, Scalar, Signature, TailReference };
    Kind kind;
    u32 fields;        // chain
    u32 back;          // where it goes on
    u32 pc;
    u64 constant = 0;  // Indirect, Reference, TailReference: kMore; Scalar: the instruction
    u32 region = kNothing;  // Indirect, Reference
    u8 from = 0, to = 0;
    brink::jit::Kind from_kind = brink::jit::Kind::I32, to_kind = brink::jit::Kind::I32;
  };

  runtime::ModuleState& module_state_;
  const ModuleInfo& module_;
  const ModuleCode* module_code_;
  const Stubs& stubs_;
  Assembler& a_;
  u32 function_index_;
  const RegisteredType& type_;
  const FunctionScan& scan_;
  CompileOptions options_;
  RandomChoice random_;
  bool plain_memory0_;
  u32 size_limit_;

  const BodyState* state_ = nullptr;
  const u8* code_ = nullptr;
  const u8* code_end_ = nullptr;
  u32 pc_ = Listing::kWholeFunction;
  std::vector<LocalInfo> locals_;
  std::vector<u32> pinned_;  // locals
  u32 local_slots_ = 0;
  FrameShape shape_;

  bool reachable_ = true;
  bool skip_next_ = false;  // the next instruction has been done together with this one
  Assembler::Field run_amount_ = {};  // what the run in progress costs, in the code
  std::vector<Value> stack_;
  u32 settled_ = 0;  // positions below are in their slots, or constants
  u32 base_ = 0;     // where the innermost block's operands begin: below, nothing may change that another way to its end may not
  u32 stored_ = 0;   // positions from base_ to here are in their slots
  u32 temporary_gp_ = 0, temporary_fp_ = 0;
  u32 free_gp_ = 0, free_fp_ = 0;
  u32 owner_gp_[kRegisterCount] = {}, owner_fp_[kRegisterCount] = {};

  std::vector<Fixup> fixups_;
  std::vector<TrapSite> traps_;
  std::vector<SlowPath> slow_paths_;
  u32 epilogue_chain_ = kNothing;
  struct Pooled {
    u8 bytes[16];
    u32 fields = kNothing;  // chain of what refers to it; nothing is written where there is none
  };
  std::vector<Pooled> pool_;

  std::vector<LoopPosition> loops_;  // in ascending order of both members
  u32 loop_entry_ = 0;  // 0: there is no loop

  CatchTable catches_;
  std::vector<u32> last_clauses_;   // of catches_.regions, each
  u32 region_ = kNothing;           // of catches_: the innermost try block
  u32 around_landings_ = kNothing;  // of the try_table that begins here: chain of the jump around what its clauses have made

  u32 table_at_ = 0;    // the br_table in progress: its table's offset, the next target's field
  u32 table_next_ = 0;
  u32 table_left_ = 0;
  Assembler::Field table_default_ = {};
  struct TableWay {
    Assembler::Field field;
    u32 depth;
    Frame* target;
  };
  std::vector<TableWay> table_ways_;
};

}  // namespace brink::jit
