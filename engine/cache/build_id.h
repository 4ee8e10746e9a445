// Which build of the engine this is.
#pragma once
#include <span>

#include "engine/base/integers.h"

namespace brink::cache {

// The linker's build id of the program or library that holds the engine: a hash of all that was linked. Empty if it was
// linked without one (--build-id=none); then nothing can tell two builds apart, and nothing is cached.
std::span<const u8> build_id();

}  // namespace brink::cache
