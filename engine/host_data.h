// What a host attaches to a store for its host functions to find: one object of each type. A linker can then serve any
// number of stores, each with state of its own:
//
//   linker.define_function("env", "log", [](Caller& caller, i32 v) { caller.host_data().get<Log>()->add(v); });
//   store.host_data().set(std::make_shared<Log>());
#pragma once
#include <memory>
#include <utility>
#include <vector>

namespace brink {

class HostData {
 public:
  // Replaces the object of that type, if there is one.
  template <class T>
  void set(std::shared_ptr<T> object) {
    for (Entry& entry : entries_)
      if (entry.type == &kKey<T>) {
        entry.object = std::move(object);
        return;
      }
    entries_.push_back({&kKey<T>, std::move(object)});
  }

  // The object of that type, or null. Looked for in order of attachment, so what is needed often comes first.
  template <class T>
  T* get() const {
    for (const Entry& entry : entries_)
      if (entry.type == &kKey<T>) return static_cast<T*>(entry.object.get());
    return nullptr;
  }

  void clear() { entries_.clear(); }

 private:
  struct Entry {
    const char* type;  // by address
    std::shared_ptr<void> object;
  };
  template <class T>
  static constexpr char kKey = 0;

  std::vector<Entry> entries_;
};

}  // namespace brink
