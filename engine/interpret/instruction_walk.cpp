#include "engine/interpret/instruction_walk.h"

#include "engine/interpret/state.h"

namespace brink::interpret {
namespace {

const u8* skip_leb(const u8* p) {
  while (*p++ & 0x80) {
  }
  return p;
}

const u8* skip_lebs(const u8* p, u32 count) {
  for (; count != 0; --count) p = skip_leb(p);
  return p;
}

const u8* skip_value_type(const u8* p) {
  u8 first = *p;
  p = skip_leb(p);
  return first == 0x63 || first == 0x64 ? skip_leb(p) : p;
}

const u8* skip_immediate(Immediate kind, const u8* p) {
  switch (kind) {
    case Immediate::None: return p;
    case Immediate::BlockType: return skip_value_type(p);
    case Immediate::BrTable: {
      u32 count = read_u32(p);
      return skip_lebs(p, count + 1);
    }
    case Immediate::SelectTypes: {
      u32 count = read_u32(p);
      for (u32 i = 0; i < count; ++i) p = skip_value_type(p);
      return p;
    }
    case Immediate::TryTable: {
      p = skip_value_type(p);
      u32 count = read_u32(p);
      for (u32 i = 0; i < count; ++i) {
        u8 clause = *p++;
        p = skip_lebs(p, clause < 2 ? 2 : 1);
      }
      return p;
    }
    case Immediate::MemArg:
    case Immediate::MemArgLane: {
      u32 flags = read_u32(p);
      if (flags & 0x40) p = skip_leb(p);
      p = skip_leb(p);
      return kind == Immediate::MemArgLane ? p + 1 : p;
    }
    case Immediate::F32: return p + 4;
    case Immediate::F64: return p + 8;
    case Immediate::V128:
    case Immediate::Shuffle: return p + 16;
    case Immediate::Lane:
    case Immediate::Fence: return p + 1;
    case Immediate::BrOnCast: return skip_lebs(p + 1, 3);
    case Immediate::TypeTable:
    case Immediate::TypeField:
    case Immediate::TypeCount:
    case Immediate::TypeData:
    case Immediate::TypeElem:
    case Immediate::TypeType:
    case Immediate::DataMemory:
    case Immediate::MemoryMemory:
    case Immediate::ElemTable:
    case Immediate::TableTable: return skip_lebs(p, 2);
    default: return skip_leb(p);  // one index or constant
  }
}

}  // namespace

Step step_at(const u8* p) {
  u8 byte = *p++;
  Op op = is_prefix(byte) ? op_from_prefixed(byte, read_u32(p)) : op_from_byte(byte);
  return {op, skip_immediate(op_info(op).immediate, p)};
}

BodyStart body_start(const u8* p) {
  u64 locals = 0;
  for (u32 groups = read_u32(p); groups != 0; --groups) {
    locals += read_u32(p);
    p = skip_value_type(p);
  }
  return {p, locals};
}

const u8* instruction_containing(const u8* begin, const u8* inside) {
  for (const u8* p = begin;;) {
    const u8* next = after_instruction(p);
    if (next > inside) return p;
    p = next;
  }
}

}  // namespace brink::interpret
