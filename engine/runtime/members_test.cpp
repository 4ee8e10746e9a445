// Fields of structs and elements of arrays of every type, with their operands in every place that quick code
// distinguishes: a local, a constant, an accumulator, a slot of the operand stack.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/engine.h"

namespace brink {
namespace {

struct Kind {
  const char* name;
  const char* storage;
  const char* type;    // on the stack
  const char* suffix;  // of the instruction that reads
  const char* stored;  // the value that is written, its double, and what is read of either
  const char* doubled;
  const char* read;
  const char* read_doubled;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

constexpr Kind kKinds[] = {
    {"i8Signed", "i8", "i32", "_s", "200", "400", "-56", "-112"},
    {"i8Unsigned", "i8", "i32", "_u", "200", "400", "200", "144"},
    {"i16Signed", "i16", "i32", "_s", "40000", "80000", "-25536", "14464"},
    {"i16Unsigned", "i16", "i32", "_u", "-1", "-2", "65535", "65534"},
    {"i32", "i32", "i32", "", "-2000000000", "294967296", "-2000000000", "294967296"},
    {"i64", "i64", "i64", "", "-6000000000", "-12000000000", "-6000000000", "-12000000000"},
    {"f32", "f32", "f32", "", "0.1", "0.2", "0.1", "0.2"},
    {"f64", "f64", "f64", "", "-1e300", "-2e300", "-1e300", "-2e300"},
};

class Members : public ::testing::TestWithParam<Kind> {
 protected:
  // Replaces TYPE, STORAGE… in the text by what the kind says.
  static std::string expand(std::string text) {
    const Kind& kind = GetParam();
    for (auto [word, by] : {std::pair{"STORAGE", kind.storage}, {"TYPE", kind.type}, {"SUFFIX", kind.suffix},
                            {"STORED", kind.stored}, {"DOUBLED", kind.doubled}})
      for (size_t at; (at = text.find(word)) != std::string::npos;) text.replace(at, std::string(word).size(), by);
    return text;
  }
};
INSTANTIATE_TEST_SUITE_P(, Members, ::testing::ValuesIn(kKinds), [](const auto& info) { return info.param.name; });

// Each function writes STORED ("…1") or its double, computed ("…2"), and says whether what it reads is what the
// parameter says.
constexpr char kModule[] = R"((module
  (type $s (struct (field (mut i8)) (field (mut STORAGE)) (field (mut i8))))
  (type $a (array (mut STORAGE)))
  (global $zero (mut i32) (i32.const 0))
  (global $two (mut i32) (i32.const 2))
  (global $stored (mut TYPE) (TYPE.const STORED))
  (func $double (param TYPE) (result TYPE) (TYPE.add (local.get 0) (local.get 0)))
  (func $struct (result (ref $s)) (struct.new_default $s))
  (func $same (param (ref null $s)) (result (ref null $s)) (local.get 0))
  (func $array (result (ref $a)) (array.new_default $a (i32.const 4)))
  (func $same_array (param (ref null $a)) (result (ref null $a)) (local.get 0))
  (func $guard (param $s (ref $s)) (result i32)
    (i32.and (i32.eq (struct.get_u $s 0 (local.get 0)) (i32.const 17))
             (i32.eq (struct.get_u $s 2 (local.get 0)) (i32.const 34))))
  (func $new (result (ref $s)) (local $s (ref $s))
    (local.set $s (call $struct))
    (struct.set $s 0 (local.get $s) (i32.const 17))
    (struct.set $s 2 (local.get $s) (i32.const 34))
    (local.get $s))
  (func $check (param $s (ref $s)) (param $expected TYPE) (result i32) LOCALS
    ;; The object in a local, in the accumulator, and on the stack below another value.
    (i32.and (call $guard (local.get $s)) (i32.and
      (TYPE.eq (struct.getSUFFIX $s 1 (local.get $s)) (local.get $expected))
      (i32.and
        (TYPE.eq (struct.getSUFFIX $s 1 (call $same (local.get $s))) (local.get $expected))
        (TYPE.eq (local.get $expected) (struct.getSUFFIX $s 1
          (select (result (ref null $s)) (local.get $s) (ref.null $s) (i32.const 1))))))))
  (func (export "constant1") (param TYPE) (result i32) LOCALS (local $s (ref $s))
    (local.set $s (call $new))
    (struct.set $s 1 (local.get $s) (TYPE.const STORED))
    (call $check (local.get $s) (local.get 0)))
  (func (export "local1") (param TYPE) (result i32) LOCALS (local $s (ref $s)) (local $v TYPE)
    (local.set $s (call $new))
    (local.set $v (global.get $stored))
    (struct.set $s 1 (local.get $s) (local.get $v))
    (call $check (local.get $s) (local.get 0)))
  (func (export "computed2") (param TYPE) (result i32) LOCALS (local $s (ref $s))
    (local.set $s (call $new))
    (struct.set $s 1 (local.get $s) (TYPE.add (global.get $stored) (global.get $stored)))
    (call $check (local.get $s) (local.get 0)))
  (func (export "called2") (param TYPE) (result i32) LOCALS (local $s (ref $s))
    (local.set $s (call $new))
    (struct.set $s 1 (call $same (local.get $s)) (call $double (global.get $stored)))
    (call $check (local.get $s) (local.get 0)))
  (func (export "object1") (param TYPE) (result i32) LOCALS (local $s (ref $s))
    (struct.set $s 1 (local.tee $s (call $new)) (TYPE.const STORED))
    (call $check (local.get $s) (local.get 0)))
  (func (export "null") (result i32) LOCALS (local $s (ref null $s))
    (drop (struct.getSUFFIX $s 1 (local.get $s))) (i32.const 0))
  (func (export "null_set") (result i32) LOCALS
    (struct.set $s 1 (ref.null $s) (TYPE.const STORED)) (i32.const 0))

  (func $check_array (param $a (ref $a)) (param $expected TYPE) (result i32) LOCALS
    ;; Element 2 alone is set; the index as a constant, a local, computed.
    (local $i i32)
    (local.set $i (global.get $two))
    (i32.and (i32.eq (array.len (local.get $a)) (array.len (call $same_array (local.get $a))))
      (i32.and (i32.and
        (TYPE.eq (array.getSUFFIX $a (local.get $a) (i32.const 1)) (TYPE.const 0))
        (TYPE.eq (array.getSUFFIX $a (local.get $a) (i32.add (local.get $i) (i32.const 1))) (TYPE.const 0)))
      (i32.and (i32.and
        (TYPE.eq (array.getSUFFIX $a (local.get $a) (i32.const 2)) (local.get $expected))
        (TYPE.eq (array.getSUFFIX $a (local.get $a) (local.get $i)) (local.get $expected)))
        (TYPE.eq (array.getSUFFIX $a (call $same_array (local.get $a)) (i32.add (global.get $zero) (i32.const 2)))
          (local.get $expected))))))
  (func (export "array_constant1") (param TYPE) (result i32) LOCALS (local $a (ref $a))
    (local.set $a (call $array))
    (array.set $a (local.get $a) (i32.const 2) (TYPE.const STORED))
    (call $check_array (local.get $a) (local.get 0)))
  (func (export "array_index1") (param TYPE) (result i32) LOCALS (local $a (ref $a)) (local $v TYPE)
    (local.set $a (call $array))
    (local.set $v (global.get $stored))
    (array.set $a (local.get $a) (i32.add (global.get $zero) (i32.const 2)) (local.get $v))
    (call $check_array (local.get $a) (local.get 0)))
  (func (export "array_index_constant1") (param TYPE) (result i32) LOCALS (local $a (ref $a))
    (local.set $a (call $array))
    (array.set $a (call $same_array (local.get $a)) (i32.add (global.get $zero) (i32.const 2)) (TYPE.const STORED))
    (call $check_array (local.get $a) (local.get 0)))
  (func (export "array_value2") (param TYPE) (result i32) LOCALS (local $a (ref $a)) (local $i i32)
    (local.set $a (call $array))
    (local.set $i (i32.const 2))
    (array.set $a (local.get $a) (local.get $i) (TYPE.add (global.get $stored) (global.get $stored)))
    (call $check_array (local.get $a) (local.get 0)))
  (func (export "array_all2") (param TYPE) (result i32) LOCALS (local $a (ref $a))
    (array.set $a (local.tee $a (call $array)) (i32.add (global.get $zero) (i32.const 2))
      (call $double (global.get $stored)))
    (call $check_array (local.get $a) (local.get 0)))
  (func (export "array_null") (result i32) LOCALS (local $a (ref null $a))
    (drop (array.getSUFFIX $a (local.get $a) (i32.const 0))) (i32.const 0))
  (func (export "array_null_length") (result i32) LOCALS (array.len (ref.null $a)))
  (func (export "array_behind") (result i32) LOCALS
    (drop (array.getSUFFIX $a (call $array) (i32.const 4))) (i32.const 0))
  (func (export "array_before") (result i32) LOCALS
    (array.set $a (call $array) (i32.sub (global.get $zero) (i32.const 1)) (global.get $stored)) (i32.const 0))))";

Value value_of(const char* type, const char* text) {
  if (std::string(type) == "i32") return Value::i32(std::atoi(text));
  if (std::string(type) == "i64") return Value::i64(std::atoll(text));
  if (std::string(type) == "f32") return Value::f32(std::strtof(text, nullptr));
  return Value::f64(std::strtod(text, nullptr));
}

TEST_P(Members, InEveryForm) {
  for (bool quicken : {true, false})
    // Behind 300 locals quick code is wide.
    for (bool wide : {false, true}) {
      std::string text = expand(kModule);
      if (wide) {
        std::string locals = "(local";
        for (int i = 0; i < 300; ++i) locals += " i32";
        locals += ")";
        for (size_t at; (at = text.find("LOCALS")) != std::string::npos;) text.replace(at, 6, locals);
      }
      for (size_t at; (at = text.find("LOCALS")) != std::string::npos;) text.erase(at, 6);
      Config config;
      config.quicken = quicken;
      Engine engine(config);
      Store store(engine);
      auto module = Module::from_text(engine, text);
      ASSERT_TRUE(module) << module.error().to_string();
      auto instance = Linker(engine).instantiate(store, *module);
      ASSERT_TRUE(instance) << instance.error().to_string();
      for (const char* name : {"constant1", "local1", "computed2", "called2", "object1", "array_constant1",
                               "array_index1", "array_index_constant1", "array_value2", "array_all2"}) {
        bool is_doubled = std::string(name).back() == '2';
        Value expected = value_of(GetParam().type, is_doubled ? GetParam().read_doubled : GetParam().read);
        auto outcome = instance->get_function(name)->call({expected});
        ASSERT_TRUE(outcome) << name << ": " << outcome.error().to_string();
        EXPECT_EQ(outcome->at(0).as_i32(), 1) << name << (quicken ? " quick" : " plain") << (wide ? " wide" : "");
      }
      for (auto [name, kind] :
           {std::pair{"null", TrapKind::NullReference}, {"null_set", TrapKind::NullReference},
            {"array_null", TrapKind::NullReference}, {"array_null_length", TrapKind::NullReference},
            {"array_behind", TrapKind::ArrayOutOfBounds}, {"array_before", TrapKind::ArrayOutOfBounds}}) {
        auto outcome = instance->get_function(name)->call({});
        ASSERT_FALSE(outcome) << name;
        EXPECT_EQ(outcome.error().kind(), kind) << name;
      }
    }
}

}  // namespace
}  // namespace brink
