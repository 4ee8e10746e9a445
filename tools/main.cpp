// The command `brink`: picks the subcommand and turns every ending into an exit code.
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/command.h"

namespace brink::tools {
namespace {

constexpr const char* kVersion = "brink " BRINK_VERSION "\n";

// A closed standard stream would be given to the next file that is opened, and the guest or a message would write into
// it. What is put there instead fails on use, as a closed stream does.
void keep_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) (void)!::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

// A bare word that names neither a command nor a file is a mistyped command rather than a missing file.
bool is_mistyped_command(const std::string& word) {
  struct stat ignored;
  return !word.starts_with('-') && word.find_first_of("./") == std::string::npos && ::stat(word.c_str(), &ignored) != 0;
}

struct CommandEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<Command> (*make)();  // none: a program of its own
};
constexpr CommandEntry kCommands[] = {
    {"run", "Runs a program, or a function of a module.", make_run_command},
    {"serve", "Answers HTTP requests by WASI programs.", nullptr},
    {"validate", "Checks that modules are valid.", make_validate_command},
    {"wast", "Runs test scripts (.wast).", make_wast_command},
    {"inspect", "Shows a module's sections, types, imports, exports and features.", make_inspect_command},
    {"bench", "Measures Brink on this machine.", make_bench_command},
    {"snapshot", "Runs a module's initialisation, and writes a module that starts after it.", make_snapshot_command},
    {"compile", "Compiles a module ahead of time, for run and serve on this machine.", make_compile_command},
};

const CommandEntry* find_command(const std::string& word) {
  for (const CommandEntry& command : kCommands)
    if (word == command.name) return &command;
  return nullptr;
}

std::string help() {
  std::string text =
      "Runs WebAssembly programs.\n\n"
      "Usage: brink COMMAND [OPTIONS] ...\n"
      "       brink [OPTIONS] FILE [ARGS...]     (short for 'brink run')\n\n"
      "Commands:\n";
  for (const CommandEntry& command : kCommands) {
    std::string line = std::string("  ") + command.name;
    line.resize(14, ' ');
    text += line + command.summary + '\n';
  }
  return text +
         "\nOptions:\n"
         "  -h,--help     print this help and exit; behind a command: that command's\n"
         "  -V,--version  print the version and exit\n\n"
         "FILE is a binary (.wasm) or a text (.wat) module.\n";
}

int run_main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::fputs(help().c_str(), stderr);
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  if (first == "-h" || first == "--help" || first == "-V" || first == "--version") {
    print(first == "-h" || first == "--help" ? help() : kVersion);
    return finish_output(kExitSuccess);
  }
  const CommandEntry* command = find_command(first);
  std::span<const std::string> own(arguments);
  if (command != nullptr) {
    own = own.subspan(1);
  } else {
    if (is_mistyped_command(first)) return usage_error("'" + first + "' is neither a command nor a file", "brink");
    command = &kCommands[0];
  }
  if (command->make == nullptr) return become_server(arguments);
  std::unique_ptr<Command> made = command->make();
  std::string name = std::string("brink ") + command->name;
  if (std::optional<int> end = made->options().parse({name, command->summary}, own)) return *end;
  return finish_output(made->execute());
}

}  // namespace
}  // namespace brink::tools

// The heap grows in steps that a short run seldom takes twice. The thresholds are fixed where glibc's own would soon have moved to.
static void prepare_heap() {
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_TOP_PAD, 224 << 10);
}

int main(int argc, char** argv) {
  prepare_heap();
  brink::tools::keep_standard_streams();
  // A reader that goes away is an error of the write, for the guest as for us.
  std::signal(SIGPIPE, SIG_IGN);
  // So is a file that becomes larger than the process may make it.
  std::signal(SIGXFSZ, SIG_IGN);
  return brink::tools::run_main({argv + std::min(argc, 1), argv + argc});
}
