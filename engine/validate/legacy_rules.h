// try, catch, catch_all, delegate and rethrow: the exception handling that was in use before WebAssembly 3.0
// (exception-handling proposal, legacy/Exceptions.md); part of body_decoder.h.
//
// A catch or catch_all keeps the exception it has caught as a hidden operand, for rethrow. The stack of operands knows
// it as a slot below the block's base, where no instruction can pop it, so heights count it like any other.
#pragma once
#include "engine/validate/body_decoder.h"

namespace brink {

template <class Sink>
void BodyDecoder<Sink>::begin_legacy_catch(Op op) {
  Frame& frame = frames_.back();
  if (frame.kind != Op::Try && frame.kind != Op::Catch)
    return fail_here(ErrorKind::Malformed, "END opcode expected, found " + std::string(instruction_name()));
  const RegisteredType* tag = nullptr;
  if (op == Op::Catch) {
    u32 index = instruction_.index = reader_.read_u32("tag index");
    if (!ok() || !check_index("tag", index, module_.tags.size())) return;
    tag = &registry_.get(module_.tags[index].type);
  }
  pop_types(frame.results());
  if (top_ != base_ && ok()) type_mismatch("an empty operand stack", to_string(top_[-1]));
  if (!ok() || !check_kept(frame)) return;
  sink_.on_legacy_catch(instruction_, frame, pc());
  forget_initialized(frame.init_height);
  unreachable_ = false;
  frame.kind = op;
  set_top(frame.height);
  set_base(frame.height);
  push(kExnRef);
  set_base(frame.base_height());
  if (tag) push_types(tag->type.params);
}

template <class Sink>
void BodyDecoder<Sink>::end_with_delegate() {
  Frame& frame = frames_.back();
  if (frame.kind != Op::Try) return fail_here(ErrorKind::Malformed, "END opcode expected, found delegate");
  u32 depth = instruction_.index = reader_.read_u32("label index");
  // The try's own label does not count.
  if (!ok() || !check_index("label", depth, frames_.size() - 1)) return;
  pop_types(frame.results());
  if (top_ != base_ && ok()) type_mismatch("no more values", to_string(top_[-1]));
  if (!ok()) return;
  sink_.on_delegate(instruction_, frame, frames_[frames_.size() - 2 - depth], pc());
  leave_block();
}

template <class Sink>
void BodyDecoder<Sink>::decode_rethrow() {
  u32 depth = instruction_.index = reader_.read_u32("label index");
  Frame* target = label(depth);
  if (!target) return;
  if (!target->has_caught_exception())
    return invalid("invalid rethrow label " + std::to_string(depth) + ": not a catch or catch_all block");
  mark_unreachable();
  sink_.on_rethrow(instruction_, *target);
}

}  // namespace brink
