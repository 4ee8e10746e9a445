#include "engine/interpret/instruction_calls.h"

#include <array>

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

template <class Access>
constexpr std::array<InstructionCall, kOpCount> kCalls = {
#define BRINK_OPCODE(id, text, code, imm, sig, feature) call<Op::id, AccessOf<Op::id, Access>>,
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
};

}  // namespace

InstructionCall instruction_call(Op op, bool is_general) {
  return is_general ? kCalls<GeneralAccess>[static_cast<u32>(op)] : kCalls<GuardedAccess>[static_cast<u32>(op)];
}

}  // namespace brink::interpret
