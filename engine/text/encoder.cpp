#include "engine/text/encoder.h"

#include <algorithm>
#include <numeric>

#include "engine/text/lexer.h"

namespace brink::text {
namespace {

constexpr u8 kSectionIds[kSectionSlots] = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};

void put_section(ByteWriter& out, u8 id, const ByteWriter& payload) {
  out.put(id);
  out.put_u64(payload.size());
  out.put_bytes(payload.bytes());
}

void put_names_of(ByteWriter& out, const IndexedNames& names) {
  out.put_u64(names.size());
  for (const auto& [index, name] : names) {
    out.put_u32(index);
    out.put_vector(name);
  }
}

void put_subsection(ByteWriter& out, u8 id, const IndexedNames& names) {
  if (names.empty()) return;
  ByteWriter contents;
  put_names_of(contents, names);
  put_section(out, id, contents);
}

void put_subsection(ByteWriter& out, u8 id, const IndirectNames& names) {
  if (names.empty()) return;
  ByteWriter contents;
  contents.put_u64(names.size());
  for (const auto& [index, inner] : names) {
    contents.put_u32(index);
    put_names_of(contents, inner);
  }
  put_section(out, id, contents);
}

}  // namespace

void CodeWriter::append(const CodeWriter& other) {
  u32 base = static_cast<u32>(size());
  for (Point point : other.points_) points_.push_back({base + point.offset, point.source});
  put_bytes(other.bytes());
}

void Encoder::add_custom(Placement placement, std::string_view name, std::string_view contents) {
  Custom& custom = customs_.emplace_back();
  custom.placement = placement;
  custom.payload.put_vector(name);
  custom.payload.put_bytes(contents.data(), contents.size());
}

void Encoder::put_customs(ByteWriter& out, Placement placement) const {
  for (const Custom& custom : customs_) {
    if (custom.placement.anchor == placement.anchor && custom.placement.after == placement.after) {
      put_section(out, 0, custom.payload);
    }
  }
}

// The branch hinting proposal's "metadata.code.branch_hint": functions, and in each the hints by offset.
void Encoder::put_branch_hints(ByteWriter& out) const {
  if (hints_.empty()) return;
  ByteWriter payload;
  payload.put_vector("metadata.code.branch_hint");
  payload.put_u64(hints_.size());
  for (const auto& [function, hints] : hints_) {
    payload.put_u32(function);
    payload.put_u64(hints.size());
    for (const Hint& hint : hints) {
      payload.put_u32(hint.offset);
      payload.put_u32(1);
      payload.put(hint.value);
    }
  }
  put_section(out, 0, payload);
}

void Encoder::put_names(ByteWriter& out) const {
  ByteWriter payload;
  if (names_.has_module) {
    ByteWriter name;
    name.put_vector(names_.module);
    put_section(payload, 0, name);
  }
  put_subsection(payload, 1, names_.functions);
  put_subsection(payload, 2, names_.locals);
  put_subsection(payload, 3, names_.labels);
  put_subsection(payload, 4, names_.types);
  put_subsection(payload, 5, names_.tables);
  put_subsection(payload, 6, names_.memories);
  put_subsection(payload, 7, names_.globals);
  put_subsection(payload, 8, names_.elements);
  put_subsection(payload, 9, names_.data);
  put_subsection(payload, 10, names_.fields);
  put_subsection(payload, 11, names_.tags);
  if (payload.size() == 0) return;
  ByteWriter section;
  section.put_vector("name");
  section.put_bytes(payload.bytes());
  put_section(out, 0, section);
}

AssembledModule Encoder::finish(const TokenList& list) {
  ByteWriter out;
  std::vector<CodeWriter::Point> points;
  out.put_bytes("\0asm\1\0\0\0", 8);
  put_customs(out, {Placement::kFirst, false});
  put_customs(out, {Placement::kFirst, true});
  for (u32 i = 0; i < kSectionSlots; ++i) {
    SectionSlot slot = static_cast<SectionSlot>(i);
    put_customs(out, {static_cast<i32>(i), false});
    if (slot == SectionSlot::Code) put_branch_hints(out);
    if (counts_[i] != 0) {
      ByteWriter count;
      if (slot != SectionSlot::Start && slot != SectionSlot::DataCount) count.put_u32(counts_[i]);
      const CodeWriter& contents = contents_[i];
      out.put(kSectionIds[i]);
      out.put_u64(count.size() + contents.size());
      out.put_bytes(count.bytes());
      u32 base = static_cast<u32>(out.size());
      for (CodeWriter::Point point : contents.points()) points.push_back({base + point.offset, point.source});
      out.put_bytes(contents.bytes());
    }
    put_customs(out, {static_cast<i32>(i), true});
  }
  put_names(out);
  put_customs(out, {Placement::kLast, false});
  put_customs(out, {Placement::kLast, true});

  AssembledModule module;
  module.bytes = out.take();
  // By source position, so that the columns of a long line are counted once.
  std::vector<u32> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) { return points[a].source < points[b].source; });
  module.source_map.entries.resize(points.size());
  LineColumns positions(list);
  for (u32 i : order) {
    LineColumn where = positions.at(points[i].source);
    module.source_map.entries[i] = {points[i].offset, where.line, where.column};
  }
  return module;
}

}  // namespace brink::text
