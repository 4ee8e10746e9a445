// Element and data segments of a frozen module: those that the code can still use, in their places, and new ones that
// fill tables and memories.
#pragma once
#include <expected>
#include <string>

#include "engine/base/byte_writer.h"
#include "engine/snapshot/memory_runs.h"
#include "engine/snapshot/value_writer.h"

namespace brink::snapshot {

class SegmentWriter {
 public:
  SegmentWriter(const runtime::Instance& instance, const ValueWriter& values)
      : instance_(instance), info_(instance.module->info), values_(values) {}

  // A segment in its place and state: passive with its contents, or, once dropped, of its type and empty. The error
  // completes "holds …".
  std::expected<void, std::string> keep_elements(u32 index);
  void keep_data(u32 index);

  // Segments for all that differs from what the table is filled with, which goes to `initial` as an expression: null,
  // or for a table that had an initialiser what most elements are.
  std::expected<void, std::string> put_table(u32 index, ByteWriter& initial);
  void put_data(u32 memory, const MemoryRun& run);
  // A segment that does nothing but name functions.
  static void put_declaration(ByteWriter& out, u32 count, const ByteWriter& indices);

  u32 element_count() const { return element_count_; }
  ByteWriter take_elements() { return std::move(elements_); }
  u32 data_count() const { return data_count_; }
  ByteWriter take_data() { return std::move(data_); }

 private:
  std::expected<void, std::string> put_run(u32 table, u64 begin, u64 end);
  u64 choose_fill(const runtime::Table& table) const;

  const runtime::Instance& instance_;
  const ModuleInfo& info_;
  const ValueWriter& values_;
  ByteWriter elements_;
  ByteWriter data_;
  u32 element_count_ = 0;
  u32 data_count_ = 0;
};

}  // namespace brink::snapshot
