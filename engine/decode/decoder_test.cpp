// Header, sections and their order, entities. Segments and bodies are in segment_sections_test.cpp, types in
// type_section_test.cpp, hostile inputs in hostile_test.cpp.
#include "engine/decode/decoder.h"

#include <gtest/gtest.h>

#include "engine/decode/test_modules.h"

namespace brink {
namespace {

using namespace test;

TEST(Header, IsChecked) {
  EXPECT_ACCEPTED(module({}));
  EXPECT_REFUSED((Bytes{}), "malformed: unexpected end");
  EXPECT_REFUSED((Bytes{0x01}), "malformed: unexpected end");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's'}), "malformed: unexpected end");
  EXPECT_REFUSED((Bytes{'a', 's', 'm', 0x00}), "malformed: magic header not detected");
  EXPECT_REFUSED((Bytes{0x00, 'A', 'S', 'M', 0x01, 0x00, 0x00, 0x00}), "malformed: magic header not detected");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's', 'm'}), "malformed: unexpected end");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's', 'm', 0x01, 0x00, 0x00}), "malformed: unexpected end");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's', 'm', 0x00, 0x00, 0x00, 0x00}), "malformed: unknown binary version 0");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's', 'm', 0x0D, 0x00, 0x00, 0x00}), "malformed: unknown binary version 13");
  EXPECT_REFUSED((Bytes{0x00, 'a', 's', 'm', 0x00, 0x00, 0x01, 0x00}), "malformed: unknown binary version 65536");
}

TEST(Header, NamesTheComponentModel) {
  std::string text = refusal({0x00, 'a', 's', 'm', 0x0D, 0x00, 0x01, 0x00});
  EXPECT_EQ(text.substr(0, 37), "unsupported: unknown binary version: ");
  EXPECT_NE(text.find("component model"), text.npos);
}

TEST(Header, MagicIsRecognised) {
  EXPECT_TRUE(has_binary_magic(Bytes{0x00, 'a', 's', 'm'}));
  EXPECT_FALSE(has_binary_magic(Bytes{0x00, 'a', 's'}));
  EXPECT_FALSE(has_binary_magic(Bytes{'(', 'm', 'o', 'd'}));
}

TEST(Sections, IdsAndSizesAreChecked) {
  EXPECT_REFUSED(module({{0x0E, 0x01, 0x00}}), "malformed: malformed section id 14");
  EXPECT_REFUSED(module({{0x80, 0x01, 0x00, 0x01, 0x01, 0x00}}), "malformed: malformed section id 128");
  EXPECT_REFUSED(module({{0x00}}), "malformed: unexpected end");
  EXPECT_REFUSED(module({{0x00, 0x00}}), "malformed: unexpected end");
  EXPECT_REFUSED(module({{0x01, 0x07, 0x02, 0x60, 0x00, 0x00}}), "malformed: length out of bounds");
  EXPECT_REFUSED(module({module({})}), "malformed: length out of bounds");
  EXPECT_REFUSED(module({{0x00, 0x83, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01, '1', '2'}}),
                 "malformed: integer representation too long");
  EXPECT_REFUSED(module({{0x00, 0x83, 0x80, 0x80, 0x80, 0x10, 0x01, '1', '2'}}), "malformed: integer too large");
  EXPECT_REFUSED(module({section(1, {0x01, 0x60, 0x00, 0x00, 0x60, 0x00, 0x00})}), "malformed: section size mismatch");
  EXPECT_REFUSED(module({section(1, {0x02, 0x60, 0x00, 0x00})}), "malformed: unexpected end");
}

TEST(Sections, StandInOrderAndOnce) {
  const u8 kOrder[] = {1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11};
  auto empty = [](u8 id) { return section(id, {0x00}); };
  Bytes all = module({});
  for (u8 id : kOrder) all = all + empty(id);
  EXPECT_ACCEPTED(all);
  for (size_t i = 0; i < std::size(kOrder); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      EXPECT_REFUSED(module({empty(kOrder[i]), empty(kOrder[j])}), "malformed: unexpected content after last section");
    }
  }
  EXPECT_REFUSED(module({kType, kFunction, section(8, {0x00}), section(8, {0x00}), kCode}),
                 "malformed: unexpected content after last section");
  EXPECT_REFUSED(module({kType, kFunction, section(8, {0x00}), section(7, {0x00}), kCode}),
                 "malformed: unexpected content after last section");
}

TEST(Sections, AreListedWithTheCustomOnes) {
  Decoded m(module({custom("before", {1, 2, 3}), kType, custom("", {}), custom("before", {4})}));
  ASSERT_TRUE(m.result);
  ASSERT_EQ(m->sections.size(), 4u);
  EXPECT_EQ(m->sections[0].name, "before");
  EXPECT_EQ(m->sections[0].payload.offset, 17u);  // header 8, id, size, length of the name, the name's 6 bytes
  EXPECT_EQ(m->sections[0].payload.size, 3u);
  EXPECT_EQ(m->sections[1].id, 1);
  EXPECT_EQ(m->sections[1].name, "type");
  EXPECT_EQ(m->sections[1].payload.size, 4u);
  EXPECT_EQ(m->sections[2].name, "");
  EXPECT_EQ(m->sections[3].payload.size, 1u);
}

TEST(Sections, CustomNamesAreUtf8) {
  EXPECT_REFUSED(module({section(0, {0x01, 0x80})}), "malformed: malformed UTF-8 encoding");
  EXPECT_REFUSED(module({section(0, {0x02, 'a'})}), "malformed: unexpected end");
}

TEST(Imports, OfEveryKind) {
  Decoded m(
      module({section(1, {0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7F, 0x00}),
              section(2, Bytes{0x06} + text("m") + text("f") + Bytes{0x00, 0x01} +  //
                             text("m") + text("t") + Bytes{0x01, 0x6F, 0x01, 0x02, 0x03} + text("m") + text("mem") +
                             Bytes{0x02, 0x00, 0x01} + text("m") + text("g") + Bytes{0x03, 0x7E, 0x01} + text("m") +
                             text("e") + Bytes{0x04, 0x00, 0x01} + text("n") + text("f2") + Bytes{0x00, 0x00})}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->imports.size(), 6u);
  EXPECT_EQ(m->imports[0].module, "m");
  EXPECT_EQ(m->imports[0].name, "f");
  EXPECT_EQ(m->imports[5].kind, ExternKind::Func);
  EXPECT_EQ(m->imports[5].index, 1u);
  EXPECT_EQ(m->imported_functions, 2u);
  EXPECT_EQ(m->function_type(0).type.params.size(), 1u);
  EXPECT_EQ(m->functions[1].type, m->type_ids[0]);
  ASSERT_EQ(m->imported_tables, 1u);
  EXPECT_EQ(m->tables[0].type.element, kExternRef);
  EXPECT_EQ(m->tables[0].type.limits, (Limits{2, 3, true, false, AddressType::I32}));
  ASSERT_EQ(m->imported_memories, 1u);
  EXPECT_EQ(m->memories[0].limits, (Limits{1, 0, false, false, AddressType::I32}));
  ASSERT_EQ(m->imported_globals, 1u);
  EXPECT_EQ(m->globals[0].type.value, kI64);
  EXPECT_TRUE(m->globals[0].type.is_mutable);
  ASSERT_EQ(m->imported_tags, 1u);
  EXPECT_EQ(m->tags[0].type, m->type_ids[1]);
  EXPECT_EQ(m->declared_functions, (std::vector<bool>{false, false}));
}

TEST(Imports, AreChecked) {
  auto import = [](const Bytes& descriptor) {
    return module({kType, section(2, Bytes{0x01, 0x00, 0x00} + descriptor)});
  };
  EXPECT_ACCEPTED(import({0x00, 0x00}));
  EXPECT_REFUSED(import({0x05}), "malformed: malformed import kind 0x05");
  EXPECT_REFUSED(import({0x80, 0x00}), "malformed: malformed import kind 0x80");
  EXPECT_REFUSED(import({0x20, 0x00}), "unsupported: malformed import kind 0x20: it needs the custom-descriptors");
  EXPECT_REFUSED(import({0x00, 0x01}), "invalid: unknown type 1");
  EXPECT_REFUSED(import({0x00, 0x80, 0x80, 0x80, 0x80, 0x10}), "malformed: integer too large");
  EXPECT_REFUSED(import({0x03, 0x7F, 0x02}), "malformed: malformed mutability");
  EXPECT_REFUSED(import({0x03, 0x60, 0x00}), "malformed: malformed value type");
  EXPECT_REFUSED(import({0x02, 0x00, 0x81, 0x80, 0x04}), "invalid: memory size must be at most 65536 pages");
  EXPECT_REFUSED(import({0x04, 0x01, 0x00}), "malformed: malformed tag attribute");
  EXPECT_REFUSED(module({section(2, {0x01, 0x01, 0xFF, 0x00, 0x00, 0x00})}), "malformed: malformed UTF-8 encoding");
  EXPECT_REFUSED(module({section(2, {0x02, 0x00, 0x00, 0x03, 0x7F, 0x00})}), "malformed: unexpected end");
}

TEST(Functions, AndBodiesAgree) {
  EXPECT_ACCEPTED(module({section(3, {0x00})}));
  EXPECT_ACCEPTED(module({section(10, {0x00})}));
  EXPECT_REFUSED(module({kType, kFunction}), "malformed: function and code section have inconsistent lengths");
  EXPECT_REFUSED(module({kCode}), "malformed: function and code section have inconsistent lengths");
  EXPECT_REFUSED(module({kType, section(3, {0x02, 0x00, 0x00}), kCode}),
                 "malformed: function and code section have inconsistent lengths");
  EXPECT_REFUSED(module({kFunction, kCode}), "invalid: unknown type 0");
  EXPECT_REFUSED(module({section(1, {0x01, 0x5F, 0x00}), kFunction, kCode}), "invalid: non-function type 0");
}

TEST(Functions, AreDelimited) {
  Decoded m(
      module({kType, section(2, Bytes{0x01} + text("a") + text("b") + Bytes{0x00, 0x00}),
              section(3, {0x02, 0x00, 0x00}), section(10, {0x02, 0x02, 0x00, 0x0B, 0x83, 0x00, 0x00, 0x01, 0x0B})}));
  ASSERT_TRUE(m.result);
  ASSERT_EQ(m->functions.size(), 3u);
  EXPECT_EQ(m->functions[0].body.size, 0u);
  const ByteRange &first = m->functions[1].body, &second = m->functions[2].body;
  EXPECT_EQ(first.size, 2u);
  EXPECT_EQ(m.bytes[first.offset + 1], 0x0B);
  EXPECT_EQ(second.size, 3u);
  EXPECT_EQ(second.end(), m.bytes.size());
  EXPECT_EQ(m->code_section.size, 9u);
}

TEST(Functions, BodiesAreNotLookedInto) {
  EXPECT_ACCEPTED(module({kType, kFunction, section(10, {0x01, 0x02, 0xFF, 0xFF})}));
}

TEST(Tables, AreDecoded) {
  Decoded m(module({kType, kFunction,
                    section(4, {0x03,                                                    //
                                0x70, 0x01, 0x05, 0x0A,                                  // 5..10 funcref
                                0x63, 0x00, 0x04, 0x07,                                  // i64 7.. (ref null 0)
                                0x40, 0x00, 0x64, 0x70, 0x00, 0x01, 0xD2, 0x00, 0x0B}),  // (ref func), ref.func 0
                    kCode}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->tables.size(), 3u);
  EXPECT_EQ(m->tables[0].type.element, kFuncRef);
  EXPECT_EQ(m->tables[0].type.limits, (Limits{5, 10, true, false, AddressType::I32}));
  EXPECT_FALSE(m->tables[0].initial);
  EXPECT_EQ(m->tables[1].type.element, ValueType::ref(HeapType::concrete(m->type_ids[0]), true));
  EXPECT_EQ(m->tables[1].type.limits, (Limits{7, 0, false, false, AddressType::I64}));
  EXPECT_EQ(m->tables[2].type.element, ValueType::ref(AbstractHeap::Func, false));
  ASSERT_TRUE(m->tables[2].initial);
  EXPECT_EQ(m->tables[2].initial->bytes.size, 3u);
  EXPECT_EQ(m.bytes[m->tables[2].initial->bytes.offset], 0xD2);
  EXPECT_EQ(m->declared_functions, std::vector<bool>{true});
}

TEST(Tables, AreChecked) {
  auto table = [](const Bytes& type) { return module({section(4, Bytes{0x01} + type)}); };
  EXPECT_REFUSED(table({}), "malformed: unexpected end");
  EXPECT_REFUSED(table({0x7F, 0x00, 0x00}), "malformed: malformed reference type 0x7f");
  EXPECT_REFUSED(table({0x70, 0x08}), "malformed: malformed limits flags");
  EXPECT_REFUSED(table({0x70, 0x03, 0x01, 0x01}), "malformed: malformed limits flags");
  EXPECT_REFUSED(table({0x70, 0x81, 0x00, 0x00, 0x00}), "malformed: malformed limits flags");
  EXPECT_REFUSED(table({0x70, 0x01, 0x01, 0x00}), "invalid: size minimum must not be greater than maximum");
  EXPECT_REFUSED(table({0x70, 0x00, 0x80, 0x80, 0x80, 0x80, 0x10}), "invalid: table size must be at most 4294967295");
  EXPECT_REFUSED(table({0x70, 0x01, 0x00, 0x80, 0x80, 0x80, 0x80, 0x10}), "invalid: table size must be at most");
  EXPECT_ACCEPTED(table({0x70, 0x01, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}));
  EXPECT_ACCEPTED(table({0x70, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}));
  EXPECT_REFUSED(table({0x64, 0x70, 0x00, 0x00}), "invalid: type mismatch");
  EXPECT_REFUSED(table({0x63, 0x00, 0x00, 0x00}), "invalid: unknown type 0");
  EXPECT_REFUSED(table({0x40, 0x01, 0x70, 0x00, 0x00}), "malformed: malformed table");
  EXPECT_REFUSED(table({0x40, 0x00, 0x70, 0x00, 0x00, 0x41, 0x00, 0x0B}), "invalid: type mismatch");
  // An imported table needs no initialiser.
  EXPECT_ACCEPTED(module({section(2, {0x01, 0x00, 0x00, 0x01, 0x64, 0x70, 0x00, 0x00})}));
}

TEST(Tables, InitialisersSeeImportedGlobalsOnly) {
  Bytes imported = section(2, {0x01, 0x00, 0x00, 0x03, 0x70, 0x00});
  Bytes table = section(4, {0x01, 0x40, 0x00, 0x70, 0x00, 0x00, 0x23, 0x00, 0x0B});
  EXPECT_ACCEPTED(module({imported, table}));
  EXPECT_REFUSED(module({table, section(6, {0x01, 0x70, 0x00, 0xD0, 0x70, 0x0B})}), "invalid: unknown global 0");
}

TEST(Memories, AreDecoded) {
  Decoded m(module({section(5, {0x04,                                            //
                                0x00, 0x82, 0x00,                                //
                                0x01, 0x00, 0x80, 0x80, 0x04,                    // 0..65536
                                0x04, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40,  // i64 2^48..
                                0x05, 0x01, 0x02})}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->memories.size(), 4u);
  EXPECT_EQ(m->memories[0].limits, (Limits{2, 0, false, false, AddressType::I32}));
  EXPECT_EQ(m->memories[1].limits, (Limits{0, 65536, true, false, AddressType::I32}));
  EXPECT_EQ(m->memories[2].limits, (Limits{u64{1} << 48, 0, false, false, AddressType::I64}));
  EXPECT_EQ(m->memories[3].limits, (Limits{1, 2, true, false, AddressType::I64}));
  EXPECT_EQ(m->memories[3].page_size_log2, 16u);
}

TEST(Memories, AreChecked) {
  auto memory = [](const Bytes& type) { return module({section(5, Bytes{0x01} + type)}); };
  EXPECT_REFUSED(memory({}), "malformed: unexpected end");
  EXPECT_REFUSED(memory({0x10}), "malformed: malformed limits flags 0x10");
  EXPECT_REFUSED(memory({0x81, 0x00, 0x00, 0x00}), "malformed: malformed limits flags 0x81");
  EXPECT_REFUSED(memory({0x01, 0x01, 0x00}), "invalid: size minimum must not be greater than maximum");
  EXPECT_REFUSED(memory({0x00, 0x81, 0x80, 0x04}), "invalid: memory size must be at most 65536 pages");
  EXPECT_REFUSED(memory({0x01, 0x00, 0x81, 0x80, 0x04}), "invalid: memory size must be at most 65536 pages");
  EXPECT_REFUSED(memory({0x04, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}), "invalid: memory size must be at most");
  EXPECT_REFUSED(memory({0x00, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}),
                 "malformed: integer representation too long");
  EXPECT_REFUSED(memory({0x00, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}),
                 "malformed: integer too large");
}

TEST(Memories, SharedOnesAreAProposal) {
  Bytes shared = module({section(5, {0x01, 0x03, 0x01, 0x02})});
  EXPECT_REFUSED(shared, "malformed: malformed limits flags 0x03: shared memory (threads proposal) is not enabled");
  FeatureSet features = FeatureSet::wasm3();
  features.add(Feature::Threads);
  Decoded m(shared, features);
  ASSERT_TRUE(m.result);
  EXPECT_TRUE(m->memories[0].limits.is_shared);
  EXPECT_EQ(refusal(module({section(5, {0x01, 0x02, 0x01})}), features), "invalid: shared memory must have maximum");
}

TEST(Memories, CustomPageSizesAreAProposal) {
  Bytes bytes = module({section(5, {0x01, 0x08, 0x07, 0x00})});
  EXPECT_REFUSED(bytes, "malformed: malformed limits flags 0x08: custom page size (custom-page-sizes proposal)");
  FeatureSet features = FeatureSet::wasm3();
  features.add(Feature::CustomPageSizes);
  Decoded m(bytes, features);
  ASSERT_TRUE(m.result);
  EXPECT_EQ(m->memories[0].page_size_log2, 0u);
  EXPECT_EQ(m->memories[0].min_bytes(), 7u);
  auto with_size = [&](const Bytes& b) { return refusal(module({section(5, Bytes{0x01, 0x08} + b)}), features); };
  EXPECT_EQ(with_size({0x00, 0x10}), "");
  EXPECT_EQ(with_size({0x00, 0x01}).substr(0, 33), "invalid: invalid custom page size");
  EXPECT_EQ(with_size({0x00, 0x41}).substr(0, 35), "malformed: invalid custom page size");
  EXPECT_EQ(with_size({0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00}), "");
  EXPECT_EQ(with_size({0x80, 0x80, 0x80, 0x80, 0x10, 0x00}).substr(0, 32), "invalid: memory size must be at ");
}

TEST(Globals, SeeThoseBeforeThem) {
  Decoded m(module({section(6, {0x02, 0x7F, 0x01, 0x41, 0x2A, 0x0B, 0x7F, 0x00, 0x23, 0x00, 0x0B})}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->globals.size(), 2u);
  EXPECT_TRUE(m->globals[0].type.is_mutable);
  EXPECT_FALSE(m->globals[1].type.is_mutable);
  EXPECT_EQ(m->globals[1].initial.bytes.size, 3u);
  EXPECT_EQ(m->globals[1].initial.bytes.end(), m.bytes.size());
  EXPECT_REFUSED(module({section(6, {0x01, 0x7F, 0x00, 0x23, 0x00, 0x0B})}), "invalid: unknown global 0");
  EXPECT_REFUSED(module({section(6, {0x01, 0x7F, 0x04, 0x41, 0x00, 0x0B})}), "malformed: malformed mutability");
  EXPECT_REFUSED(module({section(6, {0x01, 0x7F, 0x00, 0x41, 0x00})}), "malformed: unexpected end");
  EXPECT_REFUSED(module({section(6, {0x02, 0x7F, 0x00, 0x41, 0x00, 0x0B})}), "malformed: unexpected end");
  EXPECT_REFUSED(module({section(6, {0x01, 0x7F, 0x00, 0x41, 0x00, 0x0B, 0x7F, 0x00, 0x41, 0x00, 0x0B})}),
                 "malformed: section size mismatch");
}

TEST(Tags, AreDecodedAndChecked) {
  Bytes types = section(1, {0x02, 0x60, 0x01, 0x7F, 0x00, 0x60, 0x00, 0x01, 0x7F});
  Decoded m(module({types, section(13, {0x01, 0x00, 0x00}), section(7, Bytes{0x01} + text("e") + Bytes{0x04, 0x00})}));
  ASSERT_TRUE(m.result);
  ASSERT_EQ(m->tags.size(), 1u);
  EXPECT_EQ(m->tags[0].type, m->type_ids[0]);
  EXPECT_EQ(m->exports[0].kind, ExternKind::Tag);
  EXPECT_REFUSED(module({types, section(13, {0x01, 0x00, 0x01})}), "invalid: non-empty tag result type");
  EXPECT_REFUSED(module({types, section(13, {0x01, 0x01, 0x00})}), "malformed: malformed tag attribute");
  EXPECT_REFUSED(module({types, section(13, {0x01, 0x00, 0x02})}), "invalid: unknown type 2");
}

TEST(Exports, AreIndexedByName) {
  Decoded m(module({kType, kFunction, kTable, kMemory, section(6, {0x01, 0x7F, 0x00, 0x41, 0x00, 0x0B}),
                    section(7, Bytes{0x04} + text("f") + Bytes{0x00, 0x00} + text("t") + Bytes{0x01, 0x00} + text("m") +
                                   Bytes{0x02, 0x00} + text("") + Bytes{0x03, 0x00}),
                    kCode}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->exports.size(), 4u);
  EXPECT_EQ(m->export_index.at("m"), 2u);
  EXPECT_EQ(m->exports[2].kind, ExternKind::Memory);
  EXPECT_EQ(m->exports[m->export_index.at("")].kind, ExternKind::Global);
  EXPECT_EQ(m->declared_functions, std::vector<bool>{true});
}

TEST(Exports, AreChecked) {
  auto exports = [](const Bytes& b) { return module({kType, kFunction, section(7, b), kCode}); };
  EXPECT_REFUSED(exports({0x02, 0x01, 'a', 0x00, 0x00, 0x01, 'a', 0x00, 0x00}), "invalid: duplicate export name \"a\"");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x00, 0x01}), "invalid: unknown function 1");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x01, 0x00}), "invalid: unknown table 0");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x02, 0x00}), "invalid: unknown memory 0");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x03, 0x00}), "invalid: unknown global 0");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x04, 0x00}), "invalid: unknown tag 0");
  EXPECT_REFUSED(exports({0x01, 0x00, 0x05, 0x00}), "malformed: malformed export kind 0x05");
  EXPECT_REFUSED(exports({0x01, 0x01, 0xC0, 0x00, 0x00}), "malformed: malformed UTF-8 encoding");
}

TEST(Start, IsAFunctionWithoutParametersAndResults) {
  Decoded m(module({kType, kFunction, section(8, {0x00}), kCode}));
  ASSERT_TRUE(m.result);
  EXPECT_EQ(m->start, 0u);
  EXPECT_EQ(m->declared_functions, std::vector<bool>{false});  // naming it here does not declare it for ref.func
  EXPECT_REFUSED(module({section(8, {0x01})}), "invalid: unknown function 1");
  EXPECT_REFUSED(module({section(1, {0x01, 0x60, 0x00, 0x01, 0x7F}), kFunction, section(8, {0x00}), kCode}),
                 "invalid: start function");
  EXPECT_REFUSED(module({section(1, {0x01, 0x60, 0x01, 0x7F, 0x00}), kFunction, section(8, {0x00}), kCode}),
                 "invalid: start function");
}

// Each construct with its proposal taken out of the set.
TEST(Features, SwitchedOffOnesAreNamed) {
  struct Row {
    Feature feature;
    const char* name;
    Bytes bytes;
  };
  const Row kRows[] = {
      {Feature::MultiValue, "multi-value", module({section(1, {0x01, 0x60, 0x00, 0x02, 0x7F, 0x7F})})},
      {Feature::BulkMemory, "bulk-memory-operations", module({section(12, {0x00})})},
      {Feature::BulkMemory, "bulk-memory-operations", module({section(11, {0x01, 0x01, 0x00})})},
      {Feature::BulkMemory, "bulk-memory-operations", module({section(9, {0x01, 0x01, 0x00, 0x00})})},
      {Feature::ReferenceTypes, "reference-types", module({section(1, {0x01, 0x60, 0x01, 0x70, 0x00})})},
      {Feature::ReferenceTypes, "reference-types", module({section(4, {0x01, 0x6F, 0x00, 0x00})})},
      {Feature::ReferenceTypes, "reference-types", module({section(4, {0x02, 0x70, 0x00, 0x00, 0x70, 0x00, 0x00})})},
      {Feature::Simd, "simd", module({section(1, {0x01, 0x60, 0x01, 0x7B, 0x00})})},
      {Feature::MultiMemory, "multi-memory", module({section(5, {0x02, 0x00, 0x00, 0x00, 0x00})})},
      {Feature::Memory64, "memory64", module({section(5, {0x01, 0x04, 0x00})})},
      {Feature::Memory64, "memory64", module({section(4, {0x01, 0x70, 0x04, 0x00})})},
      {Feature::FunctionReferences, "function-references", module({section(4, {0x01, 0x63, 0x70, 0x00, 0x00})})},
      {Feature::Gc, "gc", module({section(1, {0x01, 0x5F, 0x00})})},
      {Feature::Gc, "gc", module({section(1, {0x01, 0x5E, 0x7F, 0x00})})},
      {Feature::Gc, "gc", module({section(1, {0x01, 0x4E, 0x01, 0x60, 0x00, 0x00})})},
      {Feature::Gc, "gc", module({section(1, {0x01, 0x50, 0x00, 0x60, 0x00, 0x00})})},
      {Feature::Gc, "gc", module({section(4, {0x01, 0x6E, 0x00, 0x00})})},
      {Feature::Exceptions, "exception-handling", module({section(13, {0x00})})},
      {Feature::Exceptions, "exception-handling", module({section(1, {0x01, 0x60, 0x01, 0x69, 0x00})})},
      {Feature::Exceptions, "exception-handling", module({kType, section(2, {0x01, 0x00, 0x00, 0x04, 0x00, 0x00})})},
  };
  for (const Row& row : kRows) {
    EXPECT_ACCEPTED(row.bytes);
    FeatureSet features = FeatureSet::wasm3();
    features.remove(row.feature);
    std::string text = refusal(row.bytes, features);
    EXPECT_TRUE(text.starts_with("unsupported: ") &&
                text.ends_with(std::string("(") + row.name + " proposal) is not enabled"))
        << row.name << ": " << text;
  }
  FeatureSet mvp;
  mvp.add(Feature::Mvp);
  EXPECT_EQ(refusal(module({kType, kFunction, kTable, kMemory, section(9, {0x01, 0x00, 0x41, 0x00, 0x0B, 0x01, 0x00}),
                            kCode, section(11, {0x01, 0x00, 0x41, 0x00, 0x0B, 0x01, 'x'})}),
                    mvp),
            "");
}

}  // namespace
}  // namespace brink
