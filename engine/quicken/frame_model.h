// What the quickener knows of the frame at a point of the code: for every slot of the operand stack, whether its value
// is there or still somewhere else, and what the accumulators hold.
//
// A value is pushed without code where it can be: a local or a constant is only noted, a result stays in its
// accumulator. Code moves it when it must be in its slot: before a call, at a block's border, when its local changes or
// its accumulator is needed. At most kMaxPending slots below the top are pending that way, so that nothing here takes
// longer than the code it stands for.
#pragma once
#include <vector>

#include "engine/base/integers.h"

namespace brink::quick {

enum class Place : u8 {
  Slot,      // where it belongs
  Local,     // value: the local's slot
  ConstI32,  // value: the bits
  ConstI64,
  ConstF32,
  ConstF64,
  T,  // in the accumulator
  F32,
  F64,
};

constexpr bool is_constant(Place place) { return place >= Place::ConstI32 && place <= Place::ConstF64; }
constexpr bool is_accumulator(Place place) { return place >= Place::T; }

struct Operand {
  Place place = Place::Slot;
  u64 value = 0;
};

// The operand stack: a slot an element. Its memory is kept by the thread from one function to the next.
class OperandStack {
 public:
  OperandStack() : elements_(scratch()) { elements_.resize(kInitial); }

  u32 size() const { return size_; }
  Operand& operator[](u32 i) { return elements_[i]; }
  const Operand& operator[](u32 i) const { return elements_[i]; }
  void push(Operand operand) {
    if (size_ == elements_.size()) [[unlikely]]
      elements_.resize(2 * size_t{size_});
    elements_.data()[size_++] = operand;
  }
  Operand pop() { return elements_.data()[--size_]; }
  // What is new is in its slot.
  void resize(u32 size) {
    while (elements_.size() < size) elements_.resize(2 * elements_.size());
    for (; size_ < size; ++size_) elements_.data()[size_] = {};
    size_ = size;
  }

 private:
  static constexpr size_t kInitial = 256;
  static std::vector<Operand>& scratch();

  std::vector<Operand>& elements_;
  u32 size_ = 0;
};

inline constexpr u32 kMaxPending = 24;
inline constexpr u32 kNothing = ~u32{0};

struct Accumulator {
  u32 owner = kNothing;   // the operand-stack position whose value is nowhere else
  u32 mirror = kNothing;  // a slot with the same value: a local's, or that of a call's result
};

}  // namespace brink::quick
