// Structs, arrays, i31 and casts (specification, section 4.6.4).
//
// Allocation happens with all operands still on the value stack and Context::sp above them, so that a collection finds
// them.
#pragma once
#include "engine/interpret/handlers_control.h"
#include "engine/runtime/aggregate.h"

namespace brink::interpret {

BRINK_INLINE const RegisteredType& read_type(State& s, const u8*& p) { return *s.instance->types[read_u32(p)]; }

inline Flow heap_full(State& s) {
  s.context->trap_detail = "the GC heap is full (" + std::to_string(s.context->store->limits.gc_heap_bytes) + " bytes)";
  return trap(s, TrapKind::Limit);
}

// The operands stay where they are during the allocation, then `popped` slots give way to the new object.
template <class Make>
Flow allocate(State& s, const u8* after, u64 popped, Make make) {
  s.context->sp = s.sp;
  gc::Object* object = make(*s.context->store);
  if (object == nullptr) return heap_full(s);
  s.sp -= popped;
  *s.sp++ = reinterpret_cast<u64>(object);
  s.pc = after;
  return Flow::Next;
}

// --- Structs ---------------------------------------------------------------------------------------------------------

BRINK_OUT_OF_LINE(StructNew) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u32 slots = runtime::field_slots(type);
  return allocate(s, p, slots, [&](auto& store) { return runtime::make_struct(store, type, s.sp - slots); });
}

BRINK_OUT_OF_LINE(StructNewDefault) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  return allocate(s, p, 0, [&](auto& store) { return runtime::make_struct(store, type, nullptr); });
}

BRINK_INLINE Flow struct_get(State& s, bool is_signed) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u32 field = read_u32(p);
  u64 reference = s.sp[-1];
  if (reference == 0) return trap(s, TrapKind::NullReference);
  ValueType storage = type.type.fields[field].storage;
  const u8* at = reinterpret_cast<const u8*>(reference) + type.layout.field_offsets[field];
  gc::read_storage(at, storage, is_signed, s.sp - 1);
  s.sp += storage.slots() - 1;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(StructGet) { return struct_get(s, false); }
BRINK_OP(StructGetS) { return struct_get(s, true); }
BRINK_OP(StructGetU) { return struct_get(s, false); }

BRINK_OP(StructSet) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u32 field = read_u32(p);
  ValueType storage = type.type.fields[field].storage;
  const u64* value = s.sp - storage.slots();
  u64 reference = value[-1];
  if (reference == 0) return trap(s, TrapKind::NullReference);
  gc::write_storage(reinterpret_cast<u8*>(reference) + type.layout.field_offsets[field], storage, value);
  s.sp -= storage.slots() + 1;
  s.pc = p;
  return Flow::Next;
}

// --- Arrays ----------------------------------------------------------------------------------------------------------

BRINK_INLINE gc::ArrayObject* array_of(u64 reference) { return reinterpret_cast<gc::ArrayObject*>(reference); }

BRINK_OUT_OF_LINE(ArrayNew) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u64 length = s.sp[-1];
  u32 value_slots = type.type.fields[0].storage.slots();
  return allocate(s, p, 1 + value_slots, [&](auto& store) {
    gc::ArrayObject* array = runtime::make_array(store, type, length);
    if (array != nullptr) runtime::fill_array(*array, 0, length, s.sp - 1 - value_slots);
    return array;
  });
}

BRINK_OUT_OF_LINE(ArrayNewDefault) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  return allocate(s, p, 1, [&](auto& store) { return runtime::make_array(store, type, s.sp[-1]); });
}

BRINK_OUT_OF_LINE(ArrayNewFixed) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u64 length = read_u32(p);
  u64 slots = length * type.type.fields[0].storage.slots();
  return allocate(s, p, slots, [&](auto& store) { return runtime::make_array_of(store, type, length, s.sp - slots); });
}

// The bytes a data segment still has.
inline std::span<const u8> data_bytes(const Instance& instance, u32 segment_index) {
  if (instance.dropped_data[segment_index]) return {};
  ByteRange range = instance.module->info.data[segment_index].bytes;
  return instance.module->info.bytes.subspan(range.offset, range.size);
}

inline u64 element_count(const Instance& instance, u32 segment_index) {
  return instance.dropped_elements[segment_index] ? 0 : instance.module->info.elements[segment_index].count;
}

BRINK_OUT_OF_LINE(ArrayNewData) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  std::span<const u8> data = data_bytes(*s.instance, read_u32(p));
  u64 length = s.sp[-1], from = s.sp[-2];
  u64 bytes = length * type.layout.element_bytes;
  if (bytes > data.size() || from > data.size() - bytes) return trap(s, TrapKind::MemoryOutOfBounds);
  return allocate(s, p, 2, [&](auto& store) {
    gc::ArrayObject* array = runtime::make_array(store, type, length);
    if (array != nullptr && bytes != 0) std::memcpy(array->elements(), data.data() + from, bytes);
    return array;
  });
}

BRINK_OUT_OF_LINE(ArrayNewElem) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u32 segment_index = read_u32(p);
  u64 available = element_count(*s.instance, segment_index);
  u64 length = s.sp[-1], from = s.sp[-2];
  if (length > available || from > available - length) return trap(s, TrapKind::TableOutOfBounds);
  return allocate(s, p, 2, [&](auto& store) {
    gc::ArrayObject* array = runtime::make_array(store, type, length);
    if (array != nullptr)
      runtime::copy_elements(*s.instance, segment_index, from, length, reinterpret_cast<u64*>(array->elements()));
    return array;
  });
}

BRINK_INLINE Flow array_get(State& s, bool is_signed) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  u64 index = s.sp[-1];
  gc::ArrayObject* array = array_of(s.sp[-2]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  if (index >= array->length) return trap(s, TrapKind::ArrayOutOfBounds);
  ValueType storage = type.type.fields[0].storage;
  gc::read_storage(array->elements() + index * type.layout.element_bytes, storage, is_signed, s.sp - 2);
  s.sp += storage.slots();
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(ArrayGet) { return array_get(s, false); }
BRINK_OP(ArrayGetS) { return array_get(s, true); }
BRINK_OP(ArrayGetU) { return array_get(s, false); }

BRINK_OP(ArraySet) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  ValueType storage = type.type.fields[0].storage;
  const u64* value = s.sp - storage.slots();
  u64 index = value[-1];
  gc::ArrayObject* array = array_of(value[-2]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  if (index >= array->length) return trap(s, TrapKind::ArrayOutOfBounds);
  gc::write_storage(array->elements() + index * type.layout.element_bytes, storage, value);
  s.sp -= storage.slots() + 2;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(ArrayLen) {
  gc::ArrayObject* array = array_of(s.sp[-1]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  s.sp[-1] = array->length;
  s.pc += 1;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(ArrayFill) {
  const u8* p = s.pc + 1;
  u32 value_slots = read_type(s, p).type.fields[0].storage.slots();
  u64 count = s.sp[-1];
  const u64* value = s.sp - 1 - value_slots;
  gc::ArrayObject* array = array_of(value[-2]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  if (!runtime::array_contains(*array, value[-1], count)) return trap(s, TrapKind::ArrayOutOfBounds);
  runtime::fill_array(*array, value[-1], count, value);
  s.sp -= 3 + value_slots;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(ArrayCopy) {
  const u8* p = s.pc + 1;
  read_u32(p);
  read_u32(p);
  u64 count = s.sp[-1], from_index = s.sp[-2], to_index = s.sp[-4];
  gc::ArrayObject* from = array_of(s.sp[-3]);
  gc::ArrayObject* to = array_of(s.sp[-5]);
  if (from == nullptr || to == nullptr) return trap(s, TrapKind::NullReference);
  if (!runtime::array_contains(*to, to_index, count) || !runtime::array_contains(*from, from_index, count))
    return trap(s, TrapKind::ArrayOutOfBounds);
  std::memmove(runtime::element_address(*to, to_index), runtime::element_address(*from, from_index),
               count * to->type->layout.element_bytes);
  s.sp -= 5;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(ArrayInitData) {
  const u8* p = s.pc + 1;
  const RegisteredType& type = read_type(s, p);
  std::span<const u8> data = data_bytes(*s.instance, read_u32(p));
  u64 count = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  gc::ArrayObject* array = array_of(s.sp[-4]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  if (!runtime::array_contains(*array, to, count)) return trap(s, TrapKind::ArrayOutOfBounds);
  u64 bytes = count * type.layout.element_bytes;
  if (bytes > data.size() || from > data.size() - bytes) return trap(s, TrapKind::MemoryOutOfBounds);
  if (bytes != 0) std::memcpy(runtime::element_address(*array, to), data.data() + from, bytes);
  s.sp -= 4;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(ArrayInitElem) {
  const u8* p = s.pc + 1;
  read_u32(p);
  u32 segment_index = read_u32(p);
  u64 available = element_count(*s.instance, segment_index);
  u64 count = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  gc::ArrayObject* array = array_of(s.sp[-4]);
  if (array == nullptr) return trap(s, TrapKind::NullReference);
  if (!runtime::array_contains(*array, to, count)) return trap(s, TrapKind::ArrayOutOfBounds);
  if (count > available || from > available - count) return trap(s, TrapKind::TableOutOfBounds);
  runtime::copy_elements(*s.instance, segment_index, from, count,
                         reinterpret_cast<u64*>(runtime::element_address(*array, to)));
  s.sp -= 4;
  s.pc = p;
  return Flow::Next;
}

// --- i31 -------------------------------------------------------------------------------------------------------------

BRINK_OP(RefI31) {
  s.sp[-1] = gc::make_i31(static_cast<u32>(s.sp[-1]));
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(I31GetS) {
  if (s.sp[-1] == 0) return trap(s, TrapKind::NullReference);
  s.sp[-1] = gc::i31_signed(s.sp[-1]);
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(I31GetU) {
  if (s.sp[-1] == 0) return trap(s, TrapKind::NullReference);
  s.sp[-1] = gc::i31_unsigned(s.sp[-1]);
  s.pc += 1;
  return Flow::Next;
}

// Both hierarchies hold the same bits (gc/object.h).
BRINK_OP(AnyConvertExtern) { return s.pc += 1, Flow::Next; }
BRINK_OP(ExternConvertAny) { return s.pc += 1, Flow::Next; }

// --- Casts -----------------------------------------------------------------------------------------------------------

// The abstract heap type of a one-byte s33 code (section 5.3.3).
BRINK_INLINE AbstractHeap abstract_heap(u8 code) {
  switch (code) {
    case 0x69: return AbstractHeap::Exn;
    case 0x6A: return AbstractHeap::Array;
    case 0x6B: return AbstractHeap::Struct;
    case 0x6C: return AbstractHeap::I31;
    case 0x6D: return AbstractHeap::Eq;
    case 0x6E: return AbstractHeap::Any;
    case 0x6F: return AbstractHeap::Extern;
    case 0x70: return AbstractHeap::Func;
    case 0x71: return AbstractHeap::None;
    case 0x72: return AbstractHeap::NoExtern;
    case 0x73: return AbstractHeap::NoFunc;
    default: return AbstractHeap::NoExn;
  }
}

// Whether a reference has the heap type at `p`, which is read in any case.
BRINK_INLINE bool matches_heap_type(State& s, u64 reference, bool nullable, const u8*& p) {
  if (*p >= 0x40 && *p < 0x80) {
    AbstractHeap target = abstract_heap(*p++);
    return reference == 0 ? nullable : gc::is_instance_of(reference, target);
  }
  const RegisteredType& target = read_type(s, p);
  if (reference == 0) return nullable;
  if (target.type.kind == CompositeKind::Func)
    return reinterpret_cast<const runtime::Function*>(reference)->signature->is_below(target);
  return gc::is_instance_of(reference, target);
}

BRINK_INLINE Flow ref_test(State& s, bool nullable) {
  const u8* p = s.pc + 1;
  s.sp[-1] = matches_heap_type(s, s.sp[-1], nullable, p);
  s.pc = p;
  return Flow::Next;
}

BRINK_INLINE Flow ref_cast(State& s, bool nullable) {
  const u8* p = s.pc + 1;
  if (!matches_heap_type(s, s.sp[-1], nullable, p)) return trap(s, TrapKind::CastFailure);
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(RefTest) { return ref_test(s, false); }
BRINK_OP(RefTestNull) { return ref_test(s, true); }
BRINK_OP(RefCast) { return ref_cast(s, false); }
BRINK_OP(RefCastNull) { return ref_cast(s, true); }

BRINK_INLINE Flow branch_on_cast(State& s, bool on_match) {
  const u8* origin = s.context->pc;  // the prefix: s.pc is past it
  const u8* p = s.pc + 1;
  bool nullable = *p++ & 2;
  read_u32(p);  // label
  while (*p++ & 0x80) {
  }
  if (matches_heap_type(s, s.sp[-1], nullable, p) == on_match) return take_branch(s, s.side, origin);
  s.pc = p;
  s.side += 1;
  return Flow::Next;
}

BRINK_OP(BrOnCast) { return branch_on_cast(s, true); }
BRINK_OP(BrOnCastFail) { return branch_on_cast(s, false); }

}  // namespace brink::interpret
