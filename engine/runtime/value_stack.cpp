#include "engine/runtime/value_stack.h"

#include <sys/mman.h>

#include <utility>

#include "engine/base/host_page.h"

namespace brink::runtime {
namespace {

// Calls of one store within calls of another need several at once.
constexpr int kMaxSpare = 2;

class SpareStacks {
 public:
  ~SpareStacks() {
    for (ValueStack& stack : spare_) unmap(stack);
  }
  ValueStack take(u64 bytes) {
    for (ValueStack& stack : spare_)
      if (stack.begin != nullptr && stack.bytes == bytes) return std::exchange(stack, {});
    return {};
  }
  void keep(ValueStack stack) {
    for (ValueStack& place : spare_)
      if (place.begin == nullptr) {
        place = stack;
        return;
      }
    // The most recent size is the likeliest to be wanted again.
    unmap(std::exchange(spare_[0], stack));
  }

 private:
  static void unmap(ValueStack stack) {
    if (stack.begin != nullptr) munmap(stack.begin, stack.bytes);
  }
  ValueStack spare_[kMaxSpare];
};

thread_local SpareStacks spare_stacks;

}  // namespace

ValueStack take_value_stack(u64 bytes) {
  bytes = round_up_to_host_page(bytes);
  if (ValueStack spare = spare_stacks.take(bytes); spare.begin != nullptr) return spare;
  void* mapping =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return {};
  return {static_cast<u64*>(mapping), bytes};
}

void give_back(ValueStack stack) { spare_stacks.keep(stack); }

}  // namespace brink::runtime
