// The expected entries are worked out by hand from the byte offsets in the margin.
#include "engine/validate/side_table.h"

#include <gtest/gtest.h>

#include "engine/module/opcodes.h"
#include "engine/validate/test_module.h"
#include "engine/validate/validator.h"

namespace brink {
namespace {

struct Entry {
  i32 pc_delta;
  i32 entry_delta;
  u32 height;
  u32 keep;
  bool operator==(const Entry&) const = default;
};

void PrintTo(const Entry& entry, std::ostream* out) {
  *out << "{pc " << entry.pc_delta << ", entry " << entry.entry_delta << ", height " << entry.height << ", keep "
       << entry.keep << "}";
}

std::vector<Entry> entries_of(const PreparedCode& code) {
  std::vector<Entry> entries;
  for (const SideEntry& entry : code.side)
    entries.push_back({entry.pc_delta, entry.entry_delta, entry.height(), entry.keep()});
  return entries;
}

std::vector<u8> bytes_of(const PreparedCode& code) { return {code.code.get(), code.code.get() + code.code_size}; }

PreparedCode prepare(const TestModule& module, u32 function, PrepareOptions options = {}) {
  Result<PreparedCode> prepared = prepare_function(module.info, function, options);
  EXPECT_TRUE(prepared.has_value()) << (prepared ? "" : prepared.error().message);
  return prepared ? std::move(*prepared) : PreparedCode{};
}

TEST(SideTable, NestedBlocksWithResults) {
  TestModule module;
  std::vector<u8> body = {
      0x00,        // no locals
      0x02, 0x7F,  //  0 block (result i32)
      0x02, 0x40,  //  2 block
      0x41, 0x07,  //  4 i32.const 7
      0x41, 0x01,  //  6 i32.const 1
      0x0D, 0x01,  //  8 br_if 1
      0x0C, 0x00,  // 10 br 0
      0x0B,        // 12 end
      0x41, 0x09,  // 13 i32.const 9
      0x0B,        // 15 end
      0x0B         // 16 end
  };
  u32 function = module.add_function(module.add_func_type({}, {kI32}), body);
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{8, 2, 0, 1}, {3, 1, 0, 0}}));
  EXPECT_EQ(code.code_offset, 1u);
  EXPECT_EQ(code.code_size, 17u);
  EXPECT_EQ(code.code[16], static_cast<u8>(Stamp::FunctionEnd));
  EXPECT_EQ(code.max_operand_slots, 2u);
  EXPECT_EQ(code.local_slot_count, 0u);
  EXPECT_EQ(code.param_slots, 0u);
  EXPECT_EQ(code.result_slots, 1u);
  EXPECT_TRUE(code.local_slots.empty());
}

TEST(SideTable, LoopWithParameters) {
  TestModule module;
  u32 type = module.add_func_type({kI32}, {kI32});
  std::vector<u8> body = {
      0x00,        // no locals
      0x20, 0x00,  //  0 local.get 0
      0x03, 0x00,  //  2 loop (type 0)
      0x41, 0x01,  //  4 i32.const 1
      0x6B,        //  6 i32.sub
      0x22, 0x00,  //  7 local.tee 0
      0x20, 0x00,  //  9 local.get 0
      0x0D, 0x00,  // 11 br_if 0
      0x0B,        // 13 end
      0x0B         // 14 end
  };
  u32 function = module.add_function(type, body);
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{-7, 0, 1, 1}}));
  EXPECT_EQ(code.max_operand_slots, 2u);
  EXPECT_EQ(code.param_slots, 1u);
}

TEST(SideTable, BackwardBranchSkipsTheEntriesOfTheBody) {
  TestModule module;
  std::vector<u8> body = {
      0x00,        // no locals
      0x20, 0x00,  //  0 local.get 0
      0x0D, 0x00,  //  2 br_if 0 (the function)
      0x03, 0x40,  //  4 loop
      0x20, 0x00,  //  6 local.get 0
      0x04, 0x40,  //  8 if
      0x0C, 0x01,  // 10 br 1 (the loop)
      0x0B,        // 12 end
      0x0B,        // 13 end
      0x0B         // 14 end
  };
  u32 function = module.add_function(module.add_func_type({kI32}, {}), body);
  // The function's label is the final end itself, and all three entries stand before it.
  EXPECT_EQ(entries_of(prepare(module, function)), (std::vector<Entry>{{12, 3, 1, 0}, {5, 2, 1, 0}, {-4, -1, 1, 0}}));
}

TEST(SideTable, BrTable) {
  TestModule module;
  std::vector<u8> body = {
      0x00,                          // no locals
      0x02, 0x40,                    //  0 block
      0x02, 0x40,                    //  2 block
      0x41, 0x05,                    //  4 i32.const 5
      0x20, 0x00,                    //  6 local.get 0
      0x0E, 0x02, 0x00, 0x01, 0x02,  //  8 br_table 0 1 2
      0x0B,                          // 13 end
      0x01,                          // 14 nop
      0x0B,                          // 15 end
      0x01,                          // 16 nop
      0x0B                           // 17 end
  };
  u32 function = module.add_function(module.add_func_type({kI32}, {}), body);
  EXPECT_EQ(entries_of(prepare(module, function)), (std::vector<Entry>{{6, 3, 1, 0}, {8, 2, 1, 0}, {9, 1, 1, 0}}));
}

TEST(SideTable, IfWithAndWithoutElse) {
  TestModule module;
  std::vector<u8> body = {
      0x00,        // no locals
      0x20, 0x00,  //  0 local.get 0
      0x04, 0x40,  //  2 if
      0x01,        //  4 nop
      0x0B,        //  5 end
      0x20, 0x00,  //  6 local.get 0
      0x04, 0x7F,  //  8 if (result i32)
      0x41, 0x01,  // 10 i32.const 1
      0x05,        // 12 else
      0x41, 0x02,  // 13 i32.const 2
      0x0C, 0x00,  // 15 br 0
      0x0B,        // 17 end
      0x0B         // 18 end
  };
  u32 function = module.add_function(module.add_func_type({kI32}, {kI32}), body);
  EXPECT_EQ(entries_of(prepare(module, function)),
            (std::vector<Entry>{{4, 1, 1, 0}, {5, 2, 1, 0}, {6, 2, 1, 1}, {3, 1, 1, 1}}));
}

TEST(SideTable, BranchOutOfALoopKeepsValues) {
  TestModule module;
  u32 type = module.add_func_type({kI64}, {kI32, kI64});
  module.add_func_type({}, {kI32, kI64});
  std::vector<u8> body = {
      0x00,                             // no locals
      0x43, 0,    0, 0, 0,              //  0 f32.const
      0x02, 0x01,                       //  5 block (type 1)
      0x03, 0x40,                       //  7 loop
      0x44, 0,    0, 0, 0, 0, 0, 0, 0,  //  9 f64.const
      0x41, 0x01,                       // 18 i32.const 1
      0x20, 0x00,                       // 20 local.get 0
      0x0C, 0x01,                       // 22 br 1
      0x0B,                             // 24 end
      0x00,                             // 25 unreachable
      0x0B,                             // 26 end
      0x0C, 0x00,                       // 27 br 0
      0x0B                              // 29 end
  };
  u32 function = module.add_function(type, body);
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{5, 1, 2, 2}, {2, 1, 1, 2}}));
  EXPECT_EQ(code.max_operand_slots, 4u);
  EXPECT_EQ(code.result_slots, 2u);
}

TEST(SideTable, EntriesOfDeadCodeAreCounted) {
  TestModule module;
  std::vector<u8> body = {
      0x00,        // no locals
      0x02, 0x40,  //  0 block
      0x0C, 0x00,  //  2 br 0
      0x0D, 0x00,  //  4 br_if 0
      0x04, 0x40,  //  6 if
      0x0B,        //  8 end
      0x0B,        //  9 end
      0x41, 0x00,  // 10 i32.const 0
      0x0D, 0x00,  // 12 br_if 0
      0x0B         // 14 end
  };
  u32 function = module.add_function(module.add_func_type({}, {}), body);
  EXPECT_EQ(entries_of(prepare(module, function)),
            (std::vector<Entry>{{8, 3, 0, 0}, {6, 2, 0, 0}, {3, 1, 0, 0}, {2, 1, 0, 0}}));
}

TEST(SideTable, RoomForTheResultsOfABranchInDeadCode) {
  TestModule module;
  u32 type = module.add_func_type({}, {kI64, kV128});
  PreparedCode code = prepare(module, module.add_function(type, {0x00, 0x00, 0x0B}));
  EXPECT_EQ(code.max_operand_slots, 3u);
  EXPECT_EQ(code.result_slots, 3u);
}

TEST(SideTable, BranchesOnReferences) {
  TestModule module;
  u32 type = module.add_func_type({kFuncRef}, {});
  module.add_func_type({}, {kI32, ValueType::ref(AbstractHeap::Func, false)});
  std::vector<u8> body = {
      0x00,        // no locals
      0x02, 0x01,  //  0 block (result i32 (ref func))
      0x41, 0x01,  //  2 i32.const 1
      0x20, 0x00,  //  4 local.get 0
      0xD6, 0x00,  //  6 br_on_non_null 0
      0x20, 0x00,  //  8 local.get 0
      0xD5, 0x01,  // 10 br_on_null 1
      0x20, 0x00,  // 12 local.get 0
      // 14 br_on_cast 1 funcref (ref func) is refused: label 1 takes nothing
      0xFB, 0x18, 0x01, 0x00, 0x70, 0x70,  // 14 br_on_cast 0 funcref (ref func)
      0x00,                                // 20 unreachable
      0x0B,                                // 21 end
      0x1A,                                // 22 drop
      0x1A,                                // 23 drop
      0x0B                                 // 24 end
  };
  u32 function = module.add_function(type, body);
  // br_on_null's label is the function's: nothing kept. In br_on_cast the values are [i32 (ref func) (ref func)], of
  // which the label takes the two uppermost as [i32 (ref func)]: not valid; so an i32 is needed below it.
  Result<void> valid = validate_function(module.info, function);
  ASSERT_FALSE(valid.has_value());
  EXPECT_EQ(valid.error().message, "type mismatch: br_on_cast expects i32, found (ref func)");

  body = {
      0x00,                                // no locals
      0x02, 0x01,                          //  0 block (result i32 (ref func))
      0x41, 0x01,                          //  2 i32.const 1
      0x20, 0x00,                          //  4 local.get 0
      0xD6, 0x00,                          //  6 br_on_non_null 0
      0x20, 0x00,                          //  8 local.get 0
      0xFB, 0x18, 0x01, 0x00, 0x70, 0x70,  // 10 br_on_cast 0 funcref (ref func)
      0xD5, 0x01,                          // 16 br_on_null 1
      0x00,                                // 18 unreachable
      0x0B,                                // 19 end
      0x1A,                                // 20 drop
      0x1A,                                // 21 drop
      0x0B                                 // 22 end
  };
  function = module.add_function(type, body);
  EXPECT_EQ(entries_of(prepare(module, function)), (std::vector<Entry>{{14, 3, 1, 2}, {10, 2, 1, 2}, {6, 1, 1, 0}}));
}

TEST(SideTable, TryTable) {
  TestModule module;
  u32 type = module.add_func_type({}, {kI32});
  module.add_tag(module.add_func_type({kI32}, {}));
  std::vector<u8> body = {
      0x00,        // no locals
      0x02, 0x7F,  //  0 block (result i32)
      0x02, 0x69,  //  2 block (result exnref)
      // 4 try_table (result i32) (catch 0 1) (catch_all_ref 0)
      0x1F, 0x7F, 0x02, 0x00, 0x00, 0x01, 0x03, 0x00, 0x10, 0x00,  // 12 call 0
      0x0B,                                                        // 14 end
      0x0C, 0x01,                                                  // 15 br 1
      0x0B,                                                        // 17 end
      0x0A,                                                        // 18 throw_ref
      0x0B,                                                        // 19 end
      0x0B                                                         // 20 end
  };
  u32 function = module.add_function(type, body);
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{16, 3, 0, 1}, {14, 2, 0, 1}, {5, 1, 0, 1}}));
  ASSERT_EQ(code.try_regions.size(), 1u);
  const TryRegion& region = code.try_regions[0];
  EXPECT_EQ(region.begin, 12u);
  EXPECT_EQ(region.end, 14u);
  EXPECT_EQ(region.opcode, 4u);
  EXPECT_EQ(region.first_entry, 0u);
  ASSERT_EQ(region.clauses.size(), 2u);
  EXPECT_FALSE(region.clauses[0].is_all);
  EXPECT_FALSE(region.clauses[0].has_ref);
  EXPECT_EQ(region.clauses[0].tag, 0u);
  EXPECT_TRUE(region.clauses[1].is_all);
  EXPECT_TRUE(region.clauses[1].has_ref);
}

TEST(SideTable, LegacyCatchesKeepTheException) {
  TestModule module;
  module.info.features_allowed = FeatureSet::all();
  module.add_tag(module.add_func_type({kI32}, {}));
  std::vector<u8> body = {
      0x00,        // no locals
      0x06, 0x7F,  //  0 try (result i32)
      0x41, 0x01,  //  2 i32.const 1
      0x07, 0x00,  //  4 catch 0
      0x1A,        //  6 drop
      0x41, 0x02,  //  7 i32.const 2
      0x19,        //  9 catch_all
      0x09, 0x00,  // 10 rethrow 0
      0x0B,        // 12 end
      0x1A,        // 13 drop
      0x0B         // 14 end
  };
  PreparedCode code = prepare(module, module.add_function(module.add_func_type({}, {}), body));
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{9, 4, 0, 1}, {4, 3, 0, 1}, {0, 0, 0, 0}, {1, 1, 0, 1}}));
  EXPECT_EQ(code.max_operand_slots, 2u) << "the exception, and a value above it";
  EXPECT_EQ(code.code[12], static_cast<u8>(Stamp::CatchEnd));
  ASSERT_EQ(code.try_regions.size(), 1u);
  const TryRegion& region = code.try_regions[0];
  EXPECT_EQ(region.kind, TryRegion::Kind::Try);
  EXPECT_EQ(region.begin, 2u);
  EXPECT_EQ(region.end, 4u);
  EXPECT_EQ(region.opcode, 0u);
  EXPECT_EQ(region.height, 0u);
  ASSERT_EQ(region.clauses.size(), 2u);
  EXPECT_EQ(region.clauses[0].tag, 0u);
  EXPECT_FALSE(region.clauses[0].is_all);
  EXPECT_EQ(region.clauses[0].pc, 6u);
  EXPECT_EQ(region.clauses[0].entry, 1u);
  EXPECT_TRUE(region.clauses[1].is_all);
  EXPECT_EQ(region.clauses[1].pc, 10u);
  EXPECT_EQ(region.clauses[1].entry, 2u);
}

TEST(SideTable, Delegate) {
  TestModule module;
  module.info.features_allowed = FeatureSet::all();
  module.add_tag(module.add_func_type({}, {}));
  std::vector<u8> body = {
      0x00,        // no locals
      0x02, 0x40,  //  0 block
      0x06, 0x40,  //  2 try
      0x08, 0x00,  //  4 throw 0
      0x18, 0x00,  //  6 delegate 0 (the block)
      0x0B,        //  8 end
      0x06, 0x40,  //  9 try
      0x18, 0x00,  // 11 delegate 0 (the function)
      0x06, 0x40,  // 13 try: catches nothing
      0x0B,        // 15 end
      0x0B         // 16 end
  };
  PreparedCode code = prepare(module, module.add_function(module.add_func_type({}, {}), body));
  EXPECT_TRUE(code.side.empty());
  ASSERT_EQ(code.try_regions.size(), 2u);
  EXPECT_EQ(code.try_regions[0].kind, TryRegion::Kind::Delegate);
  EXPECT_EQ(code.try_regions[0].begin, 4u);
  EXPECT_EQ(code.try_regions[0].end, 6u);
  EXPECT_EQ(code.try_regions[0].depth, 0u);
  EXPECT_EQ(code.try_regions[0].target, 0u);
  EXPECT_EQ(code.try_regions[1].begin, 11u);
  EXPECT_EQ(code.try_regions[1].end, 11u);
  EXPECT_EQ(code.try_regions[1].target, 0u);
}

TEST(SideTable, DelegateToABlockBetweenTryRegions) {
  TestModule module;
  module.info.features_allowed = FeatureSet::all();
  std::vector<u8> body = {
      0x00,        // no locals
      0x06, 0x40,  //  0 try
      0x02, 0x40,  //  2 block
      0x06, 0x40,  //  4 try
      0x06, 0x40,  //  6 try
      0x18, 0x01,  //  8 delegate 1 (the block)
      0x19,        // 10 catch_all
      0x0B,        // 11 end
      0x0B,        // 12 end
      0x19,        // 13 catch_all
      0x0B,        // 14 end
      0x0B         // 15 end
  };
  PreparedCode code = prepare(module, module.add_function(module.add_func_type({}, {}), body));
  ASSERT_EQ(code.try_regions.size(), 3u);
  EXPECT_EQ(code.try_regions[0].kind, TryRegion::Kind::Delegate);
  EXPECT_EQ(code.try_regions[0].depth, 2u);
  EXPECT_EQ(code.try_regions[0].target, 1u);  // of the two around it, the outer one
  EXPECT_EQ(code.try_regions[1].depth, 1u);
  EXPECT_EQ(code.try_regions[2].depth, 0u);
}

TEST(SideTable, InnerTryRegionsComeFirst) {
  TestModule module;
  std::vector<u8> body = {
      0x00,                          // no locals
      0x03, 0x40,                    //  0 loop
      0x1F, 0x40, 0x01, 0x02, 0x00,  //  2 try_table (catch_all 0)
      0x1F, 0x40, 0x01, 0x02, 0x01,  //  7 try_table (catch_all 1)
      0x1F, 0x40, 0x00,              // 12 try_table
      0x0B,                          // 15 end
      0x0B,                          // 16 end
      0x1F, 0x40, 0x01, 0x02, 0x02,  // 17 try_table (catch_all 2)
      0x0B,                          // 22 end
      0x0B,                          // 23 end
      0x0B,                          // 24 end
      0x0B                           // 25 end
  };
  u32 function = module.add_function(module.add_func_type({}, {}), body);
  PreparedCode code = prepare(module, function);
  // The first two clauses lead to the loop's first body instruction, pc 2, the third to the function's end, pc 25.
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{0, 0, 0, 0}, {-5, -1, 0, 0}, {8, 1, 0, 0}}))
      << "clause labels count from outside of the try_table";
  ASSERT_EQ(code.try_regions.size(), 3u);
  EXPECT_EQ(code.try_regions[0].begin, 12u);
  EXPECT_EQ(code.try_regions[0].end, 16u);
  EXPECT_EQ(code.try_regions[0].first_entry, 1u);
  EXPECT_EQ(code.try_regions[1].begin, 22u);
  EXPECT_EQ(code.try_regions[1].first_entry, 2u);
  EXPECT_EQ(code.try_regions[2].begin, 7u);
  EXPECT_EQ(code.try_regions[2].end, 23u);
  EXPECT_EQ(code.try_regions[2].first_entry, 0u);
}

TEST(Stamps, V128TakesTwoSlots) {
  TestModule module;
  module.add_global(kV128, true);
  std::vector<u8> body = {
      0x01, 0x01, 0x7E,  // (local i64)
      0x20, 0x00,        //  0 local.get 0
      0x20, 0x01,        //  2 local.get 1
      0x1A,              //  4 drop
      0x20, 0x00,        //  5 local.get 0
      0x20, 0x00,        //  7 local.get 0
      0x20, 0x01,        //  9 local.get 1
      0x1B,              // 11 select
      0x22, 0x00,        // 12 local.tee 0
      0x42, 0x05,        // 14 i64.const 5
      0x22, 0x02,        // 16 local.tee 2
      0x21, 0x02,        // 18 local.set 2
      0x20, 0x01,        // 20 local.get 1
      0x0D, 0x00,        // 22 br_if 0
      0x24, 0x00,        // 24 global.set 0
      0x23, 0x00,        // 26 global.get 0
      0x21, 0x00,        // 28 local.set 0
      0x23, 0x00,        // 30 global.get 0
      0x1A,              // 32 drop
      0x0B               // 33 end
  };
  u32 function = module.add_function(module.add_func_type({kV128, kI32}, {kV128}), body);
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(code.local_slots, (std::vector<u32>{0, 2, 3}));
  EXPECT_EQ(code.local_slot_count, 4u);
  EXPECT_EQ(code.param_slots, 3u);
  EXPECT_EQ(code.result_slots, 2u);
  EXPECT_EQ(code.max_operand_slots, 7u);
  EXPECT_EQ(entries_of(code), (std::vector<Entry>{{11, 1, 4, 2}}));
  EXPECT_EQ(bytes_of(code), (std::vector<u8>{0xC8, 0x00, 0xCB, 0x01, 0x1A, 0xC8, 0x00, 0xC8, 0x00, 0xCB, 0x01, 0xC7,
                                             0xCA, 0x00, 0x42, 0x05, 0xCD, 0x02, 0xCC, 0x02, 0xCB, 0x01, 0x0D, 0x00,
                                             0xCF, 0x00, 0xCE, 0x00, 0xC9, 0x00, 0xCE, 0x00, 0xC6, 0xC5}));
}

TEST(Stamps, LocalsBeforeTheFirstV128StayPlain) {
  TestModule module;
  u32 function = module.add_function(module.add_func_type({kI32, kV128}, {}), {0x00, 0x20, 0x00, 0x1A, 0x0B});
  PreparedCode code = prepare(module, function);
  EXPECT_EQ(code.local_slots, (std::vector<u32>{0, 1}));
  EXPECT_EQ(bytes_of(code), (std::vector<u8>{0x20, 0x00, 0x1A, 0xC5}));
}

TEST(Stamps, UnknownTypesInDeadCodeAreLeft) {
  TestModule module;
  u32 function = module.add_function(module.add_func_type({}, {}), {0x00, 0x00, 0x1B, 0x1A, 0x0B});
  EXPECT_EQ(bytes_of(prepare(module, function)), (std::vector<u8>{0x00, 0x1B, 0x1A, 0xC5}));
}

TEST(Stamps, TypedSelectIsLeft) {
  TestModule module;
  u32 function = module.add_function(module.add_func_type({kV128}, {}),
                                     {0x00, 0x20, 0x00, 0x20, 0x00, 0x41, 0x00, 0x1C, 0x01, 0x7B, 0x1A, 0x0B});
  EXPECT_EQ(bytes_of(prepare(module, function)),
            (std::vector<u8>{0xC8, 0x00, 0xC8, 0x00, 0x41, 0x00, 0x1C, 0x01, 0x7B, 0xC6, 0xC5}));
}

// i32.const 0, <access>, drop: the access's first byte after preparation.
u8 stamped_load(TestModule& module, std::vector<u8> access, PrepareOptions options = {}, bool is_64 = false) {
  std::vector<u8> body{0x00, static_cast<u8>(is_64 ? 0x42 : 0x41), 0x00};
  body.insert(body.end(), access.begin(), access.end());
  body.insert(body.end(), {0x1A, 0x0B});
  PreparedCode code = prepare(module, module.add_function(module.add_func_type({}, {}), body), options);
  return code.code_size > 2 ? code.code[2] : 0;
}

TEST(Stamps, GeneralAccess) {
  constexpr u8 kGeneral = static_cast<u8>(Stamp::GeneralAccess);
  TestModule module;
  module.add_memory();
  module.add_memory();
  module.info.features_allowed.add(Feature::Threads);
  EXPECT_EQ(stamped_load(module, {0x28, 0x02, 0x00}), 0x28);
  EXPECT_EQ(stamped_load(module, {0x28, 0x02, 0x00}, {.memory0_guarded = false}), kGeneral);
  EXPECT_EQ(stamped_load(module, {0x28, 0x82, 0x00, 0x00}), kGeneral) << "alignment of two bytes";
  EXPECT_EQ(stamped_load(module, {0x28, 0x42, 0x01, 0x00}), kGeneral) << "memory 1";
  EXPECT_EQ(stamped_load(module, {0x28, 0x42, 0x00, 0x00}), kGeneral) << "memory 0 written out";
  EXPECT_EQ(stamped_load(module, {0x28, 0x02, 0x80, 0x80, 0x00}), 0x28) << "only the alignment must be short";
  EXPECT_EQ(stamped_load(module, {0xFD, 0x00, 0x04, 0x00}), 0xFD);
  EXPECT_EQ(stamped_load(module, {0xFD, 0x00, 0x44, 0x01, 0x00}), kGeneral);
  EXPECT_EQ(stamped_load(module, {0xFE, 0x10, 0x02, 0x00}), 0xFE);
  EXPECT_EQ(stamped_load(module, {0xFE, 0x10, 0x42, 0x01, 0x00}), kGeneral);
  EXPECT_EQ(stamped_load(module, {0x40, 0x01}), 0x40) << "memory.grow has no stamp";

  TestModule wide;
  wide.add_memory(AddressType::I64);
  EXPECT_EQ(stamped_load(wide, {0x28, 0x02, 0x00}, {}, true), kGeneral);
  TestModule small_pages;
  small_pages.add_memory(AddressType::I32, 0);
  EXPECT_EQ(stamped_load(small_pages, {0x28, 0x02, 0x00}), kGeneral);
}

TEST(Stamps, Originals) {
  EXPECT_EQ(stamp_original(0x27), 0x00);
  EXPECT_EQ(stamp_original(0xC5), 0x0B);
  EXPECT_EQ(stamp_original(0xC6), 0x1A);
  EXPECT_EQ(stamp_original(0xC7), 0x1B);
  EXPECT_EQ(stamp_original(0xC8), 0x20);
  EXPECT_EQ(stamp_original(0xC9), 0x21);
  EXPECT_EQ(stamp_original(0xCA), 0x22);
  EXPECT_EQ(stamp_original(0xCB), 0x20);
  EXPECT_EQ(stamp_original(0xCC), 0x21);
  EXPECT_EQ(stamp_original(0xCD), 0x22);
  EXPECT_EQ(stamp_original(0xCE), 0x23);
  EXPECT_EQ(stamp_original(0xCF), 0x24);
  EXPECT_EQ(stamp_original(0xFA), 0x0B);
  EXPECT_EQ(stamp_original(0x6A), 0x6A) << "not a stamp";
  for (u32 byte = 0; byte < 256; ++byte)
    if (stamp_original(static_cast<u8>(byte)) != byte) {
      EXPECT_EQ(op_from_byte(static_cast<u8>(byte)), Op::kUnknown) << "a stamp is no instruction: " << byte;
      EXPECT_FALSE(is_prefix(static_cast<u8>(byte)));
    }
}

}  // namespace
}  // namespace brink
