// The embedding interface: everything a program needs to run WebAssembly with Brink.
//
//   brink::Engine engine;
//   auto module = brink::Module::from_file(engine, "add.wasm");
//   brink::Store store(engine);
//   brink::Linker linker(engine);
//   linker.define_function("env", "log", [](i32 value) { std::printf("%d\n", value); });
//   auto instance = linker.instantiate(store, *module);
//   auto add = instance->get_function("add");
//   auto sum = add->call({Value::i32(2), Value::i32(3)});
//
// Ownership. Engine and Module are shared handles: copies refer to the same object, which lives as long as any of them.
// A Store owns every instance, memory, table, global and function made in it; Instance, Function, Memory, Table, Global
// and Tag are plain pointers into their store and must not be used after it is gone. A store and what is in it belong
// to one thread at a time; engines and modules are safe to share. A guest with threads is a store with an instance for
// each of them, and a SharedMemory that they all import.
//
// Errors. Loading and linking return Result<T> (engine/base/error.h); running returns Outcome<T>, whose failure is a
// Trap. No exception leaves the engine, and none may leave a host function.
#pragma once
#include <array>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/host_data.h"
#include "engine/interrupt.h"
#include "engine/module/features.h"
#include "engine/module/module_info.h"
#include "engine/module/types.h"

namespace brink {

namespace text {
struct AssembledModule;
}

namespace runtime {
struct EngineState;
struct ModuleState;
struct StoreState;
struct Instance;
struct Function;
struct Memory;
struct Table;
struct Global;
struct Tag;
class SourceFinder;
class TierCompiler;
}  // namespace runtime

class Store;
class Caller;

// --- Traps -----------------------------------------------------------------------------------------------------------

enum class TrapKind : u8 {
  Unreachable,
  MemoryOutOfBounds,
  TableOutOfBounds,
  UninitializedElement,  // call_indirect through a null element
  IndirectCallTypeMismatch,
  NullReference,
  IntegerOverflow,
  IntegerDivideByZero,
  InvalidConversionToInteger,
  StackExhausted,
  UncaughtException,
  CastFailure,
  ArrayOutOfBounds,
  UnalignedAtomic,
  ExpectedSharedMemory,  // memory.atomic.wait at a memory that is not shared
  Interrupted,           // by an InterruptHandle, or in a wait that SharedMemory::interrupt ended
  OutOfFuel,             // with Config::consume_fuel: what the host gave is used up
  InvalidFunction,       // a lazily validated function turned out to be malformed, invalid or unsupported
  Limit,                 // a limit of the host
  Host,                  // a host function failed
  Exit,                  // the guest ended the program (proc_exit); exit_code is set
};

// The specification's wording where it has one, e.g. "out of bounds memory access".
const char* trap_message(TrapKind kind);

struct BacktraceFrame {
  std::string function;  // "name", or "wasm-function[N]"
  std::string module;    // the module's name or file, empty where unknown
  u32 function_index = 0;
  u64 module_offset = 0;  // of the instruction, in the module's bytes
};

// Why execution ended early. Movable, never empty but after a move.
class Trap {
 public:
  explicit Trap(TrapKind kind, std::string detail = {});
  static Trap host(std::string message) { return Trap(TrapKind::Host, std::move(message)); }
  static Trap exit(i32 code);

  Trap(Trap&&) noexcept = default;
  Trap& operator=(Trap&&) noexcept = default;
  Trap(const Trap& other) : data_(std::make_unique<Data>(*other.data_)) {}

  TrapKind kind() const { return data_->kind; }
  i32 exit_code() const { return data_->exit_code; }  // Exit only
  const std::string& detail() const { return data_->detail; }
  const std::vector<BacktraceFrame>& backtrace() const { return data_->backtrace; }  // innermost first
  bool backtrace_truncated() const { return data_->truncated; }
  // One line without a newline: the message and, where there is one, its detail.
  std::string message() const;
  // The message and the backtrace, a frame a line, for people.
  std::string to_string() const;

  void set_backtrace(std::vector<BacktraceFrame> frames, bool truncated) {
    data_->backtrace = std::move(frames);
    data_->truncated = truncated;
  }

 private:
  struct Data {
    TrapKind kind;
    i32 exit_code = 0;
    bool truncated = false;
    std::string detail;
    std::vector<BacktraceFrame> backtrace;
  };
  std::unique_ptr<Data> data_;
};

template <class T>
using Outcome = std::expected<T, Trap>;

// --- Values ----------------------------------------------------------------------------------------------------------

struct V128 {
  alignas(16) std::array<u8, 16> bytes{};
  bool operator==(const V128&) const = default;
};

// A reference as the value stack holds it: 0 is null. Only meaningful within its store.
using RefBits = u64;

// A value with its type. Floats are kept as bits, so that NaN payloads survive.
class Value {
 public:
  Value() = default;
  static Value i32(brink::i32 v) { return Value(kI32, static_cast<u32>(v)); }
  static Value i64(brink::i64 v) { return Value(kI64, static_cast<u64>(v)); }
  static Value f32(float v) {
    u32 b;
    std::memcpy(&b, &v, 4);
    return Value(kF32, b);
  }
  static Value f64(double v) {
    u64 b;
    std::memcpy(&b, &v, 8);
    return Value(kF64, b);
  }
  static Value v128(const V128& v) {
    Value r(kV128, 0);
    std::memcpy(r.bits_, v.bytes.data(), 16);
    return r;
  }
  static Value reference(ValueType type, RefBits bits) { return Value(type, bits); }
  static Value null(ValueType type) { return Value(type, 0); }
  static Value from_bits(ValueType type, u64 low, u64 high = 0) {
    Value r(type, low);
    r.bits_[1] = high;
    return r;
  }

  ValueType type() const { return type_; }
  brink::i32 as_i32() const { return static_cast<brink::i32>(bits_[0]); }
  brink::i64 as_i64() const { return static_cast<brink::i64>(bits_[0]); }
  float as_f32() const {
    float v;
    std::memcpy(&v, bits_, 4);
    return v;
  }
  double as_f64() const {
    double v;
    std::memcpy(&v, bits_, 8);
    return v;
  }
  V128 as_v128() const {
    V128 v;
    std::memcpy(v.bytes.data(), bits_, 16);
    return v;
  }
  RefBits as_reference() const { return bits_[0]; }
  bool is_null() const { return type_.is_ref() && bits_[0] == 0; }
  u64 bits() const { return bits_[0]; }
  u64 high_bits() const { return bits_[1]; }
  // "42", "-0.5", "nan:0x400000", "null", "funcref"… as `brink run --invoke` prints it; v128 as a 0x… literal.
  std::string to_string() const;

 private:
  Value(ValueType type, u64 low) : type_(type), bits_{low, 0} {}
  ValueType type_ = kI32;
  u64 bits_[2] = {0, 0};
};

// --- Engine and Module -----------------------------------------------------------------------------------------------

struct Config {
  // Proposals that are accepted; a module that uses another is refused with the proposal's name.
  FeatureSet features = FeatureSet::all();
  // Validate every function when a module is loaded, instead of each at its first call.
  bool eager_validation = false;
  // Run functions as quick code (engine/quicken), made when they are validated; off: the module's bytes as they are.
  bool quicken = true;
  // Deterministic metering: guests pay from StoreLimits::fuel, and trap (OutOfFuel) when they cannot.
  // With `quicken` off nothing is charged. What is charged, of interpreted functions and compiled ones alike:
  // engine/validate/fuel_sink.h. How deep calls may nest is another limit, and depends on who runs them.
  bool consume_fuel = false;
  // Compiles functions to machine code (jit/jit.h makes one); null: everything is interpreted, as it is
  // with `quicken` off.
  std::shared_ptr<runtime::TierCompiler> compiler;
  // When it does: a function is interpreted until it has been called, and its loops have gone round, so many times
  // together, and compiled then, on a thread of the engine's own, while the guest goes on. 0: at its first call.
  u32 tier_threshold = 0;
  // Off: on the guest's thread, which waits; what runs where is the same in every run then.
  bool compile_in_background = true;
  // Parts of quick code that can be left out, to measure and to test without them: opcodes for frequent runs of
  // instructions, and results that stay in an accumulator until they are used.
  bool fuse = true;
  bool cache_results = true;
};

class Engine {
 public:
  explicit Engine(const Config& config = {});
  const Config& config() const;
  TypeRegistry& types() const;
  const std::shared_ptr<runtime::EngineState>& state() const { return state_; }

 private:
  std::shared_ptr<runtime::EngineState> state_;
};

class Module {
 public:
  // The binary format. `name` stands in errors and backtraces. The bytes are kept.
  static Result<Module> from_binary(const Engine& engine, std::vector<u8> bytes, std::string name = {});
  // The text format; errors carry line and column.
  static Result<Module> from_text(const Engine& engine, std::string_view text, std::string name = {});
  // A module the text parser has already assembled (engine/text/parser.h).
  static Result<Module> from_assembled(const Engine& engine, text::AssembledModule assembled, std::string name = {});
  // Either format, told apart by the first four bytes.
  static Result<Module> from_bytes(const Engine& engine, std::vector<u8> bytes, std::string name = {});
  // Either format; a binary is mapped, not read, so only what is used is touched. Changing the file while the module
  // lives is an error of the host.
  // A cache (engine/cache/cache.h) may know where the function bodies are, and have them prepared.
  static Result<Module> from_file(const Engine& engine, const std::string& path, runtime::SourceFinder* cache = nullptr);

  // A binary in memory that `owner` keeps as it is as long as it lives.
  static Result<Module> from_view(const Engine& engine, std::span<const u8> bytes, std::shared_ptr<const void> owner,
                                  std::string name = {}, runtime::SourceFinder* cache = nullptr);

  // Validates every function body; the first error.
  Result<void> validate() const;
  const ModuleInfo& info() const;
  const std::string& name() const;
  const Engine& engine() const;
  const std::shared_ptr<runtime::ModuleState>& state() const { return state_; }

 private:
  explicit Module(std::shared_ptr<runtime::ModuleState> state) : state_(std::move(state)) {}
  static Result<Module> finish(std::shared_ptr<runtime::ModuleState> state, std::span<const u8> bytes,
                               runtime::SourceFinder* cache = nullptr, int file = -1);
  std::shared_ptr<runtime::ModuleState> state_;
};

// --- What a store holds ----------------------------------------------------------------------------------------------

class Function {
 public:
  explicit Function(runtime::Function* impl = nullptr) : impl_(impl) {}
  const SubType& type() const;
  // Arguments must match type().params in number and type, else a Trap of kind Host.
  Outcome<std::vector<Value>> call(std::span<const Value> arguments) const;
  Outcome<std::vector<Value>> call(std::initializer_list<Value> arguments) const {
    return call(std::span<const Value>(arguments.begin(), arguments.size()));
  }
  // The fast way: slots as on the value stack (v128 takes two), types unchecked. `slots` holds the arguments and
  // receives the results; it must have room for the larger of both.
  Outcome<void> call_slots(u64* slots) const;
  RefBits reference() const { return reinterpret_cast<RefBits>(impl_); }
  runtime::Function* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Function* impl_;
};

class SharedMemory;

class Memory {
 public:
  explicit Memory(runtime::Memory* impl = nullptr) : impl_(impl) {}
  static Result<Memory> create(Store& store, const MemoryType& type);
  MemoryType type() const;
  u64 size_bytes() const;
  u64 size_pages() const;
  // The old size in pages, or nothing if the type's maximum, a limit of the store or the system refuses.
  std::optional<u64> grow(u64 delta_pages);
  // The one checked way to guest memory: nothing if offset + size leaves the memory. Pointers do not outlive a call
  // that can grow the memory. Of a pool's instance (pool.h), span opens the pages for writing; who only reads asks for
  // read_span.
  std::optional<std::span<u8>> span(u64 offset, u64 size) const;
  std::optional<std::span<const u8>> read_span(u64 offset, u64 size) const;
  // The memory as other stores can use it; nothing if its type is not shared.
  std::optional<SharedMemory> shared() const;
  runtime::Memory* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Memory* impl_;
};

// How a wait ended; the first three as memory.atomic.wait32 returns them.
enum class WaitResult : u8 { Woken, NotEqual, TimedOut, Interrupted };

// A shared memory: a handle like Engine and Module, owned by no store, safe to use from several threads. A store that
// imports it keeps it alive. Its bytes may be changed by guests at any time: what is read once and checked must not be
// read again.
class SharedMemory {
 public:
  // An Error of kind Usage if the type is not shared, Limit if its minimum is beyond `limit_bytes` or the system's
  // means.
  static Result<SharedMemory> create(const MemoryType& type, u64 limit_bytes = ~u64{0});
  MemoryType type() const;
  u64 size_bytes() const;
  // As Memory's; spans stay valid, since a shared memory neither moves nor shrinks.
  std::optional<u64> grow(u64 delta_pages);
  std::optional<std::span<u8>> span(u64 offset, u64 size) const;
  // memory.atomic.wait32, wait64 and notify on the host's behalf; nothing if the offset is out of bounds or not a
  // multiple of the value's size. Timeouts are in nanoseconds, a negative one is none.
  std::optional<WaitResult> wait32(u64 offset, u32 expected, i64 timeout_ns);
  std::optional<WaitResult> wait64(u64 offset, u64 expected, i64 timeout_ns);
  std::optional<u32> notify(u64 offset, u32 count);
  // For good: guests that wait, and that ever will, trap (Interrupted).
  void interrupt();
  const std::shared_ptr<runtime::Memory>& impl() const { return impl_; }

 private:
  friend class Memory;
  explicit SharedMemory(std::shared_ptr<runtime::Memory> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<runtime::Memory> impl_;
};

class Table {
 public:
  explicit Table(runtime::Table* impl = nullptr) : impl_(impl) {}
  static Result<Table> create(Store& store, const TableType& type, RefBits initial = 0);
  TableType type() const;
  u64 size() const;
  std::optional<RefBits> get(u64 index) const;
  bool set(u64 index, RefBits value);
  std::optional<u64> grow(u64 delta, RefBits initial);  // the old size
  runtime::Table* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Table* impl_;
};

class Global {
 public:
  explicit Global(runtime::Global* impl = nullptr) : impl_(impl) {}
  static Result<Global> create(Store& store, const GlobalType& type, const Value& initial);
  GlobalType type() const;
  Value get() const;
  // False if the global is immutable or the value's type does not fit.
  bool set(const Value& value);
  runtime::Global* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Global* impl_;
};

class Tag {
 public:
  explicit Tag(runtime::Tag* impl = nullptr) : impl_(impl) {}
  static Tag create(Store& store, std::span<const ValueType> params);
  TagType type() const;
  runtime::Tag* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Tag* impl_;
};

// Anything that can be imported or exported.
struct Extern {
  ExternKind kind = ExternKind::Func;
  void* impl = nullptr;  // the runtime object of that kind
  Extern() = default;
  Extern(Function f) : kind(ExternKind::Func), impl(f.impl()) {}
  Extern(Table t) : kind(ExternKind::Table), impl(t.impl()) {}
  Extern(Memory m) : kind(ExternKind::Memory), impl(m.impl()) {}
  Extern(Global g) : kind(ExternKind::Global), impl(g.impl()) {}
  Extern(Tag t) : kind(ExternKind::Tag), impl(t.impl()) {}
};

class Instance {
 public:
  explicit Instance(runtime::Instance* impl = nullptr) : impl_(impl) {}
  std::optional<Extern> get_export(std::string_view name) const;
  std::optional<Function> get_function(std::string_view name) const;
  std::optional<Memory> get_memory(std::string_view name) const;
  std::optional<Table> get_table(std::string_view name) const;
  std::optional<Global> get_global(std::string_view name) const;
  const ModuleInfo& module() const;
  runtime::Instance* impl() const { return impl_; }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  runtime::Instance* impl_;
};

// --- Store -----------------------------------------------------------------------------------------------------------

// What a store's guests may use at most. Exceeding one in memory.grow or table.grow yields -1 to the guest, at
// instantiation an Error of kind Limit, on the value stack a trap.
struct StoreLimits {
  u64 memory_bytes = ~u64{0};       // of each linear memory
  u64 table_elements = 10'000'000;  // of each table
  u32 instances = 10'000;
  u32 memories = 10'000;
  u32 tables = 10'000;
  u64 stack_bytes = 8u << 20;    // of the value stack: operands, locals and call frames together
  u64 gc_heap_bytes = 1u << 30;  // of the GC heap: structs, arrays and exceptions; when full a trap of kind Limit
  u64 fuel = ~u64{0};            // with Config::consume_fuel: what guests may use, until Store::set_fuel
  bool gc_stress = false;        // collect garbage before every allocation: for tests
};

// What the garbage collector of a store has done; all zero where nothing was ever allocated.
struct GcStatistics {
  u64 collections = 0;
  u64 allocated_bytes = 0;  // ever
  u64 live_bytes = 0;       // after the last collection
  u64 total_pause_ns = 0;
  u64 longest_pause_ns = 0;
};

class Store {
 public:
  explicit Store(const Engine& engine, const StoreLimits& limits = {});
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  const Engine& engine() const;
  const StoreLimits& limits() const;
  // What host functions find by Caller::host_data.
  HostData& host_data() const;
  // An externref to a host value; the value itself stays the host's. Never null, also for 0; the same value gives the
  // same reference.
  RefBits make_extern(u64 host_value);
  // Whether a non-null reference of the any, extern, exn or func hierarchy has the heap type, as ref.test would say.
  bool is_instance(RefBits reference, HeapType heap) const;
  // The garbage collector does not see references that only the host has: one that must outlive the next call into the
  // store is held. Holds are counted.
  void hold(RefBits reference);
  void release(RefBits reference);
  // Frees what no guest and no held reference can reach.
  void collect_garbage();
  GcStatistics gc_statistics() const;
  // From the first call on, guests of this store can be interrupted; a run that has begun before ends at its next host
  // function. Costs some 100 KiB for each thread that runs such stores.
  InterruptHandle interrupt_handle();
  bool is_interrupted() const;
  // Guests run again. A handle that interrupts from now on counts again.
  void clear_interrupt();
  // Asked, on the guest's thread, where an interrupted guest would trap: true lets it go on, and the interrupt is over.
  // So a host can share a thread among guests, or look at a clock. The callback does not call into the store.
  void on_interrupt(std::function<bool()> callback);
  // With Config::consume_fuel: what guests may still use.
  void set_fuel(u64 fuel);
  u64 fuel() const;
  // The host value of a reference made by make_extern; nothing for any other.
  std::optional<u64> extern_value(RefBits reference) const;
  runtime::StoreState& state() const { return *state_; }

 private:
  std::unique_ptr<runtime::StoreState> state_;
};

// --- Host functions --------------------------------------------------------------------------------------------------

// Who called a host function. Valid during the call.
class Caller {
 public:
  Caller(runtime::StoreState& store, runtime::Instance* instance) : store_(store), instance_(instance) {}
  // The calling instance; empty if the host itself called.
  Instance instance() const { return Instance(instance_); }
  // The caller's export "memory", or else its memory 0.
  std::optional<Memory> memory() const;
  // For host functions that wait: a descriptor that poll() finds readable once the store has been interrupted; -1 if
  // nobody can. What the function returns then does not count: the guest traps.
  int interrupt_descriptor() const;
  bool is_interrupted() const;
  HostData& host_data() const;
  runtime::StoreState& store() const { return store_; }

 private:
  runtime::StoreState& store_;
  runtime::Instance* instance_;
};

// The general form: arguments and results are slots as on the value stack, and may be the same memory: read all
// arguments before the first result is written. An i32 result is written zero-extended.
using HostCallback = std::function<Outcome<void>(Caller& caller, const u64* arguments, u64* results)>;

struct HostFunction {
  std::vector<ValueType> params, results;
  HostCallback callback;
};

Function make_host_function(Store& store, std::span<const ValueType> params, std::span<const ValueType> results,
                            HostCallback callback);

namespace detail {

template <class T>
struct HostType;  // undefined: the type cannot cross the border
template <>
struct HostType<i32> {
  static constexpr ValueType type = kI32;
  static i32 load(const u64* s) { return static_cast<i32>(*s); }
  static void store(u64* s, i32 v) { *s = static_cast<u32>(v); }
};
template <>
struct HostType<u32> {
  static constexpr ValueType type = kI32;
  static u32 load(const u64* s) { return static_cast<u32>(*s); }
  static void store(u64* s, u32 v) { *s = v; }
};
template <>
struct HostType<i64> {
  static constexpr ValueType type = kI64;
  static i64 load(const u64* s) { return static_cast<i64>(*s); }
  static void store(u64* s, i64 v) { *s = static_cast<u64>(v); }
};
template <>
struct HostType<u64> {
  static constexpr ValueType type = kI64;
  static u64 load(const u64* s) { return *s; }
  static void store(u64* s, u64 v) { *s = v; }
};
template <>
struct HostType<float> {
  static constexpr ValueType type = kF32;
  static float load(const u64* s) {
    float v;
    std::memcpy(&v, s, 4);
    return v;
  }
  static void store(u64* s, float v) {
    *s = 0;
    std::memcpy(s, &v, 4);
  }
};
template <>
struct HostType<double> {
  static constexpr ValueType type = kF64;
  static double load(const u64* s) {
    double v;
    std::memcpy(&v, s, 8);
    return v;
  }
  static void store(u64* s, double v) { std::memcpy(s, &v, 8); }
};

template <class R>
struct HostReturn {
  using Value = R;
  static constexpr bool can_trap = false;
};
template <class T>
struct HostReturn<Outcome<T>> {
  using Value = T;
  static constexpr bool can_trap = true;
};

template <class R, class... Args, class F>
HostFunction bind_typed(F f, bool /*with_caller*/, auto call) {
  using Result = typename HostReturn<R>::Value;
  HostFunction typed;
  typed.params = {HostType<Args>::type...};
  if constexpr (!std::is_void_v<Result>) typed.results = {HostType<Result>::type};
  typed.callback = [f = std::move(f), call](Caller& caller, const u64* arguments,
                                            u64* results) mutable -> Outcome<void> {
    return [&]<size_t... I>(std::index_sequence<I...>) -> Outcome<void> {
      auto run = [&]() -> R { return call(f, caller, HostType<Args>::load(arguments + I)...); };
      if constexpr (std::is_void_v<R>) {
        run();
        return {};
      } else if constexpr (HostReturn<R>::can_trap) {
        R outcome = run();
        if (!outcome) return std::unexpected(std::move(outcome.error()));
        if constexpr (!std::is_void_v<Result>) HostType<Result>::store(results, *outcome);
        return {};
      } else {
        HostType<Result>::store(results, run());
        return {};
      }
    }(std::index_sequence_for<Args...>{});
  };
  return typed;
}

template <class F, class R, class C, class... Args>
HostFunction typed_callback(F f, R (C::*)(Caller&, Args...) const) {
  return bind_typed<R, Args...>(std::move(f), true,
                                [](F& g, Caller& caller, Args... a) -> R { return g(caller, a...); });
}
template <class F, class R, class C, class... Args>
HostFunction typed_callback(F f, R (C::*)(Args...) const) {
  return bind_typed<R, Args...>(std::move(f), false, [](F& g, Caller&, Args... a) -> R { return g(a...); });
}

}  // namespace detail

// --- Linker ----------------------------------------------------------------------------------------------------------

// Names → what they stand for. Definitions made in a store are only good for that store; host functions given as
// lambdas and shared memories are good for any.
class Linker {
 public:
  explicit Linker(const Engine& engine) : engine_(engine) {}

  // A later definition of the same name replaces the earlier one.
  void define(std::string_view module, std::string_view name, Extern value);
  void define(std::string_view module, std::string_view name, const SharedMemory& memory);
  // All exports of an instance, under a module name.
  void define_instance(std::string_view module, Instance instance);
  void define_callback(std::string_view module, std::string_view name, std::vector<ValueType> params,
                       std::vector<ValueType> results, HostCallback callback);
  // A C++ lambda; parameters and result are i32/u32, i64/u64, float, double; a first parameter `Caller&` is not the
  // guest's; a result Outcome<T> can trap.
  template <class F>
  void define_function(std::string_view module, std::string_view name, F f) {
    HostFunction typed = host_function(std::move(f));
    define_callback(module, name, std::move(typed.params), std::move(typed.results), std::move(typed.callback));
  }
  template <class F>
  static HostFunction host_function(F f) {
    return detail::typed_callback(std::move(f), &F::operator());
  }
  // Many functions under a module name, made as they are imported: asked for names that are not defined otherwise, by
  // any thread that instantiates. Replaces what was defined of its names, and the library that the module had.
  using Library = std::function<std::optional<HostFunction>(std::string_view name)>;
  void define_library(std::string_view module, Library library);

  // Links, instantiates and runs the start function (sections 4.5.4 and 4.7.2). A missing or ill-typed import is an
  // Error of kind Unlinkable, a limit one of kind Limit; a trap while segments are copied or the start function runs is
  // left in `trap` and reported as an Error too (kind Invalid, its message the trap's).
  Result<Instance> instantiate(Store& store, const Module& module, std::optional<Trap>* trap = nullptr) const;

  const Engine& engine() const { return engine_; }

 private:
  struct Definition {
    Extern value;  // impl == nullptr: a callback
    std::shared_ptr<runtime::Memory> shared_memory;
    std::vector<ValueType> params, results;
    HostCallback callback;
  };
  friend class InstancePool;
  // The definitions of a module's imports, in their order.
  struct Imports {
    std::vector<const Definition*> definitions;
    std::vector<std::unique_ptr<Definition>> made;  // by libraries; some of those
  };
  const Definition* find(const Import& import, Imports& found) const;
  // An Error of kind Unlinkable if one is missing.
  Result<Imports> find_imports(const Module& module) const;

  Engine engine_;
  std::unordered_map<std::string, Definition> definitions_;  // key: module, '\0', name
  std::vector<std::pair<std::string, Library>> libraries_;   // by module
};

}  // namespace brink
