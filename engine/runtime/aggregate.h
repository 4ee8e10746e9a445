// Making structs and arrays: shared by the interpreter and constant expressions.
#pragma once
#include "engine/runtime/objects.h"

namespace brink::runtime {

// Null results: the heap's limit is reached. Arguments that are references must be reachable from a root (see
// allocate_object).

// `slots` holds the fields' values in their order as on the value stack; null: all fields zero.
gc::Object* make_struct(StoreState& store, const RegisteredType& type, const u64* slots);
// Value-stack slots of all fields of a struct.
inline u32 field_slots(const RegisteredType& type) { return type.layout.value_slots; }
// All elements zero.
gc::ArrayObject* make_array(StoreState& store, const RegisteredType& type, u64 length);
// Elements [first, first + count) of `array` all become the value in `slots`; the range has been checked.
void fill_array(gc::ArrayObject& array, u64 first, u64 count, const u64* slots);
// `slots` holds `length` values, each as on the value stack.
gc::ArrayObject* make_array_of(StoreState& store, const RegisteredType& type, u64 length, const u64* slots);

inline u8* element_address(gc::ArrayObject& array, u64 index) {
  return array.elements() + index * array.type->layout.element_bytes;
}
inline bool array_contains(const gc::ArrayObject& array, u64 first, u64 count) {
  return count <= array.length && first <= array.length - count;
}

}  // namespace brink::runtime
