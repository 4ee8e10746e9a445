#include <gtest/gtest.h>

#include "engine/decode/decoder.h"
#include "engine/decode/test_modules.h"

namespace brink {
namespace {

using namespace test;

Bytes types(const Bytes& payload) { return module({section(1, payload)}); }

TEST(Types, FunctionTypes) {
  Decoded m(types({0x02, 0x60, 0x05, 0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x02, 0x70, 0x6F, 0x60, 0x00, 0x00}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->type_ids.size(), 2u);
  const SubType& type = m->type_at(0).type;
  EXPECT_EQ(type.kind, CompositeKind::Func);
  EXPECT_TRUE(type.is_final);
  EXPECT_EQ(type.params, (std::vector<ValueType>{kI32, kI64, kF32, kF64, kV128}));
  EXPECT_EQ(type.results, (std::vector<ValueType>{kFuncRef, kExternRef}));
}

TEST(Types, EveryAbstractReference) {
  const std::pair<u8, AbstractHeap> kCodes[] = {
      {0x70, AbstractHeap::Func},     {0x73, AbstractHeap::NoFunc}, {0x6F, AbstractHeap::Extern},
      {0x72, AbstractHeap::NoExtern}, {0x6E, AbstractHeap::Any},    {0x6D, AbstractHeap::Eq},
      {0x6C, AbstractHeap::I31},      {0x6B, AbstractHeap::Struct}, {0x6A, AbstractHeap::Array},
      {0x71, AbstractHeap::None},     {0x69, AbstractHeap::Exn},    {0x74, AbstractHeap::NoExn},
  };
  for (auto [code, heap] : kCodes) {
    Decoded m(types({0x01, 0x60, 0x03, code, 0x63, code, 0x64, code, 0x00}));
    ASSERT_TRUE(m.result) << m.result.error().to_string();
    ValueType nullable = ValueType::ref(heap, true);
    EXPECT_EQ(m->type_at(0).type.params, (std::vector<ValueType>{nullable, nullable, ValueType::ref(heap, false)}));
  }
}

TEST(Types, StructsAndArrays) {
  Decoded m(types({0x03, 0x5F, 0x04, 0x78, 0x00, 0x77, 0x01, 0x7F, 0x00, 0x63, 0x00, 0x01,  //
                   0x5E, 0x78, 0x01, 0x5F, 0x00}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  const SubType& type = m->type_at(0).type;
  EXPECT_EQ(type.kind, CompositeKind::Struct);
  ValueType self = ValueType::ref(HeapType::concrete(m->type_ids[0]), true);
  EXPECT_EQ(type.fields,
            (std::vector<FieldType>{{TypeKind::I8, false}, {TypeKind::I16, true}, {kI32, false}, {self, true}}));
  EXPECT_EQ(m->type_at(1).type.kind, CompositeKind::Array);
  EXPECT_EQ(m->type_at(1).type.fields, (std::vector<FieldType>{{TypeKind::I8, true}}));
  EXPECT_TRUE(m->type_at(2).type.fields.empty());
}

TEST(Types, RecursionGroups) {
  // (rec (struct (ref null 1)) (struct (ref null 0))), an empty group, and the first group again: the same types.
  Decoded m(types({0x03, 0x4E, 0x02, 0x5F, 0x01, 0x63, 0x01, 0x00, 0x5F, 0x01, 0x63, 0x00, 0x00,  //
                   0x4E, 0x00,                                                                    //
                   0x4E, 0x02, 0x5F, 0x01, 0x63, 0x03, 0x00, 0x5F, 0x01, 0x63, 0x02, 0x00}));
  ASSERT_TRUE(m.result) << m.result.error().to_string();
  ASSERT_EQ(m->type_ids.size(), 4u);
  EXPECT_EQ(m->type_ids[0], m->type_ids[2]);
  EXPECT_EQ(m->type_ids[1], m->type_ids[3]);
  EXPECT_NE(m->type_ids[0], m->type_ids[1]);
  EXPECT_EQ(m->type_at(0).type.fields[0].storage, ValueType::ref(HeapType::concrete(m->type_ids[1]), true));
}

TEST(Types, ReferencesReachTheirGroupAndWhatStandsBefore) {
  EXPECT_ACCEPTED(types({0x01, 0x60, 0x01, 0x64, 0x00, 0x00}));
  EXPECT_REFUSED(types({0x02, 0x60, 0x01, 0x64, 0x01, 0x00, 0x60, 0x00, 0x00}), "invalid: unknown type 1");
  EXPECT_REFUSED(types({0x02, 0x4E, 0x01, 0x60, 0x01, 0x64, 0x01, 0x00, 0x60, 0x00, 0x00}), "invalid: unknown type 1");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x64, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00}),
                 "invalid: unknown type 4294967295");
}

TEST(Types, MalformedCodes) {
  EXPECT_REFUSED(types({0x01, 0x61, 0x00, 0x00}), "malformed: malformed type definition 0x61");
  EXPECT_REFUSED(types({0x01, 0xE0, 0x7F, 0x00, 0x00}),
                 "malformed: integer representation too long in type definition");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x40, 0x00}), "malformed: malformed value type 0x40");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x78, 0x00}), "malformed: malformed value type 0x78");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x64, 0x7F, 0x00}), "malformed: malformed heap type 0x7f");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x64, 0xF0, 0x7F, 0x00}),
                 "malformed: integer representation too long in heap type");
  EXPECT_REFUSED(types({0x01, 0x5E, 0x78, 0x02}), "malformed: malformed mutability 0x02");
  EXPECT_REFUSED(types({0x01, 0x60, 0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 0x7F, 0x7E, 0x01, 0x7F}),
                 "malformed: integer representation too long");
}

TEST(Types, ProposalsPastTheStandardAreNamed) {
  EXPECT_REFUSED(types({0x01, 0x5D, 0x00}),
                 "unsupported: malformed type definition 0x5d: it needs the stack-switching");
  EXPECT_REFUSED(types({0x01, 0x4D, 0x01, 0x5F, 0x00}),
                 "unsupported: malformed type definition 0x4d: it needs the custom-d");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x64, 0x62, 0x00, 0x00}), "unsupported: malformed heap type 0x62");
  EXPECT_REFUSED(types({0x01, 0x60, 0x01, 0x67, 0x00}),
                 "unsupported: malformed value type 0x67: it needs the stringref");
}

// Pairs of (sub (first)) and (sub $first (second)); composite types without the sub in front.
std::string subtype(const Bytes& super, const Bytes& sub) {
  return refusal(types(Bytes{0x02, 0x50, 0x00} + super + Bytes{0x50, 0x01, 0x00} + sub));
}

TEST(Subtypes, MatchStructurally) {
  const std::string kNo = "invalid: sub type 1 does not match its super type 0";
  const Bytes kFunc{0x60, 0x01, 0x7F, 0x01, 0x7F}, kStruct{0x5F, 0x00}, kArray{0x5E, 0x7F, 0x00};
  EXPECT_EQ(subtype(kFunc, kFunc), "");
  EXPECT_EQ(subtype(kStruct, kStruct), "");
  EXPECT_EQ(subtype(kArray, kArray), "");
  for (const Bytes& super : {kFunc, kStruct, kArray}) {
    for (const Bytes& sub : {kFunc, kStruct, kArray}) {
      EXPECT_EQ(subtype(super, sub), super == sub ? "" : kNo);
    }
  }
  // Parameters contravariant, results covariant.
  EXPECT_EQ(subtype({0x60, 0x01, 0x6D, 0x00}, {0x60, 0x01, 0x6E, 0x00}), "");
  EXPECT_EQ(subtype({0x60, 0x01, 0x6E, 0x00}, {0x60, 0x01, 0x6D, 0x00}), kNo);
  EXPECT_EQ(subtype({0x60, 0x00, 0x01, 0x6E}, {0x60, 0x00, 0x01, 0x6D}), "");
  EXPECT_EQ(subtype({0x60, 0x00, 0x01, 0x6D}, {0x60, 0x00, 0x01, 0x6E}), kNo);
  EXPECT_EQ(subtype({0x60, 0x00, 0x00}, {0x60, 0x01, 0x7F, 0x00}), kNo);
  EXPECT_EQ(subtype({0x60, 0x00, 0x00}, {0x60, 0x00, 0x01, 0x7F}), kNo);
  // Width, and depth of immutable fields only.
  EXPECT_EQ(subtype({0x5F, 0x01, 0x7F, 0x00}, {0x5F, 0x02, 0x7F, 0x00, 0x7E, 0x00}), "");
  EXPECT_EQ(subtype({0x5F, 0x02, 0x7F, 0x00, 0x7E, 0x00}, {0x5F, 0x01, 0x7F, 0x00}), kNo);
  EXPECT_EQ(subtype({0x5F, 0x01, 0x7F, 0x00}, {0x5F, 0x01, 0x7E, 0x00}), kNo);
  EXPECT_EQ(subtype({0x5F, 0x01, 0x78, 0x00}, {0x5F, 0x01, 0x77, 0x00}), kNo);
  EXPECT_EQ(subtype({0x5F, 0x01, 0x6E, 0x00}, {0x5F, 0x01, 0x71, 0x00}), "");
  EXPECT_EQ(subtype({0x5F, 0x01, 0x71, 0x00}, {0x5F, 0x01, 0x6E, 0x00}), kNo);
  EXPECT_EQ(subtype({0x5E, 0x6E, 0x01}, {0x5E, 0x71, 0x01}), kNo);
  EXPECT_EQ(subtype({0x5E, 0x6E, 0x01}, {0x5E, 0x6E, 0x00}), kNo);
  EXPECT_EQ(subtype({0x5E, 0x6E, 0x00}, {0x5E, 0x6E, 0x01}), kNo);
  EXPECT_EQ(subtype({0x5E, 0x6E, 0x01}, {0x5E, 0x6E, 0x01}), "");
}

// type-subtyping.wast: (rec (type $t1 (sub $t0 (func (result (ref null $t1)))))): matching asks about the type itself.
TEST(Subtypes, MatchThroughTheirOwnGroup) {
  EXPECT_ACCEPTED(types({0x02, 0x50, 0x00, 0x60, 0x00, 0x01, 0x70,  //
                         0x50, 0x01, 0x00, 0x60, 0x00, 0x01, 0x63, 0x01}));
  // (rec (type $a (sub (struct (ref null $a)))) (type $b (sub $a (struct (ref null $b))))), and turned round.
  EXPECT_ACCEPTED(types({0x01, 0x4E, 0x02, 0x50, 0x00, 0x5F, 0x01, 0x63, 0x00, 0x00,  //
                         0x50, 0x01, 0x00, 0x5F, 0x01, 0x63, 0x01, 0x00}));
  EXPECT_REFUSED(types({0x01, 0x4E, 0x02, 0x50, 0x00, 0x5F, 0x01, 0x63, 0x01, 0x00,  //
                        0x50, 0x01, 0x00, 0x5F, 0x01, 0x63, 0x00, 0x00}),
                 "invalid: sub type 1 does not match its super type 0");
}

TEST(Subtypes, NeedAnOpenSupertypeDeclaredBefore) {
  EXPECT_REFUSED(types({0x02, 0x60, 0x00, 0x00, 0x50, 0x01, 0x00, 0x60, 0x00, 0x00}),
                 "invalid: sub type 1 has super type 0");
  EXPECT_REFUSED(types({0x02, 0x4F, 0x00, 0x60, 0x00, 0x00, 0x50, 0x01, 0x00, 0x60, 0x00, 0x00}),
                 "invalid: sub type 1 has super type 0");
  EXPECT_REFUSED(types({0x01, 0x50, 0x01, 0x00, 0x60, 0x00, 0x00}), "invalid: sub type 0 names super type 0");
  EXPECT_REFUSED(types({0x01, 0x4E, 0x02, 0x50, 0x01, 0x01, 0x60, 0x00, 0x00, 0x50, 0x00, 0x60, 0x00, 0x00}),
                 "invalid: sub type 0 names super type 1");
  EXPECT_REFUSED(types({0x01, 0x50, 0x01, 0x05, 0x60, 0x00, 0x00}), "invalid: unknown type 5");
  EXPECT_REFUSED(types({0x03, 0x50, 0x00, 0x60, 0x00, 0x00, 0x50, 0x00, 0x60, 0x00, 0x00, 0x50, 0x02, 0x00, 0x01, 0x60,
                        0x00, 0x00}),
                 "invalid: sub type 2 has 2 super types");
  // A final type may have a supertype.
  EXPECT_ACCEPTED(types({0x02, 0x50, 0x00, 0x60, 0x00, 0x00, 0x4F, 0x01, 0x00, 0x60, 0x00, 0x00}));
}

TEST(Subtypes, AreNestedAtMost63Deep) {
  auto chain = [](u32 depth) {
    Bytes bytes = leb(depth + 1) + Bytes{0x50, 0x00, 0x5F, 0x00};
    for (u32 i = 0; i < depth; ++i) bytes = std::move(bytes) + Bytes{0x50, 0x01} + leb(i) + Bytes{0x5F, 0x00};
    return bytes;
  };
  auto in_one_group = [&](u32 depth) { return Bytes{0x01, 0x4E} + chain(depth); };
  EXPECT_ACCEPTED(types(chain(63)));
  EXPECT_ACCEPTED(types(in_one_group(63)));
  EXPECT_REFUSED(types(chain(64)), "limit: sub type 64 is nested 64 super types deep");
  EXPECT_REFUSED(types(in_one_group(64)), "limit: sub type 64 is nested 64 super types deep");
}

TEST(Types, LimitsOfParametersResultsAndFields) {
  auto func = [](u32 params, u32 results) {
    return types(Bytes{0x01, 0x60} + leb(params) + Bytes(params, 0x7F) + leb(results) + Bytes(results, 0x7F));
  };
  EXPECT_ACCEPTED(func(1000, 1000));
  EXPECT_REFUSED(func(1001, 0), "limit: parameter count is 1001, at most 1000 are supported");
  EXPECT_REFUSED(func(0, 1001), "limit: result count is 1001, at most 1000 are supported");
  auto structure = [](u32 fields) {
    Bytes bytes = Bytes{0x01, 0x5F} + leb(fields);
    for (u32 i = 0; i < fields; ++i) bytes.insert(bytes.end(), {0x7F, 0x00});
    return types(bytes);
  };
  EXPECT_ACCEPTED(structure(10000));
  EXPECT_REFUSED(structure(10001), "limit: field count is 10001");
}

}  // namespace
}  // namespace brink
