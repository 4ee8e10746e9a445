#include "serve/preemption.h"

#include <chrono>

namespace brink::serve {
namespace {

// A guest runs for one to two of these at a time: what others may have to wait for it.
constexpr std::chrono::milliseconds kTick{2};
// Ticks without a guest after which the thread sleeps until one runs.
constexpr int kIdleTicks = 50;

}  // namespace

void RunningSlice::begin(const InterruptHandle& guest) {
  {
    std::lock_guard lock(mutex_);
    guest_ = guest;
    ++number_;
  }
  if (preemption_.is_asleep_.load(std::memory_order_seq_cst)) [[unlikely]]
    preemption_.wake();
}

void RunningSlice::end() {
  std::lock_guard lock(mutex_);
  guest_.reset();
}

RunningSlice& Preemption::add_core() { return *cores_.emplace_back(std::make_unique<RunningSlice>(*this)); }

void Preemption::start() {
  thread_ = std::thread([this] { run(); });
}

void Preemption::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wakeup_.notify_one();
  thread_.join();
}

void Preemption::wake() {
  std::lock_guard lock(mutex_);
  is_asleep_ = false;
  wakeup_.notify_one();
}

bool Preemption::look() {
  bool is_busy = false;
  for (auto& core : cores_) {
    std::lock_guard lock(core->mutex_);
    if (!core->guest_) continue;
    is_busy = true;
    if (core->seen_ == core->number_) core->guest_->interrupt();
    core->seen_ = core->number_;
  }
  return is_busy;
}

void Preemption::run() {
  std::unique_lock lock(mutex_);
  int idle = 0;
  while (!is_ending_) {
    if (idle < kIdleTicks) {
      wakeup_.wait_for(lock, kTick, [this] { return is_ending_; });
    } else {
      is_asleep_.store(true, std::memory_order_seq_cst);
      // A guest that began just before is found now; one that begins from now on wakes us.
      if (!look()) wakeup_.wait(lock, [this] { return is_ending_ || !is_asleep_; });
      is_asleep_ = false;
      idle = 0;
    }
    idle = look() ? 0 : idle + 1;
  }
}

}  // namespace brink::serve
