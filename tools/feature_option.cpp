#include "tools/feature_option.h"

#include <optional>
#include <string_view>

namespace brink::tools {
namespace {

constexpr std::string_view kAll = "all-proposals";

std::string known_names() {
  std::string names(kAll);
  for (u32 i = static_cast<u32>(Feature::Mvp) + 1; i < static_cast<u32>(Feature::kCount); ++i)
    names += std::string(", ") + feature_name(static_cast<Feature>(i));
  return names;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "y" || text == "yes" || text == "true") return true;
  if (text == "n" || text == "no" || text == "false") return false;
  return {};
}

}  // namespace

Result<FeatureSet> parse_features(std::span<const std::string> options) {
  FeatureSet on, off;
  bool all = true;
  for (std::string_view rest : options) {
    for (bool is_last = false; !is_last;) {
      size_t comma = rest.find(',');
      is_last = comma == rest.npos;
      std::string_view item = rest.substr(0, comma);
      if (!is_last) rest.remove_prefix(comma + 1);

      size_t equals = item.find('=');
      std::string_view name = item.substr(0, equals);
      std::optional<bool> value = equals == item.npos ? true : parse_switch(item.substr(equals + 1));
      std::optional<Feature> feature = feature_from_name(name);
      if (!feature && name != kAll)
        return fail(ErrorKind::Usage,
                    "no proposal is called '" + std::string(name) + "'; the names are " + known_names());
      if (!value) return fail(ErrorKind::Usage, "'" + std::string(item) + "': expected y or n behind the '='");
      if (!feature) {
        all = *value;
        continue;
      }
      (*value ? on : off).add(*feature);
      (*value ? off : on).remove(*feature);
    }
  }
  FeatureSet features = all ? FeatureSet::all() : FeatureSet();
  features.add(Feature::Mvp);
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i) {
    auto feature = static_cast<Feature>(i);
    if (on.has(feature)) features.add(feature);
    if (off.has(feature)) features.remove(feature);
  }
  return features;
}

}  // namespace brink::tools
