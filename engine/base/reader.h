// The bounds-checked reader: the only way in which bytes from outside are read.
//
// Failure is sticky. The first error is kept, the position jumps to the end, and every later read returns zero, so that
// callers check ok() once a construct rather than after every byte. A loop over a count from outside must either check
// the count against remaining() first or test ok() in its condition.
#pragma once
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/utf8.h"

namespace brink {

class Reader {
 public:
  // `base` is the offset of bytes[0] in the module, for error messages. The bytes must outlive the reader.
  explicit Reader(std::span<const u8> bytes, u64 base = 0)
      : begin_(bytes.data()), position_(begin_), end_(begin_ + bytes.size()), base_(base) {}

  bool ok() const { return !error_; }
  bool at_end() const { return position_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - position_); }
  u64 offset() const { return base_ + static_cast<u64>(position_ - begin_); }
  const u8* position() const { return position_; }
  const u8* end() const { return end_; }
  Error take_error() { return std::move(*error_); }

  // Records the first error; later ones are dropped.
  void fail_at(u64 offset, ErrorKind kind, std::string message) {
    if (!error_) error_ = Error{kind, std::move(message), offset, 0, 0, {}};
    position_ = end_;
  }
  void fail(ErrorKind kind, std::string message) { fail_at(offset(), kind, std::move(message)); }

  // At most what remains.
  void skip(size_t bytes) { position_ += bytes; }
  // `position` lies between position() and end().
  void move_to(const u8* position) { position_ = position; }
  u8 peek() const { return position_ < end_ ? *position_ : 0; }

  u8 read_byte(const char* what) {
    if (position_ == end_) return unexpected_end(what), 0;
    return *position_++;
  }

  // LEB128 (section 5.2.2): at most ceil(N/7) bytes, and the unused bits of the last byte extend the sign or are zero.
  u32 read_u32(const char* what) {
    if (position_ < end_ && *position_ < 0x80) return *position_++;
    return read_long_u32(what);
  }
  u64 read_u64(const char* what) { return read_unsigned(64, what); }
  i32 read_s32(const char* what) { return static_cast<i32>(read_signed(32, what)); }
  i64 read_s33(const char* what) { return read_signed(33, what); }
  i64 read_s64(const char* what) { return read_signed(64, what); }

  u32 read_fixed_u32(const char* what) { return read_fixed<u32>(what); }
  u64 read_fixed_u64(const char* what) { return read_fixed<u64>(what); }

  std::span<const u8> read_bytes(u64 size, const char* what) {
    if (size > remaining()) return unexpected_end(what), std::span<const u8>{};
    std::span<const u8> bytes(position_, static_cast<size_t>(size));
    position_ += size;
    return bytes;
  }

  // A count of elements that take at least `least` bytes each: refused when the bytes left cannot hold them, so that a
  // hostile count never reaches an allocation.
  u32 read_count(const char* what, u32 least = 1) {
    u64 start = offset();
    u32 count = read_u32(what);
    if (ok() && u64{count} * least > remaining()) {
      fail_at(start, ErrorKind::Malformed,
              std::string("unexpected end: ") + what + " is " + std::to_string(count) + ", but only " +
                  std::to_string(remaining()) + " bytes follow");
      return 0;
    }
    return count;
  }

  std::string_view read_name(const char* what) {
    u32 size = read_u32(what);
    u64 start = offset();
    auto bytes = read_bytes(size, what);
    std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!is_valid_utf8(name)) {
      fail_at(start, ErrorKind::Malformed, std::string("malformed UTF-8 encoding in ") + what);
      return {};
    }
    return name;
  }

 private:
  void unexpected_end(const char* what) { fail(ErrorKind::Malformed, std::string("unexpected end, expected ") + what); }

  template <class T>
  T read_fixed(const char* what) {
    auto bytes = read_bytes(sizeof(T), what);
    T value = 0;
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  u32 read_long_u32(const char* what);
  u64 read_unsigned(int bits, const char* what);
  i64 read_signed(int bits, const char* what);

  const u8* begin_;
  const u8* position_;
  const u8* end_;
  u64 base_;
  std::optional<Error> error_;
};

}  // namespace brink
