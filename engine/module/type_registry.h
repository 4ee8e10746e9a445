// Type identity by canonical recursion group: the one place where it is decided whether two types are the same.
//
// A recursion group is brought into a canonical form in which references inside the group are relative and all others
// are ids of types already here; equal forms get the same ids (specification, section 3.1.1, roll and unroll). So type
// equality is an integer compare, also across modules, and subtyping between defined types is one load and one compare
// in the supertype display.
//
// One registry an engine; it is shared by threads. Look-ups take no lock; entries are never moved or removed while the
// engine lives.
#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/module/types.h"

namespace brink {

// How a struct or array lies in the GC heap; offsets count from the object's first byte, its header. A subtype's layout begins with its
// supertype's, because fields are placed in their order.
struct ObjectLayout {
  std::vector<u32> field_offsets;      // Struct
  std::vector<u32> reference_offsets;  // Struct: the fields the collector follows
  u32 struct_bytes = 0;                // Struct, header included
  u32 value_slots = 0;                 // Struct: of all fields on the value stack
  bool fields_are_slots = false;       // Struct: behind the header the fields lie as on the value stack
  u32 element_bytes = 0;               // Array
  bool elements_are_traced = false;    // Array: the collector follows the elements
};

// A canonical type with what casts, calls and allocations need.
struct RegisteredType {
  SubType type;
  TypeId id = kNoType;
  u32 depth = 0;                // length of the supertype chain above it
  std::vector<TypeId> display;  // display[i] = the supertype at depth i; display[depth] = id itself
  const TypeId* supers = nullptr;  // the display's first, for machine code
  u32 param_slots = 0;          // Func: value-stack slots of parameters and of results
  u32 result_slots = 0;
  ObjectLayout layout;

  // One load and one compare: whether this type is `super` or below it.
  bool is_below(const RegisteredType& super) const { return super.depth <= depth && display[super.depth] == super.id; }
};

// Objects in the GC heap start with a pointer to their type; an array's length follows.
inline constexpr u32 kObjectHeaderBytes = 8;
inline constexpr u32 kArrayHeaderBytes = 16;
// Bytes of a field or element in an object: references take 8.
constexpr u32 storage_bytes(ValueType storage) {
  switch (storage.kind()) {
    case TypeKind::I8: return 1;
    case TypeKind::I16: return 2;
    case TypeKind::I32:
    case TypeKind::F32: return 4;
    case TypeKind::V128: return 16;
    default: return 8;
  }
}

class TypeRegistry {
 public:
  TypeRegistry();
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // Within a group given to add_group, a reference to its i-th member is HeapType::concrete(kGroupRelative + i), as is
  // a supertype; every other id must be one of this registry's.
  static constexpr TypeId kGroupRelative = 0x800000;
  // Larger ids do not fit a HeapType next to kGroupRelative.
  static constexpr TypeId kMaxTypes = kGroupRelative - 1;

  // Returns the id of the group's first member; the others follow. kNoType when the registry is full.
  // The caller has checked that the group is not empty, that supertypes stand before their subtypes and that they are
  // not nested deeper than kMaxSubtypeDepth.
  TypeId add_group(std::span<const SubType> group);

  const RegisteredType& get(TypeId id) const {
    Place place = place_of(id);
    return chunks_[place.chunk].load(std::memory_order_acquire)[place.index];
  }

  // The common function types, e.g. for host functions: a group of one final type without a supertype.
  TypeId func_type(std::span<const ValueType> params, std::span<const ValueType> results);

  // Subtyping of section 3.3. Bottom is below everything.
  bool is_subtype(TypeId sub, TypeId super) const {
    if (sub == super) return true;
    const RegisteredType& a = get(sub);
    const RegisteredType& b = get(super);
    return b.depth < a.depth && a.display[b.depth] == super;
  }
  bool is_subtype(HeapType sub, HeapType super) const;
  // Whether values of the type may point into the GC heap: references that are not functions.
  bool is_traced(ValueType type) const;
  bool is_subtype(ValueType sub, ValueType super) const {
    if (sub == super || sub.is_bottom()) return true;
    return sub.is_ref() && super.is_ref() && (!sub.is_nullable() || super.is_nullable()) &&
           is_subtype(sub.heap(), super.heap());
  }

  static constexpr u32 kMaxSubtypeDepth = 63;  // as engines agree (JS API, implementation limits)

 private:
  // Each chunk has twice the size of the one before, so that an engine with a handful of types has a small list of them.
  static constexpr u32 kFirstChunk = 64;
  static constexpr u32 kChunks = 14;
  static constexpr u32 begin_of(u32 chunk) { return kFirstChunk * ((1u << chunk) - 1); }
  static constexpr u32 kMaxRegistered = kFirstChunk * ((1u << kChunks) - 1);
  static_assert(kMaxRegistered <= kMaxTypes);
  struct Place {
    u32 chunk, index;
  };
  static constexpr Place place_of(TypeId id) {
    u32 chunk = static_cast<u32>(std::bit_width(id / kFirstChunk + 1)) - 1;
    return {chunk, id - begin_of(chunk)};
  }

  void lay_out(RegisteredType& entry) const;

  std::mutex mutex_;
  u32 size_ = 0;
  std::array<std::atomic<RegisteredType*>, kChunks> chunks_{};
  // Canonical form, serialised → first id. Ordered, because the keys come from modules and could be made to collide.
  std::map<std::string, TypeId> groups_;
};

}  // namespace brink
