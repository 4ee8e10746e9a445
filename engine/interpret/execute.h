// How handlers are declared. execute<Op, Access>(state) is an instruction's meaning; execute_slow<Op> its out-of-line
// half, run from the same state when the first answers Flow::Slow.
#pragma once
#include "engine/interpret/state.h"
#include "engine/module/opcodes.h"

namespace brink::interpret {

// How a memory instruction finds its bytes; handlers_memory.h.
struct GuardedAccess;
struct GeneralAccess;

// Only instructions with a memory argument come in two forms.
template <Op op, class Access>
using AccessOf =
    std::conditional_t<op_info(op).immediate == Immediate::MemArg || op_info(op).immediate == Immediate::MemArgLane,
                       Access, GuardedAccess>;

// run(State&) of an instruction; the primary template is for those this engine cannot run yet.
template <Op op, class Access>
struct Execute {
  static Flow run(State& s) {
    s.context->trap_detail = std::string(op_info(op).text()) + " is not supported by this version";
    return trap(s, TrapKind::InvalidFunction);
  }
};

// run(State&) of its out-of-line half.
template <Op op>
struct ExecuteSlow {
  static constexpr bool kExists = false;
};

}  // namespace brink::interpret

#define BRINK_OP(id)                                              \
  Flow op_##id(State& s);                                         \
  template <class Access>                                         \
  struct Execute<Op::id, Access> {                                \
    BRINK_INLINE static Flow run(State& s) { return op_##id(s); } \
  };                                                              \
  BRINK_INLINE Flow op_##id(State& s)

#define BRINK_SLOW(id)                                 \
  Flow slow_##id(State& s);                            \
  template <>                                          \
  struct ExecuteSlow<Op::id> {                         \
    static constexpr bool kExists = true;              \
    static Flow run(State& s) { return slow_##id(s); } \
  };                                                   \
  inline Flow slow_##id(State& s)

// An instruction that is nothing but its out-of-line half.
#define BRINK_OUT_OF_LINE(id)                  \
  BRINK_OP(id) { return (void)s, Flow::Slow; } \
  BRINK_SLOW(id)
