#include "engine/quicken/emitter.h"

namespace brink::quick {

Emitter::Emitter(const EmitterOptions& options, u32 body_size)
    : arena_(options.arena),
      opcode_base_(options.wide ? kNarrowCount : 0),
      fuses_(options.fuse && !options.wide),
      layouts_(options.wide ? kWideLayouts : kNarrowLayouts),
      origins_(options.origins) {
  grow(body_size + kReserve);
}

void Emitter::grow(size_t capacity) {
  std::unique_ptr<u8[]> own;
  std::span<u8> room;
  if (arena_ != nullptr) {
    room = arena_->room(capacity);
  } else {
    own = std::make_unique_for_overwrite<u8[]>(capacity);
    room = {own.get(), capacity};
  }
  size_t used = static_cast<size_t>(position_ - code_);
  if (used != 0 && room.data() != code_) std::memcpy(room.data(), code_, used);
  if (state_.run_at != nullptr) state_.run_at = room.data() + (state_.run_at - code_);
  own_ = std::move(own);
  code_ = room.data();
  position_ = code_ + used;
  end_ = code_ + room.size();
  limit_ = end_ - kReserve;
}

CodeBytes Emitter::take_code() {
  if (arena_ == nullptr) return std::move(own_);
  arena_->keep(size());
  return CodeBytes(code_, CodeDeleter::none());
}

}  // namespace brink::quick
