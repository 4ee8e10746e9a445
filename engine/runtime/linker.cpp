// Linker: names to definitions, then instantiation.
#include "engine/runtime/instantiate.h"
#include "engine/runtime/objects.h"

namespace brink {
namespace {

std::string key_of(std::string_view module, std::string_view name) {
  std::string key;
  key.reserve(module.size() + 1 + name.size());
  key.append(module).push_back('\0');
  return key.append(name);
}

std::string describe_import(const ModuleInfo& info, const Import& import) {
  std::string text = extern_kind_name(import.kind);
  if (import.kind == ExternKind::Func) text += " of type " + info.function_type(import.index).type.describe();
  if (import.kind == ExternKind::Global) text += " of type " + to_string(info.globals[import.index].type.value);
  return text;
}

}  // namespace

void Linker::define(std::string_view module, std::string_view name, Extern value) {
  definitions_.insert_or_assign(key_of(module, name), Definition{value, {}, {}, {}, {}});
}

void Linker::define_instance(std::string_view module, Instance instance) {
  for (const Export& exported : instance.module().exports)
    if (auto value = instance.get_export(exported.name)) define(module, exported.name, *value);
}

void Linker::define_callback(std::string_view module, std::string_view name, std::vector<ValueType> params,
                             std::vector<ValueType> results, HostCallback callback) {
  definitions_.insert_or_assign(key_of(module, name),
                                Definition{{}, {}, std::move(params), std::move(results), std::move(callback)});
}

void Linker::define(std::string_view module, std::string_view name, const SharedMemory& memory) {
  definitions_.insert_or_assign(key_of(module, name),
                                Definition{Memory(memory.impl().get()), memory.impl(), {}, {}, {}});
}

void Linker::define_library(std::string_view module, Library library) {
  const std::string prefix = key_of(module, "");
  std::erase_if(definitions_, [&](const auto& definition) {
    std::string_view key = definition.first;
    return key.starts_with(prefix) && library(key.substr(prefix.size()));
  });
  std::erase_if(libraries_, [&](const auto& other) { return other.first == module; });
  libraries_.emplace_back(module, std::move(library));
}

const Linker::Definition* Linker::find(const Import& import, Imports& found) const {
  if (!definitions_.empty())
    if (auto defined = definitions_.find(key_of(import.module, import.name)); defined != definitions_.end())
      return &defined->second;
  for (const auto& [module, library] : libraries_) {
    if (module != import.module) continue;
    std::optional<HostFunction> function = library(import.name);
    if (!function) return nullptr;
    found.made.push_back(std::make_unique<Definition>(
        Definition{{}, {}, std::move(function->params), std::move(function->results), std::move(function->callback)}));
    return found.made.back().get();
  }
  return nullptr;
}

Result<Linker::Imports> Linker::find_imports(const Module& module) const {
  const ModuleInfo& info = module.info();
  Imports found;
  found.definitions.reserve(info.imports.size());
  for (const Import& import : info.imports) {
    const Definition* definition = find(import, found);
    if (definition == nullptr)
      return fail(ErrorKind::Unlinkable, "unknown import: nothing is defined for \"" + std::string(import.module) +
                                             "\" \"" + std::string(import.name) +
                                             "\", wanted: " + describe_import(info, import));
    found.definitions.push_back(definition);
  }
  return found;
}

Result<Instance> Linker::instantiate(Store& store, const Module& module, std::optional<Trap>* trap) const {
  auto located = [&](Error error) {
    if (error.file.empty()) error.file = module.name();
    return std::unexpected(std::move(error));
  };
  if (store.engine().state() != module.engine().state())
    return located(Error{ErrorKind::Usage, "module and store belong to different engines"});

  auto found = find_imports(module);
  if (!found) return located(std::move(found.error()));
  std::vector<Extern> imports;
  imports.reserve(found->definitions.size());
  for (const Definition* definition : found->definitions) {
    if (definition->shared_memory && !store.state().adopt_memory(definition->shared_memory))
      return located(Error{ErrorKind::Limit,
                           "the store's limit of " + std::to_string(store.limits().memories) + " memories is reached"});
    if (definition->value.impl != nullptr) imports.push_back(definition->value);
    else imports.push_back(make_host_function(store, definition->params, definition->results, definition->callback));
  }
  std::optional<Trap> stopped;
  auto instance = runtime::instantiate(store.state(), module, imports, stopped);
  if (!instance) return located(std::move(instance.error()));
  if (stopped) {
    Error error{ErrorKind::Invalid, "instantiation trapped: " + stopped->message()};
    if (trap != nullptr) *trap = std::move(stopped);
    return located(std::move(error));
  }
  return Instance(*instance);
}

}  // namespace brink
