#include "engine/module/type_registry.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace brink {
namespace {

constexpr TypeId kRelative = TypeRegistry::kGroupRelative;

ValueType reference(TypeId id, bool nullable = false) { return ValueType::ref(HeapType::concrete(id), nullable); }

SubType func(std::vector<ValueType> params = {}, std::vector<ValueType> results = {}) {
  SubType type;
  type.params = std::move(params);
  type.results = std::move(results);
  return type;
}

SubType structure(std::vector<FieldType> fields = {}) {
  SubType type;
  type.kind = CompositeKind::Struct;
  type.fields = std::move(fields);
  return type;
}

SubType array(FieldType field) {
  SubType type;
  type.kind = CompositeKind::Array;
  type.fields = {field};
  return type;
}

SubType open(SubType type, TypeId supertype = kNoType) {
  type.is_final = false;
  type.supertype = supertype;
  return type;
}

TypeId add(TypeRegistry& registry, std::vector<SubType> group) { return registry.add_group(group); }

TEST(TypeRegistry, EqualStructureIsOneType) {
  TypeRegistry registry;
  TypeId a = registry.func_type(std::vector{kI32, kI64}, std::vector{kF32});
  EXPECT_EQ(add(registry, {func({kI32, kI64}, {kF32})}), a);
  EXPECT_NE(registry.func_type(std::vector{kI32}, std::vector{kF32}), a);
  EXPECT_NE(registry.func_type(std::vector{kI32}, std::vector{kI64, kF32}), a);  // same letters, other split
  EXPECT_NE(add(registry, {open(func({kI32, kI64}, {kF32}))}), a);               // not final
  EXPECT_EQ(registry.get(a).type.params[1], kI64);
  EXPECT_EQ(registry.get(a).id, a);
}

TEST(TypeRegistry, MutabilityAndPackingTellFieldsApart) {
  TypeRegistry registry;
  std::set<TypeId> ids = {
      add(registry, {array({kI32, false})}),        add(registry, {array({kI32, true})}),
      add(registry, {array({TypeKind::I8, true})}), add(registry, {array({TypeKind::I16, true})}),
      add(registry, {structure({{kI32, false}})}),  add(registry, {structure()}),
  };
  EXPECT_EQ(ids.size(), 6u);
}

TEST(TypeRegistry, CountsSlots) {
  TypeRegistry registry;
  const RegisteredType& type =
      registry.get(registry.func_type(std::vector{kI32, kV128, kFuncRef}, std::vector{kV128, kV128}));
  EXPECT_EQ(type.param_slots, 4u);
  EXPECT_EQ(type.result_slots, 4u);
}

// (type $t (func (param (ref $t)))) written twice is one type; iso-recursion.
TEST(TypeRegistry, SelfReferenceIsCanonical) {
  TypeRegistry registry;
  TypeId a = add(registry, {func({reference(kRelative)})});
  TypeId b = add(registry, {func({reference(kRelative)})});
  EXPECT_EQ(a, b);
  EXPECT_EQ(registry.get(a).type.params[0], reference(a));
}

// Unrolling is not equality: a type that refers to the recursive one from outside of its group is another type.
TEST(TypeRegistry, UnrolledOnceIsAnotherType) {
  TypeRegistry registry;
  TypeId a = add(registry, {func({reference(kRelative)})});
  TypeId b = add(registry, {func({reference(a)})});
  EXPECT_NE(a, b);
}

// type-rec.wast: (rec (type $f1 (func)) (type (struct (field (ref $f1))))), repeated, and with the field naming the
// first group's $f1.
TEST(TypeRegistry, GroupsAreEqualAsWholes) {
  TypeRegistry registry;
  TypeId f1 = add(registry, {func(), structure({{reference(kRelative), false}})});
  TypeId f2 = add(registry, {func(), structure({{reference(kRelative), false}})});
  TypeId f3 = add(registry, {func(), structure({{reference(f1), false}})});
  EXPECT_EQ(f1, f2);
  EXPECT_NE(f1, f3);
  EXPECT_EQ(registry.get(f1 + 1).type.fields[0].storage, reference(f1));
  // The same members in another order, with another member behind, and alone.
  EXPECT_NE(add(registry, {structure({{reference(kRelative + 1), false}}), func()}) + 1, f1);
  EXPECT_NE(add(registry, {func(), structure({{reference(kRelative), false}}), func()}), f1);
  EXPECT_NE(add(registry, {func()}), f1);
}

TEST(TypeRegistry, MutualReferencesAreTranslated) {
  TypeRegistry registry;
  add(registry, {func({kI32})});
  TypeId first = add(
      registry, {structure({{reference(kRelative + 1, true), true}}), structure({{reference(kRelative, true), true}})});
  EXPECT_EQ(registry.get(first).type.fields[0].storage, reference(first + 1, true));
  EXPECT_EQ(registry.get(first + 1).type.fields[0].storage, reference(first, true));
}

TEST(TypeRegistry, SupertypesAreFoundByDepth) {
  TypeRegistry registry;
  TypeId a = add(registry, {open(structure())});
  TypeId b = add(registry, {open(structure({{kI32, false}}), a)});
  TypeId c = add(registry, {open(structure({{kI32, false}, {kI64, false}}), b)});
  TypeId other = add(registry, {open(structure({{kF32, false}}), a)});
  EXPECT_EQ(registry.get(c).depth, 2u);
  EXPECT_EQ(registry.get(c).display, (std::vector<TypeId>{a, b, c}));
  EXPECT_TRUE(registry.is_subtype(c, c));
  EXPECT_TRUE(registry.is_subtype(c, b));
  EXPECT_TRUE(registry.is_subtype(c, a));
  EXPECT_FALSE(registry.is_subtype(a, c));
  EXPECT_FALSE(registry.is_subtype(c, other));
  EXPECT_FALSE(registry.is_subtype(other, b));
  // A structurally equal type without the declaration is no subtype.
  TypeId undeclared = add(registry, {open(structure({{kI32, false}}))});
  EXPECT_NE(undeclared, b);
  EXPECT_FALSE(registry.is_subtype(undeclared, a));
}

// (rec (type $f1 (sub (func))) (type $f2 (sub $f1 (func)))): a supertype in the same group.
TEST(TypeRegistry, SupertypeInsideTheGroup) {
  TypeRegistry registry;
  TypeId first = add(registry, {open(func()), open(func(), kRelative)});
  EXPECT_TRUE(registry.is_subtype(first + 1, first));
  EXPECT_EQ(registry.get(first + 1).type.supertype, first);
  EXPECT_EQ(add(registry, {open(func()), open(func(), kRelative)}), first);
  EXPECT_NE(add(registry, {open(func()), open(func(), first)}), first);
}

TEST(TypeRegistry, AbstractHierarchies) {
  using enum AbstractHeap;
  TypeRegistry registry;
  const std::set<std::pair<AbstractHeap, AbstractHeap>> kProper = {
      {NoFunc, Func}, {NoExtern, Extern}, {NoExn, Exn}, {Eq, Any},      {I31, Any},
      {Struct, Any},  {Array, Any},       {None, Any},  {I31, Eq},      {Struct, Eq},
      {Array, Eq},    {None, Eq},         {None, I31},  {None, Struct}, {None, Array},
  };
  for (u8 i = 0; i <= static_cast<u8>(Bottom); ++i) {
    for (u8 j = 0; j <= static_cast<u8>(Bottom); ++j) {
      auto sub = static_cast<AbstractHeap>(i), super = static_cast<AbstractHeap>(j);
      bool expected = sub == super || sub == Bottom || kProper.contains({sub, super});
      EXPECT_EQ(registry.is_subtype(HeapType(sub), HeapType(super)), expected)
          << to_string(HeapType(sub)) << " <: " << to_string(HeapType(super));
    }
  }
}

TEST(TypeRegistry, ConcreteAgainstAbstract) {
  using enum AbstractHeap;
  TypeRegistry registry;
  struct Row {
    TypeId id;
    std::set<AbstractHeap> above, below;
  };
  const Row kRows[] = {
      {add(registry, {func()}), {Func}, {NoFunc, Bottom}},
      {add(registry, {structure()}), {Struct, Eq, Any}, {None, Bottom}},
      {add(registry, {array({kI32, false})}), {Array, Eq, Any}, {None, Bottom}},
  };
  for (const Row& row : kRows) {
    for (u8 i = 0; i <= static_cast<u8>(Bottom); ++i) {
      auto abstract = static_cast<AbstractHeap>(i);
      HeapType concrete = HeapType::concrete(row.id);
      EXPECT_EQ(registry.is_subtype(concrete, HeapType(abstract)), row.above.contains(abstract)) << row.id << " " << +i;
      EXPECT_EQ(registry.is_subtype(HeapType(abstract), concrete), row.below.contains(abstract)) << row.id << " " << +i;
    }
  }
}

TEST(TypeRegistry, ValueTypes) {
  TypeRegistry registry;
  ValueType null_any = ValueType::ref(AbstractHeap::Any, true), any = ValueType::ref(AbstractHeap::Any, false);
  ValueType eq = ValueType::ref(AbstractHeap::Eq, false);
  EXPECT_TRUE(registry.is_subtype(kI32, kI32));
  EXPECT_FALSE(registry.is_subtype(kI32, kI64));
  EXPECT_TRUE(registry.is_subtype(any, null_any));
  EXPECT_FALSE(registry.is_subtype(null_any, any));
  EXPECT_TRUE(registry.is_subtype(eq, null_any));
  EXPECT_FALSE(registry.is_subtype(kI32, null_any));
  EXPECT_FALSE(registry.is_subtype(null_any, kI32));
  EXPECT_FALSE(registry.is_subtype(kFuncRef, null_any));
  for (ValueType type : {kI32, kV128, null_any, eq}) EXPECT_TRUE(registry.is_subtype(kBottom, type));
  EXPECT_FALSE(registry.is_subtype(kI32, kBottom));
  // The bottom heap type keeps nullability apart.
  EXPECT_TRUE(registry.is_subtype(ValueType::ref(AbstractHeap::Bottom, false), eq));
  EXPECT_FALSE(registry.is_subtype(ValueType::ref(AbstractHeap::Bottom, true), eq));
}

TEST(TypeRegistry, HoldsMoreThanOneChunk) {
  TypeRegistry registry;
  std::vector<SubType> group(1000, func());
  for (u32 i = 0; i < 1000; ++i) group[i].params = {reference(kRelative + (i + 1) % 1000)};
  TypeId first = registry.add_group(group);
  for (u32 i = 0; i < 1000; ++i) {
    EXPECT_EQ(registry.get(first + i).id, first + i);
    EXPECT_EQ(registry.get(first + i).type.params[0], reference(first + (i + 1) % 1000));
  }
}

TEST(TypeRegistry, SaysWhenItIsFull) {
  TypeRegistry registry;
  std::vector<SubType> group(400'000, func());
  ASSERT_NE(registry.add_group(group), kNoType);
  group.push_back(func());
  ASSERT_NE(registry.add_group(group), kNoType);
  group.push_back(func());
  EXPECT_EQ(registry.add_group(group), kNoType);
  // What is there already is still found, and smaller groups still fit.
  group.pop_back();
  EXPECT_EQ(registry.add_group(group), 400'000u);
  EXPECT_EQ(registry.func_type({}, {}), 800'001u);
}

TEST(TypeRegistry, IsSharedByThreads) {
  TypeRegistry registry;
  auto work = [&](std::vector<TypeId>& ids) {
    for (u32 i = 0; i < 300; ++i) {
      std::vector<ValueType> params(i % 100, kI32), results(i / 100, kI64);
      TypeId id = registry.func_type(params, results);
      ids.push_back(id);
      EXPECT_EQ(registry.get(id).type.params.size(), i % 100);
      EXPECT_TRUE(registry.is_subtype(id, ids[0]) == (id == ids[0]));
    }
  };
  std::vector<TypeId> a, b;
  std::thread first([&] { work(a); }), second([&] { work(b); });
  first.join();
  second.join();
  EXPECT_EQ(a, b);
  EXPECT_EQ(std::set<TypeId>(a.begin(), a.end()).size(), 300u);
}

}  // namespace
}  // namespace brink
