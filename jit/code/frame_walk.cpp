#include "jit/code/frame_walk.h"

namespace brink::jit {

__attribute__((noinline, no_sanitize("address"))) u64 native_word(const u64* at) { return *at; }

FrameWalk::FrameWalk(const CodeMap& map, const runtime::Activation& activation)
    : map_(map), sp_(activation.exit_sp), pc_(activation.fault_pc) {
  if (pc_ == nullptr) pc_ = reinterpret_cast<const u8*>(native_word(sp_++)) - 1;
  found_ = map_.find(pc_);
}

void FrameWalk::up() {
  sp_ += found_.entry.frame.bytes() / sizeof(u64);
  pc_ = reinterpret_cast<const u8*>(native_word(sp_++)) - 1;
  found_ = map_.find(pc_);
}

}  // namespace brink::jit
