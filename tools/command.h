// What the subcommands of `brink` share: their shape, exit codes, and the way they talk to people.
//
// Results go to standard output, everything else to standard error. Names out of modules are hostile: whatever is
// printed passes through printable().
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/engine.h"
#include "tools/options.h"

namespace brink::tools {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTrap = 134;  // as a shell reports SIGABRT, and as other runtimes do

// A subcommand declares its options on construction; execute() does the work and returns the exit code.
class Command {
 public:
  virtual ~Command() = default;
  virtual int execute() = 0;
  Options& options() { return options_; }

 protected:
  Options options_;
};

std::unique_ptr<Command> make_run_command();
std::unique_ptr<Command> make_validate_command();
std::unique_ptr<Command> make_wast_command();
std::unique_ptr<Command> make_inspect_command();
std::unique_ptr<Command> make_bench_command();
std::unique_ptr<Command> make_compile_command();
std::unique_ptr<Command> make_snapshot_command();

// `brink serve` is a program of its own beside `brink` (serve_main.cpp says why): becomes it. Returns only when that
// fails, after a message.
int become_server(const std::vector<std::string>& arguments);

// The option -W: which proposals are accepted. feature_option.h reads what was given.
void add_feature_option(Options& options, std::vector<std::string>& given);

// Control characters as \xNN, so that text from a module cannot steer a terminal or forge a line; newlines too unless
// `keep_newlines`.
std::string printable(std::string_view text, bool keep_newlines = false);

// "error: …" on standard error; printable() is applied. Returns kExitFailure.
int report_error(std::string_view message);
int report_error(const Error& error);

// How a guest ended early: its own exit code, or the trap with its backtrace on standard error and kExitTrap.
int report_trap(const Trap& trap);

// Writes to standard output; a failure is remembered and reported by finish_output().
void print(std::string_view text);
void print_line(std::string_view line);
// Flushes standard output. Returns `code`, or kExitFailure after a message if not everything could be written.
int finish_output(int code);

// A whole file as text. Folders, missing and unreadable files are errors of kind Io that name the file.
Result<std::string> read_file(const std::string& path);

}  // namespace brink::tools
