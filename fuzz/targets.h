// The fuzz targets: functions that take any bytes and must return. They abort when an invariant is broken; everything
// else (memory, undefined behaviour, hanging) is for the sanitizers and the caller to notice.
#pragma once
#include <span>

#include "engine/base/integers.h"
#include "engine/module/features.h"

namespace brink::fuzz {

// Bytes as a binary module: decoded, every function validated and prepared for the interpreter. Checked are that
// validation and preparation agree, that errors point into the module, that stamps can be taken back, and that every
// side-table entry is the one the specification of the side table asks for.
void decode_validate(std::span<const u8> bytes);

// Bytes as the text of one module: assembled, and what comes out goes through decode_validate. The binary must be
// well-formed; it need not be valid.
void text(std::span<const u8> bytes);

// Bytes as the text of a script of commands, only parsed.
void script(std::span<const u8> bytes);

// 3.0 and everything past it that has a feature bit.
FeatureSet all_features();

// Prints what was broken and aborts.
[[noreturn]] void broken(const char* what);
inline void check(bool holds, const char* what) {
  if (!holds) [[unlikely]]
    broken(what);
}

}  // namespace brink::fuzz
