// The values of test scripts: constants as arguments, patterns against results.
#pragma once
#include <span>
#include <string>

#include "engine/engine.h"
#include "engine/text/script.h"

namespace brink::tools {

// The argument a script's constant stands for, given to a parameter of type `type`. An error where the constant needs
// what the engine cannot make (references into the GC heap), or does not fit.
Result<Value> argument_value(Store& store, const text::ScriptValue& constant, ValueType type);

// Whether a result fits a pattern. Nan patterns, lanes and `either` are those of the reference interpreter's script
// format.
bool matches(const Store& store, const text::ScriptValue& pattern, const Value& value);

// "i32 -1 (0xffffffff)", "ref.extern 2", "v128 i32x4 0x00000001 …", for people.
std::string describe(const text::ScriptValue& pattern);
std::string describe(const Store& store, const Value& value);
std::string describe(std::span<const text::ScriptValue> patterns);
std::string describe(const Store& store, std::span<const Value> values);

}  // namespace brink::tools
