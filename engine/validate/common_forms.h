// The commonest instructions in the forms they mostly have: nineteen of twenty in compilers' output. Part of
// body_decoder.h.
//
// Nothing here is a rule of its own. Each form does what the general rule for its instruction does where all is well:
// operands of exactly the types that are expected, a slot each, and no local that must be set first. Where any of that
// does not hold, nothing has been changed yet, and the general rule decides: it alone knows errors, subtyping,
// unreachable code and features that are off. So nothing here can fail, and nobody asks whether it has. That both are
// the same is checked by fuzz/common_forms.cpp.
#pragma once
#include <utility>

#include "engine/validate/body_decoder.h"

namespace brink {

// Decodes the instruction at `p`, where kLookAhead bytes must be, tells the sink and returns where the next one starts;
// or null, with nothing done, where it must be decoded by the general rules.
template <class Sink>
[[gnu::always_inline]] inline const u8* BodyDecoder<Sink>::decode_common(const u8* p, ValueType*& top) {
  const CommonRule& rule = kCommonRules[*p];
  // The instruction is of `size` bytes and all its conditions hold.
  auto accept = [&](Op op, u32 size) {
    if constexpr (Sink::kListens) {
      instruction_.op = op;
      instruction_.pc = pc_of(p);
      reader_.move_to(code_begin_ + instruction_.pc + size);
    }
    return p + size;
  };
  switch (kCommonForms[*p]) {
    case CommonForm::None: return nullptr;
    case CommonForm::LocalGet: {
      u32 local = p[1];
      if (local >= common_locals_ || !has_room(top)) [[unlikely]]
        return nullptr;
      ValueType type = locals_[local];
      *top++ = type;
      const u8* next = accept(Op::LocalGet, 2);
      instruction_.index = local;
      instruction_.type = type;
      tell_height(top);
      sink_.on_local(instruction_);
      return next;
    }
    case CommonForm::LocalSet: {
      u32 local = p[1];
      if (local >= common_locals_ || !holds(top, locals_[local])) [[unlikely]]
        return nullptr;
      --top;
      const u8* next = accept(Op::LocalSet, 2);
      instruction_.index = local;
      instruction_.type = locals_[local];
      tell_height(top);
      sink_.on_local(instruction_);
      return next;
    }
    case CommonForm::LocalTee: {
      u32 local = p[1];
      if (local >= common_locals_ || !holds(top, locals_[local])) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::LocalTee, 2);
      instruction_.index = local;
      instruction_.type = locals_[local];
      tell_height(top);
      sink_.on_local(instruction_);
      return next;
    }
    case CommonForm::GlobalGet: {
      CommonImmediate global = common_index(p + 1);
      if (global.size == 0 || global.value >= module_.globals.size() || !has_room(top)) [[unlikely]]
        return nullptr;
      ValueType type = module_.globals[global.value].type.value;
      if (type.slots() != 1) return nullptr;
      *top++ = type;
      const u8* next = accept(Op::GlobalGet, 1 + global.size);
      instruction_.index = global.value;
      instruction_.type = type;
      tell_height(top);
      sink_.on_global(instruction_);
      return next;
    }
    case CommonForm::GlobalSet: {
      CommonImmediate global = common_index(p + 1);
      if (global.size == 0 || global.value >= module_.globals.size()) [[unlikely]]
        return nullptr;
      const GlobalType& type = module_.globals[global.value].type;
      if (!type.is_mutable || type.value.slots() != 1 || !holds(top, type.value)) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::GlobalSet, 1 + global.size);
      instruction_.index = global.value;
      instruction_.type = type.value;
      --top;
      tell_height(top);
      sink_.on_global(instruction_);
      return next;
    }
    case CommonForm::I32Const: {
      CommonImmediate constant = common_constant(p + 1);
      if (constant.size == 0 || !has_room(top)) [[unlikely]]
        return nullptr;
      *top++ = kI32;
      const u8* next = accept(Op::I32Const, 1 + constant.size);
      instruction_.value = constant.value;
      tell_height(top);
      sink_.on_instruction(instruction_);
      return next;
    }
    case CommonForm::I64Const: {
      CommonImmediate constant = common_constant(p + 1);
      if (constant.size == 0 || !has_room(top)) [[unlikely]]
        return nullptr;
      *top++ = kI64;
      const u8* next = accept(Op::I64Const, 1 + constant.size);
      instruction_.value = static_cast<u64>(i64{static_cast<i32>(constant.value)});
      tell_height(top);
      sink_.on_instruction(instruction_);
      return next;
    }
    case CommonForm::Unary: {
      if (!holds(top, rule.operands[1])) [[unlikely]]
        return nullptr;
      top[-1] = rule.result;
      const u8* next = accept(rule.op, 1);
      tell_height(top);
      sink_.on_instruction(instruction_);
      return next;
    }
    case CommonForm::IntegerBinary:
    case CommonForm::Binary: {
      if (!holds(top, rule.operands[0], rule.operands[1])) [[unlikely]]
        return nullptr;
      --top;
      top[-1] = rule.result;
      const u8* next = accept(rule.op, 1);
      tell_height(top);
      sink_.on_instruction(instruction_);
      return next;
    }
    case CommonForm::Load: {
      CommonImmediate offset = common_index(p + 2);
      if (!is_common_access(p[1], rule) || offset.size == 0 || !holds(top, kI32)) [[unlikely]]
        return nullptr;
      top[-1] = rule.result;
      const u8* next = accept(rule.op, 2 + offset.size);
      set_common_access(offset.value);
      tell_height(top);
      sink_.on_memory_access(instruction_);
      return next;
    }
    case CommonForm::Store: {
      CommonImmediate offset = common_index(p + 2);
      if (!is_common_access(p[1], rule) || offset.size == 0 || !holds(top, kI32, rule.operands[1])) [[unlikely]]
        return nullptr;
      top -= 2;
      const u8* next = accept(rule.op, 2 + offset.size);
      set_common_access(offset.value);
      tell_height(top);
      sink_.on_memory_access(instruction_);
      return next;
    }
    case CommonForm::Block: {
      if (!is_common_block_type(p[1])) [[unlikely]]
        return nullptr;
      const u8* next = accept(rule.op, 2);
      Frame& frame = push_common_frame(rule.op, p[1], top);
      tell_height(top);
      sink_.on_block(instruction_, frame, pc());
      return next;
    }
    case CommonForm::If: {
      if (!is_common_block_type(p[1]) || !holds(top, kI32)) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::If, 2);
      --top;
      Frame& frame = push_common_frame(Op::If, p[1], top);
      tell_height(top);
      sink_.on_block(instruction_, frame, pc());
      return next;
    }
    case CommonForm::End: {
      Frame& frame = frames_.back();
      if (!is_common_end(frame, top) || frames_.size() == 1) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::End, 1);
      if (!frame.single.is_bottom()) --top;
      tell_height(top);
      sink_.on_end(instruction_, frame, pc());
      if (!frame.single.is_bottom()) ++top;
      pop_frame();
      return next;
    }
    case CommonForm::Br: {
      Frame* target = common_target(p[1]);
      if (!target) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::Br, 2);
      mark_unreachable();
      top = top_;
      instruction_.index = p[1];
      tell_height(top);
      sink_.on_branch(instruction_, *target, p[1]);
      return next;
    }
    case CommonForm::BrIf: {
      Frame* target = common_target(p[1]);
      if (!target || !holds(top, kI32)) [[unlikely]]
        return nullptr;
      --top;
      const u8* next = accept(Op::BrIf, 2);
      instruction_.index = p[1];
      tell_height(top);
      sink_.on_branch(instruction_, *target, p[1]);
      return next;
    }
    case CommonForm::Call: {
      CommonImmediate function = common_index(p + 1);
      if (function.size == 0 || function.value >= module_.functions.size()) [[unlikely]]
        return nullptr;
      const RegisteredType& callee = module_.function_type(function.value);
      std::span<const ValueType> results = callee.type.results;
      if (!holds(top, callee) || callee.result_slots != results.size() ||
          results.size() > static_cast<size_t>(high_ - top) + callee.param_slots) [[unlikely]]
        return nullptr;
      const u8* next = accept(Op::Call, 1 + function.size);
      instruction_.index = function.value;
      top -= callee.param_slots;
      for (ValueType type : results) *top++ = type;
      tell_height(top);
      sink_.on_instruction(instruction_);
      return next;
    }
  }
  std::unreachable();
}

// The block that a branch leads to whose label takes nothing; null where it is not as simple as that.
template <class Sink>
[[gnu::always_inline]] inline typename BodyDecoder<Sink>::Frame* BodyDecoder<Sink>::common_target(u8 depth) {
  if (depth >= 0x80 || depth >= frames_.size()) [[unlikely]]
    return nullptr;
  Frame& target = frames_[frames_.size() - 1 - depth];
  return target.label_is_empty() ? &target : nullptr;
}

template <class Sink>
[[gnu::always_inline]] inline typename BodyDecoder<Sink>::Frame& BodyDecoder<Sink>::push_common_frame(
    Op kind, u8 block_type, ValueType* top) {
  frames_.back().unreachable = unreachable_;
  Frame& frame = frames_.push(Frame());
  frame.kind = kind;
  if (block_type != kEmptyBlockType) frame.single = number_type_of(block_type);
  frame.height = static_cast<u32>(top - scratch_.operands.data());
  frame.init_height = static_cast<u32>(scratch_.init_order.size());
  base_ = top;
  unreachable_ = false;
  return frame;
}

// Not of a catch or an if that must have an else; its results are all there is of its operands.
template <class Sink>
inline bool BodyDecoder<Sink>::is_common_end(const Frame& frame, const ValueType* top) const {
  if (frame.type || frame.has_caught_exception() || tracks_initialization_) return false;
  if (frame.single.is_bottom()) return top == base_;
  return frame.kind != Op::If && top - base_ == 1 && top[-1] == frame.single;
}

}  // namespace brink
