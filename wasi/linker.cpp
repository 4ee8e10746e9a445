// Binds the functions to the engine. A definition's type is the member function's: u32 is i32, u64 and i64 are i64.
#include "wasi/host/poll.h"
#include "wasi/preview1/context.h"

namespace brink::wasi {
namespace {

constexpr const char* kModule = "wasi_snapshot_preview1";

std::optional<GuestMemory> memory_of(Caller& caller) {
  auto memory = caller.memory();
  if (!memory) return std::nullopt;
  return GuestMemory(*memory);
}

// Where the functions find their context: a source is called with the Caller and gives a pointer, null if there is none.
struct OneContext {
  std::shared_ptr<Context> context;
  Context* operator()(Caller&) const { return context.get(); }
};

struct ContextOfStore {
  Context* operator()(Caller& caller) const { return caller.host_data().get<Context>(); }
};

Trap no_context() { return Trap::host("the store has no WASI context"); }

template <class Source, class... Args>
HostFunction member(const Source& source, const char* name, Errno (Context::*function)(GuestMemory&, Args...)) {
  return Linker::host_function([source, function, name](Caller& caller, Args... arguments) -> Outcome<u32> {
    Context* context = source(caller);
    if (context == nullptr) return std::unexpected(no_context());
    if (context->is_interrupted()) return std::unexpected(Trap(TrapKind::Interrupted));
    host::InterruptibleWaits waits(caller);
    auto memory = memory_of(caller);
    if (!memory) return std::unexpected(Trap::host(std::string(name) + " needs a memory, and the caller has none"));
    return static_cast<u32>((*context.*function)(*memory, arguments...));
  });
}

// A program imports a few of the functions, and a start is short enough for the others to show.
template <class Source>
std::optional<HostFunction> find(const Source& source, std::string_view wanted) {
#define BRINK_WASI_FUNCTION(name) \
  if (wanted == #name) return member(source, #name, &Context::name);
#include "wasi/preview1/functions.def"
#undef BRINK_WASI_FUNCTION
  if (wanted == "proc_exit")
    return Linker::host_function([source](Caller& caller, u32 code) -> Outcome<void> {
      Context* context = source(caller);
      if (context == nullptr) return std::unexpected(no_context());
      return std::unexpected(Trap::exit(static_cast<i32>(context->proc_exit(code).error())));
    });
  if (wanted == "proc_raise")
    return Linker::host_function([source](Caller& caller, u32 signal) -> Outcome<u32> {
      Context* context = source(caller);
      if (context == nullptr) return std::unexpected(no_context());
      auto raised = context->proc_raise(signal);
      if (!raised) return std::unexpected(Trap::exit(static_cast<i32>(raised.error())));
      return static_cast<u32>(*raised);
    });
  return std::nullopt;
}

template <class Source>
void define_all(Linker& linker, const Source& source) {
  linker.define_library(kModule, [source](std::string_view name) { return find(source, name); });
}

}  // namespace

void interrupt(Context& context) { context.interrupt(); }

std::optional<std::string> find_changed_descriptor(const Context& context) { return context.find_changed_descriptor(); }

void add_to_linker(Linker& linker, std::shared_ptr<Context> context) {
  define_all(linker, OneContext{std::move(context)});
}

void add_to_linker(Linker& linker) { define_all(linker, ContextOfStore{}); }

void attach(HostData& data, std::shared_ptr<Context> context) { data.set(std::move(context)); }
void attach(Store& store, std::shared_ptr<Context> context) { attach(store.host_data(), std::move(context)); }

}  // namespace brink::wasi
