// The machine code of one module: its functions and its jump table, freed together with it.
//
// The jump table has a slot (patch.h) for each of the module's own functions: a call of the stub that makes a function ready,
// or, once there is machine code, a jump to it. Calls of functions that were not compiled yet go through their slots.
#pragma once
#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"
#include "jit/code/arena.h"
#include "jit/code/catch_table.h"
#include "jit/code/convention.h"
#include "jit/code/patch.h"
#include "jit/code/stubs.h"
#include "jit/emit/assembler.h"
#include "jit/observer.h"

namespace brink::jit {

class ModuleCode;

// Where frames of the interpreter go on in the code of a loop: at its head, or in front of it.
struct LoopPosition {
  u32 original;  // of the loop in the body
  u32 native;
};

// Something in a function's code that is only true of this process (kept_code.h).
struct KeptReference {
  enum class Kind : u32 { Stub, Function, Type, Body, Instruction };
  static constexpr u32 kMaxNumber = (u32{1} << 28) - 1;

  u32 at;
  u32 what;  // kind << 28 | number; Stub: which of Stubs; Function: among the module's own; the others as in AddressReference
  Kind kind() const { return static_cast<Kind>(what >> 28); }
  u32 number() const { return what & kMaxNumber; }
};

// The frame that a function's prologue makes: the first so many of kPreserved and kPreservedFp are saved in it, and kFrame in that of
// a function with try blocks, by which an exception finds its locals.
struct FrameShape {
  u8 saved = 0;
  u8 saved_fp = 0;
  u8 saves_frame = 0;  // kFrame is saved: 1 or 0
  u8 reserved = 0;

  std::span<const Gp> gp() const { return std::span(kSaveOrder).subspan(1 - saves_frame, size_t{saved} + saves_frame); }
  std::span<const Fp> fp() const { return std::span(kPreservedFp).first(saved_fp); }
  u32 bytes() const { return Assembler::frame_bytes(gp().size() + saved_fp); }
  // Where a register is that is saved, in words from the stack pointer of the function's body.
  u32 word_of(Gp reg) const {
    std::span<const Gp> all = gp();
    return Assembler::word_of_saved(static_cast<u32>(std::find(all.begin(), all.end(), reg) - all.begin()), all.size(), saved_fp);
  }
  bool is_sound() const { return saved <= std::size(kPreserved) && saved_fp <= std::size(kPreservedFp) && saves_frame <= 1; }

 private:
  static constexpr auto kSaveOrder = [] {
    std::array<Gp, 1 + std::size(kPreserved)> order{kFrame};
    std::copy(std::begin(kPreserved), std::end(kPreserved), order.begin() + 1);
    return order;
  }();
};

// What has to be known of a function's code besides the code.
struct CodeShape {
  FrameShape frame;
  u32 loop_entry = 0;  // 0: none
  std::vector<LoopPosition> loops;
  CatchTable catches;
};

// Which function an address belongs to.
class CodeMap {
 public:
  struct Entry {
    const u8* end = nullptr;
    ModuleCode* module = nullptr;
    u32 function = 0;  // among the module's own
    FrameShape frame;
    const CatchTable* catches = nullptr;  // of a function with try blocks
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
                                            const Stubs& stubs, runtime::ModuleState& module,
                                            const CodeObservers& observers);
  ~ModuleCode();
  ModuleCode(const ModuleCode&) = delete;
  ModuleCode& operator=(const ModuleCode&) = delete;
  static ModuleCode& of(runtime::ModuleState& module) { return *static_cast<ModuleCode*>(module.machine_code.get()); }

  runtime::ModuleState& module() const { return module_; }
  const u8* slot(u32 function) const { return table_ + kSlotBytes * size_t{function}; }
  u32 function_of_slot(const u8* return_address) const {
    return static_cast<u32>((return_address - table_) / kSlotBytes);
  }
  // What a call of a function calls: its machine code, or its slot; null where there is no such function.
  const u8* callee(u32 function) const;
  // The function that has its slot or its code here.
  std::optional<u32> function_at(const void* address) const;
  // Of the name section, read when first asked for.
  const Names& names() const;
  // As the module calls itself, or its file is called.
  std::string module_name() const;
  // The first index of a type of the module's.
  std::optional<u32> type_index(const void* type) const;
  // Places a function's code; its entry, or null when the arena is full. Nobody can reach it before publish(). With a
  // second entry, at the shape's loop_entry if that is not 0, the header goes before that too. From any thread.
  const u8* place(std::span<const u8> code, std::span<const Assembler::Relocation> relocations, const void* wrapper, u32 function,
                  const CodeShape& shape);
  void publish(u32 function, const u8* entry);
  u64 code_bytes() const { return code_bytes_; }

  // Of a function's loops, by where they are in the body. From any thread.
  runtime::LoopEntry find_loop(u32 function, u32 loop) const;

  const CodeMap& map() const { return *map_; }

  // For kept(): what has been placed leads to these. From any thread.
  void remember(u32 function, const u8* entry, size_t size, CodeShape shape, std::vector<KeptReference> references);
  // TierCompiler::kept
  std::vector<runtime::KeptCode> kept(u64 key) const;

 private:
  ModuleCode(std::shared_ptr<CodeArena> arena, std::shared_ptr<CodeMap> map, runtime::ModuleState& module,
             const CodeObservers& observers)
      : arena_(std::move(arena)), map_(std::move(map)), module_(module), observers_(observers) {}

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
  CodeObservers observers_;
  std::mutex room_mutex_;  // for what follows up to code_bytes_, but table_
  std::vector<CodeArena::Block> blocks_;
  std::vector<Gap> gaps_;
  const u8* table_ = nullptr;
  const u8* next_ = nullptr;
  const u8* end_ = nullptr;
  u64 code_bytes_ = 0;
  struct Loops {
    const u8* code;
    u32 entry;
    std::vector<LoopPosition> positions;  // in ascending order of both
  };
  struct Remembered {
    const u8* entry;
    size_t size;
    CodeShape shape;
    std::vector<KeptReference> references;
  };
  mutable std::once_flag names_once_;
  mutable Names names_;
  mutable std::once_flag type_indexes_once_;
  mutable std::unordered_map<const void*, u32> type_indexes_;
  mutable std::mutex tables_mutex_;
  std::unordered_map<u32, Loops> loops_;
  std::deque<CatchTable> catches_;  // of the functions with try blocks, for map_
  std::map<u32, Remembered> remembered_;
};

}  // namespace brink::jit
