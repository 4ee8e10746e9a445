#include "fuzz/generate.h"

#include <string>
#include <vector>

#include "engine/base/byte_writer.h"
#include "fuzz/choices.h"
#include "fuzz/function_body.h"

namespace brink::fuzz {
namespace {

enum SectionId : u8 {
  kTypeSection = 1,
  kImportSection,
  kFunctionSection,
  kTableSection,
  kMemorySection,
  kGlobalSection,
  kExportSection,
  kElementSection = 9,
  kCodeSection,
  kDataSection,
  kDataCountSection,
  kTagSection,
};

void put_section(ByteWriter& out, SectionId id, const ByteWriter& content) {
  out.put(id);
  out.put_u32(static_cast<u32>(content.size()));
  out.put_bytes(content.bytes());
}

void put_name(ByteWriter& out, const std::string& name) { out.put_vector(name); }

void put_types(ByteWriter& out, const std::vector<char>& types) {
  out.put_u32(static_cast<u32>(types.size()));
  for (char type : types) out.put(code_of_type(type));
}

std::vector<char> choose_types(Choices& choices, u32 most) {
  std::vector<char> types(choices.below(most + 1));
  for (char& type : types) type = kTypeLetters[choices.below(kTypeLetters.size())];
  return types;
}

ModuleShape choose_shape(Choices& choices) {
  ModuleShape shape;
  shape.types = {{{'i'}, {'i'}}, {{}, {}}, {{'i', 'd'}, {}}, {{}, {'i', 'd'}}};
  for (u32 count = choices.below(4); count > 0; --count) {
    auto params = choose_types(choices, 5);
    shape.types.push_back({std::move(params), choose_types(choices, 3)});
  }
  shape.functions = {0};  // host.note
  for (u32 count = 1 + choices.below(5); count > 0; --count)
    shape.functions.push_back(choices.below(static_cast<u32>(shape.types.size())));
  // The first memory has 32-bit addresses, most of the time; the second is what needs explicit checks.
  shape.memories.push_back({.is_64bit = choices.one_in(8)});
  if (choices.one_in(3)) shape.memories.push_back({.is_64bit = choices.one_in(2)});
  shape.globals = {'i'};  // fuel
  for (char type : kTypeLetters)
    if (choices.one_in(2) || type == 'i') shape.globals.push_back(type);
  return shape;
}

void put_constant(ByteWriter& out, Choices& choices, char type) {
  switch (type) {
    case 'i': out.put(0x41), out.put_s64(static_cast<i32>(choices.bits(4))); break;
    case 'l': out.put(0x42), out.put_s64(static_cast<i64>(choices.bits(8))); break;
    case 'f': out.put(0x43), out.put_fixed32(static_cast<u32>(choices.bits(4))); break;
    case 'd': out.put(0x44), out.put_fixed64(choices.bits(8)); break;
    case 's':
      out.put(0xFD), out.put_u32(12);
      out.put_fixed64(choices.bits(8)), out.put_fixed64(choices.bits(8));
      break;
    default: out.put(0xD0), out.put(code_of_type(type)); break;
  }
}

}  // namespace

Bytes generate_module(std::span<const u8> bytes) {
  Choices choices(bytes);
  ModuleShape shape = choose_shape(choices);
  auto function_count = static_cast<u32>(shape.functions.size());

  ByteWriter types, imports, functions, tables, memories, tags, globals, exports, elements, code, data;
  types.put_u32(static_cast<u32>(shape.types.size()));
  for (const FunctionShape& type : shape.types) {
    types.put(0x60);
    put_types(types, type.params);
    put_types(types, type.results);
  }
  imports.put_u32(1);
  put_name(imports, "host");
  put_name(imports, "note");
  imports.put(0), imports.put_u32(0);
  functions.put_u32(function_count - 1);
  for (u32 i = 1; i < function_count; ++i) functions.put_u32(shape.functions[i]);

  tables.put_u32(1);
  tables.put(code_of_type('r'));
  tables.put(1), tables.put_u32(kTableSize), tables.put_u32(2 * kTableSize);
  memories.put_u32(static_cast<u32>(shape.memories.size()));
  for (const MemoryShape& memory : shape.memories)
    memories.put(memory.is_64bit ? 5 : 1), memories.put_u32(1), memories.put_u32(3);
  tags.put_u32(1);
  tags.put(0), tags.put_u32(kTagType);
  globals.put_u32(static_cast<u32>(shape.globals.size()));
  for (char type : shape.globals) {
    globals.put(code_of_type(type)), globals.put(1);
    put_constant(globals, choices, type);
    globals.put(0x0B);
  }

  u32 export_count = 0;
  ByteWriter export_list;
  auto add_export = [&](const std::string& name, u8 kind, u32 index) {
    put_name(export_list, name);
    export_list.put(kind), export_list.put_u32(index);
    ++export_count;
  };
  for (u32 i = 1; i < function_count; ++i) add_export("f" + std::to_string(i - 1), 0, i);
  add_export("t0", 1, 0);
  for (u32 i = 0; i < shape.memories.size(); ++i) add_export("m" + std::to_string(i), 2, i);
  add_export("fuel", 3, 0);
  for (u32 i = 1; i < shape.globals.size(); ++i) add_export("g" + std::to_string(i - 1), 3, i);
  exports.put_u32(export_count);
  exports.put_bytes(export_list.bytes());

  // An active segment that leaves the table's last elements null, and a passive one.
  elements.put_u32(2);
  for (u32 kind : {0u, 1u}) {
    elements.put_u32(kind);
    if (kind == 0) elements.put(0x41), elements.put(0), elements.put(0x0B);
    else elements.put(0);
    elements.put_u32(kTableSize - 2);
    for (u32 i = 0; i < kTableSize - 2; ++i) elements.put_u32((i + kind) % function_count);
  }
  data.put_u32(2);
  data.put(0);
  if (shape.memories[0].is_64bit) data.put(0x42);
  else data.put(0x41);
  data.put(8), data.put(0x0B);
  for (u32 part = 0; part < 2; ++part) {
    if (part == 1) data.put(1);
    data.put_u32(kDataSize);
    for (u32 i = 0; i < kDataSize; ++i) data.put(static_cast<u8>(i * 37 + choices.byte()));
  }

  code.put_u32(function_count - 1);
  for (u32 i = 1; i < function_count; ++i) {
    Bytes body = generate_body(shape, shape.types[shape.functions[i]], choices);
    code.put_u32(static_cast<u32>(body.size()));
    code.put_bytes(body);
  }

  ByteWriter module;
  module.put_bytes("\0asm\1\0\0\0", 8);
  put_section(module, kTypeSection, types);
  put_section(module, kImportSection, imports);
  put_section(module, kFunctionSection, functions);
  put_section(module, kTableSection, tables);
  put_section(module, kMemorySection, memories);
  put_section(module, kTagSection, tags);
  put_section(module, kGlobalSection, globals);
  put_section(module, kExportSection, exports);
  put_section(module, kElementSection, elements);
  ByteWriter data_count;
  data_count.put_u32(2);
  put_section(module, kDataCountSection, data_count);
  put_section(module, kCodeSection, code);
  put_section(module, kDataSection, data);
  return module.bytes();
}

}  // namespace brink::fuzz
