// What validating a function leaves for the interpreter: the side table and the function's own copy of its code.
//
// The interpreter runs the function's bytes where they stand, with their immediates; what the bytes do not say (where a
// branch lands, what height the value stack has there) stands in the side table, in the order in which the instructions
// that need it stand in the code, so that the pointer into it moves along with the program counter and nothing is ever
// looked up.
//
// Which instructions have entries, and how the pointer moves:
//   br, br_on_null, br_on_non_null, br_on_cast*   one entry; taken: pointer += entry.entry_delta, else += 1
//   br_if             one entry, likewise
//   if                one entry for the jump to after `else`, or to after `end` where there is no else; condition true:
//                     += 1
//   else              one entry for the jump to after `end`; reached only by falling out of the first arm
//   catch, catch_all  likewise, reached by falling out of the arm in front of it
//   end               of a catch or catch_all: one entry, a branch to after itself that drops the caught exception
//   rethrow           one entry, whose height is the slot of the exception
//   br_table          one entry a target, the default last; the index selects the entry, entry_delta counts from that
//                     entry
//   try_table         one entry a catch clause, in their order; on entry to the block the pointer skips them all
//   return, end of the function, and all others   none
// A branch to the outermost label (the function's body) is an entry like any other that lands on the function's final
// `end`.
//
// Deltas: pc_delta counts from the first byte of the instruction the entry belongs to (for try_table: from the
// try_table opcode) to the first byte of the next instruction to run: after `end` of a block or if; after the block
// type of a loop (i.e. its first body instruction); for the function's label: the final `end` byte itself. entry_delta
// counts entries from this entry to the first entry at or after the target.
//
// Heights count 8-byte slots from the frame's first local; v128 takes two. A frame is: locals (parameters first),
// operands. A taken branch moves the top `keep` slots down to `height` (target height without the kept slots), and the
// stack ends at height + keep. For br_on_null & co., `keep` and `height` speak of the stack after the instruction's own
// pops and pushes for the taken edge.
//
// Stamps. The copy of the code differs from the module's bytes only in first opcode bytes, and kStampOriginals takes
// every stamp back, so offsets, immediates and branch targets are the module's own.
#pragma once
#include <memory>
#include <vector>

#include "engine/base/integers.h"
#include "engine/module/types.h"

namespace brink {

struct SideEntry {
  static constexpr u32 kKeepBits = 12;
  static constexpr u32 kMaxKeep = (1u << kKeepBits) - 1;
  static constexpr u32 kMaxHeight = (1u << (32 - kKeepBits)) - 1;

  i32 pc_delta;
  i32 entry_delta;
  u32 height_keep;  // height << kKeepBits | keep

  u32 height() const { return height_keep >> kKeepBits; }
  u32 keep() const { return height_keep & kMaxKeep; }
  static u32 pack(u32 height, u32 keep) { return height << kKeepBits | keep; }
};
static_assert(sizeof(SideEntry) == 12);

// One-byte opcodes that WebAssembly leaves unassigned, written by the validator over the original opcode byte.
enum class Stamp : u8 {
  // Memory access that is not "memory 0, 32-bit addresses, guard pages, one-byte alignment immediate": the interpreter
  // looks the
  // original opcode up and takes the general path. Covers plain and prefixed accesses.
  GeneralAccess = 0x27,
  FunctionEnd = 0xC5,   // the final `end`
  DropV128 = 0xC6,      // drop of a v128
  SelectV128 = 0xC7,    // untyped select of v128
  LocalGetV128 = 0xC8,  // the local's slot from FunctionCode::local_slots
  LocalSetV128 = 0xC9,
  LocalTeeV128 = 0xCA,
  LocalGetMapped = 0xCB,  // one-slot local behind a v128 local: its slot is not its index
  LocalSetMapped = 0xCC,
  LocalTeeMapped = 0xCD,
  GlobalGetV128 = 0xCE,
  GlobalSetV128 = 0xCF,
  CatchEnd = 0xFA,  // the `end` of a catch or catch_all
};
// The opcode byte a stamp stands for; for GeneralAccess the module's bytes must be asked (0 here).
u8 stamp_original(u8 stamp);

// Where a try_table or a legacy try catches: a throw inside [begin, end) of the code (offsets from the function's first
// instruction), looked up innermost first.
//
// A catch or catch_all of a legacy try keeps the exception in the slot at `height`, below the values: a hidden operand,
// counted in all heights, that lives as long as the block and is what rethrow throws again. It is on the value stack,
// so the garbage collector sees it.
struct TryRegion {
  enum class Kind : u8 {
    TryTable,
    Try,
    Delegate,  // a legacy try that ends with delegate: the search goes on in the regions around another block
  };

  struct Clause {
    u32 tag = 0;           // module's tag index, unless is_all
    bool is_all = false;   // catch_all, catch_all_ref
    bool has_ref = false;  // catch_ref, catch_all_ref: the exception reference is pushed after the values
    u32 pc = 0;            // Try: the first instruction of the catch
    u32 entry = 0;         // Try: the side-table index there
  };
  Kind kind = Kind::TryTable;
  u32 begin = 0;        // first byte of the block's body
  u32 end = 0;          // its `end`; the first `catch` or `catch_all`; its `delegate`
  u32 opcode = 0;       // the block's own opcode, which pc_delta of a try_table's entries counts from
  u32 first_entry = 0;  // TryTable: side-table index of the first clause
  u32 height = 0;       // Try: the slot of the caught exception, from the frame's first local
  u32 depth = 0;        // regions around it in the function
  u32 target = 0;       // Delegate: how many regions are around what is in the target block; 0: the caller's turn
  std::vector<Clause> clauses;
  // The entries of a try_table's clauses hold height (below the values pushed by the catch) and keep (slots of those
  // values, reference included).
};

// Code that is its function's own, or that somebody else keeps (engine/cache: a mapped file).
struct CodeDeleter {
  bool is_owned = true;
  CodeDeleter() = default;
  CodeDeleter(std::default_delete<u8[]>) {}
  static CodeDeleter none() {
    CodeDeleter deleter;
    deleter.is_owned = false;
    return deleter;
  }
  void operator()(u8* code) const {
    if (is_owned) delete[] code;
  }
};
using CodeBytes = std::unique_ptr<u8[], CodeDeleter>;

// The result of preparing one function.
struct PreparedCode {
  CodeBytes code;  // the body's instructions (after the local declarations), stamped
  u32 code_size = 0;
  bool is_quick = false;  // quick code (engine/quicken) instead of stamped bytes; `side` has the catch clauses only
  u32 code_offset = 0;  // of code[0] in the module
  std::vector<SideEntry> side;
  std::vector<TryRegion> try_regions;  // inner before outer
  std::vector<u32> local_slots;        // slot of every local; empty where slot == index for all
  u32 param_slots = 0;
  u32 result_slots = 0;
  u32 local_slot_count = 0;   // parameters included
  u32 max_operand_slots = 0;  // above the locals
};

}  // namespace brink
