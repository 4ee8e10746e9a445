#include "engine/runtime/pool_slot.h"

#include <algorithm>
#include <cstdlib>

#include "engine/interpret/state.h"
#include "engine/runtime/interrupts.h"

namespace brink::runtime {
namespace {

// A table that grew may keep this much room for the next tenant.
constexpr u64 kMaxSpareElements = 4096;
constexpr u64 kMaxKeptHeapBytes = 1 << 20;

template <class List>
void cut_back(List& list, size_t size) {
  while (list.size() > size) list.pop_back();
}

bool put_back(Table& table, const std::vector<u64>& elements) {
  if (table.capacity > elements.size() + kMaxSpareElements) {
    u64 capacity = std::max<u64>(elements.size(), 1);
    auto* shrunk = static_cast<u64*>(std::realloc(table.elements, capacity * sizeof(u64)));
    if (shrunk == nullptr) return false;
    table.elements = shrunk;
    table.capacity = capacity;
  }
  std::copy(elements.begin(), elements.end(), table.elements);
  table.size = elements.size();
  return true;
}

}  // namespace

Result<void> PoolSlot::instantiate(const Module& module, std::span<const Extern> imports,
                                   const InstantiateOptions& how) {
  std::optional<Trap> trap;
  auto instance = runtime::instantiate(state(), module, imports, trap, how);
  if (!instance) return std::unexpected(std::move(instance.error()));
  if (trap) return fail(ErrorKind::Invalid, "instantiation trapped: " + trap->message());
  instance_ = *instance;
  return {};
}

void PoolSlot::remember() {
  for (const Global& global : state().globals) globals_.push_back({global.bits[0], global.bits[1]});
  for (const auto& table : state().tables) tables_.emplace_back(table->elements, table->elements + table->size);
  for (const auto& memory : state().memories) memory_sizes_.push_back(memory->size_bytes);
  element_values_ = instance_->element_values;
  dropped_elements_ = instance_->dropped_elements;
  dropped_data_ = instance_->dropped_data;
}

bool PoolSlot::reset(u64& pages_restored) {
  StoreState& store = state();
  store.host_data.clear();
  Context& context = *store.context;
  if (context.nesting != 0) return false;
  context.trap = TrapKind::Unreachable;
  context.host_trap.reset();
  context.trap_detail.clear();
  context.exception = nullptr;
  // Handles that the last tenant's host still has are not for the next.
  if (context.interrupts) context.interrupts->detach();
  context.interrupts.reset();
  context.is_interrupted = false;
  context.tier.fuel = store.limits.fuel;

  // What the host made in the store.
  cut_back(store.instances, 1);
  cut_back(store.memories, memory_sizes_.size());
  cut_back(store.tables, tables_.size());
  cut_back(store.globals, globals_.size());
  cut_back(store.tags, instance_->tag_list.size());
  store.host_functions.clear();
  store.callbacks.clear();
  store.externs.clear();
  store.held.clear();
  store.gc = {};
  if (store.heap && !store.heap->clear(kMaxKeptHeapBytes)) store.heap.reset();

  for (size_t i = 0; i < globals_.size(); ++i) std::copy_n(globals_[i].data(), 2, store.globals[i].bits);
  for (size_t i = 0; i < tables_.size(); ++i)
    if (!put_back(*store.tables[i], tables_[i])) return false;
  reset_segments();
  for (size_t i = 0; i < memory_sizes_.size(); ++i) {
    Memory& memory = *store.memories[i];
    if (!memory.tracker->reset(memory.size_bytes, pages_restored)) return false;
    memory.size_bytes = memory_sizes_[i];
  }
  return true;
}

void PoolSlot::reset_segments() {
  for (size_t i = 0; i < dropped_elements_.size(); ++i)
    if (instance_->dropped_elements[i] != dropped_elements_[i]) instance_->element_values[i] = element_values_[i];
  instance_->dropped_elements = dropped_elements_;
  instance_->dropped_data = dropped_data_;
}

bool PoolSlot::is_reset() const {
  const StoreState& store = state();
  for (size_t i = 0; i < globals_.size(); ++i)
    if (!std::equal(globals_[i].begin(), globals_[i].end(), store.globals[i].bits)) return false;
  for (size_t i = 0; i < tables_.size(); ++i) {
    const Table& table = *store.tables[i];
    if (!std::equal(tables_[i].begin(), tables_[i].end(), table.elements, table.elements + table.size)) return false;
  }
  for (size_t i = 0; i < memory_sizes_.size(); ++i) {
    const Memory& memory = *store.memories[i];
    if (memory.size_bytes != memory_sizes_[i] || !memory.tracker->is_reset()) return false;
  }
  return instance_->element_values == element_values_ && instance_->dropped_elements == dropped_elements_ &&
         instance_->dropped_data == dropped_data_ && store.instances.size() == 1 && store.externs.empty() &&
         store.held.empty();
}

u64 PoolSlot::memory_bytes() const {
  u64 bytes = 0;
  for (const auto& memory : state().memories)
    if (!memory->type.limits.is_shared) bytes += memory->size_bytes;
  return bytes;
}

}  // namespace brink::runtime
