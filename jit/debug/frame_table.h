// How to walk from the frames of machine code to their callers', as debuggers read it: the section .eh_frame.
#pragma once
#include <vector>

#include "jit/observer.h"

namespace brink::jit {

// The section (Linux Standard Base, "Exception Frames"; DWARF 5, section 6.4), with the pieces' absolute addresses. It says where
// callers' integer registers are, not their floats: gdb would not look for those where a processor has AVX.
std::vector<u8> frame_table(std::span<const CodePiece> pieces);

}  // namespace brink::jit
