#include "engine/quicken/emitter.h"

namespace brink::quick {

void Emitter::close() {
  if (open_at_ == kNone) return;
  QuickOp both = merge(open_);
  if (both == QuickOp::kNarrowCount) {
    run_at_ = open_at_;
    run_ = open_;
  } else {
    put_opcode(run_at_, both);
    run_ = both;
    code_.erase(code_.begin() + open_at_, code_.begin() + open_at_ + 2);
    if (options_.origins) options_.origins->back().quick -= 2;
  }
  open_at_ = kNone;
}

}  // namespace brink::quick
