// The interpreter's machine: registers, frames, the value stack, and how a handler reads immediates and operands.
//
// The value stack. One mapping a store that runs. Operands and locals grow upwards from its start in 8-byte slots; call frames
// grow downwards from its end; a call checks that the two stay apart, and that is the only limit there is. A frame of a
// function: its locals (parameters first: they are the caller's top operands, nothing is copied), then its operands.
//
// Slots. An i32 is stored zero-extended, always: addresses use the whole slot, so an i32 with garbage above would leave
// the memory's reservation. f32 likewise. v128 takes two slots, low half first.
//
// Handlers are written once, as functions over State; dispatch.h makes them into tail-calling functions whose arguments
// are the State's fields in machine registers (clang), or into the bodies of a loop (other compilers).
#pragma once
#include <csetjmp>
#include <cstring>

#include "engine/base/threaded.h"
#include "engine/interpret/vector.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"
#include "engine/validate/side_table.h"

namespace brink::interpret {

using runtime::FunctionCode;
using runtime::Instance;
using vector::v128;

// A call: where to go on after it, and whose code runs in it. Frames without a function (code == nullptr) carry an
// instance instead: see kCrossReturn.
struct Frame {
  const u8* return_pc;
  const SideEntry* return_side;
  u64* caller_fp;
  const FunctionCode* code;
};

// Opcode bytes of the interpreter's own, found only in the constants below, never in a module's code.
inline constexpr u8 kExitOpcode = 0xD7;
inline constexpr u8 kCrossReturnOpcode = 0xD8;
// Return addresses that are not in a module. kExit: back to the host. kCrossReturn: the caller belongs to another
// instance, which the next frame up names in caller_fp, and whose true return address it holds.
inline constexpr u8 kExit[] = {kExitOpcode};
inline constexpr u8 kCrossReturn[] = {kCrossReturnOpcode};
// The same in quick code; a store's context says which of the two it uses.
extern const u8 kQuickExit[2];
extern const u8 kQuickCrossReturn[2];
// All of a compiled function's quick code.
extern const u8 kQuickEnterTier[2];
inline bool is_exit(const u8* pc) { return pc == kExit || pc == kQuickExit; }
inline bool is_cross_return(const u8* pc) { return pc == kCrossReturn || pc == kQuickCrossReturn; }

}  // namespace brink::interpret

namespace brink::runtime {

class Interrupts;

// A store's thread of execution.
struct Context {
  // Kept up to date by the interpreter, so that faults, traps and host calls know where the guest is.
  const u8* pc = nullptr;                 // of the last instruction that can trap
  interpret::Frame* frame = nullptr;      // innermost
  u64* sp = nullptr;                      // first free slot, at host calls
  TrapKind trap = TrapKind::Unreachable;  // why run() ended with Status::Trap
  std::optional<Trap> host_trap;          // the trap a host function returned; overrides `trap`
  std::string trap_detail;
  gc::ExceptionObject* exception = nullptr;  // in flight, with trap == UncaughtException
  const gc::ExceptionObject* awaited = nullptr;  // what is_caught_outside has said yes to, until the next is thrown

  // Set by other threads: guest code is to trap (interrupts.h).
  std::atomic<bool> is_interrupted = false;
  std::shared_ptr<Interrupts> interrupts;  // null: nobody can

  StoreState* store = nullptr;
  u64* stack_begin = nullptr;  // null while nothing runs (value_stack.h)
  u64 stack_bytes = 0;
  // Non-null while guest code runs: where a memory fault goes. See fault.cpp.
  sigjmp_buf* fault_target = nullptr;
  u32 nesting = 0;  // host → guest entries on the native stack
  // Return addresses that are not in a module, for the kind of code the engine runs.
  const u8* exit_pc;
  const u8* cross_return_pc;
  TierState tier;
  // For the backtrace of a trap that leaves machine code (tier.h); room for kMaxNotedFrames where there is a compiler.
  std::unique_ptr<NotedFrame[]> noted_frames;
  u32 noted_frame_count = 0;

  Context(StoreState& store);
  ~Context();
};

}  // namespace brink::runtime

namespace brink::interpret {

using runtime::Context;

// What a handler's body tells the dispatcher. Constant after inlining.
enum class Flow : u8 {
  Next,  // go on at state.pc
  Slow,  // run the handler's out-of-line half, which starts from the same state
  Trap,  // context.trap says why; state.pc is the instruction
  Exit,  // leave the interpreter
};

enum class Status : u8 { Done, Trap };

struct State {
  const u8* pc;  // the opcode byte; for prefixed instructions the last byte of the opcode
  u64* sp;       // first free slot
  u64* fp;       // first local
  u8* memory;    // memory 0
  Instance* instance;
  const SideEntry* side;
  Frame* frame;
  Context* context;
};

// --- Operands --------------------------------------------------------------------------------------------------------

template <class T>
BRINK_INLINE T from_slot(u64 slot) {
  if constexpr (std::is_same_v<T, float>) return std::bit_cast<float>(static_cast<u32>(slot));
  else if constexpr (std::is_same_v<T, double>) return std::bit_cast<double>(slot);
  else return static_cast<T>(slot);
}

template <class T>
BRINK_INLINE u64 to_slot(T value) {
  if constexpr (std::is_same_v<T, float>) return std::bit_cast<u32>(value);
  else if constexpr (std::is_same_v<T, double>) return std::bit_cast<u64>(value);
  else if constexpr (std::is_same_v<T, i32>) return static_cast<u32>(value);
  else return static_cast<u64>(value);
}

template <class T>
BRINK_INLINE T pop(State& s) {
  if constexpr (std::is_same_v<T, v128>) {
    s.sp -= 2;
    v128 value;
    std::memcpy(&value, s.sp, 16);
    return value;
  } else {
    return from_slot<T>(*--s.sp);
  }
}

template <class T>
BRINK_INLINE void push(State& s, T value) {
  if constexpr (std::is_same_v<T, v128>) {
    std::memcpy(s.sp, &value, 16);
    s.sp += 2;
  } else {
    *s.sp++ = to_slot(value);
  }
}

// --- Immediates: validated, so unchecked -----------------------------------------------------------------------------

BRINK_INLINE u32 read_u32(const u8*& p) {
  u32 value = *p++;
  if (value < 0x80) [[likely]]
    return value;
  value &= 0x7F;
  for (int shift = 7;; shift += 7) {
    u32 byte = *p++;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

BRINK_INLINE u64 read_u64(const u8*& p) {
  u64 value = *p++;
  if (value < 0x80) [[likely]]
    return value;
  value &= 0x7F;
  for (int shift = 7;; shift += 7) {
    u64 byte = *p++;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

template <class T>
BRINK_INLINE T read_signed(const u8*& p) {
  using U = std::make_unsigned_t<T>;
  constexpr int kBits = sizeof(T) * 8;
  U byte = *p++;
  if (byte < 0x80) [[likely]]
    return static_cast<T>(static_cast<U>(byte << (kBits - 7))) >> (kBits - 7);
  U value = byte & 0x7F;
  for (int shift = 7;; shift += 7) {
    byte = *p++;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) {
      int used = shift + 7;
      if (used < kBits && (byte & 0x40)) value |= ~U{0} << used;
      return static_cast<T>(value);
    }
  }
}

template <class T>
BRINK_INLINE T read_fixed(const u8* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

BRINK_INLINE Flow trap(State& s, TrapKind kind) {
  s.context->trap = kind;
  return Flow::Trap;
}

}  // namespace brink::interpret
