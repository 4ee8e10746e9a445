// Files that are there as a whole or not at all.
#pragma once
#include <span>
#include <string>

#include "engine/base/error.h"

namespace brink {

enum class Durability : u8 {
  Lazy,     // only a crash of the machine may lose it, or part of it
  Durable,  // on the disk when the call returns
};

// Writes a file beside `path` and renames it to `path`, which other processes see as it was or as it is to be. A link
// is followed. What exists and is no regular file (a pipe, a terminal) is written to as it is. `mode` is the new file's,
// less the umask. Errors are of kind Io and name the path; nothing is left behind then.
Result<void> write_file(const std::string& path, std::span<const u8> bytes, u32 mode, Durability durability);

}  // namespace brink
