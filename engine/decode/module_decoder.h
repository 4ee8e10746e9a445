// The decoder's state while one module is read: the module so far and the reader of the section at hand.
//
// Malformed and invalid are told apart where the bytes stand: the grammar is checked as a construct is read, and the
// rules of validation as soon as what they speak of is known, which the order of the sections makes at once. So the
// first error in the order of the bytes is the one reported.
#pragma once
#include <string>
#include <vector>

#include "engine/base/reader.h"
#include "engine/decode/decoder.h"
#include "engine/module/module_info.h"

namespace brink {

class ModuleDecoder {
 public:
  ModuleDecoder(std::span<const u8> bytes, TypeRegistry& registry, FeatureSet features, const FindBodies& find_bodies);
  Result<ModuleInfo> decode();

 private:
  // decoder.cpp
  void decode_section(u8 id);
  void decode_custom_section();
  void check_complete(Reader& top);

  // type_section.cpp
  void decode_type_section();
  void decode_group();
  SubType read_sub_type();
  void read_supertypes(SubType& type);
  void read_composite_type(SubType& type);
  void read_result_type(std::vector<ValueType>& types, u32 limit, const char* what);
  FieldType read_field_type();
  bool matches_supertype(const SubType& sub, const SubType& super) const;

  // value_types.cpp
  ValueType read_value_type();
  ValueType read_reference_type();
  HeapType read_heap_type();
  HeapType heap_type_at(u32 type_index, u64 at);
  bool read_abstract_heap(u8 code, u64 at, HeapType& heap);
  void fail_type_code(u8 code, u64 at, const char* what);

  // entity_sections.cpp
  void decode_import_section();
  void decode_function_section();
  void decode_table_section();
  void decode_memory_section();
  void decode_tag_section();
  bool require_tags(u64 at, const char* what);
  void decode_global_section();
  void decode_export_section();
  void decode_start_section();
  TypeId read_function_type();
  TableType read_table_type();
  MemoryType read_memory_type();
  GlobalType read_global_type();
  TagType read_tag_type();
  Limits read_limits(bool is_memory, bool& has_page_size);
  void check_limits(const Limits& limits, u64 range, const std::string& message, u64 at);
  bool check_index(ExternKind kind, u32 index, u64 at);

  // segment_sections.cpp
  void decode_element_section();
  void decode_element_segment();
  void decode_data_count_section();
  void decode_data_section();
  void decode_code_section();
  bool take_known_bodies(std::span<const ByteRange> bodies);
  ConstantExpression read_constant_expression(ValueType expected);

  void malformed(u64 at, std::string message) { r_.fail_at(at, ErrorKind::Malformed, std::move(message)); }
  void invalid(u64 at, std::string message) { r_.fail_at(at, ErrorKind::Invalid, std::move(message)); }
  // False, and the error recorded, where the feature is off; `what` names the construct.
  bool require(Feature feature, u64 at, const std::string& what);
  // A count of constructs that take at least `least` bytes each, of which there may be `limit` with the `before` that
  // are there already.
  u32 read_limited_count(const char* what, u32 least, u32 limit, size_t before = 0);
  void declare_function(u32 index) { m_.declared_functions[index] = true; }
  u32 own_function_count() const { return static_cast<u32>(m_.functions.size()) - m_.imported_functions; }

  ModuleInfo m_;
  TypeRegistry& registry_;
  FeatureSet features_;
  const FindBodies& find_bodies_;
  Reader r_;  // of the section at hand; offsets are the module's

  bool has_code_section_ = false;
  bool has_data_section_ = false;

  // The recursion group at hand; empty outside of the type section.
  struct Declared {
    u32 member;
    u32 supertype;  // type index
    u64 at;
  };
  u32 group_size_ = 0;
  std::vector<SubType> group_;
  std::vector<u32> group_depths_;
  std::vector<Declared> group_supertypes_;
};

std::string hex_byte(u8 byte);  // "0x1f"

}  // namespace brink
