#include "engine/quicken/emitter.h"

namespace brink::quick {

void Emitter::grow(size_t capacity) {
  auto code = std::make_unique_for_overwrite<u8[]>(capacity);
  size_t used = code_ ? size() : 0;
  if (used != 0) std::memcpy(code.get(), code_.get(), used);
  code_ = std::move(code);
  position_ = code_.get() + used;
  end_ = code_.get() + capacity;
}

void Emitter::close_open() {
  QuickOp both = merge(open_);
  if (both == QuickOp::kNarrowCount) {
    run_at_ = open_at_;
    run_ = open_;
  } else {
    put_opcode(run_at_, both);
    run_ = both;
    u8* opcode = code_.get() + open_at_;
    std::memmove(opcode, opcode + 2, static_cast<size_t>(position_ - opcode) - 2);
    position_ -= 2;
    if (options_.origins) options_.origins->back().quick -= 2;
  }
  open_at_ = kNone;
}

std::unique_ptr<u8[]> Emitter::take_code() {
  // A buffer that fits well enough is given away, else one that fits.
  if (size() >= capacity() / 4 * 3) return std::move(code_);
  auto code = std::make_unique_for_overwrite<u8[]>(size());
  if (size() != 0) std::memcpy(code.get(), code_.get(), size());
  return code;
}

}  // namespace brink::quick
