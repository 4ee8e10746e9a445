// What a reference of the any, extern and exn hierarchies is, bit by bit.
//
//   0                     null
//   value << 1 | 1        i31
//   pointer, 8-aligned    an Object: struct, array or exception in the GC heap, or an ExternObject of the store
//
// externref and anyref hold the same bits, so that any.convert_extern and extern.convert_any are no work. Function
// references are another hierarchy: they point to runtime::Function and are never looked at here.
#pragma once
#include <bit>
#include <cstring>

#include "engine/module/type_registry.h"

namespace brink::runtime {
struct Tag;
}

namespace brink::gc {

struct Object {
  // Null: memory that is set aside but not an object yet.
  const RegisteredType* type;
};

struct ArrayObject : Object {
  u32 length;
  u32 unused;
  u8* elements() { return reinterpret_cast<u8*>(this) + kArrayHeaderBytes; }
  const u8* elements() const { return reinterpret_cast<const u8*>(this) + kArrayHeaderBytes; }
};
static_assert(sizeof(ArrayObject) == kArrayHeaderBytes);

// A thrown exception; `count` slots of values follow.
struct ExceptionObject : Object {
  runtime::Tag* tag;
  u64 count;
  u64* values() { return reinterpret_cast<u64*>(this + 1); }
};

// A host value as a reference. Lives in its store, outside the heap, and is not collected.
struct ExternObject : Object {
  u64 host_value;
};

// The types of objects that no module defines; only their addresses matter.
extern const RegisteredType kExceptionType;
extern const RegisteredType kExternType;

constexpr bool is_i31(u64 reference) { return reference & 1; }
constexpr u64 make_i31(u32 value) { return (u64{value} << 1 & 0xFFFFFFFF) | 1; }
constexpr u32 i31_unsigned(u64 reference) { return static_cast<u32>(reference) >> 1; }
constexpr u32 i31_signed(u64 reference) { return static_cast<u32>(static_cast<i32>(static_cast<u32>(reference)) >> 1); }

inline Object* object_of(u64 reference) { return reinterpret_cast<Object*>(reference); }

// ref.test for a non-null reference of the any, extern or exn hierarchy.
inline bool is_instance_of(u64 reference, const RegisteredType& target) {
  return !is_i31(reference) && object_of(reference)->type->is_below(target);
}
bool is_instance_of(u64 reference, AbstractHeap target);

// Copies between an object's field or element and value-stack slots (two for v128). Packed values are extended when
// read.
inline void read_storage(const u8* from, ValueType storage, bool is_signed, u64* slots) {
  switch (storage.kind()) {
    case TypeKind::I8: slots[0] = is_signed ? static_cast<u32>(static_cast<i8>(*from)) : *from; break;
    case TypeKind::I16: {
      u16 value;
      std::memcpy(&value, from, 2);
      slots[0] = is_signed ? static_cast<u32>(static_cast<i16>(value)) : value;
      break;
    }
    case TypeKind::I32:
    case TypeKind::F32:
      slots[0] = 0;
      std::memcpy(slots, from, 4);
      break;
    case TypeKind::V128: std::memcpy(slots, from, 16); break;
    default: std::memcpy(slots, from, 8);
  }
}

inline void write_storage(u8* to, ValueType storage, const u64* slots) {
  switch (storage_bytes(storage)) {
    case 1: std::memcpy(to, slots, 1); break;
    case 2: std::memcpy(to, slots, 2); break;
    case 4: std::memcpy(to, slots, 4); break;
    case 8: std::memcpy(to, slots, 8); break;
    default: std::memcpy(to, slots, 16);
  }
}

}  // namespace brink::gc
