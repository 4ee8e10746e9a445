#include "jit/debug/plain_name.h"

namespace brink::jit {

std::string plain_name(const std::string& name) {
  std::string plain = name.substr(0, 4096);
  for (char& c : plain)
    if (c <= ' ' || c > '~') c = '_';
  return plain;
}

}  // namespace brink::jit
