// Modules: where their bytes come from, and functions made ready at their first call.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/decode/decoder.h"
#include "engine/interpret/interpreter.h"
#include "engine/runtime/objects.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/tier.h"
#include "engine/runtime/tier_up.h"
#include "engine/validate/validator.h"

namespace brink {
namespace runtime {

ModuleState::ModuleState(const Engine& owner) : engine(owner.state()), handle(owner) {}

ModuleState::~ModuleState() {
  if (engine->tier_up) engine->tier_up->forget(*this);
  if (code != nullptr) munmap(code, (info.functions.size() - info.imported_functions) * sizeof(FunctionCode));
  if (mapping != nullptr) munmap(mapping, mapping_size);
}

Error ModuleState::locate(Error error) const {
  error.file = name;
  if (error.line == 0 && error.offset != Error::kNoOffset) {
    text::SourceMap::Entry entry = source_map.find(error.offset);
    error.line = entry.line;
    error.column = entry.column;
  }
  return error;
}

quick::QuickenOptions ModuleState::quicken_options() const {
  const Config& config = engine->config;
  return {.memory0_guarded = memory0_guarded,
          .consume_fuel = config.consume_fuel,
          .fuse = config.fuse,
          .cache_results = config.cache_results,
          .count_heat = engine->tier_up != nullptr};
}

namespace {

Result<void> check_place(const ModuleState& module, u32 function_index) {
  auto placed = check_body_place(module.info, function_index);
  if (placed) return {};
  if (module.source) module.source->refute_bodies();
  return std::unexpected(module.locate(std::move(placed.error())));
}

}  // namespace

Result<void> prepare(ModuleState& module, FunctionCode& code) {
  if (code.code.load(std::memory_order_acquire) != nullptr) return {};
  std::lock_guard lock(module.prepare_mutex);
  if (code.code.load(std::memory_order_acquire) != nullptr) return {};

  u32 own = static_cast<u32>(&code - module.code);
  u32 index = own + module.info.imported_functions;
  if (auto placed = check_place(module, index); !placed) return placed;
  quick::QuickenOptions quicken_options = module.quicken_options();
  quicken_options.arena = &module.arena;
  std::optional<PreparedCode> ready;
  if (module.source) ready = module.source->find(own);
  auto prepared =
      ready ? Result<PreparedCode>(std::move(*ready))
      : module.engine->config.quicken
          ? quick::quicken_function(module.info, index, quicken_options)
          : prepare_function(module.info, index, PrepareOptions{.memory0_guarded = module.memory0_guarded});
  if (!prepared) return std::unexpected(module.locate(std::move(prepared.error())));
  PreparedCode* kept = &module.prepared.emplace_front(std::move(*prepared));
  code.side = kept->side.data();
  code.param_slots = static_cast<u16>(kept->param_slots);
  code.result_slots = static_cast<u16>(kept->result_slots);
  code.extra_local_slots = kept->local_slot_count - kept->param_slots;
  code.frame_bytes = (code.extra_local_slots + kept->max_operand_slots) * static_cast<u32>(sizeof(u64));
  code.local_slots = kept->local_slots.data();
  code.prepared = kept;
  code.module = &module;
  const u8* first = kept->code.get();
  bool is_quick = kept->is_quick;
  if (is_quick) interpret::make_ready_for(first);
  const Config& config = module.engine->config;
  if (module.engine->tier_up)
    code.heat.store(static_cast<i32>(std::min<u32>(config.tier_threshold, INT32_MAX)), std::memory_order_relaxed);
  if (TierCompiler* compiler = config.compiler.get(); compiler != nullptr && is_quick) {
    const void* machine = nullptr;
    if (module.source)
      if (auto kept = module.source->find_machine_code(own); !kept.empty()) machine = compiler->load(module, code, kept);
    if (machine == nullptr && !module.engine->tier_up) machine = compiler->compile(module, code);
    if (machine != nullptr) {
      code.machine.store(machine, std::memory_order_release);
      first = interpret::kQuickEnterTier;
    }
  }
  code.code.store(first, std::memory_order_release);
  return {};
}

namespace {

bool is_memory0_guarded(const ModuleInfo& info) {
  const auto& memories = info.memories;
  return !memories.empty() && memories[0].limits.address == AddressType::I32 && memories[0].page_size_log2 == 16;
}

Result<void> decode(ModuleState* state, std::span<const u8> bytes, SourceFinder* cache, int file) {
  FindBodies find_bodies;
  if (cache != nullptr)
    find_bodies = [=](const ModuleInfo& declarations) {
      state->memory0_guarded = is_memory0_guarded(declarations);
      SourceFinder::Found found = cache->find_source(*state, declarations, file);
      state->source = std::move(found.source);
      return found.bodies;
    };
  auto info = decode_module(bytes, state->engine->types, state->engine->config.features, find_bodies);
  if (!info) return std::unexpected(state->locate(std::move(info.error())));
  state->info = std::move(*info);
  state->types.reserve(state->info.type_ids.size());
  for (TypeId id : state->info.type_ids) state->types.push_back(&state->engine->types.get(id));
  state->memory0_guarded = is_memory0_guarded(state->info);
  size_t own = state->info.functions.size() - state->info.imported_functions;
  if (own != 0) {
    void* code = mmap(nullptr, own * sizeof(FunctionCode), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
      return std::unexpected(state->locate(Error{ErrorKind::Limit, "cannot allocate the function table"}));
    state->code = static_cast<FunctionCode*>(code);
  }
  return {};
}

Result<void> validate_all(const ModuleState& state) {
  for (u32 i = state.info.imported_functions; i < state.info.functions.size(); ++i) {
    if (auto placed = check_place(state, i); !placed) return placed;
    auto valid = validate_function(state.info, i);
    if (!valid) return std::unexpected(state.locate(std::move(valid.error())));
  }
  return {};
}

// A file's bytes: mapped if it is a regular file, else read to the end.
class FileBytes {
 public:
  static Result<FileBytes> open(const std::string& path) {
    auto io_error = [&](const char* what) {
      Error error{ErrorKind::Io, std::string(what) + ": " + std::strerror(errno)};
      error.file = path;
      return std::unexpected(std::move(error));
    };
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error("cannot open");
    FileBytes file;
    file.descriptor.number = fd;
    struct stat status;
    if (fstat(fd, &status) != 0) return io_error("cannot stat");
    if (S_ISDIR(status.st_mode)) return errno = EISDIR, io_error("cannot read");
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
      auto size = static_cast<size_t>(status.st_size);
      void* mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (mapping == MAP_FAILED) return io_error("cannot map");
      file.mapping = mapping;
      file.mapping_size = size;
    } else {
      constexpr size_t kMaxStreamed = size_t{1} << 30;
      constexpr size_t kStep = 64 << 10;
      for (size_t size = 0;;) {
        file.owned.resize(size + kStep);
        ssize_t got = ::read(fd, file.owned.data() + size, kStep);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("cannot read");
        size += static_cast<size_t>(got);
        if (size > kMaxStreamed) return errno = EFBIG, io_error("cannot read");
        if (got != 0) continue;
        file.owned.resize(size);
        break;
      }
    }
    return file;
  }

  std::span<const u8> bytes() const {
    if (mapping != nullptr) return {static_cast<const u8*>(mapping), mapping_size};
    return owned;
  }

  struct Descriptor {
    int number = -1;
    Descriptor() = default;
    Descriptor(Descriptor&& other) noexcept : number(std::exchange(other.number, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
      if (number >= 0) ::close(number);
    }
  };
  Descriptor descriptor;
  std::vector<u8> owned;
  void* mapping = nullptr;
  size_t mapping_size = 0;
};

}  // namespace
}  // namespace runtime

Result<Module> Module::finish(std::shared_ptr<runtime::ModuleState> state, std::span<const u8> bytes, runtime::SourceFinder* cache,
                              int file) {
  auto decoded = runtime::decode(state.get(), bytes, cache, file);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  if (state->engine->config.eager_validation)
    if (auto valid = runtime::validate_all(*state); !valid) return std::unexpected(std::move(valid.error()));
  return Module(std::move(state));
}

Result<Module> Module::from_binary(const Engine& engine, std::vector<u8> bytes, std::string name) {
  auto state = std::make_shared<runtime::ModuleState>(engine);
  state->name = std::move(name);
  state->owned_bytes = std::move(bytes);
  std::span<const u8> kept = state->owned_bytes;
  return finish(std::move(state), kept);
}

Result<Module> Module::from_text(const Engine& engine, std::string_view source, std::string name) {
  auto assembled = text::assemble(source, engine.config().features);
  if (!assembled) {
    assembled.error().file = std::move(name);
    return std::unexpected(std::move(assembled.error()));
  }
  return from_assembled(engine, std::move(*assembled), std::move(name));
}

Result<Module> Module::from_assembled(const Engine& engine, text::AssembledModule assembled, std::string name) {
  auto state = std::make_shared<runtime::ModuleState>(engine);
  state->name = std::move(name);
  state->owned_bytes = std::move(assembled.bytes);
  state->source_map = std::move(assembled.source_map);
  std::span<const u8> kept = state->owned_bytes;
  return finish(std::move(state), kept);
}

Result<Module> Module::from_bytes(const Engine& engine, std::vector<u8> bytes, std::string name) {
  if (has_binary_magic(bytes)) return from_binary(engine, std::move(bytes), std::move(name));
  if (!bytes.empty() && bytes[0] == 0) return from_binary(engine, std::move(bytes), std::move(name));
  return from_text(engine, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                   std::move(name));
}

Result<Module> Module::from_file(const Engine& engine, const std::string& path, runtime::SourceFinder* cache) {
  auto file = runtime::FileBytes::open(path);
  if (!file) return std::unexpected(std::move(file.error()));
  if (file->mapping == nullptr) return from_bytes(engine, std::move(file->owned), path);

  auto state = std::make_shared<runtime::ModuleState>(engine);
  state->name = path;
  state->mapping = file->mapping;
  state->mapping_size = file->mapping_size;
  std::span<const u8> bytes = file->bytes();
  if (!has_binary_magic(bytes) && bytes[0] != 0)
    return from_text(engine, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), path);
  return finish(std::move(state), bytes, cache, file->descriptor.number);
}

Result<Module> Module::from_view(const Engine& engine, std::span<const u8> bytes, std::shared_ptr<const void> owner,
                                 std::string name, runtime::SourceFinder* cache) {
  auto state = std::make_shared<runtime::ModuleState>(engine);
  state->name = std::move(name);
  state->bytes_owner = std::move(owner);
  return finish(std::move(state), bytes, cache);
}

Result<void> Module::validate() const { return runtime::validate_all(*state_); }
const ModuleInfo& Module::info() const { return state_->info; }
const std::string& Module::name() const { return state_->name; }
const Engine& Module::engine() const { return state_->handle; }

}  // namespace brink
