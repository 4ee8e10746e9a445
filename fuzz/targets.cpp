#include "fuzz/targets.h"

#include <cstdio>
#include <cstdlib>

namespace brink::fuzz {

void broken(const char* what) {
  std::fprintf(stderr, "broken invariant: %s\n", what);
  std::abort();
}

FeatureSet all_features() {
  FeatureSet features = FeatureSet::wasm3();
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i) features.add(static_cast<Feature>(i));
  return features;
}

}  // namespace brink::fuzz
