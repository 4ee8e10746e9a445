// The calling convention of machine code among itself, as far as it is the same everywhere; who holds what stands in the
// header of the machine's name.
//
// A call moves fp up to the first argument's slot and back down afterwards, so that a callee finds it in place. The first
// four integers and the first four floats among the arguments travel in registers, their slots are not written; all
// others, references and vectors always, are in their slots. A single result that is not a vector comes in kResult or
// kFloatResult; all others in slots from the callee's fp on.
//
// Code that pays for what it does (Config::consume_fuel) keeps what is left in kFuel; wrappers load it from TierState::fuel and store it
// there, and so do the stubs around what they call. Such code never meets the other kind, which has no such register: a store's engine
// makes one kind or the other.
#pragma once
#include <iterator>

#include "engine/module/type_registry.h"
#if defined(__aarch64__)
#include "jit/code/convention_a64.h"
#else
#include "jit/code/convention_x64.h"
#endif

namespace brink::jit {

inline constexpr Fp kFloatArguments[] = {Fp::f0, Fp::f1, Fp::f2, Fp::f3};
inline constexpr u32 kArgumentCount = 4;

// The last of those that are handed out.
static_assert(kFuel == kPreserved[std::size(kPreserved) - 1]);

enum class Class : u8 { Integer, Float, Slot };
constexpr Class class_of(ValueType type) {
  switch (type.kind()) {
    case TypeKind::I32:
    case TypeKind::I64: return Class::Integer;
    case TypeKind::F32:
    case TypeKind::F64: return Class::Float;
    default: return Class::Slot;
  }
}

// f(type, slot, class, number): number counts the registers of the class; Class::Slot where there is none left.
template <class F>
void for_each_argument(std::span<const ValueType> types, F f) {
  u32 slot = 0, integers = 0, floats = 0;
  for (ValueType type : types) {
    Class where = class_of(type);
    u32 number = 0;
    if (where == Class::Integer) number = integers++;
    if (where == Class::Float) number = floats++;
    if (number >= kArgumentCount) where = Class::Slot;
    f(type, slot, where, number);
    slot += type.slots();
  }
}

// Of functions; loops: kLoopAlignment.
inline constexpr u32 kCodeAlignment = 32;

// Before the entry of every function's code.
struct alignas(16) CodeHeader {
  const void* wrapper;  // loads the arguments from their slots, calls kCallee, stores the result
};

}  // namespace brink::jit
