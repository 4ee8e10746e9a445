// Garbage collection of a store: when, and from which roots.
//
// Roots. Conservatively: every word of the value stack below Context::sp, which at an allocation covers all live
// frames, the operands of the allocating instruction included. Precisely: globals, tables, element segments, held
// references, constant expressions in evaluation, an exception in flight. Function references point to objects of the
// store, which live as long as it.
#include <chrono>

#include "engine/interpret/state.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

void mark_roots(StoreState& store, gc::Heap& heap) {
  const Context& context = *store.context;
  for (const u64* slot = context.stack_begin; slot != context.sp; ++slot) heap.mark_conservatively(*slot);
  if (context.exception != nullptr) heap.mark(reinterpret_cast<u64>(context.exception));
  const TypeRegistry& types = store.engine.types();
  for (const Global& global : store.globals)
    if (types.is_traced(global.type.value)) heap.mark(global.bits[0]);
  for (const auto& table : store.tables) {
    if (!types.is_traced(table->type.element)) continue;
    for (u64 i = 0; i < table->size; ++i) heap.mark(table->elements[i]);
  }
  for (const auto& instance : store.instances)
    for (size_t i = 0; i < instance->element_values.size(); ++i)
      if (types.is_traced(instance->module->info.elements[i].type))
        for (u64 value : instance->element_values[i]) heap.mark(value);
  for (const std::vector<u64>* values : store.temporary_roots)
    for (u64 value : *values) heap.mark_conservatively(value);
  for (const auto& [reference, count] : store.held) heap.mark_conservatively(reference);
}

}  // namespace

void collect_garbage(StoreState& store) {
  if (!store.heap) return;
  auto begin = std::chrono::steady_clock::now();
  gc::Heap& heap = *store.heap;
  heap.begin_marking();
  mark_roots(store, heap);
  heap.trace();
  heap.sweep();
  auto pause = static_cast<u64>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count());
  store.gc.collections += 1;
  store.gc.total_pause_ns += pause;
  store.gc.longest_pause_ns = std::max(store.gc.longest_pause_ns, pause);
}

gc::Object* allocate_object(StoreState& store, const RegisteredType& type, u64 bytes) {
  if (!store.heap) store.heap = std::make_unique<gc::Heap>(store.limits.gc_heap_bytes);
  if (store.limits.gc_stress || store.heap->wants_collection()) collect_garbage(store);
  gc::Object* object = store.heap->allocate(bytes);
  if (object == nullptr) {
    collect_garbage(store);
    object = store.heap->allocate(bytes);
    if (object == nullptr) return nullptr;
  }
  object->type = &type;
  return object;
}

}  // namespace brink::runtime
