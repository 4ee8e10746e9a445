// A module put together by hand, for the tests of this folder: index spaces are filled directly and bodies are bytes.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "engine/module/module_info.h"

namespace brink {

class TestModule {
 public:
  TestModule() {
    info.features_allowed = FeatureSet::wasm3();
    info.registry = &registry;
  }

  u32 add_type(SubType type) {
    info.type_ids.push_back(registry.add_group({&type, 1}));
    return static_cast<u32>(info.type_ids.size() - 1);
  }
  u32 add_func_type(std::vector<ValueType> params, std::vector<ValueType> results) {
    SubType type;
    type.params = std::move(params);
    type.results = std::move(results);
    return add_type(std::move(type));
  }
  u32 add_struct(std::vector<FieldType> fields) {
    SubType type;
    type.kind = CompositeKind::Struct;
    type.fields = std::move(fields);
    return add_type(std::move(type));
  }
  u32 add_array(ValueType element, bool is_mutable) {
    SubType type;
    type.kind = CompositeKind::Array;
    type.fields = {{element, is_mutable}};
    return add_type(std::move(type));
  }
  ValueType reference(u32 type_index, bool nullable) const {
    return ValueType::ref(HeapType::concrete(info.type_ids[type_index]), nullable);
  }

  // `body` starts with the local declarations.
  u32 add_function(u32 type_index, const std::vector<u8>& body) {
    info.functions.push_back({info.type_ids[type_index], append(body)});
    return static_cast<u32>(info.functions.size() - 1);
  }
  ByteRange append(const std::vector<u8>& bytes) {
    ByteRange range{static_cast<u32>(bytes_.size()), static_cast<u32>(bytes.size())};
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    info.bytes = bytes_;
    return range;
  }
  void add_memory(AddressType address = AddressType::I32, u32 page_size_log2 = 16) {
    MemoryType type;
    type.limits.min = 1;
    type.limits.address = address;
    type.page_size_log2 = page_size_log2;
    info.memories.push_back(type);
  }
  void add_table(ValueType element, AddressType address = AddressType::I32) {
    TableDecl table;
    table.type.element = element;
    table.type.limits.address = address;
    info.tables.push_back(table);
  }
  void add_global(ValueType type, bool is_mutable) { info.globals.push_back({{type, is_mutable}, {}}); }
  void add_tag(u32 type_index) { info.tags.push_back({info.type_ids[type_index]}); }
  void add_element(ValueType type) {
    ElementSegment segment;
    segment.type = type;
    info.elements.push_back(segment);
  }

  TypeRegistry registry;
  ModuleInfo info;

 private:
  std::vector<u8> bytes_;
};

}  // namespace brink
