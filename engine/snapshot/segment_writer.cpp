#include "engine/snapshot/segment_writer.h"

#include <algorithm>

#include "engine/decode/limits.h"

namespace brink::snapshot {
namespace {

// Kinds of element segments (section 5.5.12).
enum ElementKind : u8 {
  kActive = 0,              // table 0, function indices
  kPassive = 1,             // function indices
  kActiveInTable = 2,       // any table, function indices
  kDeclarative = 3,         // function indices
  kPassiveExpressions = 5,  //
  kActiveExpressions = 6,   // any table
  kDeclarativeExpressions = 7,
};
constexpr u8 kFunctions = 0;  // what indices are of

// Kinds of data segments (section 5.5.14).
enum DataKind : u8 { kActiveData = 0, kPassiveData = 1, kActiveDataInMemory = 2 };

}  // namespace

std::expected<void, std::string> SegmentWriter::keep_elements(u32 index) {
  const ElementSegment& segment = info_.elements[index];
  bool is_dropped = instance_.dropped_elements[index];
  if (!is_dropped && segment.is_expressions) {
    for (u64 value : instance_.element_values[index]) {
      u64 bits[2] = {value, 0};
      if (auto checked = values_.check_value(segment.type, bits); !checked) return checked;
    }
  }
  ++element_count_;
  if (segment.is_expressions) {
    elements_.put(is_dropped ? kDeclarativeExpressions : kPassiveExpressions);
    values_.put_type(elements_, segment.type);
  } else {
    elements_.put(is_dropped ? kDeclarative : kPassive);
    elements_.put(kFunctions);
  }
  elements_.put_u32(is_dropped ? 0 : segment.count);
  if (!is_dropped) elements_.put_bytes(info_.bytes.subspan(segment.items.offset, segment.items.size));
  return {};
}

void SegmentWriter::keep_data(u32 index) {
  const DataSegment& segment = info_.data[index];
  std::span<const u8> bytes;
  if (!instance_.dropped_data[index]) bytes = info_.bytes.subspan(segment.bytes.offset, segment.bytes.size);
  ++data_count_;
  data_.put(kPassiveData);
  data_.put_u64(bytes.size());
  data_.put_bytes(bytes);
}

// The majority, if there is one, by Boyer and Moore's vote. A table whose type has no null needs an element in any
// case.
u64 SegmentWriter::choose_fill(const runtime::Table& table) const {
  u64 candidate = 0;
  u64 votes = 0;
  for (u64 i = 0; i < table.size; ++i) {
    if (votes == 0) candidate = table.elements[i];
    votes = candidate == table.elements[i] ? votes + 1 : votes - 1;
  }
  return candidate;
}

std::expected<void, std::string> SegmentWriter::put_table(u32 index, ByteWriter& initial) {
  const runtime::Table& table = *instance_.tables[index];
  const TableDecl& declared = info_.tables[index];
  u64 fill[2] = {0, 0};
  if (declared.initial && table.size == 0) {
    // Nothing is filled with it, but there may be no null to put in its place.
    initial.put_bytes(info_.bytes.subspan(declared.initial->bytes.offset, declared.initial->bytes.size));
  } else {
    if (declared.initial) fill[0] = choose_fill(table);
    if (auto put = values_.put_value(initial, declared.type.element, fill); !put) return put;
  }
  for (u64 at = 0; at < table.size;) {
    if (table.elements[at] == fill[0]) {
      ++at;
      continue;
    }
    u64 end = at + 1;
    while (end < table.size && end - at < limits::kElements && table.elements[end] != fill[0]) ++end;
    if (auto put = put_run(index, at, end); !put) return put;
    at = end;
  }
  return {};
}

std::expected<void, std::string> SegmentWriter::put_run(u32 index, u64 begin, u64 end) {
  const runtime::Table& table = *instance_.tables[index];
  ValueType type = info_.tables[index].type.element;
  AddressType address = info_.tables[index].type.limits.address;
  // The older and shorter form lists functions by index; its type is (ref func).
  bool are_functions = type.heap().is(AbstractHeap::Func);
  for (u64 i = begin; i < end && are_functions; ++i)
    are_functions = table.elements[i] != 0 && values_.function_index(type, table.elements[i]).has_value();
  ++element_count_;
  if (are_functions) {
    elements_.put(index == 0 ? kActive : kActiveInTable);
    if (index != 0) elements_.put_u32(index);
    ValueWriter::put_offset(elements_, address, begin);
    if (index != 0) elements_.put(kFunctions);
    elements_.put_u64(end - begin);
    for (u64 i = begin; i < end; ++i) elements_.put_u32(*values_.function_index(type, table.elements[i]));
    return {};
  }
  elements_.put(kActiveExpressions);
  elements_.put_u32(index);
  ValueWriter::put_offset(elements_, address, begin);
  values_.put_type(elements_, type);
  elements_.put_u64(end - begin);
  for (u64 i = begin; i < end; ++i) {
    u64 bits[2] = {table.elements[i], 0};
    if (auto put = values_.put_value(elements_, type, bits); !put) return put;
  }
  return {};
}

void SegmentWriter::put_data(u32 memory, const MemoryRun& run) {
  ++data_count_;
  data_.put(memory == 0 ? kActiveData : kActiveDataInMemory);
  if (memory != 0) data_.put_u32(memory);
  ValueWriter::put_offset(data_, info_.memories[memory].limits.address, run.offset);
  data_.put_u64(run.size);
  data_.put_bytes(instance_.memories[memory]->base + run.offset, run.size);
}

void SegmentWriter::put_declaration(ByteWriter& out, u32 count, const ByteWriter& indices) {
  out.put(kDeclarative);
  out.put(kFunctions);
  out.put_u32(count);
  out.put_bytes(indices.bytes());
}

}  // namespace brink::snapshot
