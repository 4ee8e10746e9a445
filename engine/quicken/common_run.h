// The commonest instructions, nineteen of twenty, checked and quickened in one step each: what a function's first call
// waits for is mostly this.
//
// Nothing here is a rule of its own. Each form does what the rules of BodyDecoder and QuickSink for its instruction do
// where all is well, with all they know of the stack and of the code at hand. Wherever anything is unusual it leaves
// the instruction to them, with nothing of it done but what they would have done first. So nothing here can fail, and
// the code is the same, byte for byte: common_run_test.cpp and the fuzz target decode_validate hold the two against
// each other. Code that says where its instructions stand, and wide code, are made by those rules alone.
#pragma once
#include "engine/base/threaded.h"
#include "engine/quicken/common_rows.h"
#include "engine/quicken/quick_sink.h"
#include "engine/validate/body_decoder.h"

namespace brink::quick {

// A run of such instructions. One object an instruction, made of what travels in registers from one to the next.
class CommonRun {
 public:
  using Decoder = BodyDecoder<QuickSink>;

  // Takes instructions from `p` on, which begins before `end`, as long as they begin before it and have a form here;
  // returns where the first one stands that has not been taken. `top` is the decoder's.
  static const u8* run(QuickSink& sink, Decoder& decoder, const u8* p, const u8* end, ValueType*& top);

 private:
  friend struct CommonMachine;
  using Frame = QuickSink::Frame;

  enum class Step : u8 {
    Done,
    Leave,  // the general rules take the instruction
    Tell,   // the decoder has nothing to do any more, QuickSink is told of Decoder::instruction_
    Free,   // nothing has been done: again, once what is in T has been brought to its slot
  };

  // What the others keep, to registers and back.
  BRINK_INLINE void enter() {
    types_ = decoder_.scratch_.operands.data();
    sink_.stack_.reserve(static_cast<u32>(decoder_.scratch_.operands.size()));
    stack_ = sink_.stack_.begin();
    height_ = sink_.stack_.size();
    position_ = out_.position_;
  }
  BRINK_INLINE void leave() {
    sink_.stack_.shrink(static_cast<u32>(height_));
    if (position_ != out_.position_ || out_.state_.has_open()) out_.result_at_ = Emitter::kNone;
    out_.position_ = position_;
  }

  // Does what a step that is not done asks for; false where that is left to others.
  BRINK_INLINE bool go_on_after(Step step) {
    switch (step) {
      case Step::Tell:
        leave();
        sink_.on_common(decoder_.instruction_);
        enter();
        return true;
      case Step::Free:
        out_.position_ = position_;
        sink_.free_t();
        position_ = out_.position_;
        return true;
      default: return false;
    }
  }

  template <CommonForm form>
  BRINK_INLINE Step take() {
    const CommonRow& row = kCommonRows[*p_];
    switch (form) {
      case CommonForm::None: return rare();
      case CommonForm::LocalGet: return local_get();
      case CommonForm::LocalSet:
      case CommonForm::LocalTee: return local_set();
      case CommonForm::GlobalGet: return global_get();
      case CommonForm::GlobalSet: return global_set();
      case CommonForm::I32Const: return constant(Place::ConstI32, kI32);
      case CommonForm::I64Const: return constant(Place::ConstI64, kI64);
      case CommonForm::Unary: return unary(row);
      case CommonForm::IntegerBinary: return binary(row);
      case CommonForm::Binary: return float_binary(row);
      case CommonForm::Load: return load(row);
      case CommonForm::Store: return store(row);
      case CommonForm::Block: return block();
      case CommonForm::If: return begin_if();
      case CommonForm::End: return end_block();
      case CommonForm::Br: return branch();
      case CommonForm::BrIf: return branch_if();
      case CommonForm::Call: return call();
    }
    std::unreachable();
  }

  // --- What BodyState knows ---

  BRINK_INLINE ValueType* top() const { return types_ + height_; }
  BRINK_INLINE ValueType type(size_t depth) const { return types_[height_ - depth]; }
  BRINK_INLINE bool holds(ValueType kind) const { return top() != decoder_.base_ && type(1) == kind; }
  BRINK_INLINE bool holds(ValueType below, ValueType kind) const {
    return top() - decoder_.base_ >= 2 && type(1) == kind && type(2) == below;
  }
  // For one operand more: in the frame, in both stacks (enter()), and among those that are pending.
  BRINK_INLINE bool has_room() { return decoder_.has_room(top()) && height_ - sink_.settled_ < kMaxPending; }
  BRINK_INLINE void push(ValueType type, Operand operand) {
    types_[height_] = type;
    stack_[height_] = operand;
    ++height_;
  }

  // --- What QuickSink and Emitter know ---

  // For what one instruction writes, which is two of quick code at most, and no more than kReserve bytes.
  BRINK_INLINE bool has_code_room() const { return position_ < out_.limit_; }
  BRINK_INLINE u32 home(size_t index) const { return sink_.local_slots_ + static_cast<u32>(index); }
  // What is written of it; too large a slot is noted, and the function done again in wide code.
  BRINK_INLINE u64 named_home(size_t index) {
    u32 slot = home(index);
    out_.slots_used_ |= slot;
    return slot & 0xFF;
  }
  BRINK_INLINE u32 source_of(const Operand& operand) const {
    return static_cast<u32>(operand.is_in(sink_.t_.mirror) ? Source::Accumulator : operand.source());
  }
  BRINK_INLINE void put(u64 bits, u32 size) { CodeState::put(position_, bits, size); }
  BRINK_INLINE void put_op(QuickOp op) { out_.state_.put_op(position_, op, 0, true); }
  BRINK_INLINE void put_open(QuickOp op) {
    put_op(op);
    put(out_.state_.open_bits, out_.state_.open_size);
    out_.state_.open = QuickOp::kBaseCount;
  }
  BRINK_INLINE void close() {
    if (out_.state_.has_open()) put_open(out_.state_.open);
  }
  BRINK_INLINE void emit(QuickOp op, u64 bits, u32 size) {
    close();
    put_op(op);
    put(bits, size);
  }
  BRINK_INLINE void open(QuickOp op, u64 bits, u32 size) {
    close();
    out_.state_.open = op;
    out_.state_.open_bits = bits;
    out_.state_.open_size = size;
    sink_.open_is_f_ = false;
  }
  // The accumulator's value, which has no other place, to a slot.
  BRINK_INLINE void store_t(u64 slot) {
    if (out_.state_.has_open() && !sink_.open_is_f_) {
      put_open(out_.state_.open + 1);
      put(slot, 8);
    } else {
      emit(QuickOp::PutT, slot, 8);
    }
  }
  // The operands from `index` on have been taken.
  BRINK_INLINE void drop_to(size_t index) {
    if (sink_.t_.owner >= index) sink_.t_.owner = kNothing;
    replace(index);
  }
  // The same where a result comes into T.
  BRINK_INLINE void replace(size_t index) {
    if (sink_.settled_ > index) sink_.settled_ = static_cast<u32>(index);
    height_ = index;
  }
  BRINK_INLINE void forget_mirrors() { sink_.t_.mirror = sink_.f_.mirror = kNothing; }
  // Nobody will look for a call's result in its slot any more.
  BRINK_INLINE void forget_home(size_t index) {
    if (sink_.t_.mirror == home(index)) sink_.t_.mirror = kNothing;
  }
  // Whether what is in T belongs to an operand below those from `index` on, which an instruction takes.
  BRINK_INLINE bool is_t_taken_below(size_t index) const { return sink_.t_.owner < index; }
  BRINK_INLINE void push_t(ValueType type) {
    sink_.t_ = {static_cast<u32>(height_), kNothing};
    push(type, Place::T);
  }
  // What is at `index` to its slot; false where that takes more than there is here.
  BRINK_INLINE bool settle(size_t index) {
    Operand operand = stack_[index];
    if (operand.place() == Place::Slot) return true;
    if (!has_code_room()) return false;
    u64 slot = named_home(index);
    if (operand.place() == Place::T) {
      store_t(slot);
      sink_.t_.owner = kNothing;
    } else {
      const Setting& setting = kSettings[static_cast<u32>(operand.is_in(sink_.t_.mirror) ? Place::T : operand.place())];
      if (setting.op == QuickOp::kBaseCount) return false;
      emit(setting.op, (operand.value() & setting.mask) | slot << setting.bits, setting.bits + 8u);
    }
    stack_[index] = {Place::Slot, home(index)};
    return true;
  }
  // How an operand is brought to a slot, by its place, with so many bits of its value in front of the slot.
  struct Setting {
    QuickOp op;
    u16 bits;
    u32 mask;
  };
  static constexpr auto kSettings = [] {
    std::array<Setting, kPlaces> settings;
    settings.fill({QuickOp::kBaseCount, 0, 0});
    auto set = [&](Place place, Setting setting) { settings[static_cast<u32>(place)] = setting; };
    set(Place::Slot, {QuickOp::Copy, 8, 0xFF});
    set(Place::Local, {QuickOp::Copy, 8, 0xFF});
    set(Place::ConstI32, {QuickOp::Set32, 32, ~u32{0}});
    set(Place::ConstF32, {QuickOp::Set32, 32, ~u32{0}});
    set(Place::ConstI64, {QuickOp::Set32S, 32, ~u32{0}});
    set(Place::T, {QuickOp::PutT, 0, 0});
    return settings;
  }();
  // How a store is written in narrow code. A constant address is brought into T first.
  static constexpr PairForms kStorePairs = [] {
    PairForms pairs{};
    for (PairForm& pair : pairs) pair.form = kNoForm;
    for (u32 a = 0; a < kSources; ++a)
      for (u32 v = 0; v < kSources; ++v) {
        bool is_constant = a == static_cast<u32>(Source::Byte) || a == static_cast<u32>(Source::Word);
        if (is_constant && v == static_cast<u32>(Source::Accumulator)) continue;
        u32 from = is_constant ? static_cast<u32>(Source::Accumulator) : a;
        if (kStoreForms[from][v] == kNoForm) continue;
        const SourceLayout &first = kNarrowLayouts[from], &second = kNarrowLayouts[v];
        pairs[a * kSourcesAligned + v] = {.form = static_cast<u8>(2 * kStoreForms[from][v]),
                                          .shift = first.bits,
                                          .bits = static_cast<u8>(first.bits + second.bits),
                                          .mask_a = first.mask,
                                          .mask_b = second.mask};
      }
    return pairs;
  }();
  // Everything from `index` on.
  BRINK_INLINE bool settle_from(size_t index) {
    for (; index < height_; ++index)
      if (!settle(index)) return false;
    return true;
  }
  BRINK_INLINE bool settle_all() {
    if (sink_.settled_ == height_) return true;
    if (!settle_from(sink_.settled_)) return false;
    sink_.settled_ = static_cast<u32>(height_);
    return true;
  }
  BRINK_INLINE u32 code_size() const { return static_cast<u32>(position_ - out_.code_); }
  BRINK_INLINE u32 bind() {
    close();
    out_.state_.run = CodeState::kUnfused;
    out_.result_at_ = Emitter::kNone;
    sink_.t_ = sink_.f_ = {};
    return code_size();
  }
  // Reserves a branch's field and says where it leads.
  BRINK_INLINE void put_branch_to(Frame& target) {
    u32 field = code_size();
    if (target.kind == Op::Loop) {
      put(target.label.position - field, 32);
    } else {
      put(target.label.pending, 32);
      target.label.pending = field;
    }
  }

  // The types of the instruction are as they will be behind it, but for the height; QuickSink does the rest.
  BRINK_INLINE Step tell(const CommonRow& row, u32 operands, u32 size, u64 value = 0) {
    // Of a store, a type that nobody looks at any more.
    types_[height_ - operands] = row.result;
    Instruction& instruction = decoder_.instruction_;
    instruction.op = kCommonRules[*p_].op;
    instruction.value = value;
    instruction.pc = decoder_.pc_of(p_);
    p_ += size;
    return Step::Tell;
  }

  // --- The forms (common_values.h, common_control.h) ---

  Step local_get();
  Step constant(Place place, ValueType type);
  Step local_set();
  // False where the value is in F, or has no way to a local here.
  bool set_mirror_of_f(Operand value, u32 local);
  Step global_get();
  Step global_set();
  Step binary(const CommonRow& row);
  Step float_binary(const CommonRow& row);
  Step unary(const CommonRow& row);
  // An i32 into T, which is free.
  void open_constant(const Operand& constant);
  Step load(const CommonRow& row);
  Step store(const CommonRow& row);
  // Emits the branch on the i32 on top of the stack, which it pops, up to its field; false, with nothing done, where it
  // is a constant.
  bool branch_on_condition(bool when);
  Step branch_if();
  Step branch();
  // Nothing comes to what follows but by the label of a block that ends here.
  Step become_unreachable();
  Frame& push_frame(Op kind);
  Step block();
  Step begin_if();
  bool is_plain(const Frame& frame) const;
  Step end_block();
  // The end of a block whose end cannot be reached but by a branch.
  bool end_unreachable();
  void bind_label(Frame& frame);
  Step call();
  Step call_indirect();
  // Checks the arguments, which end at `end`, and brings them to their slots. The callee has one result at most, of one
  // slot, and takes no vectors.
  Step settle_arguments(const RegisteredType& callee, size_t end);
  void finish_call(const RegisteredType& callee, size_t arguments);
  // By what has no form of its own in CommonForm.
  Step rare();
  Step leave_function();
  Step drop();
  Step select();

  static constexpr u8 kUnreachable = 0x00, kNop = 0x01, kLoop = 0x03, kEnd = 0x0B, kReturn = 0x0F,
                      kCallIndirect = 0x11, kDrop = 0x1A, kSelect = 0x1B, kLocalTee = 0x22, kF32Const = 0x43,
                      kF64Const = 0x44;

  BRINK_INLINE CommonRun(const u8* p, u8* position, size_t height, ValueType* types, Operand* stack, const u8* end,
                         QuickSink& sink, Decoder& decoder)
      : p_(p),
        position_(position),
        height_(height),
        types_(types),
        stack_(stack),
        end_(end),
        sink_(sink),
        out_(sink.out_),
        decoder_(decoder) {}

  const u8* p_;    // where it reads
  u8* position_;   // where it writes
  size_t height_;  // of both stacks, of types and of operands
  ValueType* types_;
  Operand* stack_;
  const u8* end_;
  QuickSink& sink_;
  Emitter& out_;
  Decoder& decoder_;
};

}  // namespace brink::quick
