// The walk over a function body or constant expression, with the validation algorithm of the specification (appendix
// "Validation Algorithm"), for whichever sink listens: validation only, the interpreter's side table, a compiler.
//
// No recursion: blocks nest on the control stack, whose memory is proportional to the code. No allocation an
// instruction: stacks grow and stay. Errors are the reader's (body_state.h).
#pragma once
#include <cstring>
#include <type_traits>

#include "engine/validate/sink.h"

namespace brink {

template <class Sink>
class BodyDecoder : public BodyState {
 public:
  using Frame = ControlFrame<typename Sink::Label>;

  // `range` holds the local declarations and the code; the sink and the scratch must outlive the decoder.
  BodyDecoder(const ModuleInfo& module, ByteRange range, Sink& sink, BodyScratch& scratch)
      : BodyState(module, range, scratch), sink_(sink), features_(module.features_allowed), frames_(scratch.frames) {}

  Result<void> decode_function(const RegisteredType& type) {
    if (range_.size > 0x7FFFFFFF)
      return fail(ErrorKind::Limit, "function body of " + std::to_string(range_.size) + " bytes", range_.offset);
    read_locals(type.type.params);
    Frame frame;
    frame.type = &type;
    return decode_expression(frame);
  }

  // Returns the size with the closing `end`.
  Result<u32> decode_constant_expression(ValueType expected) {
    is_constant_expression_ = true;
    Frame frame;
    frame.single = expected;
    if (auto done = decode_expression(frame); !done) return std::unexpected(done.error());
    return pc();
  }

 private:
  Result<void> decode_expression(Frame& frame);

  // The commonest instructions (common_forms.h).

  // Bytes that may be read from where an instruction begins.
  static constexpr size_t kLookAhead = 16;

  static constexpr bool kHasOwnRun = !std::is_same_v<typename Sink::OwnRun, NullSink::NoRun>;
  friend typename Sink::OwnRun;

  const u8* decode_common(const u8* p, ValueType*& top);
  // Is no opcode, and continues no immediate.
  static constexpr u8 kNoInstruction = 0xFF;
  static_assert(kCommonForms[kNoInstruction] == CommonForm::None);

  // For sinks that may ask for the operands.
  void tell_height(ValueType* top) {
    if constexpr (Sink::kListens) top_ = top;
  }

  Frame& push_common_frame(Op kind, u8 block_type, ValueType* top);
  Frame* common_target(u8 depth);
  bool is_common_end(const Frame& frame, const ValueType* top) const;

  // The general rules: of every instruction, in whatever form.

  [[gnu::noinline]] void decode_general();
  void decode_instruction(Op op, const OpcodeRule& rule);

  // Control.

  bool read_block_signature(Frame& frame);
  void begin_block(Op kind);
  void push_frame(Frame& frame, Op kind);
  void begin_else();
  void end_block();
  void leave_block();
  // Back to the block around it, with its operands and what is left on top of them.
  void pop_frame() {
    frames_.pop();
    set_base(frames_.back().base_height());
    unreachable_ = frames_.back().unreachable;
  }
  void read_catch_clauses();
  Frame* label(u32 depth);
  bool check_kept(const Frame& target);
  void branch(Frame& target, u32 depth);
  void decode_branch(Op op);
  void decode_branch_table();
  void decode_branch_on_reference(Op op);
  void decode_branch_on_cast(Op op);
  void decode_call(Op op);
  void decode_throw();

  // Legacy exceptions (legacy_rules.h).

  void begin_legacy_catch(Op op);
  void end_with_delegate();
  void decode_rethrow();

  // Variables and parametric instructions.

  [[gnu::always_inline]] void decode_local(Op op);
  void decode_global(Op op);
  void decode_drop();
  void decode_select();

  void tell() {
    if (ok()) sink_.on_instruction(instruction_);
  }

  Sink& sink_;
  // What the common forms read: the code from view_offset_ on.
  u32 pc_of(const u8* p) const { return static_cast<u32>(p - view_) + view_offset_; }

  const FeatureSet features_;
  const u8* view_ = nullptr;
  u32 view_offset_ = 0;
  bool finished_ = false;
  FrameStack<Frame> frames_;
};

template <class Sink>
Result<void> BodyDecoder<Sink>::decode_expression(Frame& frame) {
  constexpr bool kIsFunction = !Sink::kIsConstantExpression;
  code_begin_ = reader_.position();
  code_offset_ = static_cast<u32>(reader_.offset());
  if (ok()) {
    sink_.on_start(*this, {code_begin_, reader_.remaining()}, code_offset_);
    push_frame(frame, Op::End);
  }
  // The common forms read ahead: in the code itself up to common_end, and its last bytes in a copy, behind which
  // nothing is an instruction.
  constexpr bool kHasCommonForms = kIsFunction && Sink::kTakesCommonForms;
  u8 last_bytes[2 * kLookAhead];
  const u8* p = view_ = code_begin_;
  const u8* common_end = reader_.remaining() >= kLookAhead ? reader_.end() - (kLookAhead - 1) : p;
  if (!kHasCommonForms) common_end = p;
  while (!finished_) {
    ValueType* top = top_;
    while (p < common_end) {
      if constexpr (kHasOwnRun) {
        if (sink_.takes_own_run()) p = Sink::OwnRun::run(sink_, *this, p, common_end, top);
        if (p >= common_end) break;
      }
      const u8* next = decode_common(p, top);
      if (!next) break;
      p = next;
    }
    top_ = top;
    if (kHasCommonForms && p >= common_end && view_ != last_bytes) {
      view_offset_ = static_cast<u32>(p - code_begin_);
      auto left = static_cast<size_t>(reader_.end() - p);
      std::memcpy(last_bytes, p, left);
      std::memset(last_bytes + left, kNoInstruction, kLookAhead);
      p = view_ = last_bytes;
      common_end = last_bytes + left;
      continue;
    }
    reader_.move_to(code_begin_ + pc_of(p));
    if (reader_.at_end()) break;
    decode_general();
    p = view_ + (pc() - view_offset_);
  }
  if (ok() && !finished_)
    reader_.fail_at(range_.end(), ErrorKind::Malformed, missing_end_message(module_, range_.end(), kIsFunction));
  if (ok()) [[likely]]
    return {};
  Error error = reader_.take_error();
  if (error.kind == ErrorKind::Invalid)
    if (std::optional<Error> malformed = find_malformed(module_, range_, kIsFunction))
      return std::unexpected(std::move(*malformed));
  return std::unexpected(std::move(error));
}

template <class Sink>
void BodyDecoder<Sink>::decode_general() {
  instruction_.pc = pc();
  u8 byte = reader_.read_byte("opcode");
  Op op = kOpOfByte[byte];
  if (op == Op::kUnknown) [[unlikely]] {
    op = read_unusual_opcode(reader_, byte, u64{code_offset_} + instruction_.pc);
    if (op == Op::kUnknown || !ok()) return;
  }
  instruction_.op = op;
  const OpcodeRule& rule = kOpcodeRules[static_cast<u32>(op)];
  if (!features_.has(rule.feature)) [[unlikely]] {
    if (!is_enabled(op, features_)) return unsupported(rule.feature);
  }
  if constexpr (Sink::kIsConstantExpression) {
    if (!is_constant_instruction(op, features_)) {
      bool is_extended = is_constant_instruction(op, FeatureSet::all());
      return invalid("constant expression required, found " + std::string(instruction_name()) +
                     (is_extended ? ", which needs the extended-const proposal" : ""));
    }
  }
  decode_instruction(op, rule);
  if (finished_ && !Sink::kIsConstantExpression && !reader_.at_end())
    reader_.fail(ErrorKind::Malformed, "END opcode expected as the last byte of the function body");
}

template <class Sink>
inline void BodyDecoder<Sink>::decode_instruction(Op op, const OpcodeRule& rule) {
  switch (op) {
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee: return decode_local(op);
    case Op::GlobalGet:
    case Op::GlobalSet: return decode_global(op);
    case Op::I32Const:
      instruction_.value = static_cast<u32>(read_i32_constant(reader_));
      push(kI32);
      return tell();
    case Op::I64Const:
      instruction_.value = static_cast<u64>(read_i64_constant(reader_));
      push(kI64);
      return tell();
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: return begin_block(op);
    case Op::Else: return begin_else();
    case Op::End: return end_block();
    case Op::Br:
    case Op::BrIf: return decode_branch(op);
    case Op::BrTable: return decode_branch_table();
    case Op::BrOnNull:
    case Op::BrOnNonNull: return decode_branch_on_reference(op);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return decode_branch_on_cast(op);
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef: return decode_call(op);
    case Op::Return:
      pop_types(frames_[0].results());
      mark_unreachable();
      return tell();
    case Op::Unreachable: mark_unreachable(); return tell();
    case Op::Throw: return decode_throw();
    case Op::ThrowRef:
      pop(kExnRef);
      mark_unreachable();
      return tell();
    case Op::Drop: return decode_drop();
    case Op::Select: return decode_select();
    case Op::SelectT:
      check_select_typed();
      if (ok()) sink_.on_drop_or_select(instruction_);
      return;
    case Op::Catch:
    case Op::CatchAll: return begin_legacy_catch(op);
    case Op::Delegate: return end_with_delegate();
    case Op::Rethrow: return decode_rethrow();
    default: break;
  }
  if (rule.special) {
    check_rare(op);
    return tell();
  }
  switch (rule.immediate) {
    case Immediate::None: apply_signature(rule); return tell();
    case Immediate::MemArg:
    case Immediate::MemArgLane:
      check_memory_access(rule);
      if (ok()) sink_.on_memory_access(instruction_);
      return;
    default: check_simple(rule); return tell();
  }
}

}  // namespace brink

#include "engine/validate/common_forms.h"
#include "engine/validate/control_rules.h"
#include "engine/validate/legacy_rules.h"
#include "engine/validate/variable_rules.h"
