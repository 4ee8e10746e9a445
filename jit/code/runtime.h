// What machine code calls: functions of C++ behind the stubs (stubs.h), which keep the registers.
#pragma once
#include "engine/interpret/instruction_calls.h"
#include "engine/runtime/tier.h"

namespace brink::jit {

// How calls end: kDone, with the results from fp on; kLeft, where the activation is over, because of Context::exception or for
// TierState::tail_call; kCaught, where TierState::landing says how it goes on; or an address where to go on with the arguments as
// they were.
inline constexpr u64 kDone = 0;
inline constexpr u64 kLeft = 1;
inline constexpr u64 kCaught = 2;

using CallFunction = u64 (*)(runtime::TierState* tier, u64 what, u64* fp, u64 more);

// `what` is a return address into the module's jump table.
u64 call_own_function(runtime::TierState* tier, u64 what, u64* fp, u64);
// `what` is the index of an import; the arguments are in their slots.
u64 call_import(runtime::TierState* tier, u64 what, u64* fp, u64);
// `what` is an element's index, `more` type index << 32 | table index.
u64 call_indirect(runtime::TierState* tier, u64 what, u64* fp, u64 more);
// `what` is a Function, `more` the type index.
u64 call_reference(runtime::TierState* tier, u64 what, u64* fp, u64 more);

// These answer kDone, kLeft or kCaught.
u64 run_instruction(runtime::TierState* tier, const u8* bytes, u64* sp, interpret::InstructionCall call);
u64 throw_tag(runtime::TierState* tier, u64 tag, u64* sp, u64);
u64 throw_reference(runtime::TierState* tier, u64 reference, u64*, u64);

// A scalar instruction on TierState::scratch[0].
u64 run_scalar(runtime::TierState* tier, u64 op);
// Replaces the reference at scratch[0], which is not null, by whether it has the abstract heap type at scratch[1].
u64 test_heap_type(runtime::TierState* tier, u64);
// Traps unless the Function at scratch[0] is below the type at scratch[1].
u64 check_signature(runtime::TierState* tier, u64);
// At a prologue or loop head, when the native stack pointer is below native_limit.
u64 poll(runtime::TierState* tier, u64);
[[noreturn]] void trap(runtime::TierState* tier, u64 kind);

}  // namespace brink::jit
