// Prints what inputs of `execute` come to, a line each, so that it can be compared with another machine's: tools/test does.
//
//   digests FOLDER FIRST COUNT [all]
//
// Of so many random inputs from number FIRST on and, with the first of them, of the regressions in FOLDER. In the essential configurations, or
// in all. A difference between configurations ends it.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/corpus.h"
#include "fuzz/targets.h"

int main(int count, char** arguments) {
  using namespace brink::fuzz;
  if (count < 4 || count > 5 || (count == 5 && std::strcmp(arguments[4], "all") != 0)) {
    std::fprintf(stderr, "usage: digests FOLDER FIRST COUNT [all]\n");
    return 2;
  }
  auto which = count == 5 ? Configurations::All : Configurations::Essential;
  auto print = [&](const std::string& name, std::span<const brink::u8> bytes) {
    std::printf("%s %016llx\n", name.c_str(), static_cast<unsigned long long>(execute_in(which, bytes)));
    std::fflush(stdout);
  };
  auto first = std::strtoull(arguments[2], nullptr, 10), end = first + std::strtoull(arguments[3], nullptr, 10);
  if (first == 0) {
    auto regressions = read_inputs(std::string(arguments[1]) + "/regressions/execute");
    if (!regressions) {
      std::fprintf(stderr, "error: %s\n", regressions.error().to_string().c_str());
      return 1;
    }
    for (const Input& input : *regressions) print(input.name, input.bytes);
  }
  for (auto number = first; number < end; ++number) {
    Random random(number);
    print(std::to_string(number), random_choices(random));
  }
}
