#include "wasi/preview1/context.h"

namespace brink::wasi {
namespace {

// make_context has seen to it that neither number passes 2³²-1.
Errno write_sizes(GuestMemory& memory, const std::vector<std::string>& strings, u32 count, u32 buf_size) {
  auto count_slot = memory.slot<u32>(count);
  auto size_slot = memory.slot<u32>(buf_size);
  if (!count_slot || !size_slot) return Errno::Fault;
  u64 bytes = 0;
  for (const std::string& text : strings) bytes += text.size() + 1;
  count_slot->set(static_cast<u32>(strings.size()));
  size_slot->set(static_cast<u32>(bytes));
  return Errno::Success;
}

Errno write_strings(GuestMemory& memory, const std::vector<std::string>& strings, u32 pointers, u32 buf) {
  auto list = memory.array<u32>(pointers, static_cast<u32>(strings.size()));
  u64 bytes = 0;
  for (const std::string& text : strings) bytes += text.size() + 1;
  auto place = memory.bytes(buf, bytes);
  if (!list || !place) return Errno::Fault;
  u32 offset = 0;
  for (u32 i = 0; i < strings.size(); ++i) {
    (*list)[i].set(buf + offset);
    std::memcpy(place->data() + offset, strings[i].c_str(), strings[i].size() + 1);
    offset += static_cast<u32>(strings[i].size() + 1);
  }
  return Errno::Success;
}

}  // namespace

Errno Context::args_get(GuestMemory& memory, u32 argv, u32 argv_buf) {
  return write_strings(memory, config_.args, argv, argv_buf);
}

Errno Context::args_sizes_get(GuestMemory& memory, u32 count, u32 buf_size) {
  return write_sizes(memory, config_.args, count, buf_size);
}

Errno Context::environ_get(GuestMemory& memory, u32 environ, u32 environ_buf) {
  return write_strings(memory, config_.environment, environ, environ_buf);
}

Errno Context::environ_sizes_get(GuestMemory& memory, u32 count, u32 buf_size) {
  return write_sizes(memory, config_.environment, count, buf_size);
}

}  // namespace brink::wasi
