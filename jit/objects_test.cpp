// Structs, arrays, i31 and casts in machine code: what the official suite does not put together. Expected values by hand.
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

constexpr const char* kObjects = R"((module
  (type $base (sub (struct (field $a i32) (field $b (mut f64)))))
  (type $middle (sub $base (struct (field $a i32) (field $b (mut f64)) (field $v (mut v128)) (field $c (mut i8)))))
  (type $leaf (sub final $middle (struct (field $a i32) (field $b (mut f64)) (field $v (mut v128)) (field $c (mut i8)) (field $d (mut i64)))))
  (type $other (struct (field i32)))
  (type $vectors (array (mut v128))) (type $shorts (array (mut i16))) (type $floats (array (mut f32)))
  (type $f (sub (func (param i32) (result i32)))) (type $g (sub final $f (func (param i32) (result i32))))
  (func $plain (type $f) (local.get 0)) (func $special (type $g) (i32.add (local.get 0) (i32.const 1)))
  (elem declare func $plain $special)

  ;; 0 null, 1 base, 2 middle, 3 leaf, 4 other, 5 i31, 6 array
  (func $make (param $n i32) (result anyref)
    (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 $5 $6 (local.get $n)))
      (return (ref.null any)))
      (return (struct.new $base (i32.const 11) (f64.const 1.5))))
      (return (struct.new $middle (i32.const 12) (f64.const 2.5) (v128.const i64x2 3 4) (i32.const 200))))
      (return (struct.new $leaf (i32.const 13) (f64.const 3.5) (v128.const i64x2 5 6) (i32.const 0x181) (i64.const -7))))
      (return (struct.new $other (i32.const 14))))
      (return (ref.i31 (i32.const -3))))
    (array.new $shorts (i32.const 0xFFFF) (i32.const 3)))

  ;; One bit for each test.
  (func (export "tests") (param $n i32) (result i32) (local $r anyref)
    (local.set $r (call $make (local.get $n)))
    (i32.or (i32.or (i32.or (ref.test (ref $base) (local.get $r)) (i32.shl (ref.test (ref $middle) (local.get $r)) (i32.const 1)))
                    (i32.or (i32.shl (ref.test (ref null $leaf) (local.get $r)) (i32.const 2)) (i32.shl (ref.test i31ref (local.get $r)) (i32.const 3))))
            (i32.or (i32.or (i32.shl (ref.test (ref struct) (local.get $r)) (i32.const 4)) (i32.shl (ref.test (ref array) (local.get $r)) (i32.const 5)))
                    (i32.or (i32.shl (ref.test (ref eq) (local.get $r)) (i32.const 6)) (i32.shl (ref.test nullref (local.get $r)) (i32.const 7))))))
  (func (export "functions") (param $n i32) (result i32) (local $r funcref)
    (local.set $r (if (result funcref) (local.get $n) (then (ref.func $special)) (else (ref.func $plain))))
    (i32.add (i32.mul (ref.test (ref $f) (local.get $r)) (i32.const 10)) (i32.add (ref.test (ref $g) (local.get $r))
      (call_ref $f (i32.const 100) (ref.cast (ref $f) (local.get $r))))))

  ;; The cast's label takes a number too, and the block has operands below.
  (func (export "branches") (param $n i32) (result i32)
    (i32.const 1000)
    (block $taken (result i64 anyref)
      (drop (br_on_cast $taken anyref (ref $middle) (i64.const 5) (call $make (local.get $n))))
      (drop)
      (i64.const 7) (ref.null any))
    (drop) (i32.wrap_i64) (i32.add))
  (func (export "fails") (param $n i32) (result i32)
    (block $not (result anyref)
      (return (struct.get $base $a (br_on_cast_fail $not anyref (ref $base) (call $make (local.get $n))))))
    (ref.is_null) (i32.sub (i32.const 0)) (i32.add (i32.const -1)))
  ;; Goes round while the reference is no leaf: the label is a loop.
  (func (export "loops") (param $n i32) (result i32) (local $rounds i32)
    (local.get $n) (call $make)
    (loop $again (param anyref) (result i32)
      (drop)
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (call $make (i32.add (local.get $rounds) (local.get $n)))
      (drop (br_on_cast_fail $again anyref (ref $leaf)))
      (local.get $rounds)))

  (func (export "fields") (param $n i32) (result i64) (local $r (ref null $leaf))
    (local.set $r (ref.cast (ref null $leaf) (call $make (local.get $n))))
    (struct.set $leaf $b (local.get $r) (f64.add (struct.get $leaf $b (local.get $r)) (f64.const 0.25)))
    (struct.set $leaf $v (local.get $r) (i64x2.add (struct.get $leaf $v (local.get $r)) (v128.const i64x2 10 20)))
    (struct.set $leaf $c (local.get $r) (i32.add (struct.get_u $leaf $c (local.get $r)) (i32.const 2)))
    (struct.set $leaf $d (local.get $r) (i64.const 0x123456789ABCDEF))
    (i64.add (i64.add (i64.trunc_f64_s (f64.mul (f64.const 100) (struct.get $leaf $b (local.get $r))))
                      (i64x2.extract_lane 1 (struct.get $leaf $v (local.get $r))))
             (i64.add (i64.extend_i32_s (struct.get_s $leaf $c (local.get $r)))
                      (i64.xor (struct.get $leaf $d (local.get $r)) (i64.const 0x123456789ABCDE0)))))
  (func (export "arrays") (param $i i32) (result i64)
    (local $v (ref $vectors)) (local $s (ref $shorts)) (local $x (ref $floats))
    (local.set $v (array.new $vectors (v128.const i64x2 1 2) (i32.const 4)))
    (local.set $s (array.new $shorts (i32.const -2) (i32.const 4)))
    (local.set $x (array.new $floats (f32.const 0.5) (i32.const 4)))
    (array.set $vectors (local.get $v) (local.get $i) (v128.const i64x2 30 40))
    (array.set $shorts (local.get $s) (local.get $i) (i32.const 0x18000))
    (array.set $floats (local.get $x) (local.get $i) (f32.const 8.75))
    (i64.add (i64.add (i64x2.extract_lane 0 (array.get $vectors (local.get $v) (local.get $i)))
                      (i64x2.extract_lane 1 (array.get $vectors (local.get $v) (i32.xor (local.get $i) (i32.const 1)))))
      (i64.add (i64.add (i64.extend_i32_s (array.get_s $shorts (local.get $s) (local.get $i)))
                        (i64.extend_i32_u (array.get_u $shorts (local.get $s) (i32.xor (local.get $i) (i32.const 1)))))
        (i64.add (i64.trunc_f32_s (f32.mul (array.get $floats (local.get $x) (local.get $i)) (f32.const 4)))
                 (i64.extend_i32_u (array.len (local.get $x)))))))
  (func (export "small") (param $n i32) (result i32)
    (i32.add (i31.get_s (ref.i31 (local.get $n))) (i32.shr_u (i31.get_u (ref.i31 (local.get $n))) (i32.const 16))))
  (func (export "null") (param $n i32) (result i32)
    (i32.add (i31.get_u (ref.null i31)) (array.len (ref.null array)))) ))";

TEST(JitObjects, Tests) {
  Both both(kObjects);
  constexpr i32 kWanted[] = {4 + 8 + 128, 1 + 16 + 64, 3 + 16 + 64, 7 + 16 + 64, 16 + 64, 8 + 64, 32 + 64};
  for (i32 n = 0; n < 7; ++n) EXPECT_EQ(both.expect_same("tests", {Value::i32(n)}), std::to_string(kWanted[n]) + " ") << n;
  EXPECT_EQ(both.expect_same("functions", {Value::i32(0)}), "110 ");
  EXPECT_EQ(both.expect_same("functions", {Value::i32(1)}), "112 ");
  both.expect_all_compiled();
}

TEST(JitObjects, Branches) {
  Both both(kObjects);
  for (i32 n = 0; n < 7; ++n) {
    EXPECT_EQ(both.expect_same("branches", {Value::i32(n)}), n == 2 || n == 3 ? "1005 " : "1007 ") << n;
    EXPECT_EQ(both.expect_same("fails", {Value::i32(n)}), n == 0 ? "0 " : n <= 3 ? std::to_string(10 + n) + " " : "-1 ") << n;
  }
  EXPECT_EQ(both.expect_same("loops", {Value::i32(0)}), "3 ");
  EXPECT_EQ(both.expect_same("loops", {Value::i32(2)}), "1 ");
  both.expect_all_compiled();
}

TEST(JitObjects, FieldsAndElements) {
  Both both(kObjects);
  // 375, 26, 0x83 as a signed byte, and the last digit
  EXPECT_EQ(both.expect_same("fields", {Value::i32(3)}), std::to_string(375 + 26 - 125 + 15) + " ");
  // 30, 2, -32768, 65534, 35, 4
  for (i32 i = 0; i < 4; ++i) EXPECT_EQ(both.expect_same("arrays", {Value::i32(i)}), "32837 ");
  EXPECT_EQ(both.expect_same("small", {Value::i32(-2)}), std::to_string(-2 + 0x7FFF) + " ");
  EXPECT_EQ(both.expect_same("small", {Value::i32(0x7FFFFFFF)}), std::to_string(-1 + 0x7FFF) + " ");
  both.expect_all_compiled();
}

TEST(JitObjects, Traps) {
  Both both(kObjects);
  EXPECT_EQ(both.expect_same("fields", {Value::i32(0)}).find("null reference"), 0u);
  for (i32 n : {1, 2, 4, 5, 6}) EXPECT_EQ(both.expect_same("fields", {Value::i32(n)}).find("cast failure"), 0u) << n;
  for (i32 i : {4, -1, INT32_MIN}) EXPECT_EQ(both.expect_same("arrays", {Value::i32(i)}).find("out of bounds array access"), 0u);
  EXPECT_EQ(both.expect_same("null", {Value::i32(0)}).find("null"), 0u);
}

}  // namespace
}  // namespace brink::jit
