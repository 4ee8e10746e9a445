#include "engine/runtime/aggregate.h"

#include <algorithm>

namespace brink::runtime {

gc::Object* make_struct(StoreState& store, const RegisteredType& type, const u64* slots) {
  gc::Object* object = allocate_object(store, type, type.layout.struct_bytes);
  if (object == nullptr || slots == nullptr) return object;
  auto* bytes = reinterpret_cast<u8*>(object);
  if (type.layout.fields_are_slots) {
    u8* to = bytes + kObjectHeaderBytes;
    for (u32 i = 0; i < type.layout.value_slots; ++i) std::memcpy(to + 8 * i, slots + i, 8);
    return object;
  }
  for (size_t i = 0; i < type.type.fields.size(); ++i) {
    ValueType storage = type.type.fields[i].storage;
    gc::write_storage(bytes + type.layout.field_offsets[i], storage, slots);
    slots += storage.slots();
  }
  return object;
}

gc::ArrayObject* make_array(StoreState& store, const RegisteredType& type, u64 length) {
  // At most 2^32 elements of 16 bytes: no overflow.
  gc::Object* object = allocate_object(store, type, kArrayHeaderBytes + length * type.layout.element_bytes);
  if (object == nullptr) return nullptr;
  auto* array = static_cast<gc::ArrayObject*>(object);
  array->length = static_cast<u32>(length);
  return array;
}

void fill_array(gc::ArrayObject& array, u64 first, u64 count, const u64* slots) {
  u8* at = element_address(array, first);
  switch (u32 bytes = array.type->layout.element_bytes) {
    case 1: std::fill_n(at, count, static_cast<u8>(*slots)); break;
    case 8: std::fill_n(reinterpret_cast<u64*>(at), count, *slots); break;
    default:
      for (; count != 0; --count, at += bytes) std::memcpy(at, slots, bytes);
  }
}

gc::ArrayObject* make_array_of(StoreState& store, const RegisteredType& type, u64 length, const u64* slots) {
  gc::ArrayObject* array = make_array(store, type, length);
  if (array == nullptr) return nullptr;
  ValueType storage = type.type.fields[0].storage;
  for (u64 i = 0; i < length; ++i, slots += storage.slots())
    gc::write_storage(element_address(*array, i), storage, slots);
  return array;
}

}  // namespace brink::runtime
