// Where the code of a function catches exceptions (specification, section 4.6.11.6): nothing of it is touched before one is thrown.
//
// A call from inside a try block is known by the last byte of its instruction. It belongs to a region, the innermost block
// around it; the regions around that are asked after it.
#pragma once
#include <vector>

#include "engine/base/integers.h"
#include "engine/gc/object.h"
#include "engine/runtime/objects.h"

namespace brink::jit {

struct CatchTable {
  static constexpr u32 kNone = ~u32{0};

  struct Site {
    u32 native;
    u32 region;
  };
  struct Region {
    u32 first = kNone;  // clause
    u32 outer = kNone;  // region; of a legacy delegate, its target's
  };
  struct Clause {
    enum class Reference : u32 { None, Behind, Before };  // whether the exception is pushed, and where: the values' other end

    u32 tag;             // the module's index; kNone: catches all, and pushes no values
    Reference reference;
    u32 slot;            // where what is pushed begins, from the frame's first local
    u32 landing;         // where the code goes on when it is there
    u32 next = kNone;    // clause of the same region
  };

  std::vector<Site> sites;  // ascending
  std::vector<Region> regions;
  std::vector<Clause> clauses;

  // The clause that catches the exception where a frame of the instance is in this call; null: none.
  const Clause* find(u32 native, const runtime::Instance& instance, const gc::ExceptionObject& exception) const;
  // Pushes what the clause says.
  static void push(const Clause& clause, gc::ExceptionObject& exception, u64* fp);
  // Whether everything in it leads to something, and to an end.
  bool is_sound(u32 code_bytes) const;
};

}  // namespace brink::jit
