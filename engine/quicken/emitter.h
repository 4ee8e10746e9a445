// Writes quick code: opcodes, operands, branches, and the two things that make it short.
//
// The last instruction stays open while it can still change: a result that turns out to be for a slot goes there by its
// _S form instead of an instruction of its own. And an instruction that has a fused form with those before it (since
// the last branch target) is merged into them: its opcode is dropped, theirs replaced.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "engine/quicken/quick_op.h"

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
};

class Emitter {
 public:
  static constexpr u32 kNone = ~u32{0};

  // `body_size` is a guess at how much there will be.
  Emitter(const EmitterOptions& options, u32 body_size) : options_(options) { grow(body_size + kReserve); }

  // The module's instruction that everything emitted from now on belongs to.
  void set_origin(u32 pc) { origin_ = pc; }

  // Begins an instruction; its operands follow. One that leaves its result in an accumulator stays open.
  void op(QuickOp op, bool has_result) {
    close();
    result_at_ = kNone;
    if (static_cast<size_t>(end_ - position_) < kReserve) [[unlikely]]
      grow(2 * capacity());
    if (!has_result) {
      QuickOp both = merge(op);
      if (both != QuickOp::kNarrowCount) {
        put_opcode(run_at_, both);
        run_ = both;
      } else {
        run_at_ = size();
        run_ = op;
        append_opcode(op);
      }
      add_origin();
      return;
    }
    open_at_ = size();
    open_ = op;
    append_opcode(op);
    add_origin();
  }

  void slot(u32 index) {
    if (options_.wide) return append(index);
    overflow_ |= index >= kMaxNarrowSlots;
    *position_++ = static_cast<u8>(index);
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
  QuickOp open() const { return open_at_ == kNone ? QuickOp::kBaseCount : open_; }
  // The open instruction also writes its result to a slot.
  void store_open(u32 index) {
    open_ = open_ + 1;
    put_opcode(open_at_, open_);
    slot(index);
    close();
  }
  // The open instruction becomes another with the same operands so far.
  void change_open(QuickOp op) {
    open_ = op;
    put_opcode(open_at_, op);
  }
  // Nothing may change the open instruction any more.
  void close() {
    if (open_at_ != kNone) close_open();
  }

  // A branch target: nothing before it is merged with what follows.
  u32 bind() {
    close();
    run_at_ = result_at_ = kNone;
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
    std::memcpy(code_.get() + field, &delta, 4);
  }

  // Fills a word that was written before.
  void set_word(u32 field, u32 value) { std::memcpy(code_.get() + field, &value, 4); }

  u32 size() const { return static_cast<u32>(position_ - code_.get()); }
  // A slot was too far for narrow code: the function must be done again, wide.
  bool overflow() const { return overflow_; }
  // The code, size() bytes; the emitter is done.
  std::unique_ptr<u8[]> take_code();

 private:
  // More than any instruction without bytes of its own: opcode and operands, wide.
  static constexpr size_t kReserve = 64;

  u32 slot_bytes() const { return options_.wide ? 4 : 1; }
  size_t capacity() const { return static_cast<size_t>(end_ - code_.get()); }
  [[gnu::cold]] void grow(size_t capacity);

  template <class T>
  void append(T value) {
    std::memcpy(position_, &value, sizeof(T));
    position_ += sizeof(T);
  }
  void close_open();
  void append_opcode(QuickOp op) { append(encode(op)); }
  void put_opcode(u32 at, QuickOp op) {
    u16 code = encode(op);
    std::memcpy(code_.get() + at, &code, 2);
  }
  u16 encode(QuickOp op) const { return static_cast<u16>(static_cast<u32>(op) + (options_.wide ? kNarrowCount : 0)); }
  QuickOp merge(QuickOp next) const {
    if (run_at_ == kNone || !options_.fuse || options_.wide) return QuickOp::kNarrowCount;
    return fused(run_, next);
  }
  void add_origin() {
    if (options_.origins) [[unlikely]]
      options_.origins->push_back({size(), origin_});
  }

  EmitterOptions options_;
  std::unique_ptr<u8[]> code_;
  u8* position_ = nullptr;
  u8* end_ = nullptr;
  u32 origin_ = 0;
  u32 run_at_ = kNone;  // the opcode that the next instruction may be merged into
  QuickOp run_ = QuickOp::kBaseCount;
  u32 open_at_ = kNone;
  QuickOp open_ = QuickOp::kBaseCount;
  u32 result_at_ = kNone;  // the field of result_slot, while nothing follows it
  u32 result_ = 0;
  bool overflow_ = false;
};

}  // namespace brink::quick
