// From a function's body to quick code, in one pass: the validation itself (quick_op.h says what quick code is).
#pragma once
#include "engine/module/module_info.h"
#include "engine/quicken/emitter.h"
#include "engine/validate/validator.h"

namespace brink::quick {

struct QuickenOptions {
  // Memory 0 has 32-bit addresses, 64 KiB pages and guard pages behind it; if false every access is checked explicitly.
  bool memory0_guarded = true;
  // Guests pay for what they do: validate/fuel_sink.h.
  bool consume_fuel = false;
  // Off: one opcode an instruction, as the statistics want it.
  bool fuse = true;
  // Off: every result goes to its slot before the next instruction, unless that is the branch, local.set or local.tee
  // that takes it.
  bool cache_results = true;
  // Functions count their calls and the rounds of their loops (FunctionCode::heat): runtime/tier_up.h.
  bool count_heat = false;
  // Filled where not null, in ascending order of `quick`.
  std::vector<CodeOrigin>* origins = nullptr;
  // Where the code is to be, and lives as long as; null: PreparedCode owns it.
  Arena* arena = nullptr;

  // What the code depends on: options that make other code have other bits.
  u32 bits() const {
    // Names all members, so that one that is added must be thought of.
    auto [guarded, fuel, fused, cached, counted, unimportant, also_unimportant] = *this;
    return (guarded ? 1u : 0u) | (fuel ? 2u : 0u) | (fused ? 4u : 0u) | (cached ? 8u : 0u) | (counted ? 16u : 0u);
  }
};

// Validates one function of the module's own and makes its quick code. The same options give the same code, so that
// origins can be had later, when something trapped.
Result<PreparedCode> quicken_function(const ModuleInfo& module, u32 function_index, const QuickenOptions& options);

// The offset in the body (from its first instruction) of the instruction that byte `quick` of its quick code belongs
// to.
u32 original_offset(const ModuleInfo& module, u32 function_index, const QuickenOptions& options, u32 quick);

}  // namespace brink::quick
