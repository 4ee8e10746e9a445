#include "engine/interpret/instruction_calls.h"

#include <array>

#include "engine/interpret/distances.h"
#include "engine/interpret/handlers_aggregate.h"
#include "engine/interpret/handlers_atomic.h"
#include "engine/interpret/handlers_bulk.h"
#include "engine/interpret/handlers_control.h"
#include "engine/interpret/handlers_legacy.h"
#include "engine/interpret/handlers_memory.h"
#include "engine/interpret/handlers_numeric.h"
#include "engine/interpret/handlers_variable.h"
#include "engine/interpret/handlers_vector.h"
#include "engine/interpret/handlers_wide.h"

namespace brink::interpret {
namespace {

template <Op op, class Access>
BRINK_GUEST_RACES Flow call(State& s) {
  Flow flow = Execute<op, Access>::run(s);
  if constexpr (ExecuteSlow<op>::kExists)
    if (flow == Flow::Slow) flow = ExecuteSlow<op>::run(s);
  return flow;
}

// For each instruction that for guarded accesses, then that for general ones.
#ifdef BRINK_HAS_DISTANCES
BRINK_DISTANCES(brink_instruction_calls, 2 * kOpCount);

[[gnu::used, gnu::noinline]] void write_calls() {
  BRINK_BEGIN_DISTANCES("brink_instruction_calls");
#define BRINK_CALL(...) BRINK_DISTANCE("brink_instruction_calls", __VA_ARGS__);
#else
constexpr std::array<InstructionCall, 2 * kOpCount> kCalls = {
#define BRINK_CALL(...) __VA_ARGS__,
#endif

#define BRINK_OPCODE(id, text, code, imm, sig, feature) \
  BRINK_CALL(call<Op::id, AccessOf<Op::id, GuardedAccess>>) BRINK_CALL(call<Op::id, AccessOf<Op::id, GeneralAccess>>)
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
#undef BRINK_CALL

#ifdef BRINK_HAS_DISTANCES
}
#else
};
#endif

}  // namespace

InstructionCall instruction_call(Op op, bool is_general) {
  u32 place = 2 * static_cast<u32>(op) + (is_general ? 1 : 0);
#ifdef BRINK_HAS_DISTANCES
  return at_distance<InstructionCall>(brink_instruction_calls[place]);
#else
  return kCalls[place];
#endif
}

}  // namespace brink::interpret
