// Writes quick code: opcodes, operands, branches, and the two things that make it short.
//
// The last instruction stays open while it can still change: a result that turns out to be for a slot goes there by its
// _S form instead of an instruction of its own. And an instruction that has a fused form with those before it (since
// the last branch target) is merged into them: its opcode is dropped, theirs replaced.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "engine/base/arena.h"
#include "engine/quicken/frame_model.h"
#include "engine/quicken/fusion_table.h"
#include "engine/validate/side_table.h"

namespace brink::quick {

// Where in the code an instruction of the module begins to act: for traps and backtraces.
struct CodeOrigin {
  u32 quick;     // offset of its operands in the quick code
  u32 original;  // offset of the instruction in the body, from its first instruction
};

struct EmitterOptions {
  bool wide = false;
  bool fuse = true;
  std::vector<CodeOrigin>* origins = nullptr;  // written where not null
  Arena* arena = nullptr;                      // where the code is to be; null: it is its function's own
};

// How a source is written.
struct SourceLayout {
  u32 mask;  // of the value's bits that are written
  u8 bits;
};
// By Source: accumulator, slot, byte, word, long.
inline constexpr SourceLayout kNarrowLayouts[kSources] = {{0, 0}, {0xFF, 8}, {0xFF, 8}, {~u32{0}, 32}, {0, 0}};
inline constexpr SourceLayout kWideLayouts[kSources] = {{0, 0}, {~u32{0}, 32}, {0xFF, 8}, {~u32{0}, 32}, {0, 0}};

// What the next instruction's code depends on. Where it goes, `position`, is its writer's, who may keep it in a
// register.
struct CodeState {
  // Stands where no run can be continued; begins none.
  static constexpr QuickOp kUnfused = QuickOp::kNarrowCount;

  u8* run_at = nullptr;  // the opcode that the next instruction may be merged into
  QuickOp run = kUnfused;
  // The open instruction, kBaseCount if there is none, is not written yet.
  QuickOp open = QuickOp::kBaseCount;
  u32 open_size = 0;  // in bits
  u64 open_bits = 0;

  bool has_open() const { return open != QuickOp::kBaseCount; }
  // The low bits, whole bytes of them; what is behind is scratch.
  static void put(u8*& position, u64 value, u32 bits) {
    std::memcpy(position, &value, 8);
    position += bits / 8;
  }
  // The opcode, merged into the run before it if there is one that does both. Nobody can predict whether, so there is
  // no branch on it.
  void put_op(u8*& position, QuickOp op, u32 opcode_base, bool fuses) {
    QuickOp both = fused(run, op);
    bool is_merged = both != QuickOp::kNarrowCount;
    u8* at = is_merged ? run_at : position;
    QuickOp whole = is_merged ? both : op;
    auto code = static_cast<u16>(static_cast<u32>(whole) + opcode_base);
    run_at = at;
    run = fuses ? whole : kUnfused;
    position += is_merged ? 0 : 2;
    std::memcpy(at, &code, 2);
  }
};

class Emitter {
 public:
  static constexpr u32 kNone = ~u32{0};
  // More than any instruction without bytes of its own: opcode and operands, wide.
  static constexpr size_t kReserve = 64;

  // `body_size` is a guess at how much there will be. One emitter an arena at a time: it writes into the arena's room.
  Emitter(const EmitterOptions& options, u32 body_size);

  // Where the offset stands of the module's instruction that what is emitted belongs to; it must outlive the emitter.
  void set_origin(const u32& pc) { origin_ = &pc; }

  // Operands of an instruction before they are written: eight bytes at most.
  class Operands {
   public:
    explicit Operands(Emitter& emitter) : emitter_(emitter) {}

    Operands& slot(u32 index) { return emitter_.name_slot(index), of(Source::Slot, index); }
    Operands& byte(u8 value) { return add(value, 8); }
    Operands& word(u32 value) { return add(value, 32); }
    Operands& long_word(u64 value) { return add(value, 64); }
    // What a source is written as: a slot, a byte, a word, or nothing.
    Operands& of(Source source, u32 value) {
      const SourceLayout& layout = emitter_.layouts_[static_cast<u32>(source)];
      return add(value & layout.mask, layout.bits);
    }

   private:
    friend class Emitter;
    Operands& add(u64 value, u32 bits) {
      bits_ |= value << size_;
      size_ += bits;
      return *this;
    }

    Emitter& emitter_;
    u64 bits_ = 0;
    u32 size_ = 0;  // in bits
  };

  // Begins an instruction without a result; its operands follow.
  void op(QuickOp op) {
    begin();
    put(op);
    if (origins_) [[unlikely]]
      add_origin(*origin_);
  }
  void op(QuickOp op_code, const Operands& operands) {
    op(op_code);
    put(operands.bits_, operands.size_);
  }
  // An instruction that leaves its result in an accumulator: it stays open.
  void open_op(QuickOp op, const Operands& operands) { open_op(op, operands.bits_, operands.size_); }
  // The same for those who know what they write: so many bits.
  void open_op(QuickOp op, u64 bits, u32 size) {
    begin();
    state_.open = op;
    state_.open_bits = bits;
    state_.open_size = size;
    if (origins_) [[unlikely]]
      open_origin_ = *origin_;
  }

  void slot(u32 index) { name_slot(index), of(Source::Slot, index); }
  // A slot that will be named: there must be room for its number. `of` expects that of its slots.
  void name_slot(u32 index) { slots_used_ |= index; }
  void of(Source source, u32 value) {
    const SourceLayout& layout = layouts_[static_cast<u32>(source)];
    put(value, layout.bits);
  }
  void byte(u8 value) { *position_++ = value; }
  void word(u32 value) { append(value); }
  void long_word(u64 value) { append(value); }
  void bytes(const u8* from, const u8* to) {
    reserve(static_cast<size_t>(to - from));
    std::memcpy(position_, from, static_cast<size_t>(to - from));
    position_ += to - from;
  }
  // Room for so many bytes more in the instruction that has begun; every instruction has kReserve.
  void reserve(size_t bytes) {
    if (static_cast<size_t>(end_ - position_) < bytes + kReserve) grow(2 * capacity() + bytes + kReserve);
  }

  // The open instruction, kBaseCount if there is none.
  QuickOp open() const { return state_.open; }
  bool has_open() const { return state_.has_open(); }
  // The open instruction also writes its result to a slot.
  void store_open(u32 index) {
    state_.open = state_.open + 1;
    close_open();
    slot(index);
  }
  // The open instruction becomes another with the same operands so far.
  void change_open(QuickOp op) { state_.open = op; }
  // Nothing may change the open instruction any more.
  void close() {
    if (has_open()) close_open();
  }

  // A branch target: nothing before it is merged with what follows.
  u32 bind() {
    close();
    state_.run = CodeState::kUnfused;
    result_at_ = kNone;
    return size();
  }

  // What has just been written is the slot of the last instruction's result: as long as nothing follows, the result can
  // be sent elsewhere.
  void result_slot(u32 index) {
    slot(index);
    result_at_ = size() - slot_bytes();
    result_ = index;
  }
  bool can_redirect(u32 index) const { return result_at_ != kNone && result_ == index; }
  void redirect(u32 index) {
    position_ -= slot_bytes();
    slot(index);
    result_at_ = kNone;
  }

  // A branch field that is filled later.
  u32 reserve_branch() {
    append(u32{0});
    return size() - 4;
  }
  void set_branch(u32 field, u32 target) {
    i32 delta = static_cast<i32>(target - field);
    std::memcpy(code_ + field, &delta, 4);
  }

  // Words that were written before.
  u32 word_at(u32 field) const {
    u32 value;
    std::memcpy(&value, code_ + field, 4);
    return value;
  }
  void set_word(u32 field, u32 value) { std::memcpy(code_ + field, &value, 4); }

  u32 size() const { return static_cast<u32>(position_ - code_); }
  // A slot was too far for narrow code: the function must be done again, wide.
  bool overflow() const { return opcode_base_ == 0 && slots_used_ >= kMaxNarrowSlots; }
  // The code, size() bytes. Nothing can be emitted any more.
  CodeBytes take_code();

 private:
  friend class CommonRun;

  void begin() {
    close();
    result_at_ = kNone;
    if (position_ >= limit_) [[unlikely]]
      grow(2 * capacity());
  }
  u32 slot_bytes() const { return opcode_base_ != 0 ? 4 : 1; }
  size_t capacity() const { return static_cast<size_t>(end_ - code_); }
  [[gnu::cold]] void grow(size_t capacity);

  template <class T>
  void append(T value) {
    std::memcpy(position_, &value, sizeof(T));
    position_ += sizeof(T);
  }
  void put(u64 value, u32 bits) { CodeState::put(position_, value, bits); }
  void put(QuickOp op) { state_.put_op(position_, op, opcode_base_, fuses_); }
  void close_open() {
    put(state_.open);
    if (origins_) [[unlikely]]
      add_origin(open_origin_);
    put(state_.open_bits, state_.open_size);
    state_.open = QuickOp::kBaseCount;
  }
  [[gnu::cold]] void add_origin(u32 pc) { origins_->push_back({size(), pc}); }

  Arena* arena_;
  std::unique_ptr<u8[]> own_;  // the code where there is no arena
  u8* code_ = nullptr;
  u8* position_ = nullptr;
  CodeState state_;
  u8* end_ = nullptr;
  u8* limit_ = nullptr;  // an instruction that begins before it has kReserve bytes
  u32 opcode_base_;  // kNarrowCount in wide code
  bool fuses_;
  const SourceLayout* layouts_;
  std::vector<CodeOrigin>* origins_;
  const u32* origin_ = nullptr;
  u32 open_origin_ = 0;
  u32 result_at_ = kNone;  // the field of result_slot, while nothing follows it
  u32 result_ = 0;
  u32 slots_used_ = 0;  // narrow code: all slots that were named, their bits or-ed
};

}  // namespace brink::quick
