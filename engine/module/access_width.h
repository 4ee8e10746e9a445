// How many bytes a memory instruction accesses, as its name says.
#pragma once
#include <string_view>

#include "engine/base/integers.h"

namespace brink {

// log2 of the bytes: "load8_s", "load32x2_u", "store", "rmw16.add_u", "wait64".
constexpr u32 access_width_of(std::string_view text) {
  size_t dot = text.find('.');
  std::string_view type = text.substr(0, dot);
  std::string_view rest = text.substr(dot + 1);
  u32 whole = type == "v128" ? 4 : (type == "i32" || type == "f32") ? 2 : 3;
  if (type == "memory") return rest == "atomic.wait64" ? 3 : 2;
  constexpr std::string_view kVerbs[] = {"atomic.load", "atomic.store", "atomic.rmw", "load", "store"};
  for (std::string_view verb : kVerbs) {
    if (!rest.starts_with(verb)) continue;
    rest.remove_prefix(verb.size());
    size_t digits = rest.find_first_not_of("0123456789");
    if (digits != rest.npos && digits != 0 && rest[digits] == 'x') return 3;  // a shape, e.g. 8x8, not "8.xor_u"
    if (rest.starts_with("8")) return 0;
    if (rest.starts_with("16")) return 1;
    if (rest.starts_with("32")) return 2;
    if (rest.starts_with("64")) return 3;
    return whole;
  }
  return 0;
}

}  // namespace brink
