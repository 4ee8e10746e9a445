// Types and values in the binary format, as a module's own declarations write them.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/byte_writer.h"
#include "engine/runtime/objects.h"

namespace brink::snapshot {

// Of one instance. What cannot be written is an error that completes "holds …", e.g. "a reference of the host's".
class ValueWriter {
 public:
  explicit ValueWriter(const runtime::Instance& instance);

  void put_type(ByteWriter& out, ValueType type) const;
  // A constant expression with its `end` that gives this value.
  std::expected<void, std::string> put_value(ByteWriter& out, ValueType type, const u64 bits[2]) const;
  // Whether put_value could.
  std::expected<void, std::string> check_value(ValueType type, const u64 bits[2]) const;
  // The module's index of a function that a reference of a type points to; nothing for functions of others.
  std::optional<u32> function_index(ValueType type, u64 reference) const;
  // A constant address or index.
  static void put_offset(ByteWriter& out, AddressType address, u64 offset);

 private:
  void put_heap_type(ByteWriter& out, HeapType heap) const;
  std::expected<void, std::string> put_reference(ByteWriter& out, ValueType type, u64 reference) const;
  bool is_function_type(HeapType heap) const;

  const runtime::Instance& instance_;
  const ModuleInfo& info_;
  std::unordered_map<TypeId, u32> type_indices_;
  std::unordered_multimap<const runtime::Function*, u32> imported_;
};

}  // namespace brink::snapshot
