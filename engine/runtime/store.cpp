// Engine, Store and the plain handles of engine.h.
#include <algorithm>

#include "engine/interpret/state.h"
#include "engine/runtime/interrupts.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/page_tracker.h"
#include "engine/runtime/tier_up.h"

namespace brink {
namespace runtime {

StoreState::StoreState(const Engine& owner, const StoreLimits& store_limits)
    : engine(owner), limits(store_limits), context(std::make_unique<Context>(*this)) {}

StoreState::~StoreState() = default;

Function* StoreState::add_host_function(TypeId type, HostCallback callback) {
  Function& function = host_functions.emplace_back();
  function.type = type;
  function.signature = &engine.types().get(type);
  function.callback = &callbacks.emplace_back(std::move(callback));
  return &function;
}

bool StoreState::adopt_memory(const std::shared_ptr<Memory>& memory) {
  if (std::find(memories.begin(), memories.end(), memory) != memories.end()) return true;
  if (memories.size() >= limits.memories) return false;
  memories.push_back(memory);
  return true;
}

}  // namespace runtime

runtime::EngineState::EngineState(const Config& given) : config(given) {
  if (config.compiler && config.tier_threshold != 0 && config.quicken)
    tier_up = std::make_unique<TierUp>(*config.compiler, config.compile_in_background);
}
runtime::EngineState::~EngineState() = default;

Engine::Engine(const Config& config) : state_(std::make_shared<runtime::EngineState>(config)) {}
const Config& Engine::config() const { return state_->config; }
TypeRegistry& Engine::types() const { return state_->types; }

Store::Store(const Engine& engine, const StoreLimits& limits)
    : state_(std::make_unique<runtime::StoreState>(engine, limits)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
const Engine& Store::engine() const { return state_->engine; }
const StoreLimits& Store::limits() const { return state_->limits; }
HostData& Store::host_data() const { return state_->host_data; }

RefBits Store::make_extern(u64 host_value) {
  auto& object = state_->externs[host_value];
  if (!object) {
    object = std::make_unique<gc::ExternObject>();
    object->type = &gc::kExternType;
    object->host_value = host_value;
  }
  return reinterpret_cast<RefBits>(object.get());
}

std::optional<u64> Store::extern_value(RefBits reference) const {
  if (reference == 0 || gc::is_i31(reference) || gc::object_of(reference)->type != &gc::kExternType)
    return std::nullopt;
  return static_cast<const gc::ExternObject*>(gc::object_of(reference))->host_value;
}

bool Store::is_instance(RefBits reference, HeapType heap) const {
  if (!heap.is_concrete()) return gc::is_instance_of(reference, heap.abstract());
  const RegisteredType& target = engine().types().get(heap.type_id());
  if (target.type.kind == CompositeKind::Func)
    return reinterpret_cast<const runtime::Function*>(reference)->signature->is_below(target);
  return gc::is_instance_of(reference, target);
}

void Store::hold(RefBits reference) { state_->held[reference] += 1; }

void Store::release(RefBits reference) {
  auto found = state_->held.find(reference);
  if (found != state_->held.end() && --found->second == 0) state_->held.erase(found);
}

void Store::collect_garbage() { runtime::collect_garbage(*state_); }

GcStatistics Store::gc_statistics() const {
  GcStatistics result = state_->gc;
  if (state_->heap) {
    result.allocated_bytes = state_->heap->statistics().allocated_bytes;
    result.live_bytes = state_->heap->statistics().live_bytes;
  }
  return result;
}

InterruptHandle Store::interrupt_handle() {
  runtime::Context& context = *state_->context;
  if (!context.interrupts) context.interrupts = std::make_shared<runtime::Interrupts>(context);
  return InterruptHandle(context.interrupts);
}

bool Store::is_interrupted() const { return state_->context->is_interrupted; }

void Store::clear_interrupt() {
  if (state_->context->interrupts) state_->context->interrupts->clear();
}

void Store::on_interrupt(std::function<bool()> callback) {
  (void)interrupt_handle();
  state_->context->interrupts->on_interrupt(std::move(callback));
}

void Store::set_fuel(u64 fuel) { state_->context->tier.fuel = fuel; }
u64 Store::fuel() const { return state_->context->tier.fuel; }

// --- Function --------------------------------------------------------------------------------------------------------

const SubType& Function::type() const { return impl_->signature->type; }

Function make_host_function(Store& store, std::span<const ValueType> params, std::span<const ValueType> results,
                            HostCallback callback) {
  TypeId type = store.engine().types().func_type(params, results);
  return Function(store.state().add_host_function(type, std::move(callback)));
}

namespace {

runtime::StoreState* store_of(runtime::Function* function) {
  return function->instance == nullptr ? nullptr : function->instance->store;
}

}  // namespace

Outcome<void> Function::call_slots(u64* slots) const {
  runtime::StoreState* store = store_of(impl_);
  if (store == nullptr) return std::unexpected(Trap::host("a host function can be called only by a guest"));
  return runtime::call_function(*store, *impl_, slots);
}

Outcome<std::vector<Value>> Function::call(std::span<const Value> arguments) const {
  const RegisteredType* signature = impl_->signature;
  const SubType& type = signature->type;
  if (arguments.size() != type.params.size())
    return std::unexpected(Trap::host("the function takes " + std::to_string(type.params.size()) +
                                      " arguments, but was given " + std::to_string(arguments.size())));
  std::vector<u64> slots(std::max(signature->param_slots, signature->result_slots));
  u64* out = slots.data();
  runtime::StoreState* store = store_of(impl_);
  for (size_t i = 0; i < arguments.size(); ++i) {
    ValueType given = arguments[i].type();
    bool fits =
        given == type.params[i] || (store != nullptr && store->engine.types().is_subtype(given, type.params[i]));
    if (!fits)
      return std::unexpected(Trap::host("argument " + std::to_string(i + 1) + " is " + to_string(given) +
                                        ", but the function takes " + to_string(type.params[i])));
    *out++ = arguments[i].bits();
    if (given == kV128) *out++ = arguments[i].high_bits();
  }
  if (auto done = call_slots(slots.data()); !done) return std::unexpected(std::move(done.error()));
  std::vector<Value> results;
  const u64* in = slots.data();
  for (ValueType result : type.results) {
    results.push_back(Value::from_bits(result, in[0], result == kV128 ? in[1] : 0));
    in += result.slots();
  }
  return results;
}

// --- Memory, Table, Global, Tag --------------------------------------------------------------------------------------

Result<Memory> Memory::create(Store& store, const MemoryType& type) {
  auto memory = runtime::create_memory(type, store.limits().memory_bytes);
  if (!memory) return std::unexpected(std::move(memory.error()));
  store.state().memories.push_back(std::move(*memory));
  return Memory(store.state().memories.back().get());
}

MemoryType Memory::type() const { return impl_->type; }
u64 Memory::size_bytes() const { return impl_->size_bytes; }
u64 Memory::size_pages() const { return impl_->pages(); }

std::optional<u64> Memory::grow(u64 delta_pages) {
  u64 old_pages = runtime::grow_memory(*impl_, delta_pages);
  if (old_pages == ~u64{0}) return std::nullopt;
  return old_pages;
}

std::optional<std::span<u8>> Memory::span(u64 offset, u64 size) const {
  if (!impl_->contains(offset, size)) return std::nullopt;
  if (impl_->tracker) impl_->tracker->open(offset, size);
  return std::span<u8>(impl_->base + offset, size);
}

std::optional<std::span<const u8>> Memory::read_span(u64 offset, u64 size) const {
  if (!impl_->contains(offset, size)) return std::nullopt;
  return std::span<const u8>(impl_->base + offset, size);
}

std::optional<SharedMemory> Memory::shared() const {
  if (!impl_->type.limits.is_shared) return std::nullopt;
  return SharedMemory(impl_->shared_from_this());
}

Result<Table> Table::create(Store& store, const TableType& type, RefBits initial) {
  auto table = runtime::create_table(type, store.limits().table_elements, initial);
  if (!table) return std::unexpected(std::move(table.error()));
  store.state().tables.push_back(std::move(*table));
  return Table(store.state().tables.back().get());
}

TableType Table::type() const { return impl_->type; }
u64 Table::size() const { return impl_->size; }

std::optional<RefBits> Table::get(u64 index) const {
  if (index >= impl_->size) return std::nullopt;
  return impl_->elements[index];
}

bool Table::set(u64 index, RefBits value) {
  if (index >= impl_->size) return false;
  impl_->elements[index] = value;
  return true;
}

std::optional<u64> Table::grow(u64 delta, RefBits initial) {
  u64 old_size = runtime::grow_table(*impl_, delta, initial);
  if (old_size == ~u64{0}) return std::nullopt;
  return old_size;
}

Result<Global> Global::create(Store& store, const GlobalType& type, const Value& initial) {
  if (!store.engine().types().is_subtype(initial.type(), type.value))
    return fail(ErrorKind::Usage, "a global of " + to_string(type.value) + " cannot hold " + to_string(initial.type()));
  runtime::Global& global = store.state().globals.emplace_back();
  global.type = type;
  global.bits[0] = initial.bits();
  global.bits[1] = initial.high_bits();
  return Global(&global);
}

GlobalType Global::type() const { return impl_->type; }
Value Global::get() const { return Value::from_bits(impl_->type.value, impl_->bits[0], impl_->bits[1]); }

bool Global::set(const Value& value) {
  if (!impl_->type.is_mutable || value.type() != impl_->type.value) return false;
  impl_->bits[0] = value.bits();
  impl_->bits[1] = value.high_bits();
  return true;
}

Tag Tag::create(Store& store, std::span<const ValueType> params) {
  TypeId type = store.engine().types().func_type(params, {});
  return Tag(&store.state().tags.emplace_back(runtime::Tag{TagType{type}, &store.engine().types().get(type)}));
}

TagType Tag::type() const { return impl_->type; }

// --- Instance --------------------------------------------------------------------------------------------------------

std::optional<Extern> Instance::get_export(std::string_view name) const {
  const ModuleInfo& info = impl_->module->info;
  auto found = info.export_index.find(name);
  if (found == info.export_index.end()) return std::nullopt;
  const Export& exported = info.exports[found->second];
  switch (exported.kind) {
    case ExternKind::Func: return Extern(Function(runtime::function_of(*impl_, exported.index)));
    case ExternKind::Table: return Extern(Table(impl_->tables[exported.index]));
    case ExternKind::Memory: return Extern(Memory(impl_->memories[exported.index]));
    case ExternKind::Global: return Extern(Global(impl_->globals[exported.index]));
    case ExternKind::Tag: return Extern(Tag(impl_->tags[exported.index]));
  }
  return std::nullopt;
}

namespace {

template <class Handle, class Object>
std::optional<Handle> export_as(const Instance& instance, std::string_view name, ExternKind kind) {
  auto value = instance.get_export(name);
  if (!value || value->kind != kind) return std::nullopt;
  return Handle(static_cast<Object*>(value->impl));
}

}  // namespace

std::optional<Function> Instance::get_function(std::string_view name) const {
  return export_as<Function, runtime::Function>(*this, name, ExternKind::Func);
}
std::optional<Memory> Instance::get_memory(std::string_view name) const {
  return export_as<Memory, runtime::Memory>(*this, name, ExternKind::Memory);
}
std::optional<Table> Instance::get_table(std::string_view name) const {
  return export_as<Table, runtime::Table>(*this, name, ExternKind::Table);
}
std::optional<Global> Instance::get_global(std::string_view name) const {
  return export_as<Global, runtime::Global>(*this, name, ExternKind::Global);
}
const ModuleInfo& Instance::module() const { return impl_->module->info; }

bool Caller::is_interrupted() const { return store_.context->is_interrupted; }

int Caller::interrupt_descriptor() const {
  const auto& interrupts = store_.context->interrupts;
  return interrupts ? interrupts->descriptor() : -1;
}
HostData& Caller::host_data() const { return store_.host_data; }

std::optional<Memory> Caller::memory() const {
  if (instance_ == nullptr) return std::nullopt;
  if (auto exported = Instance(instance_).get_memory("memory")) return exported;
  if (instance_->memory_list.empty()) return std::nullopt;
  return Memory(instance_->memory_list[0]);
}

}  // namespace brink
