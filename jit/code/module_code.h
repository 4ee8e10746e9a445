// The machine code of one module: its functions and its jump table, freed together with it.
//
// The jump table has a slot (patch.h) for each of the module's own functions: a call of the stub that makes a function ready,
// or, once there is machine code, a jump to it. Calls of functions that were not compiled yet go through their slots.
#pragma once
#include <map>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"
#include "jit/code/arena.h"
#include "jit/code/patch.h"
#include "jit/code/stubs.h"
#include "jit/emit/assembler.h"

namespace brink::jit {

class ModuleCode;

// Which function an address belongs to.
class CodeMap {
 public:
  struct Entry {
    const u8* end = nullptr;
    ModuleCode* module = nullptr;
    u32 function = 0;  // among the module's own
    u32 frame_bytes = 0;
  };
  void add(const u8* begin, const Entry& entry);
  void remove(const ModuleCode* module);
  struct Found {
    const u8* begin = nullptr;  // null: nothing is there
    Entry entry;
  };
  Found find(const u8* address) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<const u8*, Entry> entries_;
};

class ModuleCode {
 public:
  // Null when the arena has no room for the jump table.
  static std::shared_ptr<ModuleCode> create(std::shared_ptr<CodeArena> arena, std::shared_ptr<CodeMap> map,
                                            const Stubs& stubs, runtime::ModuleState& module);
  ~ModuleCode();
  ModuleCode(const ModuleCode&) = delete;
  ModuleCode& operator=(const ModuleCode&) = delete;
  static ModuleCode& of(runtime::ModuleState& module) { return *static_cast<ModuleCode*>(module.machine_code.get()); }

  runtime::ModuleState& module() const { return module_; }
  const u8* slot(u32 function) const { return table_ + kSlotBytes * size_t{function}; }
  u32 function_of_slot(const u8* return_address) const {
    return static_cast<u32>((return_address - table_) / kSlotBytes);
  }
  // Places a function's code; its entry, or null when the arena is full. Nobody can reach it before publish(). With a
  // second entry, at `loop_entry` if that is not 0, the header goes before that too.
  const u8* place(std::span<const u8> code, std::span<const Assembler::Relocation> relocations,
                  const CodeHeader& header, u32 loop_entry = 0);
  void publish(u32 function, const u8* entry);
  u64 code_bytes() const { return code_bytes_; }

  // Of a function's loops, by where they are in the body. From any thread.
  void add_loops(u32 function, const u8* entry, std::unordered_map<u32, const u8*> positions);
  runtime::LoopEntry find_loop(u32 function, u32 loop) const;

 private:
  ModuleCode(std::shared_ptr<CodeArena> arena, std::shared_ptr<CodeMap> map, runtime::ModuleState& module)
      : arena_(std::move(arena)), map_(std::move(map)), module_(module) {}

  // Left free before a function that would have crossed a border between pages, or at a block's end.
  struct Gap {
    const u8* begin;
    const u8* end;
  };
  // The entry of so much code, with a header's room before it; null when the arena is full.
  const u8* take_room(size_t size);
  void keep_gap(Gap gap);

  std::shared_ptr<CodeArena> arena_;
  std::shared_ptr<CodeMap> map_;
  runtime::ModuleState& module_;
  std::vector<CodeArena::Block> blocks_;
  std::vector<Gap> gaps_;
  const u8* table_ = nullptr;
  const u8* next_ = nullptr;
  const u8* end_ = nullptr;
  u64 code_bytes_ = 0;
  struct Loops {
    const u8* entry;
    std::unordered_map<u32, const u8*> positions;
  };
  mutable std::mutex loops_mutex_;
  std::unordered_map<u32, Loops> loops_;
};

}  // namespace brink::jit
