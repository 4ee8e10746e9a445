// Writes what the Reader reads: bytes, LEB128 numbers, counted byte strings (specification, section 5.2).
#pragma once
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/integers.h"

namespace brink {

class ByteWriter {
 public:
  const std::vector<u8>& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  void clear() { bytes_.clear(); }
  std::vector<u8> take() { return std::move(bytes_); }

  void put(u8 byte) { bytes_.push_back(byte); }
  void put_u32(u32 value) { put_u64(value); }
  void put_u64(u64 value);
  void put_s64(i64 value);  // also s32 and s33: the shortest form is the same
  void put_fixed32(u32 value) { put_fixed(value, 4); }
  void put_fixed64(u64 value) { put_fixed(value, 8); }
  void put_bytes(const void* data, size_t size);
  void put_bytes(std::span<const u8> data) { put_bytes(data.data(), data.size()); }
  // With its size in front.
  void put_vector(std::string_view data) {
    put_u64(data.size());
    put_bytes(data.data(), data.size());
  }

 private:
  void put_fixed(u64 value, int bytes) {
    for (int i = 0; i < bytes; ++i) put(static_cast<u8>(value >> (8 * i)));
  }
  std::vector<u8> bytes_;
};

}  // namespace brink
