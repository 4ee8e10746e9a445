// For tests of threads: guests with a store each, and several of them at once.
#pragma once
#include <gtest/gtest.h>

#include <thread>

#include "engine/engine.h"

namespace brink {

inline Config threads_config() {
  Config config;
  config.features.add(Feature::Threads);
  return config;
}

inline Module compile(const Engine& engine, std::string_view text) {
  auto module = Module::from_text(engine, text, "test.wat");
  if (!module) {
    ADD_FAILURE() << module.error().to_string();
    std::abort();
  }
  return *module;
}

inline SharedMemory make_shared_memory(u64 min_pages, u64 max_pages, AddressType address = AddressType::I32) {
  MemoryType type;
  type.limits = {.min = min_pages, .max = max_pages, .has_max = true, .is_shared = true, .address = address};
  auto memory = SharedMemory::create(type);
  if (!memory) {
    ADD_FAILURE() << memory.error().to_string();
    std::abort();
  }
  return *memory;
}

// An instance in a store of its own; a shared memory is its import "env" "memory".
struct Guest {
  Guest(const Engine& engine, std::string_view text) : Guest(compile(engine, text), std::nullopt) {}
  Guest(const Module& module, const std::optional<SharedMemory>& memory) : store(module.engine()) {
    Linker linker(module.engine());
    if (memory) linker.define("env", "memory", *memory);
    auto made = linker.instantiate(store, module);
    if (!made) {
      ADD_FAILURE() << made.error().to_string();
      std::abort();
    }
    instance = *made;
  }

  Outcome<std::vector<Value>> call(std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto function = instance.get_function(name);
    if (!function) {
      ADD_FAILURE() << "no function " << name;
      std::abort();
    }
    return function->call(arguments);
  }

  i32 call_i32(std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto results = call(name, arguments);
    if (!results) {
      ADD_FAILURE() << name << ": " << results.error().to_string();
      return -1;
    }
    return results->empty() ? 0 : results->at(0).as_i32();
  }

  Store store;
  Instance instance;
};

// Runs body(0) … body(count - 1) at the same time, each in a thread.
template <class Body>
void in_threads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace brink
