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
  Slot,          // where it belongs; value: its slot
  Local,         // value: the local's slot
  ConstI32,      // value: the bits
  ConstI64,      // value: the bits, to be sign-extended
  ConstLongI64,  // value: where in the body the LEB128 starts
  ConstF32,      // value: the bits
  ConstF64,      // value: where in the body the eight bytes are
  T,             // in the accumulator
  F32,
  F64,
};
inline constexpr u32 kPlaces = 10;

constexpr bool is_constant(Place place) { return place >= Place::ConstI32 && place <= Place::ConstF64; }
constexpr bool is_accumulator(Place place) { return place >= Place::T; }

// How an instruction on integers can take an operand: the letters T, L, B and D of quick_forms.h.
enum class Source : u8 {
  Accumulator,
  Slot,
  Byte,
  Word,
  Long,  // a constant that must be brought into the accumulator
};
inline constexpr u32 kSources = 5;

// One word, so that it is moved as one. What can be known of its source stands beside its place.
class Operand {
 public:
  constexpr Operand() : Operand(Place::Slot) {}
  constexpr Operand(Place place, u32 value = 0)
      : bits_(static_cast<u64>(place) | static_cast<u64>(source_at(place, value)) << 8 | u64{value} << 32) {}

  constexpr Place place() const { return static_cast<Place>(bits_ & 0xFF); }
  // Of an integer, where no accumulator mirrors it.
  constexpr Source source() const { return static_cast<Source>(bits_ >> 8 & 0xFF); }
  constexpr u32 value() const { return static_cast<u32>(bits_ >> 32); }
  // Whether it is in slot `slot`, its own or a local's.
  constexpr bool is_in(u32 slot) const { return bits_ >> 8 == (u64{slot} << 24 | static_cast<u64>(Source::Slot)); }
  constexpr bool operator==(const Operand&) const = default;

 private:
  static constexpr Source source_at(Place place, u32 value) {
    switch (place) {
      case Place::Slot:
      case Place::Local: return Source::Slot;
      case Place::ConstI32:
      case Place::ConstI64: return static_cast<i32>(value) == static_cast<i8>(value) ? Source::Byte : Source::Word;
      case Place::ConstLongI64:
      case Place::ConstF32:
      case Place::ConstF64: return Source::Long;
      default: return Source::Accumulator;
    }
  }

  u64 bits_ = 0;
};
static_assert(Operand().place() == Place::Slot);

// The operand stack: a slot an element. Its memory is kept by the thread from one function to the next; one stack a
// thread at a time.
class OperandStack {
 public:
  OperandStack() : memory_(scratch()) {
    if (memory_.empty()) memory_.resize(kInitial);
    elements_ = memory_.data();
    capacity_ = static_cast<u32>(memory_.size());
  }

  u32 size() const { return size_; }
  Operand* begin() { return elements_; }
  void reserve(u32 size) {
    if (size > capacity_) [[unlikely]]
      grow(size);
  }
  Operand& operator[](u32 i) { return elements_[i]; }
  const Operand& operator[](u32 i) const { return elements_[i]; }
  void push(Operand operand) {
    u32 size = size_;
    if (size == capacity_) [[unlikely]]
      grow(size + 1);
    size_ = size + 1;
    elements_[size] = operand;
  }
  // On top of `size` operands, of which there were more.
  void put(u32 size, Operand operand) {
    size_ = size + 1;
    elements_[size] = operand;
  }
  Operand pop() { return elements_[--size_]; }
  void shrink(u32 size) { size_ = size; }
  // What is new is in its slot, of which `first` is that of position 0.
  void resize(u32 size, u32 first) {
    if (size > capacity_) [[unlikely]]
      grow(size);
    for (; size_ < size; ++size_) elements_[size_] = {Place::Slot, first + size_};
    size_ = size;
  }

 private:
  static constexpr size_t kInitial = 256;
  static std::vector<Operand>& scratch();
  [[gnu::cold]] void grow(u32 least);

  std::vector<Operand>& memory_;
  Operand* elements_;
  u32 capacity_;
  u32 size_ = 0;
};

inline constexpr u32 kMaxPending = 24;
inline constexpr u32 kNothing = ~u32{0};

struct Accumulator {
  u32 owner = kNothing;   // the operand-stack position whose value is nowhere else
  u32 mirror = kNothing;  // a slot with the same value: a local's, or that of a call's result
};

}  // namespace brink::quick
