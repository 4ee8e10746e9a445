// An exception that has come to machine code: to where that goes on, if it catches it.
#pragma once
#include "engine/gc/object.h"
#include "engine/runtime/tier.h"

namespace brink::jit {

class CodeMap;

// Whether a frame of machine code of this activation catches the exception.
bool catches(const CodeMap& map, const runtime::Activation& activation, const gc::ExceptionObject& exception);

// If one of the innermost activation does, gives it what it catches, notes in TierState::landing where and how it goes on, and answers
// true.
bool prepare_landing(const CodeMap& map, runtime::TierState& tier, gc::ExceptionObject& exception);

}  // namespace brink::jit
