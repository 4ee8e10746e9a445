#include "tools/feature_option.h"

#include <gtest/gtest.h>

#include <vector>

namespace brink::tools {
namespace {

FeatureSet parsed(std::vector<std::string> options) {
  Result<FeatureSet> features = parse_features(options);
  EXPECT_TRUE(features) << features.error().message;
  return features.value_or(FeatureSet());
}

FeatureSet without(std::initializer_list<Feature> features) {
  FeatureSet set = FeatureSet::all();
  for (Feature feature : features) set.remove(feature);
  return set;
}

FeatureSet mvp_and(std::initializer_list<Feature> features) {
  FeatureSet set;
  set.add(Feature::Mvp);
  for (Feature feature : features) set.add(feature);
  return set;
}

TEST(FeatureOption, EverythingIsOnUntilSwitchedOff) {
  EXPECT_EQ(parsed({}), FeatureSet::all());
  EXPECT_EQ(parsed({"threads=n"}), without({Feature::Threads}));
  EXPECT_EQ(parsed({"threads=no,gc=false", "simd=y"}), without({Feature::Threads, Feature::Gc}));
  EXPECT_EQ(parsed({"threads"}), FeatureSet::all());
}

TEST(FeatureOption, TheLaterOfTwoCounts) {
  EXPECT_EQ(parsed({"threads=n,threads"}), FeatureSet::all());
  EXPECT_EQ(parsed({"threads=y", "threads=n"}), without({Feature::Threads}));
}

TEST(FeatureOption, AllProposalsIsWhatIsNotNamed) {
  EXPECT_EQ(parsed({"all-proposals=n"}), mvp_and({}));
  EXPECT_EQ(parsed({"all-proposals=n,simd"}), mvp_and({Feature::Simd}));
  EXPECT_EQ(parsed({"simd,all-proposals=n"}), mvp_and({Feature::Simd}));
  EXPECT_EQ(parsed({"all-proposals,wide-arithmetic=n"}), without({Feature::WideArithmetic}));
}

TEST(FeatureOption, TakesWasmtimesNamesToo) {
  EXPECT_EQ(parsed({"bulk-memory=n"}), without({Feature::BulkMemory}));
  EXPECT_EQ(parsed({"bulk-memory-operations=n"}), without({Feature::BulkMemory}));
  EXPECT_EQ(parsed({"exceptions=n"}), without({Feature::Exceptions}));
}

TEST(FeatureOption, WhatIsNotUnderstoodIsNamed) {
  for (const char* text : {"", "thread=n", "threads=n,", ",", "mvp=n", "=y", "Threads"}) {
    std::vector<std::string> options{text};
    Result<FeatureSet> features = parse_features(options);
    ASSERT_FALSE(features) << text;
    EXPECT_EQ(features.error().kind, ErrorKind::Usage);
    EXPECT_NE(features.error().message.find("custom-page-sizes"), std::string::npos) << features.error().message;
  }
  std::vector<std::string> options{"gc=maybe"};
  Result<FeatureSet> features = parse_features(options);
  ASSERT_FALSE(features);
  EXPECT_EQ(features.error().message, "'gc=maybe': expected y or n behind the '='");
}

}  // namespace
}  // namespace brink::tools
