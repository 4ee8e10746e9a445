#include "engine/base/error.h"

#include <gtest/gtest.h>

namespace brink {
namespace {

TEST(Error, NamesFileAndOffset) {
  Error error{ErrorKind::Malformed, "unexpected end", 0x1F, 0, 0, "a.wasm"};
  EXPECT_EQ(error.to_string(), "a.wasm: at offset 0x1f: unexpected end");
}

TEST(Error, NamesFileLineAndColumn) {
  Error error{ErrorKind::Malformed, "unexpected token", Error::kNoOffset, 3, 14, "a.wat"};
  EXPECT_EQ(error.to_string(), "a.wat:3:14: unexpected token");
  error.file.clear();
  EXPECT_EQ(error.to_string(), "line 3:14: unexpected token");
}

TEST(Error, LeavesOutWhatIsUnknown) {
  EXPECT_EQ((Error{ErrorKind::Usage, "no such export", Error::kNoOffset, 0, 0, ""}).to_string(), "no such export");
  EXPECT_EQ((Error{ErrorKind::Io, "cannot open", Error::kNoOffset, 0, 0, "x"}).to_string(), "x: cannot open");
  EXPECT_EQ((Error{ErrorKind::Invalid, "unknown type 1", 0, 0, 0, ""}).to_string(), "at offset 0x0: unknown type 1");
}

}  // namespace
}  // namespace brink
