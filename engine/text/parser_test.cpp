#include "engine/text/parser.h"

#include "engine/text/test_bytes.h"

namespace brink::text {
namespace {

TEST(Module, EmptyInEveryWay) {
  EXPECT_EQ(assembled(""), "");
  EXPECT_EQ(assembled("(module)"), "");
  EXPECT_EQ(assembled(";; nothing"), "");
  EXPECT_EQ(assembled("(module $m)"),
            "00 09 04 6e 61 6d 65 00 02 01 6d");  // name section: module "m"
  EXPECT_EQ(assembled("(module binary \"\\00asm\" \"\\01\\00\\00\\00\" \"\\00\\01\\00\")"), "00 01 00");
  EXPECT_EQ(assembled("(module quote \"(memory 1)\" \"(memory 2)\")"), "05 05 02 00 01 00 02");
}

TEST(Types, FunctionTypesAndTheirAbbreviations) {
  EXPECT_EQ(assembled("(type (func (param i32) (param $x i64 ) (param f32 f64) (result v128) (result i32)))"),
            "01 0a 01 60 04 7f 7e 7d 7c 02 7b 7f");
  EXPECT_EQ(assembled("(type (func (param funcref externref anyref (ref null eq) (ref i31) (ref null 0) (ref 0))))"),
            "01 0e 01 60 07 70 6f 6e 6d 64 6c 63 00 64 00 00");
  EXPECT_EQ(assembled("(type (func (param nullref nullexternref nullfuncref nullexnref exnref structref arrayref "
                      "i31ref eqref)))"),
            "01 0d 01 60 09 71 72 73 74 69 6b 6a 6c 6d 00");
}

TEST(Types, StructuresArraysAndSubtypes) {
  EXPECT_EQ(assembled("(type (struct (field i8 (mut i16)) (field)))(type (array (mut i32)))"),
            "01 0a 02 5f 02 78 00 77 01 5e 7f 01");
  EXPECT_EQ(
      assembled("(type (sub (struct)))(type (sub final 0 (struct)))(type (sub 1 0 (struct)))(type (sub final (func)))"),
      "01 13 04 50 00 5f 00 4f 01 00 5f 00 50 02 01 00 5f 00 60 00 00");
}

TEST(Types, RecursionGroups) {
  EXPECT_EQ(assembled("(rec)(rec (type (func)))(rec (type (func (param (ref 2)))) (type (struct)))"),
            "01 0f 03 4e 00 60 00 00 4e 02 60 01 64 02 00 5f 00");
}

TEST(Types, ImplicitOnesFollowTheExplicitOnesInOrderOfUse) {
  // Types: 0 explicit [i32] → [], 1 [] → [f64], 2 [i64] → [].
  EXPECT_EQ(assembled("(import \"\" \"\" (func (result f64)))"
                      "(import \"\" \"\" (func (param i32)))"
                      "(import \"\" \"\" (func (param i64)))"
                      "(import \"\" \"\" (func (result f64)))"
                      "(type (func (param i32)))"),
            "01 0d 03 60 01 7f 00 60 00 01 7c 60 01 7e 00 "
            "02 11 04 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 01");
}

TEST(Types, OnlyAPlainTypeServesAsImplicitType) {
  EXPECT_EQ(assembled("(rec (type (func)) (type (func)))(type (sub (func)))(import \"\" \"\" (func))"),
            "01 11 03 4e 02 60 00 00 60 00 00 50 00 60 00 00 60 00 00 02 05 01 00 00 00 03");
}

TEST(Types, UsesWithIndexAndTypeMustAgree) {
  EXPECT_EQ(assembled("(type $t (func (param i32)))(import \"\" \"\" (func (type $t) (param i64)))"),
            "line 1:49: inline function type does not match type 0");
  EXPECT_EQ(assembled("(import \"\" \"\" (func (type 3) (param i64)))"), "line 1:21: unknown type 3");
  // Without inline types the index passes, whatever it is.
  EXPECT_EQ(assembled("(import \"\" \"\" (func (type 3)))"), "02 05 01 00 00 00 03");
}

TEST(Imports, AllKindsInlineAndNot) {
  // Entries of 6, 9, 7, 7 and 7 bytes.
  const char* expected =
      "01 04 01 60 00 00 02 25 05 01 6d 01 66 00 00 01 6d 01 74 01 70 01 01 02 01 6d 01 6d 02 00 03 01 6d 01 67 03 7f "
      "01 01 6d 01 65 04 00 00";
  EXPECT_EQ(assembled("(import \"m\" \"f\" (func))(import \"m\" \"t\" (table 1 2 funcref))"
                      "(import \"m\" \"m\" (memory 3))(import \"m\" \"g\" (global (mut i32)))"
                      "(import \"m\" \"e\" (tag))"),
            expected);
  EXPECT_EQ(assembled("(func (import \"m\" \"f\"))(table (import \"m\" \"t\") 1 2 funcref)"
                      "(memory (import \"m\" \"m\") 3)(global (import \"m\" \"g\") (mut i32))"
                      "(tag (import \"m\" \"e\"))"),
            expected);
}

TEST(Imports, MustComeFirst) {
  EXPECT_EQ(assembled("(func) (import \"\" \"\" (func))"), "line 1:8: import after function");
  EXPECT_EQ(assembled("(memory 1) (func (import \"\" \"\"))"), "line 1:12: import after memory");
  EXPECT_EQ(assembled("(table 1 funcref) (tag (import \"\" \"\"))"), "line 1:19: import after table");
  EXPECT_EQ(assembled("(global i32 (i32.const 0)) (import \"\" \"\" (tag))"), "line 1:28: import after global");
}

TEST(Exports, InlineAndNot) {
  EXPECT_EQ(assembled("(memory (export \"a\") (export \"b\") 1)(export \"c\" (memory 0))"),
            "05 03 01 00 01 07 0d 03 01 61 02 00 01 62 02 00 01 63 02 00");
  EXPECT_EQ(assembled("(export \"c\" (func $f))"), "line 1:19: unknown function $f");
}

TEST(Functions, ParametersLocalsAndBodies) {
  EXPECT_EQ(assembled("(func (param i32) (local i32 i32) (local i64) (local i64) (local f32) (local i32) local.get 6)"),
            "01 05 01 60 01 7f 00 03 02 01 00 0a 0e 01 0c 04 02 7f 02 7e 01 7d 01 7f 20 06 0b");
}

TEST(Functions, NamedLocalsCountTheParametersOfAReferredType) {
  EXPECT_EQ(assembled("(type (func (param i32 i32)))(func (type 0) (local $x i64) (local.set $x (i64.const -1)))"),
            "01 06 01 60 02 7f 7f 00 03 02 01 00 0a 0a 01 08 01 01 7e 42 7f 21 02 0b "
            "00 0d 04 6e 61 6d 65 02 06 01 00 01 02 01 78");
}

TEST(Tables, Forms) {
  EXPECT_EQ(assembled("(table 1 funcref)(table i64 1 2 (ref null extern))"), "04 08 02 70 00 01 6f 05 01 02");
  EXPECT_EQ(assembled("(table 1 funcref (ref.null func))"), "04 09 01 40 00 70 00 01 d0 70 0b");
  EXPECT_EQ(assembled("(func)(table funcref (elem 0 0))"),
            "01 04 01 60 00 00 03 02 01 00 04 05 01 70 01 02 02 09 08 01 00 41 00 0b 02 00 00 0a 04 01 02 00 0b");
  EXPECT_EQ(assembled("(table i64 externref (elem (ref.null extern)))"),
            "04 05 01 6f 05 01 01 09 0b 01 06 00 42 00 0b 6f 01 d0 6f 0b");
}

TEST(Memories, Forms) {
  EXPECT_EQ(assembled("(memory 1)(memory i64 1 2)"), "05 06 02 00 01 05 01 02");
  EXPECT_EQ(assembled("(memory (data \"ab\" \"c\"))"), "05 04 01 01 01 01 0b 09 01 00 41 00 0b 03 61 62 63");
  EXPECT_EQ(assembled("(memory (data))"), "05 04 01 01 00 00 0b 06 01 00 41 00 0b 00");
  EXPECT_EQ(assembled("(memory 1)(memory i64 (data \"a\"))"), "05 06 02 00 01 05 01 01 0b 08 01 02 01 42 00 0b 01 61");
}

TEST(Memories, ProposalsAreRefusedByName) {
  EXPECT_EQ(assembled("(memory 1 (pagesize 1))"),
            "line 1:11: (pagesize …) needs the custom-page-sizes proposal, which is not enabled");
  EXPECT_EQ(assembled("(memory 1 2 shared)"),
            "line 1:13: a shared memory needs the threads proposal, which is not enabled");
  EXPECT_EQ(assemble("(memory 1 (pagesize 1))", FeatureSet::wasm3()).error().kind, ErrorKind::Unsupported);
  FeatureSet all = FeatureSet::wasm3();
  all.add(Feature::CustomPageSizes);
  all.add(Feature::Threads);
  EXPECT_EQ(assembled("(memory 1 (pagesize 1))(memory (pagesize 65536) (data \"a\"))", all),
            "05 08 02 08 01 00 09 01 01 10 0b 08 01 02 01 41 00 0b 01 61");
  EXPECT_EQ(assembled("(memory 1 (pagesize 3))", all), "line 1:21: invalid custom page size: no power of two");
  EXPECT_EQ(assembled("(memory 1 2 shared)", all), "05 04 01 03 01 02");
}

// WebAssembly 1.0 wrote indices of tables and memories without (table …) and (memory …), and sizes had 32 bits.
TEST(Memories, FormsOfTheFirstVersion) {
  FeatureSet first = FeatureSet::wasm3();
  for (Feature feature : {Feature::ReferenceTypes, Feature::BulkMemory, Feature::MultiMemory, Feature::Memory64})
    first.remove(feature);
  EXPECT_EQ(assembled("(memory 1)(data 0 (i32.const 1) \"a\")", first), "05 03 01 00 01 0b 07 01 00 41 01 0b 01 61");
  EXPECT_EQ(assembled("(table 1 funcref)(elem 0 (i32.const 1))", first), "04 04 01 70 00 01 09 06 01 00 41 01 0b 00");
  EXPECT_EQ(assemble("(memory 1)(data 0 (i32.const 1) \"a\")", FeatureSet::wasm3()).error().kind, ErrorKind::Malformed);
  EXPECT_EQ(assemble("(memory 0x1_0000_0000)", first).error().kind, ErrorKind::Malformed);
  EXPECT_TRUE(assemble("(memory 0x1_0000_0000)", FeatureSet::wasm3()));
}

TEST(GlobalsTagsAndStart, Forms) {
  EXPECT_EQ(assembled("(global i32 (i32.const 1))(global (mut i64) i64.const 2)"),
            "06 0b 02 7f 00 41 01 0b 7e 01 42 02 0b");
  EXPECT_EQ(assembled("(tag (param i32))"), "01 05 01 60 01 7f 00 0d 03 01 00 00");
  EXPECT_EQ(assembled("(start 0)(func)"), "01 04 01 60 00 00 03 02 01 00 08 01 00 0a 04 01 02 00 0b");
  EXPECT_EQ(assembled("(start 0)\n(start 0)(func)"), "line 2:1: multiple start sections");
}

// The eight binary forms of section 5.5.12.
TEST(ElementSegments, Forms) {
  const char* prefix = "(func $f)(table 1 funcref)(table $t 1 funcref)";
  auto segment = [&](const char* text) {
    std::string hex = assembled(std::string(prefix) + text);
    size_t begin = hex.find(" 09 ");
    size_t end = hex.find(" 0a 04 01 02 00 0b");
    if (begin == hex.npos || end == hex.npos) return hex;
    return hex.substr(begin + 10, end - begin - 10);  // after id, size and count
  };
  EXPECT_EQ(segment("(elem (i32.const 1) $f 0)"), "00 41 01 0b 02 00 00");
  EXPECT_EQ(segment("(elem (offset i32.const 1) func $f)"), "00 41 01 0b 01 00");
  EXPECT_EQ(segment("(elem func $f)"), "01 00 01 00");
  EXPECT_EQ(segment("(elem (table $t) (i32.const 1) func $f)"), "02 01 41 01 0b 00 01 00");
  EXPECT_EQ(segment("(elem declare func $f)"), "03 00 01 00");
  EXPECT_EQ(segment("(elem (i32.const 1) funcref (ref.func $f) (item ref.null func))"),
            "04 41 01 0b 02 d2 00 0b d0 70 0b");
  EXPECT_EQ(segment("(elem funcref (ref.func $f))"), "05 70 01 d2 00 0b");
  EXPECT_EQ(segment("(elem (table $t) (i32.const 1) funcref (ref.func $f))"), "06 01 41 01 0b 70 01 d2 00 0b");
  EXPECT_EQ(segment("(elem (i32.const 1) (ref func) (ref.func $f))"), "06 00 41 01 0b 64 70 01 d2 00 0b");
  EXPECT_EQ(segment("(elem declare externref)"), "07 6f 00");
  EXPECT_EQ(segment("(elem)"), "line 1:52: unexpected token ), expected func or a reference type");
}

TEST(DataSegments, Forms) {
  EXPECT_EQ(assembled("(memory 1)(memory $m 1)(data \"a\" \"\\00\")(data (i32.const 1) \"b\")"
                      "(data (memory $m) (offset (i32.const 2)))"),
            "05 05 02 00 01 00 01 0b 11 03 01 02 61 00 00 41 01 0b 01 62 02 01 41 02 0b 00 "
            "00 0b 04 6e 61 6d 65 06 04 01 01 01 6d");
}

TEST(DataSegments, CountSectionOnlyWhereCodeNeedsIt) {
  EXPECT_EQ(assembled("(memory 1)(data \"a\")(func data.drop 0)"),
            "01 04 01 60 00 00 03 02 01 00 05 03 01 00 01 0c 01 01 0a 07 01 05 00 fc 09 00 0b 0b 04 01 01 01 61");
}

TEST(Names, OfEveryIndexSpace) {
  EXPECT_EQ(assembled("(module $m (type $t (struct (field $f i32))) (func $g (param $p i32) block $l end) (global $h "
                      "i32 (i32.const 0)))"),
            "01 09 02 5f 01 7f 00 60 01 7f 00 "
            "03 02 01 01 06 06 01 7f 00 41 00 0b 0a 07 01 05 00 02 40 0b 0b "
            "00 33 04 6e 61 6d 65 "
            "00 02 01 6d 01 04 01 00 01 67 02 06 01 00 01 00 01 70 03 06 01 00 01 00 01 6c "
            "04 04 01 00 01 74 07 04 01 00 01 68 0a 06 01 00 01 00 01 66");
}

TEST(Names, AnnotationsReplaceIdentifiers) {
  EXPECT_EQ(assembled("(module $m (@name \"M\") (memory $a (@name \"A\") 1))"),
            "05 03 01 00 01 00 0f 04 6e 61 6d 65 00 02 01 4d 06 04 01 00 01 41");
  EXPECT_EQ(assembled("(module (func) (@name \"M\"))"), "line 1:16: misplaced @name annotation");
  EXPECT_EQ(assembled("(module (@name \"M\") (@name \"N\"))"), "line 1:21: @name annotation: multiple names");
}

TEST(Annotations, CustomSectionsAndTheirPlaces) {
  EXPECT_EQ(
      assembled("(@custom \"l\" \"2\")(memory 1)(@custom \"b\" (before memory) \"1\")(@custom \"a\" (after memory))"
                "(@custom \"f\" (before first))"),
      "00 02 01 66 00 03 01 62 31 05 03 01 00 01 00 02 01 61 00 03 01 6c 32");
  EXPECT_EQ(assembled("(@custom)"), "line 1:1: @custom annotation: missing section name");
  EXPECT_EQ(assembled("(@custom \"a\" (aft type))"), "line 1:1: @custom annotation: malformed placement");
  EXPECT_EQ(assembled("(@custom \"a\" (after types))"), "line 1:1: @custom annotation: malformed section kind");
  EXPECT_EQ(assembled("(func (@custom \"a\"))"), "line 1:7: misplaced @custom annotation");
}

TEST(Annotations, BranchHints) {
  EXPECT_EQ(assembled("(func (local i32) (@metadata.code.branch_hint \"\\01\") (if (local.get 0) (then)))"),
            "01 04 01 60 00 00 03 02 01 00 "
            // Function 0, one hint: offset 5 (3 bytes of locals, 2 of local.get), one byte, likely.
            "00 20 19 6d 65 74 61 64 61 74 61 2e 63 6f 64 65 2e 62 72 61 6e 63 68 5f 68 69 6e 74 01 00 01 05 01 01 "
            "0a 0b 01 09 01 01 7f 20 00 04 40 0b 0b");
  EXPECT_EQ(assembled("(func (@metadata.code.branch_hint \"\\01\") nop)"),
            "line 1:42: @metadata.code.branch_hint annotation: invalid target");
}

TEST(SourceMap, LeadsFromBytesToText) {
  auto module = assemble("(module\n  (func\n    nop\n    (drop (i32.const 1))))", FeatureSet::wasm3());
  ASSERT_TRUE(module);
  // preamble 8, type 6, function 4, code: id size count size locals, at 23 the first instruction.
  auto line_column = [&](u64 offset) {
    SourceMap::Entry entry = module->source_map.find(offset);
    return std::to_string(entry.line) + ":" + std::to_string(entry.column);
  };
  ASSERT_EQ(module->bytes[23], 0x01);
  EXPECT_EQ(line_column(0), "0:0");
  EXPECT_EQ(line_column(21), "2:3");  // the body's size
  EXPECT_EQ(line_column(23), "3:5");
  EXPECT_EQ(line_column(24), "4:12");  // i32.const
  EXPECT_EQ(line_column(25), "4:12");
  EXPECT_EQ(line_column(26), "4:6");   // drop
  EXPECT_EQ(line_column(27), "4:25");  // end, at the function's parenthesis
}

TEST(Errors, CarryLineAndColumn) {
  EXPECT_EQ(assembled("(module\n  (func)\n  (fnuc))"), "line 3:4: unknown operator fnuc");
  EXPECT_EQ(assembled("(module (result))"), "line 1:10: unexpected token result, expected a module field");
  EXPECT_EQ(assembled("(module"), "line 1:8: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(assembled("(func"), "line 1:6: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(assembled("(module))"), "line 1:9: unexpected token ), expected the end of the text");
  EXPECT_EQ(assembled("(func $a)\n(func $a)"), "line 2:7: duplicate func $a");
  EXPECT_EQ(assembled("(type (struct (field $a i32) (field $a i32)))"), "line 1:37: duplicate field $a");
  EXPECT_EQ(assembled("(func (param $a i32) (local $a i32))"), "line 1:29: duplicate local $a");
  EXPECT_EQ(assembled("(func (result i32) (param i32))"),
            "line 1:21: unexpected token param, expected parameters in front of results");
  EXPECT_EQ(assembled("(memory 99999999999999999999)"),
            "line 1:9: i64 constant out of range: 99999999999999999999 as a minimum size");
  EXPECT_EQ(assembled("(import \"\\ff\" \"\" (func))"), "line 1:9: malformed UTF-8 encoding in a module name");
  EXPECT_EQ(assembled("(type (func (param (ref exact 0))))"),
            "line 1:25: exact needs the custom-descriptors proposal, which is not supported");
}

}  // namespace
}  // namespace brink::text
