// Forms that options of several commands have.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "tools/literals.h"

namespace brink::tools {

// One value: CLI11 would read a leading '[' as the beginning of a list.
inline CLI::Option* single(CLI::Option* option) { return option->allow_extra_args(false)->type_name(""); }

// A check for options that are sizes; as refuse_empty() (command.h).
inline std::string check_size(const std::string& text) {
  Result<u64> size = parse_size(text);
  return size ? "" : size.error().message;
}

}  // namespace brink::tools
