#include "engine/base/error.h"

#include <cstdio>

namespace brink {

std::string Error::to_string() const {
  std::string text = file;
  if (line != 0) {
    text += (text.empty() ? "line " : ":") + std::to_string(line) + ":" + std::to_string(column) + ": ";
  } else {
    if (!text.empty()) text += ": ";
    if (offset != kNoOffset) {
      char hex[40];
      std::snprintf(hex, sizeof hex, "at offset 0x%llx: ", static_cast<unsigned long long>(offset));
      text += hex;
    }
  }
  return text + message;
}

}  // namespace brink
