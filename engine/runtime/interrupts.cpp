#include "engine/runtime/interrupts.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/interrupt.h"

namespace brink {

void InterruptHandle::interrupt() const { impl_->interrupt(); }

namespace runtime {

Interrupts::~Interrupts() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Interrupts::interrupt() {
  std::lock_guard lock(mutex_);
  if (context_ == nullptr) return;
  context_->is_interrupted.store(true, std::memory_order_seq_cst);
  if (descriptor_ >= 0) ::eventfd_write(descriptor_, 1);
  if (running_ != nullptr) running_->interrupt();
  context_->tier.native_limit.store(~u64{0}, std::memory_order_seq_cst);  // machine code asks (tier.h)
  if (wake_) wake_();
}

void Interrupts::clear() {
  std::lock_guard lock(mutex_);
  context_->is_interrupted.store(false, std::memory_order_relaxed);
  eventfd_t count;
  if (descriptor_ >= 0) ::eventfd_read(descriptor_, &count);
}

void Interrupts::detach() {
  std::lock_guard lock(mutex_);
  context_ = nullptr;
}

interpret::ThreadDispatch* Interrupts::enter(interpret::ThreadDispatch* dispatch) {
  std::lock_guard lock(mutex_);
  return std::exchange(running_, dispatch);
}

bool Interrupts::ask() {
  if (!callback_) return true;
  // Cleared first: an interrupt while the callback runs counts again.
  clear();
  sigjmp_buf* fault_target = std::exchange(context_->fault_target, nullptr);
  bool goes_on = callback_();
  context_->fault_target = fault_target;
  if (!goes_on) context_->is_interrupted.store(true, std::memory_order_seq_cst);
  return !goes_on;
}

int Interrupts::descriptor() {
  std::lock_guard lock(mutex_);
  if (descriptor_ < 0) descriptor_ = ::eventfd(context_->is_interrupted ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor_;
}

Interrupts::Waiting::Waiting(Interrupts* interrupts, std::function<void()> wake) : interrupts_(interrupts) {
  if (interrupts_ == nullptr) return;
  std::lock_guard lock(interrupts_->mutex_);
  interrupts_->wake_ = std::move(wake);
  if (interrupts_->context_->is_interrupted) interrupts_->wake_();
}

Interrupts::Waiting::~Waiting() {
  if (interrupts_ == nullptr) return;
  std::lock_guard lock(interrupts_->mutex_);
  interrupts_->wake_ = nullptr;
}

bool must_end(Context& context) {
  if (!context.is_interrupted.load(std::memory_order_seq_cst)) return false;
  return !context.interrupts || context.interrupts->ask();
}

InterruptibleRun::InterruptibleRun(Context& context) : interrupts_(context.interrupts.get()) {
  if (interrupts_ == nullptr) return;
  dispatch_ = &interpret::ThreadDispatch::of_this_thread();
  outer_ = interrupts_->enter(dispatch_);
}

InterruptibleRun::~InterruptibleRun() {
  if (interrupts_ != nullptr) interrupts_->enter(outer_);
}

}  // namespace runtime
}  // namespace brink
