#include "engine/cache/build_id.h"

namespace brink::cache {

std::span<const u8> build_id() {
  static constexpr u8 kId[] = {
#include "engine/cache/engine_id.inc"
  };
  return kId;
}

}  // namespace brink::cache
