// Locals, globals, constants, references, tables' elements, drop and select (specification, sections 4.6.1 to 4.6.5).
#pragma once
#include "engine/interpret/execute.h"

namespace brink::interpret {

BRINK_OP(LocalGet) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  *s.sp++ = s.fp[index];
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(LocalSet) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  s.fp[index] = *--s.sp;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(LocalTee) {
  const u8* p = s.pc + 1;
  u32 index = read_u32(p);
  s.fp[index] = s.sp[-1];
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(GlobalGet) {
  const u8* p = s.pc + 1;
  *s.sp++ = s.instance->globals[read_u32(p)]->bits[0];
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(GlobalSet) {
  const u8* p = s.pc + 1;
  s.instance->globals[read_u32(p)]->bits[0] = *--s.sp;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(I32Const) {
  const u8* p = s.pc + 1;
  push<u32>(s, static_cast<u32>(read_signed<i32>(p)));
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(I64Const) {
  const u8* p = s.pc + 1;
  push<u64>(s, static_cast<u64>(read_signed<i64>(p)));
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(F32Const) {
  push<u32>(s, read_fixed<u32>(s.pc + 1));
  s.pc += 5;
  return Flow::Next;
}

BRINK_OP(F64Const) {
  push<u64>(s, read_fixed<u64>(s.pc + 1));
  s.pc += 9;
  return Flow::Next;
}

BRINK_OP(Drop) {
  s.sp -= 1;
  s.pc += 1;
  return Flow::Next;
}

BRINK_INLINE void select_slot(State& s) {
  bool first = static_cast<u32>(s.sp[-1]) != 0;
  s.sp -= 2;
  s.sp[-1] = first ? s.sp[-1] : s.sp[0];
}

BRINK_INLINE void select_v128(State& s) {
  bool first = pop<u32>(s) != 0;
  s.sp -= 2;
  if (!first) std::memcpy(s.sp - 2, s.sp, 16);
}

BRINK_OP(Select) {
  select_slot(s);
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(SelectT) {
  const u8* p = s.pc + 1;
  read_u32(p);  // always one type
  constexpr u8 kV128Code = 0x7B;
  u8 type = *p++;
  if (type == 0x63 || type == 0x64)
    while (*p++ & 0x80) {
    }
  if (type == kV128Code) select_v128(s);
  else select_slot(s);
  s.pc = p;
  return Flow::Next;
}

// --- References ------------------------------------------------------------------------------------------------------

BRINK_OP(RefNull) {
  const u8* p = s.pc + 1;
  while (*p++ & 0x80) {
  }
  *s.sp++ = 0;
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(RefIsNull) {
  s.sp[-1] = s.sp[-1] == 0;
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(RefAsNonNull) {
  if (s.sp[-1] == 0) return trap(s, TrapKind::NullReference);
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(RefEq) {
  s.sp -= 1;
  s.sp[-1] = s.sp[-1] == s.sp[0];
  s.pc += 1;
  return Flow::Next;
}

BRINK_OP(RefFunc) { return (void)s, Flow::Slow; }

BRINK_SLOW(RefFunc) {
  const u8* p = s.pc + 1;
  *s.sp++ = reinterpret_cast<u64>(runtime::function_of(*s.instance, read_u32(p)));
  s.pc = p;
  return Flow::Next;
}

// --- Tables ----------------------------------------------------------------------------------------------------------

BRINK_OP(TableGet) {
  const u8* p = s.pc + 1;
  const runtime::Table& table = *s.instance->tables[read_u32(p)];
  u64 index = s.sp[-1];
  if (index >= table.size) return trap(s, TrapKind::TableOutOfBounds);
  s.sp[-1] = table.elements[index];
  s.pc = p;
  return Flow::Next;
}

BRINK_OP(TableSet) {
  const u8* p = s.pc + 1;
  const runtime::Table& table = *s.instance->tables[read_u32(p)];
  u64 index = s.sp[-2];
  if (index >= table.size) return trap(s, TrapKind::TableOutOfBounds);
  table.elements[index] = s.sp[-1];
  s.sp -= 2;
  s.pc = p;
  return Flow::Next;
}

// --- Stamped forms: see side_table.h ---------------------------------------------------------------------------------

template <Stamp stamp>
struct ExecuteStamp;

#define BRINK_STAMP(id)                                              \
  Flow stamp_##id(State& s);                                         \
  template <>                                                        \
  struct ExecuteStamp<Stamp::id> {                                   \
    BRINK_INLINE static Flow run(State& s) { return stamp_##id(s); } \
  };                                                                 \
  BRINK_INLINE Flow stamp_##id(State& s)

BRINK_STAMP(DropV128) {
  s.sp -= 2;
  s.pc += 1;
  return Flow::Next;
}

BRINK_STAMP(SelectV128) {
  select_v128(s);
  s.pc += 1;
  return Flow::Next;
}

BRINK_INLINE u64* mapped_local(State& s) {
  const u8* p = s.pc + 1;
  u64* slot = s.fp + s.frame->code->local_slots[read_u32(p)];
  s.pc = p;
  return slot;
}

BRINK_STAMP(LocalGetV128) {
  std::memcpy(s.sp, mapped_local(s), 16);
  s.sp += 2;
  return Flow::Next;
}

BRINK_STAMP(LocalSetV128) {
  s.sp -= 2;
  std::memcpy(mapped_local(s), s.sp, 16);
  return Flow::Next;
}

BRINK_STAMP(LocalTeeV128) {
  std::memcpy(mapped_local(s), s.sp - 2, 16);
  return Flow::Next;
}

BRINK_STAMP(LocalGetMapped) {
  u64 value = *mapped_local(s);
  *s.sp++ = value;
  return Flow::Next;
}

BRINK_STAMP(LocalSetMapped) {
  u64 value = *--s.sp;
  *mapped_local(s) = value;
  return Flow::Next;
}

BRINK_STAMP(LocalTeeMapped) {
  *mapped_local(s) = s.sp[-1];
  return Flow::Next;
}

BRINK_STAMP(GlobalGetV128) {
  const u8* p = s.pc + 1;
  std::memcpy(s.sp, s.instance->globals[read_u32(p)]->bits, 16);
  s.sp += 2;
  s.pc = p;
  return Flow::Next;
}

BRINK_STAMP(GlobalSetV128) {
  const u8* p = s.pc + 1;
  s.sp -= 2;
  std::memcpy(s.instance->globals[read_u32(p)]->bits, s.sp, 16);
  s.pc = p;
  return Flow::Next;
}

}  // namespace brink::interpret
