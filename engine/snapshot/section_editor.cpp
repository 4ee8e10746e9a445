#include "engine/snapshot/section_editor.h"

#include <algorithm>

#include "engine/base/reader.h"

namespace brink::snapshot {
namespace {

// Places in the order that section 5.5.16 demands, by section id; custom sections stand anywhere.
constexpr u8 kRanks[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};
u8 rank(SectionId id) { return kRanks[static_cast<u8>(id)]; }

void put_section(ByteWriter& out, u8 id, std::span<const u8> payload) {
  out.put(id);
  out.put_u64(payload.size());
  out.put_bytes(payload);
}

}  // namespace

void SectionEditor::replace_list(SectionId id, u64 count, const ByteWriter& items) {
  if (count == 0) return remove(id);
  ByteWriter payload;
  payload.put_u64(count);
  payload.put_bytes(items.bytes());
  replace(id, payload.take());
}

std::vector<u8> SectionEditor::finish() const {
  std::vector<std::pair<SectionId, const std::vector<u8>*>> pending;
  for (const auto& [id, payload] : edits_)
    if (!payload.empty()) pending.emplace_back(id, &payload);
  std::ranges::sort(pending, {}, [](const auto& edit) { return rank(edit.first); });

  ByteWriter out;
  out.put_bytes(info_.bytes.first(8));
  auto next = pending.begin();
  auto put_pending = [&](u8 below) {
    for (; next != pending.end() && rank(next->first) < below; ++next)
      put_section(out, static_cast<u8>(next->first), *next->second);
  };
  for (const Section& section : info_.sections) {
    auto id = static_cast<SectionId>(section.id);
    if (id == SectionId::Custom) {
      put_custom(out, section);
      continue;
    }
    put_pending(rank(id));
    if (edits_.contains(id)) put_pending(static_cast<u8>(rank(id) + 1));
    else put_section(out, section.id, info_.bytes.subspan(section.payload.offset, section.payload.size));
  }
  put_pending(0xFF);
  return out.take();
}

void SectionEditor::put_custom(ByteWriter& out, const Section& section) const {
  // It maps offsets in the module, which have all changed.
  if (section.name == "sourceMappingURL") return;
  std::span<const u8> contents = info_.bytes.subspan(section.payload.offset, section.payload.size);
  std::vector<u8> names;
  if (section.name == "name" && !forgotten_names_.empty()) contents = names = kept_names(contents);
  ByteWriter payload;
  payload.put_vector(section.name);
  payload.put_bytes(contents);
  put_section(out, 0, payload.bytes());
}

// A damaged name section is kept up to the damage, as far as anybody reads it.
std::vector<u8> SectionEditor::kept_names(std::span<const u8> payload) const {
  ByteWriter kept;
  Reader reader(payload);
  while (!reader.at_end()) {
    u8 id = reader.read_byte("subsection");
    u32 size = reader.read_u32("size");
    std::span<const u8> contents = reader.read_bytes(size, "subsection");
    if (!reader.ok()) break;
    if (std::ranges::find(forgotten_names_, id) == forgotten_names_.end()) put_section(kept, id, contents);
  }
  return kept.take();
}

}  // namespace brink::snapshot
