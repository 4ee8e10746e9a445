// The pieces of machine code that belong to no function: into machine code, out of it to C++, and out of it for good.
//
// A stub that calls C++ notes in Activation::exit_sp where on the native stack the return address into the function that
// called the stub is, aligns the stack, and keeps what the convention says a callee keeps and the system does not.
#pragma once
#include <ucontext.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "jit/code/arena.h"
#include "jit/code/convention.h"
#include "jit/emit/assembler.h"
#include "jit/observer.h"

namespace brink::jit {

inline constexpr u32 kTrapKinds = 32;

struct Stubs {
  // bool (TierState*, const void* machine, u64* fp, u8* memory): TierCompiler::enter
  const u8* enter = nullptr;
  // Calls of functions: runtime.h says what is in kCallee and kMore, fp is the callee's already.
  const u8* own_function = nullptr;  // called by a jump table's slot
  const u8* import = nullptr;
  const u8* indirect = nullptr;
  const u8* reference = nullptr;
  // Others: kStubArguments are the C++ function's, behind the first.
  const u8* instruction = nullptr;
  const u8* throw_tag = nullptr;
  const u8* throw_reference = nullptr;
  // Keep every register but the flags. scalar: the instruction's number in kCallee; TierState::scratch, as the others.
  const u8* poll = nullptr;
  const u8* scalar = nullptr;
  const u8* check_signature = nullptr;
  const u8* test_heap_type = nullptr;
  const u8* trap[kTrapKinds] = {};

  // For code that pays for what it does, or for code that does not. False when the arena has no room. What observers are told of, for
  // code of `owner`.
  bool make(CodeArena& arena, const Features& features, bool consume_fuel, const CodeObservers& observers, const void* owner);

  // Numbers that mean the same in every process of this build; nothing for what is none of them, null for what is no number.
  std::optional<u32> number_of(const void* stub) const;
  const u8* by_number(u32 number) const;
  // What a stub is called in listings; empty for what is none.
  std::string name(const void* stub) const;
};

// What kFuel holds.
u64 fuel_register(const ucontext_t& machine);

// Wrappers (CodeHeader) for signatures, made when first asked for.
class Wrappers {
 public:
  Wrappers(CodeArena& arena, const Features& features, bool consume_fuel, const CodeObservers& observers, const void* owner)
      : arena_(arena), features_(features), consume_fuel_(consume_fuel), observers_(observers), owner_(owner) {}
  // Null when the arena is full.
  const u8* get(const RegisteredType& type);

 private:
  CodeArena& arena_;
  Features features_;
  bool consume_fuel_;
  const CodeObservers& observers_;
  const void* owner_;
  std::mutex mutex_;
  std::map<std::string, const u8*> by_shape_;
  const u8* next_ = nullptr;
  const u8* end_ = nullptr;
};

}  // namespace brink::jit
