// The syntax of immediates (specification, section 5.4), without their validity: what is read here fails only as
// malformed. Indices and types are checked against the module by whoever asked for them.
#pragma once
#include "engine/base/reader.h"
#include "engine/module/module_info.h"
#include "engine/module/opcodes.h"

namespace brink {

// A heap type as written: a type index (>= 0) or the s33 code of an abstract heap type (< 0).
using HeapTypeCode = i64;

struct ValueTypeCode {
  u8 code = 0;            // the first byte; kRefNull for the shorthands too
  HeapTypeCode heap = 0;  // kRef, kRefNull

  static constexpr u8 kRefNull = 0x63;
  static constexpr u8 kRef = 0x64;
};

struct BlockTypeCode {
  enum class Form : u8 { Empty, Value, Index };
  Form form = Form::Empty;
  ValueTypeCode value;
  u32 index = 0;
};

struct CatchClauseCode {
  bool is_all = false;
  bool has_ref = false;
  u32 tag = 0;
  u32 label = 0;
};

struct MemArgCode {
  u32 alignment = 0;  // exponent
  u32 memory = 0;
  u64 offset = 0;
  bool is_long = false;  // the alignment's LEB128 is not one byte below 0x40
};

// The abstract heap type of a negative code; the code is one that read_heap_type has returned.
AbstractHeap abstract_heap_of(HeapTypeCode code);

HeapTypeCode read_heap_type(Reader& reader);
ValueTypeCode read_value_type(Reader& reader);
BlockTypeCode read_block_type(Reader& reader);
CatchClauseCode read_catch_clause(Reader& reader);

inline u64 read_memory_offset(Reader& reader) {
  return reader.peek() < 0x80 ? reader.read_byte("memory offset") : reader.read_u64("memory offset");
}

[[gnu::cold]] void fail_access_flags(Reader& reader, u64 offset, u32 flags);

inline MemArgCode read_mem_arg(Reader& reader, FeatureSet features) {
  MemArgCode arg;
  u64 start = reader.offset();
  arg.is_long = reader.peek() >= 0x40;
  arg.alignment = reader.read_u32("memory access flags");
  if (arg.is_long && reader.ok()) [[unlikely]] {
    if (arg.alignment >= 0x80 || (arg.alignment & 0x40 && !features.has(Feature::MultiMemory))) {
      fail_access_flags(reader, start, arg.alignment);
      return arg;
    }
    if (arg.alignment & 0x40) {
      arg.alignment &= 0x3F;
      arg.memory = reader.read_u32("memory index");
    }
  }
  arg.offset = read_memory_offset(reader);
  return arg;
}

inline i32 read_i32_constant(Reader& reader) {
  u8 first = reader.peek();
  if (first >= 0x80) return reader.read_s32("i32 constant");
  reader.read_byte("i32 constant");
  return static_cast<i32>(u32{first} << 25) >> 25;
}

inline i64 read_i64_constant(Reader& reader) {
  u8 first = reader.peek();
  if (first >= 0x80) return reader.read_s64("i64 constant");
  reader.read_byte("i64 constant");
  return static_cast<i64>(u64{first} << 57) >> 57;
}

// The memory index of memory.size & co., which without the multi-memory proposal is a zero byte.
u32 read_memory_index(Reader& reader, FeatureSet features);

// Reads the rest of a prefixed opcode, or fails as an illegal opcode. `byte` stands at `start`.
Op read_unusual_opcode(Reader& reader, u8 byte, u64 start);

// The byte after atomic.fence.
void read_fence(Reader& reader);

// Fails as malformed where the instruction needs a data count section and there is none.
bool require_data_count(Reader& reader, const ModuleInfo& module, u64 opcode_offset);

// The message for a body or expression that stops before its `end`.
std::string missing_end_message(const ModuleInfo& module, u64 end_offset, bool is_function);

// Looks for an error of syntax in an expression (with local declarations in front of it if is_function). Validation
// stops at the first broken rule; a module that is malformed further on is malformed, not invalid, so that a failed
// validation asks here before it answers. Nothing where the syntax is right up to the closing `end`, or up to an
// instruction of a proposal that is not enabled.
std::optional<Error> find_malformed(const ModuleInfo& module, ByteRange range, bool is_function);

}  // namespace brink
