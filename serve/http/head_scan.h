// Where a request's head ends, and whether its lines are lines: the checks of bytes that come before parsing.
//
// RFC 9112 lets a recipient be lenient about line endings, folded lines and white space; every such leniency is a way to
// make two recipients disagree about where a message ends. Nothing of it is accepted here: lines end with CRLF, no line
// begins with white space, no control characters, a field has a name and a colon right behind it, and one Host.
#pragma once
#include <optional>
#include <string_view>

#include "engine/base/integers.h"

namespace brink::serve {

struct HeadScan {
  enum class State : u8 { NeedMore, Complete, Malformed };
  State state = State::NeedMore;
  // Complete: of the head, with its empty line and an empty line before it, if there is one.
  size_t size = 0;
  size_t skipped = 0;        // the empty line before the request line
  const char* error = "";    // Malformed
};

// `bytes` begins where a request begins. Only whole lines are judged.
HeadScan scan_head(std::string_view bytes);

}  // namespace brink::serve
