// What answers requests: the interface between the server and the kinds of programs it can run.
//
// A Handler is a program that has been loaded, shared by all cores and not changed any more. Each core makes a Worker of
// it, with whatever that core needs to run it without asking another core. A Worker runs any number of requests at a
// time, each on a fiber of its own that may wait through the Exchange and in no other way.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "engine/base/error.h"
#include "engine/base/integers.h"

namespace brink::serve {

class Exchange;

// How a request's program ended, for the logs; what the client is told is in the Exchange.
struct HandlerReport {
  u64 setup_ns = 0;     // until the first instruction of the program
  u64 guest_ns = 0;     // in the program, waiting not counted
  u64 peak_memory = 0;  // bytes of its linear memories
  std::optional<i32> exit_code;
  std::string trap;    // the kind, as the specification words it; empty: none
  std::string detail;  // for the error log; several lines
};

class Worker {
 public:
  virtual ~Worker() = default;
  // Answers one request: by the time it returns, exchange has been given a response, or is told to fail (fail()).
  virtual void handle(Exchange& exchange, HandlerReport& report) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // On the core's thread. Lives no longer than this handler.
  virtual std::unique_ptr<Worker> make_worker() = 0;
  // Writes down what later processes can use of what has been made of the program so far. May take its time.
  virtual void keep_preparation() = 0;
};

}  // namespace brink::serve
