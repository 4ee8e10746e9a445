// Throwing (specification, section 4.6.11.6): from the instruction at s.pc outwards, frame by frame, to the first
// try_table with a clause that matches.
//
// try_table costs nothing until something is thrown: each function has a list of its try regions (TryRegion), searched
// innermost first with the pc of the throw, or of the call in the frames above.
#include "engine/interpret/handlers_control.h"

namespace brink::interpret {
namespace {

// Goes on at the clause of this frame that catches the exception, if any.
bool catch_in_frame(State& s, const u8* pc, runtime::Exception& exception) {
  const FunctionCode* code = s.frame->code;
  const u8* begin = code->code.load(std::memory_order_acquire);
  auto offset = static_cast<u64>(pc - begin);
  for (const TryRegion& region : code->prepared->try_regions) {
    if (offset < region.begin || offset >= region.end) continue;
    for (u32 i = 0; i < region.clauses.size(); ++i) {
      const TryRegion::Clause& clause = region.clauses[i];
      if (!clause.is_all && s.instance->tags[clause.tag] != exception.tag) continue;
      const SideEntry* entry = code->side + region.first_entry + i;
      s.sp = s.fp + entry->height();
      if (!clause.is_all) {
        std::memcpy(s.sp, exception.values.data(), exception.values.size() * sizeof(u64));
        s.sp += exception.values.size();
      }
      if (clause.has_ref) {
        *s.sp++ = reinterpret_cast<u64>(&exception);
        exception.has_references = true;
      }
      s.pc = begin + region.opcode + entry->pc_delta;
      s.side = entry + entry->entry_delta;
      return true;
    }
  }
  return false;
}

void release(Context& context, runtime::Exception* exception) {
  if (exception->has_references) return;
  auto& all = context.store->exceptions;
  // Thrown last, caught first: it is at the end, or close to it.
  for (size_t i = all.size(); i-- > 0;) {
    if (all[i].get() != exception) continue;
    std::swap(all[i], all.back());
    all.pop_back();
    return;
  }
}

}  // namespace

Flow unwind(State& s, runtime::Exception* exception) {
  Context& context = *s.context;
  context.pc = s.pc;
  State outer = s;  // on an uncaught exception the trap belongs to the throwing instruction
  const u8* pc = s.pc;
  for (;;) {
    if (catch_in_frame(outer, pc, *exception)) {
      s = outer;
      context.frame = s.frame;
      release(context, exception);
      return Flow::Next;
    }
    Frame* frame = outer.frame;
    pc = frame->return_pc;
    outer.fp = frame->caller_fp;
    outer.frame = frame + 1;
    if (pc == kExit) break;
    if (pc == kCrossReturn) {
      frame = outer.frame;
      pc = frame->return_pc;
      outer.instance = reinterpret_cast<Instance*>(frame->caller_fp);
      outer.memory = outer.instance->memory0();
      outer.frame = frame + 1;
    }
    pc -= 1;  // into the call instruction
  }
  context.exception = exception;
  return trap(s, TrapKind::UncaughtException);
}

Flow throw_tag(State& s, u32 tag_index) {
  runtime::Tag* tag = s.instance->tags[tag_index];
  auto exception = std::make_unique<runtime::Exception>();
  exception->tag = tag;
  u32 count = tag->signature->param_slots;
  exception->values.assign(s.sp - count, s.sp);
  runtime::Exception* raw = exception.get();
  s.context->store->exceptions.push_back(std::move(exception));
  return unwind(s, raw);
}

}  // namespace brink::interpret
