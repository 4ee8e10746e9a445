// What a command gives a guest of the host: the options --dir and --env.
#pragma once
#include <string>
#include <vector>

#include "tools/options.h"
#include "wasi/wasi.h"

namespace brink::tools {

class GuestOptions {
 public:
  void add_to(Options& options);
  // For a guest from `file`, whose name without folders is its first argument.
  wasi::Config environment(const std::string& file, const std::vector<std::string>& arguments) const;

 private:
  std::vector<std::string> folders_;
  std::vector<std::string> variables_;
};

}  // namespace brink::tools
