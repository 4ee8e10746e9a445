// Validation of function bodies and constant expressions (specification, sections 3.3 and appendix "Validation
// Algorithm").
#pragma once
#include "engine/base/error.h"
#include "engine/module/module_info.h"
#include "engine/validate/side_table.h"

namespace brink {

struct PrepareOptions {
  // Memory 0 has 32-bit addresses, 64 KiB pages and guard pages behind it; if false every access is stamped
  // GeneralAccess.
  bool memory0_guarded = true;
};

// Validates one function of the module's own; nothing is kept.
Result<void> validate_function(const ModuleInfo& module, u32 function_index);

// Validates it and makes what the interpreter needs.
Result<PreparedCode> prepare_function(const ModuleInfo& module, u32 function_index, const PrepareOptions& options);

// Validates the constant expression that starts at `range.offset`: it must have type `expected` and may read globals
// below `visible_globals`. Returns the size up to and including its `end`; `limit` is the offset its bytes must stay
// below. Functions named by ref.func are recorded in `declared` where it is not null.
Result<u32> validate_constant_expression(const ModuleInfo& module, u32 offset, u32 limit, ValueType expected,
                                         u32 visible_globals, std::vector<bool>* declared);

}  // namespace brink
