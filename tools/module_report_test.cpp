#include "tools/module_report.h"

#include <gtest/gtest.h>

namespace brink::tools {
namespace {

using Json = nlohmann::ordered_json;

Json report_of(std::string_view source) {
  Engine engine;
  Result<Module> module = Module::from_text(engine, source, "test.wat");
  EXPECT_TRUE(module) << module.error().to_string();
  return make_report(*module);
}

std::vector<std::string> features_of(std::string_view source) { return report_of(source)["features"]; }

using Names = std::vector<std::string>;

TEST(ModuleReport, TellsImportsAndExportsWithTheirTypes) {
  Json report = report_of(R"((module
    (import "env" "f" (func (param i32 f64) (result i64)))
    (import "env" "g" (global (mut i32)))
    (memory (export "memory") 1 3)
    (table (export "table") 5 funcref)
    (func (export "run"))))");
  EXPECT_EQ(report["imports"].dump(),
            R"json([{"module":"env","name":"f","kind":"func","type":"(func (param i32 f64) (result i64))"},)json"
            R"json({"module":"env","name":"g","kind":"global","type":"(mut i32)"}])json");
  EXPECT_EQ(report["exports"].dump(), R"json([{"name":"memory","kind":"memory","index":0,"type":"1 3"},)json"
                                      R"json({"name":"table","kind":"table","index":0,"type":"5 funcref"},)json"
                                      R"json({"name":"run","kind":"func","index":1,"type":"(func)"}])json");
  EXPECT_EQ(report["functions"]["defined"], 1);
  EXPECT_EQ(report["functions"]["imported"], 1);
  EXPECT_TRUE(report["invalid"].is_null());
}

TEST(ModuleReport, ListsSectionsWithSizes) {
  // (module (memory 1)) by hand: section 5 holds a count, a flags byte and a minimum.
  Engine engine;
  auto module = Module::from_binary(engine, {0, 'a', 's', 'm', 1, 0, 0, 0, 5, 3, 1, 0, 1, 0, 3, 2, 'h', 'i'}, "m");
  ASSERT_TRUE(module) << module.error().to_string();
  EXPECT_EQ(make_report(*module)["sections"].dump(),
            R"json([{"id":5,"name":"memory","offset":10,"size":3},{"id":0,"name":"hi","offset":18,"size":0}])json");
}

TEST(ModuleReport, AnMvpModuleUsesNoFeatures) {
  EXPECT_EQ(
      features_of(R"((module (memory 1) (table 1 funcref) (global (mut i32) (i32.const 1)) (data (i32.const 0) "x")
    (elem (i32.const 0) 0)
    (func (param i32) (result i32) (block (result i32) (i32.load (local.get 0))))))"),
      Names{});
}

TEST(ModuleReport, FindsFeaturesInBodies) {
  EXPECT_EQ(features_of("(module (func (drop (i32.extend8_s (i32.const 0)))))"), Names{"sign-extension-ops"});
  EXPECT_EQ(features_of("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"),
            Names{"bulk-memory-operations"});
  EXPECT_EQ(features_of("(module (func (local v128)))"), Names{"simd"});
  EXPECT_EQ(features_of("(module (func $f (return_call $f)))"), Names{"tail-call"});
  EXPECT_EQ(features_of("(module (func (i32.const 1) (block (param i32) (drop))))"), Names{"multi-value"});
}

TEST(ModuleReport, FindsFeaturesInDeclarations) {
  EXPECT_EQ(features_of("(module (memory i64 1))"), Names{"memory64"});
  EXPECT_EQ(features_of("(module (memory 1) (memory 1))"), Names{"multi-memory"});
  EXPECT_EQ(features_of("(module (tag))"), Names{"exception-handling"});
  EXPECT_EQ(features_of("(module (func (result i32 i32) (i32.const 0) (i32.const 0)))"), Names{"multi-value"});
  EXPECT_EQ(features_of("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"), Names{"extended-const"});
  EXPECT_EQ(features_of("(module (global externref (ref.null extern)))"), Names{"reference-types"});
  EXPECT_EQ(features_of("(module (type (struct)))"), Names{"gc"});
}

TEST(ModuleReport, ShowsWhatAnnotationsLeave) {
  Json report = report_of(R"((module (@name "M")
    (@custom "mine" (after func) "1234")
    (memory (@name "heap") 1)
    (tag $oops)
    (func (@name "f") (param i32)
      local.get 0
      (@metadata.code.branch_hint "\01") if end
      local.get 0
      (@metadata.code.branch_hint "\00") br_if 0)))");
  EXPECT_EQ(report["name"], "M");
  EXPECT_EQ(report["memories"].dump(), R"json([{"index":0,"name":"heap","imported":false,"type":"1"}])json");
  EXPECT_EQ(report["tags"][0]["name"], "oops");
  // No locals: offset 0 is their count, 1 and 6 are local.get, 3 is the if, 5 its end, 8 the br_if.
  EXPECT_EQ(report["branch_hints"].dump(), R"json([{"function":0,"name":"f","offset":3,"likely":true},)json"
                                           R"json({"function":0,"name":"f","offset":8,"likely":false}])json");
  bool has_custom = false;
  for (const Json& section : report["sections"]) has_custom |= section["name"] == "mine" && section["size"] == 4;
  EXPECT_TRUE(has_custom);
  std::string text = format_report(report);
  for (const char* part :
       {"custom \"mine\"", "1 \"heap\"", "function 0 \"f\" offset 3 likely", "function 0 \"f\" offset 8 unlikely"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(ModuleReport, ABodyThatIsNotValidIsSaid) {
  Json report = report_of("(module (func (result i32)))");
  EXPECT_TRUE(report["invalid"].is_string());
}

TEST(ModuleReport, TextIsSafeForATerminal) {
  std::string text = format_report(report_of("(module (func (export \"a\\1b[2Jb\")))"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("a\\x1b[2Jb"), std::string::npos);
}

}  // namespace
}  // namespace brink::tools
