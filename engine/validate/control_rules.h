// Blocks, branches, calls and exceptions (section 3.4.1); part of body_decoder.h.
#pragma once
#include "engine/validate/body_decoder.h"
#include "engine/validate/side_table.h"

namespace brink {

template <class Sink>
bool BodyDecoder<Sink>::read_block_signature(Frame& frame) {
  BlockTypeCode code = read_block_type(reader_);
  if (!ok()) return false;
  switch (code.form) {
    case BlockTypeCode::Form::Empty: break;
    case BlockTypeCode::Form::Value: frame.single = resolve(code.value); break;
    case BlockTypeCode::Form::Index:
      if (!features_.has(Feature::MultiValue)) unsupported(Feature::MultiValue);
      frame.type = function_type(code.index);
      break;
  }
  return ok();
}

template <class Sink>
void BodyDecoder<Sink>::push_frame(Frame& frame, Op kind) {
  if (!frames_.empty()) frames_.back().unreachable = unreachable_;
  frame.kind = kind;
  frame.height = height();
  frame.init_height = static_cast<u32>(scratch_.init_order.size());
  base_ = top_;
  unreachable_ = false;
  push_types(frame.params());
  frames_.push(frame);
}

template <class Sink>
void BodyDecoder<Sink>::begin_block(Op kind) {
  Frame frame;
  frame.kind = kind;
  if (!read_block_signature(frame)) return;
  if (kind == Op::If) pop(kI32);
  pop_types(frame.params());
  if (kind == Op::TryTable) read_catch_clauses();
  if (!ok()) return;
  push_frame(frame, kind);
  if (ok()) sink_.on_block(instruction_, frames_.back(), pc());
}

template <class Sink>
void BodyDecoder<Sink>::read_catch_clauses() {
  std::vector<ValueType> values;
  u32 count = reader_.read_count("catch clause count", 2);
  for (; count > 0 && ok(); --count) {
    CatchClauseCode clause = read_catch_clause(reader_);
    if (!ok()) return;
    values.clear();
    if (!clause.is_all) {
      if (!check_index("tag", clause.tag, module_.tags.size())) return;
      const SubType& tag = registry_.get(module_.tags[clause.tag].type).type;
      values.assign(tag.params.begin(), tag.params.end());
    }
    if (clause.has_ref) values.push_back(ValueType::ref(AbstractHeap::Exn, false));
    Frame* target = label(clause.label);
    if (!target || !check_kept(*target) || !check_match(values, target->label_types(), "a catch clause's values"))
      return;
    sink_.on_catch(instruction_, clause, *target);
  }
}

template <class Sink>
void BodyDecoder<Sink>::begin_else() {
  Frame& frame = frames_.back();
  if (frame.kind != Op::If) return fail_here(ErrorKind::Malformed, "END opcode expected, found else");
  pop_types(frame.results());
  if (top_ != base_ && ok()) type_mismatch("an empty operand stack", to_string(top_[-1]));
  if (!ok()) return;
  sink_.on_else(instruction_, frame, pc());
  forget_initialized(frame.init_height);
  unreachable_ = false;
  push_types(frame.params());
  frame.kind = Op::Else;
}

template <class Sink>
inline void BodyDecoder<Sink>::end_block() {
  Frame& frame = frames_.back();
  pop_types(frame.results());
  if (top_ != base_ && ok()) [[unlikely]]
    type_mismatch("no more values", to_string(top_[-1]));
  if (frame.kind == Op::If && ok() && frame.type)
    check_match(frame.params(), frame.results(), "parameters of an if without else");
  else if (frame.kind == Op::If && !frame.single.is_bottom() && ok())
    check_match({}, frame.results(), "parameters of an if without else");
  if (!ok()) [[unlikely]]
    return;
  if (frames_.size() == 1) {
    // Not only the values that fall out: room for what a branch to the function's label brings.
    push_types(frame.results());
    finished_ = true;
    if (ok()) sink_.on_function_end(instruction_, frame);
    return;
  }
  if (frame.has_caught_exception()) [[unlikely]] {
    if (!check_kept(frame)) return;
    set_top(frame.height);
  }
  sink_.on_end(instruction_, frame, pc());
  leave_block();
}

// After the block's last values have been popped: back to the block around it, with the results.
template <class Sink>
inline void BodyDecoder<Sink>::leave_block() {
  Frame& frame = frames_.back();
  forget_initialized(frame.init_height);
  const RegisteredType* type = frame.type;
  ValueType single = frame.single;
  pop_frame();
  if (type) push_types(type->type.results);
  else if (!single.is_bottom()) push(single);
}

template <class Sink>
typename BodyDecoder<Sink>::Frame* BodyDecoder<Sink>::label(u32 depth) {
  if (!ok() || !check_index("label", depth, frames_.size())) return nullptr;
  return &frames_[frames_.size() - 1 - depth];
}

template <class Sink>
bool BodyDecoder<Sink>::check_kept(const Frame& target) {
  if (target.label_slots() <= SideEntry::kMaxKeep) [[likely]]
    return true;
  fail_here(ErrorKind::Limit, std::string(instruction_name()) + " keeps " + std::to_string(target.label_slots()) +
                                  " slots, the limit is " + std::to_string(SideEntry::kMaxKeep));
  return false;
}

template <class Sink>
inline void BodyDecoder<Sink>::branch(Frame& target, u32 depth) {
  if (ok() && check_kept(target)) sink_.on_branch(instruction_, target, depth);
}

template <class Sink>
inline void BodyDecoder<Sink>::decode_branch(Op op) {
  u32 depth = instruction_.index = reader_.read_u32("label index");
  if (op == Op::BrIf) pop(kI32);
  Frame* target = label(depth);
  if (!target) return;
  pop_types(target->label_types());
  if (op == Op::BrIf) push_types(target->label_types());
  else mark_unreachable();
  branch(*target, depth);
}

template <class Sink>
void BodyDecoder<Sink>::decode_branch_table() {
  Reader labels = reader_;  // the default stands last, but its arity is what the others are held against
  u32 count = reader_.read_count("label count");
  for (u32 i = 0; i < count && ok(); ++i) reader_.read_u32("label index");
  u32 default_depth = instruction_.index = reader_.read_u32("label index");
  pop(kI32);
  Frame* last = label(default_depth);
  if (!last) return;
  size_t arity = last->label_types().size();
  sink_.on_branch_table(instruction_, count + 1);
  labels.read_u32("label count");
  u32 checked = default_depth;
  check_top(last->label_types());
  for (u32 i = 0; i <= count && ok(); ++i) {
    u32 depth = labels.read_u32("label index");
    Frame* target = label(depth);
    if (!target) return;
    if (depth != checked) {
      if (target->label_types().size() != arity)
        return invalid("type mismatch: br_table: label " + std::to_string(depth) + " takes " +
                       std::to_string(target->label_types().size()) + " values, the default label takes " +
                       std::to_string(arity));
      check_top(target->label_types());
      checked = depth;
    }
    branch(*target, depth);
  }
  mark_unreachable();
}

template <class Sink>
void BodyDecoder<Sink>::decode_branch_on_reference(Op op) {
  u32 depth = instruction_.index = reader_.read_u32("label index");
  Frame* target = label(depth);
  if (!target) return;
  std::span<const ValueType> types = target->label_types();
  if (op == Op::BrOnNull) {
    ValueType reference = pop_reference();
    instruction_.type = reference;
    pop_types(types);
    push_types(types);
    push(reference.with_nullable(false));
  } else {
    if (types.empty() || !types.back().is_ref())
      return type_mismatch("a label that takes a reference last",
                           types.empty() ? "a label without values" : to_string(types.back()));
    instruction_.type = types.back();
    pop(types.back().with_nullable(true));
    pop_types(types.first(types.size() - 1));
    push_types(types.first(types.size() - 1));
  }
  branch(*target, depth);
}

template <class Sink>
void BodyDecoder<Sink>::decode_branch_on_cast(Op op) {
  u64 flags_offset = reader_.offset();
  u8 flags = reader_.read_byte("cast flags");
  if (flags > 3) return reader_.fail_at(flags_offset, ErrorKind::Malformed, "malformed cast flags");
  u32 depth = instruction_.index = reader_.read_u32("label index");
  ValueType from = ValueType::ref(resolve(read_heap_type(reader_)), flags & 1);
  ValueType to = ValueType::ref(resolve(read_heap_type(reader_)), flags & 2);
  Frame* target = label(depth);
  if (!target) return;
  std::span<const ValueType> types = target->label_types();
  if (!registry_.is_subtype(to, from)) return type_mismatch("a subtype of " + to_string(from), to_string(to));
  // What is left of `from` where the cast does not succeed.
  ValueType rest = to.is_nullable() ? from.with_nullable(false) : from;
  ValueType taken = op == Op::BrOnCast ? to : rest;
  if (types.empty() || !registry_.is_subtype(taken, types.back()))
    return type_mismatch("a label that takes " + to_string(taken) + " last",
                         types.empty() ? "a label without values" : to_string(types.back()));
  instruction_.type = to;
  pop(from);
  pop_types(types.first(types.size() - 1));
  push_types(types.first(types.size() - 1));
  push(op == Op::BrOnCast ? rest : to);
  branch(*target, depth);
}

template <class Sink>
void BodyDecoder<Sink>::decode_call(Op op) {
  const RegisteredType* callee = nullptr;
  u32 index = instruction_.index = reader_.read_u32("function or type index");
  switch (op) {
    case Op::Call:
    case Op::ReturnCall:
      if (!ok() || !check_index("function", index, module_.functions.size())) return;
      callee = &module_.function_type(index);
      break;
    case Op::CallRef:
    case Op::ReturnCallRef:
      if (!ok()) return;
      callee = function_type(index);
      if (!callee) return;
      pop(ValueType::ref(HeapType::concrete(callee->id), true));
      break;
    default: {  // CallIndirect, ReturnCallIndirect
      u32 table = instruction_.index2 = reader_.read_u32("table index");
      if (!ok() || !check_index("table", table, module_.tables.size())) return;
      const TableType& type = module_.tables[table].type;
      if (!registry_.is_subtype(type.element, kFuncRef))
        return type_mismatch("a table of functions", "a table of " + to_string(type.element));
      callee = function_type(index);
      if (!callee) return;
      pop(value_type_of(type.limits.address));
    }
  }
  pop_types(callee->type.params);
  if (op == Op::Call || op == Op::CallIndirect || op == Op::CallRef) {
    push_types(callee->type.results);
  } else {
    check_match(callee->type.results, frames_[0].results(), "the callee's results");
    mark_unreachable();
  }
  tell();
}

template <class Sink>
void BodyDecoder<Sink>::decode_throw() {
  u32 index = instruction_.index = reader_.read_u32("tag index");
  if (!ok() || !check_index("tag", index, module_.tags.size())) return;
  pop_types(registry_.get(module_.tags[index].type).type.params);
  mark_unreachable();
  tell();
}

}  // namespace brink
