// Instantiation (specification, section 4.7.2): imports are checked, the instance's objects made, segments copied, the
// start function run.
#include <cstdlib>

#include "engine/interpret/state.h"
#include "engine/runtime/guest_bytes.h"
#include "engine/runtime/instantiate.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {

Instance::~Instance() { std::free(own_functions); }

Function* function_of(Instance& instance, u32 function_index) {
  if (function_index < instance.imported_functions) return instance.imports[function_index];
  u32 own = function_index - instance.imported_functions;
  Function& function = instance.own_functions[own];
  if (function.code == nullptr) {
    const ModuleInfo& info = instance.module->info;
    function.type = info.functions[function_index].type;
    function.signature = &info.registry->get(function.type);
    function.instance = &instance;
    function.code = instance.code + own;
    function.index = function_index;
    function.callback = nullptr;
  }
  return &function;
}

namespace {

std::string import_name(const Import& import) {
  return "import \"" + std::string(import.module) + "\" \"" + std::string(import.name) + "\"";
}

std::unexpected<Error> incompatible(const Import& import, const std::string& wanted, const std::string& found) {
  return fail(ErrorKind::Unlinkable,
              "incompatible import type: " + import_name(import) + " must be " + wanted + ", but is " + found);
}

// Limits match if what is there is at least as large now, and promises to grow no further (section 3.3.15).
bool limits_match(u64 actual_size, const Limits& actual, const Limits& wanted) {
  if (actual.address != wanted.address || actual.is_shared != wanted.is_shared || actual_size < wanted.min)
    return false;
  return !wanted.has_max || (actual.has_max && actual.max <= wanted.max);
}

std::string describe_limits(u64 min, const Limits& limits) {
  return std::to_string(min) + (limits.has_max ? " to " + std::to_string(limits.max) : " or more") +
         (limits.address == AddressType::I64 ? " (64-bit)" : "") + (limits.is_shared ? " (shared)" : "");
}

Result<void> check_import(const ModuleInfo& info, const Import& import, const Extern& value) {
  auto kind_text = [](ExternKind kind) { return std::string("a ") + extern_kind_name(kind); };
  if (value.kind != import.kind) return incompatible(import, kind_text(import.kind), kind_text(value.kind));
  const TypeRegistry& types = *info.registry;
  switch (import.kind) {
    case ExternKind::Func: {
      TypeId wanted = info.functions[import.index].type;
      TypeId found = static_cast<const Function*>(value.impl)->type;
      if (!types.is_subtype(found, wanted))
        return incompatible(import, types.get(wanted).type.describe(), types.get(found).type.describe());
      return {};
    }
    case ExternKind::Table: {
      const TableType& wanted = info.tables[import.index].type;
      const auto& found = *static_cast<const Table*>(value.impl);
      if (wanted.element != found.type.element || !limits_match(found.size, found.type.limits, wanted.limits))
        return incompatible(
            import, "a table of " + describe_limits(wanted.limits.min, wanted.limits) + " " + to_string(wanted.element),
            "a table of " + describe_limits(found.size, found.type.limits) + " " + to_string(found.type.element));
      return {};
    }
    case ExternKind::Memory: {
      const MemoryType& wanted = info.memories[import.index];
      const auto& found = *static_cast<const Memory*>(value.impl);
      if (wanted.page_size_log2 != found.type.page_size_log2)
        return incompatible(import, "a memory with pages of 2^" + std::to_string(wanted.page_size_log2) + " bytes",
                            "one with pages of 2^" + std::to_string(found.type.page_size_log2) + " bytes");
      if (!limits_match(found.pages(), found.type.limits, wanted.limits))
        return incompatible(import, "a memory of " + describe_limits(wanted.limits.min, wanted.limits) + " pages",
                            "one of " + describe_limits(found.pages(), found.type.limits) + " pages");
      return {};
    }
    case ExternKind::Global: {
      const GlobalType& wanted = info.globals[import.index].type;
      const GlobalType& found = static_cast<const Global*>(value.impl)->type;
      bool fits = wanted.is_mutable == found.is_mutable &&
                  (wanted.is_mutable ? wanted.value == found.value : types.is_subtype(found.value, wanted.value));
      auto text = [](const GlobalType& g) {
        return (g.is_mutable ? "a mutable global of " : "a global of ") + to_string(g.value);
      };
      if (!fits) return incompatible(import, text(wanted), text(found));
      return {};
    }
    case ExternKind::Tag: {
      TypeId wanted = info.tags[import.index].type;
      TypeId found = static_cast<const Tag*>(value.impl)->type.type;
      if (wanted != found)
        return incompatible(import, "a tag " + types.get(wanted).type.describe(),
                            "a tag " + types.get(found).type.describe());
      return {};
    }
  }
  return {};
}

class Instantiation {
 public:
  Instantiation(StoreState& store, const Module& module, std::span<const Extern> imports,
                const InstantiateOptions& options)
      : store_(store), module_(module.state()), info_(module.info()), imports_(imports), options_(options) {}

  Result<Instance*> run(std::optional<Trap>& trap) {
    if (store_.instances.size() >= store_.limits.instances) return limit("instances", store_.limits.instances);
    auto owned = std::make_unique<Instance>();
    instance_ = owned.get();
    instance_->module = module_;
    instance_->store = &store_;
    instance_->context = store_.context.get();
    instance_->code = module_->code;
    instance_->types = module_->types.data();
    instance_->element_values.resize(info_.elements.size());
    instance_->imported_functions = info_.imported_functions;
    instance_->dropped_elements.resize(info_.elements.size());
    instance_->dropped_data.resize(info_.data.size());
    if (auto ok = take_imports(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = make_functions(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = make_memories(); !ok) return std::unexpected(std::move(ok.error()));
    make_tags();
    // From here on references to the instance may escape: it stays in the store even if instantiation fails.
    store_.instances.push_back(std::move(owned));
    if (auto ok = make_globals(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = make_tables(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = evaluate_segments(); !ok) return std::unexpected(module_->locate(std::move(ok.error())));
    if (auto ok = place_elements(trap); !ok || trap) return stopped(std::move(ok));
    if (auto ok = copy_data(trap); !ok || trap) return stopped(std::move(ok));
    if (options_.run_start) {
      if (Outcome<void> outcome = run_start(*instance_); !outcome) {
        trap = std::move(outcome.error());
        return stopped({});
      }
    }
    return instance_;
  }

 private:
  static std::unexpected<Error> limit(const char* what, u64 most) {
    return fail(ErrorKind::Limit,
                std::string("the store's limit of ") + std::to_string(most) + " " + what + " is reached");
  }

  Result<Instance*> stopped(Result<void> why) {
    if (!why) return std::unexpected(module_->locate(std::move(why.error())));
    return nullptr;
  }

  Result<void> take_imports() {
    for (size_t i = 0; i < info_.imports.size(); ++i) {
      const Import& import = info_.imports[i];
      auto checked = check_import(info_, import, imports_[i]);
      if (!checked) return checked;
      void* impl = imports_[i].impl;
      switch (import.kind) {
        case ExternKind::Func: instance_->import_list.push_back(static_cast<Function*>(impl)); break;
        case ExternKind::Table: instance_->table_list.push_back(static_cast<Table*>(impl)); break;
        case ExternKind::Memory: instance_->memory_list.push_back(static_cast<Memory*>(impl)); break;
        case ExternKind::Global: instance_->global_list.push_back(static_cast<Global*>(impl)); break;
        case ExternKind::Tag: instance_->tag_list.push_back(static_cast<Tag*>(impl)); break;
      }
    }
    instance_->imports = instance_->import_list.data();
    return {};
  }

  Result<void> make_functions() {
    size_t own = info_.functions.size() - info_.imported_functions;
    if (own == 0) return {};
    // Zero pages until a function is referred to (function_of).
    instance_->own_functions = static_cast<Function*>(std::calloc(own, sizeof(Function)));
    if (instance_->own_functions == nullptr) return fail(ErrorKind::Limit, "cannot allocate the instance's functions");
    return {};
  }

  Result<void> make_memories() {
    for (size_t i = info_.imported_memories; i < info_.memories.size(); ++i) {
      if (store_.memories.size() >= store_.limits.memories) return limit("memories", store_.limits.memories);
      auto memory = options_.make_memory ? options_.make_memory(info_.memories[i])
                                         : create_memory(info_.memories[i], store_.limits.memory_bytes);
      if (!memory) return std::unexpected(std::move(memory.error()));
      instance_->memory_list.push_back(memory->get());
      store_.memories.push_back(std::move(*memory));
    }
    instance_->memories = instance_->memory_list.data();
    return {};
  }

  void make_tags() {
    for (size_t i = info_.imported_tags; i < info_.tags.size(); ++i) {
      const TagType& type = info_.tags[i];
      store_.tags.push_back(Tag{type, &info_.registry->get(type.type)});
      instance_->tag_list.push_back(&store_.tags.back());
    }
    instance_->tags = instance_->tag_list.data();
  }

  Result<void> make_globals() {
    instance_->globals = instance_->global_list.data();
    instance_->global_list.reserve(info_.globals.size());
    for (size_t i = info_.imported_globals; i < info_.globals.size(); ++i) {
      instance_->globals = instance_->global_list.data();
      Global& global = store_.globals.emplace_back();
      global.type = info_.globals[i].type;
      auto value = evaluate_constant(*instance_, info_.globals[i].initial, global.bits);
      if (!value) return value;
      instance_->global_list.push_back(&global);
    }
    instance_->globals = instance_->global_list.data();
    return {};
  }

  Result<void> make_tables() {
    for (size_t i = info_.imported_tables; i < info_.tables.size(); ++i) {
      if (store_.tables.size() >= store_.limits.tables) return limit("tables", store_.limits.tables);
      u64 initial[2] = {0, 0};
      if (info_.tables[i].initial) {
        auto value = evaluate_constant(*instance_, *info_.tables[i].initial, initial);
        if (!value) return value;
      }
      auto table = create_table(info_.tables[i].type, store_.limits.table_elements, initial[0]);
      if (!table) return std::unexpected(std::move(table.error()));
      instance_->table_list.push_back(table->get());
      store_.tables.push_back(std::move(*table));
    }
    instance_->tables = instance_->table_list.data();
    return {};
  }

  Result<void> evaluate_segments() {
    for (size_t i = 0; i < info_.elements.size(); ++i) {
      const ElementSegment& segment = info_.elements[i];
      if (!segment.is_expressions || segment.mode == SegmentMode::Declarative) continue;
      auto values = evaluate_elements(*instance_, segment);
      if (!values) return std::unexpected(std::move(values.error()));
      instance_->element_values[i] = std::move(*values);
    }
    return {};
  }

  Result<void> place_elements(std::optional<Trap>& trap) {
    for (size_t i = 0; i < info_.elements.size(); ++i) {
      const ElementSegment& segment = info_.elements[i];
      if (segment.mode == SegmentMode::Active) {
        u64 offset[2];
        if (auto ok = evaluate_constant(*instance_, segment.offset, offset); !ok) return ok;
        Table& table = *instance_->tables[segment.table];
        if (!table.contains(offset[0], segment.count)) {
          trap.emplace(TrapKind::TableOutOfBounds, "element segment " + std::to_string(i));
          return {};
        }
        copy_elements(*instance_, static_cast<u32>(i), 0, segment.count, table.elements + offset[0]);
      }
      if (segment.mode != SegmentMode::Passive) drop_elements(*instance_, static_cast<u32>(i));
    }
    return {};
  }

  Result<void> copy_data(std::optional<Trap>& trap) {
    for (size_t i = 0; i < info_.data.size(); ++i) {
      const DataSegment& segment = info_.data[i];
      if (segment.mode != SegmentMode::Active) continue;
      u64 offset[2];
      if (auto ok = evaluate_constant(*instance_, segment.offset, offset); !ok) return ok;
      Memory& memory = *instance_->memories[segment.memory];
      if (!memory.contains(offset[0], segment.bytes.size)) {
        trap.emplace(TrapKind::MemoryOutOfBounds, "data segment " + std::to_string(i));
        return {};
      }
      if (!options_.data_is_in_place)
        move_guest_bytes(memory.base + offset[0], info_.bytes.data() + segment.bytes.offset, segment.bytes.size);
      instance_->dropped_data[i] = true;
    }
    return {};
  }

  StoreState& store_;
  std::shared_ptr<ModuleState> module_;
  const ModuleInfo& info_;
  std::span<const Extern> imports_;
  const InstantiateOptions& options_;
  Instance* instance_ = nullptr;
};

}  // namespace

Result<Instance*> instantiate(StoreState& store, const Module& module, std::span<const Extern> imports,
                              std::optional<Trap>& trap, const InstantiateOptions& options) {
  return Instantiation(store, module, imports, options).run(trap);
}

Outcome<void> run_start(Instance& instance) {
  const std::optional<u32>& start = instance.module->info.start;
  if (!start) return {};
  u64 none[1];
  return call_function(*instance.store, *function_of(instance, *start), none);
}

}  // namespace brink::runtime
