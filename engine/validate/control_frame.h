// One entry of the validation algorithm's control stack.
#pragma once
#include <span>

#include "engine/module/opcodes.h"
#include "engine/module/type_registry.h"
#include "engine/module/types.h"

namespace brink {

// `Label` is what the sink keeps with a block.
template <class Label>
struct ControlFrame {
  const RegisteredType* type = nullptr;  // a block type that is a type index
  ValueType single;                      // else the one result; bottom for none
  u32 height = 0;                        // operand slots below the parameters
  u32 init_height = 0;                   // entries of init_order at the block's start
  Op kind = Op::Block;                   // Block, Loop, If, Else, TryTable, Try, Catch, CatchAll; End for the function
  bool unreachable = false;              // kept here while an inner block is open
  [[no_unique_address]] Label label;

  // In a catch or catch_all of a legacy try the caught exception is a hidden operand below all others, so that a
  // rethrow finds it (side_table.h).
  bool has_caught_exception() const { return kind == Op::Catch || kind == Op::CatchAll; }
  // Where the operands begin that the block's instructions may pop.
  u32 base_height() const { return height + (has_caught_exception() ? 1 : 0); }

  std::span<const ValueType> params() const {
    return type && kind != Op::End ? std::span<const ValueType>(type->type.params) : std::span<const ValueType>();
  }
  std::span<const ValueType> results() const {
    if (type) return type->type.results;
    return {&single, single.is_bottom() ? 0u : 1u};
  }
  // The types of the values a branch to the block takes.
  std::span<const ValueType> label_types() const { return kind == Op::Loop ? params() : results(); }

  // A branch to the block takes no values.
  bool label_is_empty() const { return kind == Op::Loop || type ? label_types().empty() : single.is_bottom(); }

  u32 param_slots() const { return type && kind != Op::End ? type->param_slots : 0; }
  u32 result_slots() const {
    if (type) return type->result_slots;
    return single.is_bottom() ? 0 : single.slots();
  }
  u32 label_slots() const { return kind == Op::Loop ? param_slots() : result_slots(); }
};

}  // namespace brink
