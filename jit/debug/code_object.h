// An object file in memory that describes code which is already where it runs.
#pragma once
#include <vector>

#include "jit/observer.h"

namespace brink::jit {

// More do not fit into one: each has a section.
inline constexpr size_t kMaxObjectPieces = 32'768;

// ELF for this machine: a section without contents and a function's symbol for each piece, and .eh_frame. At least one piece, of at most
// kMaxObjectPieces.
std::vector<u8> code_object(std::span<const CodePiece> pieces);

}  // namespace brink::jit
