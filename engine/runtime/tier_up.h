// From the interpreter to machine code while the guest runs (Config::tier_threshold); tier.h says how the two live together.
//
// Heat. A function's quick code takes FunctionCode::heat down by one at every call and at every round of a loop
// (CountCall, CountLoop; quick code that is made without a compiler has neither). At zero it asks here, once; how often it
// looks again whether there is machine code is kAskAgain. Counts of several threads may get lost, which delays a
// function by a few rounds.
//
// Compilation. One thread an engine, made for the first function that is hot, takes requests in their order. It holds no
// lock while it compiles, so no guest ever waits for it; a function is published by a store of its machine code
// and one of FunctionCode::code, after which calls find it. What the compiler refuses (an instruction it does not know, no
// room) is remembered and not asked again.
//
// On-stack replacement. A frame that runs already meets CountLoop with heat at zero and goes on in machine code at that
// loop: the slots of the value stack are the homes of locals and operands for both, at a loop's head quick code has
// all of them there, and machine code has an entry that loads from them what it keeps in registers. So the
// frame changes nothing but the code that runs in it, and is left as if it had begun in machine code.
//
// Lifetime. Requests are plain pointers. A module that ends takes its own back, and waits for the one that is being
// compiled; it keeps the engine, so an engine that ends has none left.
#pragma once
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "engine/base/integers.h"

namespace brink::runtime {

struct FunctionCode;
struct ModuleState;
class TierCompiler;

class TierUp {
 public:
  TierUp(TierCompiler& compiler, bool in_background) : compiler_(compiler), in_background_(in_background) {}
  ~TierUp();
  TierUp(const TierUp&) = delete;
  TierUp& operator=(const TierUp&) = delete;

  // A function whose heat is used up. Its machine code, if there is some by now.
  const void* request(ModuleState& module, const FunctionCode& code);
  // The heat of a function that has asked in vain, to ask again. The compiler takes the heat away when there is machine code, so
  // for one that waits for it this matters only where that store got lost.
  static constexpr i32 kAskAgain = 1000;
  // Before the module ends.
  void forget(const ModuleState& module);

 private:
  enum class Asked : u8 { No, Yes, Refused };
  struct Request {
    ModuleState* module;
    u32 function;  // among its own
  };

  // With or without the mutex.
  bool compile(const Request& request);
  // These with it.
  bool start_thread();
  void settle(const Request& request, bool compiled);
  void work(std::unique_lock<std::mutex>& lock);

  TierCompiler& compiler_;
  bool in_background_;
  std::mutex mutex_;
  std::condition_variable changed_;  // requests_, current_ or is_over_
  std::deque<Request> requests_;
  const ModuleState* current_ = nullptr;  // its function is being compiled
  bool is_over_ = false;
  bool has_thread_ = false;
  pthread_t thread_ = {};
};

}  // namespace brink::runtime
