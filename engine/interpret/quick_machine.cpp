// Dispatch for quick code: the bodies of quick_handlers.h and its companions as a running machine, threaded or portable
// as in interpreter.cpp.
//
// One table, or a copy of it a thread (ThreadDispatch). Its address travels in a register with the rest of the state,
// so that an instruction's end is a load of two bytes and an indirect jump.
#include <array>
#include <atomic>

#include "engine/interpret/distances.h"
#include "engine/interpret/interpreter.h"
#include "engine/interpret/quick_aggregate.h"
#include "engine/interpret/quick_calls.h"
#include "engine/interpret/quick_vector.h"
#include "engine/runtime/interrupts.h"

namespace brink::interpret {
namespace {

template <class F>
struct BodyOf;
template <class Body>
struct BodyOf<void(Body)> {
  using type = Body;
};

// A name for every body, as fusions.def refers to them.
namespace body {
#define BRINK_QUICK(name, meaning, operands) using name = BodyOf<void meaning>::type;
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
#define BRINK_FUSION(first, second) using first##__##second = Then<first, second>;
#include "engine/quicken/fusions.def"
#undef BRINK_FUSION
}  // namespace body

BRINK_INLINE u32 next_opcode(const QuickState& s) {
  u16 opcode;
  std::memcpy(&opcode, s.pc, 2);
  return opcode;
}

#ifdef BRINK_THREADED

#define BRINK_QUICK_REGISTERS                                                                                      \
  const u8 *pc, u64 t, u64 *fp, u8 *memory, Instance *instance, const void *table, Frame *frame, Context *context, \
      FloatRegister f
#define BRINK_QUICK_GO(target) \
  [[clang::musttail]] return (target)(s.pc, s.t, s.fp, s.memory, s.instance, s.table, s.frame, s.context, s.f)

using Handler = __attribute__((preserve_none)) Status (*)(BRINK_QUICK_REGISTERS);

#define BRINK_QUICK_NEXT BRINK_QUICK_GO(static_cast<const Handler*>(s.table)[next_opcode(s)])

__attribute__((preserve_none, noinline)) Status trap_handler(BRINK_QUICK_REGISTERS) {
  (void)t, (void)fp, (void)memory, (void)instance, (void)table, (void)f;
  context->pc = pc;
  context->frame = frame;
  return Status::Trap;
}

template <class Slow, class Width>
BRINK_GUEST_RACES __attribute__((preserve_none, noinline)) Status slow_handler(BRINK_QUICK_REGISTERS) {
  QuickState s{pc, t, fp, memory, instance, table, frame, context, f};
  QuickState copy = s;
  Flow flow = Slow::template run<Width>(copy);
  s = copy;
  if (flow == Flow::Trap) BRINK_QUICK_GO(trap_handler);
  BRINK_QUICK_NEXT;
}

template <class Body, class Width>
BRINK_GUEST_RACES __attribute__((preserve_none)) Status handler(BRINK_QUICK_REGISTERS) {
  QuickState s{pc + 2, t, fp, memory, instance, table, frame, context, f};
  switch (Body::template run<Width>(s)) {
    case Flow::Next: BRINK_QUICK_NEXT;
    case Flow::Slow:
      if constexpr (Body::Slow::kExists) BRINK_QUICK_GO((slow_handler<typename Body::Slow, Width>));
      break;
    case Flow::Trap: BRINK_QUICK_GO(trap_handler);
    case Flow::Exit: break;
  }
  return Status::Done;
}

// In every place of a table that has been interrupted. At the end of a run there is nothing left to interrupt, and no
// frame to blame.
__attribute__((preserve_none, noinline)) Status interrupted_handler(BRINK_QUICK_REGISTERS);

#else

using Handler = Flow (*)(QuickState& s);

Flow interrupted_handler(QuickState& s);

template <class Body, class Width>
BRINK_GUEST_RACES Flow handler(QuickState& s) {
  s.pc += 2;
  Flow flow = Body::template run<Width>(s);
  if constexpr (Body::Slow::kExists)
    if (flow == Flow::Slow) flow = Body::Slow::template run<Width>(s);
  if (flow == Flow::Trap) s.context->pc = s.pc;
  return flow;
}

#endif

// Every handler by its opcode: narrow opcodes, fused opcodes, wide opcodes. Of distances the table is made when it is first needed, its wide part
// when there is wide code.
#ifdef BRINK_HAS_DISTANCES
BRINK_DISTANCES(brink_quick_distances, quick::kOpcodeCount);

[[gnu::used, gnu::noinline]] void write_distances() {
  BRINK_BEGIN_DISTANCES("brink_quick_distances");
#define BRINK_HANDLER(body, width) BRINK_DISTANCE("brink_quick_distances", handler<body, width>);
#else
constinit const std::array<Handler, quick::kOpcodeCount> kHandlers = {
#define BRINK_HANDLER(body, width) handler<body, width>,
#endif

#define BRINK_QUICK(name, meaning, operands) BRINK_HANDLER(body::name, Narrow)
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
#define BRINK_FUSION(first, second) BRINK_HANDLER(body::first##__##second, Narrow)
#include "engine/quicken/fusions.def"
#undef BRINK_FUSION
#define BRINK_QUICK(name, meaning, operands) BRINK_HANDLER(body::name, Wide)
#include "engine/quicken/quick_forms.h"
#undef BRINK_QUICK
#undef BRINK_HANDLER

#ifdef BRINK_HAS_DISTANCES
}

alignas(64) std::array<Handler, quick::kOpcodeCount> made_handlers;

void make_handlers(u32 begin, u32 end) {
  for (u32 i = begin; i < end; ++i) made_handlers[i] = at_distance<Handler>(brink_quick_distances[i]);
}

const std::array<Handler, quick::kOpcodeCount>& narrow_handlers() {
  [[maybe_unused]] static const bool are_made = (make_handlers(0, quick::kNarrowCount), true);
  return made_handlers;
}

const std::array<Handler, quick::kOpcodeCount>& all_handlers() {
  [[maybe_unused]] static const bool are_made = (make_handlers(quick::kNarrowCount, quick::kOpcodeCount), true);
  return narrow_handlers();
}
#else
};

const std::array<Handler, quick::kOpcodeCount>& narrow_handlers() { return kHandlers; }
const std::array<Handler, quick::kOpcodeCount>& all_handlers() { return kHandlers; }
#endif

bool is_boundary(const u8* pc) { return pc == kQuickExit || pc == kQuickCrossReturn; }

// Whether the run that dispatched through an overwritten table is to end; else its thread's table is whole again.
bool takes_interrupt(Context& context) {
  ThreadDispatch::of_this_thread().repair();
  return runtime::must_end(context);
}

#ifdef BRINK_THREADED

[[gnu::noinline]] bool answer_interrupt(Context& context, const u8* pc, Frame* frame) {
  if (!takes_interrupt(context)) return false;
  context.trap = TrapKind::Interrupted;
  context.pc = pc + 2;
  context.frame = frame;
  return true;
}

__attribute__((preserve_none, noinline)) Status interrupted_handler(BRINK_QUICK_REGISTERS) {
  QuickState s{pc, t, fp, memory, instance, table, frame, context, f};
  if (!is_boundary(pc) && answer_interrupt(*context, pc, frame)) return Status::Trap;
  BRINK_QUICK_GO(all_handlers()[next_opcode(s)]);
}

#else

Flow interrupted_handler(QuickState& s) {
  if (is_boundary(s.pc) || !takes_interrupt(*s.context)) return all_handlers()[next_opcode(s)](s);
  s.context->trap = TrapKind::Interrupted;
  s.context->pc = s.pc + 2;
  return Flow::Trap;
}

#endif

constexpr u8 low(quick::QuickOp op) { return static_cast<u8>(static_cast<u32>(op)); }
constexpr u8 high(quick::QuickOp op) { return static_cast<u8>(static_cast<u32>(op) >> 8); }

}  // namespace

static_assert(std::endian::native == std::endian::little);
const u8 kQuickExit[2] = {low(quick::QuickOp::Exit), high(quick::QuickOp::Exit)};
const u8 kQuickEnterTier[2] = {low(quick::QuickOp::EnterTier), high(quick::QuickOp::EnterTier)};
const u8 kQuickCrossReturn[2] = {low(quick::QuickOp::CrossReturn), high(quick::QuickOp::CrossReturn)};

// --- A thread's own table --------------------------------------------------------------------------------------------

struct ThreadDispatch::Table {
  std::array<Handler, quick::kOpcodeCount> handlers;
  bool is_overwritten = false;
};

ThreadDispatch::ThreadDispatch() : table_(std::make_unique<Table>(Table{all_handlers()})) {}
ThreadDispatch::~ThreadDispatch() = default;

ThreadDispatch& ThreadDispatch::of_this_thread() {
  static thread_local ThreadDispatch dispatch;
  return dispatch;
}

const void* ThreadDispatch::table() const { return table_->handlers.data(); }

void ThreadDispatch::interrupt() {
  std::lock_guard lock(mutex_);
  if (table_->is_overwritten) return;
  for (Handler& handler : table_->handlers)
    std::atomic_ref<Handler>(handler).store(&interrupted_handler, std::memory_order_relaxed);
  table_->is_overwritten = true;
}

void ThreadDispatch::repair() {
  std::lock_guard lock(mutex_);
  const auto& whole = all_handlers();
  for (u32 i = 0; i < quick::kOpcodeCount; ++i)
    std::atomic_ref<Handler>(table_->handlers[i]).store(whole[i], std::memory_order_relaxed);
  table_->is_overwritten = false;
}

namespace {

const Handler* table_of(const ThreadDispatch* dispatch) {
  return dispatch == nullptr ? narrow_handlers().data() : static_cast<const Handler*>(dispatch->table());
}

}  // namespace

// All of a function's opcodes have one width.
void make_ready_for(const u8* code) {
  u16 opcode;
  std::memcpy(&opcode, code, 2);
  if (opcode >= quick::kNarrowCount) (void)all_handlers();
}

#ifdef BRINK_THREADED

// Small and uninstrumented for the same reason as run() in interpreter.cpp.
static __attribute__((noinline, no_sanitize("address", "undefined", "thread"))) Status enter_quick_code(const State& state,
                                                                                            const Handler* table) {
  u16 opcode;
  __builtin_memcpy(&opcode, state.pc, 2);
  return table[opcode](state.pc, 0, state.fp, state.memory, state.instance, table, state.frame, state.context,
                       FloatRegister{});
}

Status run_quick(const State& state, const ThreadDispatch* dispatch) {
  return enter_quick_code(state, table_of(dispatch));
}

#else

Status run_quick(const State& state, const ThreadDispatch* dispatch) {
  const Handler* table = table_of(dispatch);
  QuickState s{state.pc, 0,           state.fp,      state.memory,   state.instance,
               table,    state.frame, state.context, FloatRegister{}};
  for (;;) {
    Flow flow = table[next_opcode(s)](s);
    if (flow == Flow::Next) [[likely]]
      continue;
    s.context->frame = s.frame;
    return flow == Flow::Exit ? Status::Done : Status::Trap;
  }
}

#endif

}  // namespace brink::interpret
