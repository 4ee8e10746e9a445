#include "engine/text/script.h"

#include <gtest/gtest.h>

namespace brink::text {
namespace {

using Kind = ScriptValue::Kind;
using Nan = ScriptValue::Nan;

Script parse(std::string_view source) {
  auto script = parse_script(source, FeatureSet::wasm3());
  EXPECT_TRUE(script) << script.error().to_string();
  return script ? *std::move(script) : Script{};
}

std::string error_of(std::string_view source) {
  auto script = parse_script(source, FeatureSet::wasm3());
  return script ? "no error" : script.error().to_string();
}

TEST(Script, ModulesOfAllForms) {
  Script script = parse(
      "(module $a (memory 1))\n"
      "(module definition $b binary \"\\00asm\" \"\\01\\00\\00\\00\")\n"
      "  (module instance $i $b)\n"
      "(module quote \"(memory\" \" 1)\")");
  ASSERT_EQ(script.commands.size(), 4u);
  const ScriptModule& text = *script.commands[0].module;
  EXPECT_EQ(text.form, ScriptModule::Form::Text);
  EXPECT_EQ(text.id, "a");
  EXPECT_TRUE(text.assembled);
  const ScriptModule& binary = *script.commands[1].module;
  EXPECT_EQ(binary.form, ScriptModule::Form::Binary);
  EXPECT_TRUE(binary.is_definition);
  EXPECT_EQ(binary.id, "b");
  EXPECT_EQ(binary.assembled->bytes, (std::vector<u8>{0, 'a', 's', 'm', 1, 0, 0, 0}));
  const ScriptModule& instance = *script.commands[2].module;
  EXPECT_TRUE(instance.is_instance);
  EXPECT_EQ(instance.id, "i");
  EXPECT_EQ(instance.definition, "b");
  EXPECT_EQ(script.commands[2].position.line, 3u);
  EXPECT_EQ(script.commands[2].position.column, 3u);
  const ScriptModule& quote = *script.commands[3].module;
  EXPECT_EQ(quote.form, ScriptModule::Form::Quote);
  EXPECT_EQ(quote.assembled->bytes, (std::vector<u8>{0, 'a', 's', 'm', 1, 0, 0, 0, 5, 3, 1, 0, 1}));
}

TEST(Script, FieldsWithoutModuleAreOneModule) {
  Script script = parse("(func) (memory 0) (func (export \"f\"))");
  ASSERT_EQ(script.commands.size(), 1u);
  EXPECT_EQ(script.commands[0].kind, Command::Kind::Module);
  EXPECT_TRUE(script.commands[0].module->assembled);
  EXPECT_TRUE(parse("").commands.empty());
}

TEST(Script, AModuleThatFailsIsNoErrorOfTheScript) {
  Script script =
      parse("(module (func (nop2)))\n(assert_malformed (module quote \"(func\\n  br $x)\") \"unknown label\")");
  ASSERT_EQ(script.commands.size(), 2u);
  ASSERT_FALSE(script.commands[0].module->assembled);
  EXPECT_EQ(script.commands[0].module->assembled.error().to_string(), "line 1:16: unknown operator nop2");
  EXPECT_EQ(script.commands[1].kind, Command::Kind::AssertMalformed);
  EXPECT_EQ(script.commands[1].text, "unknown label");
  // Positions in a quoted module count from its own beginning.
  EXPECT_EQ(script.commands[1].module->assembled.error().to_string(), "line 2:6: unknown label $x");
}

TEST(Script, ActionsAndTheirArguments) {
  Script script = parse(
      "(invoke \"f\") (invoke $m \"\\c3\\a4\" (i32.const -1) (i64.const -1) (f32.const -0) (f64.const 1) (ref.null "
      "extern) (ref.extern 7) (ref.host 8) (v128.const i16x8 1 2 3 4 5 6 7 8)) (get $m \"g\") (register \"r\" $m)");
  ASSERT_EQ(script.commands.size(), 4u);
  EXPECT_EQ(script.commands[0].kind, Command::Kind::Action);
  EXPECT_EQ(script.commands[0].action->field, "f");
  const Action& action = *script.commands[1].action;
  EXPECT_EQ(action.module, "m");
  EXPECT_EQ(action.field, "\xC3\xA4");
  ASSERT_EQ(action.arguments.size(), 8u);
  EXPECT_EQ(action.arguments[0].bits, 0xFFFFFFFFu);
  EXPECT_EQ(action.arguments[1].kind, Kind::I64);
  EXPECT_EQ(action.arguments[1].bits, ~u64{0});
  EXPECT_EQ(action.arguments[2].kind, Kind::F32);
  EXPECT_EQ(action.arguments[2].bits, 0x80000000u);
  EXPECT_EQ(action.arguments[3].bits, 0x3FF0000000000000u);
  EXPECT_EQ(action.arguments[4].kind, Kind::RefNull);
  EXPECT_EQ(action.arguments[4].heap, "extern");
  EXPECT_EQ(action.arguments[5].kind, Kind::RefExtern);
  EXPECT_EQ(action.arguments[5].bits, 7u);
  EXPECT_TRUE(action.arguments[5].has_value);
  EXPECT_EQ(action.arguments[6].kind, Kind::RefHost);
  EXPECT_EQ(action.arguments[6].bits, 8u);
  EXPECT_EQ(action.arguments[7].shape, ScriptValue::Shape::I16x8);
  EXPECT_EQ(action.arguments[7].v128[14], 8);
  EXPECT_EQ(script.commands[2].action->kind, Action::Kind::Get);
  EXPECT_EQ(script.commands[3].kind, Command::Kind::Register);
  EXPECT_EQ(script.commands[3].text, "r");
  EXPECT_EQ(script.commands[3].module_id, "m");
}

TEST(Script, ResultPatterns) {
  Script script = parse(
      "(assert_return (invoke \"f\") (f32.const nan:canonical) (f64.const nan:arithmetic)"
      " (v128.const f32x4 nan:canonical 1 nan:arithmetic 2) (either (i32.const 1) (i32.const 2))"
      " (ref.null) (ref.null func) (ref.extern) (ref.func) (ref.i31) (ref.any) (ref.eq) (ref.struct) (ref.array) "
      "(ref.exn))");
  const std::vector<ScriptValue>& expected = script.commands.at(0).expected;
  ASSERT_EQ(expected.size(), 14u);
  EXPECT_EQ(expected[0].nan, Nan::Canonical);
  EXPECT_EQ(expected[1].nan, Nan::Arithmetic);
  EXPECT_EQ(expected[2].lane_nan, (std::array<Nan, 4>{Nan::Canonical, Nan::None, Nan::Arithmetic, Nan::None}));
  EXPECT_EQ(expected[2].v128[7], 0x3F);
  EXPECT_EQ(expected[2].v128[15], 0x40);
  ASSERT_EQ(expected[3].alternatives.size(), 2u);
  EXPECT_EQ(expected[3].alternatives[1].bits, 2u);
  EXPECT_FALSE(expected[4].has_value);
  EXPECT_TRUE(expected[5].has_value);
  EXPECT_FALSE(expected[6].has_value);
  Kind kinds[] = {Kind::RefNull, Kind::RefNull, Kind::RefExtern, Kind::RefFunc,  Kind::RefI31,
                  Kind::RefAny,  Kind::RefEq,   Kind::RefStruct, Kind::RefArray, Kind::RefExn};
  for (size_t i = 0; i < std::size(kinds); ++i) EXPECT_EQ(expected[4 + i].kind, kinds[i]) << i;
}

TEST(Script, Assertions) {
  Script script = parse(
      "(assert_trap (invoke \"f\") \"a\") (assert_trap (module) \"b\") (assert_exhaustion (invoke \"f\") \"c\")"
      "(assert_exception (invoke \"f\")) (assert_invalid (module) \"d\") (assert_unlinkable (module) \"e\")"
      "(assert_malformed_custom (module quote \"\") \"f\") (assert_invalid_custom (module) \"g\")"
      "(input \"x\")");
  Command::Kind kinds[] = {Command::Kind::AssertTrap,
                           Command::Kind::AssertTrap,
                           Command::Kind::AssertExhaustion,
                           Command::Kind::AssertException,
                           Command::Kind::AssertInvalid,
                           Command::Kind::AssertUnlinkable,
                           Command::Kind::AssertMalformedCustom,
                           Command::Kind::AssertInvalidCustom,
                           Command::Kind::Unsupported};
  ASSERT_EQ(script.commands.size(), std::size(kinds));
  for (size_t i = 0; i < std::size(kinds); ++i) EXPECT_EQ(script.commands[i].kind, kinds[i]) << i;
  EXPECT_FALSE(script.commands[0].module);
  EXPECT_TRUE(script.commands[1].module);
  EXPECT_EQ(script.commands[1].text, "b");
  EXPECT_EQ(script.commands[8].text, "input");
}

TEST(Script, Threads) {
  Script script = parse(
      "(thread $t (shared (module $m) (module $n)) (register \"mem\" $m) (invoke \"x\"))"
      "(thread $u) (wait $t)");
  ASSERT_EQ(script.commands.size(), 3u);
  const Command& thread = script.commands[0];
  EXPECT_EQ(thread.kind, Command::Kind::Thread);
  EXPECT_EQ(thread.text, "t");
  EXPECT_EQ(thread.shared_modules, (std::vector<std::string>{"m", "n"}));
  ASSERT_EQ(thread.commands.size(), 2u);
  EXPECT_EQ(thread.commands[0].kind, Command::Kind::Register);
  EXPECT_EQ(thread.commands[0].module_id, "m");
  EXPECT_EQ(thread.commands[1].kind, Command::Kind::Action);
  EXPECT_TRUE(script.commands[1].commands.empty());
  EXPECT_EQ(script.commands[2].kind, Command::Kind::Wait);
  EXPECT_EQ(script.commands[2].text, "t");

  EXPECT_EQ(error_of("(thread $t (thread $u))"),
            "line 1:12: unexpected token (, expected a command that may stand in a thread");
  EXPECT_EQ(error_of("(thread (invoke \"x\"))"), "line 1:9: unexpected token (, expected a thread's name");
  EXPECT_EQ(error_of("(wait)"), "line 1:6: unexpected token ), expected a thread");
}

TEST(Script, ErrorsCarryLineAndColumn) {
  EXPECT_EQ(error_of("(module)\n(assert_return (invoke \"f\") (i32.const x))"), "line 2:40: unknown operator x");
  EXPECT_EQ(error_of("(invoke \"f\" (f32.const nan:canonical))"),
            "line 1:24: unexpected token nan:canonical, expected an f32 number");
  EXPECT_EQ(error_of("(assert_return (module))"), "line 1:16: unexpected token (, expected (invoke or (get");
  EXPECT_EQ(error_of("(module"), "line 1:8: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(error_of("nop"), "line 1:1: unexpected token nop, expected a script command");
  EXPECT_EQ(error_of("(assert_return (invoke \"f\") (either (either (i32.const 1))))"),
            "line 1:38: unknown operator either");
}

}  // namespace
}  // namespace brink::text
