// Each rule of validation by its error. Bodies are assembled by hand; the rule each breaks is named beside it.
#include <gtest/gtest.h>

#include "engine/validate/test_module.h"
#include "engine/validate/validator.h"

namespace brink {
namespace {

using Bytes = std::vector<u8>;

// "ok", or the kind's first letter and the message: "I type mismatch: …".
std::string outcome(const Result<void>& result) {
  if (result) return "ok";
  const char* kind = "?";
  switch (result.error().kind) {
    case ErrorKind::Malformed: kind = "M"; break;
    case ErrorKind::Invalid: kind = "I"; break;
    case ErrorKind::Unsupported: kind = "U"; break;
    case ErrorKind::Limit: kind = "L"; break;
    default: break;
  }
  return std::string(kind) + " " + result.error().message;
}

// A module with something of everything:
// types   0 []→[]  1 [i32]→[i32]  2 []→[i32 i32]  3 struct {mut i32, i8, (ref func)}  4 array (mut i32)
//         5 array i8  6 array (mut funcref)  7 array (mut (ref 3))
// tables  0 funcref  1 externref  2 funcref with i64 indices;  memories 0 i32  1 i64
// globals 0 i32  1 mut i64  2 mut v128;  tags 0 of type 0, 1 [i32];  data 0, 1;  elements 0 funcref, 1 externref
// functions 0 of type 1, declared; 1 of type 0, not declared
class Validate : public ::testing::Test {
 protected:
  Validate() {
    m.add_func_type({}, {});
    m.add_func_type({kI32}, {kI32});
    m.add_func_type({}, {kI32, kI32});
    m.add_struct({{kI32, true}, {TypeKind::I8, false}, {ValueType::ref(AbstractHeap::Func, false), false}});
    m.add_array(kI32, true);
    m.add_array(TypeKind::I8, false);
    m.add_array(kFuncRef, true);
    m.add_array(m.reference(3, false), true);
    m.add_table(kFuncRef);
    m.add_table(kExternRef);
    m.add_table(kFuncRef, AddressType::I64);
    m.add_memory();
    m.add_memory(AddressType::I64);
    m.add_global(kI32, false);
    m.add_global(kI64, true);
    m.add_global(kV128, true);
    m.add_tag(0);
    m.add_tag(1);
    m.info.data.resize(2);
    m.info.data_count = 2;
    m.add_element(kFuncRef);
    m.add_element(kExternRef);
    m.add_function(1, {0x00, 0x20, 0x00, 0x0B});
    m.add_function(0, {0x00, 0x0B});
    m.info.declared_functions = {true, false};
  }

  // `code` without local declarations and final end.
  std::string check(std::vector<ValueType> params, std::vector<ValueType> results, const Bytes& code) {
    Bytes body{0x00};
    body.insert(body.end(), code.begin(), code.end());
    body.push_back(0x0B);
    return check_body(std::move(params), std::move(results), body);
  }
  std::string check(const Bytes& code) { return check({}, {}, code); }
  std::string check_body(std::vector<ValueType> params, std::vector<ValueType> results, const Bytes& body) {
    u32 function = m.add_function(m.add_func_type(std::move(params), std::move(results)), body);
    m.info.declared_functions.resize(function + 1);
    Result<void> validated = validate_function(m.info, function);
    // Preparing is validating, with another sink.
    Result<PreparedCode> prepared = prepare_function(m.info, function, {});
    EXPECT_EQ(prepared.has_value(), validated.has_value());
    if (!prepared && !validated) {
      EXPECT_EQ(prepared.error().message, validated.error().message);
    }
    return outcome(validated);
  }

  TestModule m;
};

TEST_F(Validate, OperandTypes) {
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x41, 0x02, 0x6A}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x6A}),
            "I type mismatch: i32.add expects i32, found f64");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x6A}),
            "I type mismatch: i32.add expects i32, found an empty operand stack");
  EXPECT_EQ(check({}, {kI32}, {0x42, 0x01}), "I type mismatch: the end of the block expects i32, found i64");
  EXPECT_EQ(check({}, {}, {0x41, 0x01}), "I type mismatch: the end of the block expects no more values, found i32");
  EXPECT_EQ(check({}, {kI32}, {}), "I type mismatch: the end of the block expects i32, found an empty operand stack");
}

TEST_F(Validate, OffsetIsTheOpcodes) {
  u32 function = m.add_function(0, {0x00, 0x41, 0x00, 0x1A, 0x41, 0x01, 0x91, 0x1A, 0x0B});
  Result<void> result = validate_function(m.info, function);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().offset, m.info.functions[function].body.offset + 6u);  // f32.sqrt
}

TEST_F(Validate, UnreachableCodeIsPolymorphic) {
  EXPECT_EQ(check({}, {kI32}, {0x00}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x00, 0x6A}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x00, 0x42, 0x00, 0x6A}), "I type mismatch: i32.add expects i32, found i64");
  EXPECT_EQ(check({}, {kI64}, {0x00, 0x6A}), "I type mismatch: the end of the block expects i64, found i32");
  EXPECT_EQ(check({}, {kV128}, {0x00, 0x1B}), "ok") << "select of two unknown values";
  EXPECT_EQ(check({}, {}, {0x00, 0x02, 0x40, 0x6A, 0x0B}),
            "I type mismatch: i32.add expects i32, found an empty operand stack")
      << "a block in unreachable code begins reachable";
  EXPECT_EQ(check({}, {}, {0x0C, 0x00, 0x1A, 0x1A}), "ok");
  EXPECT_EQ(check({}, {kF32}, {0x00, 0xD4, 0x91}), "I type mismatch: f32.sqrt expects f32, found (ref bottom)");
  EXPECT_EQ(check({}, {kI32}, {0x00, 0xD4, 0xD1}), "ok");
}

TEST_F(Validate, Blocks) {
  EXPECT_EQ(check({0x02, 0x40, 0x03, 0x40, 0x0B, 0x0B}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x02, 0x01, 0x0B}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x02, 0x01, 0x0B}), "I type mismatch: block expects i32, found an empty operand stack");
  EXPECT_EQ(check({0x02, 0x20, 0x0B}), "I unknown type 32");
  EXPECT_EQ(check({0x02, 0x03, 0x0B}).substr(0, 53), "I type mismatch: block needs a function type, found t");
  EXPECT_EQ(check({0x02, 0x50, 0x0B}), "M malformed value type: found 0x50");
  EXPECT_EQ(check({0x41, 0x00, 0x04, 0x7F, 0x41, 0x00, 0x0B, 0x1A}),
            "I type mismatch: end: parameters of an if without else are [], expected [i32]");
  EXPECT_EQ(check({0x41, 0x00, 0x04, 0x02, 0x41, 0x00, 0x41, 0x00, 0x0B, 0x1A, 0x1A}),
            "I type mismatch: end: parameters of an if without else are [], expected [i32 i32]");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x00, 0x41, 0x00, 0x04, 0x01, 0x0B}), "ok");
  EXPECT_EQ(check({0x42, 0x00, 0x04, 0x40, 0x0B}), "I type mismatch: if expects i32, found i64");
  EXPECT_EQ(check({0x41, 0x00, 0x04, 0x40, 0x41, 0x00, 0x05, 0x0B}),
            "I type mismatch: else expects an empty operand stack, found i32");
}

TEST_F(Validate, Structure) {
  EXPECT_EQ(check_body({}, {}, {0x00}), "M END opcode expected, found the end of the body");
  EXPECT_EQ(check_body({}, {}, {0x00, 0x02, 0x40, 0x0B}), "M END opcode expected, found the end of the body");
  EXPECT_EQ(check_body({}, {}, {0x00, 0x0B, 0x0B}), "M END opcode expected as the last byte of the function body");
  EXPECT_EQ(check({0x02, 0x40, 0x05, 0x0B}), "M END opcode expected, found else");
  EXPECT_EQ(check({0x41, 0x00, 0x04, 0x40, 0x05, 0x05, 0x0B}), "M END opcode expected, found else");
  EXPECT_EQ(check({0xFF}), "M illegal opcode ff");
  EXPECT_EQ(check({0x27}), "M illegal opcode 27");
  EXPECT_EQ(check({0xFC, 0x30}), "M illegal opcode fc 30");
  EXPECT_EQ(check({0xFD, 0xFF, 0x7F}), "M illegal opcode fd 3fff");
  EXPECT_EQ(check({0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1A}).substr(0, 36),
            "M integer representation too long in");
  EXPECT_EQ(check({0x41, 0x80, 0x80, 0x80, 0x80, 0x70, 0x1A}).substr(0, 19), "M integer too large");
}

TEST_F(Validate, MalformedFurtherOnOutweighsInvalid) {
  EXPECT_EQ(check({0x42, 0x00, 0x04, 0x40, 0x0B, 0xFF}), "M illegal opcode ff");
  m.info.code_section = m.append({});
  m.info.code_section.offset += 18;  // the end of the body below
  EXPECT_EQ(check_body(
                {}, {},
                {0x00, 0x02, 0x40, 0x41, 0x01, 0x04, 0x40, 0x41, 0x01, 0x0E, 0x01, 0x00, 0x01, 0x02, 0x0B, 0x0B, 0x0B}),
            "M END opcode expected, found the end of the body");
}

TEST_F(Validate, Locals) {
  EXPECT_EQ(check_body({kI32}, {kI64}, {0x02, 0x02, 0x7D, 0x01, 0x7E, 0x20, 0x03, 0x0B}), "ok");
  EXPECT_EQ(check_body({kI32}, {}, {0x01, 0x01, 0x7D, 0x20, 0x02, 0x1A, 0x0B}), "I unknown local 2");
  EXPECT_EQ(check({kI32}, {}, {0x42, 0x00, 0x21, 0x00}), "I type mismatch: local.set expects i32, found i64");
  EXPECT_EQ(check_body({}, {}, {0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x02, 0x7E, 0x0B}),
            "M too many locals: 4294967297");
  EXPECT_EQ(check_body({}, {}, {0x01, 0xD1, 0x86, 0x03, 0x7F, 0x0B}), "L too many locals: 50001, the limit is 50000");
  EXPECT_EQ(check_body({}, {}, {0x01, 0xD0, 0x86, 0x03, 0x7F, 0x0B}), "ok");
  EXPECT_EQ(check_body({}, {}, {0x01, 0x01, 0x40, 0x0B}), "M malformed value type: found 0x40");
  EXPECT_EQ(check_body({}, {}, {0x01, 0x01, 0x64, 0x70, 0x20, 0x00, 0x1A, 0x0B}),
            "I uninitialized local 0 of type (ref func)");
  // (local (ref func)) set in a block, forgotten at its end, also at else.
  EXPECT_EQ(
      check_body({}, {}, {0x01, 0x01, 0x64, 0x70, 0x02, 0x40, 0xD2, 0x00, 0x21, 0x00, 0x20, 0x00, 0x1A, 0x0B, 0x0B}),
      "ok");
  EXPECT_EQ(
      check_body({}, {}, {0x01, 0x01, 0x64, 0x70, 0x02, 0x40, 0xD2, 0x00, 0x21, 0x00, 0x0B, 0x20, 0x00, 0x1A, 0x0B}),
      "I uninitialized local 0 of type (ref func)");
  EXPECT_EQ(check_body({}, {},
                       {0x01, 0x01, 0x64, 0x70, 0x41, 0x00, 0x04, 0x40, 0xD2, 0x00, 0x21, 0x00, 0x05, 0x20, 0x00, 0x1A,
                        0x0B, 0x0B}),
            "I uninitialized local 0 of type (ref func)");
}

TEST_F(Validate, Globals) {
  EXPECT_EQ(check({0x23, 0x00, 0x1A, 0x42, 0x01, 0x24, 0x01}), "ok");
  EXPECT_EQ(check({0x23, 0x07, 0x1A}), "I unknown global 7");
  EXPECT_EQ(check({0x41, 0x01, 0x24, 0x00}), "I immutable global 0");
  EXPECT_EQ(check({0x41, 0x01, 0x24, 0x01}), "I type mismatch: global.set expects i64, found i32");
}

TEST_F(Validate, Branches) {
  EXPECT_EQ(check({0x0C, 0x01}), "I unknown label 1");
  EXPECT_EQ(check({}, {kI32}, {0x0C, 0x00}), "I type mismatch: br expects i32, found an empty operand stack");
  EXPECT_EQ(check({0x0D, 0x00}), "I type mismatch: br_if expects i32, found an empty operand stack");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x07, 0x41, 0x00, 0x0D, 0x00}), "ok");
  // br_if leaves the label's types, not those it found.
  EXPECT_EQ(check({}, {ValueType::ref(AbstractHeap::Func, false)},
                  {0x02, 0x70, 0xD2, 0x00, 0x41, 0x00, 0x0D, 0x00, 0x0B, 0xD4}),
            "ok");
  EXPECT_EQ(
      check({}, {}, {0x02, 0x70, 0xD2, 0x00, 0x41, 0x00, 0x0D, 0x00, 0x02, 0x64, 0x70, 0x00, 0x0B, 0x1A, 0x0B, 0x1A}),
      "ok");
  EXPECT_EQ(
      check({}, {kFuncRef},
            {0x02, 0x64, 0x70, 0x02, 0x70, 0xD2, 0x00, 0x41, 0x00, 0x0D, 0x00, 0x0C, 0x01, 0x0B, 0x1A, 0x00, 0x0B}),
      "I type mismatch: br expects (ref func), found funcref");
  EXPECT_EQ(check({}, {kI32}, {0x02, 0x40, 0x41, 0x01, 0x41, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x41, 0x00}),
            "I type mismatch: br_table: label 0 takes 0 values, the default label takes 1");
  EXPECT_EQ(check({0x41, 0x00, 0x0E, 0x01, 0x05, 0x00}), "I unknown label 5");
  EXPECT_EQ(check({0x41, 0x00, 0x0E, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00}).substr(0, 16), "M unexpected end");
  EXPECT_EQ(check({}, {kI32}, {0x02, 0x7E, 0x00, 0x41, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x1A, 0x41, 0x00}), "ok")
      << "unknown operands fit labels of different types";
  EXPECT_EQ(check({}, {kI32}, {0x0F}), "I type mismatch: return expects i32, found an empty operand stack");
}

TEST_F(Validate, Calls) {
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x10, 0x00}), "ok");
  EXPECT_EQ(check({0x10, 0x40}), "I unknown function 64");
  EXPECT_EQ(check({0x10, 0x00, 0x1A}), "I type mismatch: call expects i32, found an empty operand stack");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x41, 0x00, 0x11, 0x01, 0x00}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x41, 0x00, 0x11, 0x01, 0x02}),
            "I type mismatch: call_indirect expects i64, found i32");
  EXPECT_EQ(check({0x41, 0x00, 0x11, 0x00, 0x01}),
            "I type mismatch: call_indirect expects a table of functions, found a table of externref");
  EXPECT_EQ(check({0x41, 0x00, 0x11, 0x00, 0x09}), "I unknown table 9");
  EXPECT_EQ(check({0x41, 0x00, 0x11, 0x40, 0x00}), "I unknown type 64");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0x12, 0x00}), "ok");
  EXPECT_EQ(check({}, {kI64}, {0x41, 0x01, 0x12, 0x00}),
            "I type mismatch: return_call: the callee's results are [i32], expected [i64]");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0xD2, 0x00, 0x14, 0x01}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0xD0, 0x70, 0x14, 0x01}).substr(0, 40),
            "I type mismatch: call_ref expects (ref n");
  EXPECT_EQ(check({}, {kI32}, {0x41, 0x01, 0xD2, 0x00, 0x15, 0x01}), "ok");
}

TEST_F(Validate, DropAndSelect) {
  EXPECT_EQ(check({0x1A}), "I type mismatch: drop expects a value, found an empty operand stack");
  EXPECT_EQ(check({0x41, 0x00, 0x42, 0x00, 0x41, 0x00, 0x1B, 0x1A}),
            "I type mismatch: select expects two values of one type, found i32 and i64");
  EXPECT_EQ(check({0xD0, 0x70, 0xD0, 0x70, 0x41, 0x00, 0x1B, 0x1A}),
            "I type mismatch: select expects numbers or vectors, found funcref");
  EXPECT_EQ(check({0xD0, 0x70, 0xD0, 0x70, 0x41, 0x00, 0x1C, 0x01, 0x70, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0x1C, 0x02, 0x7F, 0x7F, 0x1A}),
            "I invalid result arity: select has 2 types, expected 1");
  EXPECT_EQ(check({0x41, 0x00, 0x1C, 0x00}), "I invalid result arity: select has 0 types, expected 1");
}

TEST_F(Validate, MemoryAccess) {
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x02, 0x00, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x03, 0x00, 0x1A}),
            "I alignment must not be larger than natural: found 2^3, expected at most 2^2");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x1F, 0x00, 0x1A}).substr(0, 45), "I alignment must not be larger than natural: ");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x80, 0x01, 0x00, 0x1A}).substr(0, 23), "M malformed memop flags");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x41, 0x01, 0x00, 0x1A}), "I type mismatch: i32.load expects i64, found i32");
  EXPECT_EQ(check({0x42, 0x00, 0x28, 0x41, 0x01, 0x00, 0x1A}), "ok");
  EXPECT_EQ(check({0x42, 0x00, 0x28, 0x41, 0x05, 0x00, 0x1A}), "I unknown memory 5");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x02, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A}),
            "I offset out of range: found 4294967296");
  EXPECT_EQ(check({0x42, 0x00, 0x28, 0x42, 0x01, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A}), "ok");
  EXPECT_EQ(check({0x42, 0x00, 0x28, 0x42, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0x1A})
                .substr(0, 19),
            "M integer too large");
  EXPECT_EQ(check({0x41, 0x00, 0x43, 0, 0, 0, 0, 0x36, 0x02, 0x00}),
            "I type mismatch: i32.store expects i32, found f32");
  m.info.features_allowed.remove(Feature::MultiMemory);
  EXPECT_EQ(check({0x42, 0x00, 0x28, 0x41, 0x01, 0x00, 0x1A}),
            "M malformed memop flags: found 65, a memory index needs the multi-memory proposal, which is not enabled");
  EXPECT_EQ(check({0x3F, 0x01, 0x1A}),
            "M zero byte expected: a memory index needs the multi-memory proposal, which is not enabled");
  m.info.memories.clear();
  EXPECT_EQ(check({0x41, 0x00, 0x28, 0x02, 0x00, 0x1A}), "I unknown memory 0");
  EXPECT_EQ(check({0x3F, 0x00, 0x1A}), "I unknown memory 0");
}

TEST_F(Validate, Vectors) {
  EXPECT_EQ(check({kV128}, {kI32}, {0x20, 0x00, 0xFD, 0x15, 0x0F}), "ok");
  EXPECT_EQ(check({kV128}, {kI32}, {0x20, 0x00, 0xFD, 0x15, 0x10}), "I invalid lane index 16");
  EXPECT_EQ(check({kV128}, {kI64}, {0x20, 0x00, 0xFD, 0x1D, 0x02}), "I invalid lane index 2");
  Bytes shuffle{0x20, 0x00, 0x20, 0x00, 0xFD, 0x0D, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 31};
  EXPECT_EQ(check({kV128}, {kV128}, shuffle), "ok");
  shuffle.back() = 32;
  EXPECT_EQ(check({kV128}, {kV128}, shuffle), "I invalid lane index 32");
  EXPECT_EQ(check({kV128}, {kV128}, {0x41, 0x00, 0x20, 0x00, 0xFD, 0x55, 0x01, 0x00, 0x07}), "ok");
  EXPECT_EQ(check({kV128}, {kV128}, {0x41, 0x00, 0x20, 0x00, 0xFD, 0x55, 0x01, 0x00, 0x08}), "I invalid lane index 8");
  EXPECT_EQ(check({kV128}, {kV128}, {0x41, 0x00, 0x20, 0x00, 0xFD, 0x55, 0x02, 0x00, 0x00}),
            "I alignment must not be larger than natural: found 2^2, expected at most 2^1");
  EXPECT_EQ(check({kV128}, {kV128}, {0x20, 0x00, 0x41, 0x00, 0xFD, 0x51}),
            "I type mismatch: v128.xor expects v128, found i32");
  EXPECT_EQ(check({kV128}, {kV128}, {0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xFD, 0x52}), "ok") << "bitselect";
}

TEST_F(Validate, BulkMemory) {
  Bytes three{0x41, 0x00, 0x41, 0x00, 0x41, 0x00};
  auto with = [&](Bytes operands, Bytes instruction) {
    operands.insert(operands.end(), instruction.begin(), instruction.end());
    return check(operands);
  };
  EXPECT_EQ(with(three, {0xFC, 0x0A, 0x00, 0x00}), "ok");
  // memory.copy from memory 0 (i32) to memory 1 (i64): the size has the smaller type.
  EXPECT_EQ(with({0x42, 0, 0x41, 0, 0x41, 0}, {0xFC, 0x0A, 0x01, 0x00}), "ok");
  EXPECT_EQ(with({0x42, 0, 0x41, 0, 0x42, 0}, {0xFC, 0x0A, 0x01, 0x00}),
            "I type mismatch: memory.copy expects i32, found i64");
  EXPECT_EQ(with({0x42, 0, 0x42, 0, 0x42, 0}, {0xFC, 0x0A, 0x01, 0x01}), "ok");
  EXPECT_EQ(with({0x42, 0, 0x41, 0, 0x42, 0}, {0xFC, 0x0B, 0x01}), "ok");
  EXPECT_EQ(with({0x42, 0, 0x41, 0, 0x41, 0}, {0xFC, 0x08, 0x01, 0x01}), "ok");
  EXPECT_EQ(with(three, {0xFC, 0x08, 0x02, 0x00}), "I unknown data segment 2");
  EXPECT_EQ(with({}, {0xFC, 0x09, 0x01}), "ok");
  EXPECT_EQ(with({}, {0xFC, 0x09, 0x02}), "I unknown data segment 2");
  m.info.data_count.reset();
  EXPECT_EQ(with({}, {0xFC, 0x09, 0x00}), "M data count section required");
  EXPECT_EQ(with(three, {0xFC, 0x08, 0x00, 0x00}), "M data count section required");
}

TEST_F(Validate, Tables) {
  EXPECT_EQ(check({0x41, 0x00, 0x25, 0x00, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x25, 0x02, 0x1A}), "I type mismatch: table.get expects i64, found i32");
  EXPECT_EQ(check({0x41, 0x00, 0xD0, 0x6F, 0x26, 0x00}), "I type mismatch: table.set expects funcref, found externref");
  EXPECT_EQ(check({0x41, 0x00, 0x25, 0x03, 0x1A}), "I unknown table 3");
  EXPECT_EQ(check({}, {kI64}, {0xD0, 0x70, 0x42, 0x01, 0xFC, 0x0F, 0x02}), "ok") << "table.grow";
  EXPECT_EQ(check({}, {kI64}, {0xFC, 0x10, 0x02}), "ok") << "table.size";
  EXPECT_EQ(check({0x42, 0x00, 0xD0, 0x70, 0x42, 0x01, 0xFC, 0x11, 0x02}), "ok") << "table.fill";
  EXPECT_EQ(check({0x41, 0x00, 0x42, 0x00, 0x41, 0x00, 0xFC, 0x0E, 0x00, 0x02}), "ok") << "table.copy i64 → i32";
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x0E, 0x00, 0x01}),
            "I type mismatch: table.copy expects funcref, found externref");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x0C, 0x00, 0x00}), "ok") << "table.init";
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x0C, 0x01, 0x00}),
            "I type mismatch: table.init expects funcref, found externref");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x0C, 0x04, 0x00}), "I unknown elem segment 4");
  EXPECT_EQ(check({0xFC, 0x0D, 0x02}), "I unknown elem segment 2");
}

TEST_F(Validate, References) {
  EXPECT_EQ(check({0xD2, 0x00, 0x1A}), "ok");
  EXPECT_EQ(check({0xD2, 0x01, 0x1A}),
            "I undeclared function reference: function 1 is named nowhere outside of function bodies");
  EXPECT_EQ(check({0xD2, 0x40, 0x1A}), "I unknown function 64");
  EXPECT_EQ(check({0xD0, 0x40, 0x1A}), "M malformed heap type: found 0x40");
  EXPECT_EQ(check({0xD0, 0x20, 0x1A}), "I unknown type 32");
  EXPECT_EQ(check({0x41, 0x00, 0xD1, 0x1A}), "I type mismatch: ref.is_null expects a reference, found i32");
  EXPECT_EQ(
      check({0x02, 0x40, 0xD0, 0x70, 0xD6, 0x00, 0x0B}),
      "I type mismatch: br_on_non_null expects a label that takes a reference last, found a label without values");
  EXPECT_EQ(check({0xD0, 0x70, 0xD0, 0x6E, 0xD3, 0x1A}), "I type mismatch: ref.eq expects eqref, found anyref");
}

TEST_F(Validate, Casts) {
  EXPECT_EQ(check({0xD0, 0x6E, 0xFB, 0x14, 0x04, 0x1A}), "ok") << "ref.test (ref 4) of anyref";
  EXPECT_EQ(check({0xD0, 0x04, 0xFB, 0x16, 0x03, 0x1A}), "ok") << "ref.cast between unrelated types";
  EXPECT_EQ(check({0xD0, 0x70, 0xFB, 0x16, 0x03, 0x1A}), "I type mismatch: ref.cast expects anyref, found funcref");
  EXPECT_EQ(check({0xD0, 0x70, 0xFB, 0x14, 0x01, 0x1A}), "ok");
  // block (result i31ref) anyref br_on_cast 0 anyref i31ref drop ref.null i31 end
  EXPECT_EQ(check({0x02, 0x6C, 0xD0, 0x6E, 0xFB, 0x18, 0x03, 0x00, 0x6E, 0x6C, 0x1A, 0xD0, 0x6C, 0x0B, 0x1A}), "ok");
  EXPECT_EQ(check({0x02, 0x6C, 0xD0, 0x6E, 0xFB, 0x18, 0x03, 0x00, 0x6C, 0x6E, 0x1A, 0xD0, 0x6C, 0x0B, 0x1A}),
            "I type mismatch: br_on_cast expects a subtype of i31ref, found anyref");
  EXPECT_EQ(check({0x02, 0x6C, 0xD0, 0x6E, 0xFB, 0x19, 0x03, 0x00, 0x6E, 0x6C, 0x1A, 0xD0, 0x6C, 0x0B, 0x1A}),
            "I type mismatch: br_on_cast_fail expects a label that takes (ref any) last, found i31ref");
  EXPECT_EQ(check({0x02, 0x6E, 0xD0, 0x6E, 0xFB, 0x19, 0x03, 0x00, 0x6E, 0x6C, 0x0B, 0x1A}), "ok");
  EXPECT_EQ(check({0xD0, 0x6E, 0xFB, 0x18, 0x04, 0x00, 0x6E, 0x6C}), "M malformed cast flags");
  EXPECT_EQ(check({}, {ValueType::ref(AbstractHeap::Any, false)}, {0xD0, 0x6F, 0xD4, 0xFB, 0x1A}), "ok");
  EXPECT_EQ(check({}, {ValueType::ref(AbstractHeap::Any, false)}, {0xD0, 0x6F, 0xFB, 0x1A}),
            "I type mismatch: the end of the block expects (ref any), found anyref");
}

TEST_F(Validate, Structures) {
  ValueType reference = m.reference(3, true);
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xD2, 0x00, 0xFB, 0x00, 0x03, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x42, 0x00, 0xD2, 0x00, 0xFB, 0x00, 0x03, 0x1A}),
            "I type mismatch: struct.new expects i32, found i64");
  EXPECT_EQ(check({0xFB, 0x01, 0x03, 0x1A}), "I field type is not defaultable: (ref func)");
  EXPECT_EQ(check({reference}, {kI32}, {0x20, 0x00, 0xFB, 0x02, 0x03, 0x00}), "ok");
  EXPECT_EQ(check({reference}, {kI32}, {0x20, 0x00, 0xFB, 0x03, 0x03, 0x01}), "ok");
  EXPECT_EQ(check({reference}, {kI32}, {0x20, 0x00, 0xFB, 0x02, 0x03, 0x01}),
            "I type mismatch: struct.get needs a not packed field, found i8");
  EXPECT_EQ(check({reference}, {kI32}, {0x20, 0x00, 0xFB, 0x04, 0x03, 0x00}),
            "I type mismatch: struct.get_u needs a packed field, found i32");
  EXPECT_EQ(check({reference}, {kI32}, {0x20, 0x00, 0xFB, 0x02, 0x03, 0x03}), "I unknown field 3");
  EXPECT_EQ(check({reference}, {}, {0x20, 0x00, 0x41, 0x01, 0xFB, 0x05, 0x03, 0x00}), "ok");
  EXPECT_EQ(check({reference}, {}, {0x20, 0x00, 0x41, 0x01, 0xFB, 0x05, 0x03, 0x01}), "I immutable field 1");
  EXPECT_EQ(check({reference}, {}, {0x20, 0x00, 0xFB, 0x02, 0x04, 0x00, 0x1A}).substr(0, 51),
            "I type mismatch: struct.get needs a structure type,");
}

TEST_F(Validate, Arrays) {
  ValueType numbers = m.reference(4, true), bytes = m.reference(5, true), functions = m.reference(6, true),
            structures = m.reference(7, true);
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x06, 0x04, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0xFB, 0x07, 0x04, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0xFB, 0x07, 0x07, 0x1A}).substr(0, 36), "I array type is not defaultable: (re");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x08, 0x04, 0x02, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0xFB, 0x08, 0x04, 0x02, 0x1A}),
            "I type mismatch: array.new_fixed expects i32, found an empty operand stack");
  EXPECT_EQ(check({0x00, 0xFB, 0x08, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x1A}), "ok")
      << "four thousand million unknown operands, at once";
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x09, 0x05, 0x01, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x09, 0x05, 0x02, 0x1A}), "I unknown data segment 2");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x09, 0x06, 0x01, 0x1A}),
            "I array type is not numeric or vector: its elements are funcref");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x0A, 0x06, 0x00, 0x1A}), "ok");
  EXPECT_EQ(check({0x41, 0x00, 0x41, 0x00, 0xFB, 0x0A, 0x06, 0x01, 0x1A}),
            "I type mismatch: array.new_elem expects funcref, found externref");
  EXPECT_EQ(check({numbers}, {kI32}, {0x20, 0x00, 0x41, 0x00, 0xFB, 0x0B, 0x04}), "ok");
  EXPECT_EQ(check({bytes}, {kI32}, {0x20, 0x00, 0x41, 0x00, 0xFB, 0x0B, 0x05}),
            "I type mismatch: array.get needs a not packed field, found i8");
  EXPECT_EQ(check({bytes}, {kI32}, {0x20, 0x00, 0x41, 0x00, 0xFB, 0x0D, 0x05}), "ok");
  EXPECT_EQ(check({numbers}, {}, {0x20, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFB, 0x0E, 0x04}), "ok");
  EXPECT_EQ(check({bytes}, {}, {0x20, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFB, 0x0E, 0x05}), "I immutable array: type 5");
  EXPECT_EQ(check({numbers}, {kI32}, {0x20, 0x00, 0xFB, 0x0F}), "ok");
  EXPECT_EQ(check({numbers}, {}, {0x20, 0x00, 0x41, 0, 0x41, 0, 0x41, 0, 0xFB, 0x10, 0x04}), "ok");
  EXPECT_EQ(check({numbers}, {}, {0x20, 0, 0x41, 0, 0x20, 0, 0x41, 0, 0x41, 0, 0xFB, 0x11, 0x04, 0x04}), "ok");
  EXPECT_EQ(check({numbers, bytes}, {}, {0x20, 0, 0x41, 0, 0x20, 1, 0x41, 0, 0x41, 0, 0xFB, 0x11, 0x04, 0x05}),
            "I array types do not match: found elements i8, expected i32");
  EXPECT_EQ(check({numbers}, {}, {0x20, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0xFB, 0x12, 0x04, 0x00}), "ok");
  EXPECT_EQ(check({functions}, {}, {0x20, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0xFB, 0x13, 0x06, 0x00}), "ok");
  EXPECT_EQ(check({structures}, {}, {0x20, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0xFB, 0x12, 0x07, 0x00}).substr(0, 38),
            "I array type is not numeric or vector:");
}

TEST_F(Validate, Exceptions) {
  EXPECT_EQ(check({0x08, 0x00}), "ok");
  EXPECT_EQ(check({0x08, 0x02}), "I unknown tag 2");
  EXPECT_EQ(check({0x08, 0x01}), "I type mismatch: throw expects i32, found an empty operand stack");
  EXPECT_EQ(check({0x41, 0x00, 0x0A}), "I type mismatch: throw_ref expects exnref, found i32");
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x00, 0x00, 0x00, 0x0B}), "ok");
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x00, 0x01, 0x00, 0x0B}),
            "I type mismatch: try_table: a catch clause's values are [i32], expected []");
  EXPECT_EQ(check({0x02, 0x7F, 0x1F, 0x40, 0x01, 0x00, 0x01, 0x00, 0x0B, 0x41, 0x00, 0x0B, 0x1A}), "ok");
  EXPECT_EQ(check({0x02, 0x69, 0x1F, 0x40, 0x01, 0x01, 0x00, 0x00, 0x0B, 0x00, 0x0B, 0x1A}), "ok");
  EXPECT_EQ(check({0x02, 0x64, 0x69, 0x1F, 0x40, 0x01, 0x03, 0x00, 0x0B, 0x00, 0x0B, 0x1A}), "ok")
      << "a caught reference is not null";
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x03, 0x00, 0x0B}),
            "I type mismatch: try_table: a catch clause's values are [(ref exn)], expected []");
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x02, 0x01, 0x0B}), "I unknown label 1");
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x00, 0x05, 0x00, 0x0B}), "I unknown tag 5");
  EXPECT_EQ(check({0x1F, 0x40, 0x01, 0x04, 0x00, 0x0B}), "M malformed catch clause: found 0x04");
}

// 06 try, 07 catch, 09 rethrow, 18 delegate, 19 catch_all; tag 1 has an i32.
TEST_F(Validate, LegacyExceptions) {
  m.info.features_allowed.add(Feature::LegacyExceptions);
  EXPECT_EQ(check({0x06, 0x40, 0x0B}), "ok") << "catches nothing";
  EXPECT_EQ(check({0x06, 0x40, 0x07, 0x00, 0x07, 0x01, 0x1A, 0x19, 0x0B}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x41, 0x00, 0x07, 0x01, 0x0B}), "ok") << "the tag's value is the result";
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x41, 0x00, 0x07, 0x00, 0x0B}),
            "I type mismatch: the end of the block expects i32, found an empty operand stack")
      << "the caught exception is no operand";
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x1A, 0x0B}),
            "I type mismatch: drop expects a value, found an empty operand stack");
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x02, 0x40, 0x0B, 0x1A, 0x0B}),
            "I type mismatch: drop expects a value, found an empty operand stack")
      << "nor is it one after an inner block";
  EXPECT_EQ(check({0x06, 0x40, 0x41, 0x00, 0x19, 0x0B}),
            "I type mismatch: catch_all expects an empty operand stack, found i32");
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x07, 0x01, 0x0B}),
            "I type mismatch: catch expects i32, found an empty operand stack");
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x00, 0x19, 0x00, 0x0B}), "ok") << "both arms unreachable";
  EXPECT_EQ(check({0x06, 0x40, 0x07, 0x02, 0x0B}), "I unknown tag 2");
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x09, 0x00, 0x0B}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x41, 0x01, 0x19, 0x09, 0x00, 0x0B}), "ok");
  EXPECT_EQ(check({0x06, 0x40, 0x09, 0x00, 0x0B}), "I invalid rethrow label 0: not a catch or catch_all block");
  EXPECT_EQ(check({0x09, 0x00}), "I invalid rethrow label 0: not a catch or catch_all block");
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x02, 0x40, 0x09, 0x00, 0x0B, 0x0B}),
            "I invalid rethrow label 0: not a catch or catch_all block");
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x02, 0x40, 0x09, 0x01, 0x0B, 0x0B}), "ok");
  EXPECT_EQ(check({0x06, 0x40, 0x19, 0x09, 0x02, 0x0B}), "I unknown label 2");
  EXPECT_EQ(check({0x06, 0x40, 0x18, 0x00}), "ok") << "to the caller";
  EXPECT_EQ(check({0x06, 0x40, 0x18, 0x01}), "I unknown label 1");
  EXPECT_EQ(check({0x06, 0x40, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), "I unknown label 4294967295");
  EXPECT_EQ(check({0x06, 0x40, 0x06, 0x40, 0x18, 0x01, 0x19, 0x0B}), "ok");
  EXPECT_EQ(check({}, {kI32}, {0x06, 0x7F, 0x18, 0x00}),
            "I type mismatch: delegate expects i32, found an empty operand stack");
  EXPECT_EQ(check({0x06, 0x40, 0x41, 0x00, 0x18, 0x00}), "I type mismatch: delegate expects no more values, found i32");
  for (const Bytes& malformed : std::vector<Bytes>{
           {0x07, 0x00},                                // outside of a try
           {0x19},                                      //
           {0x18, 0x00},                                //
           {0x02, 0x40, 0x19, 0x0B},                    // in a block
           {0x06, 0x40, 0x19, 0x19, 0x0B},              // behind catch_all
           {0x06, 0x40, 0x19, 0x07, 0x00, 0x0B},        //
           {0x06, 0x40, 0x19, 0x18, 0x00},              //
           {0x06, 0x40, 0x07, 0x00, 0x18, 0x00},        // behind catch
           {0x06, 0x40, 0x05, 0x0B},                    // else
           {0x1F, 0x40, 0x00, 0x19, 0x0B},              // in a try_table
           {0x6A, 0x06, 0x40, 0x19, 0x19, 0x0B},        // invalid before it is malformed
           {0x6A, 0x06, 0x40, 0x07, 0x00, 0x18, 0x00},  //
           {0x6A, 0x02, 0x40, 0x07, 0x00, 0x0B},        //
       })
    EXPECT_EQ(check(malformed).substr(0, 28), "M END opcode expected, found") << ::testing::PrintToString(malformed);
  // A caught exception takes part in initialization like any block.
  m.info.features_allowed.remove(Feature::Exceptions);
  EXPECT_EQ(check({0x06, 0x40, 0x08, 0x00, 0x19, 0x0B}), "ok") << "throw belongs to both proposals";
}

TEST_F(Validate, ProposalsPastThree) {
  Bytes load{0x41, 0x00, 0xFE, 0x10, 0x02, 0x00, 0x1A};
  EXPECT_EQ(check(load), "U i32.atomic.load needs the threads proposal, which is not enabled");
  EXPECT_EQ(check({0xFE, 0x03, 0x00}), "U atomic.fence needs the threads proposal, which is not enabled");
  EXPECT_EQ(check({0x06, 0x40, 0x0B}), "U try needs the legacy-exceptions proposal, which is not enabled");
  Bytes multiply{0x42, 0x00, 0x42, 0x00, 0xFC, 0x16, 0x1A, 0x1A};
  EXPECT_EQ(check(multiply), "U i64.mul_wide_u needs the wide-arithmetic proposal, which is not enabled");
  m.info.features_allowed.add(Feature::Threads);
  m.info.features_allowed.add(Feature::WideArithmetic);
  EXPECT_EQ(check(load), "ok");
  load[4] = 0x01;
  EXPECT_EQ(check(load), "I atomic alignment must be natural: found 2^1, expected 2^2");
  load[4] = 0x03;
  EXPECT_EQ(check(load), "I alignment must not be larger than natural: found 2^3, expected at most 2^2");
  EXPECT_EQ(check({0xFE, 0x03, 0x00}), "ok");
  EXPECT_EQ(check({0xFE, 0x03, 0x01}), "M zero byte expected");
  EXPECT_EQ(check(multiply), "ok");
  EXPECT_EQ(check({0x42, 0, 0x42, 0, 0x42, 0, 0x42, 0, 0xFC, 0x13, 0x1A, 0x1A}), "ok");
  EXPECT_EQ(check({0x42, 0, 0x42, 0, 0x42, 0, 0xFC, 0x13, 0x1A, 0x1A}),
            "I type mismatch: i64.add128 expects i64, found an empty operand stack");
  m.info.features_allowed.remove(Feature::Simd);
  EXPECT_EQ(check({kV128}, {kV128}, {0x20, 0x00, 0xFD, 0x4D}),
            "U v128.not needs the simd proposal, which is not enabled");
}

TEST_F(Validate, Limits) {
  // Twenty doublings of a thousand i64 parameters would pass 2^20 slots; here: a function type of 4096 results.
  std::vector<ValueType> many(4096, kI64);
  u32 type = m.add_func_type({}, many);
  u32 function = m.add_function(type, {0x00, 0x00, 0x0C, 0x00, 0x0B});
  EXPECT_EQ(outcome(validate_function(m.info, function)), "L br keeps 4096 slots, the limit is 4095");
  // call × 257 leaves 257 × 4096 > 2^20 - 1 slots.
  Bytes body{0x00};
  for (int i = 0; i < 257; ++i) body.insert(body.end(), {0x10, static_cast<u8>(function)});
  body.insert(body.end(), {0x00, 0x0B});
  EXPECT_EQ(outcome(validate_function(m.info, m.add_function(0, body))),
            "L the function needs more than 1048575 value-stack slots");
}

TEST_F(Validate, DeepNesting) {
  Bytes body{0x00};
  for (int i = 0; i < 200000; ++i) body.insert(body.end(), {0x02, 0x40});
  body.insert(body.end(), 200001, 0x0B);
  EXPECT_EQ(check_body({}, {}, body), "ok");
  body.pop_back();
  EXPECT_EQ(check_body({}, {}, body), "M END opcode expected, found the end of the body");
}

class ConstantExpressions : public Validate {
 protected:
  std::string check_constant(ValueType type, const Bytes& code, u32 visible_globals = 3) {
    ByteRange range = m.append(code);
    Result<u32> result =
        validate_constant_expression(m.info, range.offset, range.end(), type, visible_globals, &declared);
    if (!result) return outcome(std::unexpected(result.error()));
    return "ok " + std::to_string(*result);
  }
  std::vector<bool> declared = std::vector<bool>(2);
};

TEST_F(ConstantExpressions, Allowed) {
  EXPECT_EQ(check_constant(kI32, {0x41, 0x01, 0x0B, 0xFF, 0xFF}), "ok 3") << "bytes behind the end are not looked at";
  EXPECT_EQ(check_constant(kI32, {0x41, 0x01, 0x41, 0x02, 0x6A, 0x0B}), "ok 6");
  EXPECT_EQ(check_constant(kI64, {0x42, 0x01, 0x42, 0x02, 0x7E, 0x0B}), "ok 6");
  EXPECT_EQ(check_constant(kI32, {0x23, 0x00, 0x0B}), "ok 3");
  EXPECT_EQ(check_constant(kFuncRef, {0xD0, 0x70, 0x0B}), "ok 3");
  EXPECT_EQ(check_constant(ValueType::ref(AbstractHeap::I31, false), {0x41, 0x01, 0xFB, 0x1C, 0x0B}), "ok 5");
  EXPECT_EQ(check_constant(m.reference(4, false), {0x41, 0x01, 0x41, 0x02, 0xFB, 0x08, 0x04, 0x02, 0x0B}), "ok 9");
  EXPECT_EQ(check_constant(m.reference(4, false), {0x41, 0x01, 0xFB, 0x07, 0x04, 0x0B}), "ok 6");
  EXPECT_EQ(check_constant(ValueType::ref(AbstractHeap::Any, true), {0xD0, 0x6F, 0xFB, 0x1A, 0x0B}), "ok 5");
}

TEST_F(ConstantExpressions, RecordsDeclaredFunctions) {
  EXPECT_EQ(check_constant(kFuncRef, {0xD2, 0x01, 0x0B}), "ok 3");
  EXPECT_EQ(declared, (std::vector<bool>{false, true}));
}

TEST_F(ConstantExpressions, Refused) {
  EXPECT_EQ(check_constant(kI32, {0x41, 0x01, 0x41, 0x02, 0x6D, 0x0B}),
            "I constant expression required, found i32.div_s");
  EXPECT_EQ(check_constant(kI32, {0x41, 0x01, 0x10, 0x00, 0x0B}), "I constant expression required, found call");
  EXPECT_EQ(check_constant(kI32, {0x01, 0x41, 0x00, 0x0B}), "I constant expression required, found nop");
  EXPECT_EQ(check_constant(kI64, {0x23, 0x01, 0x0B}),
            "I constant expression required, found global.get of the mutable global 1");
  EXPECT_EQ(check_constant(kI32, {0x23, 0x00, 0x0B}, 0), "I unknown global 0");
  EXPECT_EQ(check_constant(kI32, {0x42, 0x00, 0x0B}), "I type mismatch: the end of the block expects i32, found i64");
  EXPECT_EQ(check_constant(kI32, {0x0B}),
            "I type mismatch: the end of the block expects i32, found an empty operand stack");
  EXPECT_EQ(check_constant(kI32, {0x41, 0x00, 0x41, 0x00, 0x0B}),
            "I type mismatch: the end of the block expects no more values, found i32");
  EXPECT_EQ(check_constant(kI32, {0x41, 0x00}), "M unexpected end of section or function, expected the END opcode");
  EXPECT_EQ(check_constant(kFuncRef, {0xF3, 0x00, 0x0B}), "M illegal opcode f3");
  m.info.data_count.reset();
  EXPECT_EQ(check_constant(m.reference(5, false), {0x41, 0x00, 0x41, 0x00, 0xFB, 0x09, 0x05, 0x00, 0x0B}),
            "I constant expression required, found array.new_data");
  m.info.features_allowed.remove(Feature::ExtendedConst);
  EXPECT_EQ(check_constant(kI32, {0x41, 0x01, 0x41, 0x02, 0x6A, 0x0B}),
            "I constant expression required, found i32.add, which needs the extended-const proposal");
}

TEST_F(Validate, TypesOfProposalsThatAreOff) {
  struct Row {
    Feature feature;
    Bytes body;  // with its local declarations
    const char* message;
  };
  const Row rows[] = {
      {Feature::Simd, {0x01, 0x01, 0x7B, 0x0B}, "the value type v128 needs the simd"},
      {Feature::Simd, {0x00, 0x02, 0x7B, 0x00, 0x0B, 0x1A, 0x0B}, "the value type v128 needs the simd"},
      {Feature::ReferenceTypes, {0x01, 0x01, 0x70, 0x0B}, "a value of reference type needs the reference-types"},
      {Feature::FunctionReferences,
       {0x01, 0x01, 0x63, 0x00, 0x0B},
       "a reference to a defined type needs the function-references"},
      {Feature::FunctionReferences,
       {0x01, 0x01, 0x64, 0x70, 0x0B},
       "a value of reference type needs the function-references"},
      {Feature::Gc, {0x01, 0x01, 0x6E, 0x0B}, "a heap type needs the gc"},
      {Feature::Gc, {0x00, 0xD0, 0x71, 0x1A, 0x0B}, "a heap type needs the gc"},
      {Feature::Exceptions, {0x00, 0xD0, 0x69, 0x1A, 0x0B}, "a heap type needs the exception-handling"},
      {Feature::MultiValue, {0x00, 0x02, 0x00, 0x0B, 0x0B}, "block needs the multi-value"},
  };
  for (const Row& row : rows) {
    u32 function = m.add_function(0, row.body);
    EXPECT_EQ(outcome(validate_function(m.info, function)), "ok") << row.message;
    FeatureSet before = m.info.features_allowed;
    m.info.features_allowed.remove(row.feature);
    EXPECT_EQ(outcome(validate_function(m.info, function)),
              "U " + std::string(row.message) + " proposal, which is not enabled");
    m.info.features_allowed = before;
  }
}

}  // namespace
}  // namespace brink
