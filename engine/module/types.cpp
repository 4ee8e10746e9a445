#include "engine/module/types.h"

#include "engine/module/type_registry.h"

namespace brink {
namespace {

// pages << page_size_log2, or 2^64 - 1 where that does not fit.
u64 pages_to_bytes(u64 pages, u32 page_size_log2) {
  if (pages > ~u64{0} >> page_size_log2) return ~u64{0};
  return pages << page_size_log2;
}

const char* abstract_name(AbstractHeap heap) {
  switch (heap) {
    case AbstractHeap::Func: return "func";
    case AbstractHeap::NoFunc: return "nofunc";
    case AbstractHeap::Extern: return "extern";
    case AbstractHeap::NoExtern: return "noextern";
    case AbstractHeap::Any: return "any";
    case AbstractHeap::Eq: return "eq";
    case AbstractHeap::I31: return "i31";
    case AbstractHeap::Struct: return "struct";
    case AbstractHeap::Array: return "array";
    case AbstractHeap::None: return "none";
    case AbstractHeap::Exn: return "exn";
    case AbstractHeap::NoExn: return "noexn";
    case AbstractHeap::Bottom: return "bottom";
  }
  return "unknown";
}

// The one-word forms of nullable references (text format, section 6.4.3).
const char* nullable_shorthand(AbstractHeap heap) {
  switch (heap) {
    case AbstractHeap::Func: return "funcref";
    case AbstractHeap::NoFunc: return "nullfuncref";
    case AbstractHeap::Extern: return "externref";
    case AbstractHeap::NoExtern: return "nullexternref";
    case AbstractHeap::Any: return "anyref";
    case AbstractHeap::Eq: return "eqref";
    case AbstractHeap::I31: return "i31ref";
    case AbstractHeap::Struct: return "structref";
    case AbstractHeap::Array: return "arrayref";
    case AbstractHeap::None: return "nullref";
    case AbstractHeap::Exn: return "exnref";
    case AbstractHeap::NoExn: return "nullexnref";
    case AbstractHeap::Bottom: return "(ref null bottom)";
  }
  return "unknown";
}

std::string type_id_name(TypeId id) {
  if (id >= TypeRegistry::kGroupRelative) return "rec." + std::to_string(id - TypeRegistry::kGroupRelative);
  return std::to_string(id);
}

std::string describe_field(const FieldType& field) {
  std::string storage = to_string(field.storage);
  return field.is_mutable ? "(mut " + storage + ")" : storage;
}

std::string describe_values(const char* keyword, const std::vector<ValueType>& types) {
  if (types.empty()) return "";
  std::string text = std::string(" (") + keyword;
  for (ValueType type : types) text += " " + to_string(type);
  return text + ")";
}

}  // namespace

Feature feature_of(AbstractHeap heap) {
  switch (heap) {
    case AbstractHeap::Func: return Feature::Mvp;
    case AbstractHeap::Extern: return Feature::ReferenceTypes;
    case AbstractHeap::Exn:
    case AbstractHeap::NoExn: return Feature::Exceptions;
    case AbstractHeap::Bottom: return Feature::Mvp;
    default: return Feature::Gc;
  }
}

u64 MemoryType::min_bytes() const { return pages_to_bytes(limits.min, page_size_log2); }

u64 MemoryType::max_bytes() const {
  // A size in pages is a value of the address type: 2^32 pages of a byte are one too many.
  u64 by_address32 = page_size_log2 == 0 ? 0xFFFF'FFFF : u64{1} << 32;
  u64 by_address = limits.address == AddressType::I64 ? ~u64{0} : by_address32;
  if (!limits.has_max) return by_address;
  u64 by_limit = pages_to_bytes(limits.max, page_size_log2);
  return by_limit < by_address ? by_limit : by_address;
}

const char* extern_kind_name(ExternKind kind) {
  switch (kind) {
    case ExternKind::Func: return "func";
    case ExternKind::Table: return "table";
    case ExternKind::Memory: return "memory";
    case ExternKind::Global: return "global";
    case ExternKind::Tag: return "tag";
  }
  return "unknown";
}

std::string to_string(HeapType heap) {
  return heap.is_concrete() ? type_id_name(heap.type_id()) : abstract_name(heap.abstract());
}

std::string to_string(ValueType type) {
  switch (type.kind()) {
    case TypeKind::I32: return "i32";
    case TypeKind::I64: return "i64";
    case TypeKind::F32: return "f32";
    case TypeKind::F64: return "f64";
    case TypeKind::V128: return "v128";
    case TypeKind::I8: return "i8";
    case TypeKind::I16: return "i16";
    case TypeKind::Bottom: return "bottom";
    case TypeKind::Ref: break;
  }
  if (!type.is_nullable()) return "(ref " + to_string(type.heap()) + ")";
  if (type.heap().is_concrete()) return "(ref null " + to_string(type.heap()) + ")";
  return nullable_shorthand(type.heap().abstract());
}

std::string SubType::describe() const {
  std::string text;
  switch (kind) {
    case CompositeKind::Func:
      text = "(func" + describe_values("param", params) + describe_values("result", results) + ")";
      break;
    case CompositeKind::Struct:
      text = "(struct";
      for (const FieldType& field : fields) text += " (field " + describe_field(field) + ")";
      text += ")";
      break;
    case CompositeKind::Array: text = "(array " + (fields.empty() ? "" : describe_field(fields[0])) + ")"; break;
  }
  if (is_final && supertype == kNoType) return text;
  std::string head = is_final ? "(sub final " : "(sub ";
  if (supertype != kNoType) head += type_id_name(supertype) + " ";
  return head + text + ")";
}

}  // namespace brink
