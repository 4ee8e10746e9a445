// Value stacks. A store needs one only while something runs in it, so they belong to threads: a call from the host takes
// one and gives it back, and thousands of idle stores share the few that their threads need.
#pragma once
#include "engine/base/integers.h"

namespace brink::runtime {

struct ValueStack {
  u64* begin = nullptr;  // null: the system refused
  u64 bytes = 0;
};

// At least `bytes`, rounded up to a host page, with whatever an earlier call left there: validated code reads no slot
// that it has not written.
ValueStack take_value_stack(u64 bytes);
// On the thread that took it.
void give_back(ValueStack stack);

}  // namespace brink::runtime
