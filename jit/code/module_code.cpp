#include "jit/code/module_code.h"

#include <algorithm>
#include <mutex>

#include "jit/code/kept_code.h"

namespace brink::jit {

void CodeMap::add(const u8* begin, const Entry& entry) {
  std::unique_lock lock(mutex_);
  entries_[begin] = entry;
}

void CodeMap::remove(const ModuleCode* module) {
  std::unique_lock lock(mutex_);
  std::erase_if(entries_, [&](const auto& item) { return item.second.module == module; });
}

CodeMap::Found CodeMap::find(const u8* address) const {
  std::shared_lock lock(mutex_);
  auto it = entries_.upper_bound(address);
  if (it == entries_.begin()) return {};
  --it;
  if (address >= it->second.end) return {};
  return {it->first, it->second};
}

std::shared_ptr<ModuleCode> ModuleCode::create(std::shared_ptr<CodeArena> arena, std::shared_ptr<CodeMap> map,
                                               const Stubs& stubs, runtime::ModuleState& module,
                                               const CodeObservers& observers) {
  std::shared_ptr<ModuleCode> code(new ModuleCode(std::move(arena), std::move(map), module, observers));
  size_t own = module.info.functions.size() - module.info.imported_functions;
  auto table = code->arena_->allocate(static_cast<u32>(kSlotBytes * own));
  if (!table) return nullptr;
  code->blocks_.push_back(*table);
  code->table_ = code->arena_->begin() + table->offset;
  u8* out = code->arena_->writable(code->table_);
  for (size_t i = 0; i < own; ++i) {
    write_slot(out + kSlotBytes * i, code->slot(static_cast<u32>(i)), stubs.own_function);
  }
  finish_code(code->table_, code->slot(static_cast<u32>(own)));
  if (!observers.empty() && own != 0)
    observers.on_code(code.get(), {{{code->table_, kSlotBytes * own}, "[brink slots " + code->module_name() + "]", {}}});
  code->next_ = code->table_ + kSlotBytes * own;
  code->end_ = code->table_ + table->size;
  return code;
}

ModuleCode::~ModuleCode() {
  observers_.on_freed(this);
  map_->remove(this);
  for (CodeArena::Block block : blocks_) arena_->release(block);
}

namespace {

// Loops that cross a border between pages of this size take up to 1.6 times as long (RATIONALE.md).
constexpr u64 kPage = 4096;

// Where an entry would lie in free space, or null: aligned, behind its header, and within one page if it can.
const u8* fit(const u8* begin, const u8* end, size_t size) {
  u64 at = (reinterpret_cast<u64>(begin) + sizeof(CodeHeader) + kCodeAlignment - 1) & ~u64{kCodeAlignment - 1};
  if (size <= kPage && at / kPage != (at + size - 1) / kPage) at = (at / kPage + 1) * kPage;
  u64 limit = reinterpret_cast<u64>(end);
  return at <= limit && size <= limit - at ? reinterpret_cast<const u8*>(at) : nullptr;
}

}  // namespace

const u8* ModuleCode::take_room(size_t size) {
  for (Gap& gap : gaps_) {
    const u8* entry = fit(gap.begin, gap.end, size);
    if (entry == nullptr) continue;
    gap.begin = entry + size;
    return entry;
  }
  const u8* entry = fit(next_, end_, size);
  if (entry == nullptr) {
    constexpr u32 kBlock = 64 << 10;
    if (size > (u32{1} << 30)) return nullptr;
    auto block = arena_->allocate(std::max(kBlock, static_cast<u32>(size + 2 * kPage)));
    if (!block) return nullptr;
    // Who has filled one will fill this one too.
    if (blocks_.size() > 1 && block->size == kBlock) arena_->populate(*block);
    blocks_.push_back(*block);
    keep_gap({next_, end_});
    next_ = arena_->begin() + block->offset;
    end_ = next_ + block->size;
    entry = fit(next_, end_, size);
  }
  keep_gap({next_, entry - sizeof(CodeHeader)});
  next_ = entry + size;
  return entry;
}

void ModuleCode::keep_gap(Gap gap) {
  constexpr size_t kGaps = 8;
  auto size = [](const Gap& g) { return g.end - g.begin; };
  if (size(gap) < 2 * kCodeAlignment) return;
  if (gaps_.size() < kGaps) return gaps_.push_back(gap);
  auto smallest = std::min_element(gaps_.begin(), gaps_.end(), [&](const Gap& a, const Gap& b) { return size(a) < size(b); });
  if (size(*smallest) < size(gap)) *smallest = gap;
}

const u8* ModuleCode::callee(u32 function) const {
  if (function >= module_.info.functions.size() - module_.info.imported_functions) return nullptr;
  const void* machine = module_.code[function].machine.load(std::memory_order_acquire);
  return machine != nullptr ? static_cast<const u8*>(machine) : slot(function);
}

std::optional<u32> ModuleCode::function_at(const void* address) const {
  const u8* at = static_cast<const u8*>(address);
  size_t own = module_.info.functions.size() - module_.info.imported_functions;
  if (at >= table_ && at < slot(static_cast<u32>(own))) return function_of_slot(at);
  CodeMap::Found found = map_->find(at);
  if (found.begin != at || found.entry.module != this) return std::nullopt;
  return found.entry.function;
}

const Names& ModuleCode::names() const {
  std::call_once(names_once_, [&] { names_ = module_.info.read_names(); });
  return names_;
}

std::string ModuleCode::module_name() const { return names().module ? std::string(*names().module) : module_.name; }

std::optional<u32> ModuleCode::type_index(const void* type) const {
  std::call_once(type_indexes_once_, [&] {
    for (u32 i = 0; i < module_.types.size(); ++i) type_indexes_.emplace(module_.types[i], i);
  });
  auto found = type_indexes_.find(type);
  if (found == type_indexes_.end()) return std::nullopt;
  return found->second;
}

const u8* ModuleCode::place(std::span<const u8> code, std::span<const Assembler::Relocation> relocations, const void* wrapper,
                            u32 function, const CodeShape& shape) {
  const u8* entry;
  {
    std::lock_guard lock(room_mutex_);
    entry = take_room(code.size());
    if (entry == nullptr) return nullptr;
    code_bytes_ += code.size();
  }
  CodeHeader header{wrapper};
  u8* out = arena_->writable(entry);
  std::memcpy(out - sizeof(CodeHeader), &header, sizeof header);
  std::memcpy(out, code.data(), code.size());
  if (shape.loop_entry != 0) std::memcpy(out + shape.loop_entry - sizeof(CodeHeader), &header, sizeof header);
  for (const Assembler::Relocation& relocation : relocations)
    write_distance(out + relocation.at, entry + relocation.at, relocation.target);
  finish_code(entry, entry + code.size());
  const CatchTable* catches = nullptr;
  bool has_try = shape.frame.saves_frame;
  if (shape.loop_entry != 0 || has_try) {
    std::lock_guard lock(tables_mutex_);
    if (shape.loop_entry != 0) loops_[function] = {entry, shape.loop_entry, shape.loops};
    if (has_try) catches = &catches_.emplace_back(shape.catches);
  }
  map_->add(entry, {entry + code.size(), this, function, shape.frame, catches});
  return entry;
}

runtime::LoopEntry ModuleCode::find_loop(u32 function, u32 loop) const {
  std::lock_guard lock(tables_mutex_);
  auto loops = loops_.find(function);
  if (loops == loops_.end()) return {};
  const auto& positions = loops->second.positions;
  auto position = std::lower_bound(positions.begin(), positions.end(), loop,
                                   [](const LoopPosition& at, u32 original) { return at.original < original; });
  if (position == positions.end() || position->original != loop) return {};
  return {loops->second.code + loops->second.entry, loops->second.code + position->native};
}

void ModuleCode::remember(u32 function, const u8* entry, size_t size, CodeShape shape, std::vector<KeptReference> references) {
  std::lock_guard lock(tables_mutex_);
  remembered_[function] = {entry, size, std::move(shape), std::move(references)};
}

std::vector<runtime::KeptCode> ModuleCode::kept(u64 key) const {
  std::lock_guard lock(tables_mutex_);
  std::vector<runtime::KeptCode> all;
  all.reserve(remembered_.size());
  for (const auto& [function, code] : remembered_)
    all.push_back({function, keep_code(key, {code.entry, code.size}, code.shape, code.references)});
  return all;
}

void ModuleCode::publish(u32 function, const u8* entry) {
  const u8* at = slot(function);
  link_slot(arena_->writable(at), at, entry);
}

}  // namespace brink::jit
