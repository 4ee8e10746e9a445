// The type section (sections 5.3.5 to 5.3.8, 5.5.4) and the validity of type definitions (section 3.2).
#include "engine/decode/limits.h"
#include "engine/decode/module_decoder.h"

namespace brink {
namespace {

constexpr u8 kFuncCode = 0x60;
constexpr u8 kStructCode = 0x5F;
constexpr u8 kArrayCode = 0x5E;
constexpr u8 kSubCode = 0x50;
constexpr u8 kSubFinalCode = 0x4F;
constexpr u8 kRecCode = 0x4E;
constexpr u8 kI8Code = 0x78;
constexpr u8 kI16Code = 0x77;

}  // namespace

void ModuleDecoder::decode_type_section() {
  u32 count = read_limited_count("type count", 2, limits::kRecursionGroups);
  m_.type_ids.reserve(count);
  for (u32 i = 0; i < count && r_.ok(); ++i) decode_group();
}

void ModuleDecoder::decode_group() {
  u64 at = r_.offset();
  u32 size = 1;
  if (r_.peek() == kRecCode) {
    r_.read_byte("recursion group");
    if (!require(Feature::Gc, at, "recursion group")) return;
    size = read_limited_count("recursion group size", 2, limits::kTypes);
  }
  if (m_.type_ids.size() + size > limits::kTypes) {
    r_.fail_at(at, ErrorKind::Limit, "more than " + std::to_string(limits::kTypes) + " types");
    return;
  }

  group_size_ = size;
  for (u32 i = 0; i < size && r_.ok(); ++i) group_.push_back(read_sub_type());
  if (r_.ok() && size != 0) {
    TypeId first = registry_.add_group(group_);
    if (first == kNoType) {
      r_.fail_at(at, ErrorKind::Limit, "the engine's type registry is full");
    } else {
      u32 first_index = static_cast<u32>(m_.type_ids.size());
      for (u32 i = 0; i < size; ++i) m_.type_ids.push_back(first + i);
      // After registration, because matching asks for subtyping between the group's own members. The members' ids reach
      // nobody if it fails.
      for (const Declared& declared : group_supertypes_) {
        if (matches_supertype(registry_.get(first + declared.member).type, m_.type_at(declared.supertype).type))
          continue;
        invalid(declared.at, "sub type " + std::to_string(first_index + declared.member) +
                                 " does not match its super type " + std::to_string(declared.supertype));
        break;
      }
    }
  }
  group_.clear();
  group_depths_.clear();
  group_supertypes_.clear();
  group_size_ = 0;
}

SubType ModuleDecoder::read_sub_type() {
  SubType type;
  group_depths_.push_back(0);
  u64 at = r_.offset();
  u8 code = r_.peek();
  if (code == kSubCode || code == kSubFinalCode) {
    r_.read_byte("sub type");
    if (!require(Feature::Gc, at, "sub type")) return type;
    type.is_final = code == kSubFinalCode;
    read_supertypes(type);
  }
  if (r_.ok()) read_composite_type(type);
  return type;
}

void ModuleDecoder::read_supertypes(SubType& type) {
  u32 own_member = static_cast<u32>(group_.size());
  u64 own_index = m_.type_ids.size() + own_member;
  u64 at = r_.offset();
  u32 count = r_.read_count("super type count");
  if (r_.ok() && count > 1) {
    return invalid(at, "sub type " + std::to_string(own_index) + " has " + std::to_string(count) +
                           " super types, at most one is allowed");
  }
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    at = r_.offset();
    u32 index = r_.read_u32("super type");
    if (!r_.ok()) return;
    if (index >= m_.type_ids.size() + group_size_) return invalid(at, "unknown type " + std::to_string(index));
    std::string name = "sub type " + std::to_string(own_index);
    if (index >= own_index) {
      return invalid(at, name + " names super type " + std::to_string(index) + ", which is not declared before it");
    }
    bool in_group = index >= m_.type_ids.size();
    u32 member = in_group ? static_cast<u32>(index - m_.type_ids.size()) : 0;
    const SubType& super = in_group ? group_[member] : m_.type_at(index).type;
    if (super.is_final) return invalid(at, name + " has super type " + std::to_string(index) + ", which is final");
    u32 depth = 1 + (in_group ? group_depths_[member] : m_.type_at(index).depth);
    if (depth > TypeRegistry::kMaxSubtypeDepth) {
      return r_.fail_at(at, ErrorKind::Limit,
                        name + " is nested " + std::to_string(depth) + " super types deep, at most " +
                            std::to_string(TypeRegistry::kMaxSubtypeDepth) + " are supported");
    }
    group_depths_[own_member] = depth;
    type.supertype = in_group ? TypeRegistry::kGroupRelative + member : m_.type_ids[index];
    group_supertypes_.push_back({own_member, index, at});
  }
}

void ModuleDecoder::read_composite_type(SubType& type) {
  u64 at = r_.offset();
  u8 code = r_.read_byte("composite type");
  if (!r_.ok()) return;
  switch (code) {
    case kFuncCode:
      type.kind = CompositeKind::Func;
      read_result_type(type.params, limits::kParameters, "parameter count");
      at = r_.offset();
      read_result_type(type.results, limits::kResults, "result count");
      if (type.results.size() > 1) require(Feature::MultiValue, at, "function type with several results");
      break;
    case kStructCode: {
      type.kind = CompositeKind::Struct;
      if (!require(Feature::Gc, at, "struct type")) return;
      u32 count = read_limited_count("field count", 2, limits::kFields);
      for (u32 i = 0; i < count && r_.ok(); ++i) type.fields.push_back(read_field_type());
      break;
    }
    case kArrayCode:
      type.kind = CompositeKind::Array;
      if (!require(Feature::Gc, at, "array type")) return;
      type.fields.push_back(read_field_type());
      break;
    default: fail_type_code(code, at, "type definition");
  }
}

void ModuleDecoder::read_result_type(std::vector<ValueType>& types, u32 limit, const char* what) {
  u32 count = read_limited_count(what, 1, limit);
  types.reserve(count);
  for (u32 i = 0; i < count && r_.ok(); ++i) types.push_back(read_value_type());
}

FieldType ModuleDecoder::read_field_type() {
  FieldType field;
  u8 code = r_.peek();
  if (code == kI8Code || code == kI16Code) {
    r_.read_byte("storage type");
    field.storage = code == kI8Code ? TypeKind::I8 : TypeKind::I16;
  } else {
    field.storage = read_value_type();
  }
  u64 at = r_.offset();
  u8 mutability = r_.read_byte("mutability");
  if (mutability > 1) malformed(at, "malformed mutability " + hex_byte(mutability));
  field.is_mutable = mutability != 0;
  return field;
}

// Composite type matching (section 3.3.10). Both types are registered, so their references are canonical ids, and
// equivalence is equality.
bool ModuleDecoder::matches_supertype(const SubType& sub, const SubType& super) const {
  if (sub.kind != super.kind) return false;
  if (sub.kind == CompositeKind::Func) {
    if (sub.params.size() != super.params.size() || sub.results.size() != super.results.size()) return false;
    for (size_t i = 0; i < sub.params.size(); ++i) {
      if (!registry_.is_subtype(super.params[i], sub.params[i])) return false;
    }
    for (size_t i = 0; i < sub.results.size(); ++i) {
      if (!registry_.is_subtype(sub.results[i], super.results[i])) return false;
    }
    return true;
  }
  if (sub.fields.size() < super.fields.size()) return false;
  for (size_t i = 0; i < super.fields.size(); ++i) {
    const FieldType& a = sub.fields[i];
    const FieldType& b = super.fields[i];
    if (a.is_mutable != b.is_mutable) return false;
    if (a.is_mutable ? a.storage != b.storage : !registry_.is_subtype(a.storage, b.storage)) return false;
  }
  return true;
}

}  // namespace brink
