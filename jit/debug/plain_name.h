// Names of code, for files and symbols.
#pragma once
#include <string>

namespace brink::jit {

// Without what is not printable ASCII, or a space: in files, names end there. At most 4096 characters.
std::string plain_name(const std::string& name);

}  // namespace brink::jit
