#include "engine/module/types.h"

#include <gtest/gtest.h>

#include "engine/module/type_registry.h"

namespace brink {
namespace {

MemoryType memory(AddressType address, u64 min, u64 max, bool has_max, u32 page_size_log2 = 16) {
  return {{min, max, has_max, false, address}, page_size_log2};
}

TEST(MemoryType, CountsBytes) {
  EXPECT_EQ(memory(AddressType::I32, 3, 0, false).min_bytes(), 196608u);
  EXPECT_EQ(memory(AddressType::I32, 3, 0, false).max_bytes(), 4294967296u);
  EXPECT_EQ(memory(AddressType::I32, 0, 2, true).max_bytes(), 131072u);
  EXPECT_EQ(memory(AddressType::I32, 0, 65536, true).max_bytes(), 4294967296u);
  EXPECT_EQ(memory(AddressType::I32, 7, 9, true, 0).min_bytes(), 7u);
  EXPECT_EQ(memory(AddressType::I32, 7, 9, true, 0).max_bytes(), 9u);
  EXPECT_EQ(memory(AddressType::I64, 1, 65537, true).max_bytes(), 65537u * u64{65536});
}

TEST(MemoryType, SaturatesBytes) {
  EXPECT_EQ(memory(AddressType::I64, u64{1} << 48, 0, false).min_bytes(), ~u64{0});
  EXPECT_EQ(memory(AddressType::I64, (u64{1} << 48) - 1, 0, false).min_bytes(), 0xFFFFFFFFFFFF0000u);
  EXPECT_EQ(memory(AddressType::I64, 0, 0, false).max_bytes(), ~u64{0});
  EXPECT_EQ(memory(AddressType::I64, 0, ~u64{0}, true, 0).max_bytes(), ~u64{0});
}

TEST(ValueType, IsPrintedAsTheTextFormatWritesIt) {
  EXPECT_EQ(to_string(kI32), "i32");
  EXPECT_EQ(to_string(kV128), "v128");
  EXPECT_EQ(to_string(kFuncRef), "funcref");
  EXPECT_EQ(to_string(kExternRef), "externref");
  EXPECT_EQ(to_string(kExnRef), "exnref");
  EXPECT_EQ(to_string(ValueType::ref(AbstractHeap::None, true)), "nullref");
  EXPECT_EQ(to_string(ValueType::ref(AbstractHeap::NoFunc, true)), "nullfuncref");
  EXPECT_EQ(to_string(ValueType::ref(AbstractHeap::Func, false)), "(ref func)");
  EXPECT_EQ(to_string(ValueType::ref(AbstractHeap::I31, true)), "i31ref");
  EXPECT_EQ(to_string(ValueType::ref(HeapType::concrete(7), false)), "(ref 7)");
  EXPECT_EQ(to_string(ValueType::ref(HeapType::concrete(7), true)), "(ref null 7)");
}

TEST(SubType, DescribesItself) {
  SubType func;
  EXPECT_EQ(func.describe(), "(func)");
  func.params = {kI32, kFuncRef};
  func.results = {kF64};
  EXPECT_EQ(func.describe(), "(func (param i32 funcref) (result f64))");

  SubType structure;
  structure.kind = CompositeKind::Struct;
  structure.is_final = false;
  structure.fields = {{TypeKind::I8, true}, {kI64, false}};
  EXPECT_EQ(structure.describe(), "(sub (struct (field (mut i8)) (field i64)))");

  SubType array;
  array.kind = CompositeKind::Array;
  array.supertype = 3;
  array.fields = {{TypeKind::I16, false}};
  EXPECT_EQ(array.describe(), "(sub final 3 (array i16))");

  array.supertype = TypeRegistry::kGroupRelative + 1;
  EXPECT_EQ(array.describe(), "(sub final rec.1 (array i16))");
}

TEST(ExternKind, HasTheSpecificationsNames) {
  EXPECT_STREQ(extern_kind_name(ExternKind::Func), "func");
  EXPECT_STREQ(extern_kind_name(ExternKind::Tag), "tag");
}

}  // namespace
}  // namespace brink
