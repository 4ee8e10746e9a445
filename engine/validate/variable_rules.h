// Locals, globals, drop and select (section 3.4.1, 3.4.2); part of body_decoder.h.
#pragma once
#include "engine/validate/body_decoder.h"

namespace brink {

template <class Sink>
inline void BodyDecoder<Sink>::decode_local(Op op) {
  u32 index = instruction_.index = reader_.read_u32("local index");
  if (!check_index("local", index, scratch_.locals.size()) || !ok()) [[unlikely]]
    return;
  ValueType type = instruction_.type = scratch_.locals[index];
  if (op == Op::LocalGet) {
    if (!type.is_defaultable() && !is_initialized(index)) [[unlikely]]
      return invalid("uninitialized local " + std::to_string(index) + " of type " + to_string(type));
    push(type);
  } else {
    pop(type);
    if (op == Op::LocalTee) push(type);
    if (tracks_initialization_) [[unlikely]]
      mark_initialized(index);
  }
  if (ok()) sink_.on_local(instruction_);
}

template <class Sink>
inline void BodyDecoder<Sink>::decode_global(Op op) {
  u32 index = instruction_.index = reader_.read_u32("global index");
  if (!ok()) return;
  size_t visible = module_.globals.size();
  if constexpr (Sink::kIsConstantExpression) visible = sink_.visible_globals;
  if (!check_index("global", index, visible)) return;
  const GlobalType& global = module_.globals[index].type;
  instruction_.type = global.value;
  if (op == Op::GlobalGet) {
    if (Sink::kIsConstantExpression && global.is_mutable)
      return invalid("constant expression required, found global.get of the mutable global " + std::to_string(index));
    push(global.value);
  } else {
    if (!global.is_mutable) return invalid("immutable global " + std::to_string(index));
    pop(global.value);
  }
  if (ok()) sink_.on_global(instruction_);
}

template <class Sink>
inline void BodyDecoder<Sink>::decode_drop() {
  instruction_.type = pop_any();
  if (ok()) sink_.on_drop_or_select(instruction_);
}

template <class Sink>
inline void BodyDecoder<Sink>::decode_select() {
  pop(kI32);
  ValueType second = pop_any();
  ValueType first = pop_any();
  if (!ok()) return;
  for (ValueType type : {first, second})
    if (type.is_ref()) return type_mismatch("numbers or vectors", to_string(type));
  if (first != second && !first.is_bottom() && !second.is_bottom())
    return type_mismatch("two values of one type", to_string(first) + " and " + to_string(second));
  instruction_.type = first.is_bottom() ? second : first;
  push(instruction_.type);
  sink_.on_drop_or_select(instruction_);
}

}  // namespace brink
