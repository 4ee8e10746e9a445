// Memory faults become traps.
#pragma once
#include "engine/interpret/state.h"

namespace brink::runtime {

// What sigsetjmp returns in call_function: after a fault in a memory; after a trap that Context describes.
inline constexpr int kMemoryFault = 1;
inline constexpr int kDescribedTrap = 2;

// Installs the process's SIGSEGV and SIGBUS handler, once. Faults that are not a running guest's in one of its memories
// go to the handler that was there before.
void install_fault_handler();

// While it lives, faults of this thread in the store's memories jump to `target`, which must be a sigsetjmp of the
// enclosing frame.
class FaultScope {
 public:
  FaultScope(Context& context, sigjmp_buf* target);
  ~FaultScope();
  FaultScope(const FaultScope&) = delete;
  FaultScope& operator=(const FaultScope&) = delete;

 private:
  Context* outer_context_;
  Context& context_;
  sigjmp_buf* outer_target_;
};

}  // namespace brink::runtime
