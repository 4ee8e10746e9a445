// Valid modules out of any bytes: what the fuzzer's bytes decide is which instructions stand where, not whether they
// are valid. The same bytes give the same module.
//
// Every module terminates: its functions and its loops take from a counter (the exported global "fuel") and trap when
// it is used up. None depends on what the specification leaves open: a NaN that an instruction makes is replaced at
// once by one bit pattern, relaxed SIMD is left out.
#pragma once
#include <span>

#include "fuzz/mutation.h"

namespace brink::fuzz {

// A module that imports host.note (i32) → i32; exports "fuel" (a mutable i32 global), the functions "f0", "f1"…, the
// memories "m0"…, the tables "t0"… and the globals "g0"….
Bytes generate_module(std::span<const u8> choices);

}  // namespace brink::fuzz
