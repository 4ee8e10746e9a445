// The inputs that stand in this folder: seeds, written by hand as text, and regressions, which once made a target fail.
#pragma once
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "fuzz/mutation.h"

namespace brink::fuzz {

struct Input {
  std::string name;
  Bytes bytes;
};

// The files of a folder in the order of their names: NAME.hex holds bytes as hexadecimal digits, with blanks and with
// comments from '#' to the end of the line; any other file is taken as it is.
Result<std::vector<Input>> read_inputs(const std::string& folder);

// The text seeds, assembled, and every_instruction().
Result<std::vector<Input>> assemble_seeds(const std::vector<Input>& texts);

// For execute.
Bytes random_choices(Random& random);

// A valid module with one function of every instruction whose type is plain, each after `unreachable`, so that operands
// come out of nothing (section 3.4.9, stack-polymorphic).
Bytes every_instruction();

}  // namespace brink::fuzz
