// The host module "spectest" that the official test suite imports from.
#pragma once
#include <functional>
#include <string_view>

#include "engine/engine.h"

namespace brink::tools {

// Defines module "spectest" (the reference interpreter's README, "Spectest host module"): print functions, globals of
// value 666, a table and a 64-bit table of 10 to 20 elements, a memory of 1 to 2 pages, and with the threads proposal a
// shared memory. `print` receives what the print functions are given, a call a line; it must outlive the linker.
Result<void> define_spectest(Linker& linker, Store& store, std::function<void(std::string_view)> print);

}  // namespace brink::tools
