#include "engine/text/vector_literal.h"

namespace brink::text {
namespace {

struct ShapeInfo {
  std::string_view keyword;
  u32 lane_bits;
  bool is_float;
};
// In the order of ScriptValue::Shape.
constexpr ShapeInfo kShapes[] = {
    {"i8x16", 8, false},  {"i16x8", 16, false}, {"i32x4", 32, false},
    {"i64x2", 64, false}, {"f32x4", 32, true},  {"f64x2", 64, true},
};

}  // namespace

ScriptValue::Nan accept_nan_pattern(Cursor& cursor) {
  if (cursor.accept_keyword("nan:canonical")) return ScriptValue::Nan::Canonical;
  if (cursor.accept_keyword("nan:arithmetic")) return ScriptValue::Nan::Arithmetic;
  return ScriptValue::Nan::None;
}

VectorLiteral parse_vector_literal(Cursor& cursor, bool patterns) {
  VectorLiteral literal;
  u32 index = 0;
  while (index < std::size(kShapes) && !cursor.at_keyword(kShapes[index].keyword)) ++index;
  if (index == std::size(kShapes)) return cursor.fail_unexpected("a vector shape"), literal;
  cursor.next();
  const ShapeInfo& shape = kShapes[index];
  literal.shape = static_cast<ScriptValue::Shape>(index);
  auto is_lane = [&](const Token& token) {
    if (token.kind == TokenKind::Keyword) return cursor.text(token) == "inf" || cursor.text(token).starts_with("nan");
    return token.kind == TokenKind::Number || token.kind == TokenKind::Reserved;
  };
  const u32 lanes = 128 / shape.lane_bits;
  u32 given = 0;
  while (given <= lanes && is_lane(cursor.peek(given))) ++given;
  if (given != lanes) {
    cursor.fail("wrong number of lane literals: expected " + std::to_string(lanes));
    return literal;
  }
  for (u32 lane = 0; lane < lanes && cursor.ok(); ++lane) {
    u64 bits = 0;
    if (!shape.is_float) {
      bits = cursor.expect_integer(shape.lane_bits, "a lane");
    } else {
      ScriptValue::Nan nan = patterns ? accept_nan_pattern(cursor) : ScriptValue::Nan::None;
      if (nan != ScriptValue::Nan::None) literal.lane_nan[lane] = nan;
      else bits = shape.lane_bits == 32 ? cursor.expect_f32() : cursor.expect_f64();
    }
    const u32 bytes = shape.lane_bits / 8;
    for (u32 i = 0; i < bytes; ++i) literal.bytes[lane * bytes + i] = static_cast<u8>(bits >> (8 * i));
  }
  return literal;
}

}  // namespace brink::text
