#include "wasi/preview1/guest_memory.h"

#include "engine/base/utf8.h"

namespace brink::wasi {

GuestMemory::GuestMemory(Memory memory) : memory_(memory) {
  std::span<const u8> all = *memory.read_span(0, memory.size_bytes());
  bytes_ = {const_cast<u8*>(all.data()), all.size()};
}

Checked<std::string> GuestMemory::string(u32 pointer, u32 size) {
  constexpr u32 kLongest = 65536;  // Linux's longest path has 4095 bytes
  auto place = bytes(pointer, size);
  if (!place) return std::unexpected(place.error());
  if (size > kLongest) return std::unexpected(Errno::NameTooLong);
  std::string text(reinterpret_cast<const char*>(place->data()), place->size());
  if (!is_valid_utf8(text)) return std::unexpected(Errno::IlSeq);
  return text;
}

Checked<Buffers> GuestMemory::buffers(u32 pointer, u32 count, Access access) {
  auto list = array<IoVector>(pointer, count);
  if (!list) return std::unexpected(list.error());
  u64 total = 0;
  for (u32 i = 0; i < count; ++i) {
    IoVector entry = (*list)[i].get();
    if (!bytes(entry.buf, entry.len)) return std::unexpected(Errno::Fault);
    total += entry.len;
    if (total > 0xffff'ffff) return std::unexpected(Errno::Inval);
  }
  return Buffers(*this, *list, access, total);
}

Checked<size_t> Buffers::next(std::span<iovec> batch) {
  size_t filled = 0;
  while (filled < batch.size() && index_ < list_.size()) {
    IoVector entry = list_[index_++].get();
    if (entry.len == 0) continue;
    auto place = access_ == Access::Write ? memory_->kernel_bytes(entry.buf, entry.len)
                                          : memory_->bytes(entry.buf, entry.len);
    if (!place || handed_out_ + entry.len > 0xffff'ffff) return std::unexpected(Errno::Fault);
    handed_out_ += entry.len;
    batch[filled++] = {place->data(), place->size()};
  }
  return filled;
}

}  // namespace brink::wasi
