// Help for tests that compare assembled modules with bytes written by hand.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "engine/text/parser.h"

namespace brink::text {

// Hexadecimal, spaced, without the eight bytes of the preamble, which are checked; or the error.
inline std::string assembled(std::string_view source, FeatureSet features = FeatureSet::wasm3()) {
  Result<AssembledModule> module = assemble(source, features);
  if (!module) return module.error().to_string();
  constexpr u8 kPreamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  EXPECT_TRUE(module->bytes.size() >= 8 && std::equal(kPreamble, kPreamble + 8, module->bytes.begin()));
  std::string hex;
  for (size_t i = 8; i < module->bytes.size(); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%s%02x", i == 8 ? "" : " ", module->bytes[i]);
    hex += digits;
  }
  return hex;
}

// The code between the local declarations and the final end of the only function, whose type is [] → [].
inline std::string body(std::string_view instructions, std::string_view fields = "",
                        FeatureSet features = FeatureSet::wasm3()) {
  std::string source = "(func " + std::string(instructions) + ")" + std::string(fields);
  Result<AssembledModule> module = assemble(source, features);
  if (!module) return module.error().to_string();
  const std::vector<u8>& bytes = module->bytes;
  size_t i = 8;
  while (i < bytes.size()) {
    u8 id = bytes[i++];
    auto read = [&] {
      u64 value = 0;
      for (int shift = 0;; shift += 7) {
        value |= u64{bytes[i] & 0x7Fu} << shift;
        if (bytes[i++] < 0x80) return value;
      }
    };
    size_t size = read();
    if (id != 10) {
      i += size;
      continue;
    }
    ++i;  // one function
    size_t end = read();
    end += i;
    for (u64 groups = read(); groups > 0; --groups) read(), ++i;
    std::string hex;
    for (; i + 1 < end; ++i) {
      char digits[4];
      std::snprintf(digits, sizeof digits, "%02x ", bytes[i]);
      hex += digits;
    }
    if (!hex.empty()) hex.pop_back();
    return hex;
  }
  return "no code section";
}

}  // namespace brink::text
