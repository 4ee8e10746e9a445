// Quick code's own bodies for fields of structs, elements of arrays and their lengths. What is where in an object was
// decided when the function was quickened: nothing of its type is looked up.
#pragma once
#include "engine/gc/object.h"
#include "engine/interpret/quick_handlers.h"

namespace brink::interpret {

BRINK_INLINE u8* object_bytes(u64 reference) { return reinterpret_cast<u8*>(reference); }

// Operands: the object, the field's offset from its beginning.
template <class OnStack, class InObject, class Object>
struct GetField {
  using Slow = NoSlowHalf;
  using Result = OnStack;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 object = Object::template get<u64, Width>(s);
    u32 offset = read_operand<u32>(s);
    if (object == 0) [[unlikely]]
      return quick_trap(s, at, TrapKind::NullReference);
    InObject value;
    std::memcpy(&value, object_bytes(object) + offset, sizeof value);
    set_accumulator(s, static_cast<OnStack>(value));
    return Flow::Next;
  }
};

// The object in a slot, the value, the offset.
template <class InObject, class Value>
struct SetField {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 object = SlotSource::get<u64, Width>(s);
    auto value = static_cast<InObject>(Value::template get<u64, Width>(s));
    u32 offset = read_operand<u32>(s);
    if (object == 0) [[unlikely]]
      return quick_trap(s, at, TrapKind::NullReference);
    std::memcpy(object_bytes(object) + offset, &value, sizeof value);
    return Flow::Next;
  }
};

// Where the element is, or null and why there is none.
template <class InObject>
BRINK_INLINE u8* quick_element(u64 reference, u32 index, TrapKind& why) {
  auto* array = reinterpret_cast<gc::ArrayObject*>(reference);
  why = TrapKind::NullReference;
  if (array == nullptr) [[unlikely]]
    return nullptr;
  why = TrapKind::ArrayOutOfBounds;
  if (index >= array->length) [[unlikely]]
    return nullptr;
  return array->elements() + u64{index} * sizeof(InObject);
}

// The array in a slot, the index.
template <class OnStack, class InObject, class Index>
struct GetElement {
  using Slow = NoSlowHalf;
  using Result = OnStack;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 array = SlotSource::get<u64, Width>(s);
    auto index = static_cast<u32>(Index::template get<u64, Width>(s));
    TrapKind why;
    const u8* element = quick_element<InObject>(array, index, why);
    if (element == nullptr) [[unlikely]]
      return quick_trap(s, at, why);
    InObject value;
    std::memcpy(&value, element, sizeof value);
    set_accumulator(s, static_cast<OnStack>(value));
    return Flow::Next;
  }
};

// The array in a slot, the index, the value.
template <class InObject, class Index, class Value>
struct SetElement {
  using Slow = NoSlowHalf;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 array = SlotSource::get<u64, Width>(s);
    auto index = static_cast<u32>(Index::template get<u64, Width>(s));
    auto value = static_cast<InObject>(Value::template get<u64, Width>(s));
    TrapKind why;
    u8* element = quick_element<InObject>(array, index, why);
    if (element == nullptr) [[unlikely]]
      return quick_trap(s, at, why);
    std::memcpy(element, &value, sizeof value);
    return Flow::Next;
  }
};

template <class Array>
struct ArrayLength {
  using Slow = NoSlowHalf;
  using Result = u32;
  template <class Width>
  BRINK_INLINE static Flow run(QuickState& s) {
    const u8* at = s.pc;
    u64 reference = Array::template get<u64, Width>(s);
    if (reference == 0) [[unlikely]]
      return quick_trap(s, at, TrapKind::NullReference);
    set_accumulator(s, reinterpret_cast<const gc::ArrayObject*>(reference)->length);
    return Flow::Next;
  }
};

}  // namespace brink::interpret
