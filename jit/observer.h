// Who wants to know what code a compiler has placed.
#pragma once
#include <span>
#include <string>

#include "engine/base/integers.h"

namespace brink::jit {

class CodeObserver {
 public:
  virtual ~CodeObserver() = default;
  // Asked before there is any.
  virtual bool needs_anonymous_code() const { return false; }
  // A function's code, where it will run; nobody has run it yet. `name` is "module!function" with names out of the module, so any
  // bytes. From any thread, several at a time.
  virtual void on_code(std::span<const u8> code, const std::string& name) = 0;
};

}  // namespace brink::jit
