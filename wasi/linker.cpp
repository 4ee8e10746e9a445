// Binds the functions to the engine. A definition's type is the member function's: u32 is i32, u64 and i64 are i64.
#include "wasi/host/poll.h"
#include "wasi/preview1/context.h"

namespace brink::wasi {
namespace {

constexpr const char* kModule = "wasi_snapshot_preview1";

std::optional<GuestMemory> memory_of(Caller& caller) {
  auto memory = caller.memory();
  if (!memory) return std::nullopt;
  auto bytes = memory->span(0, memory->size_bytes());
  if (!bytes) return std::nullopt;
  return GuestMemory(*bytes);
}

template <class... Args>
void define_member(Linker& linker, const std::shared_ptr<Context>& context, const char* name,
                   Errno (Context::*function)(GuestMemory&, Args...)) {
  linker.define_function(kModule, name, [context, function, name](Caller& caller, Args... arguments) -> Outcome<u32> {
    if (context->is_interrupted()) return std::unexpected(Trap(TrapKind::Interrupted));
    host::InterruptibleWaits waits(caller);
    auto memory = memory_of(caller);
    if (!memory) return std::unexpected(Trap::host(std::string(name) + " needs a memory, and the caller has none"));
    return static_cast<u32>((*context.*function)(*memory, arguments...));
  });
}

}  // namespace

void interrupt(Context& context) { context.interrupt(); }

std::optional<std::string> find_changed_descriptor(const Context& context) { return context.find_changed_descriptor(); }

void add_to_linker(Linker& linker, std::shared_ptr<Context> context) {
#define BRINK_WASI_FUNCTION(name) define_member(linker, context, #name, &Context::name);
#include "wasi/preview1/functions.def"
#undef BRINK_WASI_FUNCTION
  linker.define_function(kModule, "proc_exit", [context](u32 code) -> Outcome<void> {
    return std::unexpected(Trap::exit(static_cast<i32>(context->proc_exit(code).error())));
  });
  linker.define_function(kModule, "proc_raise", [context](u32 signal) -> Outcome<u32> {
    auto raised = context->proc_raise(signal);
    if (!raised) return std::unexpected(Trap::exit(static_cast<i32>(raised.error())));
    return static_cast<u32>(*raised);
  });
}

}  // namespace brink::wasi
