#include "engine/text/test_bytes.h"

namespace brink::text {
namespace {

TEST(Instructions, FoldedOperandsComeFirst) {
  EXPECT_EQ(body("(i32.store (i32.const 1) (i32.add (i32.const 2) (i32.const 3)))"), "41 01 41 02 41 03 6a 36 02 00");
  EXPECT_EQ(body("i32.const 1 (i32.eqz) drop"), "41 01 45 1a");
  EXPECT_EQ(body("(drop i32.const 1)"), "line 1:13: unexpected token i32.const, expected '(' or ')'");
}

TEST(Instructions, Constants) {
  EXPECT_EQ(body("i32.const 0xffffffff i32.const 63 i32.const 64 i32.const -64 i32.const -65 i32.const 2147483648"),
            "41 7f 41 3f 41 c0 00 41 40 41 bf 7f 41 80 80 80 80 78");
  EXPECT_EQ(body("i64.const 0x8000000000000000 i64.const 128"), "42 80 80 80 80 80 80 80 80 80 7f 42 80 01");
  EXPECT_EQ(body("f32.const 1 f64.const -0x1.8p1 f32.const nan:0x200000"),
            "43 00 00 80 3f 44 00 00 00 00 00 00 08 c0 43 00 00 a0 7f");
  EXPECT_EQ(body("i32.const 4294967296"), "line 1:17: constant out of range: 4294967296 as i32");
  EXPECT_EQ(body("f32.const 1e39"), "line 1:17: constant out of range: 1e39 as f32");
  EXPECT_EQ(body("i32.const 1.0"), "line 1:17: unexpected token 1.0, expected i32");
  EXPECT_EQ(body("i32.const 0drop"), "line 1:17: unknown operator 0drop");
  EXPECT_EQ(body("i32.const"), "line 1:16: unexpected token ), expected i32");
}

TEST(Blocks, PlainAndFolded) {
  EXPECT_EQ(body("block loop br 1 end end"), "02 40 03 40 0c 01 0b 0b");
  EXPECT_EQ(body("(block (loop (br 1)))"), "02 40 03 40 0c 01 0b 0b");
  EXPECT_EQ(body("i32.const 1 if nop else nop end"), "41 01 04 40 01 05 01 0b");
  EXPECT_EQ(body("(if (i32.const 1) (then nop) (else nop))"), "41 01 04 40 01 05 01 0b");
  EXPECT_EQ(body("(if (result i32) (i32.const 1) (i32.eqz) (then i32.const 2) (else (i32.const 3))) drop"),
            "41 01 45 04 7f 41 02 05 41 03 0b 1a");
  EXPECT_EQ(body("(if (then))"), "04 40 0b");
  EXPECT_EQ(body("block (block) (drop (block (result i32) i32.const 1)) end"), "02 40 02 40 0b 02 7f 41 01 0b 1a 0b");
}

TEST(Blocks, Types) {
  // Type 0 is the function's.
  EXPECT_EQ(body("block (result f64) unreachable end drop"), "02 7c 00 0b 1a");
  EXPECT_EQ(body("i32.const 0 block (param i32) drop end"), "41 00 02 01 1a 0b");
  EXPECT_EQ(body("block (result i32 i32) unreachable end unreachable"), "02 01 00 0b 00");
  EXPECT_EQ(body("block (type 0) end"), "02 00 0b");
  EXPECT_EQ(body("block (result (ref null func)) unreachable end unreachable"), "02 70 00 0b 00");
  EXPECT_EQ(body("block (result (ref func)) unreachable end unreachable"), "02 64 70 00 0b 00");
  EXPECT_EQ(body("block (param $x i32) end"), "line 1:20: unexpected token $x, expected a value type");
}

TEST(Labels, ResolveInnermostFirst) {
  EXPECT_EQ(body("block $a block $b block $a br $a br $b br 2 end br $a end end"),
            "02 40 02 40 02 40 0c 00 0c 01 0c 02 0b 0c 01 0b 0b");
  EXPECT_EQ(body("(block $a (if $b (block $c (result i32) (i32.const 0)) (then (br $a)) (else (br $b))))"),
            "02 40 02 7f 41 00 0b 04 40 0c 01 05 0c 00 0b 0b");
  EXPECT_EQ(body("block $a end $a block $a i32.const 0 if $b else $b end $b end $a"),
            "02 40 0b 02 40 41 00 04 40 05 0b 0b");
  EXPECT_EQ(body("block $a end $b"), "line 1:20: mismatching label $b");
  EXPECT_EQ(body("block end $b"), "line 1:17: mismatching label $b");
  EXPECT_EQ(body("block $a end br $a"), "line 1:23: unknown label $a");
  EXPECT_EQ(body("(if $a (i32.const 0) (drop (br $a)) (then))"), "line 1:38: unknown label $a");
  EXPECT_EQ(body("block $a (br_table 0 $a 0 (i32.const 0)) end"), "02 40 41 00 0e 02 00 00 00 0b");
  EXPECT_EQ(body("block $\"a b\" br $\"a\\20b\" end"), "02 40 0c 00 0b");
}

TEST(Blocks, MustCloseAsTheyOpened) {
  EXPECT_EQ(body("block"), "line 1:12: unexpected token ), expected end");
  EXPECT_EQ(body("end"), "line 1:7: unexpected token end, expected an instruction");
  EXPECT_EQ(body("block else end"), "line 1:13: unexpected token else, no such block is open");
  EXPECT_EQ(body("(block end)"), "line 1:14: unexpected token end, no such block is open");
  EXPECT_EQ(body("(then)"), "line 1:8: unexpected token then, expected an instruction");
  EXPECT_EQ(body("(if (i32.const 0))"), "line 1:24: unexpected token ), expected (then");
  EXPECT_EQ(body("(if (i32.const 0) (then) (then))"),
            "line 1:33: unexpected token then, expected (then …) and at most one (else …)");
  EXPECT_EQ(body("(if (i32.const 0) (else))"),
            "line 1:26: unexpected token else, expected (then …) and at most one (else …)");
}

TEST(Blocks, NestWithoutALimit) {
  constexpr int kDepth = 100000;
  std::string folded, flat, conditions;
  for (int i = 0; i < kDepth; ++i) folded += "(block ", flat += "block ", conditions += "(i32.eqz ";
  folded += std::string(kDepth, ')');
  for (int i = 0; i < kDepth; ++i) flat += "end ";
  conditions += "(i32.const 0)" + std::string(kDepth, ')');
  EXPECT_EQ(body(folded).size(), 3u * 3 * kDepth - 1);
  EXPECT_EQ(body(flat), body(folded));
  EXPECT_EQ(body(conditions).substr(0, 11), "41 00 45 45");
}

TEST(MemoryAccess, ArgumentsAndTheirDefaults) {
  EXPECT_EQ(body("i32.load i64.load8_u v128.load i32.load16_s"), "28 02 00 31 00 00 fd 00 04 00 2e 01 00");
  EXPECT_EQ(body("i32.load offset=0x80 align=1 i64.store align=16"), "28 00 80 01 37 04 00");
  EXPECT_EQ(body("i32.load $m offset=4 i32.load 0 i32.load 1 align=2", "(memory 1)(memory $m 1)"),
            "28 42 01 04 28 02 00 28 41 01 00");
  EXPECT_EQ(body("i64.load offset=0xFFFF_FFFF_FFFF_FFFF"), "29 03 ff ff ff ff ff ff ff ff ff 01");
  EXPECT_EQ(body("i32.load align=0"), "line 1:16: alignment must be a power of two");
  EXPECT_EQ(body("i32.load align=3"), "line 1:16: alignment must be a power of two");
  EXPECT_EQ(body("i32.load align=1 offset=1"), "line 1:24: unexpected token offset=1, expected an instruction");
  EXPECT_EQ(body("i32.load offset=-1"), "line 1:16: unknown operator offset=-1");
  EXPECT_EQ(body("i32.load offset=0x10000000000000000"),
            "line 1:16: i64 constant out of range: offset=0x10000000000000000");
}

TEST(MemoryAccess, LanesAfterTheArguments) {
  EXPECT_EQ(body("v128.load8_lane 3 v128.store16_lane offset=1 2 v128.load64_lane 1 0 v128.load32_lane $m align=1 3",
                 "(memory 1)(memory $m 1)"),
            "fd 54 00 00 03 fd 59 01 01 02 fd 57 43 01 00 00 fd 56 40 01 00 03");
}

TEST(MemoryInstructions, Indices) {
  const char* fields = "(memory 1)(memory $m 1)(data $d \"\")(data $e \"\")";
  EXPECT_EQ(body("memory.size memory.size $m memory.grow 1 memory.fill memory.fill $m", fields),
            "3f 00 3f 01 40 01 fc 0b 00 fc 0b 01");
  EXPECT_EQ(body("memory.copy memory.copy $m 0 memory.init $e memory.init $m $e data.drop $e", fields),
            "fc 0a 00 00 fc 0a 01 00 fc 08 01 00 fc 08 01 01 fc 09 01");
}

TEST(TableInstructions, Indices) {
  const char* fields = "(table 1 funcref)(table $t 1 funcref)(elem $e func)(elem $g func)";
  EXPECT_EQ(body("table.get table.set $t table.size 1 table.grow table.fill $t", fields),
            "25 00 26 01 fc 10 01 fc 0f 00 fc 11 01");
  EXPECT_EQ(body("table.copy table.copy 0 $t table.init $g table.init $t $g elem.drop 0", fields),
            "fc 0e 00 00 fc 0e 00 01 fc 0c 01 00 fc 0c 01 01 fc 0d 00");
  EXPECT_EQ(body("(call_indirect (i32.const 0)) (call_indirect $t (type 0) (i32.const 0)) "
                 "(return_call_indirect 1 (param i32) (i32.const 5) (i32.const 0))",
                 fields),
            "41 00 11 00 00 41 00 11 00 01 41 05 41 00 13 01 01");
}

TEST(Vectors, Constants) {
  EXPECT_EQ(body("v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 -128 255"),
            "fd 0c 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 80 ff");
  EXPECT_EQ(body("v128.const i16x8 1 2 3 4 5 6 -1 0x8000"), "fd 0c 01 00 02 00 03 00 04 00 05 00 06 00 ff ff 00 80");
  EXPECT_EQ(body("v128.const i32x4 1 2 -2 0xffffffff"), "fd 0c 01 00 00 00 02 00 00 00 fe ff ff ff ff ff ff ff");
  EXPECT_EQ(body("v128.const i64x2 1 -1"), "fd 0c 01 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff");
  EXPECT_EQ(body("v128.const f32x4 1 -inf nan -0"), "fd 0c 00 00 80 3f 00 00 80 ff 00 00 c0 7f 00 00 00 80");
  EXPECT_EQ(body("v128.const f64x2 1 -nan:0x1"), "fd 0c 00 00 00 00 00 00 f0 3f 01 00 00 00 00 00 f0 ff");
  EXPECT_EQ(body("v128.const i64x2 1"), "line 1:24: wrong number of lane literals: expected 2");
  EXPECT_EQ(body("v128.const i64x2 1 2 3"), "line 1:24: wrong number of lane literals: expected 2");
  EXPECT_EQ(body("v128.const i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
            "line 1:24: constant out of range: 256 as a lane");
  EXPECT_EQ(body("v128.const 1 2"), "line 1:18: unexpected token 1, expected a vector shape");
  EXPECT_EQ(body("v128.const f32x4 nan:canonical 0 0 0"),
            "line 1:24: unexpected token nan:canonical, expected an f32 number");
}

TEST(Vectors, LanesAndShuffles) {
  EXPECT_EQ(body("i8x16.extract_lane_s 15 f64x2.replace_lane 1"), "fd 15 0f fd 22 01");
  EXPECT_EQ(body("i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31"),
            "fd 0d 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 1f");
  EXPECT_EQ(body("i8x16.shuffle 0 1 2"), "line 1:26: invalid lane length: expected 16 lane indices");
  EXPECT_EQ(body("i8x16.extract_lane_s 256"), "line 1:28: i8 constant out of range: 256 as a lane index");
  // A sub-opcode of two bytes.
  EXPECT_EQ(body("i64x2.add f64x2.relaxed_max"), "fd ce 01 fd 90 02");
}

TEST(References, TypesTestsAndCasts) {
  const char* fields = "(type $s (struct))";  // index 0; the function's own type follows
  EXPECT_EQ(body("ref.null func ref.null $s ref.func 0 ref.is_null ref.as_non_null", fields),
            "d0 70 d0 00 d2 00 d1 d4");
  EXPECT_EQ(body("ref.test (ref $s) ref.test (ref null $s) ref.cast (ref i31) ref.cast anyref", fields),
            "fb 14 00 fb 15 00 fb 16 6c fb 17 6e");
  EXPECT_EQ(body("block $l br_on_cast $l anyref (ref $s) br_on_cast_fail 0 (ref any) (ref null none) end", fields),
            "02 40 fb 18 01 00 6e 00 fb 19 02 00 6e 71 0b");
  EXPECT_EQ(body("br_on_null 0 br_on_non_null 0 call_ref $s return_call_ref 0", fields), "d5 00 d6 00 14 00 15 00");
}

TEST(Aggregates, FieldsByName) {
  const char* fields =
      "(type $a (struct (field $x i32)))(type $b (struct (field i32) (field $x i32)))(type $c (array i8))";
  EXPECT_EQ(body("struct.new $a struct.new_default 1 struct.get $b $x struct.set $a $x struct.get_u 1 0", fields),
            "fb 00 00 fb 01 01 fb 02 01 01 fb 05 00 00 fb 04 01 00");
  EXPECT_EQ(body("array.new_fixed $c 200 array.copy $c 2 array.len array.get_s $c", fields),
            "fb 08 02 c8 01 fb 11 02 02 fb 0f fb 0c 02");
  EXPECT_EQ(body("array.new_data $c $d array.init_elem $c $e", "(type $c (array i8))(data $d \"\")(elem $e func)"),
            "fb 09 00 00 fb 13 00 00");
  EXPECT_EQ(body("struct.get $c $x", fields), "line 1:21: unknown field $x");
}

TEST(Select, WithAndWithoutTypes) {
  EXPECT_EQ(body("select select (result i32) select (result) (select (result funcref) (i32.const 0))"),
            "1b 1c 01 7f 1c 00 41 00 1c 01 70");
}

TEST(Exceptions, CatchLabelsStandOutsideOfTheBlock) {
  EXPECT_EQ(body("block $h (try_table $t (catch $e $h) (catch_ref $e 1) (catch_all $h) (catch_all_ref 0) "
                 "(br $t) (throw $e)) end throw_ref",
                 "(tag $e)"),
            "02 40 1f 40 04 00 00 00 01 00 01 02 00 03 00 0c 00 08 00 0b 0b 0a");
  EXPECT_EQ(body("try_table $t (catch_all $t) end"), "line 1:31: unknown label $t");
}

TEST(Exceptions, LegacyOnesAreRefusedByNameOrAssembled) {
  EXPECT_EQ(body("try end"), "line 1:7: try needs the legacy-exceptions proposal, which is not enabled");
  FeatureSet features = FeatureSet::wasm3();
  features.add(Feature::LegacyExceptions);
  const char* expected = "06 40 01 07 00 09 00 19 0b 06 40 18 00";
  EXPECT_EQ(body("try nop catch $e rethrow 0 catch_all end try delegate 0", "(tag $e)", features), expected);
  EXPECT_EQ(body("(try (do nop) (catch $e (rethrow 0)) (catch_all)) (try (do) (delegate 0))", "(tag $e)", features),
            expected);
}

TEST(Names, UnknownOnes) {
  EXPECT_EQ(body("local.get $x"), "line 1:17: unknown local $x");
  EXPECT_EQ(body("call $x"), "line 1:12: unknown function $x");
  EXPECT_EQ(body("global.get $x"), "line 1:18: unknown global $x");
  EXPECT_EQ(body("struct.new $x"), "line 1:18: unknown type $x");
  EXPECT_EQ(body("memory.size $x"), "line 1:19: unknown memory $x");
  EXPECT_EQ(body("table.size $x"), "line 1:18: unknown table $x");
  EXPECT_EQ(body("throw $x"), "line 1:13: unknown tag $x");
  EXPECT_EQ(body("elem.drop $x"), "line 1:17: unknown elem segment $x");
  EXPECT_EQ(body("data.drop $x"), "line 1:17: unknown data segment $x");
  // Indices pass: they are for the validator.
  EXPECT_EQ(body("local.get 99 call 128 br 7"), "20 63 10 80 01 0c 07");
  EXPECT_EQ(body("call 4294967296"), "line 1:12: i32 constant out of range: 4294967296 as a function index");
}

TEST(Proposals, NeedTheirFeature) {
  EXPECT_EQ(body("i32.atomic.load"), "line 1:7: i32.atomic.load needs the threads proposal, which is not enabled");
  EXPECT_EQ(body("i64.add128"), "line 1:7: i64.add128 needs the wide-arithmetic proposal, which is not enabled");
  FeatureSet features = FeatureSet::wasm3();
  features.add(Feature::Threads);
  features.add(Feature::WideArithmetic);
  EXPECT_EQ(body("i32.atomic.load offset=8 atomic.fence i64.mul_wide_u", "", features), "fe 10 02 08 fe 03 00 fc 16");
}

}  // namespace
}  // namespace brink::text
