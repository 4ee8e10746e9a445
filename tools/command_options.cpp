// Options that several commands share.
#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/feature_option.h"
#include "tools/option_forms.h"

namespace brink::tools {

void add_feature_option(CLI::App& app, std::vector<std::string>& options) {
  auto understood = [](const std::string& text) {
    Result<FeatureSet> features = parse_features(std::span(&text, 1));
    return features ? std::string() : features.error().message;
  };
  single(app.add_option("-W,--wasm", options, "NAME[=y|n],...: accept a proposal, or refuse modules that use it; see README"))
      ->check(understood);
}

}  // namespace brink::tools
