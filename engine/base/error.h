// Errors are values. An Error says what was wrong and where: file, byte offset, line and column as far as they are
// known.
#pragma once
#include <expected>
#include <string>
#include <utility>

#include "engine/base/integers.h"

namespace brink {

enum class ErrorKind : u8 {
  Malformed,    // the bytes or the text do not follow the grammar
  Invalid,      // well-formed, but a validation rule is broken
  Unsupported,  // uses a proposal this engine does not know or has switched off
  Unlinkable,   // an import is missing or has another type
  Limit,        // a limit of the host or of the implementation
  Io,           // the operating system refused
  Usage,        // the caller asked for something that does not exist or does not fit
};

struct Error {
  static constexpr u64 kNoOffset = ~u64{0};

  ErrorKind kind = ErrorKind::Malformed;
  std::string message;     // what was found and what was expected; no trailing full stop
  u64 offset = kNoOffset;  // byte offset in the binary module
  u32 line = 0;            // 1-based, 0 where unknown (text format only)
  u32 column = 0;          // 1-based
  std::string file;        // as the user named it, empty where there is none

  // One line for people: "FILE:LINE:COLUMN: message" or "FILE: at offset 0xHEX: message".
  std::string to_string() const;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, u64 offset = Error::kNoOffset) {
  return std::unexpected(Error{kind, std::move(message), offset, 0, 0, {}});
}

}  // namespace brink
