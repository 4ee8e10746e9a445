#include "engine/gc/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace brink::gc {
namespace {

// Below this much allocation a collection never pays: most sandboxes end before they reach it.
constexpr u64 kMinThreshold = 8 << 20;

// Objects whose memory has been asked for before they are looked at.
constexpr u32 kPrefetched = 8;

// Sizes grow by a quarter from 128 bytes on: at most a fifth of a cell is wasted.
std::vector<u32> class_sizes() {
  std::vector<u32> sizes;
  for (u32 size = 16; size < 128; size += 16) sizes.push_back(size);
  for (u32 power = 128; power < Heap::kMaxSmallBytes; power *= 2)
    for (u32 quarter = 0; quarter < 4; ++quarter) {
      u32 size = (power + power / 4 * quarter) & ~15u;
      if (sizes.empty() || size != sizes.back()) sizes.push_back(size);
    }
  sizes.push_back(Heap::kMaxSmallBytes);
  return sizes;
}

bool test_bit(const u64* bits, u32 index) { return bits[index / 64] >> (index % 64) & 1; }

void set_bits(u64* bits, u32 begin, u32 end) {
  for (; begin < end && begin % 64; ++begin) bits[begin / 64] |= u64{1} << (begin % 64);
  for (; begin + 64 <= end; begin += 64) bits[begin / 64] = ~u64{0};
  for (; begin < end; ++begin) bits[begin / 64] |= u64{1} << (begin % 64);
}

// The first index at or after `begin` whose bit is `wanted`, at most `end`.
u32 find_bit(const u64* bits, u32 begin, u32 end, bool wanted) {
  while (begin < end) {
    u64 word = wanted ? bits[begin / 64] : ~bits[begin / 64];
    word >>= begin % 64;
    if (word) return std::min(end, begin + static_cast<u32>(std::countr_zero(word)));
    begin = (begin / 64 + 1) * 64;
  }
  return end;
}

u32 bitmap_words(u32 cells) { return (cells + 63) / 64; }

}  // namespace

Heap::Heap(u64 limit_bytes) {
  reserved_bytes_ = (std::max<u64>(limit_bytes, 1) + kBlockBytes - 1) & ~(kBlockBytes - 1);
  void* mapping =
      mmap(nullptr, reserved_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) reserved_bytes_ = 0;
  else base_ = reinterpret_cast<u64>(mapping);
  threshold_ = kMinThreshold;

  std::vector<u32> sizes = class_sizes();
  class_of_16_.resize(kMaxSmallBytes / 16 + 1);
  for (u32 i = 0, c = 0; i < class_of_16_.size(); ++i) {
    while (sizes[c] < i * 16) ++c;
    class_of_16_[i] = static_cast<u8>(c);
  }
  for (u32 c = 0; c < sizes.size(); ++c) {
    classes_[c].cell_bytes = sizes[c];
    classes_[c].cells = static_cast<u32>(kBlockBytes / sizes[c]);
    classes_[c].inverse = static_cast<u32>(((u64{1} << 32) + sizes[c] - 1) / sizes[c]);
  }
}

Heap::~Heap() {
  if (base_ != 0) munmap(reinterpret_cast<void*>(base_), reserved_bytes_);
}

// --- Allocation ------------------------------------------------------------------------------------------------------

Object* Heap::allocate_slowly(u64 bytes) {
  if (bytes > kMaxSmallBytes) return allocate_large(bytes);
  SizeClass& size_class = classes_[class_of(bytes)];
  if (!claim_run(size_class)) return nullptr;
  u8* cell = size_class.cursor;
  size_class.cursor = cell + size_class.cell_bytes;
  return reinterpret_cast<Object*>(cell);
}

bool Heap::claim_run(SizeClass& size_class) {
  for (; size_class.scan_block < size_class.blocks.size(); ++size_class.scan_block, size_class.scan_cell = 0) {
    u32 index = size_class.blocks[size_class.scan_block];
    Block& block = blocks_[index];
    u32 begin = find_bit(block.taken.get(), size_class.scan_cell, size_class.cells, false);
    if (begin == size_class.cells) continue;
    u32 end = find_bit(block.taken.get(), begin, size_class.cells, true);
    set_bits(block.taken.get(), begin, end);
    size_class.scan_cell = end;
    size_class.cursor = block_begin(index) + u64{begin} * size_class.cell_bytes;
    size_class.limit = block_begin(index) + u64{end} * size_class.cell_bytes;
    u64 bytes = u64{end - begin} * size_class.cell_bytes;
    if (block.is_dirty) std::memset(size_class.cursor, 0, bytes);
    since_collection_ += bytes;
    statistics_.allocated_bytes += bytes;
    return true;
  }
  u32 index;
  if (!take_blocks(1, index)) return false;
  Block& block = blocks_[index];
  block.kind = BlockKind::Small;
  block.size_class = static_cast<u8>(&size_class - classes_);
  block.inverse = size_class.inverse;
  block.taken = std::make_unique<u64[]>(bitmap_words(size_class.cells));
  block.marked = std::make_unique<u64[]>(bitmap_words(size_class.cells));
  size_class.blocks.push_back(index);
  size_class.scan_block = static_cast<u32>(size_class.blocks.size() - 1);
  size_class.scan_cell = 0;
  return claim_run(size_class);
}

Object* Heap::allocate_large(u64 bytes) {
  if (bytes > reserved_bytes_) return nullptr;
  auto count = static_cast<u32>((bytes + kBlockBytes - 1) / kBlockBytes);
  u32 first;
  if (!take_blocks(count, first)) return nullptr;
  for (u32 i = 0; i < count; ++i) {
    Block& block = blocks_[first + i];
    if (block.is_dirty) std::memset(block_begin(first + i), 0, kBlockBytes);
    block.kind = i == 0 ? BlockKind::LargeFirst : BlockKind::LargeRest;
  }
  blocks_[first].large_blocks = count;
  blocks_[first].large_marked = false;
  since_collection_ += u64{count} * kBlockBytes;
  statistics_.allocated_bytes += u64{count} * kBlockBytes;
  return reinterpret_cast<Object*>(block_begin(first));
}

bool Heap::take_blocks(u32 count, u32& first) {
  u32 run = 0;
  for (u32 i = first_free_hint_; i < blocks_.size(); ++i) {
    run = blocks_[i].kind == BlockKind::Free ? run + 1 : 0;
    if (run != count) continue;
    first = i + 1 - count;
    if (count == 1) first_free_hint_ = i + 1;
    return true;
  }
  if (count == 1) first_free_hint_ = static_cast<u32>(blocks_.size());
  // Free blocks at the end count towards the run.
  u64 wanted = blocks_.size() - run + count;
  if (wanted * kBlockBytes > reserved_bytes_) return false;
  first = static_cast<u32>(blocks_.size()) - run;
  blocks_.resize(wanted);
  used_bytes_ = wanted * kBlockBytes;
  if (count == 1) first_free_hint_ = static_cast<u32>(wanted);
  return true;
}

// --- Marking ---------------------------------------------------------------------------------------------------------

void Heap::begin_marking() {
  for (Block& block : blocks_) {
    if (block.kind == BlockKind::Small)
      std::fill_n(block.marked.get(), bitmap_words(classes_[block.size_class].cells), u64{0});
    block.large_marked = false;
  }
}

void Heap::mark_object(Object* object) {
  u64 offset = reinterpret_cast<u64>(object) - base_;
  Block& block = blocks_[offset / kBlockBytes];
  if (block.kind == BlockKind::Small) {
    u64 index = (offset % kBlockBytes) * block.inverse >> 32;
    u64& word = block.marked[index / 64];
    u64 bit = u64{1} << (index % 64);
    if (word & bit) return;
    word |= bit;
  } else {
    if (block.large_marked) return;
    block.large_marked = true;
  }
  pending_.push_back(object);
}

void Heap::mark_if_object(u64 word) {
  u64 offset = word - base_;
  const Block& block = blocks_[offset / kBlockBytes];
  if (block.kind == BlockKind::Small) {
    const SizeClass& size_class = classes_[block.size_class];
    u64 in_block = offset % kBlockBytes;
    auto index = static_cast<u32>(in_block * size_class.inverse >> 32);
    if (index >= size_class.cells || u64{index} * size_class.cell_bytes != in_block) return;
    if (!test_bit(block.taken.get(), index)) return;
  } else if (block.kind != BlockKind::LargeFirst || offset % kBlockBytes != 0) {
    return;
  }
  auto* object = reinterpret_cast<Object*>(word);
  if (object->type != nullptr) mark_object(object);
}

void Heap::trace_object(Object* object) {
  const RegisteredType* type = object->type;
  const u8* bytes = reinterpret_cast<const u8*>(object);
  auto mark_at = [&](const u8* at) {
    u64 reference;
    std::memcpy(&reference, at, 8);
    mark(reference);
  };
  if (type == &kExceptionType) {
    auto* exception = static_cast<ExceptionObject*>(object);
    for (u64 i = 0; i < exception->count; ++i) mark_conservatively(exception->values()[i]);
  } else if (type->type.kind == CompositeKind::Struct) {
    for (u32 offset : type->layout.reference_offsets) mark_at(bytes + offset);
  } else if (type->layout.elements_are_traced) {
    const auto* array = static_cast<const ArrayObject*>(object);
    for (u64 i = 0; i < array->length; ++i) mark_at(array->elements() + i * 8);
  }
}

void Heap::trace() {
  // An object waits here while its first bytes come from memory: the next ones are found meanwhile.
  Object* ahead[kPrefetched];
  u32 first = 0, count = 0;
  for (;;) {
    while (count < kPrefetched && !pending_.empty()) {
      Object* object = pending_.back();
      pending_.pop_back();
      __builtin_prefetch(object);
      ahead[(first + count++) % kPrefetched] = object;
    }
    if (count == 0) return;
    Object* object = ahead[first];
    first = (first + 1) % kPrefetched;
    --count;
    trace_object(object);
  }
}

void Heap::sweep() {
  for (SizeClass& size_class : classes_) {
    size_class.cursor = size_class.limit = nullptr;
    size_class.blocks.clear();
    size_class.scan_block = size_class.scan_cell = 0;
  }
  u64 live_bytes = 0;
  for (u32 i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    if (block.kind == BlockKind::Small) {
      SizeClass& size_class = classes_[block.size_class];
      u32 live_cells = 0;
      for (u32 w = 0; w < bitmap_words(size_class.cells); ++w) live_cells += std::popcount(block.marked[w]);
      block.is_dirty = true;
      if (live_cells == 0) {
        block.kind = BlockKind::Free;
        block.taken.reset();
        block.marked.reset();
      } else {
        std::swap(block.taken, block.marked);
        size_class.blocks.push_back(i);
        live_bytes += u64{live_cells} * size_class.cell_bytes;
      }
    } else if (block.kind == BlockKind::LargeFirst) {
      u64 bytes = u64{block.large_blocks} * kBlockBytes;
      if (block.large_marked) {
        live_bytes += bytes;
      } else {
        // The system takes the pages back and will hand out zeroed ones.
        madvise(block_begin(i), bytes, MADV_DONTNEED);
        for (u32 n = 0, count = block.large_blocks; n < count; ++n) {
          blocks_[i + n].kind = BlockKind::Free;
          blocks_[i + n].is_dirty = false;
        }
      }
    }
  }
  first_free_hint_ = 0;
  since_collection_ = 0;
  threshold_ = std::max(kMinThreshold, live_bytes);
  statistics_.live_bytes = live_bytes;
  pending_.shrink_to_fit();
}

bool Heap::clear(u64 kept_bytes) {
  if (used_bytes_ > kept_bytes) return false;
  begin_marking();
  pending_.clear();
  sweep();
  statistics_ = {};
  return true;
}

}  // namespace brink::gc
