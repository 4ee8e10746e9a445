// The part of the validation algorithm that does not know who listens: the operand stack, the locals, the module's
// index spaces and the errors. BodyDecoder adds the control stack and the walk over the code.
//
// The operand stack is flat and counts slots, not values: a v128 stands in it twice, so that an index into it is a
// height in the frame that runs later. Failure is the reader's: the first error moves the reader to its end, so that
// the walk stops by itself; until it does, every operation here stays safe on whatever the stack holds.
#pragma once
#include <vector>

#include "engine/base/error.h"
#include "engine/base/reader.h"
#include "engine/module/module_info.h"
#include "engine/module/opcodes.h"
#include "engine/validate/control_frame.h"
#include "engine/validate/immediates.h"
#include "engine/validate/opcode_rules.h"

namespace brink {

// An instruction as the sink gets it. Fields that its immediates do not fill are left from earlier instructions.
struct Instruction {
  Op op = Op::Nop;
  bool is_long_alignment = false;  // memory access: the alignment immediate is not one byte below 0x40
  u32 pc = 0;                      // of its first byte, from the body's first instruction
  u32 index = 0;                   // the first index: local, global, function, type, table, memory, segment, label
  u32 index2 = 0;                  // the second index or count; the lane
  u64 value = 0;                   // a constant's bits, a memory offset
  ValueType type;                  // of the local, the global, what drop and select popped, a heap type's reference
};

// What validating a body needs room for; kept from one body to the next.
struct BodyScratch {
  std::vector<ValueType> operands;
  std::vector<ValueType> locals;
  std::vector<bool> initialized;  // of locals; only where some are not defaultable
  std::vector<u32> init_order;    // the locals set so far that were not initialized before
  FrameMemory frames;
};

// This thread's scratch; used by one decoder at a time. While one is at work nobody may ask for it: what was large is
// freed then. Sinks have BodyState::operands().
BodyScratch& body_scratch();

class BodyState {
 public:
  // Parameters included (JS API, implementation limits).
  static constexpr u32 kMaxLocals = 50000;

  BodyState(const ModuleInfo& module, ByteRange range, BodyScratch& scratch)
      : module_(module),
        registry_(*module.registry),
        reader_(module.bytes.subspan(range.offset, range.size), range.offset),
        range_(range),
        memory0_is_32bit_(!module.memories.empty() && module.memories[0].limits.address == AddressType::I32),
        scratch_(scratch) {
    top_ = base_ = high_ = room_end_ = scratch_.operands.data();
  }

  std::span<const ValueType> locals() const { return scratch_.locals; }
  // High-water mark of the operand stack, in slots.
  u32 max_operand_slots() const { return static_cast<u32>(high_ - scratch_.operands.data()); }
  u32 local_slot_count() const { return local_slot_count_; }
  // For sinks: slots on the operand stack now, their types, and the pc behind what has been read.
  u32 operand_height() const { return height(); }
  std::span<const ValueType> operands() const { return {scratch_.operands.data(), height()}; }
  u32 next_pc() const { return pc(); }
  // The pc of the instruction that is being told, whichever that is.
  const u32& instruction_pc() const { return instruction_.pc; }

 protected:
  u32 pc() const { return static_cast<u32>(reader_.position() - code_begin_); }
  bool ok() const { return reader_.ok(); }

  // Operand stack.

  u32 height() const { return static_cast<u32>(top_ - scratch_.operands.data()); }
  void set_base(u32 height) { base_ = scratch_.operands.data() + height; }
  void set_top(u32 height) { top_ = scratch_.operands.data() + height; }

  void push(ValueType type) {
    push_slot(type);
    if (type == kV128) push_slot(type);
  }
  // Returns the type found, which is a subtype of `expected`; bottom in unreachable code.
  ValueType pop(ValueType expected) {
    if (top_ != base_) [[likely]] {
      ValueType actual = top_[-1];
      if (actual == expected) [[likely]] {
        top_ -= actual.slots();
        return actual;
      }
    }
    return pop_unlike(expected);
  }
  ValueType pop_any();
  // Bottom becomes the non-null reference to the bottom heap type.
  ValueType pop_reference();
  void push_types(std::span<const ValueType> types) {
    for (ValueType type : types) push(type);
  }
  void pop_types(std::span<const ValueType> types) {
    for (size_t i = types.size(); i-- > 0;) pop(types[i]);
  }
  // `count` comes from outside and may be larger than the stack.
  void pop_repeated(ValueType type, u32 count);
  // As popping and pushing what was popped.
  void check_top(std::span<const ValueType> types);
  void mark_unreachable() {
    top_ = base_;
    unreachable_ = true;
  }
  // `matches(a, b)`: subtyping of result types; reports `what` where it does not hold.
  bool check_match(std::span<const ValueType> sub, std::span<const ValueType> super, const char* what);

  // Takes the operands and pushes the result of an instruction with a plain signature.
  [[gnu::always_inline]] void apply_signature(const OpcodeRule& rule) {
    switch (rule.operand_slots) {
      case 0: break;
      case 1:
        if (top_ == base_ || top_[-1] != rule.pattern[1]) [[unlikely]]
          return apply_signature_slowly(rule, kI32);
        --top_;
        break;
      case 2:
        if (top_ - base_ < 2 || top_[-1] != rule.pattern[1] || top_[-2] != rule.pattern[0]) [[unlikely]]
          return apply_signature_slowly(rule, kI32);
        top_ -= 2;
        break;
      default: return apply_signature_slowly(rule, kI32);
    }
    if (rule.has_result) push(rule.result);
  }
  void apply_signature_slowly(const OpcodeRule& rule, ValueType address);

  // For common_forms.h.

  static constexpr u8 kEmptyBlockType = 0x40;

  // Whether the block's top operands are exactly these, of a slot each.
  bool holds(const ValueType* top, ValueType type) const { return top != base_ && top[-1] == type; }
  bool holds(const ValueType* top, ValueType below, ValueType type) const {
    return top - base_ >= 2 && top[-1] == type && top[-2] == below;
  }
  bool holds(const ValueType* top, const RegisteredType& function) const {
    std::span<const ValueType> params = function.type.params;
    if (function.param_slots != params.size() || static_cast<size_t>(top - base_) < params.size()) return false;
    const ValueType* operands = top - params.size();
    for (size_t i = 0; i < params.size(); ++i)
      if (operands[i] != params[i]) return false;
    return true;
  }
  // Room for one more; false too where that takes more memory or is more than a frame may have.
  bool has_room(ValueType* top) {
    if (top == high_) [[unlikely]] {
      if (top == room_end_) return false;
      high_ = top + 1;
    }
    return true;
  }
  void find_room();
  // A u32 or s32 and its length, with linkers' padding to five bytes; length 0 where it must be looked at closely.
  struct CommonImmediate {
    u32 value;
    u32 size;
  };
  static CommonImmediate common_index(const u8* p) {
    if (p[0] < 0x80) return {p[0], 1};
    u32 value = (p[0] & 0x7Fu) | (p[1] & 0x7Fu) << 7;
    if (p[1] < 0x80) return {value, 2};
    value |= (p[2] & 0x7Fu) << 14;
    if (p[2] < 0x80) return {value, 3};
    value |= (p[3] & 0x7Fu) << 21;
    if (p[3] < 0x80) return {value, 4};
    return {value | u32{p[4]} << 28, p[4] < 0x10 ? 5u : 0u};
  }
  static CommonImmediate common_constant(const u8* p) {
    auto extended = [](u32 value, u32 bits) {
      return static_cast<u32>(static_cast<i32>(value << (32 - bits)) >> (32 - bits));
    };
    if (p[0] < 0x80) return {extended(p[0], 7), 1};
    u32 value = (p[0] & 0x7Fu) | (p[1] & 0x7Fu) << 7;
    if (p[1] < 0x80) return {extended(value, 14), 2};
    value |= (p[2] & 0x7Fu) << 14;
    if (p[2] < 0x80) return {extended(value, 21), 3};
    value |= (p[3] & 0x7Fu) << 21;
    if (p[3] < 0x80) return {extended(value, 28), 4};
    return {value | u32{p[4]} << 28, p[4] < 0x08 ? 5u : 0u};
  }
  // A plain access to memory 0 with 32-bit addresses.
  bool is_common_access(u8 alignment, const CommonRule& rule) const {
    return memory0_is_32bit_ && alignment < rule.alignments;
  }
  // Empty, or a number type.
  static bool is_common_block_type(u8 code) { return code == kEmptyBlockType || (code >= 0x7C && code <= 0x7F); }
  static ValueType number_type_of(u8 code) { return static_cast<TypeKind>(0x7F - code); }
  void set_common_access(u32 offset) {
    instruction_.is_long_alignment = false;
    instruction_.index = 0;
    instruction_.value = offset;
  }

  // Locals.

  bool read_locals(std::span<const ValueType> parameters);
  bool is_initialized(u32 local) const { return !tracks_initialization_ || scratch_.initialized[local]; }
  void mark_initialized(u32 local) {
    if (scratch_.initialized[local]) return;
    scratch_.initialized[local] = true;
    scratch_.init_order.push_back(local);
  }
  void forget_initialized(u32 keep) {
    while (scratch_.init_order.size() > keep) {
      scratch_.initialized[scratch_.init_order.back()] = false;
      scratch_.init_order.pop_back();
    }
  }

  // Types and index spaces: each reports what does not exist and then returns null, or a value that is safe to go on
  // with.

  HeapType resolve(HeapTypeCode code);
  ValueType resolve(ValueTypeCode code);
  void require_type(Feature feature, const char* what) {
    if (!module_.features_allowed.has(feature)) [[unlikely]]
      refuse_type(feature, what);
  }
  const RegisteredType* composite_type(u32 index, CompositeKind kind);
  const RegisteredType* function_type(u32 index) { return composite_type(index, CompositeKind::Func); }
  bool check_index(const char* what, u32 index, size_t size) {
    if (index < size) [[likely]]
      return true;
    unknown(what, index);
    return false;
  }

  // Immediates and operands of whole families of instructions.

  [[gnu::always_inline]] void check_memory_access(const OpcodeRule& rule) {
    // Memory 0 with 32-bit addresses, alignment and offset a byte each: nearly every access there is.
    if (reader_.remaining() >= 2 && memory0_is_32bit_) [[likely]] {
      const u8* immediates = reader_.position();
      if (immediates[0] < rule.alignments && immediates[1] < 0x80) [[likely]] {
        instruction_.is_long_alignment = false;
        instruction_.index = 0;
        instruction_.value = immediates[1];
        reader_.skip(2);
        return apply_signature(rule);
      }
    }
    check_unusual_access(rule);
  }
  void check_unusual_access(const OpcodeRule& rule);
  void check_simple(const OpcodeRule& rule);  // every other instruction with a plain signature
  void check_select_typed();
  void check_rare(Op op);  // table, bulk, wide arithmetic, reference and GC instructions without a label

  // Errors; only the first counts. The offset is the instruction's opcode.

  [[gnu::cold]] void fail_here(ErrorKind kind, std::string message);
  void invalid(std::string message) { fail_here(ErrorKind::Invalid, std::move(message)); }
  [[gnu::cold]] void unknown(const char* what, u32 index);
  [[gnu::cold]] void type_mismatch(const std::string& expected, const std::string& found);
  [[gnu::cold]] void unsupported(Feature feature);
  [[gnu::cold]] void refuse_type(Feature feature, const char* what);
  std::string_view instruction_name() const { return op_info(instruction_.op).text(); }

  const ModuleInfo& module_;
  TypeRegistry& registry_;
  Reader reader_;
  const u8* code_begin_ = nullptr;
  u32 code_offset_ = 0;  // of code_begin_ in the module
  ByteRange range_;
  const bool memory0_is_32bit_;
  Instruction instruction_;
  bool unreachable_ = false;
  bool is_constant_expression_ = false;
  bool tracks_initialization_ = false;
  const ValueType* locals_ = nullptr;
  // How many locals have an index of one byte, take one slot and may be read at any time; 0 where one takes two.
  u32 common_locals_ = 0;
  u32 local_slot_count_ = 0;
  BodyScratch& scratch_;

 private:
  void push_slot(ValueType type) {
    if (top_ == high_) [[unlikely]]
      raise_high_water();
    *top_++ = type;
  }
  [[gnu::cold]] void raise_high_water();
  ValueType pop_unlike(ValueType expected);

  void check_reference(Op op);
  void check_struct(Op op);
  void check_array(Op op);
  HeapType top_of(HeapType heap) const;
  bool check_packed_access(ValueType storage, bool is_extending);
  bool check_data_segment(u32 index);
  ValueType address_type_of_memory(u32 index);
  ValueType address_type_of_table(u32 index);

 protected:
  ValueType* top_;
  ValueType* base_;  // of the innermost block
  ValueType* high_;
  ValueType* room_end_;  // as far as high_ can go as things are
};

}  // namespace brink
