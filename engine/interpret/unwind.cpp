// Throwing (specification, section 4.6.11.6): from the instruction at s.pc outwards, frame by frame, to the first
// try_table or legacy try with a clause that matches.
//
// Neither costs anything until something is thrown: each function has a list of its try regions (TryRegion), searched
// innermost first with the pc of the throw, or of the call in the frames above. A delegate leaves out the
// regions between it and its target.
#include "engine/interpret/handlers_control.h"

namespace brink::interpret {
namespace {

void enter_legacy_catch(State& s, const TryRegion& region, const TryRegion::Clause& clause,
                        gc::ExceptionObject& exception) {
  const FunctionCode* code = s.frame->code;
  s.sp = s.fp + region.height;
  *s.sp++ = reinterpret_cast<u64>(&exception);
  if (!clause.is_all) {
    std::memcpy(s.sp, exception.values(), exception.count * sizeof(u64));
    s.sp += exception.count;
  }
  s.pc = code->prepared->code.get() + clause.pc;
  s.side = code->side + clause.entry;
}

struct FoundClause {
  const TryRegion* region = nullptr;  // null: none
  u32 clause = 0;
};

// The clause that catches the exception where a frame is at `pc`.
FoundClause find_clause(const FunctionCode& code, const Instance& instance, const u8* pc, const gc::ExceptionObject& exception) {
  auto offset = static_cast<u64>(pc - code.prepared->code.get());
  u32 limit = ~u32{0};  // a delegate has said that only regions of a lower depth count
  for (const TryRegion& region : code.prepared->try_regions) {
    if (offset < region.begin || offset >= region.end || region.depth >= limit) continue;
    if (region.kind == TryRegion::Kind::Delegate) {
      limit = region.target;
      continue;
    }
    for (u32 i = 0; i < region.clauses.size(); ++i) {
      const TryRegion::Clause& clause = region.clauses[i];
      if (clause.is_all || instance.tags[clause.tag] == exception.tag) return {&region, i};
    }
  }
  return {};
}

// Goes on at the clause of this frame that catches the exception, if any.
bool catch_in_frame(State& s, const u8* pc, gc::ExceptionObject& exception) {
  const FunctionCode* code = s.frame->code;
  auto [region, i] = find_clause(*code, *s.instance, pc, exception);
  if (region == nullptr) return false;
  const TryRegion::Clause& clause = region->clauses[i];
  if (region->kind == TryRegion::Kind::Try) {
    enter_legacy_catch(s, *region, clause, exception);
    return true;
  }
  const SideEntry* entry = code->side + region->first_entry + i;
  s.sp = s.fp + entry->height();
  if (!clause.is_all) {
    std::memcpy(s.sp, exception.values(), exception.count * sizeof(u64));
    s.sp += exception.count;
  }
  if (clause.has_ref) *s.sp++ = reinterpret_cast<u64>(&exception);
  s.pc = code->prepared->code.get() + region->opcode + entry->pc_delta;
  s.side = entry + entry->entry_delta;
  return true;
}

// A frame, with what is kept of it elsewhere.
struct Walk {
  Frame* frame;
  Instance* instance;
  u64* fp;
  const u8* pc;

  // To the caller; false at the border to the host or to machine code.
  bool up() {
    pc = frame->return_pc;
    fp = frame->caller_fp;
    frame += 1;
    if (is_exit(pc)) return false;
    if (is_cross_return(pc)) {
      pc = frame->return_pc;
      instance = reinterpret_cast<Instance*>(frame->caller_fp);
      frame += 1;
    }
    pc -= 1;  // into the call instruction
    return true;
  }
};

// From the instruction at `pc` of the frame `outer`; on an uncaught exception the trap belongs to the instruction of `s`.
Flow search(State& s, State outer, const u8* pc, bool skip_innermost, gc::ExceptionObject* exception) {
  Context& context = *s.context;
  Walk walk{outer.frame, outer.instance, outer.fp, pc};
  do {
    outer.frame = walk.frame;
    outer.fp = walk.fp;
    if (outer.instance != walk.instance) {
      outer.instance = walk.instance;
      outer.memory = outer.instance->memory0();
    }
    if (!skip_innermost && catch_in_frame(outer, walk.pc, *exception)) {
      s = outer;
      context.frame = s.frame;
      return Flow::Next;
    }
    skip_innermost = false;
  } while (walk.up());
  context.exception = exception;
  return trap(s, TrapKind::UncaughtException);
}

}  // namespace

bool is_caught_outside(Context& context, const gc::ExceptionObject* exception) {
  if (context.awaited == exception) return true;
  runtime::TierCompiler& compiler = *context.store->engine.state()->config.compiler;
  auto is_caught = [&] {
    for (const runtime::Activation* at = &context.tier.activation; at != nullptr && at->entry_frame != nullptr; at = at->outer) {
      if (compiler.catches(*at, *exception)) return true;
      Walk walk{at->entry_frame, at->instance, nullptr, nullptr};
      while (walk.up())
        if (find_clause(*walk.frame->code, *walk.instance, walk.pc, *exception).region != nullptr) return true;
    }
    return false;
  };
  if (!is_caught()) return false;
  context.awaited = exception;
  return true;
}

Flow unwind(State& s, gc::ExceptionObject* exception) {
  s.context->awaited = nullptr;
  s.context->pc = s.pc;
  return search(s, s, s.pc, false, exception);
}

Flow unwind_callers(State& s, gc::ExceptionObject* exception) { return search(s, s, s.pc, true, exception); }

gc::ExceptionObject* make_exception(State& s, u32 tag_index) {
  runtime::Tag* tag = s.instance->tags[tag_index];
  u64 count = tag->signature->param_slots;
  s.context->sp = s.sp;
  gc::Object* object = runtime::allocate_object(*s.context->store, gc::kExceptionType,
                                                sizeof(gc::ExceptionObject) + count * sizeof(u64));
  if (object == nullptr) {
    s.context->trap_detail = "the GC heap is full";
    s.context->trap = TrapKind::Limit;
    return nullptr;
  }
  auto* exception = static_cast<gc::ExceptionObject*>(object);
  exception->tag = tag;
  exception->count = count;
  std::memcpy(exception->values(), s.sp - count, count * sizeof(u64));
  return exception;
}

Flow throw_tag(State& s, u32 tag_index) {
  gc::ExceptionObject* exception = make_exception(s, tag_index);
  return exception == nullptr ? Flow::Trap : unwind(s, exception);
}

}  // namespace brink::interpret
