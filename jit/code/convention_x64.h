// Who holds what on x86-64: the calling convention of machine code among itself.
//
//   rsp           the native stack; frames need no alignment
//   r13           TierState of the store's context
//   r14           fp: the value stack, first local of the running function
//   r15           base of memory 0
//   rax rcx rdx rsi rdi r10 r11, f0-f7           a callee may change them
//   rbx rbp r12 r8 r9, f8-f15 (lower 64 bits)    a callee keeps them; vectors pinned there its caller saves around calls
//
// r8, r9 and the float registers are the system's to change: whoever calls C++ saves them (stubs_x64.cpp).
#pragma once
#include "jit/emit/registers.h"

namespace brink::jit {

inline constexpr Gp kTier = Gp::r13;
inline constexpr Gp kFrame = Gp::r14;
inline constexpr Gp kMemory = Gp::r15;
inline constexpr Gp kResult = Gp::rax;
inline constexpr Fp kFloatResult = Fp::f0;
// Never holds a value of the guest: for moves between slots, and for what an instruction needs inside.
inline constexpr Fp kScratchFp = Fp::f5;

inline constexpr Gp kArguments[] = {Gp::rdi, Gp::rsi, Gp::rdx, Gp::rcx};
// What the stubs take: of calls, the callee, which no argument's register can be, and more; of others, theirs.
inline constexpr Gp kCallee = Gp::rax;
inline constexpr Gp kMore = Gp::r10;
inline constexpr Gp kStubArguments[] = {Gp::rsi, Gp::rdx, Gp::rcx};
// Free when the arguments of a call are in place, beside kMore.
inline constexpr Gp kCallScratch = Gp::r11;

inline constexpr u32 kLoopAlignment = 32;

// Words between exit_sp and entry_sp when the function that enter() entered has left its frame and called nobody.
inline constexpr u32 kWordsBelowEntry = 2;

// Whether all of a preserved float register outlives the stub that runs an instruction; other functions keep only the half.
inline constexpr bool kStubsKeepVectors = true;

inline constexpr Gp kTemporaries[] = {Gp::rax, Gp::rcx, Gp::rdx, Gp::rsi, Gp::rdi};
inline constexpr Fp kTemporariesFp[] = {Fp::f0, Fp::f1, Fp::f2, Fp::f3, Fp::f4};
inline constexpr Gp kPreserved[] = {Gp::rbx, Gp::rbp, Gp::r12, Gp::r8, Gp::r9};
// In code that pays for what it does: what is left of the fuel, in all of it. No other value is there then.
inline constexpr Gp kFuel = Gp::r9;
inline constexpr Fp kPreservedFp[] = {Fp::f8, Fp::f9, Fp::f10, Fp::f11, Fp::f12, Fp::f13, Fp::f14, Fp::f15};
// What a function that calls nobody can keep locals in as well.
inline constexpr Gp kLeafGp[] = {Gp::r10, Gp::r11};
inline constexpr Fp kLeafFp[] = {Fp::f6, Fp::f7};

}  // namespace brink::jit
