// Where a compiler to machine code plugs in. The engine knows this interface and includes nothing of jit/; a host
// registers a compiler with Config::compiler.
//
// How the two ways to run a function live together
//
// One value stack. A machine-code frame has its locals and operands at the same slots as an interpreted one, fp being
// the caller's first argument slot. Machine code keeps values in registers between calls; what it keeps there across a
// call, and who saves it, is its own affair, except for references: at every call each live one is in its slot, because
// the collector scans the value stack and nothing else.
//
// Interpreter → machine code. The quick code of a compiled function is one instruction, EnterTier (kQuickEnterTier). Calls
// stay what they are: they push a Frame and go on at FunctionCode::code, and the instruction's handler runs the machine
// code on the native stack until it returns, then leaves the Frame. An interpreted frame that is already running goes on
// in its quick code, which PreparedCode keeps, until it ends or comes to a loop's head that counts: from there the rest of
// it may run in machine code, as if it had been entered by EnterTier (tier_up.h).
//
// Machine code → machine code. A native call; no Frame is pushed. Where the guest is can be told from the native stack:
// frames have a fixed size each, and a return address names the function and the call.
//
// Machine code → everything else. One of the compiler's run-time functions, which runs the interpreter until that call
// returns (a nested run of it), or calls the host.
//
// An activation is a stretch of machine code on the native stack between such borders. Context::tier holds the innermost;
// the others are linked from it and lie, with their borders, on the native stack. The Frame records of the value stack and
// the activations interleave: an activation belongs to the Frame of the EnterTier that began it (entry_frame).
//
// Traps never return through machine code. Whoever finds one describes it in Context and jumps to the sigsetjmp of
// call_function (leave_by_trap); nothing between has anything to destroy. A fault in machine code takes the same way: the
// signal handler notes where it was. The activations are still there when the backtrace is made, because nothing has
// been called since.
//
// Tail calls. Machine code gives up its own frame and jumps. A function that was entered from the interpreter and ends in a tail
// call of what is no machine code leaves its activation, and the interpreter makes the call in the Frame that has
// become free (TierState::tail_call); else two functions that take turns in the two tiers would nest without end.
//
// Exceptions. One that is thrown in machine code, or comes up to it, goes on in the innermost frame of the activation that
// catches it (Landing). If none does, it is asked whether any frame further out does, of whatever tier: if not, it is a trap, and
// the backtrace whole; else the native stack is cut back to the activation's entry, and the search goes on in the interpreted
// frame that called it.
//
// Stack limits. Machine code compares fp with value_limit and the native stack pointer with native_limit in every prologue but
// those of small leaf functions, for which all others leave room. native_limit belongs to the thread that runs the store;
// raising it makes running code call the run-time system at its next prologue or loop head.
#pragma once
#include <ucontext.h>

#include <atomic>
#include <span>
#include <vector>

#include "engine/base/integers.h"

namespace brink {
struct PreparedCode;
}
namespace brink::interpret {
struct Frame;
}
namespace brink::gc {
struct ExceptionObject;
}

namespace brink::runtime {

struct Context;
struct Function;
struct FunctionCode;
struct Global;
struct Instance;
struct Memory;
struct ModuleState;
struct Table;

struct Activation {
  // Of the instance whose code runs.
  Instance* instance = nullptr;
  Global** globals = nullptr;
  Table** tables = nullptr;
  Memory** memories = nullptr;
  const u64* value_limit = nullptr;  // locals and operands end below
  u64* entry_sp = nullptr;           // native stack pointer inside the compiler's entry code
  u64* exit_sp = nullptr;            // where it last left for the run-time system: the return address is there
  const u8* fault_pc = nullptr;      // of a fault; exit_sp is then the frame's own stack pointer
  interpret::Frame* entry_frame = nullptr;
  const Activation* outer = nullptr;
};

// One of them, or neither.
struct TailCall {
  const FunctionCode* own = nullptr;  // of the same instance
  const Function* any = nullptr;
};

// How a frame of machine code goes on that has caught an exception. The registers that functions keep for their callers get what
// they had there: what is at `from`, which is in `kept` where nobody has saved the register since.
struct Landing {
  static constexpr u32 kMostRegisters = 16;

  const void* position = nullptr;
  const u64* sp = nullptr;
  u64* fp = nullptr;
  const u64* from[kMostRegisters] = {};
  u64 kept[kMostRegisters] = {};
};

// What machine code reaches through a register, at fixed offsets.
struct alignas(16) TierState {
  static constexpr u32 kArgumentRegisters = 6;

  std::atomic<u64> native_limit{0};  // native_bottom, or higher to interrupt
  u64 fuel = 0;                      // with Config::consume_fuel, while no machine code runs: what guests may still use
  Activation activation;
  u64 integers[kArgumentRegisters] = {};  // argument registers on their way to the run-time system
  alignas(16) u64 floats[2 * kArgumentRegisters] = {};
  u64 scratch[2] = {};
  alignas(16) u64 abs32[2] = {0x7FFFFFFF7FFFFFFF, 0x7FFFFFFF7FFFFFFF};
  u64 abs64[2] = {0x7FFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF};
  u64 sign32[2] = {0x8000000080000000, 0x8000000080000000};
  u64 sign64[2] = {0x8000000000000000, 0x8000000000000000};
  Context* context = nullptr;
  TailCall tail_call;  // what remains to be called, when enter() says so; the arguments are in their slots
  const void* loop_position = nullptr;  // on the way into a loop: LoopEntry
  Landing landing;
  u64 native_bottom = 0;  // the lowest native stack pointer that guest code may have; 0: not known yet
};

// What leaving room for a small leaf function means.
inline constexpr u64 kLeafReserveBytes = 512;

// A frame of machine code, noted for the backtrace before the native stack is given up.
struct NotedFrame {
  const interpret::Frame* entry_frame;  // of its activation
  const FunctionCode* function;
  u32 native;  // offset in the function's machine code
};

// Where a running frame can leave the interpreter for machine code: `machine` as of a function, for enter(), with
// TierState::loop_position set to `position`.
struct LoopEntry {
  const void* machine = nullptr;  // null: nowhere
  const void* position = nullptr;
};

// A function's machine code as other processes can load it: TierCompiler::load.
struct KeptCode {
  u32 own_function;
  std::vector<u8> bytes;
};

class TierCompiler {
 public:
  virtual ~TierCompiler() = default;

  // Compiles a function that has been prepared as quick code; null where it stays with the interpreter. One function of
  // a module at a time, beside load() of others; any thread, other functions of the module running meanwhile. What the compiler keeps for the module
  // is in ModuleState::machine_code.
  virtual const void* compile(ModuleState& module, FunctionCode& code) = 0;
  // Code for other processes of this build, with nothing in it that is only true of this one. `key` says what it needs besides: the
  // same choices and the same processor.
  virtual u64 key() = 0;
  // Of the functions that compile() has done while ModuleState::source was there, in ascending order. From any thread.
  virtual std::vector<KeptCode> kept(ModuleState& module) = 0;
  // Of a function that has not been prepared, from what preparing it makes. Empty where it stays with the interpreter. Any number of
  // threads at once.
  virtual std::vector<u8> assemble(ModuleState& module, u32 own_function, const PreparedCode& prepared) = 0;
  // What compile() does, with code that kept() or assemble() has made for the same function. Null where that does not fit here.
  virtual const void* load(ModuleState& module, FunctionCode& code, std::span<const u8> kept) = 0;
  // Runs `machine`; true if it did not return: TierState::tail_call is to be made, or an exception (Context::exception) came
  // out of it.
  virtual bool enter(TierState& tier, const void* machine, u64* fp, u8* memory0) = 0;
  // The loop of a compiled function whose instruction is at `loop` in the body.
  virtual LoopEntry loop_entry(const FunctionCode& code, u32 loop) = 0;
  // Notes the frames of an activation that has left machine code, innermost first, as far as there is room; how many.
  // Its native stack must be there still. Allocates nothing: a signal handler calls it.
  virtual size_t note_frames(const Activation& activation, std::span<NotedFrame> out) = 0;
  // The instruction that a frame is at: its offset in the body, from the first instruction.
  virtual u32 original_offset(const NotedFrame& frame) = 0;
  // Whether a frame of an activation that has left machine code catches the exception.
  virtual bool catches(const Activation& activation, const gc::ExceptionObject& exception) = 0;
  // What is left of the fuel, where code that pays for what it does has faulted: TierState::fuel is not kept up to date while such code
  // runs. A signal handler asks.
  virtual u64 fuel_at_fault(const ucontext_t& machine) const = 0;
  // Whether machine code may be there. A signal handler asks.
  virtual bool has_code_at(const u8* address) const = 0;
};

// The stack that this thread is on, where it is one of the host's own (running_guest.h); null: the thread's.
struct HostStack {
  const void* lowest = nullptr;
  size_t bytes = 0;
};
HostStack& host_stack();

// The lowest native stack pointer that guest code of this thread may use.
u64 native_stack_limit();

// Makes native_bottom known, and native_limit what it says. Costs a look into /proc once a thread, so only those who need it ask.
void find_native_limit(Context& context);

// Notes the innermost frames of machine code in Context::noted_frames. Before every jump out of machine code: behind it
// the native frames are overwritten.
void note_machine_frames(Context& context);

// Ends the guest's run with the trap that Context describes.
[[noreturn]] void leave_by_trap(Context& context);

}  // namespace brink::runtime
