// One entry of the validation algorithm's control stack.
#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "engine/module/opcodes.h"
#include "engine/module/type_registry.h"
#include "engine/module/types.h"

namespace brink {

// `Label` is what the sink keeps with a block.
template <class Label>
struct ControlFrame {
  const RegisteredType* type = nullptr;  // a block type that is a type index
  ValueType single;                      // else the one result; bottom for none
  u32 height = 0;                        // operand slots below the parameters
  u32 init_height = 0;                   // entries of init_order at the block's start
  Op kind = Op::Block;                   // Block, Loop, If, Else, TryTable, Try, Catch, CatchAll; End for the function
  bool unreachable = false;              // kept here while an inner block is open
  [[no_unique_address]] Label label;

  // In a catch or catch_all of a legacy try the caught exception is a hidden operand below all others, so that a
  // rethrow finds it (side_table.h).
  bool has_caught_exception() const { return kind == Op::Catch || kind == Op::CatchAll; }
  // Where the operands begin that the block's instructions may pop.
  u32 base_height() const { return height + (has_caught_exception() ? 1 : 0); }

  std::span<const ValueType> params() const {
    return type && kind != Op::End ? std::span<const ValueType>(type->type.params) : std::span<const ValueType>();
  }
  std::span<const ValueType> results() const {
    if (type) return type->type.results;
    return {&single, single.is_bottom() ? 0u : 1u};
  }
  // The types of the values a branch to the block takes.
  std::span<const ValueType> label_types() const { return kind == Op::Loop ? params() : results(); }

  // A branch to the block takes no values.
  bool label_is_empty() const { return kind == Op::Loop || type ? label_types().empty() : single.is_bottom(); }

  u32 param_slots() const { return type && kind != Op::End ? type->param_slots : 0; }
  u32 result_slots() const {
    if (type) return type->result_slots;
    return single.is_bottom() ? 0 : single.slots();
  }
  u32 label_slots() const { return kind == Op::Loop ? param_slots() : result_slots(); }
};

// Room for a control stack; kept from one body to the next, whatever the frames are.
struct FrameMemory {
  std::unique_ptr<std::byte[]> bytes;
  size_t size = 0;
};

// The control stack, in memory that it borrows. Pointers and references to frames last until the next push.
template <class Frame>
class FrameStack {
  static_assert(std::is_trivially_copyable_v<Frame> && std::is_trivially_destructible_v<Frame>);
  static_assert(alignof(Frame) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
  explicit FrameStack(FrameMemory& memory) : memory_(memory) { use_memory(); }
  FrameStack(const FrameStack&) = delete;
  FrameStack& operator=(const FrameStack&) = delete;

  bool empty() const { return size_ == 0; }
  u32 size() const { return size_; }
  Frame& operator[](u32 i) { return frames_[i]; }
  Frame& back() { return frames_[size_ - 1]; }
  const Frame& back() const { return frames_[size_ - 1]; }
  Frame& push(const Frame& frame) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    return *new (frames_ + size_++) Frame(frame);
  }
  void pop() { --size_; }

 private:
  static constexpr size_t kInitial = 64;

  void use_memory() {
    frames_ = reinterpret_cast<Frame*>(memory_.bytes.get());
    capacity_ = static_cast<u32>(memory_.size / sizeof(Frame));
  }
  [[gnu::cold]] [[gnu::noinline]] void grow() {
    size_t capacity = capacity_ == 0 ? kInitial : size_t{2} * capacity_;
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(capacity * sizeof(Frame));
    auto* frames = reinterpret_cast<Frame*>(bytes.get());
    for (u32 i = 0; i < size_; ++i) new (frames + i) Frame(frames_[i]);
    memory_ = {std::move(bytes), capacity * sizeof(Frame)};
    use_memory();
  }

  FrameMemory& memory_;
  Frame* frames_;
  u32 capacity_;
  u32 size_ = 0;
};

}  // namespace brink
