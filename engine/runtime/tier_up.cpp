#include "engine/runtime/tier_up.h"

#include <csignal>

#include "engine/interpret/state.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"

namespace brink::runtime {
namespace {

constexpr i32 kNever = INT32_MAX;

}  // namespace

TierUp::~TierUp() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (has_thread_) pthread_join(thread_, nullptr);
}

const void* TierUp::request(ModuleState& module, const FunctionCode& code) {
  Request request{&module, static_cast<u32>(&code - module.code)};
  std::unique_lock lock(mutex_);
  if (module.tier_requests.empty())
    module.tier_requests.resize(module.info.functions.size() - module.info.imported_functions);
  switch (static_cast<Asked>(module.tier_requests[request.function])) {
    case Asked::Yes: {
      const void* machine = code.machine.load(std::memory_order_acquire);
      if (machine == nullptr) code.heat.store(kAskAgain, std::memory_order_relaxed);
      return machine;
    }
    case Asked::Refused: return code.heat.store(kNever, std::memory_order_relaxed), nullptr;
    case Asked::No: break;
  }
  module.tier_requests[request.function] = static_cast<u8>(Asked::Yes);
  code.heat.store(kAskAgain, std::memory_order_relaxed);
  if (!in_background_) {
    settle(request, compile(request));
    return code.machine.load(std::memory_order_acquire);
  }
  if (!has_thread_ && !start_thread()) {
    settle(request, false);
    return nullptr;
  }
  requests_.push_back(request);
  lock.unlock();
  changed_.notify_all();
  return nullptr;
}

void TierUp::forget(const ModuleState& module) {
  std::unique_lock lock(mutex_);
  if (module.tier_requests.empty()) return;
  std::erase_if(requests_, [&](const Request& request) { return request.module == &module; });
  changed_.wait(lock, [&] { return current_ != &module; });
}

bool TierUp::compile(const Request& request) {
  FunctionCode& code = request.module->code[request.function];
  const void* machine = compiler_.compile(*request.module, code);
  if (machine == nullptr) return false;
  code.machine.store(machine, std::memory_order_release);
  code.code.store(interpret::kQuickEnterTier, std::memory_order_release);
  return true;
}

void TierUp::settle(const Request& request, bool compiled) {
  if (!compiled) request.module->tier_requests[request.function] = static_cast<u8>(Asked::Refused);
  request.module->code[request.function].heat.store(compiled ? 0 : kNever, std::memory_order_relaxed);
}

// Signals are for the guests' threads.
bool TierUp::start_thread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto run = [](void* self) -> void* {
    auto* tier_up = static_cast<TierUp*>(self);
    std::unique_lock lock(tier_up->mutex_);
    tier_up->work(lock);
    return nullptr;
  };
  has_thread_ = pthread_create(&thread_, nullptr, run, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (has_thread_) pthread_setname_np(thread_, "brink-compiler");
  return has_thread_;
}

void TierUp::work(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    changed_.wait(lock, [&] { return is_over_ || !requests_.empty(); });
    if (is_over_) return;
    Request request = requests_.front();
    requests_.pop_front();
    current_ = request.module;
    lock.unlock();
    bool compiled = compile(request);
    lock.lock();
    settle(request, compiled);
    current_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace brink::runtime
