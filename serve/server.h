// The server: its cores, and beside them the control thread with signals, the admin address and the watch on files.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "serve/settings.h"

namespace brink::serve {

class Server {
 public:
  // Loads all handlers, opens logs and sockets. Nothing is accepted before run(). Errors say which file or address.
  static Result<std::unique_ptr<Server>> create(Settings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "http://127.0.0.1:8080", with the ports that were taken.
  std::string url() const;
  std::string admin_url() const;  // empty: none

  // Serves until SIGTERM or SIGINT, then until the last request has ended or the drain time is over; a second signal ends
  // it at once. SIGHUP opens the log file again. Called on the main thread, once; blocks these signals in the threads
  // it starts. True if every request could end.
  bool run();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brink::serve
