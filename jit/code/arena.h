// Where machine code lies: one range of addresses a compiler, so that every call inside reaches with 32 bits.
//
// The same memory is mapped twice, once to run and once to write; no page is ever both. Code is written through the second
// view and published through FunctionCode::machine or a jump table's slot.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/host_page.h"

namespace brink::jit {

class CodeArena {
 public:
  struct Mapping {
    bool is_anonymous = false;      // without a file behind it where the system can, which perf's map of names needs
    bool has_landing_pads = false;  // indirect jumps to anything else in it are faults: Features::bti
  };
  // `bytes` of address space; memory is taken as code comes.
  static Result<std::unique_ptr<CodeArena>> create(u32 bytes) { return create(bytes, {}); }
  static Result<std::unique_ptr<CodeArena>> create(u32 bytes, Mapping mapping);
  ~CodeArena();
  CodeArena(const CodeArena&) = delete;
  CodeArena& operator=(const CodeArena&) = delete;

  struct Block {
    u32 offset = 0;
    u32 size = 0;
  };
  // At least `bytes`, rounded up to the granule; nothing when the arena is full. Zeroed.
  std::optional<Block> allocate(u32 bytes);
  // Takes the memory of a block that will be filled soon, instead of a page at its first touch.
  void populate(Block block);
  // Gives the memory back to the system.
  void release(Block block);

  const u8* begin() const { return run_; }
  const u8* end() const { return run_ + size_; }
  u8* writable(const void* code) const { return write_ + (static_cast<const u8*>(code) - run_); }
  u64 used_bytes() const;

  // 16 KiB, or a page where those are larger: what is given back are whole pages.
  static u32 granule() { return static_cast<u32>(std::max<u64>(16 << 10, kHostPage)); }

 private:
  CodeArena() = default;

  int file_ = -1;
  int run_protection_ = 0;
  u8* run_ = nullptr;
  u8* write_ = nullptr;
  u32 size_ = 0;
  mutable std::mutex mutex_;
  std::map<u32, u32> free_;  // offset → size; neighbours are merged
  u64 used_ = 0;
};

}  // namespace brink::jit
