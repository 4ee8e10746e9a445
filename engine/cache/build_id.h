// Which build of the engine this is.
#pragma once
#include <span>

#include "engine/base/integers.h"

namespace brink::cache {

// A hash of the sources of engine/ and jit/, of the compiler and its options (make_engine_id): the same in all programs that are
// built together, so that what `brink` compiles `brink serve` can run.
std::span<const u8> build_id();

}  // namespace brink::cache
