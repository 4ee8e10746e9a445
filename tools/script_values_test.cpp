#include "tools/script_values.h"

#include <gtest/gtest.h>

namespace brink::tools {
namespace {

using text::ScriptValue;
using Kind = ScriptValue::Kind;
using Nan = ScriptValue::Nan;
using Shape = ScriptValue::Shape;

ScriptValue pattern(Kind kind, u64 bits = 0, Nan nan = Nan::None) {
  ScriptValue value;
  value.kind = kind;
  value.bits = bits;
  value.nan = nan;
  return value;
}

class ScriptValues : public ::testing::Test {
 protected:
  Engine engine;
  Store store{engine};
};

TEST_F(ScriptValues, IntegersMatchByBits) {
  EXPECT_TRUE(matches(store, pattern(Kind::I32, 0xFFFFFFFF), Value::i32(-1)));
  EXPECT_FALSE(matches(store, pattern(Kind::I32, 1), Value::i32(2)));
  EXPECT_FALSE(matches(store, pattern(Kind::I32, 1), Value::i64(1)));
  EXPECT_TRUE(matches(store, pattern(Kind::I64, ~u64{0}), Value::i64(-1)));
  EXPECT_FALSE(matches(store, pattern(Kind::I64, 0xFFFFFFFF), Value::i64(-1)));
}

TEST_F(ScriptValues, FloatsMatchByBitsSoThatZeroHasASign) {
  EXPECT_TRUE(matches(store, pattern(Kind::F32, 0x3F800000), Value::f32(1)));
  EXPECT_FALSE(matches(store, pattern(Kind::F32, 0x80000000), Value::f32(0)));
  EXPECT_TRUE(matches(store, pattern(Kind::F64, 0x7FF0000000000001), Value::from_bits(kF64, 0x7FF0000000000001)));
}

TEST_F(ScriptValues, CanonicalNanHasOnlyItsTopBitAndAnySign) {
  ScriptValue canonical = pattern(Kind::F32, 0, Nan::Canonical);
  EXPECT_TRUE(matches(store, canonical, Value::from_bits(kF32, 0x7FC00000)));
  EXPECT_TRUE(matches(store, canonical, Value::from_bits(kF32, 0xFFC00000)));
  EXPECT_FALSE(matches(store, canonical, Value::from_bits(kF32, 0x7FC00001)));
  EXPECT_FALSE(matches(store, canonical, Value::from_bits(kF32, 0x7F800000)));
}

TEST_F(ScriptValues, ArithmeticNanHasItsTopBitSet) {
  ScriptValue arithmetic = pattern(Kind::F64, 0, Nan::Arithmetic);
  EXPECT_TRUE(matches(store, arithmetic, Value::from_bits(kF64, 0xFFF8000000000001)));
  EXPECT_FALSE(matches(store, arithmetic, Value::from_bits(kF64, 0x7FF4000000000000)));
  EXPECT_FALSE(matches(store, arithmetic, Value::f64(1)));
}

TEST_F(ScriptValues, VectorsMatchLaneByLane) {
  ScriptValue vector = pattern(Kind::V128);
  vector.shape = Shape::F32x4;
  vector.v128 = {0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F};  // 1, nan:canonical, 0, 1
  vector.lane_nan[1] = Nan::Canonical;
  V128 found;
  found.bytes = {0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F, 0, 0, 0, 0, 0, 0, 0x80, 0x3F};
  EXPECT_TRUE(matches(store, vector, Value::v128(found)));
  found.bytes[8] = 1;
  EXPECT_FALSE(matches(store, vector, Value::v128(found)));
  found.bytes[8] = 0;
  found.bytes[4] = 1;
  EXPECT_FALSE(matches(store, vector, Value::v128(found)));
}

TEST_F(ScriptValues, ExternReferencesCarryTheHostsNumber) {
  ScriptValue two = pattern(Kind::RefExtern, 2);
  two.has_value = true;
  Value reference = Value::reference(kExternRef, store.make_extern(2));
  EXPECT_TRUE(matches(store, two, reference));
  EXPECT_FALSE(matches(store, two, Value::reference(kExternRef, store.make_extern(0))));
  EXPECT_FALSE(matches(store, two, Value::null(kExternRef)));
  EXPECT_TRUE(matches(store, pattern(Kind::RefExtern), reference));
  EXPECT_FALSE(matches(store, pattern(Kind::RefFunc), reference));
}

TEST_F(ScriptValues, NullMatchesWithinItsHierarchy) {
  ScriptValue null = pattern(Kind::RefNull);
  EXPECT_TRUE(matches(store, null, Value::null(kFuncRef)));
  null.has_value = true;
  null.heap = "nofunc";
  EXPECT_TRUE(matches(store, null, Value::null(kFuncRef)));
  EXPECT_FALSE(matches(store, null, Value::null(kExternRef)));
  EXPECT_FALSE(matches(store, null, Value::i32(0)));
}

TEST_F(ScriptValues, EitherMatchesAnyOfItsAlternatives) {
  ScriptValue either = pattern(Kind::Either);
  either.alternatives = {pattern(Kind::I32, 1), pattern(Kind::I32, 3)};
  EXPECT_TRUE(matches(store, either, Value::i32(3)));
  EXPECT_FALSE(matches(store, either, Value::i32(2)));
}

TEST_F(ScriptValues, ArgumentsTakeTheParametersType) {
  ScriptValue null = pattern(Kind::RefNull);
  null.has_value = true;
  null.heap = "extern";
  Result<Value> value = argument_value(store, null, kExternRef);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->type(), kExternRef);
  EXPECT_FALSE(argument_value(store, null, kFuncRef));
  EXPECT_FALSE(argument_value(store, null, kI32));
  EXPECT_EQ(argument_value(store, pattern(Kind::I64, 5), kI64)->as_i64(), 5);
}

}  // namespace
}  // namespace brink::tools
