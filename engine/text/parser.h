// The text format (specification, chapter 6): text → the binary module that stands for it, so that everything after it
// is shared with the binary format.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/module/features.h"

namespace brink::text {

// Where pieces of the text went: sorted by binary offset; errors found in the binary are reported at the text they came
// from.
struct SourceMap {
  struct Entry {
    u32 offset;
    u32 line;
    u32 column;
  };
  std::vector<Entry> entries;
  // The entry at or before the offset; line 0 where there is none.
  Entry find(u64 offset) const;
};

struct AssembledModule {
  std::vector<u8> bytes;
  SourceMap source_map;
};

// Parses one module: `(module …)` or its fields alone. Errors carry line and column. Identifiers go into the name
// section.
Result<AssembledModule> assemble(std::string_view source, FeatureSet features);

}  // namespace brink::text
