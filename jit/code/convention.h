// Who holds what: the calling convention of machine code among itself.
//
//   rsp           the native stack; frames need no alignment
//   r13           TierState of the store's context
//   r14           fp: the value stack, first local of the running function
//   r15           base of memory 0
//   rax rcx rdx rsi rdi r10 r11, f0-f7           a callee may change them
//   rbx rbp r12 r8 r9, f8-f15 (lower 64 bits)    a callee keeps them
//
// A call moves r14 up to the first argument's slot and back down afterwards, so that a callee finds it in place. The first
// four integers and the first four floats among the arguments travel in registers, their slots are not written; all
// others, references and vectors always, are in their slots. A single result that is not a vector comes in rax or f0;
// all others in slots from the callee's fp on.
//
// r8, r9 and the float registers are the system's to change: whoever calls C++ saves them (stubs.cpp).
#pragma once
#include "engine/module/type_registry.h"
#include "jit/emit/registers.h"

namespace brink::jit {

inline constexpr Gp kTier = Gp::r13;
inline constexpr Gp kFrame = Gp::r14;
inline constexpr Gp kMemory = Gp::r15;
inline constexpr Gp kResult = Gp::rax;
inline constexpr Fp kFloatResult = Fp::f0;
// Never holds a value of the guest: for moves between slots, and for what an instruction needs inside.
inline constexpr Fp kScratchFp = Fp::f5;

inline constexpr Gp kArguments[] = {Gp::rdi, Gp::rsi, Gp::rdx, Gp::rcx};
inline constexpr Fp kFloatArguments[] = {Fp::f0, Fp::f1, Fp::f2, Fp::f3};
inline constexpr u32 kArgumentCount = 4;

inline constexpr Gp kPreserved[] = {Gp::rbx, Gp::rbp, Gp::r12, Gp::r8, Gp::r9};
inline constexpr Fp kPreservedFp[] = {Fp::f8, Fp::f9, Fp::f10, Fp::f11, Fp::f12, Fp::f13, Fp::f14, Fp::f15};
// What a function that calls nobody can keep locals in as well.
inline constexpr Gp kLeafGp[] = {Gp::r10, Gp::r11};
inline constexpr Fp kLeafFp[] = {Fp::f6, Fp::f7};

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

// Before the entry of every function's code.
struct CodeHeader {
  const void* wrapper;  // loads the arguments from their slots, calls rax, stores the result
  u32 function;         // index among the module's own
  u32 frame_bytes;      // between the frame's stack pointer and its return address
};
static_assert(sizeof(CodeHeader) == 16);

}  // namespace brink::jit
