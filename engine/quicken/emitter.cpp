#include "engine/quicken/emitter.h"

namespace brink::quick {

CodeBuffer& code_buffer() {
  // What one enormous function needed is not kept for the life of the thread.
  constexpr size_t kKept = 256 * 1024;
  thread_local CodeBuffer buffer;
  if (buffer.size > kKept) buffer = {};
  return buffer;
}

Emitter::Emitter(const EmitterOptions& options, u32 body_size)
    : buffer_(code_buffer()),
      opcode_base_(options.wide ? kNarrowCount : 0),
      fuses_(options.fuse && !options.wide),
      layouts_(options.wide ? kWideLayouts : kNarrowLayouts),
      origins_(options.origins) {
  code_ = position_ = buffer_.bytes.get();
  end_ = code_ + buffer_.size;
  if (buffer_.size < body_size + kReserve) grow(body_size + kReserve);
}

void Emitter::grow(size_t capacity) {
  auto bytes = std::make_unique_for_overwrite<u8[]>(capacity);
  size_t used = static_cast<size_t>(position_ - code_);
  if (used != 0) std::memcpy(bytes.get(), code_, used);
  if (run_at_ != nullptr) run_at_ = bytes.get() + (run_at_ - code_);
  buffer_ = {std::move(bytes), capacity};
  code_ = buffer_.bytes.get();
  position_ = code_ + used;
  end_ = code_ + capacity;
}

std::unique_ptr<u8[]> Emitter::copy_code() const {
  auto code = std::make_unique_for_overwrite<u8[]>(size());
  if (size() != 0) std::memcpy(code.get(), code_, size());
  return code;
}

}  // namespace brink::quick
