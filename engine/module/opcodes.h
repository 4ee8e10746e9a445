// The opcode table (opcodes.def) as C++: an enumeration, and per instruction its names, immediates and type.
#pragma once
#include <array>
#include <string_view>

#include "engine/base/integers.h"
#include "engine/module/features.h"

namespace brink {

// What follows an opcode in the binary format (section 5.4). All indices are u32 LEB128 unless said otherwise.
enum class Immediate : u8 {
  None,
  BlockType,    // s33: empty, a value type or a type index
  Label,        // label index
  BrTable,      // vector of label indices, default label
  Func,         // function index
  TypeTable,    // type index, table index
  Type,         // type index
  Tag,          // tag index
  SelectTypes,  // vector of value types
  TryTable,     // block type, vector of catch clauses
  Local,
  Global,
  Table,
  Memory,        // memory index
  MemArg,        // alignment exponent (bit 6: a memory index follows), [memory index], offset u64
  MemArgLane,    // MemArg, lane byte
  I32,           // s32
  I64,           // s64
  F32,           // 4 bytes
  F64,           // 8 bytes
  V128,          // 16 bytes
  Shuffle,       // 16 lane bytes
  Lane,          // lane byte
  HeapType,      // s33
  TypeField,     // type index, field index
  TypeCount,     // type index, count
  TypeData,      // type index, data segment index
  TypeElem,      // type index, element segment index
  TypeType,      // two type indices (destination, source)
  BrOnCast,      // flags byte (bit 0: source nullable, bit 1: target nullable), label index, two heap types
  DataMemory,    // data segment index, memory index
  Data,          // data segment index
  MemoryMemory,  // two memory indices (destination, source)
  ElemTable,     // element segment index, table index
  Elem,          // element segment index
  TableTable,    // two table indices (destination, source)
  Fence,         // one zero byte
};

enum class Op : u16 {
#define BRINK_OPCODE(id, text, code, imm, sig, feature) id,
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
  kCount,
  kUnknown = kCount,
};

inline constexpr u32 kOpCount = static_cast<u32>(Op::kCount);

// An instruction's type where it is a plain list of number and vector types; letters as in opcodes.def ('a' = address
// type).
struct OpSignature {
  char result = 'v';  // 'v' = none
  u8 operand_count = 0;
  char operands[4] = {};  // first pushed first
  bool special = false;   // the body decoder holds the rule
};

// The keywords one behind the other, because a table of pointers would have to be relocated at every start.
inline constexpr char kOpTexts[] =
#define BRINK_OPCODE(id, text, code, imm, sig, feature) text
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
    ;

struct OpInfo {
  u16 text_begin;  // in kOpTexts
  u8 text_size;
  u32 code;  // opcode byte, or prefix << 16 | sub-opcode
  Immediate immediate;
  OpSignature signature;
  Feature feature;

  // The text format's keyword.
  constexpr std::string_view text() const { return {kOpTexts + text_begin, text_size}; }
};

constexpr OpSignature parse_signature(std::string_view s) {
  OpSignature sig;
  if (s == "special") {
    sig.special = true;
    return sig;
  }
  sig.result = s[0];
  for (char c : s.substr(2))
    if (c != 'v') sig.operands[sig.operand_count++] = c;
  return sig;
}

inline constexpr std::array<OpInfo, kOpCount> kOpInfo = [] {
  std::array<OpInfo, kOpCount> all{{
#define BRINK_OPCODE(id, text, code, imm, sig, feature) \
  {0, sizeof(text) - 1, code, Immediate::imm, parse_signature(#sig), Feature::feature},
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
  }};
  u16 begin = 0;
  for (OpInfo& info : all) {
    info.text_begin = begin;
    begin += info.text_size;
  }
  return all;
}();

constexpr const OpInfo& op_info(Op op) { return kOpInfo[static_cast<u32>(op)]; }

// Whether the instruction's proposal is among `features`; throw belongs to both forms of exception handling.
constexpr bool is_enabled(Op op, FeatureSet features) {
  return features.has(op_info(op).feature) || (op == Op::Throw && features.has(Feature::LegacyExceptions));
}

// The largest sub-opcode of any prefix.
inline constexpr u32 kMaxSubOpcode = 0x1FF;

// The instruction of an unprefixed opcode byte, or of a prefix (0xFB to 0xFE) and its sub-opcode; Op::kUnknown where
// none is assigned.
Op op_from_byte(u8 byte);
Op op_from_prefixed(u8 prefix, u32 sub_opcode);
constexpr bool is_prefix(u8 byte) { return byte >= 0xFB && byte <= 0xFE; }

// The natural alignment exponent of a memory instruction (section 3.4.7), i.e. log2 of the bytes it accesses.
u32 natural_alignment(Op op);

}  // namespace brink
