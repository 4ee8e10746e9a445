#include <string>
#include <vector>

#include "engine/decode/decoder.h"
#include "engine/interpret/instruction_walk.h"
#include "engine/validate/validator.h"
#include "fuzz/targets.h"

namespace brink::fuzz {
namespace {

void check_error(const Error& error, size_t size) {
  check(!error.message.empty(), "an error has no message");
  check(error.message.find('\n') == std::string::npos, "an error's message has more than one line");
  check(error.offset == Error::kNoOffset || error.offset <= size, "an error points behind the module");
  check(!error.to_string().empty(), "an error has no text");
}

u32 read_leb(const u8*& p) {
  u32 value = 0;
  for (u32 shift = 0;; shift += 7) {
    u8 byte = *p++;
    value |= (byte & 0x7Fu) << shift;
    if (byte < 0x80) return value;
  }
}

// The number of side-table entries an instruction has, as side_table.h lists them.
u32 entry_count(Op op, u8 stamped, const u8* immediates) {
  switch (op) {
    case Op::End: return stamped == static_cast<u8>(Stamp::CatchEnd) ? 1 : 0;
    case Op::Catch:
    case Op::CatchAll:
    case Op::Rethrow:
    case Op::Br:
    case Op::BrIf:
    case Op::BrOnNull:
    case Op::BrOnNonNull:
    case Op::BrOnCast:
    case Op::BrOnCastFail:
    case Op::If:
    case Op::Else: return 1;
    case Op::BrTable: return read_leb(immediates) + 1;
    case Op::TryTable:
      if (*immediates == 0x63 || *immediates == 0x64) ++immediates;
      while (*immediates++ & 0x80) {
      }
      return read_leb(immediates);
    default: return 0;
  }
}

bool is_memory_access(Op op) {
  Immediate kind = op_info(op).immediate;
  return kind == Immediate::MemArg || kind == Immediate::MemArgLane;
}

void check_prepared(const ModuleInfo& module, u32 function_index, const PreparedCode& prepared) {
  ByteRange body = module.functions[function_index].body;
  check(prepared.code_offset >= body.offset && prepared.code_offset + prepared.code_size == body.end(),
        "the prepared code is not the end of the body");
  const u8* original = module.bytes.data() + prepared.code_offset;

  constexpr u32 kNoInstruction = ~u32{0};
  // By pc: how many entries the instructions before it have; kNoInstruction inside of instructions.
  std::vector<u32> entries_before(prepared.code_size, kNoInstruction);
  std::vector<u32> owners;  // by entry: the pc of its instruction
  for (u32 pc = 0; pc < prepared.code_size;) {
    const u8* p = original + pc;
    u8 byte = *p++;
    Op op = is_prefix(byte) ? op_from_prefixed(byte, read_leb(p)) : op_from_byte(byte);
    check(op != Op::kUnknown, "validated code has an unknown instruction");
    u8 now = prepared.code[pc];
    if (now != byte) {
      u8 back = stamp_original(now);
      if (now == static_cast<u8>(Stamp::GeneralAccess)) check(is_memory_access(op), "GeneralAccess on a non-access");
      else check(back == byte && back != now, "a stamp does not lead back to the original opcode");
    }
    entries_before[pc] = static_cast<u32>(owners.size());
    owners.insert(owners.end(), entry_count(op, now, p), pc);
    u32 next = static_cast<u32>(interpret::after_instruction(original + pc) - original);
    check(next <= prepared.code_size, "the instruction walk leaves the code");
    for (u32 i = pc + 1; i < next; ++i) check(prepared.code[i] == original[i], "an immediate was overwritten");
    pc = next;
  }

  check(owners.size() == prepared.side.size(), "the side table has another number of entries");
  for (u32 i = 0; i < owners.size(); ++i) {
    const SideEntry& entry = prepared.side[i];
    i64 target = static_cast<i64>(owners[i]) + entry.pc_delta;
    check(target >= 0 && target < prepared.code_size, "a branch leaves the code");
    u32 before = entries_before[static_cast<size_t>(target)];
    check(before != kNoInstruction, "a branch lands inside of an instruction");
    check(static_cast<i64>(i) + entry.entry_delta == before, "a branch moves the side-table pointer wrongly");
    check(entry.height() >= prepared.local_slot_count, "a branch drops locals");
    check(u64{entry.height()} + entry.keep() <= u64{prepared.local_slot_count} + prepared.max_operand_slots,
          "a branch keeps more than the frame has");
  }
  for (const TryRegion& region : prepared.try_regions) {
    check(region.opcode < region.begin && region.begin <= region.end && region.end < prepared.code_size,
          "a try region is not inside of the code");
    if (region.kind == TryRegion::Kind::Delegate) {
      check(region.clauses.empty(), "a delegate catches");
      check(region.target <= region.depth, "a delegate's target is not around it");
      continue;
    }
    if (region.kind == TryRegion::Kind::Try) {
      check(region.height >= prepared.local_slot_count &&
                region.height < prepared.local_slot_count + prepared.max_operand_slots,
            "a caught exception has no slot");
      for (const TryRegion::Clause& clause : region.clauses)
        check(clause.pc > region.end && clause.pc < prepared.code_size && entries_before[clause.pc] == clause.entry,
              "a catch does not begin at an instruction, or with another's side-table entry");
      continue;
    }
    check(u64{region.first_entry} + region.clauses.size() <= prepared.side.size(), "a catch clause has no entry");
    for (u32 i = 0; i < region.clauses.size(); ++i)
      check(owners[region.first_entry + i] == region.opcode, "a catch clause's entry is another instruction's");
  }
  check(prepared.local_slots.empty() || prepared.local_slots.back() < prepared.local_slot_count,
        "a local lies outside of the frame");
}

}  // namespace

void decode_validate(std::span<const u8> bytes) {
  TypeRegistry registry;
  auto module = decode_module(bytes, registry, all_features());
  auto strict = decode_module(bytes, registry, FeatureSet::wasm3());
  if (!strict) check_error(strict.error(), bytes.size());
  if (!module) {
    check_error(module.error(), bytes.size());
    check(!strict, "fewer features accept what more refuse");
    return;
  }
  Names names = module->read_names();
  for (u32 i = 0; i < module->functions.size(); ++i) {
    check(!module->function_label(i, names).empty(), "a function has no label");
    if (i < module->imported_functions) continue;
    check(module->functions[i].body.end() <= bytes.size(), "a body lies outside of the module");
    auto valid = validate_function(*module, i);
    auto prepared = prepare_function(*module, i, {});
    check(valid.has_value() == prepared.has_value(), "validation and preparation disagree");
    check_quick_code(*module, i, valid);
    check_common_forms(*module, i);
    if (strict) check_common_forms(*strict, i);
    if (strict && validate_function(*strict, i)) check(valid.has_value(), "fewer features accept what more refuse");
    if (!valid) {
      check_error(valid.error(), bytes.size());
      check(valid.error().offset == prepared.error().offset && valid.error().message == prepared.error().message,
            "validation and preparation report different errors");
      continue;
    }
    check_prepared(*module, i, *prepared);
    auto general = prepare_function(*module, i, {.memory0_guarded = false});
    check(general.has_value(), "preparation depends on how memory is guarded");
    check_prepared(*module, i, *general);
  }
}

}  // namespace brink::fuzz
