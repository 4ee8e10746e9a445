#include "serve/fiber.h"

#include <boost/context/protected_fixedsize_stack.hpp>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define BRINK_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BRINK_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef BRINK_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace brink::serve {
namespace {

namespace context = boost::context;

#ifdef BRINK_ADDRESS_SANITIZER
void announce_switch(void** kept, const void* bottom, size_t size) {
  __sanitizer_start_switch_fiber(kept, bottom, size);
}
void switched(void* kept, const void** bottom, size_t* size) { __sanitizer_finish_switch_fiber(kept, bottom, size); }
#else
void announce_switch(void**, const void*, size_t) {}
void switched(void*, const void**, size_t*) {}
#endif

// Notes where the stack is that a fiber gets.
struct NotingAllocator {
  context::protected_fixedsize_stack stack;
  const void** bottom;
  size_t* size;

  context::stack_context allocate() {
    context::stack_context allocated = stack.allocate();
    *bottom = static_cast<const char*>(allocated.sp) - allocated.size;
    *size = allocated.size;
    return allocated;
  }
  void deallocate(context::stack_context& allocated) { stack.deallocate(allocated); }
};

}  // namespace

Fiber::Fiber(size_t stack_bytes)
    : inside_(std::allocator_arg,
              NotingAllocator{context::protected_fixedsize_stack(stack_bytes), &stack_, &stack_bytes_},
              [this](context::fiber&& loop) { return body(std::move(loop)); }),
      guest_(RunningGuest::on_stack(stack_, stack_bytes_)) {}

Fiber::~Fiber() {
  is_ending_ = true;
  enter();
}

context::fiber Fiber::body(context::fiber&& loop) {
  switched(nullptr, &loop_stack_, &loop_stack_bytes_);
  loop_ = std::move(loop);
  while (!is_ending_) {
    task_(argument_);
    task_ = nullptr;
    suspend();
  }
  announce_switch(nullptr, loop_stack_, loop_stack_bytes_);
  return std::move(loop_);
}

bool Fiber::enter() {
  guest_ = RunningGuest::exchange(guest_);
  void* kept = nullptr;
  announce_switch(&kept, stack_, stack_bytes_);
  inside_ = std::move(inside_).resume();
  switched(kept, nullptr, nullptr);
  guest_ = RunningGuest::exchange(guest_);
  return task_ == nullptr;
}

bool Fiber::run(Task task, void* argument) {
  task_ = task;
  argument_ = argument;
  return enter();
}

bool Fiber::resume() { return enter(); }

void Fiber::suspend() {
  void* kept = nullptr;
  announce_switch(&kept, loop_stack_, loop_stack_bytes_);
  loop_ = std::move(loop_).resume();
  switched(kept, &loop_stack_, &loop_stack_bytes_);
}

std::unique_ptr<Fiber> FiberPool::take() {
  if (idle_.empty()) {
    try {
      return std::make_unique<Fiber>(stack_bytes_);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  std::unique_ptr<Fiber> fiber = std::move(idle_.back());
  idle_.pop_back();
  return fiber;
}

void FiberPool::give_back(std::unique_ptr<Fiber> fiber) {
  if (idle_.size() < keep_) idle_.push_back(std::move(fiber));
}

}  // namespace brink::serve
