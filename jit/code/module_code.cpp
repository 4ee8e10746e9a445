#include "jit/code/module_code.h"

#include <mutex>

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
                                               const Stubs& stubs, runtime::ModuleState& module) {
  std::shared_ptr<ModuleCode> code(new ModuleCode(std::move(arena), std::move(map), module));
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
  code->next_ = code->table_ + ((kSlotBytes * own + 15) & ~size_t{15});
  code->end_ = code->table_ + table->size;
  return code;
}

ModuleCode::~ModuleCode() {
  map_->remove(this);
  for (CodeArena::Block block : blocks_) arena_->release(block);
}

const u8* ModuleCode::place(std::span<const u8> code, std::span<const Assembler::Relocation> relocations,
                            const CodeHeader& header, u32 loop_entry) {
  constexpr u32 kBlock = 64 << 10;
  size_t wanted = sizeof(CodeHeader) + code.size() + 16;
  if (static_cast<size_t>(end_ - next_) < wanted || next_ > end_) {
    if (wanted > (u32{1} << 30)) return nullptr;
    auto block = arena_->allocate(std::max(kBlock, static_cast<u32>(wanted)));
    if (!block) return nullptr;
    blocks_.push_back(*block);
    next_ = arena_->begin() + block->offset;
    end_ = next_ + block->size;
  }
  const u8* entry = next_ + sizeof(CodeHeader);
  u8* out = arena_->writable(entry);
  std::memcpy(out - sizeof(CodeHeader), &header, sizeof header);
  std::memcpy(out, code.data(), code.size());
  if (loop_entry != 0) std::memcpy(out + loop_entry - sizeof(CodeHeader), &header, sizeof header);
  for (const Assembler::Relocation& relocation : relocations)
    write_distance(out + relocation.at, entry + relocation.at, relocation.target);
  finish_code(entry, entry + code.size());
  map_->add(entry, {entry + code.size(), this, header.function, header.frame_bytes});
  next_ = entry + ((code.size() + 15) & ~size_t{15});
  code_bytes_ += code.size();
  return entry;
}

void ModuleCode::add_loops(u32 function, const u8* entry, std::unordered_map<u32, const u8*> positions) {
  std::lock_guard lock(loops_mutex_);
  loops_[function] = {entry, std::move(positions)};
}

runtime::LoopEntry ModuleCode::find_loop(u32 function, u32 loop) const {
  std::lock_guard lock(loops_mutex_);
  auto loops = loops_.find(function);
  if (loops == loops_.end()) return {};
  auto position = loops->second.positions.find(loop);
  if (position == loops->second.positions.end()) return {};
  return {loops->second.entry, position->second};
}

void ModuleCode::publish(u32 function, const u8* entry) {
  const u8* at = slot(function);
  link_slot(arena_->writable(at), at, entry);
}

}  // namespace brink::jit
