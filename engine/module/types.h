// The types of WebAssembly 3.0 (specification, section 2.3), as small values.
//
// A reference to a defined type is a TypeId: the index of the type's canonical form in the engine's TypeRegistry. Two
// types are equal exactly if their ids are, in whichever modules they were written; module-local type indices exist
// only inside the decoder and in instructions' immediates, and Module::type_ids translates them.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/base/integers.h"
#include "engine/module/features.h"

namespace brink {

using TypeId = u32;
inline constexpr TypeId kNoType = ~TypeId{0};

// The abstract heap types, each hierarchy from top to bottom.
enum class AbstractHeap : u8 {
  Func,
  NoFunc,
  Extern,
  NoExtern,
  Any,
  Eq,
  I31,
  Struct,
  Array,
  None,
  Exn,
  NoExn,
  Bottom,  // below everything; only in the validation of unreachable code
};

// The proposal that brought it.
Feature feature_of(AbstractHeap heap);

class HeapType {
 public:
  constexpr HeapType(AbstractHeap abstract) : code_(kAbstractBase + static_cast<u32>(abstract)) {}
  static constexpr HeapType concrete(TypeId id) { return from_code(id); }
  static constexpr HeapType from_code(u32 code) {
    HeapType heap(AbstractHeap::Bottom);
    heap.code_ = code;
    return heap;
  }

  constexpr bool is_concrete() const { return code_ < kAbstractBase; }
  constexpr TypeId type_id() const { return code_; }
  constexpr AbstractHeap abstract() const { return static_cast<AbstractHeap>(code_ - kAbstractBase); }
  constexpr bool is(AbstractHeap abstract) const { return code_ == HeapType(abstract).code_; }
  constexpr u32 code() const { return code_; }
  constexpr bool operator==(const HeapType&) const = default;

  static constexpr u32 kAbstractBase = 0xFFFF00;  // codes fit 24 bits

 private:
  u32 code_;
};

enum class TypeKind : u8 { I32, I64, F32, F64, V128, Ref, I8, I16, Bottom };

// A value type, or (I8, I16) a packed storage type, or (Bottom) the operand type of unreachable code.
class ValueType {
 public:
  constexpr ValueType() : ValueType(TypeKind::Bottom) {}
  constexpr ValueType(TypeKind kind) : bits_(static_cast<u32>(kind)) {}
  static constexpr ValueType ref(HeapType heap, bool nullable) {
    ValueType type(TypeKind::Ref);
    type.bits_ |= (nullable ? u32{0x10} : u32{0}) | heap.code() << 8;
    return type;
  }

  constexpr TypeKind kind() const { return static_cast<TypeKind>(bits_ & 0xF); }
  constexpr bool is_ref() const { return kind() == TypeKind::Ref; }
  constexpr bool is_nullable() const { return bits_ & 0x10; }
  constexpr HeapType heap() const { return HeapType::from_code(bits_ >> 8); }
  constexpr bool is_bottom() const { return kind() == TypeKind::Bottom; }
  constexpr bool is_numeric() const { return kind() <= TypeKind::F64; }
  constexpr bool is_packed() const { return kind() == TypeKind::I8 || kind() == TypeKind::I16; }
  constexpr ValueType unpacked() const { return is_packed() ? ValueType(TypeKind::I32) : *this; }
  constexpr ValueType with_nullable(bool nullable) const { return ref(heap(), nullable); }
  // False for non-null references: a local of such a type must be set before it is read.
  constexpr bool is_defaultable() const { return !is_ref() || is_nullable(); }
  // 8-byte value-stack slots: two for v128, else one.
  constexpr u32 slots() const { return kind() == TypeKind::V128 ? 2 : 1; }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const ValueType&) const = default;

 private:
  u32 bits_;
};

inline constexpr ValueType kI32 = TypeKind::I32, kI64 = TypeKind::I64, kF32 = TypeKind::F32, kF64 = TypeKind::F64,
                           kV128 = TypeKind::V128, kBottom = TypeKind::Bottom;
inline constexpr ValueType kFuncRef = ValueType::ref(AbstractHeap::Func, true);
inline constexpr ValueType kExternRef = ValueType::ref(AbstractHeap::Extern, true);
inline constexpr ValueType kExnRef = ValueType::ref(AbstractHeap::Exn, true);

struct FieldType {
  ValueType storage;
  bool is_mutable = false;
  bool operator==(const FieldType&) const = default;
};

enum class CompositeKind : u8 { Func, Struct, Array };

// A subtype: composite type with its finality and declared supertype (at most one, section 3.1.5).
struct SubType {
  CompositeKind kind = CompositeKind::Func;
  bool is_final = true;
  TypeId supertype = kNoType;
  std::vector<ValueType> params;   // Func
  std::vector<ValueType> results;  // Func
  std::vector<FieldType> fields;   // Struct: all; Array: exactly one
  std::string describe() const;    // "(func (param i32) (result i32))", for people
};

enum class AddressType : u8 { I32, I64 };
constexpr ValueType value_type_of(AddressType a) { return a == AddressType::I64 ? kI64 : kI32; }

struct Limits {
  u64 min = 0;
  u64 max = 0;  // meaningful only if has_max
  bool has_max = false;
  bool is_shared = false;  // threads proposal
  AddressType address = AddressType::I32;
  bool operator==(const Limits&) const = default;
};

struct TableType {
  ValueType element = kFuncRef;
  Limits limits;  // elements
};

struct MemoryType {
  Limits limits;            // pages
  u32 page_size_log2 = 16;  // custom page sizes: 0 or 16
  // Bytes of address space the memory may ever need by its type alone; saturates at 2^64 - 1.
  u64 min_bytes() const;
  u64 max_bytes() const;
};

struct GlobalType {
  ValueType value;
  bool is_mutable = false;
};

struct TagType {
  TypeId type = kNoType;  // a function type; its parameters are the exception's values
};

enum class ExternKind : u8 { Func, Table, Memory, Global, Tag };
const char* extern_kind_name(ExternKind kind);

std::string to_string(HeapType heap);
std::string to_string(ValueType type);  // "i32", "(ref null func)" as "funcref", "(ref $type 7)" as "(ref 7)"

}  // namespace brink
