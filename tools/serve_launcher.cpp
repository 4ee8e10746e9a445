// `brink serve` as `brink` sees it: the program brink-serve, which lies beside it.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tools/command.h"

namespace brink::tools {

int become_server(const std::vector<std::string>& arguments) {
  std::error_code ignored;
  std::string program = (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "brink-serve").string();
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  return report_error(program + ": " + std::strerror(errno));
}

}  // namespace brink::tools
