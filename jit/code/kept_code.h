// A function's machine code as it is kept for other processes of the same build (TierCompiler::kept).
//
// Code that has been assembled is full of what is only true of one process and one place: distances to stubs and to other
// functions, addresses of types, of the body's bytes and of functions of C++. Each is a reference here: where in the code it
// is, and what it leads to, by a number that means the same everywhere. The code itself has nothing there, so the same
// function gives the same bytes in every process.
//
//   KeptHeader, LoopPosition × loop_count, the CatchTable's sites, regions and clauses, KeptReference × reference_count, code
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "engine/interpret/instruction_calls.h"
#include "jit/code/module_code.h"

namespace brink::jit {

struct KeptHeader {
  u64 key;  // TierCompiler::key
  u32 code_bytes;
  FrameShape frame;
  u32 loop_entry;
  u32 loop_count;
  u32 site_count;
  u32 region_count;
  u32 clause_count;
  u32 reference_count;
};
static_assert(std::has_unique_object_representations_v<KeptHeader>);

// What a function's code leads to. Nothing if there is something that cannot be expressed: it is not kept.
std::optional<std::vector<KeptReference>> references_of(const Assembler& assembler, const ModuleCode& module, const Stubs& stubs);

std::vector<u8> keep_code(u64 key, std::span<const u8> code, const CodeShape& shape, std::span<const KeptReference> references);

// Code that was kept, made ready for this process; the distances are still missing.
struct RestoredCode {
  std::vector<u8> code;
  CodeShape shape;
  std::vector<Assembler::Relocation> relocations;
};
// Nothing where it was made for another key, or is not what keep_code() makes. Functions with machine code are
// called where they are, all others through their slots.
std::optional<RestoredCode> restore_code(u64 key, std::span<const u8> kept, const ModuleCode& module, const Stubs& stubs,
                                         u32 function);

}  // namespace brink::jit
