#include "engine/base/reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace brink {
namespace {

using Bytes = std::vector<u8>;

// What a read of `bytes` gives: the value and how many bytes it took, or the error's message.
template <class T>
struct Outcome {
  T value = 0;
  size_t taken = 0;
  std::string error;
};

template <class T>
Outcome<T> read(const Bytes& bytes, T (Reader::*method)(const char*)) {
  Reader r(bytes);
  Outcome<T> outcome;
  outcome.value = (r.*method)("n");
  if (r.ok()) {
    outcome.taken = bytes.size() - r.remaining();
  } else {
    outcome.error = r.take_error().message;
  }
  return outcome;
}

#define EXPECT_READS(method, bytes, expected, length)      \
  do {                                                     \
    auto outcome = read(Bytes bytes, &Reader::method);     \
    EXPECT_EQ(outcome.error, "");                          \
    EXPECT_EQ(outcome.value, expected);                    \
    EXPECT_EQ(outcome.taken, static_cast<size_t>(length)); \
  } while (false)
#define EXPECT_REFUSES(method, bytes, message) EXPECT_EQ(read(Bytes bytes, &Reader::method).error, message)

constexpr const char* kTooLong = "integer representation too long in n";
constexpr const char* kTooLarge = "integer too large in n";
constexpr const char* kEnd = "unexpected end, expected n";

TEST(Reader, ReadsU32) {
  EXPECT_READS(read_u32, ({0x00}), 0u, 1);
  EXPECT_READS(read_u32, ({0x7F, 0xFF}), 127u, 1);
  EXPECT_READS(read_u32, ({0x80, 0x01}), 128u, 2);
  EXPECT_READS(read_u32, ({0xE5, 0x8E, 0x26}), 624485u, 3);
  EXPECT_READS(read_u32, ({0x83, 0x00}), 3u, 2);
  EXPECT_READS(read_u32, ({0x83, 0x80, 0x80, 0x80, 0x00}), 3u, 5);
  EXPECT_READS(read_u32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), 0xFFFFFFFFu, 5);
}

TEST(Reader, RefusesU32) {
  EXPECT_REFUSES(read_u32, ({}), kEnd);
  EXPECT_REFUSES(read_u32, ({0x80}), kEnd);
  EXPECT_REFUSES(read_u32, ({0x80, 0x80, 0x80, 0x80}), kEnd);
  EXPECT_REFUSES(read_u32, ({0x83, 0x80, 0x80, 0x80, 0x80, 0x00}), kTooLong);
  EXPECT_REFUSES(read_u32, ({0x82, 0x80, 0x80, 0x80, 0x70}), kTooLarge);
  EXPECT_REFUSES(read_u32, ({0x82, 0x80, 0x80, 0x80, 0x10}), kTooLarge);
  EXPECT_REFUSES(read_u32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x1F}), kTooLarge);
}

TEST(Reader, ReadsU64) {
  EXPECT_READS(read_u64, ({0x02}), u64{2}, 1);
  EXPECT_READS(read_u64, ({0x80, 0x80, 0x80, 0x80, 0x10}), u64{1} << 32, 5);
  EXPECT_READS(read_u64, ({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}), ~u64{0}, 10);
  EXPECT_READS(read_u64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}), u64{1} << 63, 10);
  EXPECT_READS(read_u64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), u64{0}, 10);
}

TEST(Reader, RefusesU64) {
  EXPECT_REFUSES(read_u64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}), kEnd);
  EXPECT_REFUSES(read_u64, ({0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), kTooLong);
  EXPECT_REFUSES(read_u64, ({0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}), kTooLarge);
  EXPECT_REFUSES(read_u64, ({0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x70}), kTooLarge);
}

TEST(Reader, ReadsS32) {
  EXPECT_READS(read_s32, ({0x00}), 0, 1);
  EXPECT_READS(read_s32, ({0x3F}), 63, 1);
  EXPECT_READS(read_s32, ({0x40}), -64, 1);
  EXPECT_READS(read_s32, ({0x7F}), -1, 1);
  EXPECT_READS(read_s32, ({0xC0, 0x00}), 64, 2);
  EXPECT_READS(read_s32, ({0xBF, 0x7F}), -65, 2);
  EXPECT_READS(read_s32, ({0xC0, 0xBB, 0x78}), -123456, 3);
  EXPECT_READS(read_s32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x07}), std::numeric_limits<i32>::max(), 5);
  EXPECT_READS(read_s32, ({0x80, 0x80, 0x80, 0x80, 0x78}), std::numeric_limits<i32>::min(), 5);
  EXPECT_READS(read_s32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), -1, 5);
  EXPECT_READS(read_s32, ({0x80, 0x80, 0x80, 0x80, 0x00}), 0, 5);
}

TEST(Reader, RefusesS32) {
  EXPECT_REFUSES(read_s32, ({0x80}), kEnd);
  EXPECT_REFUSES(read_s32, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), kTooLong);
  EXPECT_REFUSES(read_s32, ({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), kTooLong);
  EXPECT_REFUSES(read_s32, ({0x80, 0x80, 0x80, 0x80, 0x70}), kTooLarge);  // the sign bit is not extended
  EXPECT_REFUSES(read_s32, ({0x80, 0x80, 0x80, 0x80, 0x08}), kTooLarge);  // 2^31
  EXPECT_REFUSES(read_s32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), kTooLarge);
  EXPECT_REFUSES(read_s32, ({0xFF, 0xFF, 0xFF, 0xFF, 0x4F}), kTooLarge);
}

TEST(Reader, ReadsS33) {
  EXPECT_READS(read_s33, ({0x40}), i64{-64}, 1);
  EXPECT_READS(read_s33, ({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), i64{0xFFFFFFFF}, 5);
  EXPECT_READS(read_s33, ({0x80, 0x80, 0x80, 0x80, 0x70}), -(i64{1} << 32), 5);
  EXPECT_READS(read_s33, ({0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), i64{-1}, 5);
}

TEST(Reader, RefusesS33) {
  EXPECT_REFUSES(read_s33, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), kTooLong);
  EXPECT_REFUSES(read_s33, ({0x80, 0x80, 0x80, 0x80, 0x10}), kTooLarge);  // 2^32
  EXPECT_REFUSES(read_s33, ({0x80, 0x80, 0x80, 0x80, 0x60}), kTooLarge);
}

TEST(Reader, ReadsS64) {
  EXPECT_READS(read_s64, ({0x7F}), i64{-1}, 1);
  EXPECT_READS(read_s64, ({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}),
               std::numeric_limits<i64>::max(), 10);
  EXPECT_READS(read_s64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F}),
               std::numeric_limits<i64>::min(), 10);
  EXPECT_READS(read_s64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), i64{0}, 10);
}

TEST(Reader, RefusesS64) {
  EXPECT_REFUSES(read_s64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), kTooLong);
  EXPECT_REFUSES(read_s64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}), kTooLarge);
  EXPECT_REFUSES(read_s64, ({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7E}), kTooLarge);
}

TEST(Reader, ReadsFixedWidthLittleEndian) {
  Bytes bytes{0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0xFF};
  Reader r(bytes);
  EXPECT_EQ(r.read_fixed_u32("x"), 0x04030201u);
  EXPECT_EQ(r.read_fixed_u64("x"), 0x1817161514131211u);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.read_fixed_u32("x"), 0u);
  EXPECT_FALSE(r.ok());
}

TEST(Reader, KeepsTheFirstErrorAndItsOffset) {
  Bytes bytes{0x05, 0x80};
  Reader r(bytes, 100);
  r.read_byte("a");
  r.read_u32("b");
  EXPECT_EQ(r.read_byte("c"), 0);
  EXPECT_TRUE(r.at_end());
  Error error = r.take_error();
  EXPECT_EQ(error.message, "unexpected end, expected b");
  EXPECT_EQ(error.offset, 102u);
}

TEST(Reader, RefusesACountThatTheBytesLeftCannotHold) {
  Bytes bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00};
  Reader r(bytes);
  EXPECT_EQ(r.read_count("type count", 2), 0u);
  EXPECT_EQ(r.take_error().message, "unexpected end: type count is 4294967295, but only 1 bytes follow");

  Bytes exact{0x02, 0x00, 0x00, 0x00, 0x00};
  Reader enough(exact);
  EXPECT_EQ(enough.read_count("n", 2), 2u);
  EXPECT_TRUE(enough.ok());
  Reader short_of(std::span<const u8>(exact).first(4));
  EXPECT_EQ(short_of.read_count("n", 2), 0u);
  EXPECT_FALSE(short_of.ok());
}

TEST(Reader, ReadsNames) {
  Bytes bytes{0x03, 'a', 0xC3, 0xA9, 0x00, 0x01, 0xFF};
  Reader r(bytes);
  EXPECT_EQ(r.read_name("name"), "a\u00e9");
  EXPECT_EQ(r.read_name("name"), "");
  EXPECT_EQ(r.read_name("name"), "");
  Error error = r.take_error();
  EXPECT_EQ(error.message, "malformed UTF-8 encoding in name");
  EXPECT_EQ(error.offset, 6u);
}

TEST(Reader, RefusesBytesPastTheEnd) {
  Bytes bytes{0x01, 0x02};
  Reader r(bytes);
  EXPECT_EQ(r.read_bytes(~u64{0}, "payload").size(), 0u);
  EXPECT_EQ(r.take_error().message, "unexpected end, expected payload");
}

}  // namespace
}  // namespace brink
