// The implementation limits of the module level: those the JavaScript API's specification lists ("Limits"), which every
// browser engine enforces and no producer exceeds. The validator holds those of function bodies' contents.
#pragma once
#include "engine/base/integers.h"

namespace brink::limits {

inline constexpr u64 kModuleBytes = u64{1} << 30;
inline constexpr u32 kSections = 1'000'000;  // not in the list: bounds the list of custom sections
inline constexpr u32 kTypes = 1'000'000;
inline constexpr u32 kRecursionGroups = 1'000'000;
inline constexpr u32 kParameters = 1'000;
inline constexpr u32 kResults = 1'000;
inline constexpr u32 kFields = 10'000;
inline constexpr u32 kImports = 1'000'000;
inline constexpr u32 kExports = 1'000'000;
inline constexpr u32 kFunctions = 1'000'000;  // this and the next four: imported ones included
inline constexpr u32 kTables = 100'000;
inline constexpr u32 kMemories = 100;
inline constexpr u32 kGlobals = 1'000'000;
inline constexpr u32 kTags = 1'000'000;
inline constexpr u32 kElementSegments = 1'000'000;  // not in the list
inline constexpr u32 kElements = 10'000'000;        // of one segment
inline constexpr u32 kDataSegments = 100'000;
inline constexpr u32 kFunctionBytes = 7'654'321;  // of one body, local declarations included

}  // namespace brink::limits
