// What a command gives a guest of the host: the options --dir and --env.
#pragma once
#include <string>
#include <vector>

#include "wasi/wasi.h"

namespace CLI {
class App;
}

namespace brink::tools {

class GuestOptions {
 public:
  void add_to(CLI::App& app);
  // For a guest from `file`, whose name without folders is its first argument.
  wasi::Config environment(const std::string& file, const std::vector<std::string>& arguments) const;

 private:
  std::vector<std::string> folders_;
  std::vector<std::string> variables_;
};

}  // namespace brink::tools
