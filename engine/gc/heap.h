// The GC heap: memory for structs, arrays and exceptions of one store.
//
// Made for sandboxes that live for milliseconds: most are dropped before they ever collect, and dropping is one munmap.
// Objects never move, so that the value stacks can be scanned conservatively and neither the interpreter nor compiled
// code keeps stack maps.
//
// One reservation of address space, untouched until used, cut into blocks of 64 KiB. A block holds cells of one size
// class; objects above kMaxSmallBytes take whole blocks in a row. Each block has two bitmaps: `taken` (the cell may
// hold an object) and `marked`. Allocation bumps through a run of free cells, found by scanning `taken`; a run is
// zeroed and marked taken as a whole when it is claimed, so the fast path is a compare and an addition. A collection
// marks from the roots; then `taken` becomes `marked`, blocks without a live cell are free again, and that is the whole
// sweep.
//
// A word is a pointer to an object if it points to the first byte of a taken cell whose header is not null; anything
// else on a value stack is a number. Dead cells are not taken, so a stale word cannot revive one.
#pragma once
#include <memory>
#include <vector>

#include "engine/gc/object.h"

namespace brink::gc {

struct HeapStatistics {
  u64 allocated_bytes = 0;  // ever
  u64 live_bytes = 0;       // after the last collection
};

class Heap {
 public:
  static constexpr u64 kBlockBytes = 64 << 10;
  static constexpr u64 kMaxSmallBytes = 32 << 10;

  // `limit_bytes` bounds the heap's blocks; rounded up to a block.
  explicit Heap(u64 limit_bytes);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Zeroed memory for an object whose header the caller fills in at once; null when the limit is reached.
  Object* allocate(u64 bytes) {
    if (bytes <= kMaxSmallBytes) [[likely]] {
      SizeClass& size_class = classes_[class_of(bytes)];
      u8* cell = size_class.cursor;
      if (cell != size_class.limit) [[likely]] {
        size_class.cursor = cell + size_class.cell_bytes;
        return reinterpret_cast<Object*>(cell);
      }
    }
    return allocate_slowly(bytes);
  }

  // Whether enough has been allocated since the last collection that another one pays.
  bool wants_collection() const { return since_collection_ >= threshold_; }

  // --- Marking, between begin_marking and sweep ---
  void begin_marking();
  // A reference as objects, globals and tables hold it: null, i31, an object, or something outside of the heap.
  void mark(u64 reference) {
    if ((reference & 7) == 0 && contains(reference)) mark_object(reinterpret_cast<Object*>(reference));
  }
  // A word of a value stack, which may be anything.
  void mark_conservatively(u64 word) {
    if ((word & 7) == 0 && contains(word)) mark_if_object(word);
  }
  // Follows everything marked so far.
  void trace();
  void sweep();

  // Frees all objects and forgets the statistics, keeping the mapping for another tenant; false, and nothing done, if
  // more than `kept_bytes` of it are in use.
  bool clear(u64 kept_bytes);

  const HeapStatistics& statistics() const { return statistics_; }

 private:
  static constexpr u32 kClassCount = 40;

  struct SizeClass {
    u8* cursor = nullptr;  // the next free cell of the claimed run
    u8* limit = nullptr;
    u32 cell_bytes = 0;
    u32 cells = 0;    // a block
    u32 inverse = 0;  // ceil(2^32 / cell_bytes)
    std::vector<u32> blocks;
    u32 scan_block = 0;  // position in `blocks` where the search for a run goes on
    u32 scan_cell = 0;
  };

  enum class BlockKind : u8 { Free, Small, LargeFirst, LargeRest };

  struct Block {
    BlockKind kind = BlockKind::Free;
    bool is_dirty = false;  // has held objects: not known to be zero
    u8 size_class = 0;
    bool large_marked = false;  // LargeFirst
    u32 inverse = 0;            // Small: the size class's
    u32 large_blocks = 0;       // LargeFirst
    std::unique_ptr<u64[]> taken, marked;
  };

  u32 class_of(u64 bytes) const { return class_of_16_[(bytes + 15) >> 4]; }
  bool contains(u64 address) const { return address - base_ < used_bytes_; }
  u8* block_begin(u32 block) const { return reinterpret_cast<u8*>(base_) + u64{block} * kBlockBytes; }

  Object* allocate_slowly(u64 bytes);
  Object* allocate_large(u64 bytes);
  bool claim_run(SizeClass& size_class);
  // `count` free blocks in a row, or the number of blocks there are if there are none.
  bool take_blocks(u32 count, u32& first);
  void mark_object(Object* object);
  void mark_if_object(u64 word);
  void trace_object(Object* object);

  u64 base_ = 0;
  u64 reserved_bytes_ = 0;
  u64 used_bytes_ = 0;  // blocks_.size() * kBlockBytes
  u64 since_collection_ = 0;
  u64 threshold_ = 0;
  u32 first_free_hint_ = 0;
  std::vector<Block> blocks_;
  SizeClass classes_[kClassCount];
  std::vector<u8> class_of_16_;
  std::vector<Object*> pending_;
  HeapStatistics statistics_;
};

}  // namespace brink::gc
