// Tells debuggers of machine code that the process has made itself, by the interface that gdb and lldb have for it (gdb's manual, "JIT
// Compilation Interface"): a list of object files in memory, and a function that is called when it changes, where the debugger
// has a breakpoint.
//
// A debugger looks through all objects for an address, and at each breakpoint when one is added, so a module's are merged as they
// become more: n functions, which come one by one, are in log n objects, and each has been copied log n times.
#pragma once
#include <memory>

#include "jit/observer.h"

namespace brink::jit {

// The list is one for the whole process, however many of these there are; what one has added goes with it.
std::shared_ptr<CodeObserver> make_debugger_link();

}  // namespace brink::jit
