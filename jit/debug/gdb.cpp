#include "jit/debug/gdb.h"

#include <map>
#include <mutex>

#include "jit/debug/code_object.h"

// The names and layouts are the interface's. Weak: another compiler in the process may have them as well.
extern "C" {

using brink::u32, brink::u64;

enum JitAction : u32 { kJitNoAction, kJitRegister, kJitUnregister };

struct jit_code_entry {
  jit_code_entry* next;
  jit_code_entry* previous;
  const char* object;
  u64 size;
};

struct jit_descriptor {
  u32 version;
  u32 action;
  jit_code_entry* relevant;
  jit_code_entry* first;
};

__attribute__((weak, used)) jit_descriptor __jit_debug_descriptor = {1, kJitNoAction, nullptr, nullptr};

// Must be called and must not be known to do nothing.
__attribute__((weak, used, noinline)) void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
}

namespace brink::jit {
namespace {

std::mutex& list_mutex() {
  static std::mutex mutex;
  return mutex;
}

// On the list as long as it lives. Under list_mutex().
class ListedObject {
 public:
  explicit ListedObject(std::vector<CodePiece> pieces) : pieces_(std::move(pieces)), object_(code_object(pieces_)) {
    jit_descriptor& list = __jit_debug_descriptor;
    entry_ = {list.first, nullptr, reinterpret_cast<const char*>(object_.data()), object_.size()};
    if (list.first != nullptr) list.first->previous = &entry_;
    list.first = &entry_;
    tell(kJitRegister);
  }
  ~ListedObject() {
    if (entry_.next != nullptr) entry_.next->previous = entry_.previous;
    (entry_.previous != nullptr ? entry_.previous->next : __jit_debug_descriptor.first) = entry_.next;
    tell(kJitUnregister);
  }
  ListedObject(const ListedObject&) = delete;
  ListedObject& operator=(const ListedObject&) = delete;

  const std::vector<CodePiece>& pieces() const { return pieces_; }

 private:
  void tell(JitAction action) {
    __jit_debug_descriptor.action = action;
    __jit_debug_descriptor.relevant = &entry_;
    __jit_debug_register_code();
    __jit_debug_descriptor.action = kJitNoAction;
    __jit_debug_descriptor.relevant = nullptr;
  }

  std::vector<CodePiece> pieces_;
  std::vector<u8> object_;
  jit_code_entry entry_{};
};

class DebuggerLink : public CodeObserver {
 public:
  ~DebuggerLink() override {
    std::lock_guard lock(list_mutex());
    objects_.clear();
  }

  bool wants_frames() const override { return true; }

  void on_code(const void* owner, std::vector<CodePiece> pieces) override {
    if (pieces.empty()) return;
    std::lock_guard lock(list_mutex());
    auto& objects = objects_[owner];  // the largest first
    while (!objects.empty() && objects.back()->pieces().size() <= pieces.size() &&
           objects.back()->pieces().size() + pieces.size() <= kMaxObjectPieces) {
      const std::vector<CodePiece>& before = objects.back()->pieces();
      pieces.insert(pieces.end(), before.begin(), before.end());
      objects.pop_back();
    }
    objects.push_back(std::make_unique<ListedObject>(std::move(pieces)));
  }

  void on_freed(const void* owner) override {
    std::lock_guard lock(list_mutex());
    objects_.erase(owner);
  }

 private:
  std::map<const void*, std::vector<std::unique_ptr<ListedObject>>> objects_;
};

}  // namespace

std::shared_ptr<CodeObserver> make_debugger_link() { return std::make_shared<DebuggerLink>(); }

}  // namespace brink::jit
