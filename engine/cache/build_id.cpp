#include "engine/cache/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstring>

namespace brink::cache {
namespace {

std::span<const u8> find_note(const u8* note, size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, note, sizeof header);
    auto aligned = [](size_t bytes) { return (bytes + 3) & ~size_t{3}; };
    size_t name = sizeof header;
    size_t description = name + aligned(header.n_namesz);
    size_t end = description + aligned(header.n_descsz);
    if (end > size) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(note + name, "GNU", 4) == 0)
      return {note + description, header.n_descsz};
    note += end;
    size -= end;
  }
  return {};
}

// The loaded object that this code is in.
int visit(dl_phdr_info* info, size_t, void* result) {
  auto here = reinterpret_cast<ElfW(Addr)>(&build_id);
  std::span<const u8> id;
  bool is_ours = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    ElfW(Addr) begin = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && here >= begin && here - begin < segment.p_memsz) is_ours = true;
    if (segment.p_type == PT_NOTE && id.empty()) id = find_note(reinterpret_cast<const u8*>(begin), segment.p_memsz);
  }
  if (!is_ours) return 0;
  *static_cast<std::span<const u8>*>(result) = id;
  return 1;
}

}  // namespace

std::span<const u8> build_id() {
  static const std::span<const u8> id = [] {
    std::span<const u8> found;
    ::dl_iterate_phdr(visit, &found);
    return found;
  }();
  return id;
}

}  // namespace brink::cache
