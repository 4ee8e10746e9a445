// WASI preview 1 for programs that embed Brink.
//
//   brink::wasi::Config config;
//   config.args = {"program", "argument"};
//   config.directories = {{.host_path = "data", .guest_path = "/data", .read_only = true}};
//   auto context = brink::wasi::make_context(std::move(config));
//   brink::wasi::add_to_linker(linker, *context);
//
// A linker for many guests, each with a context of its own (say, one a request, in a store from a pool):
//
//   brink::wasi::add_to_linker(linker);
//   brink::wasi::attach(store, *context);
//
// A context is what one guest sees of the host: arguments, environment, descriptors. All threads of the guest may use
// it at the same time (threads.h). It is cheap to make: with directories opened once by open_directories, a few system
// calls.
//
// The embedding program ignores SIGPIPE, or a guest that writes to a closed pipe ends it. It keeps its descriptors 0
// to 2 open.
#pragma once
#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace brink::wasi {

// A folder of the host that a guest may use, with all that is beneath it and nothing else.
struct Directory {
  std::string host_path;
  std::string guest_path;  // what the guest knows it as, e.g. "/" or "."
  bool read_only = false;
};

// Folders opened once, for any number of contexts, on any thread.
struct OpenDirectories;
// An Error of kind Io names the folder that cannot be opened.
Result<std::shared_ptr<const OpenDirectories>> open_directories(std::span<const Directory> directories);

// Takes all bytes a guest writes; false lets the write fail with `pipe`.
using OutputSink = std::function<bool(std::span<const u8>)>;
// Fills some of a buffer that is not empty, and says how much; 0 is the end.
using InputSource = std::function<size_t(std::span<u8>)>;

struct Config {
  std::vector<std::string> args;         // the program's name first
  std::vector<std::string> environment;  // "NAME=VALUE"

  // The guest's descriptors from 3 on: these, then those, then the sockets, in order.
  std::vector<Directory> directories;
  std::shared_ptr<const OpenDirectories> opened_directories;
  // Listening or connected sockets of the host; they are duplicated and remain the caller's.
  std::vector<int> sockets;

  // In place of the host's descriptors 0, 1 and 2. They are called one at a time.
  InputSource input;
  OutputSink output;
  OutputSink error_output;

  // How many descriptors the guest may have open; beyond that it gets `nfile`.
  u32 max_descriptors = 1024;
};

// How WASI functions wait, for hosts whose threads have other things to do meanwhile. Attached to a store's host data
// (HostData::set<Waiter>), it is asked in place of poll(2).
class Waiter {
 public:
  virtual ~Waiter() = default;
  // As ppoll(2): how many descriptors are ready, 0 when the time is over; without a time it waits for ever. -1 with errno
  // EINTR ends the wait: the host has interrupted the guest.
  virtual int poll(std::span<pollfd> descriptors, std::optional<u64> nanoseconds) = 0;
};

class Context;

// Errors: kind Usage for an argument or variable that cannot be passed on (it holds a NUL, a variable has no '='), Io
// for a directory or socket that cannot be used, Limit for more than the guest's 32-bit sizes or max_descriptors allow.
Result<std::shared_ptr<Context>> make_context(Config config);

// Defines the 46 functions of "wasi_snapshot_preview1". The linker and all instances it makes share the context.
// proc_exit ends the guest with a Trap of kind Exit.
void add_to_linker(Linker& linker, std::shared_ptr<Context> context);

// The same, with the context that is attached to the store of the caller; without one the functions trap (kind Host).
void add_to_linker(Linker& linker);
// In place of the context attached before, if there was one.
void attach(Store& store, std::shared_ptr<Context> context);
void attach(HostData& data, std::shared_ptr<Context> context);

// What of a context's descriptors is no longer as make_context left it ("descriptor 4 is open"), the first if several;
// nothing if all are. Positions in files of the host's are not looked at.
std::optional<std::string> find_changed_descriptor(const Context& context);

// From now on every function of the context traps (Interrupted), but for what is already waiting in the host.
void interrupt(Context& context);

}  // namespace brink::wasi
