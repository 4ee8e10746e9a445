// The one place where a guest's pointers, lengths and counts are checked.
//
// A GuestMemory is made for one call from the memory as it is then; nothing taken from it outlives that call. Accessors
// give `fault` where a range leaves the memory; all arithmetic is done in 64 bits on 32-bit operands, so none wraps.
// Functions take their out-pointers (Slot) before they act, so that a bad one has no effect. Other threads of the guest
// may change its memory at any time: what decides anything is read once.
#pragma once
#include <sys/uio.h>

#include <cstring>
#include <expected>
#include <span>
#include <string>
#include <type_traits>

#include "engine/engine.h"
#include "wasi/preview1/types.h"

namespace brink::wasi {

template <class T>
using Checked = std::expected<T, Errno>;

// A checked place for one T in guest memory, of any alignment.
template <class T>
class Slot {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Slot(u8* place) : place_(place) {}
  T get() const {
    T value;
    std::memcpy(&value, place_, sizeof(T));
    return value;
  }
  void set(const T& value) const { std::memcpy(place_, &value, sizeof(T)); }

 private:
  u8* place_;
};

// A checked array of T in guest memory, of any alignment.
template <class T>
class SlotArray {
 public:
  SlotArray(u8* place, u32 size) : place_(place), size_(size) {}
  u32 size() const { return size_; }
  Slot<T> operator[](u32 index) const { return Slot<T>(place_ + u64{index} * sizeof(T)); }

 private:
  u8* place_;
  u32 size_;
};

class GuestMemory;

// What buffers are for. Pages of a pooled instance's memory that the kernel writes to have to be opened first
// (Memory::span); what the host writes itself may meet a closed page at any time.
enum class Access : bool { Read, Write };

// A guest's scatter-gather list, handed out in batches of host buffers, empty ones left out. The list may lie inside
// one of its own buffers and change while a read fills that, so each entry is checked again when it is handed out.
class Buffers {
 public:
  Buffers(GuestMemory& memory, SlotArray<IoVector> list, Access access, u64 total)
      : memory_(&memory), list_(list), access_(access), total_(total) {}
  // Bytes, at most 2³²-1, as the list stood at first.
  u64 total() const { return total_; }
  // Fills `batch` from its front; how many were filled, 0 at the end of the list. `fault` if an entry turned bad.
  Checked<size_t> next(std::span<iovec> batch);

 private:
  GuestMemory* memory_;
  SlotArray<IoVector> list_;
  Access access_;
  u64 total_;
  u32 index_ = 0;
  u64 handed_out_ = 0;
};

class GuestMemory {
 public:
  explicit GuestMemory(std::span<u8> bytes) : bytes_(bytes) {}
  explicit GuestMemory(Memory memory);

  // For the host to read and write, and for the kernel to read.
  Checked<std::span<u8>> bytes(u32 pointer, u64 size) {
    if (pointer > bytes_.size() || size > bytes_.size() - pointer) return std::unexpected(Errno::Fault);
    return bytes_.subspan(pointer, size);
  }
  // For the kernel to write, too.
  Checked<std::span<u8>> kernel_bytes(u32 pointer, u64 size) {
    auto place = bytes(pointer, size);
    if (place && memory_) (void)memory_.span(pointer, size);
    return place;
  }

  template <class T>
  Checked<Slot<T>> slot(u32 pointer) {
    auto place = bytes(pointer, sizeof(T));
    if (!place) return std::unexpected(place.error());
    return Slot<T>(place->data());
  }

  template <class T>
  Checked<SlotArray<T>> array(u32 pointer, u32 count) {
    auto place = bytes(pointer, u64{count} * sizeof(T));
    if (!place) return std::unexpected(place.error());
    return SlotArray<T>(place->data(), count);
  }

  // A copy of a guest's string, which must be UTF-8, else `ilseq`, and no longer than any path, else `nametoolong`.
  // What is checked about it must still hold when it is used, whatever the guest's other threads write.
  Checked<std::string> string(u32 pointer, u32 size);

  // An array of iovec or ciovec. Every buffer is checked; `inval` if together they pass 2³²-1 bytes.
  Checked<Buffers> buffers(u32 pointer, u32 count, Access access);

 private:
  Memory memory_;  // empty in tests without an engine
  std::span<u8> bytes_;
};

}  // namespace brink::wasi
