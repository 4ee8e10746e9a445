// The fuzz targets: functions that take any bytes and must return. They abort when an invariant is broken; everything
// else (memory, undefined behaviour, hanging) is for the sanitizers and the caller to notice.
#pragma once
#include <span>

#include "engine/base/error.h"
#include "engine/module/module_info.h"

namespace brink::fuzz {

// Bytes as a binary module: decoded, every function validated, prepared for the plain interpreter and quickened. Checked
// are that all three agree, that errors point into the module, that stamps can be taken back, that every side-table
// entry is the one the specification of the side table asks for, check_quick_code() and check_common_forms().
void decode_validate(std::span<const u8> bytes);

// Quickens a function of the module: it must end as validating it did (`valid`), give the same code every time, and that
// code must consist of known opcodes, name slots of the frame only, and branch to beginnings of instructions.
void check_quick_code(const ModuleInfo& module, u32 function_index, const Result<void>& valid);

// Decodes a function of the module by the general rules alone: it must end as with common forms (common_forms.h), and
// a sink must hear the same.
void check_common_forms(const ModuleInfo& module, u32 function_index);

// Bytes as the text of one module: assembled, and what comes out goes through decode_validate. The binary must be
// well-formed; it need not be valid.
void text(std::span<const u8> bytes);

// Bytes as the text of a script of commands, only parsed.
void script(std::span<const u8> bytes);

// Bytes as choices of what stands in a module (generate.h), which is run in every configuration of the engine: results,
// traps, memories, tables, globals, calls of host functions and the fuel used must agree, also where the engine's fuel ends a call.
void execute(std::span<const u8> bytes);
// The same, in all configurations or in those that have to do where time is short, as under an emulator. Answers a digest of all
// that was seen, which is the same on every machine.
enum class Configurations { All, Essential };
u64 execute_in(Configurations which, std::span<const u8> bytes);

// 3.0 and everything past it that has a feature bit.
FeatureSet all_features();

// Prints what was broken and aborts.
[[noreturn]] void broken(const char* what);
inline void check(bool holds, const char* what) {
  if (!holds) [[unlikely]]
    broken(what);
}

}  // namespace brink::fuzz
