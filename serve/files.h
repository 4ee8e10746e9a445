// Files read whole.
#pragma once
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/integers.h"

namespace brink::serve {

// Errors of kind Io name the file; a folder is one.
Result<std::vector<u8>> read_bytes(const std::string& path);
Result<std::string> read_text(const std::string& path);

}  // namespace brink::serve
