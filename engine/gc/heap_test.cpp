#include "engine/gc/heap.h"

#include <gtest/gtest.h>

#include <set>

namespace brink::gc {
namespace {

class HeapTest : public ::testing::Test {
 protected:
  HeapTest() {
    SubType pair;
    pair.kind = CompositeKind::Struct;
    ValueType any = ValueType::ref(AbstractHeap::Any, true);
    pair.fields = {{any, true}, {kI32, true}, {any, true}};
    pair_type = &types.get(types.add_group({&pair, 1}));
    SubType array;
    array.kind = CompositeKind::Array;
    array.fields = {{any, true}};
    array_type = &types.get(types.add_group({&array, 1}));
  }

  Object* make_pair(u64 first = 0, u64 second = 0) {
    Object* object = heap.allocate(pair_type->layout.struct_bytes);
    EXPECT_NE(object, nullptr);
    object->type = pair_type;
    field(object, 0) = first;
    field(object, 2) = second;
    return object;
  }

  u64& field(Object* object, u32 index) {
    return *reinterpret_cast<u64*>(reinterpret_cast<u8*>(object) + pair_type->layout.field_offsets[index]);
  }

  static u64 bits(Object* object) { return reinterpret_cast<u64>(object); }

  void collect(std::initializer_list<u64> roots) {
    heap.begin_marking();
    for (u64 root : roots) heap.mark_conservatively(root);
    heap.trace();
    heap.sweep();
  }

  TypeRegistry types;
  const RegisteredType* pair_type;
  const RegisteredType* array_type;
  Heap heap{4 << 20};
};

TEST_F(HeapTest, LayoutKeepsTheOrderOfFieldsAndTheirAlignment) {
  EXPECT_EQ(pair_type->layout.field_offsets, (std::vector<u32>{8, 16, 24}));
  EXPECT_EQ(pair_type->layout.reference_offsets, (std::vector<u32>{8, 24}));
  EXPECT_EQ(pair_type->layout.struct_bytes, 32u);
  EXPECT_EQ(array_type->layout.element_bytes, 8u);
  EXPECT_TRUE(array_type->layout.elements_are_traced);
}

TEST_F(HeapTest, ObjectsAreZeroedDistinctAndAligned) {
  std::set<Object*> seen;
  for (u64 bytes : {8u, 16u, 17u, 100u, 128u, 129u, 4000u, 32768u, 32769u, 200000u}) {
    for (int i = 0; i < 3; ++i) {
      Object* object = heap.allocate(bytes);
      ASSERT_NE(object, nullptr);
      EXPECT_EQ(bits(object) % 16, 0u);
      EXPECT_TRUE(seen.insert(object).second);
      for (u64 b = 0; b < bytes; ++b) ASSERT_EQ(reinterpret_cast<u8*>(object)[b], 0);
      std::memset(static_cast<void*>(object), 0xAB, bytes);
    }
  }
}

TEST_F(HeapTest, KeepsWhatIsReachableAndReusesTheRest) {
  Object* leaf = make_pair();
  Object* root = make_pair(bits(leaf), make_i31(7));
  Object* garbage = make_pair(bits(root));
  field(leaf, 0) = 0;
  collect({bits(root)});
  EXPECT_EQ(heap.statistics().live_bytes, 64u);
  EXPECT_EQ(root->type, pair_type);
  EXPECT_EQ(field(root, 0), bits(leaf));
  bool reused = false;
  for (int i = 0; i < 3000; ++i) {
    Object* fresh = heap.allocate(32);
    ASSERT_NE(fresh, root);
    ASSERT_NE(fresh, leaf);
    EXPECT_EQ(fresh->type, nullptr);
    reused |= fresh == garbage;
  }
  EXPECT_TRUE(reused);
}

TEST_F(HeapTest, CyclesAreCollected) {
  Object* a = make_pair();
  Object* b = make_pair(bits(a));
  field(a, 0) = bits(b);
  collect({bits(a)});
  EXPECT_EQ(heap.statistics().live_bytes, 64u);
  collect({});
  EXPECT_EQ(heap.statistics().live_bytes, 0u);
}

TEST_F(HeapTest, WordsThatAreNotObjectsAreIgnored) {
  Object* object = make_pair();
  u64 address = bits(object);
  // Inside an object, odd, past the used part, beside the heap, and a claimed cell that is not an object yet.
  collect({address + 8, address + 1, address + 64, address + (3 << 20), address - (1 << 30), 1, 0, ~u64{0}});
  EXPECT_EQ(heap.statistics().live_bytes, 0u);
}

TEST_F(HeapTest, AStaleWordDoesNotReviveADeadObject) {
  Object* keep = make_pair();
  Object* dead = make_pair();
  collect({bits(keep)});
  collect({bits(keep), bits(dead)});
  EXPECT_EQ(heap.statistics().live_bytes, 32u);
}

TEST_F(HeapTest, LongChainsDoNotRecurse) {
  Object* head = nullptr;
  for (int i = 0; i < 100'000; ++i) head = make_pair(bits(head));
  collect({bits(head)});
  EXPECT_EQ(heap.statistics().live_bytes, 3'200'000u);
}

TEST_F(HeapTest, LargeArraysAreFollowedAndGivenBack) {
  Object* leaf = make_pair();
  auto* array = static_cast<ArrayObject*>(heap.allocate(kArrayHeaderBytes + 20'000 * 8));
  ASSERT_NE(array, nullptr);
  array->type = array_type;
  array->length = 20'000;
  u64 reference = bits(leaf);
  std::memcpy(array->elements() + 19'999 * 8, &reference, 8);
  collect({bits(array)});
  EXPECT_EQ(heap.statistics().live_bytes, 32u + 3 * Heap::kBlockBytes);
  collect({});
  EXPECT_EQ(heap.statistics().live_bytes, 0u);
  auto* again = heap.allocate(kArrayHeaderBytes + 20'000 * 8);
  ASSERT_NE(again, nullptr);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(reinterpret_cast<u64*>(again)[i], 0u);
}

TEST_F(HeapTest, TheLimitHolds) {
  EXPECT_EQ(heap.allocate(u64{1} << 40), nullptr);
  EXPECT_EQ(heap.allocate((4 << 20) + 1), nullptr);
  u64 objects = 0;
  while (Object* object = heap.allocate(1024)) {
    object->type = pair_type;
    ++objects;
  }
  EXPECT_EQ(objects, u64{4 << 20} / 1024);
  EXPECT_EQ(heap.allocate(1 << 20), nullptr);
  collect({});
  EXPECT_NE(heap.allocate(1 << 20), nullptr);
}

TEST(I31, KeepsThirtyOneBits) {
  EXPECT_EQ(i31_unsigned(make_i31(0x7FFFFFFF)), 0x7FFFFFFFu);
  EXPECT_EQ(i31_signed(make_i31(0x7FFFFFFF)), 0xFFFFFFFFu);
  EXPECT_EQ(i31_unsigned(make_i31(0x80000005)), 5u);
  EXPECT_EQ(i31_signed(make_i31(0xC0000000)), 0xC0000000u);
  EXPECT_EQ(i31_signed(make_i31(0x40000000)), 0xC0000000u);
}

}  // namespace
}  // namespace brink::gc
