// The binary module under construction: one buffer a section, put in order at the end (specification, section 5.5).
#pragma once
#include <array>
#include <map>
#include <string>
#include <vector>

#include "engine/base/byte_writer.h"
#include "engine/text/parser.h"

namespace brink::text {

struct TokenList;

// Bytes and, for some of them, where in the source they came from.
class CodeWriter : public ByteWriter {
 public:
  struct Point {
    u32 offset;
    u32 source;  // offset in the source
  };
  const std::vector<Point>& points() const { return points_; }
  void mark(u32 source) { points_.push_back({static_cast<u32>(size()), source}); }
  void append(const CodeWriter& other);
  void clear() {
    ByteWriter::clear();
    points_.clear();
  }

 private:
  std::vector<Point> points_;
};

// In the order in which sections stand in a module.
enum class SectionSlot : u8 {
  Type,
  Import,
  Function,
  Table,
  Memory,
  Tag,
  Global,
  Export,
  Start,
  Elem,
  DataCount,
  Code,
  Data,
  kCount,
};
inline constexpr u32 kSectionSlots = static_cast<u32>(SectionSlot::kCount);

// Where a custom section goes: before the section `anchor`, or after it; kFirst and kLast are the module's ends.
struct Placement {
  static constexpr i32 kFirst = -1, kLast = kSectionSlots;
  i32 anchor = kLast;
  bool after = true;
};

using IndexedNames = std::map<u32, std::string>;
using IndirectNames = std::map<u32, IndexedNames>;

// The contents of the name section (appendix, "Name Section" with its extensions).
struct NameSection {
  std::string module;
  bool has_module = false;
  IndexedNames functions, types, tables, memories, globals, elements, data, tags;
  IndirectNames locals, labels, fields;
};

class Encoder {
 public:
  // One more element of a section; write it into the buffer that this returns.
  CodeWriter& add(SectionSlot slot) {
    ++counts_[static_cast<u32>(slot)];
    return contents_[static_cast<u32>(slot)];
  }
  u32 count(SectionSlot slot) const { return counts_[static_cast<u32>(slot)]; }
  // The start and data count sections hold a bare index instead of a vector.
  void set_single(SectionSlot slot, u32 value) { add(slot).put_u32(value); }
  void add_custom(Placement placement, std::string_view name, std::string_view contents);
  // Offset in the function's body (its size not counted) and the hint's value, by function index.
  void add_branch_hint(u32 function, u32 offset, u8 value) { hints_[function].push_back({offset, value}); }
  NameSection& names() { return names_; }

  AssembledModule finish(const TokenList& list);

 private:
  struct Custom {
    Placement placement;
    ByteWriter payload;
  };
  struct Hint {
    u32 offset;
    u8 value;
  };
  void put_customs(ByteWriter& out, Placement placement) const;
  void put_branch_hints(ByteWriter& out) const;
  void put_names(ByteWriter& out) const;

  std::array<CodeWriter, kSectionSlots> contents_;
  std::array<u32, kSectionSlots> counts_{};
  std::vector<Custom> customs_;
  std::map<u32, std::vector<Hint>> hints_;
  NameSection names_;
};

}  // namespace brink::text
