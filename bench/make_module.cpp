// make_module FUNCTIONS BODY_BYTES FILE: writes a synthetic module, for bench/startup and by hand.
#include <cstdio>
#include <cstdlib>

#include "bench/synthetic_module.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s FUNCTIONS BODY_BYTES FILE\n", argv[0]);
    return 2;
  }
  brink::bench::SyntheticModule options;
  options.functions = static_cast<brink::u32>(std::strtoul(argv[1], nullptr, 10));
  options.body_bytes = static_cast<brink::u32>(std::strtoul(argv[2], nullptr, 10));
  std::vector<brink::u8> bytes = brink::bench::make_synthetic_module(options);
  std::FILE* file = std::fopen(argv[3], "wb");
  bool is_written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if (file != nullptr) is_written = std::fclose(file) == 0 && is_written;
  if (!is_written) std::perror(argv[3]);
  return is_written ? 0 : 1;
}
