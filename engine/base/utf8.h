// UTF-8 as the specification's names require it (section 5.2.4): no overlong forms, no surrogates, at most U+10FFFF.
#pragma once
#include <string>
#include <string_view>

#include "engine/base/integers.h"

namespace brink {

bool is_valid_utf8(std::string_view bytes);
// Appends the UTF-8 form of a scalar value; the caller guarantees that it is one.
void append_utf8(std::string& out, u32 scalar);

}  // namespace brink
