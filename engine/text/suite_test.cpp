// The official test suite's scripts through lexer, parser and encoder. Skipped unless SPEC_TESTSUITE names the folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/text/script.h"

namespace brink::text {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whether the failure that the script asks for may be found only by the decoder or the validator.
bool may_assemble(const Command& command) {
  switch (command.kind) {
    case Command::Kind::AssertMalformed: return command.module->form == ScriptModule::Form::Binary;
    case Command::Kind::AssertMalformedCustom: return false;
    default: return true;
  }
}

bool may_fail(const Command& command) {
  return command.kind == Command::Kind::AssertMalformed || command.kind == Command::Kind::AssertMalformedCustom ||
         command.kind == Command::Kind::AssertInvalidCustom;
}

TEST(Suite, EveryScriptParsesAndItsModulesAssembleOrFailAsAsked) {
  const char* folder = std::getenv("SPEC_TESTSUITE");
  if (!folder) GTEST_SKIP() << "SPEC_TESTSUITE is not set";
  std::vector<std::filesystem::path> files;
  for (const char* part : {".", "custom"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder) / part)) {
      if (entry.path().extension() == ".wast") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 200u);
  size_t modules = 0, refused = 0;
  for (const auto& file : files) {
    Result<Script> script = parse_script(read_file(file), FeatureSet::wasm3());
    if (!script) {
      ADD_FAILURE() << file << ": " << script.error().to_string();
      continue;
    }
    for (const Command& command : script->commands) {
      std::string where = file.filename().string() + ":" + std::to_string(command.position.line);
      EXPECT_NE(command.kind, Command::Kind::Unsupported) << where << ": " << command.text;
      if (!command.module) continue;
      ++modules;
      const auto& assembled = command.module->assembled;
      if (assembled) {
        EXPECT_TRUE(may_assemble(command)) << where << ": assembled, expected \"" << command.text << '"';
      } else {
        ++refused;
        EXPECT_TRUE(may_fail(command)) << where << ": " << assembled.error().to_string();
        EXPECT_NE(assembled.error().line, 0u) << where;
        if (std::getenv("SPEC_TESTSUITE_MESSAGES") && !assembled.error().message.starts_with(command.text)) {
          std::printf("%s: wanted \"%s\", is \"%s\"\n", where.c_str(), command.text.c_str(),
                      assembled.error().to_string().c_str());
        }
      }
    }
  }

  EXPECT_GT(modules, 5000u);
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace brink::text
