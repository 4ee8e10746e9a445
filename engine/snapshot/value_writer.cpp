#include "engine/snapshot/value_writer.h"

#include "engine/gc/object.h"

namespace brink::snapshot {
namespace {

enum Code : u8 {
  kEnd = 0x0B,
  kI32Const = 0x41,
  kI64Const = 0x42,
  kF32Const = 0x43,
  kF64Const = 0x44,
  kRefNull = 0xD0,
  kRefFunc = 0xD2,
  kGcPrefix = 0xFB,
  kVectorPrefix = 0xFD,
  kRefNullType = 0x63,
  kRefType = 0x64,
};
constexpr u32 kExternConvertAny = 0x1B, kRefI31 = 0x1C;  // behind kGcPrefix
constexpr u32 kV128Const = 0x0C;                         // behind kVectorPrefix

u8 abstract_heap_code(AbstractHeap heap) {
  switch (heap) {
    case AbstractHeap::Func: return 0x70;
    case AbstractHeap::NoFunc: return 0x73;
    case AbstractHeap::Extern: return 0x6F;
    case AbstractHeap::NoExtern: return 0x72;
    case AbstractHeap::Any: return 0x6E;
    case AbstractHeap::Eq: return 0x6D;
    case AbstractHeap::I31: return 0x6C;
    case AbstractHeap::Struct: return 0x6B;
    case AbstractHeap::Array: return 0x6A;
    case AbstractHeap::None: return 0x71;
    case AbstractHeap::Exn: return 0x69;
    case AbstractHeap::NoExn: return 0x74;
    case AbstractHeap::Bottom: break;  // the type of no value
  }
  return 0;
}

bool is_extern(HeapType heap) { return heap.is(AbstractHeap::Extern) || heap.is(AbstractHeap::NoExtern); }
bool is_exception(HeapType heap) { return heap.is(AbstractHeap::Exn) || heap.is(AbstractHeap::NoExn); }

}  // namespace

ValueWriter::ValueWriter(const runtime::Instance& instance) : instance_(instance), info_(instance.module->info) {
  for (u32 i = 0; i < info_.type_ids.size(); ++i) type_indices_.try_emplace(info_.type_ids[i], i);
  for (u32 i = 0; i < info_.imported_functions; ++i) imported_.emplace(instance.imports[i], i);
}

void ValueWriter::put_heap_type(ByteWriter& out, HeapType heap) const {
  if (heap.is_concrete()) out.put_s64(type_indices_.at(heap.type_id()));
  else out.put(abstract_heap_code(heap.abstract()));
}

void ValueWriter::put_type(ByteWriter& out, ValueType type) const {
  switch (type.kind()) {
    case TypeKind::I32: return out.put(0x7F);
    case TypeKind::I64: return out.put(0x7E);
    case TypeKind::F32: return out.put(0x7D);
    case TypeKind::F64: return out.put(0x7C);
    case TypeKind::V128: return out.put(0x7B);
    default: break;
  }
  // The short form where there is one: it is the only one that older engines know.
  if (!type.is_nullable()) out.put(kRefType);
  else if (type.heap().is_concrete()) out.put(kRefNullType);
  put_heap_type(out, type.heap());
}

void ValueWriter::put_offset(ByteWriter& out, AddressType address, u64 offset) {
  bool is_64 = address == AddressType::I64;
  out.put(is_64 ? kI64Const : kI32Const);
  out.put_s64(is_64 ? static_cast<i64>(offset) : static_cast<i32>(static_cast<u32>(offset)));
  out.put(kEnd);
}

std::expected<void, std::string> ValueWriter::put_value(ByteWriter& out, ValueType type, const u64 bits[2]) const {
  switch (type.kind()) {
    case TypeKind::I32:
      out.put(kI32Const);
      out.put_s64(static_cast<i32>(static_cast<u32>(bits[0])));
      break;
    case TypeKind::I64:
      out.put(kI64Const);
      out.put_s64(static_cast<i64>(bits[0]));
      break;
    case TypeKind::F32:
      out.put(kF32Const);
      out.put_fixed32(static_cast<u32>(bits[0]));
      break;
    case TypeKind::F64:
      out.put(kF64Const);
      out.put_fixed64(bits[0]);
      break;
    case TypeKind::V128:
      out.put(kVectorPrefix);
      out.put_u32(kV128Const);
      out.put_fixed64(bits[0]);
      out.put_fixed64(bits[1]);
      break;
    default:
      if (auto put = put_reference(out, type, bits[0]); !put) return put;
  }
  out.put(kEnd);
  return {};
}

std::expected<void, std::string> ValueWriter::check_value(ValueType type, const u64 bits[2]) const {
  ByteWriter scratch;
  return put_value(scratch, type, bits);
}

bool ValueWriter::is_function_type(HeapType heap) const {
  if (heap.is_concrete()) return info_.registry->get(heap.type_id()).type.kind == CompositeKind::Func;
  return heap.is(AbstractHeap::Func) || heap.is(AbstractHeap::NoFunc);
}

std::optional<u32> ValueWriter::function_index(ValueType type, u64 reference) const {
  const auto* function = reinterpret_cast<const runtime::Function*>(reference);
  if (function->instance == &instance_) return function->index;
  // An import may be declared with a supertype of what it is.
  auto [first, last] = imported_.equal_range(function);
  for (; first != last; ++first) {
    ValueType declared = ValueType::ref(HeapType::concrete(info_.functions[first->second].type), false);
    if (info_.registry->is_subtype(declared, type)) return first->second;
  }
  return std::nullopt;
}

std::expected<void, std::string> ValueWriter::put_reference(ByteWriter& out, ValueType type, u64 reference) const {
  HeapType heap = type.heap();
  if (reference == 0) {
    out.put(kRefNull);
    put_heap_type(out, heap);
    return {};
  }
  if (is_function_type(heap)) {
    std::optional<u32> index = function_index(type, reference);
    if (!index) return std::unexpected("a function that is neither the module's own nor imported by it");
    out.put(kRefFunc);
    out.put_u32(*index);
    return {};
  }
  if (is_exception(heap)) return std::unexpected("an exception");
  if (!gc::is_i31(reference)) {
    bool is_hosts = gc::object_of(reference)->type == &gc::kExternType;
    return std::unexpected(is_hosts ? "a reference of the host's" : "a reference to an object on the GC heap");
  }
  out.put(kI32Const);
  out.put_s64(static_cast<i32>(gc::i31_signed(reference)));
  out.put(kGcPrefix);
  out.put_u32(kRefI31);
  if (is_extern(heap)) {
    out.put(kGcPrefix);
    out.put_u32(kExternConvertAny);
  }
  return {};
}

}  // namespace brink::snapshot
