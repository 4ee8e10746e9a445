// The compiler to machine code, for hosts: Config::compiler = jit::make_compiler().
//
// Without one, or where it cannot be had, everything is interpreted.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/runtime/tier.h"
#include "jit/listing.h"
#include "jit/observer.h"

namespace brink::jit {

struct Options {
  // Of address space for machine code, on AArch64 128 MiB at most; functions that find no room are interpreted.
  u32 arena_bytes = 512u << 20;
  // Nothing is asked of the processor or the system before the first function is compiled; what make_compiler would have failed
  // with leaves all functions to the interpreter then.
  bool lazy = false;
  // Only instructions that every supported processor has, though this one has more.
  bool baseline = false;
  // To find the compiler's defects: it chooses registers, and what to spill, at random. The code is neither kept for other
  // processes, nor is theirs used.
  std::optional<u64> random_seed = {};
  std::vector<std::shared_ptr<CodeObserver>> observers;
  // Whether a function, by its name or else its number, stays with the interpreter: to find whose code is to blame for something, and
  // to see the tiers take turns. It may be asked on any thread. Empty: all are compiled.
  std::function<bool(const std::string& function)> leaves_out;
};

// Config::tier_threshold for those who have no other wish; RATIONALE.md has the figures.
inline constexpr u32 kTierThreshold = 2000;

// What a compiler has done so far.
struct Statistics {
  u64 functions = 0;      // compiled
  u64 loaded = 0;         // compiled by another process, and placed here
  u64 wasm_bytes = 0;     // of their bodies
  u64 machine_bytes = 0;  // of their code
  u64 loop_entries = 0;   // frames that went on in machine code in the middle of a loop
  u64 nanoseconds = 0;    // spent on them
  // Left to the interpreter, by reason.
  u64 left_out = 0;       // Options::leaves_out
  u64 out_of_room = 0;    // the arena was full
  u64 failed = 0;         // could not be encoded: a defect
};

class Compiler : public runtime::TierCompiler {
 public:
  virtual Statistics statistics() const = 0;
  // What a function becomes that has been prepared; it is not placed. Fails with the reason why it would be interpreted.
  virtual Result<Listing> list(runtime::ModuleState& module, const runtime::FunctionCode& code) = 0;
};

// Fails where the processor lacks SSE4.1 or POPCNT, or the system gives no executable memory, unless it is lazy.
Result<std::shared_ptr<Compiler>> make_compiler(const Options& options = {});

}  // namespace brink::jit
