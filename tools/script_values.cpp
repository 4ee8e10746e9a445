#include "tools/script_values.h"

#include <cstdio>
#include <cstring>

namespace brink::tools {
namespace {

using text::ScriptValue;
using Kind = ScriptValue::Kind;
using Nan = ScriptValue::Nan;
using Shape = ScriptValue::Shape;

// The top of the hierarchy a heap type belongs to (section 3.3.3): references of different hierarchies are never
// interchangeable, also where both are null.
AbstractHeap hierarchy_of(AbstractHeap heap) {
  switch (heap) {
    case AbstractHeap::Func:
    case AbstractHeap::NoFunc: return AbstractHeap::Func;
    case AbstractHeap::Extern:
    case AbstractHeap::NoExtern: return AbstractHeap::Extern;
    case AbstractHeap::Exn:
    case AbstractHeap::NoExn: return AbstractHeap::Exn;
    default: return AbstractHeap::Any;
  }
}

AbstractHeap hierarchy_of(const Store& store, HeapType heap) {
  if (!heap.is_concrete()) return hierarchy_of(heap.abstract());
  const SubType& type = store.engine().types().get(heap.type_id()).type;
  return type.kind == CompositeKind::Func ? AbstractHeap::Func : AbstractHeap::Any;
}

AbstractHeap hierarchy_of_keyword(std::string_view keyword) {
  if (keyword == "func" || keyword == "nofunc") return AbstractHeap::Func;
  if (keyword == "extern" || keyword == "noextern") return AbstractHeap::Extern;
  if (keyword == "exn" || keyword == "noexn") return AbstractHeap::Exn;
  return AbstractHeap::Any;
}

bool float_matches(u64 bits, u64 expected, Nan nan, u32 width) {
  u64 quiet = width == 32 ? u64{0x7FC00000} : u64{0x7FF8000000000000};
  u64 sign = u64{1} << (width - 1);
  switch (nan) {
    case Nan::None: return bits == expected;
    case Nan::Canonical: return (bits & ~sign) == quiet;
    case Nan::Arithmetic: return (bits & quiet) == quiet;
  }
  return false;
}

u32 lane_bytes(Shape shape) {
  switch (shape) {
    case Shape::I8x16: return 1;
    case Shape::I16x8: return 2;
    case Shape::I32x4:
    case Shape::F32x4: return 4;
    case Shape::I64x2:
    case Shape::F64x2: return 8;
  }
  return 1;
}

u64 lane(std::span<const u8, 16> bytes, u32 width, u32 index) {
  u64 value = 0;
  std::memcpy(&value, bytes.data() + index * width, width);
  return value;
}

bool vector_matches(const ScriptValue& pattern, const V128& vector) {
  u32 width = lane_bytes(pattern.shape);
  bool is_float = pattern.shape == Shape::F32x4 || pattern.shape == Shape::F64x2;
  for (u32 i = 0; i < 16 / width; ++i) {
    u64 expected = lane(pattern.v128, width, i);
    u64 found = lane(vector.bytes, width, i);
    Nan nan = is_float ? pattern.lane_nan[i] : Nan::None;
    if (!float_matches(found, expected, nan, width * 8)) return false;
  }
  return true;
}

std::string hex(u64 bits, u32 digits) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "0x%0*llx", static_cast<int>(digits), static_cast<unsigned long long>(bits));
  return buffer;
}

std::string describe_nan(Nan nan) { return nan == Nan::Canonical ? "nan:canonical" : "nan:arithmetic"; }

const char* shape_name(Shape shape) {
  static constexpr const char* kNames[] = {"i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"};
  return kNames[static_cast<u8>(shape)];
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::I32: return "i32";
    case Kind::I64: return "i64";
    case Kind::F32: return "f32";
    case Kind::F64: return "f64";
    case Kind::V128: return "v128";
    case Kind::RefNull: return "ref.null";
    case Kind::RefExtern: return "ref.extern";
    case Kind::RefHost: return "ref.host";
    case Kind::RefFunc: return "ref.func";
    case Kind::RefAny: return "ref.any";
    case Kind::RefEq: return "ref.eq";
    case Kind::RefI31: return "ref.i31";
    case Kind::RefStruct: return "ref.struct";
    case Kind::RefArray: return "ref.array";
    case Kind::RefExn: return "ref.exn";
    case Kind::Either: return "either";
  }
  return "?";
}

std::string number(std::string_view type, u64 bits) {
  Value value = type == "i32"   ? Value::i32(static_cast<i32>(bits))
                : type == "i64" ? Value::i64(static_cast<i64>(bits))
                                : Value::from_bits(type == "f32" ? kF32 : kF64, bits);
  u32 digits = type.ends_with("32") ? 8 : 16;
  return std::string(type) + " " + value.to_string() + " (" + hex(bits, digits) + ")";
}

}  // namespace

Result<Value> argument_value(Store& store, const ScriptValue& constant, ValueType type) {
  switch (constant.kind) {
    case Kind::I32: return Value::i32(static_cast<i32>(constant.bits));
    case Kind::I64: return Value::i64(static_cast<i64>(constant.bits));
    case Kind::F32: return Value::from_bits(kF32, constant.bits);
    case Kind::F64: return Value::from_bits(kF64, constant.bits);
    case Kind::V128: {
      V128 vector;
      vector.bytes = constant.v128;
      return Value::v128(vector);
    }
    case Kind::RefNull:
    case Kind::RefExtern:
    case Kind::RefHost: break;
    default: return fail(ErrorKind::Unsupported, std::string(kind_name(constant.kind)) + " as an argument");
  }
  AbstractHeap hierarchy = constant.kind == Kind::RefExtern ? AbstractHeap::Extern
                           : constant.kind == Kind::RefHost ? AbstractHeap::Any
                                                            : hierarchy_of_keyword(constant.heap);
  if (!type.is_ref() || hierarchy_of(store, type.heap()) != hierarchy)
    return fail(ErrorKind::Usage, describe(constant) + " given to a parameter of type " + to_string(type));
  if (constant.kind == Kind::RefNull) return Value::null(type);
  return Value::reference(type, store.make_extern(constant.bits));
}

bool matches(const Store& store, const ScriptValue& pattern, const Value& value) {
  auto is_reference_to = [&](AbstractHeap hierarchy) {
    return value.type().is_ref() && !value.is_null() && hierarchy_of(store, value.type().heap()) == hierarchy;
  };
  auto is_object_of = [&](AbstractHeap heap) {
    return is_reference_to(AbstractHeap::Any) && store.is_instance(value.as_reference(), heap);
  };
  switch (pattern.kind) {
    case Kind::I32: return value.type() == kI32 && static_cast<u32>(value.bits()) == static_cast<u32>(pattern.bits);
    case Kind::I64: return value.type() == kI64 && value.bits() == pattern.bits;
    case Kind::F32:
      return value.type() == kF32 &&
             float_matches(static_cast<u32>(value.bits()), static_cast<u32>(pattern.bits), pattern.nan, 32);
    case Kind::F64: return value.type() == kF64 && float_matches(value.bits(), pattern.bits, pattern.nan, 64);
    case Kind::V128: return value.type() == kV128 && vector_matches(pattern, value.as_v128());
    case Kind::RefNull:
      return value.is_null() &&
             (!pattern.has_value || hierarchy_of(store, value.type().heap()) == hierarchy_of_keyword(pattern.heap));
    case Kind::RefExtern:
    case Kind::RefHost: {
      bool is_host = pattern.kind == Kind::RefHost;
      if (!is_reference_to(is_host ? AbstractHeap::Any : AbstractHeap::Extern)) return false;
      bool has_value = pattern.has_value || is_host;
      return !has_value || store.extern_value(value.as_reference()) == pattern.bits;
    }
    case Kind::RefFunc: return is_reference_to(AbstractHeap::Func);
    case Kind::RefExn: return is_reference_to(AbstractHeap::Exn);
    case Kind::RefAny: return is_reference_to(AbstractHeap::Any);
    case Kind::RefEq: return is_object_of(AbstractHeap::Eq);
    case Kind::RefI31: return is_object_of(AbstractHeap::I31);
    case Kind::RefStruct: return is_object_of(AbstractHeap::Struct);
    case Kind::RefArray: return is_object_of(AbstractHeap::Array);
    case Kind::Either:
      for (const ScriptValue& alternative : pattern.alternatives)
        if (matches(store, alternative, value)) return true;
      return false;
  }
  return false;
}

std::string describe(const ScriptValue& pattern) {
  switch (pattern.kind) {
    case Kind::I32:
    case Kind::I64: return number(kind_name(pattern.kind), pattern.bits);
    case Kind::F32:
    case Kind::F64:
      if (pattern.nan != Nan::None) return std::string(kind_name(pattern.kind)) + " " + describe_nan(pattern.nan);
      return number(kind_name(pattern.kind), pattern.bits);
    case Kind::V128: {
      u32 width = lane_bytes(pattern.shape);
      bool is_float = pattern.shape == Shape::F32x4 || pattern.shape == Shape::F64x2;
      std::string text = std::string("v128 ") + shape_name(pattern.shape);
      for (u32 i = 0; i < 16 / width; ++i) {
        bool is_nan = is_float && pattern.lane_nan[i] != Nan::None;
        text += ' ';
        text += is_nan ? describe_nan(pattern.lane_nan[i]) : hex(lane(pattern.v128, width, i), width * 2);
      }
      return text;
    }
    case Kind::RefNull: return pattern.has_value ? "ref.null " + pattern.heap : "ref.null";
    case Kind::RefExtern:
    case Kind::RefHost:
    case Kind::RefI31: {
      std::string text = kind_name(pattern.kind);
      if (pattern.has_value || pattern.kind == Kind::RefHost) text += ' ' + std::to_string(pattern.bits);
      return text;
    }
    case Kind::Either: {
      std::string text = "either";
      for (const ScriptValue& alternative : pattern.alternatives) text += " [" + describe(alternative) + "]";
      return text;
    }
    default: return kind_name(pattern.kind);
  }
}

std::string describe(const Store& store, const Value& value) {
  switch (value.type().kind()) {
    case TypeKind::I32: return number("i32", static_cast<u32>(value.bits()));
    case TypeKind::I64: return number("i64", value.bits());
    case TypeKind::F32: return number("f32", static_cast<u32>(value.bits()));
    case TypeKind::F64: return number("f64", value.bits());
    case TypeKind::V128: {
      V128 vector = value.as_v128();
      std::string text = "v128 i32x4";
      for (u32 i = 0; i < 4; ++i) text += ' ' + hex(lane(vector.bytes, 4, i), 8);
      return text;
    }
    default: break;
  }
  if (value.is_null()) return "null of type " + to_string(value.type());
  if (value.type().is_ref() && hierarchy_of(store, value.type().heap()) == AbstractHeap::Extern)
    if (auto host_value = store.extern_value(value.as_reference())) return "ref.extern " + std::to_string(*host_value);
  return "a " + to_string(value.type());
}

namespace {

template <class T, class Describe>
std::string describe_all(std::span<const T> items, Describe describe_one) {
  if (items.empty()) return "nothing";
  std::string text;
  for (const T& item : items) {
    if (!text.empty()) text += ", ";
    text += describe_one(item);
  }
  return text;
}

}  // namespace

std::string describe(std::span<const ScriptValue> patterns) {
  return describe_all(patterns, [](const ScriptValue& pattern) { return describe(pattern); });
}

std::string describe(const Store& store, std::span<const Value> values) {
  return describe_all(values, [&](const Value& value) { return describe(store, value); });
}

}  // namespace brink::tools
