// The compiler as the engine sees it: runtime/tier.h over the baseline compiler and the code it has placed.
#include <chrono>
#include <cstdio>

#include "engine/validate/body_decoder.h"
#include "engine/validate/fuel_sink.h"
#include "jit/baseline/function_compiler.h"
#include "jit/code/frame_walk.h"
#include "jit/code/kept_code.h"
#include "jit/code/landing.h"
#include "jit/code/module_code.h"
#include "jit/jit.h"

namespace brink::jit {
namespace {

using runtime::Activation;
using runtime::FunctionCode;
using runtime::ModuleState;
using runtime::NotedFrame;
using runtime::TierState;

class BaselineCompiler : public Compiler {
 public:
  explicit BaselineCompiler(const Options& options) : options_(options), observers_(options.observers) {}
  // Modules, which have code as well, keep their compiler.
  ~BaselineCompiler() override { observers_.on_freed(this); }

  // What compile() needs and nothing else does: once.
  Result<void> make_ready() {
    std::lock_guard lock(mutex_);
    if (begin_.load(std::memory_order_relaxed) != nullptr) return {};
    if (failure_) return std::unexpected(*failure_);
    auto failed = [&](Error error) {
      failure_ = error;
      return std::unexpected(std::move(error));
    };
    features_ = Features::host();
    if (options_.baseline) features_ = {.floor = features_.floor};
    if (!features_.floor)
      return failed({ErrorKind::Limit, "machine code needs an x86-64 processor with SSE4.1, SSSE3 and POPCNT"});
    auto arena = CodeArena::create(std::min(options_.arena_bytes, kBranchReach),
                                   {.is_anonymous = observers_.need_anonymous_code(),
                                    .has_landing_pads = features_.needs_landing_pads()});
    if (!arena) return failed(std::move(arena.error()));
    arena_ = std::move(*arena);
    if (!make_stubs(false)) return failed({ErrorKind::Limit, "no room for machine code"});
    end_.store(arena_->end(), std::memory_order_relaxed);
    begin_.store(arena_->begin(), std::memory_order_release);
    return {};
  }

  const void* compile(ModuleState& module, FunctionCode& code) override {
    auto begin = std::chrono::steady_clock::now();
    if (!is_ready() && !make_ready()) return count_left(&Statistics::out_of_room);
    ModuleCode* space = space_of(module);
    if (space == nullptr) return count_left(&Statistics::out_of_room);
    u32 own = static_cast<u32>(&code - module.code);
    u32 index = own + module.info.imported_functions;
    if (options_.leaves_out && options_.leaves_out(label_of(*space, own))) return count_left(&Statistics::left_out);
    Assembler& assembler = this->assembler();
    auto shape = translate(*space, own, *code.prepared, assembler);
    if (!shape) return count_left(&Statistics::failed);
    const void* wrapper = wrappers_[pays(module)]->get(module.info.function_type(index));
    if (wrapper == nullptr) return count_left(&Statistics::out_of_room);
    const u8* entry = space->place(assembler.code(), assembler.relocations(), wrapper, own, *shape);
    if (entry == nullptr) return count_left(&Statistics::out_of_room);
    if (module.source && !options_.random_seed)
      if (auto references = references_of(assembler, *space, stubs_[pays(module)]))
        space->remember(own, entry, assembler.code().size(), std::move(*shape), std::move(*references));
    tell(*space, own, {entry, assembler.code().size()});
    space->publish(own, entry);
    auto spent = std::chrono::steady_clock::now() - begin;
    std::lock_guard lock(mutex_);
    statistics_.functions += 1;
    statistics_.wasm_bytes += module.info.functions[index].body.size;
    statistics_.machine_bytes += assembler.code().size();
    statistics_.nanoseconds +=
        static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
    return entry;
  }

  // What the compiler's choices depend on besides its build and the module's options, which whoever keeps code has a key for.
  u64 key() override {
    if (!is_ready() && !make_ready()) return 0;
    static_assert(std::has_unique_object_representations_v<Features>);
    std::string_view bytes(reinterpret_cast<const char*>(&features_), sizeof features_);
    u64 key = 0xCBF29CE484222325;  // FNV-1a
    for (char byte : bytes) key = (key ^ static_cast<u8>(byte)) * 0x100000001B3;
    return key;
  }

  // A module's code is of no use where fuel is counted, if it does not count it, nor the other way round.
  u64 key_of(const ModuleState& module) { return key() ^ (pays(module) ? ~u64{0} : 0); }

  std::vector<runtime::KeptCode> kept(ModuleState& module) override {
    if (!is_ready()) return {};
    ModuleCode* space;
    {
      std::lock_guard lock(mutex_);
      space = static_cast<ModuleCode*>(module.machine_code.get());
    }
    return space == nullptr ? std::vector<runtime::KeptCode>() : space->kept(key_of(module));
  }

  std::vector<u8> assemble(ModuleState& module, u32 own_function, const PreparedCode& prepared) override {
    if (options_.random_seed || (!is_ready() && !make_ready())) return {};
    ModuleCode* space = space_of(module);
    if (space == nullptr) return {};
    Assembler& assembler = this->assembler();
    auto shape = translate(*space, own_function, prepared, assembler);
    if (!shape) return {};
    auto references = references_of(assembler, *space, stubs_[pays(module)]);
    if (!references) return {};
    return keep_code(key_of(module), assembler.code(), *shape, *references);
  }

  const void* load(ModuleState& module, FunctionCode& code, std::span<const u8> kept) override {
    if (options_.random_seed || (!is_ready() && !make_ready())) return nullptr;
    ModuleCode* space = space_of(module);
    if (space == nullptr) return nullptr;
    u32 own = static_cast<u32>(&code - module.code);
    auto restored = restore_code(key_of(module), kept, *space, stubs_[pays(module)], own);
    if (!restored) return nullptr;
    const void* wrapper = wrappers_[pays(module)]->get(module.info.function_type(own + module.info.imported_functions));
    if (wrapper == nullptr) return nullptr;
    const u8* entry = space->place(restored->code, restored->relocations, wrapper, own, restored->shape);
    if (entry == nullptr) return nullptr;
    tell(*space, own, {entry, restored->code.size()});
    space->publish(own, entry);
    loaded_.fetch_add(1, std::memory_order_relaxed);
    return entry;
  }

#if defined(__clang__)
  [[clang::no_sanitize("function")]]  // machine code has no type in front of it
#endif
  bool enter(TierState& tier, const void* machine, u64* fp, u8* memory0) override {
    using Enter = bool (*)(TierState*, const void*, u64*, u8*);
    return reinterpret_cast<Enter>(reinterpret_cast<u64>(stubs_[false].enter))(&tier, machine, fp, memory0);
  }

  runtime::LoopEntry loop_entry(const FunctionCode& code, u32 loop) override {
    const ModuleState& module = *code.module;
    u32 own = static_cast<u32>(&code - module.code);
    runtime::LoopEntry entry = ModuleCode::of(const_cast<ModuleState&>(module)).find_loop(own, loop);
    if (entry.machine != nullptr) loop_entries_.fetch_add(1, std::memory_order_relaxed);
    return entry;
  }

  size_t note_frames(const Activation& activation, std::span<NotedFrame> out) override {
    size_t count = 0;
    for (FrameWalk walk(*map_, activation); walk.has_frame() && count < out.size(); walk.up(), ++count) {
      const FunctionCode& code = walk.entry().module->module().code[walk.entry().function];
      out[count] = {activation.entry_frame, &code, walk.native()};
    }
    return count;
  }

  bool catches(const Activation& activation, const gc::ExceptionObject& exception) override {
    return jit::catches(*map_, activation, exception);
  }

  // Compiling again is deterministic, so no table of origins need be kept for every function.
  u32 original_offset(const NotedFrame& frame) override {
    ModuleState& module = const_cast<ModuleState&>(*frame.function->module);
    std::vector<CodeOrigin> origins;
    Assembler assembler(features_);
    u32 own = static_cast<u32>(frame.function - module.code);
    if (!translate(ModuleCode::of(module), own, *frame.function->prepared, assembler, &origins)) return 0;
    for (const CodeOrigin& origin : origins)
      if (origin.native == frame.native) return origin.original;
    return 0;
  }

  Result<Listing> list(ModuleState& module, const FunctionCode& code) override {
    if (Result<void> ready = make_ready(); !ready) return std::unexpected(std::move(ready.error()));
    auto fails = [](ErrorKind kind, std::string message) { return std::unexpected(Error{kind, std::move(message)}); };
    ModuleCode* space = space_of(module);
    if (space == nullptr) return fails(ErrorKind::Limit, "no room for machine code");
    u32 own = static_cast<u32>(&code - module.code);
    Listing listing;
    Assembler assembler(features_);
    if (!translate(*space, own, *code.prepared, assembler, nullptr, &listing.parts))
      return fails(ErrorKind::Limit, "function " + std::to_string(own + module.info.imported_functions) +
                                         " stays with the interpreter: its code is too large");
    listing.code.assign(assembler.code().begin(), assembler.code().end());
    for (const Assembler::Relocation& relocation : assembler.relocations()) {
      std::string name = stubs_[pays(module)].name(relocation.target);
      if (auto callee = space->function_at(relocation.target)) name = label_of(*space, *callee);
      listing.targets.push_back({relocation.at, kDistanceBytes, std::move(name)});
    }
    for (const AddressReference& address : assembler.addresses())
      listing.targets.push_back({address.at, kAddressBytes, name_of(*space, own, address)});
    return listing;
  }

  u64 fuel_at_fault(const ucontext_t& machine) const override { return fuel_register(machine); }

  bool has_code_at(const u8* address) const override {
    const u8* begin = begin_.load(std::memory_order_acquire);
    return begin != nullptr && address >= begin && address < end_.load(std::memory_order_relaxed);
  }

  Statistics statistics() const override {
    std::lock_guard lock(mutex_);
    Statistics statistics = statistics_;
    statistics.loop_entries = loop_entries_.load(std::memory_order_relaxed);
    statistics.loaded = loaded_.load(std::memory_order_relaxed);
    return statistics;
  }

 private:
  static bool pays(const ModuleState& module) { return module.engine->config.consume_fuel; }
  bool is_ready() const { return begin_.load(std::memory_order_acquire) != nullptr; }

  // A function's code, into the assembler's buffer. Nothing where there would be too much of it, or the body is not valid, which
  // nobody should see: it was prepared. Lists are filled where not null.
  std::optional<CodeShape> translate(const ModuleCode& space, u32 own_function, const PreparedCode& prepared, Assembler& assembler,
                                     std::vector<CodeOrigin>* origins = nullptr, std::vector<Listing::Part>* parts = nullptr) const {
    ModuleState& module = space.module();
    u32 index = own_function + module.info.imported_functions;
    FunctionScan scan = scan_function(module.info, index, prepared.max_operand_slots);
    CompileOptions options{.memory0_guarded = module.memory0_guarded,
                           .consume_fuel = pays(module),
                           .loop_entry = module.engine->tier_up != nullptr,
                           .random_seed = options_.random_seed,
                           .origins = origins,
                           .parts = parts};
    for (bool far_branches : {false, true}) {
      if (origins != nullptr) origins->clear();
      if (parts != nullptr) parts->clear();
      assembler.begin(far_branches);
      auto shape = options.consume_fuel
                       ? run_through<FuelSink<FunctionCompiler>>(module, space, assembler, index, scan, options)
                       : run_through<FunctionCompiler>(module, space, assembler, index, scan, options);
      if (assembler.needs_far_branches() && !far_branches) continue;
      return assembler.ok() ? std::move(shape) : std::nullopt;
    }
    return std::nullopt;
  }

  template <class Sink>
  std::optional<CodeShape> run_through(ModuleState& module, const ModuleCode& space, Assembler& assembler, u32 index,
                                       const FunctionScan& scan, const CompileOptions& options) const {
    Sink sink(module, &space, stubs_[pays(module)], assembler, index, scan, options);
    BodyDecoder<Sink> decoder(module.info, module.info.functions[index].body, sink, body_scratch());
    bool valid = decoder.decode_function(module.info.function_type(index)).has_value();
    if (!valid || sink.is_too_large()) return std::nullopt;
    return sink.take_shape();
  }

  void tell(const ModuleCode& space, u32 own_function, std::span<const u8> code) {
    if (observers_.empty()) [[likely]]
      return;
    CodePiece piece{code, space.module_name() + "!" + label_of(space, own_function), {}};
    if (observers_.want_frames()) piece.steps = frame_steps(space, own_function, code.size());
    observers_.on_code(&space, {std::move(piece)});
  }

  // Compiling again is deterministic, and code that was kept has come without them.
  std::vector<FrameStep> frame_steps(const ModuleCode& space, u32 own_function, size_t size) {
    std::vector<FrameStep> steps;
    Assembler assembler(features_);
    assembler.note_frames(&steps);
    bool is_same = translate(space, own_function, *space.module().code[own_function].prepared, assembler) && assembler.code().size() == size;
    return is_same ? steps : std::vector<FrameStep>();
  }

  static std::string label_of(const ModuleCode& space, u32 own_function) {
    const ModuleInfo& info = space.module().info;
    return info.function_label(own_function + info.imported_functions, space.names());
  }

  static std::string name_of(const ModuleCode& space, u32 own_function, const AddressReference& address) {
    switch (address.kind) {
      case AddressReference::Kind::Type: return "type " + std::to_string(space.type_index(address.address).value_or(0));
      case AddressReference::Kind::Instruction: return std::string(op_info(static_cast<Op>(address.which >> 1)).text());
      default: {
        const ModuleInfo& info = space.module().info;
        char text[32];
        std::snprintf(text, sizeof text, "module + 0x%llx",
                      static_cast<unsigned long long>(info.functions[own_function + info.imported_functions].body.offset + address.which));
        return text;
      }
    }
  }

  // With the mutex.
  bool make_stubs(bool consume_fuel) {
    if (!stubs_[consume_fuel].make(*arena_, features_, consume_fuel, observers_, this)) return false;
    wrappers_[consume_fuel].emplace(*arena_, features_, consume_fuel, observers_, this);
    return true;
  }

  // Null where the arena has no room for it.
  ModuleCode* space_of(ModuleState& module) {
    std::lock_guard lock(mutex_);
    if (pays(module) && !wrappers_[true] && !make_stubs(true)) return nullptr;
    if (!module.machine_code) module.machine_code = ModuleCode::create(arena_, map_, stubs_[pays(module)], module, observers_);
    return static_cast<ModuleCode*>(module.machine_code.get());
  }

  const void* count_left(u64 Statistics::* reason) {
    std::lock_guard lock(mutex_);
    statistics_.*reason += 1;
    return nullptr;
  }

  // A thread's own; its buffer is kept from one function to the next, and from one compiler to another for the same processor.
  Assembler& assembler() {
    static thread_local std::unique_ptr<Assembler> assembler;
    if (!assembler || assembler->features() != features_) assembler = std::make_unique<Assembler>(features_);
    return *assembler;
  }

  Options options_;
  CodeObservers observers_;
  // Made by make_ready, constant afterwards.
  Features features_;
  std::shared_ptr<CodeArena> arena_;
  Stubs stubs_[2];  // [true]: for code that pays for what it does, made for the first module of that kind
  std::optional<Wrappers> wrappers_[2];
  std::atomic<const u8*> begin_ = nullptr, end_ = nullptr;  // of the arena; begin_ when everything is there

  std::shared_ptr<CodeMap> map_ = std::make_shared<CodeMap>();
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  Statistics statistics_;
  std::atomic<u64> loop_entries_ = 0, loaded_ = 0;
};

}  // namespace

Result<std::shared_ptr<Compiler>> make_compiler(const Options& options) {
  auto compiler = std::make_shared<BaselineCompiler>(options);
  if (!options.lazy)
    if (Result<void> ready = compiler->make_ready(); !ready) return std::unexpected(std::move(ready.error()));
  return compiler;
}

}  // namespace brink::jit
