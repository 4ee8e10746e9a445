// A program that embeds Brink: it gives a guest one host function, runs it, reads its memory, and sees it trap.
//
// Built with the rest as build/examples/embedding.
#include <cstdio>
#include <string>

#include "engine/engine.h"

namespace {

// Guests are usually files (Module::from_file); this one is text, so that everything stands in one place.
constexpr const char* kGuest = R"((module $guest
  (import "host" "measure" (func $measure (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello from the guest")

  ;; Asks the host how long the string is, and returns twice that.
  (func (export "run") (result i32)
    (i32.mul (i32.const 2) (call $measure (i32.const 16))))

  (func $read_far_away (param $address i32) (result i32)
    (i32.load (local.get $address)))
  (func (export "stray") (result i32)
    (call $read_far_away (i32.const 0x7fffffff)))))";

int fail(const std::string& message) {
  std::fprintf(stderr, "embedding: %s\n", message.c_str());
  return 1;
}

// The length of the zero-terminated string at `address`; a trap where it leaves the guest's memory.
brink::Outcome<brink::u32> measure(brink::Caller& caller, brink::u32 address) {
  auto memory = caller.memory();
  if (!memory) return std::unexpected(brink::Trap::host("the guest has no memory"));
  for (brink::u32 length = 0;; ++length) {
    auto byte = memory->span(brink::u64{address} + length, 1);
    if (!byte) return std::unexpected(brink::Trap::host("the string does not end inside the memory"));
    if ((*byte)[0] == 0) return length;
  }
}

}  // namespace

int main() {
  brink::Engine engine;
  auto module = brink::Module::from_text(engine, kGuest, "guest");
  if (!module) return fail(module.error().to_string());

  // At most one page of memory and 256 KiB of stack, whatever the guest asks for.
  brink::StoreLimits limits;
  limits.memory_bytes = 64 << 10;
  limits.stack_bytes = 256 << 10;
  brink::Store store(engine, limits);

  brink::Linker linker(engine);
  linker.define_function("host", "measure",
                         [](brink::Caller& caller, brink::u32 address) { return measure(caller, address); });
  auto instance = linker.instantiate(store, *module);
  if (!instance) return fail(instance.error().to_string());

  auto result = instance->get_function("run")->call({});
  if (!result) return fail(result.error().to_string());
  std::printf("run returned %d\n", (*result)[0].as_i32());

  auto stray = instance->get_function("stray")->call({});
  if (stray) return fail("the stray access was not stopped");
  std::printf("stray: %s\n", stray.error().message().c_str());
  for (const brink::BacktraceFrame& frame : stray.error().backtrace()) std::printf("  in %s\n", frame.function.c_str());
  return 0;
}
