#include "engine/module/module_info.h"

#include <gtest/gtest.h>

namespace brink {
namespace {

// A module of `functions` functions whose only section is a name section with the given contents.
ModuleInfo with_names(const std::vector<u8>& payload, u32 functions) {
  ModuleInfo module;
  module.bytes = payload;
  module.sections.push_back({0, "name", {0, static_cast<u32>(payload.size())}});
  module.functions.resize(functions);
  return module;
}

const std::vector<u8> kNames = {
    0x00, 0x02, 0x01, 'M',                                // module name "M"
    0x01, 0x07, 0x02, 0x00, 0x01, 'f',  0x01, 0x01, 'g',  // functions 0 "f", 1 "g"
    0x02, 0x06, 0x01, 0x01, 0x01, 0x02, 0x01, 'x',        // function 1: local 2 "x"
    0x04, 0x01, 0xFF,                                     // type names: not read
};

TEST(Names, AreRead) {
  Names names = with_names(kNames, 2).read_names();
  EXPECT_EQ(names.module, "M");
  EXPECT_EQ(names.functions, (std::map<u32, std::string_view>{{0, "f"}, {1, "g"}}));
  EXPECT_EQ(names.locals, (std::map<u64, std::string_view>{{(u64{1} << 32) | 2, "x"}}));
}

TEST(Names, KeepWhatStandsBeforeTheDamage) {
  for (size_t size = 0; size < kNames.size(); ++size) {
    std::vector<u8> cut(kNames.begin(), kNames.begin() + static_cast<std::ptrdiff_t>(size));
    Names names = with_names(cut, 2).read_names();
    EXPECT_EQ(names.module.has_value(), size >= 4) << size;
    EXPECT_EQ(names.functions.size(), size >= 13 ? 2u : 0u) << size;
  }
  // The second name is not UTF-8.
  std::vector<u8> damaged = kNames;
  damaged[12] = 0xFF;
  Names names = with_names(damaged, 2).read_names();
  EXPECT_EQ(names.functions, (std::map<u32, std::string_view>{{0, "f"}}));
  EXPECT_TRUE(names.locals.empty());
}

TEST(Names, OfTablesMemoriesGlobalsAndTags) {
  const std::vector<u8> payload = {
      0x05, 0x04, 0x01, 0x00, 0x01, 't',  // table 0 "t"
      0x06, 0x04, 0x01, 0x01, 0x01, 'm',  // memory 1 "m"
      0x07, 0x04, 0x01, 0x09, 0x01, 'g',  // global 9, which does not exist
      0x0B, 0x04, 0x01, 0x00, 0x01, 'e',  // tag 0 "e"
  };
  ModuleInfo module = with_names(payload, 1);
  module.tables.resize(1);
  module.memories.resize(2);
  module.globals.resize(1);
  module.tags.resize(1);
  using Key = std::pair<ExternKind, u32>;
  std::map<Key, std::string_view> expected{
      {{ExternKind::Table, 0}, "t"}, {{ExternKind::Memory, 1}, "m"}, {{ExternKind::Tag, 0}, "e"}};
  EXPECT_EQ(module.read_names().others, expected);
}

TEST(BranchHints, AreReadUpToTheDamage) {
  const std::vector<u8> payload = {
      0x02,                                                  // two functions
      0x01, 0x02, 0x05, 0x01, 0x00, 0x89, 0x01, 0x01, 0x01,  // 1: unlikely at 5, likely at 137
      0x00, 0x01, 0x02, 0x01, 0x01,                          // 0: likely at 2
  };
  ModuleInfo module = with_names(payload, 2);
  module.sections[0].name = "metadata.code.branch_hint";
  auto shown = [&] {
    std::string text;
    for (const BranchHint& hint : module.read_branch_hints())
      text += std::to_string(hint.function) + "@" + std::to_string(hint.offset) + (hint.is_likely ? "+ " : "- ");
    return text;
  };
  EXPECT_EQ(shown(), "1@5- 1@137+ 0@2+ ");
  for (u32 size = 0; size < payload.size(); ++size) {
    module.sections[0].payload.size = size;
    EXPECT_EQ(shown(), size < 9 ? "" : size < 10 ? "1@5- " : "1@5- 1@137+ ") << size;
  }
  std::vector<u8> damaged = payload;
  damaged[14] = 0x02;
  module.bytes = damaged;
  module.sections[0].payload.size = static_cast<u32>(payload.size());
  EXPECT_EQ(shown(), "1@5- 1@137+ ") << "a hint is 0 or 1";
  module.functions.resize(1);
  module.bytes = payload;
  EXPECT_EQ(shown(), "0@2+ ") << "of a function that exists";
}

TEST(Names, HostileCountsAreRefused) {
  EXPECT_TRUE(with_names({0x01, 0x05, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, 2).read_names().functions.empty());
  EXPECT_TRUE(with_names({0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, 2).read_names().functions.empty());
}

TEST(Names, OfUnknownFunctionsAreDropped) {
  Names names = with_names(kNames, 1).read_names();
  EXPECT_EQ(names.functions, (std::map<u32, std::string_view>{{0, "f"}}));
  EXPECT_TRUE(names.locals.empty());
}

TEST(Names, LabelsComeFromNamesThenExportsThenTheIndex) {
  ModuleInfo module = with_names(kNames, 4);
  module.exports = {
      {"memory", ExternKind::Memory, 2}, {"exported", ExternKind::Func, 2}, {"other", ExternKind::Func, 0}};
  Names names = module.read_names();
  EXPECT_EQ(module.function_label(0, names), "f");
  EXPECT_EQ(module.function_label(2, names), "exported");
  EXPECT_EQ(module.function_label(3, names), "wasm-function[3]");
}

}  // namespace
}  // namespace brink
