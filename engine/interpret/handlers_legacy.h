// Legacy exceptions: try, catch, catch_all, delegate and rethrow (exception-handling proposal, legacy/Exceptions.md). A
// try costs nothing until something is thrown; unwinding is in unwind.cpp, side_table.h says where a caught exception
// is.
#pragma once
#include "engine/interpret/handlers_control.h"
#include "engine/interpret/handlers_variable.h"

namespace brink::interpret {

BRINK_OP(Try) { return skip_block_type(s), Flow::Next; }

// Reached only by falling out of the arm in front: on behind the `end`.
BRINK_OP(Catch) { return take_branch(s, s.side, s.pc); }
BRINK_OP(CatchAll) { return take_branch(s, s.side, s.pc); }
BRINK_STAMP(CatchEnd) { return take_branch(s, s.side, s.pc); }

BRINK_OP(Delegate) { return skip_label(s), Flow::Next; }

BRINK_OUT_OF_LINE(Rethrow) { return unwind(s, reinterpret_cast<gc::ExceptionObject*>(s.fp[s.side->height()])); }

}  // namespace brink::interpret
