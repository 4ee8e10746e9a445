// What executed functions take: for every module, its functions' bodies, their quick code, and everything beside the
// code that the engine keeps for a function that has run, as shares of the bodies; as a Markdown table.
//
//   code_size FILE.wasm…
//
// A function that has not run has none of it but its zeroed line in the table of functions, which is memory only where
// a function on the same page has run.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "engine/decode/decoder.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/objects.h"
#include "engine/validate/validator.h"

namespace brink::bench {
namespace {

struct Sizes {
  u64 functions = 0;
  u64 bodies = 0;
  u64 code = 0;
  u64 beside = 0;
};

// The memory of a block of the C library's allocator: a header, and whole units of 16 bytes.
u64 allocated(u64 bytes) { return bytes == 0 ? 0 : std::max<u64>(32, (bytes + 8 + 15) / 16 * 16); }

void add(Sizes& sizes, u32 body_size, const PreparedCode& prepared) {
  ++sizes.functions;
  sizes.bodies += body_size;
  sizes.code += prepared.code_size;
  u64 padding = (sizeof(u64) - prepared.code_size % sizeof(u64)) % sizeof(u64);
  // A module's arena has the code and a list of the rest.
  sizes.beside += sizeof(runtime::FunctionCode) + sizeof(void*) + sizeof(PreparedCode) + padding +
                  allocated(prepared.side.capacity() * sizeof(SideEntry)) +
                  allocated(prepared.local_slots.capacity() * sizeof(u32)) +
                  allocated(prepared.try_regions.capacity() * sizeof(TryRegion));
  for (const TryRegion& region : prepared.try_regions)
    sizes.beside += allocated(region.clauses.capacity() * sizeof(TryRegion::Clause));
}

bool read(const char* path, std::vector<u8>& bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return std::perror(path), false;
  u8 buffer[65536];
  while (size_t got = std::fread(buffer, 1, sizeof buffer, file)) bytes.insert(bytes.end(), buffer, buffer + got);
  std::fclose(file);
  return true;
}

bool report(const char* path) {
  std::vector<u8> bytes;
  if (!read(path, bytes)) return false;
  TypeRegistry registry;
  auto info = decode_module(bytes, registry, FeatureSet::all());
  if (!info) return std::fprintf(stderr, "%s: %s\n", path, info.error().to_string().c_str()), false;
  Sizes quick, plain;
  for (u32 i = info->imported_functions; i < info->functions.size(); ++i) {
    auto quickened = quick::quicken_function(*info, i, {});
    auto stamped = prepare_function(*info, i, {});
    if (!quickened || !stamped)
      return std::fprintf(stderr, "%s: function %u is not valid\n", path, i), false;
    add(quick, info->functions[i].body.size, *quickened);
    add(plain, info->functions[i].body.size, *stamped);
  }
  auto share = [&](u64 part) { return static_cast<double>(part) / static_cast<double>(quick.bodies); };
  std::printf("| %s | %llu | %.2f | %.2f | %.2f | %.2f | %.2f |\n", path, static_cast<unsigned long long>(quick.functions),
              static_cast<double>(quick.bodies) / 1e6, share(quick.code), share(quick.beside), share(plain.code),
              share(plain.beside));
  return true;
}

}  // namespace
}  // namespace brink::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE.wasm...\n", argv[0]);
    return 2;
  }
  std::printf("| module | functions | bodies MB | quick code | beside it | in place: copy | beside it |\n");
  std::printf("|---|--:|--:|--:|--:|--:|--:|\n");
  for (int i = 1; i < argc; ++i)
    if (!brink::bench::report(argv[i])) return 1;
  return 0;
}
