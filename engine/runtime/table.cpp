// Tables: an array of references that grows by doubling its room, up to its type's maximum and the store's limit.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

bool reserve(Table& table, u64 wanted) {
  if (wanted <= table.capacity) return true;
  u64 capacity = std::min(std::max(wanted, table.capacity + table.capacity / 2 + 8), table.limit);
  auto* elements = static_cast<u64*>(std::realloc(table.elements, capacity * sizeof(u64)));
  if (elements == nullptr) return false;
  table.elements = elements;
  table.capacity = capacity;
  return true;
}

}  // namespace

Table::~Table() { std::free(elements); }

Result<std::unique_ptr<Table>> create_table(const TableType& type, u64 limit_elements, u64 initial) {
  auto table = std::make_unique<Table>();
  table->type = type;
  table->limit = std::min(type.limits.has_max ? type.limits.max : ~u64{0}, limit_elements);
  u64 min = type.limits.min;
  if (min > table->limit)
    return fail(ErrorKind::Limit, "a table of " + std::to_string(min) + " elements exceeds the limit of " +
                                      std::to_string(limit_elements) + " elements");
  if (min != 0) {
    // Zeroed by the system: a large empty table costs nothing until it is written.
    table->elements = static_cast<u64*>(std::calloc(min, sizeof(u64)));
    if (table->elements == nullptr)
      return fail(ErrorKind::Limit, "cannot allocate a table of " + std::to_string(min) + " elements");
    table->capacity = min;
    if (initial != 0) std::fill_n(table->elements, min, initial);
  }
  table->size = min;
  return table;
}

u64 grow_table(Table& table, u64 delta, u64 initial) {
  u64 old_size = table.size;
  if (delta > table.limit - old_size || !reserve(table, old_size + delta)) return ~u64{0};
  std::fill_n(table.elements + old_size, delta, initial);
  table.size = old_size + delta;
  return old_size;
}

}  // namespace brink::runtime
