// A module with some of its sections exchanged: everything else is copied as it is, in its order.
#pragma once
#include <map>
#include <vector>

#include "engine/base/byte_writer.h"
#include "engine/module/module_info.h"

namespace brink::snapshot {

enum class SectionId : u8 {
  Custom = 0,
  Table = 4,
  Memory = 5,
  Global = 6,
  Export = 7,
  Start = 8,
  Element = 9,
  Data = 11,
  DataCount = 12,
};

class SectionEditor {
 public:
  explicit SectionEditor(const ModuleInfo& info) : info_(info) {}

  // In place of the section, or where it belongs if there was none.
  void replace(SectionId id, std::vector<u8> payload) { edits_[id] = std::move(payload); }
  // As replace, with the count in front; a section of nothing is left out.
  void replace_list(SectionId id, u64 count, const ByteWriter& items);
  void remove(SectionId id) { edits_[id].clear(); }
  // Subsections of the name section that no longer fit.
  void forget_names(u8 subsection) { forgotten_names_.push_back(subsection); }

  std::vector<u8> finish() const;

 private:
  void put_custom(ByteWriter& out, const Section& section) const;
  std::vector<u8> kept_names(std::span<const u8> payload) const;

  const ModuleInfo& info_;
  std::map<SectionId, std::vector<u8>> edits_;  // empty: removed
  std::vector<u8> forgotten_names_;
};

}  // namespace brink::snapshot
