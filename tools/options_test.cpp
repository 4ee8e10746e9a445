#include "tools/options.h"

#include <gtest/gtest.h>

#include "tools/literals.h"

namespace brink::tools {
namespace {

using Words = std::vector<std::string>;

// One option of each kind.
struct Given {
  bool verbose = false, json = false;
  std::string output, tier;
  std::optional<std::string> name;
  std::vector<std::string> folders;
  u32 jobs = 7;
  std::optional<u64> fuel;
  u64 size = 0;
  std::string file;
  std::vector<std::string> others;
  std::optional<int> end;
  std::string errors, printed;
};

enum class Shape { Plain, List, Guest };

Given parse(const Words& words, Shape shape = Shape::Plain) {
  Given given;
  Options options;
  options.flag("-v,--verbose", given.verbose, "more");
  options.flag("--json", given.json, "as JSON");
  options.text("-o,--output FILE", given.output, "where to", refuse_empty);
  options.text("--tier interp|jit", given.tier, "how");
  options.text("--invoke NAME", given.name, "what");
  options.list("--dir HOST", given.folders, "a folder");
  options.number("-j,--jobs NUMBER", given.jobs, 1, 256, "threads");
  options.number("--fuel NUMBER", given.fuel, 0, ~u64{0}, "instructions");
  options.parsed<parse_size>("--size SIZE", given.size, "bytes");
  options.exclude("--fuel", "--json");
  if (shape == Shape::List) {
    options.arguments("FILE", given.others, "files", refuse_empty).required();
  } else {
    options.argument("FILE", given.file, "the file", refuse_empty).required();
    if (shape == Shape::Guest) options.rest("ARGS", given.others, "the guest's");
  }
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  given.end = options.parse({"brink try", "Tries."}, words);
  given.printed = testing::internal::GetCapturedStdout();
  given.errors = testing::internal::GetCapturedStderr();
  return given;
}

void expect_error(const Words& words, const std::string& message, Shape shape = Shape::Plain) {
  Given given = parse(words, shape);
  EXPECT_EQ(given.end, 2) << message;
  EXPECT_EQ(given.errors, "error: " + message + " (see 'brink try --help')\n");
  EXPECT_EQ(given.printed, "");
}

TEST(Options, ValuesStandBehindAnEqualsSignOrComeNext) {
  for (const Words& words : {Words{"--output", "a b", "--jobs", "3", "f"}, {"--output=a b", "--jobs=3", "f"}, {"-o", "a b", "-j", "3", "f"},
                             {"-oa b", "-j3", "f"}, {"f", "-oa b", "-j3"}, {"-vj3", "-oa b", "f"}}) {
    Given given = parse(words);
    EXPECT_EQ(given.end, std::nullopt) << given.errors;
    EXPECT_EQ(given.output, "a b");
    EXPECT_EQ(given.jobs, 3u);
    EXPECT_EQ(given.file, "f");
    EXPECT_EQ(given.verbose, words[0] == "-vj3");
  }
}

TEST(Options, WhatIsNotGivenStaysAsItWas) {
  Given given = parse({"f"});
  EXPECT_EQ(given.jobs, 7u);
  EXPECT_EQ(given.fuel, std::nullopt);
  EXPECT_EQ(given.name, std::nullopt);
  EXPECT_FALSE(given.verbose || given.json);
}

TEST(Options, AValueMayLookLikeAnOption) {
  Given given = parse({"--output", "--json", "--dir=-v", "--dir", "--", "--invoke", "", "f"});
  EXPECT_EQ(given.end, std::nullopt) << given.errors;
  EXPECT_EQ(given.output, "--json");
  EXPECT_EQ(given.folders, (Words{"-v", "--"}));
  EXPECT_EQ(given.name, "");
  EXPECT_FALSE(given.json || given.verbose);
}

TEST(Options, ADashAloneAndWhatFollowsTwoAreArguments) {
  EXPECT_EQ(parse({"-"}).file, "-");
  Given given = parse({"-v", "--", "--json", "-v", "--"}, Shape::List);
  EXPECT_EQ(given.others, (Words{"--json", "-v", "--"}));
  EXPECT_FALSE(given.json);
}

TEST(Options, ArgumentsOfAListMayStandBetweenOptions) {
  Given given = parse({"a", "-v", "b", "--json", "c"}, Shape::List);
  EXPECT_EQ(given.others, (Words{"a", "b", "c"}));
  EXPECT_TRUE(given.json && given.verbose);
}

TEST(Options, EverythingBehindTheFileIsTheGuests) {
  for (const Words& words : {Words{"-v", "f", "--json", "--", "-h", ""}, Words{"-v", "--", "f", "--json", "--", "-h", ""}}) {
    Given given = parse(words, Shape::Guest);
    EXPECT_EQ(given.end, std::nullopt) << given.errors;
    EXPECT_EQ(given.file, "f");
    EXPECT_EQ(given.others, (Words{"--json", "--", "-h", ""}));
    EXPECT_FALSE(given.json);
  }
}

TEST(Options, NumbersAreWholeAndInRange) {
  EXPECT_EQ(parse({"--fuel", "18446744073709551615", "f"}).fuel, ~u64{0});
  expect_error({"--fuel", "18446744073709551616", "f"}, "--fuel: '18446744073709551616' is not a number from 0 to 18446744073709551615");
  for (const char* text : {"0", "257", "", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.5"})
    expect_error({"--jobs", text, "f"}, "--jobs: '" + std::string(text) + "' is not a number from 1 to 256");
}

TEST(Options, WhatAFunctionMakesOfAValue) {
  EXPECT_EQ(parse({"--size", "64K", "f"}).size, 65536u);
  EXPECT_EQ(parse({"--size", "64Q", "f"}).end, 2);
}

TEST(Options, WrongUsageIsNamed) {
  expect_error({}, "FILE is required");
  expect_error({}, "FILE is required", Shape::List);
  expect_error({"f", "g"}, "'g' is one argument too many");
  expect_error({""}, "FILE: an empty name");
  expect_error({"--out", "x", "f"}, "'--out' is not an option");
  expect_error({"--output2=x", "f"}, "'--output2=x' is not an option");
  expect_error({"-output", "f", "-x"}, "'-x' is not an option");
  expect_error({"-vx", "f"}, "'-x' is not an option");
  expect_error({"FILE", "--FILE"}, "'--FILE' is not an option");
  expect_error({"f", "--output"}, "--output: 1 required FILE missing");
  expect_error({"f", "-j"}, "--jobs: 1 required NUMBER missing");
  expect_error({"--output", "", "f"}, "--output: an empty name");
  expect_error({"--json=1", "f"}, "json was given a disallowed flag override");
  expect_error({"-j1", "--jobs", "1", "f"}, "--jobs is given more than once");
  expect_error({"--tier", "both", "f"}, "--tier: 'both' is none of interp, jit");
  expect_error({"--tier", "interp|jit", "f"}, "--tier: 'interp|jit' is none of interp, jit");
  expect_error({"--json", "--fuel", "1", "f"}, "--json excludes --fuel");
  expect_error({"--\x1b[2J", "f"}, "'--\\x1b[2J' is not an option");
}

TEST(Options, AnOptionMayBeRequired) {
  std::string output, file;
  Options options;
  options.text("-o,--output FILE", output, "where to").required();
  options.argument("FILE", file, "the file");
  testing::internal::CaptureStderr();
  EXPECT_EQ(options.parse({"brink try", "Tries."}, Words{"f"}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "error: --output is required (see 'brink try --help')\n");
  EXPECT_EQ(options.parse({"brink try", "Tries."}, Words{"f", "-o", "g"}), std::nullopt);
  EXPECT_EQ(output, "g");
}

TEST(Options, FlagsAndListsMayBeRepeated) {
  Given given = parse({"-v", "-vv", "--dir", "a", "--dir=b", "f"});
  EXPECT_EQ(given.end, std::nullopt) << given.errors;
  EXPECT_EQ(given.folders, (Words{"a", "b"}));
}

TEST(Options, HelpIsNotWrongWhateverElseIs) {
  for (const Words& words : {Words{"--help"}, {"-h"}, {"-vh"}, {"--json", "--help", "--bogus"}}) {
    Given given = parse(words);
    EXPECT_EQ(given.end, 0);
    EXPECT_EQ(given.errors, "");
    EXPECT_NE(given.printed.find("Tries.\nUsage: brink try [OPTIONS] FILE\n"), std::string::npos) << given.printed;
    EXPECT_NE(given.printed.find("\n  --tier interp|jit           how\n"), std::string::npos) << given.printed;
  }
}

}  // namespace
}  // namespace brink::tools
