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

const Linker::Definition* Linker::find(std::string_view module, std::string_view name) const {
  auto found = definitions_.find(key_of(module, name));
  return found == definitions_.end() ? nullptr : &found->second;
}

Result<std::vector<const Linker::Definition*>> Linker::find_imports(const Module& module) const {
  const ModuleInfo& info = module.info();
  std::vector<const Definition*> found;
  found.reserve(info.imports.size());
  for (const Import& import : info.imports) {
    const Definition* definition = find(import.module, import.name);
    if (definition == nullptr)
      return fail(ErrorKind::Unlinkable, "unknown import: nothing is defined for \"" + std::string(import.module) +
                                             "\" \"" + std::string(import.name) +
                                             "\", wanted: " + describe_import(info, import));
    found.push_back(definition);
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

  auto definitions = find_imports(module);
  if (!definitions) return located(std::move(definitions.error()));
  std::vector<Extern> imports;
  imports.reserve(definitions->size());
  for (const Definition* definition : *definitions) {
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
