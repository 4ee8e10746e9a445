// Files by which Linux's perf finds out what machine code that a process has made itself is called.
#pragma once
#include <memory>

#include "engine/base/error.h"
#include "jit/observer.h"

namespace brink::jit {

// /tmp/perf-PID.map, which `perf report` looks into by itself: a line a function, address, size and name, all hexadecimal but the name
// (Linux, tools/perf/Documentation/jit-interface.txt). A file of that name that is there already is replaced if it is the
// user's own. Stays when the process ends. Errors are of kind Io.
Result<std::shared_ptr<CodeObserver>> make_perf_map();

// jit-PID.dump in the current folder, for `perf inject --jit`: the code as well, with the time when it came into being (Linux,
// tools/perf/Documentation/jitdump-specification.txt). perf finds the file by a mapping of it that the process keeps, and
// has to be recorded with `-k mono`.
Result<std::shared_ptr<CodeObserver>> make_jit_dump();

}  // namespace brink::jit
