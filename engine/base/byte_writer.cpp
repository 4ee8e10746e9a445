#include "engine/base/byte_writer.h"

namespace brink {

void ByteWriter::put_u64(u64 value) {
  while (value >= 0x80) {
    put(static_cast<u8>(value | 0x80));
    value >>= 7;
  }
  put(static_cast<u8>(value));
}

void ByteWriter::put_s64(i64 value) {
  while (value < -0x40 || value >= 0x40) {
    put(static_cast<u8>(value | 0x80));
    value >>= 7;
  }
  put(static_cast<u8>(value & 0x7F));
}

void ByteWriter::put_bytes(const void* data, size_t size) {
  const u8* first = static_cast<const u8*>(data);
  bytes_.insert(bytes_.end(), first, first + size);
}

}  // namespace brink
