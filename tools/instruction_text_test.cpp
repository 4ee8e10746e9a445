#include "tools/instruction_text.h"

#include <gtest/gtest.h>

#include <vector>


namespace brink::tools {
namespace {

std::string print(std::vector<u8> bytes) {
  ModuleInfo module;
  module.bytes = bytes;
  module.features_allowed = FeatureSet::all();
  return instruction_text(module, 0);
}

// From the binary format's tables (specification, section 5.4).
TEST(InstructionText, EveryKindOfImmediate) {
  EXPECT_EQ(print({0x01}), "nop");
  EXPECT_EQ(print({0x02, 0x40}), "block");
  EXPECT_EQ(print({0x03, 0x7F}), "loop (result i32)");
  EXPECT_EQ(print({0x04, 0x64, 0x05}), "if (result (ref 5))");
  EXPECT_EQ(print({0x02, 0x07}), "block (type 7)");
  EXPECT_EQ(print({0x0C, 0x80, 0x01}), "br 128");
  EXPECT_EQ(print({0x0E, 0x02, 0x00, 0x01, 0x02}), "br_table 0 1 2");
  EXPECT_EQ(print({0x11, 0x03, 0x00}), "call_indirect (type 3)");
  EXPECT_EQ(print({0x11, 0x03, 0x02}), "call_indirect 2 (type 3)");
  EXPECT_EQ(print({0x1C, 0x01, 0x7E}), "select (result i64)");
  EXPECT_EQ(print({0x1F, 0x40, 0x03, 0x00, 0x04, 0x01, 0x01, 0x05, 0x02, 0x02, 0x00}), "try_table (catch 4 1) (catch_ref 5 2) (catch_all 0)");
  EXPECT_EQ(print({0x20, 0x09}), "local.get 9");
  EXPECT_EQ(print({0x28, 0x02, 0x00}), "i32.load");
  EXPECT_EQ(print({0x28, 0x00, 0x10}), "i32.load offset=16 align=1");
  EXPECT_EQ(print({0x28, 0x42, 0x01, 0x08}), "i32.load 1 offset=8");
  EXPECT_EQ(print({0x3F, 0x00}), "memory.size");
  EXPECT_EQ(print({0x41, 0x7F}), "i32.const -1");
  EXPECT_EQ(print({0x42, 0x80, 0x80, 0x80, 0x80, 0x08}), "i64.const 2147483648");
  EXPECT_EQ(print({0x43, 0x00, 0x00, 0xC0, 0x3F}), "f32.const 1.5");
  EXPECT_EQ(print({0x43, 0x01, 0x00, 0xC0, 0xFF}), "f32.const -nan:0x400001");
  EXPECT_EQ(print({0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x7F}), "f64.const inf");
  EXPECT_EQ(print({0xD0, 0x70}), "ref.null func");
  EXPECT_EQ(print({0xFC, 0x08, 0x03, 0x00}), "memory.init 3");
  EXPECT_EQ(print({0xFC, 0x0A, 0x01, 0x00}), "memory.copy 1 0");
  EXPECT_EQ(print({0xFC, 0x0C, 0x02, 0x01}), "table.init 1 2");
  EXPECT_EQ(print({0xFB, 0x02, 0x04, 0x01}), "struct.get 4 1");
  EXPECT_EQ(print({0xFB, 0x15, 0x6C}), "ref.test (ref null i31)");
  EXPECT_EQ(print({0xFB, 0x18, 0x02, 0x01, 0x6E, 0x03}), "br_on_cast 1 (ref any) (ref null 3)");
  EXPECT_EQ(print({0xFD, 0x0D, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 31}), "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31");
  EXPECT_EQ(print({0xFD, 0x15, 0x0F}), "i8x16.extract_lane_s 15");
  EXPECT_EQ(print({0xFD, 0x54, 0x00, 0x04, 0x07}), "v128.load8_lane offset=4 7");
  EXPECT_EQ(print({0xFE, 0x03, 0x00}), "atomic.fence");
}

}  // namespace
}  // namespace brink::tools
