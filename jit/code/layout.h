// Where machine code finds the members of the engine's objects.
#pragma once
#include <cstddef>

#include "engine/gc/object.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"

namespace brink::jit::layout {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // every compiler we build with lays these classes out as if standard

inline constexpr u32 kNativeLimit = offsetof(runtime::TierState, native_limit);
inline constexpr u32 kFuel = offsetof(runtime::TierState, fuel);
inline constexpr u32 kActivation = offsetof(runtime::TierState, activation);
inline constexpr u32 kInstance = kActivation + offsetof(runtime::Activation, instance);
inline constexpr u32 kGlobals = kActivation + offsetof(runtime::Activation, globals);
inline constexpr u32 kTables = kActivation + offsetof(runtime::Activation, tables);
inline constexpr u32 kMemories = kActivation + offsetof(runtime::Activation, memories);
inline constexpr u32 kValueLimit = kActivation + offsetof(runtime::Activation, value_limit);
inline constexpr u32 kEntrySp = kActivation + offsetof(runtime::Activation, entry_sp);
inline constexpr u32 kExitSp = kActivation + offsetof(runtime::Activation, exit_sp);
inline constexpr u32 kIntegers = offsetof(runtime::TierState, integers);
inline constexpr u32 kFloats = offsetof(runtime::TierState, floats);
inline constexpr u32 kScratch = offsetof(runtime::TierState, scratch);
inline constexpr u32 kLoopPosition = offsetof(runtime::TierState, loop_position);
inline constexpr u32 kLanding = offsetof(runtime::TierState, landing);
inline constexpr u32 kLandingPosition = kLanding + offsetof(runtime::Landing, position);
inline constexpr u32 kLandingSp = kLanding + offsetof(runtime::Landing, sp);
inline constexpr u32 kLandingFp = kLanding + offsetof(runtime::Landing, fp);
inline constexpr u32 kLandingFrom = kLanding + offsetof(runtime::Landing, from);
inline constexpr u32 kLandingKept = kLanding + offsetof(runtime::Landing, kept);
inline constexpr u32 kAbs32 = offsetof(runtime::TierState, abs32);
inline constexpr u32 kAbs64 = offsetof(runtime::TierState, abs64);
inline constexpr u32 kSign32 = offsetof(runtime::TierState, sign32);
inline constexpr u32 kSign64 = offsetof(runtime::TierState, sign64);
static_assert(kAbs32 % 16 == 0 && kFloats % 16 == 0);

inline constexpr u32 kTableElements = offsetof(runtime::Table, elements);
inline constexpr u32 kTableSize = offsetof(runtime::Table, size);
inline constexpr u32 kMemoryBase = offsetof(runtime::Memory, base);
inline constexpr u32 kMemorySize = offsetof(runtime::Memory, size_bytes);
inline constexpr u32 kFunctionSignature = offsetof(runtime::Function, signature);
inline constexpr u32 kFunctionInstance = offsetof(runtime::Function, instance);
inline constexpr u32 kFunctionCode = offsetof(runtime::Function, code);
inline constexpr u32 kCodeMachine = offsetof(runtime::FunctionCode, machine);
inline constexpr u32 kTypeId = offsetof(RegisteredType, id);
inline constexpr u32 kTypeDepth = offsetof(RegisteredType, depth);
inline constexpr u32 kTypeSupers = offsetof(RegisteredType, supers);
inline constexpr u32 kObjectType = offsetof(gc::Object, type);
inline constexpr u32 kArrayLength = offsetof(gc::ArrayObject, length);
inline constexpr u32 kGlobalBits = offsetof(runtime::Global, bits);
static_assert(sizeof(runtime::MemoryLength) == 8);

#pragma GCC diagnostic pop

}  // namespace brink::jit::layout
