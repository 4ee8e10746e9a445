#include "engine/validate/body_state.h"

#include <algorithm>

#include "engine/validate/side_table.h"

namespace brink {

BodyScratch& body_scratch() {
  // What one enormous body needed is not kept for the life of the thread.
  constexpr size_t kKeptOperands = 64 * 1024;
  thread_local BodyScratch scratch;
  constexpr size_t kKeptFrameBytes = 256 * 1024;
  if (scratch.operands.size() > kKeptOperands || scratch.frames.size > kKeptFrameBytes) scratch = {};
  return scratch;
}

// Operand stack.

void BodyState::raise_high_water() {
  std::vector<ValueType>& slots = scratch_.operands;
  size_t used = static_cast<size_t>(top_ - slots.data());
  if (used == slots.size()) {
    size_t base = static_cast<size_t>(base_ - slots.data());
    slots.resize(std::max<size_t>(256, 2 * used));
    top_ = slots.data() + used;
    base_ = slots.data() + base;
    find_room();
  }
  high_ = top_ + 1;
  if (used + 1 > SideEntry::kMaxHeight - local_slot_count_)
    fail_here(ErrorKind::Limit,
              "the function needs more than " + std::to_string(SideEntry::kMaxHeight) + " value-stack slots");
}

void BodyState::find_room() {
  auto most = std::min<size_t>(scratch_.operands.size(), SideEntry::kMaxHeight - local_slot_count_);
  room_end_ = scratch_.operands.data() + most;
}

ValueType BodyState::pop_unlike(ValueType expected) {
  if (top_ == base_) {
    if (!unreachable_ && ok()) type_mismatch(to_string(expected), "an empty operand stack");
    return kBottom;
  }
  ValueType actual = top_[-1];
  if (ok() && !registry_.is_subtype(actual, expected)) type_mismatch(to_string(expected), to_string(actual));
  top_ -= actual.slots();
  return actual;
}

ValueType BodyState::pop_any() {
  if (top_ == base_) {
    if (!unreachable_ && ok()) type_mismatch("a value", "an empty operand stack");
    return kBottom;
  }
  ValueType actual = top_[-1];
  top_ -= actual.slots();
  return actual;
}

ValueType BodyState::pop_reference() {
  ValueType type = pop_any();
  if (type.is_ref()) return type;
  if (!type.is_bottom() && ok()) type_mismatch("a reference", to_string(type));
  return ValueType::ref(AbstractHeap::Bottom, false);
}

void BodyState::pop_repeated(ValueType type, u32 count) {
  for (; count > 0 && ok(); --count) {
    if (top_ == base_ && unreachable_) return;
    pop(type);
  }
}

void BodyState::check_top(std::span<const ValueType> types) {
  const ValueType* top = top_;
  for (size_t i = types.size(); i-- > 0 && ok();) {
    if (top == base_) {
      if (!unreachable_) type_mismatch(to_string(types[i]), "an empty operand stack");
      return;
    }
    ValueType actual = top[-1];
    if (!registry_.is_subtype(actual, types[i])) type_mismatch(to_string(types[i]), to_string(actual));
    top -= actual.slots();
  }
}

bool BodyState::check_match(std::span<const ValueType> sub, std::span<const ValueType> super, const char* what) {
  auto list = [](std::span<const ValueType> types) {
    std::string text = "[";
    for (ValueType type : types) text += (text.size() > 1 ? " " : "") + to_string(type);
    return text + "]";
  };
  bool matches = sub.size() == super.size();
  for (size_t i = 0; matches && i < sub.size(); ++i) matches = registry_.is_subtype(sub[i], super[i]);
  if (!matches && ok())
    invalid("type mismatch: " + std::string(instruction_name()) + ": " + what + " are " + list(sub) + ", expected " +
            list(super));
  return matches;
}

void BodyState::apply_signature_slowly(const OpcodeRule& rule, ValueType address) {
  for (u32 i = rule.operand_count; i-- > 0;) pop(i == 0 && rule.has_address ? address : rule.operands[i]);
  if (rule.has_result) push(rule.result);
}

// Locals (section 5.5.13).

bool BodyState::read_locals(std::span<const ValueType> parameters) {
  std::vector<ValueType>& locals = scratch_.locals;
  locals.assign(parameters.begin(), parameters.end());
  u64 total = parameters.size();
  u64 declared = 0;
  u64 start = reader_.offset();
  for (u32 groups = reader_.read_count("local declaration count", 2); groups > 0 && ok(); --groups) {
    u32 count = reader_.read_u32("local count");
    ValueTypeCode code = read_value_type(reader_);
    if (!ok()) return false;
    instruction_.pc = 0;
    code_offset_ = static_cast<u32>(start);
    ValueType type = resolve(code);
    declared += count;
    total += count;
    if (total <= kMaxLocals) locals.insert(locals.end(), count, type);
    tracks_initialization_ |= !type.is_defaultable() && count > 0;
  }
  if (declared > 0xFFFFFFFF) {
    reader_.fail_at(start, ErrorKind::Malformed, "too many locals: " + std::to_string(declared));
  } else if (total > kMaxLocals) {
    reader_.fail_at(start, ErrorKind::Limit,
                    "too many locals: " + std::to_string(total) + ", the limit is " + std::to_string(kMaxLocals));
  }
  if (!ok()) return false;
  for (ValueType type : locals) local_slot_count_ += type.slots();
  find_room();
  locals_ = locals.data();
  if (!tracks_initialization_ && local_slot_count_ == locals.size())
    common_locals_ = std::min(local_slot_count_, 0x80u);
  scratch_.initialized.clear();
  scratch_.init_order.clear();
  if (tracks_initialization_) {
    scratch_.initialized.resize(locals.size());
    for (size_t i = 0; i < locals.size(); ++i)
      scratch_.initialized[i] = i < parameters.size() || locals[i].is_defaultable();
  }
  return true;
}

// Types and index spaces.

HeapType BodyState::resolve(HeapTypeCode code) {
  if (code < 0) {
    AbstractHeap heap = abstract_heap_of(code);
    require_type(feature_of(heap), "a heap type");
    return heap;
  }
  require_type(Feature::FunctionReferences, "a reference to a defined type");
  if (static_cast<u64>(code) < module_.type_ids.size())
    return HeapType::concrete(module_.type_ids[static_cast<size_t>(code)]);
  unknown("type", static_cast<u32>(code));
  return AbstractHeap::Bottom;
}

ValueType BodyState::resolve(ValueTypeCode code) {
  switch (code.code) {
    case 0x7F: return kI32;
    case 0x7E: return kI64;
    case 0x7D: return kF32;
    case 0x7C: return kF64;
    case 0x7B: require_type(Feature::Simd, "the value type v128"); return kV128;
    default:
      require_type(code.code == ValueTypeCode::kRef ? Feature::FunctionReferences : Feature::ReferenceTypes,
                   "a value of reference type");
      return ValueType::ref(resolve(code.heap), code.code == ValueTypeCode::kRefNull);
  }
}

const RegisteredType* BodyState::composite_type(u32 index, CompositeKind kind) {
  if (!check_index("type", index, module_.type_ids.size())) return nullptr;
  const RegisteredType& type = module_.type_at(index);
  if (type.type.kind == kind) return &type;
  const char* name = kind == CompositeKind::Func ? "function" : kind == CompositeKind::Struct ? "structure" : "array";
  invalid("type mismatch: " + std::string(instruction_name()) + " needs a " + name + " type, found type " +
          std::to_string(index) + " " + type.type.describe());
  return nullptr;
}

// Plain instructions.

void BodyState::check_unusual_access(const OpcodeRule& rule) {
  MemArgCode arg = read_mem_arg(reader_, module_.features_allowed);
  instruction_.is_long_alignment = arg.is_long;
  instruction_.index = arg.memory;
  instruction_.value = arg.offset;
  if (rule.immediate == Immediate::MemArgLane) instruction_.index2 = reader_.read_byte("lane index");
  if (!ok()) return;
  if (!check_index("memory", arg.memory, module_.memories.size())) return;
  AddressType address = module_.memories[arg.memory].limits.address;
  bool is_atomic = rule.feature == Feature::Threads;
  if (arg.alignment != 0 || is_atomic || rule.immediate == Immediate::MemArgLane) {
    u32 natural = natural_alignment(instruction_.op);
    if (arg.alignment > natural)
      return invalid("alignment must not be larger than natural: found 2^" + std::to_string(arg.alignment) +
                     ", expected at most 2^" + std::to_string(natural));
    if (is_atomic && arg.alignment < natural)
      return invalid("atomic alignment must be natural: found 2^" + std::to_string(arg.alignment) + ", expected 2^" +
                     std::to_string(natural));
    if (rule.immediate == Immediate::MemArgLane && instruction_.index2 >= 16u >> natural)
      return invalid("invalid lane index " + std::to_string(instruction_.index2));
  }
  if (address == AddressType::I32) [[likely]] {
    if (arg.offset > 0xFFFFFFFF) return invalid("offset out of range: found " + std::to_string(arg.offset));
    return apply_signature(rule);
  }
  apply_signature_slowly(rule, kI64);
}

void BodyState::check_simple(const OpcodeRule& rule) {
  switch (rule.immediate) {
    case Immediate::F32: instruction_.value = reader_.read_fixed_u32("f32 constant"); break;
    case Immediate::F64: instruction_.value = reader_.read_fixed_u64("f64 constant"); break;
    case Immediate::V128: reader_.read_bytes(16, "v128 constant"); break;
    case Immediate::Shuffle:
      for (u8 lane : reader_.read_bytes(16, "lane indices"))
        if (lane >= 32) return invalid("invalid lane index " + std::to_string(lane));
      break;
    case Immediate::Lane:
      instruction_.index2 = reader_.read_byte("lane index");
      if (instruction_.index2 >= rule.lanes)
        return invalid("invalid lane index " + std::to_string(instruction_.index2));
      break;
    case Immediate::Fence: read_fence(reader_); break;
    default: break;
  }
  if (ok()) apply_signature(rule);
}

void BodyState::check_select_typed() {
  u32 count = reader_.read_count("type count");
  ValueType type = kBottom;
  for (u32 i = 0; i < count && ok(); ++i) type = resolve(read_value_type(reader_));
  if (!ok()) return;
  if (count != 1) return invalid("invalid result arity: select has " + std::to_string(count) + " types, expected 1");
  pop(kI32);
  pop(type);
  pop(type);
  push(type);
  instruction_.type = type;
}

// Errors.

void BodyState::fail_here(ErrorKind kind, std::string message) {
  reader_.fail_at(u64{code_offset_} + instruction_.pc, kind, std::move(message));
}

void BodyState::unknown(const char* what, u32 index) {
  if (ok()) invalid("unknown " + std::string(what) + " " + std::to_string(index));
}

void BodyState::type_mismatch(const std::string& expected, const std::string& found) {
  std::string name = instruction_.op == Op::End ? "the end of the block" : std::string(instruction_name());
  invalid("type mismatch: " + name + " expects " + expected + ", found " + found);
}

void BodyState::refuse_type(Feature feature, const char* what) {
  fail_here(ErrorKind::Unsupported,
            std::string(what) + " needs the " + feature_name(feature) + " proposal, which is not enabled");
}

void BodyState::unsupported(Feature feature) {
  fail_here(ErrorKind::Unsupported, std::string(instruction_name()) + " needs the " + feature_name(feature) +
                                        " proposal, which is not enabled");
}

}  // namespace brink
