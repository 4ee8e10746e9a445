// Machine code against the interpreter: the same modules in both, results, traps and backtraces compared. And what only machine
// code can get wrong: its limits, its calls, its way out.
#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/interrupt.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

std::vector<u64> edges(bool is_64) {
  std::vector<u64> values;
  for (u64 middle : {u64{0}, u64{1} << 7, u64{1} << 15, u64{1} << 31, u64{1} << 32, u64{1} << 63})
    for (i64 delta : {-1, 0, 1}) {
      u64 value = middle + static_cast<u64>(delta);
      values.push_back(is_64 ? value : value & 0xFFFFFFFF);
    }
  values.push_back(7);
  values.push_back(is_64 ? ~u64{6} : 0xFFFFFFF9);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

Value value_of(const std::string& type, u64 bits) {
  if (type == "i32") return Value::i32(static_cast<i32>(bits));
  if (type == "i64") return Value::i64(static_cast<i64>(bits));
  if (type == "f32") return Value::f32(std::bit_cast<float>(static_cast<u32>(bits)));
  return Value::f64(std::bit_cast<double>(bits));
}

std::string constant_of(const std::string& type, u64 bits) {
  if (type == "i32") return "(i32.const " + std::to_string(static_cast<i32>(bits)) + ")";
  return "(i64.const " + std::to_string(static_cast<i64>(bits)) + ")";
}

// Every binary instruction with operands in locals, in constants, on the stack, as branch condition, and into the local that
// holds an operand.
TEST(JitIntegers, EdgesOfBinaryInstructions) {
  const char* kOps[] = {"add",  "sub",  "mul",  "div_s", "div_u", "rem_s", "rem_u", "and",  "or",   "xor",  "shl",  "shr_s", "shr_u",
                        "rotl", "rotr", "eq",   "ne",    "lt_s",  "lt_u",  "gt_s",  "gt_u", "le_s", "le_u", "ge_s", "ge_u"};
  for (std::string type : {"i32", "i64"}) {
    std::vector<u64> values = edges(type == "i64");
    std::string text = "(module (memory 1)\n";
    for (std::string op : kOps) {
      std::string both = "(param $a " + type + ") (param $b " + type + ")";
      bool compares = std::string_view("eqnelt_slt_ugt_sgt_ule_sle_uge_sge_u").find(op) != std::string_view::npos;
      std::string result = compares ? "i32" : type, name = type + "." + op;
      text += "(func (export \"ll " + op + "\") " + both + " (result " + result + ") (" + name + " (local.get $a) (local.get $b)))\n";
      // Operands from memory, one after the other.
      text += "(func (export \"ss " + op + "\") " + both + " (result " + result + ") (" + type + ".store (i32.const 0) (local.get $a)) (" +
              type + ".store (i32.const 8) (local.get $b)) (" + name + " (" + type + ".load (i32.const 0)) (" + type + ".load (i32.const 8))))\n";
      if (compares) {
        text += "(func (export \"br " + op + "\") " + both +
                " (result i32) (block (br_if 0 (" + name + " (local.get $a) (local.get $b))) (return (i32.const 5))) (i32.const 6))\n";
        text += "(func (export \"nz " + op + "\") " + both + " (result i32) (if (result i32) (i32.eqz (" + name +
                " (local.get $a) (local.get $b))) (then (i32.const 5)) (else (i32.const 6))))\n";
        text += "(func (export \"se " + op + "\") " + both + " (result " + type + ") (select (local.get $a) (local.get $b) (" + name +
                " (local.get $a) (local.get $b))))\n";
      } else {
        text += "(func (export \"ta " + op + "\") " + both + " (result " + type + ") (local.set $a (" + name +
                " (local.get $a) (local.get $b))) (local.get $a))\n";
        text += "(func (export \"tb " + op + "\") " + both + " (result " + type + ") (local.set $b (" + name +
                " (local.get $a) (local.get $b))) (local.get $b))\n";
      }
      for (size_t i = 0; i < values.size(); ++i) {
        std::string c = constant_of(type, values[i]), number = std::to_string(i);
        text += "(func (export \"lc " + op + number + "\") " + both + " (result " + result + ") (" + name + " (local.get $a) " + c + "))\n";
        text += "(func (export \"cl " + op + number + "\") " + both + " (result " + result + ") (" + name + " " + c + " (local.get $b)))\n";
      }
    }
    Both both(text + ")");
    for (std::string op : kOps) {
      bool compares = std::string_view("eqnelt_slt_ugt_sgt_ule_sle_uge_sge_u").find(op) != std::string_view::npos;
      for (size_t i = 0; i < values.size(); ++i) {
        for (u64 b : values) {
          std::vector<Value> arguments = {value_of(type, values[i]), value_of(type, b)};
          both.expect_same("ll " + op, arguments);
          both.expect_same("ss " + op, arguments);
          for (const char* form : {"br ", "nz ", "se "})
            if (compares) both.expect_same(form + op, arguments);
          for (const char* form : {"ta ", "tb "})
            if (!compares) both.expect_same(form + op, arguments);
        }
        for (u64 other : {values[0], values[3], values.back(), u64{100}}) {
          both.expect_same("lc " + op + std::to_string(i), {value_of(type, other), value_of(type, 0)});
          both.expect_same("cl " + op + std::to_string(i), {value_of(type, 0), value_of(type, other)});
        }
      }
    }
    both.expect_all_compiled();
  }
}

// Addresses wrap at 32 bits where they are computed, and nowhere else: scaled, shifted, with offsets up to 2^32 - 1.
TEST(JitMemory, AddressesAtEveryBoundary) {
  std::string text = "(module (memory 2) (data (i32.const 65532) \"\\01\\02\\03\\04\\05\\06\\07\\08\")\n";
  std::vector<u64> offsets = {0, 1, 65528, 65535, 131064, 131071, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFF8, 0xFFFFFFFF};
  std::vector<std::string> names;
  auto add = [&](const std::string& name, const std::string& body) {
    names.push_back(name);
    text += "(func (export \"" + name + "\") (param $a i32) (param $b i32) (result i64) " + body + ")\n";
  };
  for (u64 offset : offsets) {
    std::string o = " offset=" + std::to_string(offset);
    add("plain" + o, "(i64.load" + o + " (local.get $a))");
    add("byte" + o, "(i64.load8_s" + o + " (local.get $a))");
    add("sum" + o, "(i64.load" + o + " (i32.add (local.get $a) (local.get $b)))");
    add("store" + o, "(i64.store" + o + " (local.get $a) (i64.const -2)) (i64.load" + o + " (local.get $a))");
    add("store32" + o, "(i64.store32" + o + " (local.get $a) (i64.extend_i32_u (local.get $b))) (i64.load32_u" + o + " (local.get $a))");
    for (u32 shift : {1, 2, 3, 4})
      add("scale" + std::to_string(shift) + o, "(i64.load" + o + " (i32.add (local.get $b) (i32.shl (local.get $a) (i32.const " +
                                                   std::to_string(shift) + "))))");
    add("wrap" + o, "(i64.load" + o + " (i32.wrap_i64 (i64.add (i64.extend_i32_u (local.get $a)) (i64.const 0x500000000))))");
    for (u64 address : {u64{0}, u64{65528}, u64{65536}, u64{0x7FFFFFFF}, u64{0x80000000}, u64{0xFFFFFFFF}})
      add("const" + std::to_string(address) + o, "(i64.load" + o + " (i32.const " + std::to_string(static_cast<i32>(address)) + "))");
  }
  Both both(text + ")");
  std::vector<u64> addresses = {0, 1, 65528, 131064, 131065, 131072, 0x7FFFFFF8, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFF0000, 0xFFFFFFF8, 0xFFFFFFFF};
  for (const std::string& name : names)
    for (u64 a : addresses)
      for (u64 b : {u64{0}, u64{8}, u64{0x7FFFFFFF}, u64{0x80000000}, u64{0xFFFFFFFF}, u64{0x80010000}})
        both.expect_same(name, {value_of("i32", a), value_of("i32", b)});
  both.expect_all_compiled();
}

// Checked accesses: 64-bit addresses, a second memory, pages of one byte.
TEST(JitMemory, CheckedAccesses) {
  std::string text = "(module (memory $g 1) (memory $l i64 1) (memory $s 100 200 (pagesize 1))\n";
  std::vector<std::string> wide, narrow;
  for (u64 offset : {u64{0}, u64{8}, u64{65528}, u64{0xFFFFFFFF}, u64{0x100000000}, u64{0x7FFFFFFFFFFFFFFF}, ~u64{0}, ~u64{7}}) {
    std::string o = " offset=" + std::to_string(offset);
    wide.push_back("wide" + o);
    text += "(func (export \"wide" + o + "\") (param $a i64) (result i64) (i64.store $l" + o + " (local.get $a) (i64.const 77)) (i64.load $l" + o + " (local.get $a)))\n";
    if (offset > 0xFFFFFFFF) continue;
    narrow.push_back("small" + o);
    text += "(func (export \"small" + o + "\") (param $a i32) (result i32) (i32.store16 $s" + o + " (local.get $a) (i32.const -1)) (i32.load16_s $s" + o + " (local.get $a)))\n";
  }
  text += "(func (export \"grow\") (result i32) (memory.grow $s (i32.const 50))) (func (export \"size\") (result i32) (memory.size $s))"
          "(func (export \"size64\") (result i64) (memory.size $l)))";
  Both both(text);
  for (int round = 0; round < 2; ++round) {
    for (const std::string& name : wide)
      for (u64 a : {u64{0}, u64{8}, u64{65528}, u64{65529}, u64{65536}, u64{0x100000000}, ~u64{0}, ~u64{7}, u64{1} << 63})
        both.expect_same(name, {value_of("i64", a)});
    for (const std::string& name : narrow)
      for (u64 a : {u64{0}, u64{98}, u64{99}, u64{100}, u64{148}, u64{149}, u64{0xFFFFFFFF}, u64{0x7FFFFFFF}})
        both.expect_same(name, {value_of("i32", a)});
    both.expect_same("grow", {});
    both.expect_same("size", {});
    both.expect_same("size64", {});
  }
  both.expect_all_compiled();
}

TEST(JitFloats, Edges) {
  std::vector<double> values = {0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2147483647.0, 2147483648.0, -2147483648.0, -2147483649.0, 4294967295.0,
                                4294967296.0, 4294967295.5, 9223372036854775807.0, -9223372036854775808.0, 18446744073709551615.0,
                                18446744073709549568.0, 1e300, -1e300, 1e-310, __builtin_inf(), -__builtin_inf(), __builtin_nan("")};
  std::string text = "(module\n";
  std::vector<std::string> binary, unary, from_float;
  for (std::string type : {"f32", "f64"}) {
    for (std::string op : {"add", "sub", "mul", "div", "min", "max", "copysign", "eq", "ne", "lt", "gt", "le", "ge"}) {
      bool compares = op.size() == 2;
      std::string result = compares ? "i32" : type, name = type + "." + op;
      std::string both = "(param $a " + type + ") (param $b " + type + ")", operands = " (local.get $a) (local.get $b))";
      binary.push_back(name);
      text += "(func (export \"" + name + "\") " + both + " (result " + result + ") (" + name + operands + ")\n";
      if (!compares) {
        binary.push_back(name + " set");
        text += "(func (export \"" + name + " set\") " + both + " (result " + result + ") (local.set $b (" + name + operands + ") (local.get $b))\n";
        continue;
      }
      for (std::string form : {"br", "if", "select", "brz"}) binary.push_back(name + " " + form);
      std::string test = "(" + name + operands;
      text += "(func (export \"" + name + " br\") " + both + " (result i32) (block (br_if 0 " + test + ") (return (i32.const 5))) (i32.const 6))\n";
      text += "(func (export \"" + name + " brz\") " + both + " (result i32) (block (br_if 0 (i32.eqz " + test + ")) (return (i32.const 5))) (i32.const 6))\n";
      text += "(func (export \"" + name + " if\") " + both + " (result i32) (if (result i32) " + test + " (then (i32.const 5)) (else (i32.const 6))))\n";
      text += "(func (export \"" + name + " select\") " + both + " (result " + type + ") (select (local.get $b) (local.get $a) " + test + "))\n";
    }
    for (std::string op : {"abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"}) {
      unary.push_back(type + "." + op);
      text += "(func (export \"" + type + "." + op + "\") (param " + type + ") (result " + type + ") (" + type + "." + op + " (local.get 0)))\n";
    }
    for (std::string to : {"i32", "i64"})
      for (std::string op : {"trunc", "trunc_sat"})
        for (std::string sign : {"_s", "_u"}) {
          std::string name = to + "." + op + "_" + type + sign;
          unary.push_back(type + name);
          // With other values alive in registers around it.
          text += "(func (export \"" + type + name + "\") (param " + type + ") (result " + to + ") (local $x " + to + ") (local.set $x (" + to + ".const 3)) (" +
                  to + ".add (" + to + ".mul (local.get $x) (" + to + ".const 5)) (" + name + " (local.get 0))))\n";
        }
  }
  std::vector<std::string> from_integer;
  for (std::string from : {"i32", "i64"})
    for (std::string to : {"f32", "f64"})
      for (std::string sign : {"_s", "_u"}) {
        std::string name = to + ".convert_" + from + sign;
        from_integer.push_back(from + name);
        text += "(func (export \"" + from + name + "\") (param " + from + ") (result " + to + ") (" + name + " (local.get 0)))\n";
      }
  text += "(func (export \"f64promote\") (param f32) (result f64) (f64.promote_f32 (local.get 0)))"
          "(func (export \"f64demote\") (param f64) (result f32) (f32.demote_f64 (local.get 0))))";
  Both both(text);
  auto argument = [](const std::string& name, double value) {
    return name.starts_with("f32") ? Value::f32(static_cast<float>(value)) : Value::f64(value);
  };
  for (const std::string& name : binary)
    for (double a : values)
      for (double b : values) both.expect_same(name, {argument(name, a), argument(name, b)});
  for (const std::string& name : unary)
    for (double a : values) both.expect_same(name, {argument(name, a)});
  for (const std::string& name : from_integer)
    for (u64 a : edges(name.starts_with("i64"))) both.expect_same(name, {value_of(name.substr(0, 3), a)});
  for (double a : values) {
    both.expect_same("f64promote", {Value::f32(static_cast<float>(a))});
    both.expect_same("f64demote", {Value::f64(a)});
  }
  both.expect_all_compiled();
}

// Arguments in every order, so that registers change places in every circle; more of them than registers; all kinds.
TEST(JitCalls, ArgumentsInEveryOrder) {
  std::string text = "(module (func $digits (param i32 i32 i32 i32 f64 f64 f64 f64) (result f64)"
                     " (f64.add (f64.convert_i32_s (i32.add (i32.add (local.get 0) (i32.mul (local.get 1) (i32.const 10)))"
                     " (i32.add (i32.mul (local.get 2) (i32.const 100)) (i32.mul (local.get 3) (i32.const 1000)))))"
                     " (f64.add (f64.add (f64.mul (local.get 4) (f64.const 0.1)) (f64.mul (local.get 5) (f64.const 0.01)))"
                     " (f64.add (f64.mul (local.get 6) (f64.const 0.001)) (f64.mul (local.get 7) (f64.const 0.0001))))))\n";
  std::vector<std::string> names;
  int order[] = {0, 1, 2, 3};
  do {
    std::string name;
    for (int i : order) name += static_cast<char>('0' + i);
    names.push_back(name);
    std::string params = "(param i32 i32 i32 i32 f64 f64 f64 f64) (result f64)";
    text += "(func (export \"" + name + "\") " + params + " (call $digits";
    // Computed first, so that they are in registers, in this order; then used in that.
    for (int i : order) text += " (local.get " + std::to_string(i) + ")";
    for (int i : order) text += " (local.get " + std::to_string(i + 4) + ")";
    text += "))\n";
    names.push_back("t" + name);
    text += "(func (export \"t" + name + "\") " + params + " (call $digits";
    for (int i : order) text += " (i32.add (local.get " + std::to_string(i) + ") (i32.const 1))";
    for (int i : order) text += " (f64.add (local.get " + std::to_string(i + 4) + ") (f64.const 1))";
    text += "))\n";
  } while (std::next_permutation(order, order + 4));
  // The same as the callee's own arguments passed on: from argument register to argument register.
  text += "(func $turn (param i32 i32 i32 i32 f64 f64 f64 f64 i32) (result f64) (if (result f64) (local.get 8)"
          " (then (call $turn (local.get 1) (local.get 2) (local.get 3) (local.get 0) (local.get 5) (local.get 6) (local.get 7) (local.get 4)"
          " (i32.sub (local.get 8) (i32.const 1)))) (else (call $digits (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)"
          " (local.get 5) (local.get 6) (local.get 7)))))\n"
          "(func (export \"turn\") (param i32) (result f64) (call $turn (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (f64.const 5)"
          " (f64.const 6) (f64.const 7) (f64.const 8) (local.get 0)))\n"
          "(func $many (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result f64 i64)"
          " (f64.add (f64.add (f64.promote_f32 (local.get 2)) (local.get 15)) (f64.promote_f32 (f32.mul (local.get 14) (local.get 10))))"
          " (i64.add (i64.add (local.get 1) (local.get 13)) (i64.extend_i32_s (i32.sub (local.get 12) (local.get 8)))))\n"
          "(func (export \"many\") (param i32) (result f64 i64) (call $many (local.get 0) (i64.const 2) (f32.const 3) (f64.const 4)"
          " (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (i32.const 9) (i64.const 10) (f32.const 11) (f64.const 12)"
          " (i32.const 13) (i64.const 14) (f32.const 15) (f64.const 16))))";
  Both both(text);
  std::vector<Value> arguments = {Value::i32(1), Value::i32(2), Value::i32(3), Value::i32(4), Value::f64(5), Value::f64(6), Value::f64(7), Value::f64(8)};
  for (const std::string& name : names) both.expect_same(name, arguments);
  for (i32 i : {0, 1, 2, 3, 4, 5, 1001}) both.expect_same("turn", {Value::i32(i)});
  EXPECT_EQ(both.expect_same("many", {Value::i32(1)}), "184 20 ");
  both.expect_all_compiled();
}

// Values below a block stay what they are on every way through it: found by fuzz/execute.
TEST(JitBlocks, ConstantsBelowABlockThatCallsTheInterpretersFunctions) {
  Both both(R"((module (global $g (mut i64) (i64.const 9)) (data "abc")
    (func (export "f") (param i32) (result f64 i64 f64) (local f64)
      f64.const inf i64.const 68 local.get 0
      if (result i32) i32.const 29
      else data.drop 0 f64.const 1 global.get $g local.get 1 local.get 0 br_if 1 drop drop drop i32.const 7 end
      f64.convert_i32_s)))");
  EXPECT_EQ(both.expect_same("f", {Value::i32(1)}), "inf 68 29 ");
  EXPECT_EQ(both.expect_same("f", {Value::i32(0)}), "inf 68 7 ");
}

// From machine code through the interpreter, host and other instances, and back.
constexpr const char* kMixed = R"((module
  (import "host" "back" (func $back (param i32) (result i32)))
  (type $f (func (param i32) (result i32)))
  (table 8 funcref) (elem (i32.const 0) $compiled $interpreted $back $deep)
  (tag $e (param i32))
  (func $compiled (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 100))
      (else (i32.add (i32.const 1) (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.and (local.get 0) (i32.const 1)))))))
  (func $interpreted (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1000))))
    (i32.add (i32.const 10) (call $compiled (i32.sub (local.get 0) (i32.const 1)))))
  (func $deep (param i32) (result i32)
    (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 3))))
  (func $deep_interpreted (param i32) (result i32)
    (i32.add (i32.const 1) (call $deep_compiled (local.get 0))))
  (func $deep_compiled (param i32) (result i32) (i32.add (i32.const 1) (call $deep_interpreted (local.get 0))))
  (func $throws_interpreted (param i32) (result i32)
    (if (i32.gt_s (local.get 0) (i32.const 3)) (then (return (call $throw_now (local.get 0)))))
    (call $throws_more (i32.add (local.get 0) (i32.const 1))))
  (func $throw_now (param i32) (result i32) (throw $e (local.get 0)))
  (func $throws_more (param i32) (result i32) (i32.add (i32.const 7) (call $throws_interpreted (local.get 0))))
  (func $catches (param i32) (result i32)
    (block $caught (result i32)
      (drop (i32.add (i32.const 1) (try_table (result i32) (catch $e $caught) (call $throws_more (local.get 0)))))
      (i32.const -5)))
  (func (export "mixed") (param i32) (result i32) (call $compiled (local.get 0)))
  (func (export "through host") (param i32) (result i32) (i32.add (i32.const 3) (call $back (local.get 0))))
  (func (export "host by table") (param i32) (result i32) (call_indirect (type $f) (local.get 0) (i32.const 2)))
  (func (export "leaf") (param i32) (result i32) (i32.div_s (i32.const 7) (local.get 0)))
  (func (export "catch") (param i32) (result i32) (i32.add (i32.const 10000) (call $catches (local.get 0))))
  (func (export "uncaught") (param i32) (result i32) (call $throws_more (local.get 0)))
  (func (export "deep") (param i32) (result i32) (call $deep (local.get 0)))
  (func (export "deep mixed") (param i32) (result i32) (call $deep_compiled (local.get 0)))
  (func (export "trap") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 0)) (then (unreachable)) (else (i32.load (i32.const 65536)))))
  (func (export "null") (param i32) (result i32) (call_indirect (type $f) (local.get 0) (i32.const 5)))
  (func (export "outside") (param i32) (result i32) (call_indirect (type $f) (local.get 0) (i32.const 8)))
  (func (export "wrong type") (param i32) (result i32) (call_indirect (param i64) (result i32) (i64.const 1) (i32.const 0)))
  (memory 1)))";

void add_host(Linker& linker) {
  linker.define_function("host", "back", [](Caller& caller, i32 value) -> Outcome<i32> {
    if (value == 13) return std::unexpected(Trap::host("thirteen"));
    if (value == 0) return 55;
    auto function = caller.instance().get_function(value == 1 ? "leaf" : value == 2 ? "trap" : "through host");
    auto results = function->call({Value::i32(value - 1)});
    if (!results) return std::unexpected(Trap::host("inner: " + results.error().message()));
    return results->at(0).as_i32() + 1;
  });
}

TEST(JitTiers, CallsGoEveryWay) {
  Both both(kMixed, {}, add_host);
  for (i32 n : {0, 1, 2, 3, 10, 101, 400}) both.expect_same("mixed", {Value::i32(n)});
  for (const char* name : {"through host", "host by table"})
    for (i32 n : {0, 1, 2, 3, 5, 13, 14, 20}) both.expect_same(name, {Value::i32(n)});
  for (i32 n : {-3, 0, 1, 3, 4, 9}) both.expect_same("catch", {Value::i32(n)});
  EXPECT_EQ(both.compiled.call("catch", {Value::i32(0)}), "10004 ");
  for (i32 n : {0, 2, 7}) EXPECT_EQ(both.expect_same("uncaught", {Value::i32(n)}).find("uncaught exception"), 0u);
  EXPECT_EQ(both.compiled.compiler()->statistics().failed, 0u);
}

TEST(JitTiers, TrapsHaveTheInterpretersBacktrace) {
  Both both(kMixed, {}, add_host);
  for (i32 n : {-1, 0}) EXPECT_NE(both.expect_same("trap", {Value::i32(n)}).find("test.wat"), std::string::npos);
  both.expect_same("leaf", {Value::i32(0)});
  for (const char* name : {"null", "outside", "wrong type"}) both.expect_same(name, {Value::i32(1)});
  both.expect_same("through host", {Value::i32(13)});
  both.expect_same("through host", {Value::i32(3)});
}

// Either stack may end first, in any mixture; afterwards everything works as before.
TEST(JitTiers, StackExhaustion) {
  for (u64 bytes : {u64{64} << 10, u64{1} << 20, u64{64} << 20}) {
    StoreLimits limits;
    limits.stack_bytes = bytes;
    Guest guest(kMixed, compiler(), limits, add_host);
    for (int round = 0; round < 2; ++round) {
      for (const char* name : {"deep", "deep mixed"})
        EXPECT_EQ(guest.call(name, {Value::i32(1)}).find("call stack exhausted"), 0u) << name << " " << bytes;
      EXPECT_NE(guest.call("through host", {Value::i32(100000)}).find("call stack exhausted"), std::string::npos);
      EXPECT_EQ(guest.call("mixed", {Value::i32(10)}), "1046 ");
    }
  }
}

TEST(JitTiers, SmallNativeStack) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  auto run = [](void*) -> void* {
    Guest guest(kMixed, compiler(), {}, add_host);
    EXPECT_EQ(guest.call("deep", {Value::i32(1)}).find("call stack exhausted"), 0u);
    EXPECT_EQ(guest.call("mixed", {Value::i32(10)}), "1046 ");
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// --- Size ----------------------------------------------------------------------------------------------------------------

TEST(JitLimits, BranchTableOfAHundredThousand) {
  std::string text = "(module (func (export \"f\") (param i32) (result i32)\n";
  constexpr u32 kBlocks = 10, kTargets = 100'000;
  for (u32 i = 0; i < kBlocks; ++i) text += "(block ";
  text += "(br_table";
  for (u32 i = 0; i < kTargets; ++i) text += " " + std::to_string(i * 7 % kBlocks);
  text += " 3 (local.get 0))";
  for (u32 i = 0; i < kBlocks; ++i) text += ") (return (i32.const " + std::to_string(i + 100) + "))\n";
  text = text.substr(0, text.rfind("(return")) + "(i32.const 109)))";
  Both both(text);
  for (i32 n : {0, 1, 2, 3, 99'998, 99'999, 100'000, 100'001, -1, INT32_MIN, INT32_MAX}) both.expect_same("f", {Value::i32(n)});
  both.expect_all_compiled();
}

TEST(JitLimits, FiftyThousandLocals) {
  std::string text = "(module (func (export \"f\") (param i32) (result i64) (local";
  for (u32 i = 0; i < 49'990; ++i) text += i % 3 == 0 ? " i64" : i % 3 == 1 ? " f64" : " i32";
  text += ") (local.set 49990 (i64.extend_i32_s (local.get 0))) (i64.add (local.get 49990) (i64.add (local.get 49987) (local.get 1)))))";
  Both both(text);
  EXPECT_EQ(both.expect_same("f", {Value::i32(-77)}), "-77 ");
  both.expect_all_compiled();
}

TEST(JitLimits, TenThousandBlocks) {
  for (std::string kind : {"block", "loop", "if"}) {
    std::string text = "(module (func (export \"f\") (param i32) (result i32)\n";
    for (u32 i = 0; i < 10'000; ++i) text += kind == "if" ? "local.get 0 if (result i32) " : kind + " (result i32) ";
    text += "local.get 0 i32.const 1 i32.add ";
    for (u32 i = 0; i < 10'000; ++i) text += kind == "if" ? "else i32.const 5 end " : "end ";
    Both both(text + "))");
    EXPECT_EQ(both.expect_same("f", {Value::i32(41)}), "42 ");
    both.expect_same("f", {Value::i32(0)});
    both.expect_all_compiled();
  }
}

// The validator has much memory of its own then, which lasts until the function's end.
TEST(JitLimits, RunTimeCallsInTenThousandBlocks) {
  std::string text = "(module (table $t 1 funcref) (func (export \"f\") (param i32) (result i32)\n";
  for (u32 i = 0; i < 10'000; ++i) text += "block (result i32) ";
  text += "(table.grow $t (ref.null func) (local.get 0)) ";
  for (u32 i = 0; i < 10'000; ++i) text += i % 100 == 0 ? "(table.size $t) i32.add end " : "end ";
  Both both(text + "))");
  for (i32 n : {1, 0, 5}) both.expect_same("f", {Value::i32(n)});
  both.expect_all_compiled();
}

TEST(JitLimits, FunctionOfAMegabyte) {
  std::string text = "(module (func (export \"f\") (param $x i32) (result i32) (block $out\n";
  for (u32 i = 0; i < 60'000; ++i)
    text += "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 3)) (i32.const " + std::to_string(1'000'000 + i) +
            "))) (br_if $out (i32.eq (local.get $x) (i32.const " + std::to_string(7'000'000 + i) + ")))\n";
  Both both(text + ") (local.get $x)))");
  for (i32 n : {0, 1, 12345, -1}) both.expect_same("f", {Value::i32(n)});
  both.expect_all_compiled();
  EXPECT_GT(both.compiled.compiler()->statistics().wasm_bytes, 1u << 20);
}

// A function that finds no room is interpreted, and so are all that come after it.
TEST(JitLimits, FullArena) {
  std::string text = four_hundred_functions();
  Guest interpreted(text, nullptr);
  Guest compiled(text, compiler({.arena_bytes = small_arena()}));
  for (i32 n : {0, 3, -7}) EXPECT_EQ(compiled.call("f399", {Value::i32(n)}), interpreted.call("f399", {Value::i32(n)}));
  Statistics statistics = compiled.compiler()->statistics();
  EXPECT_GT(statistics.functions, 0u);
  EXPECT_GT(statistics.out_of_room, 0u);
  EXPECT_EQ(statistics.functions + statistics.out_of_room, 400u);
}

// Code goes with its module: an arena with room for a few sees many come and go.
TEST(JitLimits, ModulesGiveTheirRoomBack) {
  auto shared = compiler({.arena_bytes = 256 << 10});
  for (int i = 0; i < 50; ++i) {
    Guest guest("(module (func (export \"f\") (param i32) (result i32) (i32.add (local.get 0) (i32.const " + std::to_string(i) + "))))", shared);
    EXPECT_EQ(guest.call("f", {Value::i32(1)}), std::to_string(i + 1) + " ");
  }
  EXPECT_EQ(shared->statistics().functions, 50u);
  EXPECT_EQ(shared->statistics().out_of_room, 0u);
}

// Branches that each move nine hundred values: given up, not made into gigabytes.
TEST(JitLimits, CodeThatGrowsTooMuch) {
  std::string results, values;
  for (u32 i = 0; i < 900; ++i) {
    results += " i32";
    values += " local.get 0";
  }
  std::string text = "(module (func (export \"f\") (param i32) (result i32) (block (result" + results + ") (i32.const 1) " + values + "\n";
  for (u32 i = 0; i < 20'000; ++i) text += "(br_if 0 (i32.eqz (local.get 0)))\n";
  text += "(br 0)) ";
  for (u32 i = 0; i < 899; ++i) text += "i32.add ";
  Both both(text + "))");
  both.expect_same("f", {Value::i32(3)});
  EXPECT_LT(both.compiled.compiler()->statistics().machine_bytes, 64u << 20);
}

// A guest that never ends by itself ends when another thread says so: in a loop, in calls, in a call of the interpreter.
TEST(JitThreads, Interruption) {
  Guest guest(R"((module
    (func (export "loop") (loop (br 0)))
    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "calls") (local i32) (loop (local.set 0 (call $leaf (local.get 0))) (br 0)))
    (func $interpreted (param i32) (loop (br_if 0 (local.get 0))))
    (func (export "interpreted") (call $interpreted (i32.const 1)))
    (func $tail (param i32) (if (local.get 0) (then (return_call $tail (local.get 0)))))
    (func (export "tail calls") (call $tail (i32.const 1)))
    (func $tree (param i32) (if (local.get 0) (then (call $tree (i32.sub (local.get 0) (i32.const 1))) (call $tree (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "recursion") (call $tree (i32.const 200)))))",
              compiler());
  InterruptHandle handle = guest.store().interrupt_handle();
  for (const char* name : {"loop", "calls", "interpreted", "tail calls", "recursion"}) {
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that it has begun, most likely; it may not have
      handle.interrupt();
    });
    EXPECT_EQ(guest.call(name, {}).find("interrupted"), 0u) << name;
    other.join();
    EXPECT_EQ(guest.call(name, {}).find("interrupted"), 0u) << name;
    guest.store().clear_interrupt();
  }
}

// Several threads, each with its store, share one module and compile its functions as they meet them.
TEST(JitThreads, OneModuleManyStores) {
  std::string text = "(module\n";
  for (u32 i = 0; i < 60; ++i)
    text += "(func $f" + std::to_string(i) + " (export \"f" + std::to_string(i) + "\") (param i32) (result i32) (i32.add (local.get 0) " +
            (i == 0 ? "(i32.const 1)" : "(call $f" + std::to_string(i - 1) + " (i32.const " + std::to_string(i) + "))") + "))\n";
  Config config;
  config.compiler = compiler();
  Engine engine(config);
  auto module = Module::from_text(engine, text + ")");
  ASSERT_TRUE(module);
  std::vector<std::thread> threads;
  std::vector<i32> sums(4);
  for (size_t t = 0; t < sums.size(); ++t)
    threads.emplace_back([&, t] {
      Store store(engine);
      auto instance = Linker(engine).instantiate(store, *module);
      for (u32 i = 0; i < 60; ++i) {
        u32 index = t % 2 == 0 ? i : 59 - i;
        auto results = instance->get_function("f" + std::to_string(index))->call({Value::i32(0)});
        if (results) sums[t] += results->at(0).as_i32();
      }
    });
  for (std::thread& thread : threads) thread.join();
  // f(i, 0) = 1 + (1 + … + i)
  i32 wanted = 0;
  for (i32 i = 0; i < 60; ++i) wanted += 1 + i * (i + 1) / 2;
  for (i32 sum : sums) EXPECT_EQ(sum, wanted);
}

}  // namespace
}  // namespace brink::jit
