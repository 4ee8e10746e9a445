// Who holds what on AArch64: the calling convention of machine code among itself.
//
//   sp            the native stack; a multiple of 16
//   x28           TierState of the store's context
//   x27           fp: the value stack, first local of the running function
//   x26           base of memory 0
//   x0-x15, f0-f7, f16-f29, f31                  a callee may change them
//   x19-x25, x29, f8-f15 (lower 64 bits)         a callee keeps them, as the system's functions do; vectors pinned there its
//                                                caller saves around calls
//   x16 x17 f30                                  the assembler's own
//   x18                                          the system's: never touched
//   x30                                          the return address; in the body of a function in its frame
#pragma once
#include "jit/emit/registers.h"

namespace brink::jit {

inline constexpr Gp kTier = Gp::x28;
inline constexpr Gp kFrame = Gp::x27;
inline constexpr Gp kMemory = Gp::x26;
inline constexpr Gp kResult = Gp::x0;
inline constexpr Fp kFloatResult = Fp::f0;
// Never holds a value of the guest: for moves between slots, and for what an instruction needs inside.
inline constexpr Fp kScratchFp = Fp::f31;

inline constexpr Gp kArguments[] = {Gp::x1, Gp::x2, Gp::x3, Gp::x4};
// What the stubs take: of calls, the callee, which no argument's register can be, and more; of others, theirs.
inline constexpr Gp kCallee = Gp::x0;
inline constexpr Gp kMore = Gp::x9;
inline constexpr Gp kStubArguments[] = {Gp::x1, Gp::x2, Gp::x3};
// Free when the arguments of a call are in place, beside kMore.
inline constexpr Gp kCallScratch = Gp::x10;

// At most three instructions that do nothing, wherever a loop is entered.
inline constexpr u32 kLoopAlignment = 16;

// Words between exit_sp and entry_sp when the function that enter() entered has left its frame and called nobody.
inline constexpr u32 kWordsBelowEntry = 3;

// Whether all of a preserved float register outlives the stub that runs an instruction; other functions keep only the half.
inline constexpr bool kStubsKeepVectors = false;

inline constexpr Gp kTemporaries[] = {Gp::x0, Gp::x1, Gp::x2, Gp::x3, Gp::x4, Gp::x5, Gp::x6, Gp::x7};
inline constexpr Fp kTemporariesFp[] = {Fp::f0,  Fp::f1,  Fp::f2,  Fp::f3,  Fp::f4,  Fp::f5, Fp::f6,
                                        Fp::f7,  Fp::f24, Fp::f25, Fp::f26, Fp::f27, Fp::f28, Fp::f29};
inline constexpr Gp kPreserved[] = {Gp::x19, Gp::x20, Gp::x21, Gp::x22, Gp::x23, Gp::x24, Gp::x25, Gp::x29};
// In code that pays for what it does: what is left of the fuel, in all of it. No other value is there then.
inline constexpr Gp kFuel = Gp::x29;
inline constexpr Fp kPreservedFp[] = {Fp::f8, Fp::f9, Fp::f10, Fp::f11, Fp::f12, Fp::f13, Fp::f14, Fp::f15};
// What a function that calls nobody can keep locals in as well.
inline constexpr Gp kLeafGp[] = {Gp::x8, Gp::x9, Gp::x10, Gp::x11, Gp::x12, Gp::x13, Gp::x14, Gp::x15};
inline constexpr Fp kLeafFp[] = {Fp::f16, Fp::f17, Fp::f18, Fp::f19, Fp::f20, Fp::f21, Fp::f22, Fp::f23};

}  // namespace brink::jit
