// Traps and values as people read them.
#include <charconv>
#include <cmath>
#include <cstdio>

#include "engine/engine.h"

namespace brink {

const char* trap_message(TrapKind kind) {
  switch (kind) {
    case TrapKind::Unreachable: return "unreachable";
    case TrapKind::MemoryOutOfBounds: return "out of bounds memory access";
    case TrapKind::TableOutOfBounds: return "out of bounds table access";
    case TrapKind::UninitializedElement: return "uninitialized element";
    case TrapKind::IndirectCallTypeMismatch: return "indirect call type mismatch";
    case TrapKind::NullReference: return "null reference";
    case TrapKind::IntegerOverflow: return "integer overflow";
    case TrapKind::IntegerDivideByZero: return "integer divide by zero";
    case TrapKind::InvalidConversionToInteger: return "invalid conversion to integer";
    case TrapKind::StackExhausted: return "call stack exhausted";
    case TrapKind::UncaughtException: return "uncaught exception";
    case TrapKind::CastFailure: return "cast failure";
    case TrapKind::ArrayOutOfBounds: return "out of bounds array access";
    case TrapKind::UnalignedAtomic: return "unaligned atomic";
    case TrapKind::ExpectedSharedMemory: return "expected shared memory";
    case TrapKind::Interrupted: return "interrupted";
    case TrapKind::OutOfFuel: return "all fuel consumed";
    case TrapKind::InvalidFunction: return "function cannot run";
    case TrapKind::Limit: return "limit exceeded";
    case TrapKind::Host: return "host function failed";
    case TrapKind::Exit: return "exit";
  }
  return "unknown trap";
}

Trap::Trap(TrapKind kind, std::string detail) : data_(std::make_unique<Data>()) {
  data_->kind = kind;
  data_->detail = std::move(detail);
}

Trap Trap::exit(i32 code) {
  Trap trap(TrapKind::Exit);
  trap.data_->exit_code = code;
  return trap;
}

std::string Trap::message() const {
  if (kind() == TrapKind::Exit) return "exit with code " + std::to_string(exit_code());
  if (kind() == TrapKind::Host && !detail().empty()) return detail();
  std::string text = trap_message(kind());
  if (!detail().empty()) text += ": " + detail();
  return text;
}

std::string Trap::to_string() const {
  std::string text = message();
  for (size_t i = 0; i < backtrace().size(); ++i) {
    const BacktraceFrame& frame = backtrace()[i];
    char place[64];
    std::snprintf(place, sizeof place, "\n  %2zu: 0x%06llx  ", i, static_cast<unsigned long long>(frame.module_offset));
    text += place;
    if (!frame.module.empty()) text += frame.module + "!";
    text += frame.function;
  }
  if (backtrace_truncated()) text += "\n  (further frames left out)";
  return text;
}

namespace {

template <class Float, class Bits>
std::string float_text(Float value, Bits bits, int mantissa_bits) {
  if (std::isnan(value)) {
    std::string text = bits >> (sizeof(Bits) * 8 - 1) ? "-nan" : "nan";
    Bits payload = bits & ((Bits{1} << mantissa_bits) - 1);
    if (payload == Bits{1} << (mantissa_bits - 1)) return text;
    char hex[32];
    std::snprintf(hex, sizeof hex, ":0x%llx", static_cast<unsigned long long>(payload));
    return text + hex;
  }
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char digits[64];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return std::string(digits, end);
}

}  // namespace

std::string Value::to_string() const {
  switch (type_.kind()) {
    case TypeKind::I32: return std::to_string(as_i32());
    case TypeKind::I64: return std::to_string(as_i64());
    case TypeKind::F32: return float_text(as_f32(), static_cast<u32>(bits_[0]), 23);
    case TypeKind::F64: return float_text(as_f64(), bits_[0], 52);
    case TypeKind::V128: {
      char hex[40];
      std::snprintf(hex, sizeof hex, "0x%016llx%016llx", static_cast<unsigned long long>(bits_[1]),
                    static_cast<unsigned long long>(bits_[0]));
      return hex;
    }
    default: return is_null() ? "null" : brink::to_string(type_);
  }
}

}  // namespace brink
