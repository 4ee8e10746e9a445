// One function of a generated module (generate.h).
#pragma once
#include <string_view>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/mutation.h"

namespace brink::fuzz {

// Value types as letters, those of opcodes.def and two more: i32, i64, f32, f64, v128, r = funcref, x = externref.
inline constexpr std::string_view kTypeLetters = "ilfdsrx";
u8 code_of_type(char letter);

struct FunctionShape {
  std::vector<char> params, results;
};

struct MemoryShape {
  bool is_64bit = false;
};

// What a function can refer to. Function 0 is imported; there is one table, one tag, and two segments of each kind.
struct ModuleShape {
  std::vector<FunctionShape> types;
  std::vector<u32> functions;  // their types
  std::vector<MemoryShape> memories;
  std::vector<char> globals;  // all mutable; the first is the fuel
};

inline constexpr u32 kTableSize = 8;
inline constexpr u32 kDataSize = 48;
inline constexpr u32 kTagType = 2;     // i32 f64 → nothing: what the tag takes
inline constexpr u32 kCaughtType = 3;  // nothing → i32 f64: a block that receives it

// The body with its local declarations.
Bytes generate_body(const ModuleShape& shape, const FunctionShape& function, Choices& choices);

}  // namespace brink::fuzz
