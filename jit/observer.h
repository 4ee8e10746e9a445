// Who wants to know what code a compiler has placed.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/integers.h"
#include "jit/emit/frame_steps.h"

namespace brink::jit {

struct CodePiece {
  std::span<const u8> code;  // where it will run
  // Of a function "module!function" with names out of the module, so any bytes; of other code "[brink …]".
  std::string name;
  std::vector<FrameStep> steps;  // where wants_frames()
};

class CodeObserver {
 public:
  virtual ~CodeObserver() = default;
  // Asked before there is any.
  virtual bool needs_anonymous_code() const { return false; }
  // Functions are compiled twice then, the second time to see how their frames change.
  virtual bool wants_frames() const { return false; }
  // Nobody has run it yet. From any thread, several at a time. The owner is a name for what is freed together.
  virtual void on_code(const void* owner, std::vector<CodePiece> pieces) = 0;
  // Nobody runs the owner's code any more; its place may be taken by other code afterwards.
  virtual void on_freed(const void*) {}
};

// All there are.
class CodeObservers {
 public:
  CodeObservers() = default;
  explicit CodeObservers(std::vector<std::shared_ptr<CodeObserver>> all) : all_(std::move(all)) {}
  bool empty() const { return all_.empty(); }
  bool need_anonymous_code() const { return any(&CodeObserver::needs_anonymous_code); }
  bool want_frames() const { return any(&CodeObserver::wants_frames); }
  void on_code(const void* owner, const std::vector<CodePiece>& pieces) const {
    for (const auto& observer : all_) observer->on_code(owner, pieces);
  }
  void on_freed(const void* owner) const {
    for (const auto& observer : all_) observer->on_freed(owner);
  }

 private:
  bool any(bool (CodeObserver::*asked)() const) const {
    for (const auto& observer : all_)
      if ((observer.get()->*asked)()) return true;
    return false;
  }

  std::vector<std::shared_ptr<CodeObserver>> all_;
};

}  // namespace brink::jit
