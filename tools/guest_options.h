// What a command gives a guest of the host: the options --dir and --env.
#pragma once
#include <string>
#include <vector>

#include "tools/options.h"
#include "wasi/wasi.h"

namespace brink::tools {

// Of what --env and --dir take (Options::Check).
std::string check_variable(const std::string& text);
std::string check_folder(const std::string& text);
// "NAME=VALUE" replaces what has the name already, as in a shell; "NAME" does with our own variable of that name, if there is one.
void set_variable(std::vector<std::string>& environment, const std::string& given);
// "HOST" or "HOST::GUEST".
wasi::Directory folder_of(const std::string& given);

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
