// Dispatch: from the handlers' bodies to a running machine, twice.
//
// Threaded (clang): every handler is a function of its own whose arguments are the machine's state in registers
// (calling convention preserve_none) and whose last act is a tail call to the handler of the next opcode. No loop, no
// central branch, no spills; each handler's indirect jump has a predictor entry of its own.
//
// Portable (other compilers, or -Dportable_interpreter=true): the same bodies, called from a loop through a table.
// Slower; it doubles as the oracle for the threaded form.
//
// Tables, by what may stand at the program counter: opcode byte; sub-opcode after 0xFB…0xFE; and, behind the stamp
// GeneralAccess, the same again with explicit bounds checks.
#include "engine/interpret/interpreter.h"

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

// --- A body a table entry --------------------------------------------------------------------------------------------

struct NoSlow {
  static constexpr bool kExists = false;
};

template <Op op, class Access>
struct OpBody {
  using Slow = ExecuteSlow<op>;
  static constexpr bool kPrefixed = op_info(op).code >> 16 != 0;
  BRINK_INLINE static Flow run(State& s) { return Execute<op, Access>::run(s); }
};

template <Stamp stamp>
struct StampBody {
  using Slow = NoSlow;
  static constexpr bool kPrefixed = false;
  BRINK_INLINE static Flow run(State& s) { return ExecuteStamp<stamp>::run(s); }
};

struct FunctionEndBody {
  using Slow = NoSlow;
  static constexpr bool kPrefixed = false;
  BRINK_INLINE static Flow run(State& s) { return op_Return(s); }
};

struct ExitBody {
  using Slow = NoSlow;
  static constexpr bool kPrefixed = false;
  BRINK_INLINE static Flow run(State& s) { return execute_exit(s); }
};

struct CrossReturnBody {
  using Slow = NoSlow;
  static constexpr bool kPrefixed = false;
  BRINK_INLINE static Flow run(State& s) { return execute_cross_return(s); }
};

// Bytes that validated code cannot contain.
struct UnassignedBody {
  using Slow = NoSlow;
  static constexpr bool kPrefixed = false;
  static Flow run(State& s) {
    s.context->trap_detail = "internal error: unassigned opcode reached";
    return trap(s, TrapKind::InvalidFunction);
  }
};

// The module's own byte under a GeneralAccess stamp.
BRINK_INLINE u8 original_opcode(const State& s) {
  const FunctionCode& code = *s.frame->code;
  auto offset = static_cast<u64>(s.pc - code.code.load(std::memory_order_relaxed));
  return s.instance->module->info.bytes[code.prepared->code_offset + offset];
}

// Moves the program counter to the last byte of a prefixed opcode and returns the sub-opcode.
BRINK_INLINE u32 read_prefixed(State& s) {
  s.context->pc = s.pc;
  const u8* p = s.pc + 1;
  u32 sub = read_u32(p);
  s.pc = p - 1;
  return sub;
}

// --- The two machines ------------------------------------------------------------------------------------------------

#ifdef BRINK_THREADED

#define BRINK_REGISTERS \
  const u8 *pc, u64 *sp, u64 *fp, u8 *memory, Instance *instance, const SideEntry *side, Frame *frame, Context *context
#define BRINK_ENTER \
  State s { pc, sp, fp, memory, instance, side, frame, context }
#define BRINK_GO(target) \
  [[clang::musttail]] return (target)(s.pc, s.sp, s.fp, s.memory, s.instance, s.side, s.frame, s.context)

using Handler = __attribute__((preserve_none)) Status (*)(BRINK_REGISTERS);

#else

using Handler = Flow (*)(State& s);

#endif

struct Tables {
  std::array<Handler, 256> plain;
  std::array<std::array<Handler, kMaxSubOpcode + 1>, 4> prefixed;
};

// Filled before the first run: as constants they would be relocated, page by page, at every start of a process, most of which
// run quick code and nothing else.
template <class Access>
struct Dispatch {
  static Tables tables;
};

#ifdef BRINK_THREADED

template <class Body, bool kPrefixed>
__attribute__((preserve_none, noinline)) Status trap_handler(BRINK_REGISTERS) {
  (void)sp, (void)fp, (void)memory, (void)instance, (void)side;
  if constexpr (!kPrefixed) context->pc = pc;
  context->frame = frame;
  return Status::Trap;
}

template <class Slow, bool kPrefixed>
BRINK_GUEST_RACES __attribute__((preserve_none, noinline)) Status slow_handler(BRINK_REGISTERS) {
  BRINK_ENTER;
  State t = s;
  Flow flow = Slow::run(t);
  s = t;
  if (flow == Flow::Trap) BRINK_GO((trap_handler<void, kPrefixed>));
  BRINK_GO(Dispatch<GuardedAccess>::tables.plain[*s.pc]);
}

template <class Body>
BRINK_GUEST_RACES __attribute__((preserve_none)) Status handler(BRINK_REGISTERS) {
  BRINK_ENTER;
  switch (Body::run(s)) {
    case Flow::Next: BRINK_GO(Dispatch<GuardedAccess>::tables.plain[*s.pc]);
    case Flow::Slow:
      if constexpr (Body::Slow::kExists) BRINK_GO((slow_handler<typename Body::Slow, Body::kPrefixed>));
      break;
    case Flow::Trap: BRINK_GO((trap_handler<void, Body::kPrefixed>));
    case Flow::Exit: break;
  }
  return Status::Done;
}

template <class Access, int prefix>
__attribute__((preserve_none)) Status prefix_handler(BRINK_REGISTERS) {
  BRINK_ENTER;
  u32 sub = read_prefixed(s);
  BRINK_GO(Dispatch<Access>::tables.prefixed[prefix - 0xFB][sub]);
}

__attribute__((preserve_none)) Status general_access_handler(BRINK_REGISTERS) {
  BRINK_ENTER;
  BRINK_GO(Dispatch<GeneralAccess>::tables.plain[original_opcode(s)]);
}

#else

template <class Body>
BRINK_GUEST_RACES Flow handler(State& s) {
  Flow flow = Body::run(s);
  if constexpr (Body::Slow::kExists)
    if (flow == Flow::Slow) flow = Body::Slow::run(s);
  if constexpr (!Body::kPrefixed)
    if (flow == Flow::Trap) s.context->pc = s.pc;
  return flow;
}

template <class Access, int prefix>
Flow prefix_handler(State& s) {
  u32 sub = read_prefixed(s);
  return Dispatch<Access>::tables.prefixed[prefix - 0xFB][sub](s);
}

Flow general_access_handler(State& s) { return Dispatch<GeneralAccess>::tables.plain[original_opcode(s)](s); }

#endif

template <class Access>
void fill_tables() {
  Tables& t = Dispatch<Access>::tables;
  t.plain.fill(handler<UnassignedBody>);
  for (auto& table : t.prefixed) table.fill(handler<UnassignedBody>);
  auto put = [&](u32 code, Handler h) {
    if (code >> 16) t.prefixed[(code >> 16) - 0xFB][code & 0xFFFF] = h;
    else t.plain[code] = h;
  };
#define BRINK_OPCODE(id, text, code, imm, sig, feature) put(code, handler<OpBody<Op::id, AccessOf<Op::id, Access>>>);
#include "engine/module/opcodes.def"
#undef BRINK_OPCODE
  t.plain[0xFB] = prefix_handler<Access, 0xFB>;
  t.plain[0xFC] = prefix_handler<Access, 0xFC>;
  t.plain[0xFD] = prefix_handler<Access, 0xFD>;
  t.plain[0xFE] = prefix_handler<Access, 0xFE>;
  auto stamp = [&](Stamp which, Handler h) { t.plain[static_cast<u8>(which)] = h; };
  stamp(Stamp::GeneralAccess, general_access_handler);
  stamp(Stamp::FunctionEnd, handler<FunctionEndBody>);
  stamp(Stamp::DropV128, handler<StampBody<Stamp::DropV128>>);
  stamp(Stamp::SelectV128, handler<StampBody<Stamp::SelectV128>>);
  stamp(Stamp::LocalGetV128, handler<StampBody<Stamp::LocalGetV128>>);
  stamp(Stamp::LocalSetV128, handler<StampBody<Stamp::LocalSetV128>>);
  stamp(Stamp::LocalTeeV128, handler<StampBody<Stamp::LocalTeeV128>>);
  stamp(Stamp::LocalGetMapped, handler<StampBody<Stamp::LocalGetMapped>>);
  stamp(Stamp::LocalSetMapped, handler<StampBody<Stamp::LocalSetMapped>>);
  stamp(Stamp::LocalTeeMapped, handler<StampBody<Stamp::LocalTeeMapped>>);
  stamp(Stamp::GlobalGetV128, handler<StampBody<Stamp::GlobalGetV128>>);
  stamp(Stamp::GlobalSetV128, handler<StampBody<Stamp::GlobalSetV128>>);
  stamp(Stamp::CatchEnd, handler<StampBody<Stamp::CatchEnd>>);
  t.plain[kExitOpcode] = handler<ExitBody>;
  t.plain[kCrossReturnOpcode] = handler<CrossReturnBody>;
}

template <class Access>
constinit Tables Dispatch<Access>::tables{};

void fill_all_tables() {
  static const bool filled = [] {
    fill_tables<GuardedAccess>();
    fill_tables<GeneralAccess>();
    return true;
  }();
  (void)filled;
}

}  // namespace

#ifdef BRINK_THREADED

// preserve_none gives every register to the callee; entering the chain from a function that needs a base pointer of its
// own (as sanitizers make them) corrupts it in clang 19, so this function stays small and uninstrumented.
static __attribute__((noinline, no_sanitize("address", "undefined", "thread"))) Status enter_code(const State& state) {
  return Dispatch<GuardedAccess>::tables.plain[*state.pc](state.pc, state.sp, state.fp, state.memory, state.instance,
                                                           state.side, state.frame, state.context);
}

Status run(const State& state) {
  fill_all_tables();
  return enter_code(state);
}

const char* dispatch_name() { return "threaded"; }

#else

Status run(const State& state) {
  fill_all_tables();
  State s = state;
  for (;;) {
    Flow flow = Dispatch<GuardedAccess>::tables.plain[*s.pc](s);
    if (flow == Flow::Next) [[likely]]
      continue;
    s.context->frame = s.frame;
    return flow == Flow::Exit ? Status::Done : Status::Trap;
  }
}

const char* dispatch_name() { return "portable"; }

#endif

}  // namespace brink::interpret
