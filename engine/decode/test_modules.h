// Helpers of the decoder's tests: modules assembled by hand.
#pragma once
#include <initializer_list>
#include <string_view>
#include <vector>

#include "engine/decode/decoder.h"

namespace brink::test {

using Bytes = std::vector<u8>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes leb(u32 value) {
  Bytes bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<u8>(value | 0x80));
  bytes.push_back(static_cast<u8>(value));
  return bytes;
}

inline Bytes text(std::string_view s) { return leb(static_cast<u32>(s.size())) + Bytes(s.begin(), s.end()); }

inline Bytes section(u8 id, const Bytes& payload) {
  return Bytes{id} + leb(static_cast<u32>(payload.size())) + payload;
}

inline Bytes custom(std::string_view name, const Bytes& payload) { return section(0, text(name) + payload); }

inline Bytes module(std::initializer_list<Bytes> sections) {
  Bytes bytes{0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
  for (const Bytes& s : sections) bytes = std::move(bytes) + s;
  return bytes;
}

// One function type [] -> [], one function of it, and its body.
inline const Bytes kType = section(1, {0x01, 0x60, 0x00, 0x00});
inline const Bytes kFunction = section(3, {0x01, 0x00});
inline const Bytes kTable = section(4, {0x01, 0x70, 0x00, 0x01});
inline const Bytes kMemory = section(5, {0x01, 0x00, 0x01});
inline const Bytes kCode = section(10, {0x01, 0x02, 0x00, 0x0B});

// A decoded module with what it needs to live.
struct Decoded {
  Bytes bytes;
  TypeRegistry registry;
  Result<ModuleInfo> result;

  explicit Decoded(Bytes b, FeatureSet features = FeatureSet::wasm3())
      : bytes(std::move(b)), result(decode_module(bytes, registry, features)) {}
  const ModuleInfo& operator*() const { return *result; }
  const ModuleInfo* operator->() const { return &*result; }
};

// "malformed: MESSAGE", or "" for a good module.
std::string refusal(const Bytes& bytes, FeatureSet features = FeatureSet::wasm3());

// What operator new was asked for since a test last set these to zero.
extern size_t allocated_bytes;
extern size_t largest_allocation;

}  // namespace brink::test

// The module is refused with a text that starts so.
#define EXPECT_REFUSED(bytes, start)                                            \
  do {                                                                          \
    std::string text_ = brink::test::refusal(bytes);                            \
    EXPECT_EQ(text_.substr(0, std::string_view(start).size()), start) << text_; \
  } while (false)
#define EXPECT_ACCEPTED(bytes) EXPECT_EQ(brink::test::refusal(bytes), "")
