// write_corpus FUZZ_FOLDER TARGET OUT_FOLDER: writes the seeds and regressions as files for libFuzzer to start from.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "fuzz/corpus.h"

int main(int argc, char** argv) {
  using namespace brink::fuzz;
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s FUZZ_FOLDER decode_validate|execute|text|script OUT_FOLDER\n", argv[0]);
    return 2;
  }
  const std::string source = argv[1], target = argv[2], out = argv[3];
  // What is executed is made of choices, for which any bytes will do.
  const char* seed_folder = target == "script" ? "/scripts" : target == "execute" ? "/regressions/execute" : "/seeds";
  auto seeds = read_inputs(source + seed_folder);
  if (seeds && target == "decode_validate") seeds = assemble_seeds(*seeds);
  auto regressions = read_inputs(source + "/regressions/" + target);
  for (const auto* inputs : {&seeds, &regressions}) {
    if (!*inputs) {
      std::fprintf(stderr, "%s\n", inputs->error().to_string().c_str());
      return 1;
    }
    std::error_code error;
    std::filesystem::create_directories(out, error);
    for (const Input& input : **inputs) {
      std::ofstream file(out + "/" + input.name, std::ios::binary);
      file.write(reinterpret_cast<const char*>(input.bytes.data()), static_cast<std::streamsize>(input.bytes.size()));
      if (!file.flush()) {
        std::fprintf(stderr, "%s/%s: cannot write\n", out.c_str(), input.name.c_str());
        return 1;
      }
    }
  }
  return 0;
}
