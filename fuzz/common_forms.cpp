#include <vector>

#include "engine/validate/body_decoder.h"
#include "fuzz/targets.h"

namespace brink::fuzz {
namespace {

// Writes down all that a sink is told, and what it may ask of the decoder then.
template <bool kCommon>
class RecordingSink : public NullSink {
 public:
  static constexpr bool kTakesCommonForms = kCommon;

  void on_start(const BodyState& state, std::span<const u8>, u32 code_offset) {
    state_ = &state;
    events.push_back(code_offset);
  }
  void on_instruction(const Instruction& i) { record(1, i); }
  void on_local(const Instruction& i) { record(2, i); }
  void on_global(const Instruction& i) { record(3, i); }
  void on_drop_or_select(const Instruction& i) { record(4, i); }
  void on_memory_access(const Instruction& i) { record(5, i); }
  template <class Frame>
  void on_block(const Instruction& i, Frame& frame, u32 body) {
    record(6, i);
    record_frame(frame);
    events.push_back(body);
  }
  template <class Frame>
  void on_else(const Instruction& i, Frame& frame, u32 next) {
    record(7, i);
    record_frame(frame);
    events.push_back(next);
  }
  template <class Frame>
  void on_legacy_catch(const Instruction& i, Frame& frame, u32 next) {
    record(8, i);
    record_frame(frame);
    events.push_back(next);
  }
  template <class Frame>
  void on_end(const Instruction& i, Frame& frame, u32 next) {
    record(9, i);
    record_frame(frame);
    events.push_back(next);
  }
  template <class Frame>
  void on_delegate(const Instruction& i, Frame& frame, Frame& target, u32 next) {
    record(10, i);
    record_frame(frame);
    record_frame(target);
    events.push_back(next);
  }
  template <class Frame>
  void on_rethrow(const Instruction& i, Frame& target) {
    record(11, i);
    record_frame(target);
  }
  template <class Frame>
  void on_function_end(const Instruction& i, Frame& frame) {
    record(12, i);
    record_frame(frame);
  }
  template <class Frame>
  void on_branch(const Instruction& i, Frame& target, u32 depth) {
    record(13, i);
    record_frame(target);
    events.push_back(depth);
  }
  void on_branch_table(const Instruction& i, u32 targets) {
    record(14, i);
    events.push_back(targets);
  }
  template <class Frame>
  void on_catch(const Instruction& i, const CatchClauseCode& clause, Frame& target) {
    record(15, i);
    record_frame(target);
    events.push_back(u64{clause.tag} << 2 | (clause.is_all ? 2u : 0u) | (clause.has_ref ? 1u : 0u));
  }

  std::vector<u64> events;

 private:
  void record(u64 member, const Instruction& i) {
    events.push_back(member << 32 | u64{static_cast<u16>(i.op)} << 8 | (i.is_long_alignment ? 1u : 0u));
    events.push_back(u64{i.pc} << 32 | i.index);
    events.push_back(u64{i.type.bits()} << 32 | i.index2);
    events.push_back(i.value);
    events.push_back(u64{state_->operand_height()} << 32 | state_->next_pc());
    events.push_back(state_->max_operand_slots());
  }
  template <class Frame>
  void record_frame(const Frame& frame) {
    events.push_back(u64{frame.height} << 32 | frame.init_height);
    events.push_back(u64{static_cast<u16>(frame.kind)} << 32 | u64{frame.label_slots()} << 16 | frame.result_slots());
  }

  const BodyState* state_ = nullptr;
};

struct Recording {
  std::vector<u64> events;
  Result<void> result;
  u32 max_operand_slots;
};

template <bool kCommon>
Recording record_function(const ModuleInfo& module, u32 function_index) {
  RecordingSink<kCommon> sink;
  BodyDecoder<RecordingSink<kCommon>> decoder(module, module.functions[function_index].body, sink, body_scratch());
  Result<void> result = decoder.decode_function(module.function_type(function_index));
  return {std::move(sink.events), std::move(result), decoder.max_operand_slots()};
}

}  // namespace

void check_common_forms(const ModuleInfo& module, u32 function_index) {
  Recording common = record_function<true>(module, function_index);
  Recording general = record_function<false>(module, function_index);
  check(common.result.has_value() == general.result.has_value(), "common forms and general rules disagree");
  if (!common.result)
    check(common.result.error().offset == general.result.error().offset &&
              common.result.error().message == general.result.error().message,
          "common forms and general rules report different errors");
  check(common.events == general.events, "common forms tell a sink something else than general rules");
  check(common.max_operand_slots == general.max_operand_slots, "common forms count operands differently");
}

}  // namespace brink::fuzz
