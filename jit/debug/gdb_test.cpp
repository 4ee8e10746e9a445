// What debuggers are told, read as they read it; the C++ library's own unwinder walks by it.
#include "jit/debug/gdb.h"

#include <elf.h>
#include <unwind.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "jit/test_guest.h"

extern "C" {
struct jit_code_entry {
  jit_code_entry* next;
  jit_code_entry* previous;
  const char* object;
  brink::u64 size;
};
struct jit_descriptor {
  brink::u32 version;
  brink::u32 action;
  jit_code_entry* relevant;
  jit_code_entry* first;
};
extern jit_descriptor __jit_debug_descriptor;
// libgcc's: takes the content of a section .eh_frame.
void __register_frame(const void* frames);
void __deregister_frame(const void* frames);
}

namespace brink::jit {
namespace {

std::vector<const jit_code_entry*> listed() {
  std::vector<const jit_code_entry*> all;
  const jit_code_entry* previous = nullptr;
  for (const jit_code_entry* entry = __jit_debug_descriptor.first; entry != nullptr; entry = entry->next) {
    EXPECT_EQ(entry->previous, previous);
    all.push_back(entry);
    previous = entry;
  }
  return all;
}

// An object file as far as it is needed here.
struct Object {
  explicit Object(const jit_code_entry& entry) : bytes(entry.object) {
    Elf64_Ehdr header;
    std::memcpy(&header, bytes, sizeof header);
    EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    EXPECT_EQ(header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr), entry.size);
    sections.resize(header.e_shnum);
    std::memcpy(sections.data(), bytes + header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
    names = sections.at(header.e_shstrndx);
  }
  std::string name(u32 at) const { return bytes + names.sh_offset + at; }
  const char* content(const std::string& section) const {
    for (const Elf64_Shdr& header : sections)
      if (name(header.sh_name) == section) return bytes + header.sh_offset;
    return nullptr;
  }
  // Addresses and sizes.
  std::map<std::string, std::pair<u64, u64>> functions() const {
    std::map<std::string, std::pair<u64, u64>> found;
    for (const Elf64_Shdr& header : sections) {
      if (header.sh_type != SHT_SYMTAB) continue;
      for (u64 at = sizeof(Elf64_Sym); at < header.sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        std::memcpy(&symbol, bytes + header.sh_offset + at, sizeof symbol);
        EXPECT_EQ(ELF64_ST_TYPE(symbol.st_info), STT_FUNC);
        found[name(symbol.st_name)] = {sections.at(symbol.st_shndx).sh_addr + symbol.st_value, symbol.st_size};
      }
    }
    return found;
  }

  const char* bytes;
  std::vector<Elf64_Shdr> sections;
  Elf64_Shdr names{};
};

std::map<std::string, std::pair<u64, u64>> listed_functions() {
  std::map<std::string, std::pair<u64, u64>> all;
  for (const jit_code_entry* entry : listed()) all.merge(Object(*entry).functions());
  return all;
}

// The names of machine code that the caller's callers are in, innermost first; C++ is "…", once in a row.
std::vector<std::string> walk() {
  std::vector<u64> places;
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* out) {
        static_cast<std::vector<u64>*>(out)->push_back(_Unwind_GetIP(context) - 1);
        return _URC_NO_REASON;
      },
      &places);
  auto functions = listed_functions();
  std::vector<std::string> names;
  for (u64 place : places) {
    std::string name = "…";
    for (const auto& [known, range] : functions)
      if (place >= range.first && place < range.first + range.second) name = known;
    if (name != "…" || names.empty() || names.back() != "…") names.push_back(name);
  }
  return names;
}

// Locals in registers of both kinds across calls, an argument on the way, a tail call, and a call through the interpreter.
constexpr const char* kCalls = R"((module $calls
  (import "host" "walk" (func $walk (param i32)))
  (type $step (func (param i32 f64) (result f64)))
  (table funcref (elem $inner))
  (func $inner (type $step) (local $x f64)
    (local.set $x (f64.mul (local.get 1) (local.get 1)))
    (call $walk (local.get 0))
    (f64.add (local.get $x) (f64.mul (local.get $x) (f64.convert_i32_s (local.get 0)))))
  (func $tail (type $step) (return_call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 0)))
  (func $middle (type $step) (local $i i32) (local $sum f64)
    (local.set $i (i32.const 3))
    (loop $again
      (local.set $sum (f64.add (local.get $sum) (call $tail (i32.add (local.get $i) (local.get 0)) (local.get $sum))))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.get $sum))
  (func $interpreted (type $step) (try (do) (catch_all)) (call $middle (local.get 0) (local.get 1)))
  (func $outer (export "outer") (type $step) (f64.add (call $interpreted (local.get 0) (local.get 1)) (local.get 1))))
)";

TEST(DebuggerLink, AnUnwinderWalksThroughMachineCode) {
  std::vector<std::vector<std::string>> walks;
  bool walks_now = false;
  {
    Guest guest(kCalls, compiler({.observers = {make_debugger_link()}}), {}, [&](Linker& linker) {
      linker.define_function("host", "walk", [&](i32) {
        if (walks_now) walks.push_back(walk());
      });
    });
    std::string first = guest.call("outer", {Value::i32(1), Value::f64(2)});
    std::vector<const char*> frames;
    for (const jit_code_entry* entry : listed()) frames.push_back(Object(*entry).content(".eh_frame"));
    for (const char* section : frames) __register_frame(section);
    walks_now = true;
    EXPECT_EQ(guest.call("outer", {Value::i32(1), Value::f64(2)}), first);
    for (const char* section : frames) __deregister_frame(section);
    EXPECT_TRUE(listed_functions().contains("calls!tail"));
  }
  std::vector<std::string> expected = {
      "…", "[brink_stub_call_of_an_import]", "calls!inner", "calls!middle", "[brink_wrapper_di00f01]", "[brink_stub_enter]",
      "…", "[brink_stub_call_of_a_function]", "calls!outer", "[brink_wrapper_di00f01]", "[brink_stub_enter]", "…"};
  ASSERT_EQ(walks.size(), 3u);
  for (const auto& walk : walks) EXPECT_EQ(walk, expected);
}

TEST(DebuggerLink, WhatIsFreedIsListedNoMore) {
  std::shared_ptr<CodeObserver> link = make_debugger_link();
  std::shared_ptr<Compiler> both = compiler({.observers = {link}});
  size_t stubs = listed_functions().size();
  {
    Guest one("(module $one (func $f (export \"f\")))", both);
    EXPECT_EQ(one.call("f", {}), "");
    {
      Guest two("(module $two (func $f (export \"f\")))", both);
      EXPECT_EQ(two.call("f", {}), "");
      auto functions = listed_functions();
      EXPECT_TRUE(functions.contains("one!f") && functions.contains("two!f") && functions.contains("[brink_slots_two]"));
    }
    auto functions = listed_functions();
    EXPECT_TRUE(functions.contains("one!f"));
    EXPECT_FALSE(functions.contains("two!f") || functions.contains("[brink_slots_two]"));
  }
  // And one wrapper, for both.
  EXPECT_EQ(listed_functions().size(), stubs + 1);
  both.reset();
  EXPECT_TRUE(listed().empty());
}

TEST(DebuggerLink, ManyFunctionsAreFewObjects) {
  Guest guest(four_hundred_functions(), compiler({.observers = {make_debugger_link()}}));
  ASSERT_EQ(guest.call("f399", {Value::i32(3)}), Guest(four_hundred_functions(), nullptr).call("f399", {Value::i32(3)}));
  auto functions = listed_functions();
  for (u32 i = 0; i < 400; ++i) EXPECT_TRUE(functions.contains("test.wat!f" + std::to_string(i))) << i;
  // The module's, fewer than ten; the stubs'; the wrapper's.
  EXPECT_LE(listed().size(), 9u + 2u);
}

}  // namespace
}  // namespace brink::jit
