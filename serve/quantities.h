// Sizes and times as people write them.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/integers.h"

namespace brink::serve {

// "64M": bytes, or K, M, G for powers of 1024.
Result<u64> parse_bytes(std::string_view text);
// "500ms", "30s", "2m", "1h"; at least a millisecond, at most a year.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace brink::serve
