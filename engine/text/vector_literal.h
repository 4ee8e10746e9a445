// Vector literals: a shape and its lanes (specification, section 6.5, v128.const; script patterns in the suite's
// README).
#pragma once
#include "engine/text/cursor.h"
#include "engine/text/script.h"

namespace brink::text {

struct VectorLiteral {
  ScriptValue::Shape shape = ScriptValue::Shape::I8x16;
  std::array<u8, 16> bytes{};
  std::array<ScriptValue::Nan, 4> lane_nan{};
};

// Parses from the shape on. `patterns`: nan:canonical and nan:arithmetic may stand for float lanes.
VectorLiteral parse_vector_literal(Cursor& cursor, bool patterns);

// nan:canonical or nan:arithmetic, taken if they stand here; else Nan::None.
ScriptValue::Nan accept_nan_pattern(Cursor& cursor);

}  // namespace brink::text
