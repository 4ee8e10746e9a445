// A compiled program (FILE.brink): a module, and the quick code and the machine code of all its functions, made ahead of time.
//
//   ProgramHeader     what it was made for and where the rest is; believed in nothing but that
//   the module        as it was
//   a cache file      (cache_file.h) of all functions
//
// Of the compiled code an entry runs only where its code proves, by the secret (authenticator.h), that whoever has the
// same secret has made it of this function's body, by this build and with these options. So a file from somewhere else runs nothing but
// the module that is in it, which is validated like any other. The same holds for a file of another build, for other
// options and for another processor: the compiled code is not used, and a warning says why.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cache/cache.h"
#include "engine/engine.h"

namespace brink::cache {

struct CompileFigures {
  u32 functions = 0;
  u32 interpreted = 0;    // of them: the compiler leaves them to the interpreter
  u64 code_bytes = 0;     // of the module's code section
  u64 machine_bytes = 0;  // with what leads to other code; without quick code
};

// Compiles all functions of a module whose engine has a compiler, on so many threads. The first invalid function is the
// error; one of kind Limit if the file would be too large.
Result<std::vector<u8>> compile_program(const Module& module, const Authenticator& authenticator, u32 threads,
                                        CompileFigures* figures = nullptr);

struct Program {
  Module module;
  std::string warning;  // why compiled code that is there is not used; empty: none is there, or it is
};

bool is_program(std::span<const u8> bytes);
// What a file holds: a compiled program, whose form must be right, or any other module.
// A cache is asked for a module that is not compiled.
Result<Program> open_program(const Engine& engine, const std::string& path, const std::string& secret_file,
                             Cache* cache = nullptr);
// The module alone of what a file holds, for those who have no use for compiled code.
Result<Module> open_module(const Engine& engine, const std::string& path);
// As open_program, of bytes that have been read.
Result<Program> read_program(const Engine& engine, std::vector<u8> bytes, std::string name, const std::string& secret_file);

}  // namespace brink::cache
