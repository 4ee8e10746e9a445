// How a running guest is ended from another thread.
//
// What it guarantees. After interrupt() the guest executes no more than the instruction it is at, or the host function
// it is in, and then traps; nothing is lost between two runs, or while a run begins or ends.
//
// How. Nothing asks: a question at every branch would cost everyone. An instruction of quick code ends by jumping
// through a table of handlers whose address is in a register. A store that can be interrupted runs through a table of
// its thread's own (interpret::ThreadDispatch); interrupt() overwrites that table, so that the very next instruction,
// whatever it is, lands in a handler that looks at Context::is_interrupted. If it is not this store's turn (another one
// ran on the thread meanwhile), the handler repairs the table and goes on. Stores without an interrupt handle use the
// constant table. Bytes as they are (Config::quicken off) look at the flag at backward branches and tail calls.
//
// Where a guest is not running instructions: call_host looks at the flag when a host function has returned,
// call_function before anything runs, bulk instructions after every megabyte. Host functions that wait include
// descriptor() in what they wait for; waits at memories register a waker.
//
// Why not a signal to the thread: it would reach the host's own code too, and needs a signal number that hosts, and
// libraries of theirs, do not use.
//
// Locks: mutex_ before a thread table's and before whatever a waker takes; holders of those do not take mutex_.
#pragma once
#include <functional>
#include <mutex>

#include "engine/interpret/interpreter.h"

namespace brink::runtime {

class Interrupts {
 public:
  explicit Interrupts(Context& context) : context_(&context) {}
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // From any thread.
  void interrupt();

  // --- For the store's thread ---

  void clear();
  // The store ends; handles may outlive it.
  void detach();
  // Guest code runs through a thread's table from now on; returns what enter() is to be given when this run is over.
  interpret::ThreadDispatch* enter(interpret::ThreadDispatch* dispatch);
  // What must_end asks; null: nothing.
  void on_interrupt(std::function<bool()> callback) { callback_ = std::move(callback); }
  // Whether the guest, which has been interrupted, is to trap.
  bool ask();
  // A descriptor that poll() finds readable while the store is interrupted; -1 if the system has none left. Made when
  // first asked for, closed with this object.
  int descriptor();

  // Around a wait: `wake`, called under mutex_ when the store is interrupted, or at once if it is already.
  class Waiting {
   public:
    Waiting(Interrupts* interrupts, std::function<void()> wake);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Interrupts* interrupts_;
  };

 private:
  std::mutex mutex_;
  Context* context_;  // null: the store is gone
  interpret::ThreadDispatch* running_ = nullptr;
  std::function<void()> wake_;
  std::function<bool()> callback_;  // the store's thread's
  int descriptor_ = -1;
};

// Asked where a guest would trap because it has been interrupted: false if it goes on, because nobody has interrupted it
// or because the host's callback says so.
bool must_end(Context& context);

// Around a run of guest code: the table it goes through, null for the constant one.
class InterruptibleRun {
 public:
  explicit InterruptibleRun(Context& context);
  ~InterruptibleRun();
  InterruptibleRun(const InterruptibleRun&) = delete;
  InterruptibleRun& operator=(const InterruptibleRun&) = delete;
  const interpret::ThreadDispatch* dispatch() const { return dispatch_; }

 private:
  Interrupts* interrupts_;
  interpret::ThreadDispatch* dispatch_ = nullptr;
  interpret::ThreadDispatch* outer_ = nullptr;
};

}  // namespace brink::runtime
