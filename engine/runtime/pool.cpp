// Instances of one module from a pool.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "engine/runtime/pool_state.h"

namespace brink {
namespace runtime {

Error PoolState::located(Error error) const {
  if (error.file.empty()) error.file = module_.name();
  return error;
}

void PoolState::add_import(std::span<const ValueType> params, std::span<const ValueType> results,
                           const HostCallback& callback) {
  TypeRegistry& types = module_.engine().types();
  Function& function = host_functions_.emplace_back();
  function.type = types.func_type(params, results);
  function.signature = &types.get(function.type);
  function.callback = &callbacks_.emplace_back(callback);
  imports_.push_back(brink::Function(&function));
}

void PoolState::add_import(std::shared_ptr<Memory> memory) {
  imports_.push_back(brink::Memory(memory.get()));
  shared_memories_.push_back(std::move(memory));
}

Result<void> PoolState::finish() {
  budget_.limit_bytes = options_.max_memory_bytes;
  auto first = make_slot();
  if (!first) return std::unexpected(std::move(first.error()));
  initial_bytes_ = (*first)->memory_bytes();
  if ((*first)->can_be_reset())
    if (auto made = make_images(**first); !made) return made;
  if (reuses_instances_) return prepare(1);
  counts_.created += 1;
  idle_.push_back(std::move(*first));
  return {};
}

Result<void> PoolState::make_images(PoolSlot& first) {
  const ModuleInfo& info = module_.info();
  if (!shared_memories_.empty()) return {};
  for (const MemoryType& memory : info.memories)
    if (memory.limits.is_shared || (u64{1} << memory.page_size_log2) % kHostPage != 0) return {};
  std::vector<std::vector<MemoryImage::Segment>> segments(info.memories.size());
  for (const DataSegment& segment : info.data) {
    if (segment.mode != SegmentMode::Active) continue;
    u64 offset[2];
    if (auto done = evaluate_constant(*first.instance(), segment.offset, offset); !done) return done;
    segments[segment.memory].push_back({offset[0], info.bytes.subspan(segment.bytes.offset, segment.bytes.size)});
  }
  for (size_t i = 0; i < info.memories.size(); ++i) {
    auto image = MemoryImage::create(info.memories[i].min_bytes(), segments[i]);
    if (!image) return std::unexpected(std::move(image.error()));
    images_.push_back(std::move(*image));
  }
  learned_pages_.resize(images_.size());
  reuses_instances_ = true;
  return {};
}

Result<std::unique_ptr<PoolSlot>> PoolState::make_slot() {
  auto slot = std::make_unique<PoolSlot>(module_.engine(), options_.limits);
  for (const auto& memory : shared_memories_)
    if (!slot->state().adopt_memory(memory))
      return fail(ErrorKind::Limit,
                  "the store's limit of " + std::to_string(options_.limits.memories) + " memories is reached");
  size_t made = 0;
  InstantiateOptions how;
  how.run_start = false;
  how.data_is_in_place = reuses_instances_;
  how.make_memory = [&](const MemoryType& type) {
    const MemoryImage* image = reuses_instances_ ? images_[made++].get() : nullptr;
    auto memory = create_memory(type, options_.limits.memory_bytes, image);
    if (memory) (*memory)->budget = &budget_;
    return memory;
  };
  if (auto done = slot->instantiate(module_, imports_, how); !done) return std::unexpected(std::move(done.error()));
  if (!reuses_instances_) return slot;
  slot->remember();
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < images_.size(); ++i)
    slot->state().memories[i]->tracker->open_pages(learned_pages_[i]);
  return slot;
}

Result<void> PoolState::run_start(PoolSlot& slot, std::optional<Trap>* trap) {
  auto started = runtime::run_start(*slot.instance());
  if (started) return {};
  Error error{ErrorKind::Invalid, "instantiation trapped: " + started.error().message()};
  if (trap != nullptr) trap->emplace(std::move(started.error()));
  return std::unexpected(located(std::move(error)));
}

Result<void> PoolState::take_place(std::unique_lock<std::mutex>& lock) {
  const char* missing = nullptr;
  auto try_to_take = [&] {
    missing = nullptr;
    if (counts_.live >= options_.max_instances) missing = " instances";
    else if (!budget_.take(initial_bytes_)) missing = " bytes of memory";
    return missing == nullptr;
  };
  if (!try_to_take() && options_.when_exhausted == WhenExhausted::Wait) {
    counts_.waits += 1;
    if (options_.max_wait == std::chrono::nanoseconds::max()) given_back_.wait(lock, try_to_take);
    else given_back_.wait_for(lock, options_.max_wait, try_to_take);
  }
  if (missing != nullptr) {
    counts_.refused += 1;
    u64 most = counts_.live >= options_.max_instances ? options_.max_instances : options_.max_memory_bytes;
    return std::unexpected(
        located(Error{ErrorKind::Limit, "the pool's limit of " + std::to_string(most) + missing + " is reached"}));
  }
  counts_.live += 1;
  return {};
}

void PoolState::leave_place(u64 memory_bytes, u64 PoolCounts::*how) {
  budget_.give_back(memory_bytes);
  {
    std::lock_guard lock(mutex_);
    counts_.live -= 1;
    counts_.*how += 1;
  }
  given_back_.notify_one();
}

Result<PoolSlot*> PoolState::acquire(HostData data, std::optional<Trap>* trap) {
  std::unique_ptr<PoolSlot> slot;
  {
    std::unique_lock lock(mutex_);
    if (auto place = take_place(lock); !place) return std::unexpected(std::move(place.error()));
    counts_.acquired += 1;
    if (!idle_.empty()) {
      slot = std::move(idle_.back());
      idle_.pop_back();
    } else {
      counts_.created += 1;
    }
  }
  if (!slot) {
    auto made = make_slot();
    if (!made) {
      leave_place(initial_bytes_, &PoolCounts::refused);
      return std::unexpected(located(std::move(made.error())));
    }
    slot = std::move(*made);
  }
  slot->store().host_data() = std::move(data);
  if (auto started = run_start(*slot, trap); !started) {
    release(slot.release(), true);
    return std::unexpected(std::move(started.error()));
  }
  return slot.release();
}

Result<void> PoolState::prepare(u32 count) {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (counts_.live + idle_.size() >= std::min(count, options_.max_instances)) return {};
    }
    auto made = make_slot();
    if (!made) return std::unexpected(located(std::move(made.error())));
    std::lock_guard lock(mutex_);
    counts_.created += 1;
    idle_.push_back(std::move(*made));
  }
}

bool PoolState::reset(PoolSlot& slot) {
  u64 restored = 0;
  if (!slot.reset(restored)) return false;
#ifdef NDEBUG
  bool verify = options_.verify_resets;
#else
  bool verify = true;
#endif
  if (verify && !slot.is_reset()) {
    std::fprintf(stderr, "brink: an instance of %s differs from its initial state after a reset\n",
                 module_.name().c_str());
    std::abort();
  }
  std::lock_guard lock(mutex_);
  counts_.pages_restored += restored;
  learn(slot);
  return true;
}

void PoolState::learn(const PoolSlot& slot) {
  for (size_t i = 0; i < images_.size(); ++i) {
    std::span<const u32> open = slot.state().memories[i]->tracker->open_pages();
    std::vector<u32>& learned = learned_pages_[i];
    if (open.size() <= learned.size()) continue;
    std::vector<u32> all;
    std::set_union(open.begin(), open.end(), learned.begin(), learned.end(), std::back_inserter(all));
    if (all.size() <= kMaxOpenPages) learned = std::move(all);
  }
}

void PoolState::release(PoolSlot* released, bool keep) {
  std::unique_ptr<PoolSlot> slot(released);
  u64 memory_bytes = slot->memory_bytes();
  if (!keep || !reuses_instances_ || !reset(*slot)) {
    slot.reset();
    return leave_place(memory_bytes, &PoolCounts::dropped);
  }
  budget_.give_back(memory_bytes);
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(slot));
    counts_.live -= 1;
    counts_.resets += 1;
  }
  given_back_.notify_one();
}

PoolCounts PoolState::counts() const {
  std::lock_guard lock(mutex_);
  PoolCounts counts = counts_;
  counts.idle = static_cast<u32>(idle_.size());
  counts.memory_bytes = budget_.used_bytes.load(std::memory_order_relaxed);
  return counts;
}

}  // namespace runtime

// --- The handles -----------------------------------------------------------------------------------------------------

PooledInstance::PooledInstance(std::shared_ptr<runtime::PoolState> pool, runtime::PoolSlot* slot)
    : pool_(std::move(pool)), slot_(slot) {}

PooledInstance::PooledInstance(PooledInstance&& other) noexcept
    : pool_(std::move(other.pool_)), slot_(std::exchange(other.slot_, nullptr)) {}

PooledInstance& PooledInstance::operator=(PooledInstance&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::move(other.pool_);
  slot_ = std::exchange(other.slot_, nullptr);
  return *this;
}

Store& PooledInstance::store() const { return slot_->store(); }
Instance PooledInstance::instance() const { return Instance(slot_->instance()); }

void PooledInstance::release() {
  if (slot_ != nullptr) pool_->release(std::exchange(slot_, nullptr), true);
  pool_.reset();
}

void PooledInstance::discard() {
  if (slot_ != nullptr) pool_->release(std::exchange(slot_, nullptr), false);
  pool_.reset();
}

Result<InstancePool> InstancePool::create(const Linker& linker, const Module& module, const PoolOptions& options) {
  auto located = [&](Error error) {
    if (error.file.empty()) error.file = module.name();
    return std::unexpected(std::move(error));
  };
  if (linker.engine().state() != module.engine().state())
    return located(Error{ErrorKind::Usage, "module and linker belong to different engines"});
  auto found = linker.find_imports(module);
  if (!found) return located(std::move(found.error()));
  auto state = std::make_shared<runtime::PoolState>(module, options);
  for (size_t i = 0; i < found->definitions.size(); ++i) {
    const Linker::Definition& definition = *found->definitions[i];
    if (definition.shared_memory) {
      state->add_import(definition.shared_memory);
    } else if (definition.value.impl == nullptr) {
      state->add_import(definition.params, definition.results, definition.callback);
    } else {
      const Import& import = module.info().imports[i];
      return located(Error{ErrorKind::Usage, "the definition of \"" + std::string(import.module) + "\" \"" +
                                                 std::string(import.name) + "\" belongs to one store"});
    }
  }
  if (auto ready = state->finish(); !ready) return located(std::move(ready.error()));
  return InstancePool(std::move(state));
}

Result<PooledInstance> InstancePool::acquire(HostData data, std::optional<Trap>* trap) {
  auto slot = state_->acquire(std::move(data), trap);
  if (!slot) return std::unexpected(std::move(slot.error()));
  return PooledInstance(state_, *slot);
}

Result<void> InstancePool::prepare(u32 count) { return state_->prepare(count); }
PoolCounts InstancePool::counts() const { return state_->counts(); }
const Module& InstancePool::module() const { return state_->module(); }
const PoolOptions& InstancePool::options() const { return state_->options(); }
bool InstancePool::reuses_instances() const { return state_->reuses_instances(); }

}  // namespace brink
