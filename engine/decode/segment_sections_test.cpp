#include <gtest/gtest.h>

#include "engine/decode/decoder.h"
#include "engine/decode/test_modules.h"

namespace brink {
namespace {

using namespace test;

const ValueType kFunc = ValueType::ref(AbstractHeap::Func, false);

// A module with two functions, a funcref table, an i64-addressed funcref table, and these element segments.
Bytes with_elements(const Bytes& elements) {
  return module({kType, section(3, {0x02, 0x00, 0x00}), section(4, {0x02, 0x70, 0x00, 0x0A, 0x70, 0x04, 0x0A}),
                 section(9, elements), section(10, {0x02, 0x02, 0x00, 0x0B, 0x02, 0x00, 0x0B})});
}

TEST(Elements, EveryForm) {
  Decoded m(with_elements({0x08,                                                              //
                           0x00, 0x41, 0x07, 0x0B, 0x01, 0x01,                                // active, functions
                           0x01, 0x00, 0x02, 0x00, 0x01,                                      // passive, functions
                           0x02, 0x01, 0x42, 0x07, 0x0B, 0x00, 0x01, 0x00,                    // active, table 1
                           0x03, 0x00, 0x00,                                                  // declarative
                           0x04, 0x41, 0x00, 0x0B, 0x01, 0xD2, 0x00, 0x0B,                    // active, expressions
                           0x05, 0x6F, 0x01, 0xD0, 0x6F, 0x0B,                                // passive, externref
                           0x06, 0x00, 0x41, 0x00, 0x0B, 0x63, 0x00, 0x01, 0xD2, 0x01, 0x0B,  // active, (ref null 0)
                           0x07, 0x70, 0x02, 0xD2, 0x00, 0x0B, 0xD0, 0x70, 0x0B}));           // declarative
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  struct Row {
    SegmentMode mode;
    ValueType type;
    u32 table;
    bool is_expressions;
    u32 count, bytes;
  };
  const Row kRows[] = {
      {SegmentMode::Active, kFunc, 0, false, 1, 1},
      {SegmentMode::Passive, kFunc, 0, false, 2, 2},
      {SegmentMode::Active, kFunc, 1, false, 1, 1},
      {SegmentMode::Declarative, kFunc, 0, false, 0, 0},
      {SegmentMode::Active, kFuncRef, 0, true, 1, 3},
      {SegmentMode::Passive, kExternRef, 0, true, 1, 3},
      {SegmentMode::Active, ValueType::ref(HeapType::concrete(m->type_ids[0]), true), 0, true, 1, 3},
      {SegmentMode::Declarative, kFuncRef, 0, true, 2, 6},
  };
  ASSERT_EQ(m->elements.size(), std::size(kRows));
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const ElementSegment& segment = m->elements[i];
    EXPECT_EQ(segment.mode, kRows[i].mode) << i;
    EXPECT_EQ(segment.type, kRows[i].type) << i;
    EXPECT_EQ(segment.table, kRows[i].table) << i;
    EXPECT_EQ(segment.is_expressions, kRows[i].is_expressions) << i;
    EXPECT_EQ(segment.count, kRows[i].count) << i;
    EXPECT_EQ(segment.items.size, kRows[i].bytes) << i;
    EXPECT_EQ(segment.offset.bytes.size, kRows[i].mode == SegmentMode::Active ? 3u : 0u) << i;
  }
  EXPECT_EQ(m.bytes[m->elements[0].items.offset], 0x01);
  EXPECT_EQ(m.bytes[m->elements[0].offset.bytes.offset + 1], 0x07);
}

TEST(Elements, DeclareFunctionsInEveryMode) {
  for (const Bytes& segment : {Bytes{0x00, 0x41, 0x00, 0x0B, 0x01, 0x01}, Bytes{0x01, 0x00, 0x01, 0x01},
                               Bytes{0x03, 0x00, 0x01, 0x01}, Bytes{0x07, 0x70, 0x01, 0xD2, 0x01, 0x0B}}) {
    Decoded m(with_elements(Bytes{0x01} + segment));
    ASSERT_TRUE(m.result);
    EXPECT_EQ(m->declared_functions, (std::vector<bool>{false, true}));
  }
}

TEST(Elements, AreChecked) {
  EXPECT_REFUSED(with_elements({0x01, 0x08, 0x41, 0x00, 0x0B}), "malformed: malformed elements segment kind 8");
  EXPECT_REFUSED(with_elements({0x01, 0x80, 0x80, 0x80, 0x80, 0x10, 0x41, 0x00, 0x0B, 0x00}),
                 "malformed: integer too large");
  EXPECT_REFUSED(with_elements({0x01, 0x01, 0x01, 0x00}), "malformed: malformed element kind 0x01");
  EXPECT_REFUSED(with_elements({0x01, 0x05, 0x7F, 0x01, 0xD2, 0x00, 0x0B}), "malformed: malformed reference type 0x7f");
  EXPECT_REFUSED(with_elements({0x01, 0x05, 0x70, 0x01, 0xF3, 0x00, 0x0B}), "malformed: illegal opcode");
  EXPECT_REFUSED(with_elements({0x01, 0x02, 0x02, 0x41, 0x00, 0x0B, 0x00, 0x00}), "invalid: unknown table 2");
  EXPECT_REFUSED(with_elements({0x01, 0x01, 0x00, 0x01, 0x02}), "invalid: unknown function 2");
  EXPECT_REFUSED(with_elements({0x01, 0x00, 0x42, 0x00, 0x0B, 0x00}), "invalid: type mismatch");  // i64 offset
  EXPECT_REFUSED(with_elements({0x01, 0x02, 0x01, 0x41, 0x00, 0x0B, 0x00, 0x00}), "invalid: type mismatch");  // i32
  EXPECT_REFUSED(with_elements({0x01, 0x06, 0x00, 0x41, 0x00, 0x0B, 0x6F, 0x00}), "invalid: type mismatch");
  EXPECT_REFUSED(with_elements({0x01, 0x05, 0x70, 0x01, 0xD0, 0x6F, 0x0B}), "invalid: type mismatch");
  EXPECT_REFUSED(with_elements({0x02, 0x00, 0x41, 0x00, 0x0B, 0x01, 0x00}), "malformed: unexpected end");
  EXPECT_REFUSED(with_elements({0x01, 0x00, 0x41, 0x00, 0x0B, 0x01, 0x00, 0x00}), "malformed: section size mismatch");
  EXPECT_REFUSED(module({section(9, {0x01, 0x00, 0x41, 0x00, 0x0B, 0x00})}), "invalid: unknown table 0");
}

// elem.wast: indices give (ref func), expressions of kind 4 give funcref, which a table of (ref func) does not take.
TEST(Elements, OfIndicesAreNotNull) {
  Bytes table = section(4, {0x01, 0x40, 0x00, 0x64, 0x70, 0x00, 0x01, 0xD2, 0x00, 0x0B});
  auto with = [&](const Bytes& segment) {
    return module({kType, kFunction, table, section(9, Bytes{0x01} + segment), kCode});
  };
  EXPECT_ACCEPTED(with({0x00, 0x41, 0x00, 0x0B, 0x01, 0x00}));
  EXPECT_REFUSED(with({0x04, 0x41, 0x00, 0x0B, 0x01, 0xD2, 0x00, 0x0B}), "invalid: type mismatch");
}

TEST(Data, EveryForm) {
  Decoded m(module({section(5, {0x02, 0x00, 0x01, 0x04, 0x01}), section(12, {0x03}),
                    section(11, {0x03,                                    //
                                 0x00, 0x41, 0x08, 0x0B, 0x02, 'a', 'b',  //
                                 0x01, 0x01, 'c',                         //
                                 0x02, 0x01, 0x42, 0x08, 0x0B, 0x00})}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->data.size(), 3u);
  EXPECT_EQ(m->data_count, 3u);
  EXPECT_EQ(m->data[0].mode, SegmentMode::Active);
  EXPECT_EQ(m->data[0].offset.bytes.size, 3u);
  EXPECT_EQ(m->data[0].bytes.size, 2u);
  EXPECT_EQ(m.bytes[m->data[0].bytes.offset], 'a');
  EXPECT_EQ(m->data[1].mode, SegmentMode::Passive);
  EXPECT_EQ(m->data[1].bytes.size, 1u);
  EXPECT_EQ(m->data[2].memory, 1u);
  EXPECT_EQ(m->data[2].bytes.size, 0u);
}

TEST(Data, IsChecked) {
  auto data = [](const Bytes& b) { return module({kMemory, section(11, b)}); };
  EXPECT_REFUSED(data({0x01, 0x03, 0x00}), "malformed: malformed data segment kind 3");
  EXPECT_REFUSED(data({0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x41, 0x00, 0x0B, 0x00}),
                 "malformed: integer representation too long");
  EXPECT_REFUSED(data({0x01, 0x02, 0x01, 0x41, 0x00, 0x0B, 0x00}), "invalid: unknown memory 1");
  EXPECT_REFUSED(data({0x01, 0x00, 0x42, 0x00, 0x0B, 0x00}), "invalid: type mismatch");
  EXPECT_REFUSED(data({0x01, 0x00, 0x41, 0x03, 0x0B, 0x07, 1, 2, 3, 4, 5, 6}), "malformed: unexpected end");
  EXPECT_REFUSED(data({0x01, 0x00, 0x41, 0x00, 0x0B, 0x05, 1, 2, 3, 4, 5, 6}), "malformed: section size mismatch");
  EXPECT_REFUSED(module({section(11, {0x01, 0x00, 0x41, 0x00, 0x0B, 0x00})}), "invalid: unknown memory 0");
}

TEST(Data, AgreesWithTheDataCount) {
  EXPECT_ACCEPTED(module({section(12, {0x00})}));
  EXPECT_REFUSED(module({section(12, {0x03}), section(11, {0x02, 0x01, 0x00, 0x01, 0x00})}),
                 "malformed: data count and data section have inconsistent lengths");
  EXPECT_REFUSED(module({section(12, {0x01}), section(11, {0x02, 0x01, 0x00, 0x01, 0x00})}),
                 "malformed: data count and data section have inconsistent lengths");
  EXPECT_REFUSED(module({kMemory, section(12, {0x01})}),
                 "malformed: data count and data section have inconsistent lengths");
  Decoded without(module({section(11, {0x01, 0x01, 0x00})}));
  ASSERT_TRUE(without.result);
  EXPECT_FALSE(without->data_count);
}

}  // namespace
}  // namespace brink
