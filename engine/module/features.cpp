#include "engine/module/features.h"

namespace brink {
namespace {

// Where wasmtime's name differs from the proposal's repository.
constexpr struct {
  std::string_view name;
  Feature feature;
} kOtherNames[] = {
    {"bulk-memory", Feature::BulkMemory},
    {"exceptions", Feature::Exceptions},
};

}  // namespace

const char* feature_name(Feature feature) {
  switch (feature) {
    case Feature::Mvp: return "mvp";
    case Feature::SignExtension: return "sign-extension-ops";
    case Feature::SaturatingConversions: return "nontrapping-float-to-int-conversions";
    case Feature::MultiValue: return "multi-value";
    case Feature::BulkMemory: return "bulk-memory-operations";
    case Feature::ReferenceTypes: return "reference-types";
    case Feature::Simd: return "simd";
    case Feature::RelaxedSimd: return "relaxed-simd";
    case Feature::TailCall: return "tail-call";
    case Feature::ExtendedConst: return "extended-const";
    case Feature::MultiMemory: return "multi-memory";
    case Feature::Memory64: return "memory64";
    case Feature::FunctionReferences: return "function-references";
    case Feature::Gc: return "gc";
    case Feature::Exceptions: return "exception-handling";
    case Feature::LegacyExceptions: return "legacy-exceptions";
    case Feature::Threads: return "threads";
    case Feature::WideArithmetic: return "wide-arithmetic";
    case Feature::CustomPageSizes: return "custom-page-sizes";
    case Feature::kCount: break;
  }
  return "unknown";
}

std::optional<Feature> feature_from_name(std::string_view name) {
  for (u32 i = static_cast<u32>(Feature::Mvp) + 1; i < static_cast<u32>(Feature::kCount); ++i)
    if (name == feature_name(static_cast<Feature>(i))) return static_cast<Feature>(i);
  for (const auto& other : kOtherNames)
    if (name == other.name) return other.feature;
  return {};
}

}  // namespace brink
