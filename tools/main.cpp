// The command `brink`: picks the subcommand and turns every ending into an exit code.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tools/command.h"

namespace brink::tools {
namespace {

constexpr const char* kVersion = "brink " BRINK_VERSION;

// A closed standard stream would be given to the next file that is opened, and the guest or a message would write into
// it. What is put there instead fails on use, as a closed stream does.
void keep_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) (void)!::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

int usage_error(const std::string& message, const std::string& command) {
  std::string help = command.empty() ? "brink --help" : "brink " + command + " --help";
  std::fprintf(stderr, "error: %s (see '%s')\n", printable(message).c_str(), help.c_str());
  return kExitUsage;
}

// The arguments of a command split where the guest's begin: at the first one that is neither an option nor an option's
// value, or behind "--".
struct SplitArguments {
  std::vector<std::string> own;
  std::vector<std::string> guest;  // FILE and what follows
};

SplitArguments split_arguments(const CLI::App& app, const std::vector<std::string>& arguments) {
  SplitArguments split;
  size_t i = 0;
  for (; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      ++i;
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') break;
    split.own.push_back(argument);
    const CLI::Option* option = app.get_option_no_throw(argument);
    bool takes_value = option != nullptr && option->get_items_expected_max() > 0;
    if (takes_value && i + 1 < arguments.size()) split.own.push_back(arguments[++i]);
  }
  split.guest.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
  return split;
}

// `brink FILE …` and `brink --dir . FILE …` are short for `brink run …`.
bool is_short_run(const std::string& first) {
  return first != "-h" && first != "--help" && first != "-V" && first != "--version";
}

// A bare word that names neither a command nor a file is a mistyped command rather than a missing file.
bool is_mistyped_command(const std::string& word) {
  std::error_code ignored;
  return !word.starts_with('-') && word.find_first_of("./") == std::string::npos &&
         !std::filesystem::exists(word, ignored);
}

struct CommandEntry {
  const char* name;
  std::unique_ptr<Command> (*make)(CLI::App&);
};
constexpr const char* kServe = "serve";
constexpr CommandEntry kCommands[] = {
    {"run", make_run_command},           {kServe, nullptr},
    {"validate", make_validate_command}, {"wast", make_wast_command},
    {"inspect", make_inspect_command},   {"bench", make_bench_command},
    {"snapshot", make_snapshot_command}, {"compile", make_compile_command},
};

bool is_command(const std::string& word) {
  return std::any_of(std::begin(kCommands), std::end(kCommands), [&](const CommandEntry& c) { return word == c.name; });
}

int run_main(std::vector<std::string> arguments) {
  if (!arguments.empty()) {
    if (arguments[0] == kServe) return become_server(arguments);
    if (!is_command(arguments[0]) && is_short_run(arguments[0])) {
      if (is_mistyped_command(arguments[0]))
        return usage_error("'" + arguments[0] + "' is neither a command nor a file", "");
      arguments.insert(arguments.begin(), "run");
    }
  }
  if (arguments.size() >= 2 && arguments[0] == "run" && !arguments[1].empty() && arguments[1][0] != '-')
    return finish_output(run_without_options(arguments[1], {arguments.begin() + 2, arguments.end()}));
  CLI::App top("Runs WebAssembly programs.", "brink");
  top.set_version_flag("-V,--version", kVersion, "Print the version and exit");
  top.require_subcommand(1);
  top.footer(
      "'brink FILE ARGS...' is short for 'brink run FILE ARGS...'. FILE is a binary (.wasm) or a text (.wat) module.");
  // Only the one that is asked for: a start is short enough for the others' options to show. Help lists all.
  std::string name = arguments.empty() || !is_command(arguments[0]) ? "" : arguments[0];
  std::vector<std::unique_ptr<Command>> commands;
  for (const CommandEntry& entry : kCommands) {
    if (!name.empty() && name != entry.name) continue;
    if (entry.make == nullptr) add_serve_command(top);
    else commands.push_back(entry.make(top));
  }
  if (arguments.empty()) {
    std::fputs(top.help().c_str(), stderr);
    return kExitUsage;
  }
  Command* command = name.empty() ? nullptr : commands[0].get();

  if (command != nullptr && command->takes_guest_arguments()) {
    SplitArguments split = split_arguments(*command->app(), {arguments.begin() + 1, arguments.end()});
    arguments.resize(1);
    arguments.insert(arguments.end(), split.own.begin(), split.own.end());
    if (!split.guest.empty()) {
      arguments.insert(arguments.end(), {"--", split.guest[0]});
      command->set_guest_arguments({split.guest.begin() + 1, split.guest.end()});
    }
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    top.parse(arguments);
  } catch (const CLI::Success& request) {  // --help, --version
    std::ostringstream text;
    top.exit(request, text, text);
    print(text.str());
    return finish_output(kExitSuccess);
  } catch (const CLI::ParseError& error) {
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    return usage_error(message, name);
  }
  return finish_output(command->execute());
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
