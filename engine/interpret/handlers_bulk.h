// Memory and table instructions on ranges, and growing (specification, sections 4.6.5 and 4.6.6).
//
// Addresses, lengths and indices of either width are zero-extended slots, so one form serves 32-bit and 64-bit memories
// and tables. Ranges are checked before the first byte moves.
#pragma once
#include "engine/interpret/execute.h"
#include "engine/runtime/guest_bytes.h"
#include "engine/runtime/interrupts.h"

namespace brink::interpret {

// -1 in the width of a memory's or table's addresses.
BRINK_INLINE u64 grow_result(u64 old_size, AddressType address) {
  return address == AddressType::I32 ? static_cast<u32>(old_size) : old_size;
}

// Moves or fills `size` bytes a piece at a time, piece(offset, size), so that a guest in the middle of gigabytes can be
// interrupted. Backward: the last piece first.
template <class Piece>
inline bool in_pieces(const State& s, u64 size, bool backward, Piece piece) {
  constexpr u64 kPiece = 1 << 20;
  for (u64 done = 0; done < size;) {
    u64 bytes = std::min(kPiece, size - done);
    piece(backward ? size - done - bytes : done, bytes);
    done += bytes;
    if (done < size && s.context->is_interrupted.load(std::memory_order_relaxed) && runtime::must_end(*s.context))
        [[unlikely]]
      return false;
  }
  return true;
}

BRINK_OP(MemorySize) {
  const u8* p = s.pc + 1;
  *s.sp++ = s.instance->memories[read_u32(p)]->pages();
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(MemoryGrow) {
  const u8* p = s.pc + 1;
  runtime::Memory& memory = *s.instance->memories[read_u32(p)];
  s.sp[-1] = grow_result(runtime::grow_memory(memory, s.sp[-1]), memory.type.limits.address);
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(MemoryFill) {
  const u8* p = s.pc + 1;
  runtime::Memory& memory = *s.instance->memories[read_u32(p)];
  u64 size = s.sp[-1], to = s.sp[-3];
  if (!memory.contains(to, size)) return trap(s, TrapKind::MemoryOutOfBounds);
  auto value = static_cast<u8>(s.sp[-2]);
  if (!in_pieces(s, size, false, [&](u64 offset, u64 bytes) {
        runtime::fill_guest_bytes(memory.base + to + offset, value, bytes);
      }))
    return trap(s, TrapKind::Interrupted);
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(MemoryCopy) {
  const u8* p = s.pc + 1;
  runtime::Memory& to_memory = *s.instance->memories[read_u32(p)];
  runtime::Memory& from_memory = *s.instance->memories[read_u32(p)];
  u64 size = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  if (!to_memory.contains(to, size) || !from_memory.contains(from, size)) return trap(s, TrapKind::MemoryOutOfBounds);
  u8* target = to_memory.base + to;
  const u8* source = from_memory.base + from;
  if (!in_pieces(s, size, target > source, [&](u64 offset, u64 bytes) {
        runtime::move_guest_bytes(target + offset, source + offset, bytes);
      }))
    return trap(s, TrapKind::Interrupted);
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(MemoryInit) {
  const u8* p = s.pc + 1;
  u32 segment_index = read_u32(p);
  runtime::Memory& memory = *s.instance->memories[read_u32(p)];
  const ModuleInfo& info = s.instance->module->info;
  ByteRange bytes = info.data[segment_index].bytes;
  u64 available = s.instance->dropped_data[segment_index] ? 0 : bytes.size;
  u64 size = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  if (!memory.contains(to, size) || size > available || from > available - size)
    return trap(s, TrapKind::MemoryOutOfBounds);
  runtime::move_guest_bytes(memory.base + to, info.bytes.data() + bytes.offset + from, size);
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(DataDrop) {
  const u8* p = s.pc + 1;
  s.instance->dropped_data[read_u32(p)] = true;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(TableSize) {
  const u8* p = s.pc + 1;
  *s.sp++ = s.instance->tables[read_u32(p)]->size;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(TableGrow) {
  const u8* p = s.pc + 1;
  runtime::Table& table = *s.instance->tables[read_u32(p)];
  u64 delta = s.sp[-1], initial = s.sp[-2];
  s.sp -= 1;
  s.sp[-1] = grow_result(runtime::grow_table(table, delta, initial), table.type.limits.address);
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(TableFill) {
  const u8* p = s.pc + 1;
  runtime::Table& table = *s.instance->tables[read_u32(p)];
  u64 count = s.sp[-1], value = s.sp[-2], to = s.sp[-3];
  if (!table.contains(to, count)) return trap(s, TrapKind::TableOutOfBounds);
  std::fill_n(table.elements + to, count, value);
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(TableCopy) {
  const u8* p = s.pc + 1;
  runtime::Table& to_table = *s.instance->tables[read_u32(p)];
  runtime::Table& from_table = *s.instance->tables[read_u32(p)];
  u64 count = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  if (!to_table.contains(to, count) || !from_table.contains(from, count)) return trap(s, TrapKind::TableOutOfBounds);
  if (count != 0) std::memmove(to_table.elements + to, from_table.elements + from, count * sizeof(u64));
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(TableInit) {
  const u8* p = s.pc + 1;
  u32 segment_index = read_u32(p);
  runtime::Table& table = *s.instance->tables[read_u32(p)];
  const ElementSegment& segment = s.instance->module->info.elements[segment_index];
  u64 available = s.instance->dropped_elements[segment_index] ? 0 : segment.count;
  u64 count = s.sp[-1], from = s.sp[-2], to = s.sp[-3];
  if (!table.contains(to, count) || count > available || from > available - count)
    return trap(s, TrapKind::TableOutOfBounds);
  runtime::copy_elements(*s.instance, segment_index, from, count, table.elements + to);
  s.sp -= 3;
  s.pc = p;
  return Flow::Next;
}

BRINK_OUT_OF_LINE(ElemDrop) {
  const u8* p = s.pc + 1;
  runtime::drop_elements(*s.instance, read_u32(p));
  s.pc = p;
  return Flow::Next;
}

}  // namespace brink::interpret
