// Options that several commands share.
#include "tools/command.h"
#include "tools/feature_option.h"

namespace brink::tools {

void add_feature_option(Options& options, std::vector<std::string>& given) {
  auto is_understood = [](const std::string& text) {
    Result<FeatureSet> features = parse_features(std::span(&text, 1));
    return features ? std::string() : features.error().message;
  };
  options.list("-W,--wasm NAME[=y/n],...", given, "accept a proposal, or refuse modules that use it; see README", is_understood);
}

}  // namespace brink::tools
