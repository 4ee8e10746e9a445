// What must hold for the quick code of any function: see check_quick_code in targets.h.
#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "engine/quicken/quickener.h"
#include "fuzz/targets.h"

namespace brink::fuzz {
namespace {

using quick::CodeOrigin;
using quick::QuickOp;

// Reads quick code by the operand letters of quick_forms.h.
class Walk {
 public:
  Walk(const PreparedCode& prepared, const std::vector<CodeOrigin>& origins)
      : prepared_(prepared), origins_(origins), is_start_(prepared.code_size + 1) {}

  void run() {
    while (at_ < prepared_.code_size) {
      is_start_[at_] = true;
      instruction();
    }
    check(at_ == prepared_.code_size, "the last quick instruction leaves the code");
    for (u32 target : targets_)
      check(target < prepared_.code_size && is_start_[target], "a branch of quick code lands inside of an instruction");
  }

  bool is_start(u32 at) const { return at < prepared_.code_size && is_start_[at]; }

 private:
  void instruction() {
    u32 opcode = take<u16>();
    check(opcode < quick::kOpcodeCount, "an unknown quick opcode");
    bool wide = opcode >= quick::kNarrowCount;
    for (char letter : quick::quick_op_operands(static_cast<QuickOp>(wide ? opcode - quick::kNarrowCount : opcode)))
      operand(letter, wide);
  }

  void operand(char letter, bool wide) {
    switch (letter) {
      case 'L': {
        u32 slot = wide ? take<u32>() : take<u8>();
        // Calls and plain instructions name the slot above their operands.
        check(slot <= prepared_.local_slot_count + prepared_.max_operand_slots, "a slot lies outside of the frame");
        break;
      }
      case 'b':
      case 'o': take<u8>(); break;
      case 'd':
      case 'O':
      case 'i': take<u32>(); break;
      case 'q': take<u64>(); break;
      case 'v': take<u64>(), take<u64>(); break;
      case 'j': branch(); break;
      case 't':
        for (u32 count = take<u32>() + 1; count > 0; --count) branch();
        break;
      default: {  // 'p', which ends an instruction
        auto next = std::upper_bound(origins_.begin(), origins_.end(), at_,
                                     [](u32 from, const CodeOrigin& origin) { return from < origin.quick; });
        u32 end = next == origins_.end() ? prepared_.code_size : next->quick - 2;
        check(end > at_ && end <= prepared_.code_size, "a plain instruction without bytes");
        at_ = end;
      }
    }
  }

  void branch() {
    u32 field = at_;
    targets_.push_back(field + static_cast<u32>(take<i32>()));
  }

  template <class T>
  T take() {
    check(u64{at_} + sizeof(T) <= prepared_.code_size, "a quick instruction leaves the code");
    T value;
    std::memcpy(&value, prepared_.code.get() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  const PreparedCode& prepared_;
  const std::vector<CodeOrigin>& origins_;
  std::vector<bool> is_start_;
  std::vector<u32> targets_;
  u32 at_ = 0;
};

void check_code(const ModuleInfo& module, u32 function_index, const PreparedCode& prepared,
                const std::vector<CodeOrigin>& origins) {
  u32 before = 0;
  for (const CodeOrigin& origin : origins) {
    check(origin.quick >= before, "origins are not in order");
    check(prepared.code_offset + origin.original < module.functions[function_index].body.end(),
          "an origin lies outside of the body");
    before = origin.quick;
  }
  Walk walk(prepared, origins);
  walk.run();
  u64 frame_slots = u64{prepared.local_slot_count} + prepared.max_operand_slots;
  for (const SideEntry& entry : prepared.side) {
    check(walk.is_start(static_cast<u32>(entry.pc_delta)), "a catch clause lands inside of an instruction");
    check(u64{entry.height()} + entry.keep() <= frame_slots, "a catch clause keeps more than the frame has");
  }
  for (const TryRegion& region : prepared.try_regions) {
    check(region.begin <= region.end && region.end <= prepared.code_size, "a try region is not inside of the code");
    if (region.kind == TryRegion::Kind::TryTable)
      check(u64{region.first_entry} + region.clauses.size() <= prepared.side.size(), "a catch clause has no entry");
    if (region.kind != TryRegion::Kind::Try) continue;
    check(region.height < frame_slots, "a caught exception has no slot");
    for (const TryRegion::Clause& clause : region.clauses)
      check(walk.is_start(clause.pc), "a catch lands inside of an instruction");
  }
}

// The commonest instructions are quickened in a way of their own where nobody asks for origins.
void check_same(const PreparedCode& a, const PreparedCode& b) {
  check(a.code_size == b.code_size && std::memcmp(a.code.get(), b.code.get(), a.code_size) == 0,
        "the same options give other quick code");
  check(a.max_operand_slots == b.max_operand_slots, "the same options give another frame");
  auto same_entry = [](const SideEntry& x, const SideEntry& y) { return std::memcmp(&x, &y, sizeof x) == 0; };
  check(std::equal(a.side.begin(), a.side.end(), b.side.begin(), b.side.end(), same_entry),
        "the same options give other catch clauses");
  auto same_clause = [](const TryRegion::Clause& x, const TryRegion::Clause& y) {
    return std::tie(x.tag, x.is_all, x.has_ref, x.pc, x.entry) == std::tie(y.tag, y.is_all, y.has_ref, y.pc, y.entry);
  };
  auto same_region = [&](const TryRegion& x, const TryRegion& y) {
    return std::tie(x.kind, x.begin, x.end, x.first_entry, x.height, x.depth, x.target) ==
               std::tie(y.kind, y.begin, y.end, y.first_entry, y.height, y.depth, y.target) &&
           std::equal(x.clauses.begin(), x.clauses.end(), y.clauses.begin(), y.clauses.end(), same_clause);
  };
  check(std::equal(a.try_regions.begin(), a.try_regions.end(), b.try_regions.begin(), b.try_regions.end(), same_region),
        "the same options give other try regions");
}

}  // namespace

void check_quick_code(const ModuleInfo& module, u32 function_index, const Result<void>& valid) {
  for (u32 choice = 0; choice < 4; ++choice) {
    std::vector<CodeOrigin> origins;
    quick::QuickenOptions options{.memory0_guarded = (choice & 1) == 0, .count_heat = (choice & 2) != 0};
    auto code = quick::quicken_function(module, function_index, options);
    options.origins = &origins;
    auto again = quick::quicken_function(module, function_index, options);
    check(code.has_value() == valid.has_value() && again.has_value() == valid.has_value(),
          "validation and quickening disagree");
    if (!valid) {
      check(code.error().offset == valid.error().offset && code.error().message == valid.error().message,
            "validation and quickening report different errors");
      continue;
    }
    check_same(*code, *again);
    check_code(module, function_index, *again, origins);
  }
}

}  // namespace brink::fuzz
