#include "engine/validate/side_table.h"

#include <algorithm>

#include "engine/validate/body_decoder.h"
#include "engine/validate/validator.h"

namespace brink {
namespace {

constexpr u32 kNone = ~u32{0};

// Writes the side table and stamps the copy of the code. Entries whose target is still ahead hang in a chain that
// starts in the target's label: until they are resolved, pc_delta holds their instruction's pc and entry_delta the next
// entry of the chain.
class SideTableSink : public NullSink {
 public:
  struct Label {
    u32 pending = kNone;  // chain of the branches to the label
    u32 pc = 0;           // Loop: its first body instruction
    u32 regions = 0;      // try regions around what is in the block
    u32 entry = 0;        // Loop: the first entry of its body; If: its own entry
  };
  using Frame = ControlFrame<Label>;

  SideTableSink(const ModuleInfo& module, const PrepareOptions& options) {
    plain_memory0_ = options.memory0_guarded && !module.memories.empty() &&
                     module.memories[0].limits.address == AddressType::I32 && module.memories[0].page_size_log2 == 16;
  }

  void on_start(const BodyState& state, std::span<const u8> code, u32 code_offset) {
    out_.code = std::make_unique_for_overwrite<u8[]>(code.size());
    std::copy(code.begin(), code.end(), out_.code.get());
    out_.code_size = static_cast<u32>(code.size());
    out_.code_offset = code_offset;
    out_.local_slot_count = state.local_slot_count();
    if (state.local_slot_count() == state.locals().size()) return;
    u32 slot = 0;
    out_.local_slots.reserve(state.locals().size());
    for (ValueType type : state.locals()) {
      out_.local_slots.push_back(slot);
      slot += type.slots();
    }
  }

  void on_local(const Instruction& instruction) {
    if (out_.local_slots.empty()) [[likely]]
      return;
    u8 which = static_cast<u8>(static_cast<u32>(instruction.op) - static_cast<u32>(Op::LocalGet));
    if (instruction.type == kV128) stamp(instruction.pc, Stamp::LocalGetV128, which);
    else if (out_.local_slots[instruction.index] != instruction.index)
      stamp(instruction.pc, Stamp::LocalGetMapped, which);
  }

  void on_global(const Instruction& instruction) {
    if (instruction.type == kV128)
      stamp(instruction.pc, instruction.op == Op::GlobalGet ? Stamp::GlobalGetV128 : Stamp::GlobalSetV128);
  }

  void on_drop_or_select(const Instruction& instruction) {
    if (instruction.type != kV128 || instruction.op == Op::SelectT) return;
    stamp(instruction.pc, instruction.op == Op::Drop ? Stamp::DropV128 : Stamp::SelectV128);
  }

  void on_memory_access(const Instruction& instruction) {
    if (!plain_memory0_ || instruction.index != 0 || instruction.is_long_alignment)
      stamp(instruction.pc, Stamp::GeneralAccess);
  }

  void on_block(const Instruction& instruction, Frame& frame, u32 body) {
    switch (instruction.op) {
      case Op::Loop:
        frame.label.pc = body;
        frame.label.entry = next_entry();
        break;
      case Op::If:
        frame.label.entry = next_entry();
        add_entry(instruction, kNone, frame, frame.param_slots());
        break;
      case Op::Try:
        region_.kind = TryRegion::Kind::Try;
        region_.height = out_.local_slot_count + frame.height;
        [[fallthrough]];
      case Op::TryTable:
        region_.begin = body;
        region_.opcode = instruction.pc;
        open_regions_.push_back(std::move(region_));
        region_ = {};
        break;
      default: break;
    }
    frame.label.regions = static_cast<u32>(open_regions_.size());
  }

  void on_else(const Instruction& instruction, Frame& frame, u32 next) {
    leave_arm(instruction, frame);
    resolve_entry(frame.label.entry, next);
  }

  void on_legacy_catch(const Instruction& instruction, Frame& frame, u32 next) {
    leave_arm(instruction, frame);
    TryRegion& region = open_regions_.back();
    if (frame.kind == Op::Try) region.end = instruction.pc;
    region.clauses.push_back({instruction.index, instruction.op == Op::CatchAll, false, next, next_entry()});
  }

  void on_end(const Instruction& instruction, Frame& frame, u32 next) {
    if (frame.kind == Op::If) resolve_entry(frame.label.entry, next);
    if (frame.has_caught_exception()) {
      leave_arm(instruction, frame);
      stamp(instruction.pc, Stamp::CatchEnd);
    }
    resolve_chain(frame.label, next);
    if (frame.kind == Op::TryTable) open_regions_.back().end = instruction.pc;
    if (frame.kind == Op::TryTable || frame.kind == Op::Try || frame.has_caught_exception()) close_region();
  }

  void on_delegate(const Instruction& instruction, Frame& frame, Frame& target, u32 next) {
    resolve_chain(frame.label, next);
    TryRegion& region = open_regions_.back();
    region.kind = TryRegion::Kind::Delegate;
    region.end = instruction.pc;
    region.target = target.label.regions;
    close_region();
  }

  void on_rethrow(const Instruction&, Frame& target) {
    out_.side.push_back({0, 0, SideEntry::pack(out_.local_slot_count + target.height, 0)});
  }

  void on_function_end(const Instruction& instruction, Frame& frame) {
    resolve_chain(frame.label, instruction.pc);
    stamp(instruction.pc, Stamp::FunctionEnd);
  }

  void on_branch(const Instruction& instruction, Frame& target, u32) {
    u32 index = next_entry();
    if (target.kind == Op::Loop) {
      add_entry(instruction, 0, target, target.label_slots());
      SideEntry& entry = out_.side.back();
      entry.pc_delta = static_cast<i32>(target.label.pc - instruction.pc);
      entry.entry_delta = static_cast<i32>(target.label.entry - index);
    } else {
      add_entry(instruction, target.label.pending, target, target.label_slots());
      target.label.pending = index;
    }
  }

  void on_catch(const Instruction& instruction, const CatchClauseCode& clause, Frame& target) {
    if (region_.clauses.empty()) region_.first_entry = next_entry();
    region_.clauses.push_back({clause.tag, clause.is_all, clause.has_ref});
    on_branch(instruction, target, clause.label);
  }

  PreparedCode take() { return std::move(out_); }

 private:
  u32 next_entry() const { return static_cast<u32>(out_.side.size()); }

  void add_entry(const Instruction& instruction, u32 chained, const Frame& target, u32 keep) {
    out_.side.push_back({static_cast<i32>(instruction.pc), static_cast<i32>(chained),
                         SideEntry::pack(out_.local_slot_count + target.height, keep)});
  }

  // The jump from the end of an arm to after the block's `end`.
  void leave_arm(const Instruction& instruction, Frame& frame) {
    u32 index = next_entry();
    add_entry(instruction, frame.label.pending, frame, frame.result_slots());
    frame.label.pending = index;
  }

  // Inner regions close before outer ones.
  void close_region() {
    TryRegion& region = open_regions_.back();
    region.depth = static_cast<u32>(open_regions_.size() - 1);
    if (!region.clauses.empty() || region.kind == TryRegion::Kind::Delegate)
      out_.try_regions.push_back(std::move(region));
    open_regions_.pop_back();
  }

  void resolve_entry(u32 index, u32 target_pc) {
    SideEntry& entry = out_.side[index];
    entry.pc_delta = static_cast<i32>(target_pc) - entry.pc_delta;
    entry.entry_delta = static_cast<i32>(next_entry() - index);
  }

  void resolve_chain(Label& label, u32 target_pc) {
    for (u32 index = label.pending; index != kNone;) {
      u32 next = static_cast<u32>(out_.side[index].entry_delta);
      resolve_entry(index, target_pc);
      index = next;
    }
  }

  void stamp(u32 pc, Stamp first, u8 which = 0) { out_.code[pc] = static_cast<u8>(static_cast<u8>(first) + which); }

  bool plain_memory0_ = false;
  PreparedCode out_;
  TryRegion region_;  // its clauses are being read
  std::vector<TryRegion> open_regions_;
};

}  // namespace

u8 stamp_original(u8 stamp) {
  switch (static_cast<Stamp>(stamp)) {
    case Stamp::GeneralAccess: return 0;
    case Stamp::FunctionEnd:
    case Stamp::CatchEnd: return 0x0B;
    case Stamp::DropV128: return 0x1A;
    case Stamp::SelectV128: return 0x1B;
    case Stamp::LocalGetV128:
    case Stamp::LocalGetMapped: return 0x20;
    case Stamp::LocalSetV128:
    case Stamp::LocalSetMapped: return 0x21;
    case Stamp::LocalTeeV128:
    case Stamp::LocalTeeMapped: return 0x22;
    case Stamp::GlobalGetV128: return 0x23;
    case Stamp::GlobalSetV128: return 0x24;
  }
  return stamp;
}

Result<PreparedCode> prepare_function(const ModuleInfo& module, u32 function_index, const PrepareOptions& options) {
  SideTableSink sink(module, options);
  const RegisteredType& type = module.function_type(function_index);
  BodyDecoder<SideTableSink> decoder(module, module.functions[function_index].body, sink, body_scratch());
  if (auto decoded = decoder.decode_function(type); !decoded) return std::unexpected(decoded.error());
  PreparedCode prepared = sink.take();
  prepared.param_slots = type.param_slots;
  prepared.result_slots = type.result_slots;
  prepared.max_operand_slots = decoder.max_operand_slots();
  return prepared;
}

}  // namespace brink
