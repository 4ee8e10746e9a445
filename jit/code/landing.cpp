#include "jit/code/landing.h"

#include <iterator>

#include "engine/interpret/state.h"
#include "jit/code/frame_walk.h"

namespace brink::jit {
namespace {

constexpr u32 kPreservedGpCount = std::size(kPreserved);
constexpr u32 kPreservedCount = kPreservedGpCount + std::size(kPreservedFp);
static_assert(kPreservedCount <= runtime::Landing::kMostRegisters);

// What the frame's function has saved is what its caller had in those registers.
void note_saved(runtime::Landing& landing, const FrameShape& frame, const u64* sp) {
  for (u32 i = 0; i < frame.saved; ++i) landing.from[i] = sp + frame.word_of(kPreserved[i]);
  for (u32 i = 0; i < frame.saved_fp; ++i) landing.from[kPreservedGpCount + i] = sp + i;
}

const CatchTable::Clause* find_clause(const FrameWalk& walk, const runtime::Instance& instance,
                                      const gc::ExceptionObject& exception) {
  const CatchTable* catches = walk.entry().catches;
  return catches == nullptr ? nullptr : catches->find(walk.native(), instance, exception);
}

}  // namespace

bool catches(const CodeMap& map, const runtime::Activation& activation, const gc::ExceptionObject& exception) {
  for (FrameWalk walk(map, activation); walk.has_frame(); walk.up())
    if (find_clause(walk, *activation.instance, exception) != nullptr) return true;
  return false;
}

bool prepare_landing(const CodeMap& map, runtime::TierState& tier, gc::ExceptionObject& exception) {
  runtime::Landing& landing = tier.landing;
  for (u32 i = 0; i < kPreservedCount; ++i) landing.from[i] = &landing.kept[i];
  for (FrameWalk walk(map, tier.activation); walk.has_frame(); walk.up()) {
    const FrameShape& frame = walk.entry().frame;
    const CatchTable::Clause* clause = find_clause(walk, *tier.activation.instance, exception);
    if (clause == nullptr) {
      note_saved(landing, frame, walk.sp());
      continue;
    }
    landing.position = walk.begin() + clause->landing;
    landing.sp = walk.sp();
    landing.fp = reinterpret_cast<u64*>(native_word(walk.sp() + frame.word_of(kFrame)));
    CatchTable::push(*clause, exception, landing.fp);
    tier.context->exception = nullptr;
    tier.context->frame = tier.activation.entry_frame;
    return true;
  }
  return false;
}

}  // namespace brink::jit
