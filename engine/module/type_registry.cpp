#include "engine/module/type_registry.h"

namespace brink {
namespace {

void append_u32(std::string& key, u32 value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); }

// The canonical form as bytes. References inside the group are relative already, all others are canonical ids, so equal
// bytes mean equal groups.
std::string serialise(std::span<const SubType> group) {
  std::string key;
  for (const SubType& type : group) {
    append_u32(key, static_cast<u32>(type.kind) | (type.is_final ? 0x100u : 0u));
    append_u32(key, type.supertype);
    append_u32(key, static_cast<u32>(type.params.size()));
    for (ValueType param : type.params) append_u32(key, param.bits());
    append_u32(key, static_cast<u32>(type.results.size()));
    for (ValueType result : type.results) append_u32(key, result.bits());
    append_u32(key, static_cast<u32>(type.fields.size()));
    for (const FieldType& field : type.fields) {
      append_u32(key, field.storage.bits());
      append_u32(key, field.is_mutable);
    }
  }
  return key;
}

TypeId absolute(TypeId id, TypeId first) {
  bool is_relative = id != kNoType && id >= TypeRegistry::kGroupRelative;
  return is_relative ? first + (id - TypeRegistry::kGroupRelative) : id;
}

ValueType absolute(ValueType type, TypeId first) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return ValueType::ref(HeapType::concrete(absolute(type.heap().type_id(), first)), type.is_nullable());
}

u32 count_slots(const std::vector<ValueType>& types) {
  u32 slots = 0;
  for (ValueType type : types) slots += type.slots();
  return slots;
}

bool is_abstract_subtype(AbstractHeap sub, AbstractHeap super) {
  using enum AbstractHeap;
  if (sub == super || sub == Bottom) return true;
  switch (super) {
    case Func: return sub == NoFunc;
    case Extern: return sub == NoExtern;
    case Exn: return sub == NoExn;
    case Any: return sub == Eq || sub == I31 || sub == Struct || sub == Array || sub == None;
    case Eq: return sub == I31 || sub == Struct || sub == Array || sub == None;
    case I31:
    case Struct:
    case Array: return sub == None;
    default: return false;
  }
}

AbstractHeap abstract_of(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::Func: return AbstractHeap::Func;
    case CompositeKind::Struct: return AbstractHeap::Struct;
    case CompositeKind::Array: break;
  }
  return AbstractHeap::Array;
}

}  // namespace

TypeRegistry::TypeRegistry() = default;

TypeRegistry::~TypeRegistry() {
  for (TypeId id = 0; id < size_; ++id) const_cast<RegisteredType&>(get(id)).~RegisteredType();
  for (u32 i = 0; i < kChunks; ++i)
    std::allocator<RegisteredType>().deallocate(chunks_[i].load(std::memory_order_relaxed), kFirstChunk << i);
}

TypeId TypeRegistry::add_group(std::span<const SubType> group) {
  std::string key = serialise(group);
  std::lock_guard lock(mutex_);
  if (auto found = groups_.find(key); found != groups_.end()) return found->second;
  if (group.size() > kMaxRegistered - size_) return kNoType;
  TypeId first = size_;
  for (const SubType& type : group) {
    TypeId id = size_;
    Place place = place_of(id);
    RegisteredType* chunk = chunks_[place.chunk].load(std::memory_order_relaxed);
    if (!chunk) {
      // Bare: an engine has a handful of types, and a page is better not touched.
      chunk = std::allocator<RegisteredType>().allocate(kFirstChunk << place.chunk);
      chunks_[place.chunk].store(chunk, std::memory_order_release);
    }
    RegisteredType& entry = *std::construct_at(chunk + place.index);
    entry.type = type;
    entry.id = id;
    entry.type.supertype = absolute(type.supertype, first);
    for (ValueType& param : entry.type.params) param = absolute(param, first);
    for (ValueType& result : entry.type.results) result = absolute(result, first);
    for (FieldType& field : entry.type.fields) field.storage = absolute(field.storage, first);
    if (entry.type.supertype != kNoType) {
      const RegisteredType& super = get(entry.type.supertype);
      entry.depth = super.depth + 1;
      entry.display.reserve(entry.depth + 1);
      entry.display = super.display;
    }
    entry.display.push_back(id);
    entry.supers = entry.display.data();
    entry.param_slots = count_slots(type.params);
    entry.result_slots = count_slots(type.results);
    ++size_;
  }
  // Fields may refer to any member of the group, so layouts come when all are here.
  for (TypeId id = first; id < size_; ++id) lay_out(const_cast<RegisteredType&>(get(id)));
  groups_.emplace(std::move(key), first);
  return first;
}

void TypeRegistry::lay_out(RegisteredType& entry) const {
  ObjectLayout& layout = entry.layout;
  if (entry.type.kind == CompositeKind::Array) {
    ValueType element = entry.type.fields[0].storage;
    layout.element_bytes = storage_bytes(element);
    layout.elements_are_traced = is_traced(element);
  }
  if (entry.type.kind != CompositeKind::Struct) return;
  u32 offset = kObjectHeaderBytes;
  for (const FieldType& field : entry.type.fields) {
    u32 bytes = storage_bytes(field.storage);
    u32 alignment = bytes < 8 ? bytes : 8;
    offset = (offset + alignment - 1) & ~(alignment - 1);
    layout.field_offsets.push_back(offset);
    if (is_traced(field.storage)) layout.reference_offsets.push_back(offset);
    offset += bytes;
    layout.value_slots += field.storage.slots();
  }
  layout.struct_bytes = offset;
  layout.fields_are_slots = offset == kObjectHeaderBytes + 8 * layout.value_slots;
}

bool TypeRegistry::is_traced(ValueType type) const {
  if (!type.is_ref()) return false;
  HeapType heap = type.heap();
  if (heap.is_concrete()) return get(heap.type_id()).type.kind != CompositeKind::Func;
  return !heap.is(AbstractHeap::Func) && !heap.is(AbstractHeap::NoFunc);
}

TypeId TypeRegistry::func_type(std::span<const ValueType> params, std::span<const ValueType> results) {
  SubType type;
  type.params.assign(params.begin(), params.end());
  type.results.assign(results.begin(), results.end());
  return add_group({&type, 1});
}

bool TypeRegistry::is_subtype(HeapType sub, HeapType super) const {
  if (sub == super || sub.is(AbstractHeap::Bottom)) return true;
  if (sub.is_concrete()) {
    if (super.is_concrete()) return is_subtype(sub.type_id(), super.type_id());
    return is_abstract_subtype(abstract_of(get(sub.type_id()).type.kind), super.abstract());
  }
  if (!super.is_concrete()) return is_abstract_subtype(sub.abstract(), super.abstract());
  bool is_func = get(super.type_id()).type.kind == CompositeKind::Func;
  return sub.is(is_func ? AbstractHeap::NoFunc : AbstractHeap::None);
}

}  // namespace brink
