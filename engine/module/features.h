// The proposals an instruction or a type can come from, and which of them an engine accepts.
#pragma once
#include <optional>
#include <string_view>

#include "engine/base/integers.h"

namespace brink {

enum class Feature : u8 {
  // In WebAssembly 3.0.
  Mvp,
  SignExtension,
  SaturatingConversions,
  MultiValue,
  BulkMemory,
  ReferenceTypes,
  Simd,
  RelaxedSimd,
  TailCall,
  ExtendedConst,
  MultiMemory,
  Memory64,
  FunctionReferences,
  Gc,
  Exceptions,
  // Past 3.0.
  LegacyExceptions,
  Threads,
  WideArithmetic,
  CustomPageSizes,
  kCount,
};

// The proposal's name as its repository spells it, e.g. "threads".
const char* feature_name(Feature feature);

// The proposal of a name: feature_name's, or the shorter one that wasmtime has for it, e.g. "exceptions". Nothing for
// "mvp", which is no proposal.
std::optional<Feature> feature_from_name(std::string_view name);

class FeatureSet {
 public:
  constexpr FeatureSet() = default;
  // All of WebAssembly 3.0, and nothing past it.
  static constexpr FeatureSet wasm3() {
    FeatureSet set;
    set.bits_ = (u32{1} << static_cast<u32>(Feature::LegacyExceptions)) - 1;
    return set;
  }
  // Everything this engine knows: what it accepts unless told otherwise.
  static constexpr FeatureSet all() {
    FeatureSet set;
    set.bits_ = (u32{1} << static_cast<u32>(Feature::kCount)) - 1;
    return set;
  }
  constexpr bool has(Feature feature) const { return bits_ >> static_cast<u32>(feature) & 1; }
  constexpr void add(Feature feature) { bits_ |= u32{1} << static_cast<u32>(feature); }
  constexpr void remove(Feature feature) { bits_ &= ~(u32{1} << static_cast<u32>(feature)); }
  constexpr u32 bits() const { return bits_; }
  constexpr bool operator==(const FeatureSet&) const = default;

 private:
  u32 bits_ = 0;
};

}  // namespace brink
