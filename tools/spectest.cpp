#include "tools/spectest.h"

#include <string>
#include <utility>
#include <vector>

namespace brink::tools {
namespace {

using Print = std::function<void(std::string_view)>;

void define_print(Linker& linker, std::string name, std::vector<ValueType> params, const Print& print) {
  auto callback = [name, params, print](Caller&, const u64* arguments, u64*) -> Outcome<void> {
    std::string line = name;
    for (size_t i = 0; i < params.size(); ++i) line += ' ' + Value::from_bits(params[i], arguments[i]).to_string();
    print(line);
    return {};
  };
  linker.define_callback("spectest", name, params, {}, callback);
}

Limits make_limits(u64 min, u64 max, AddressType address = AddressType::I32) {
  Limits limits;
  limits.min = min;
  limits.max = max;
  limits.has_max = true;
  limits.address = address;
  return limits;
}

// Passes the first error on, else defines the thing under its name.
template <class T>
Result<void> define_as(Linker& linker, std::string_view name, Result<T> thing) {
  if (!thing) return std::unexpected(std::move(thing.error()));
  linker.define("spectest", name, *thing);
  return {};
}

}  // namespace

Result<void> define_spectest(Linker& linker, Store& store, Print print) {
  define_print(linker, "print", {}, print);
  define_print(linker, "print_i32", {kI32}, print);
  define_print(linker, "print_i64", {kI64}, print);
  define_print(linker, "print_f32", {kF32}, print);
  define_print(linker, "print_f64", {kF64}, print);
  define_print(linker, "print_i32_f32", {kI32, kF32}, print);
  define_print(linker, "print_f64_f64", {kF64, kF64}, print);

  const std::pair<const char*, Value> globals[] = {
      {"global_i32", Value::i32(666)},
      {"global_i64", Value::i64(666)},
      {"global_f32", Value::f32(666.6f)},
      {"global_f64", Value::f64(666.6)},
  };
  for (const auto& [name, value] : globals) {
    auto defined = define_as(linker, name, Global::create(store, GlobalType{value.type(), false}, value));
    if (!defined) return defined;
  }

  const std::pair<const char*, AddressType> tables[] = {{"table", AddressType::I32}, {"table64", AddressType::I64}};
  for (const auto& [name, address] : tables) {
    auto table = Table::create(store, TableType{kFuncRef, make_limits(10, 20, address)});
    auto defined = define_as(linker, name, std::move(table));
    if (!defined) return defined;
  }

  MemoryType memory;
  memory.limits = make_limits(1, 2);
  auto defined = define_as(linker, "memory", Memory::create(store, memory));
  if (!defined || !store.engine().config().features.has(Feature::Threads)) return defined;
  memory.limits.is_shared = true;
  return define_as(linker, "shared_memory", Memory::create(store, memory));
}

}  // namespace brink::tools
