#include "engine/cache/program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "engine/cache/build_id.h"
#include "engine/cache/cache.h"
#include "engine/cache/source.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/tier.h"

namespace brink::cache {
namespace {

constexpr u64 kMagic = 0x3170'6b6e'6972'6200;  // "\0brinkp1"
constexpr u64 kUnit = 16;
constexpr size_t kBuildIdBytes = 32;

struct ProgramHeader {
  u64 magic;
  u64 module_offset;
  u64 module_size;
  u64 cache_offset;
  u64 cache_size;
  u64 features_allowed;
  u64 compiler_key;
  u32 quicken_options;
  u32 reserved;
  u8 build_id[kBuildIdBytes];
};
static_assert(sizeof(ProgramHeader) % kUnit == 0);

u64 round_up(u64 bytes) { return (bytes + kUnit - 1) & ~(kUnit - 1); }

// `declarations`: as of identify().
ProgramHeader header_for(const runtime::ModuleState& module, const ModuleInfo& declarations) {
  ProgramHeader header{};
  header.magic = kMagic;
  header.features_allowed = declarations.features_allowed.bits();
  if (module.engine->config.compiler) header.compiler_key = module.engine->config.compiler->key();
  header.quicken_options = module.quicken_options().bits();
  std::memcpy(header.build_id, build_id().data(), kBuildIdBytes);
  return header;
}

struct CompiledFunction {
  std::optional<PreparedCode> prepared;
  std::vector<u8> machine_code;
};

// All functions, taken by whichever thread is free; the first error.
Result<std::vector<CompiledFunction>> compile_functions(runtime::ModuleState& module, u32 threads) {
  runtime::TierCompiler& compiler = *module.engine->config.compiler;
  const u32 count = own_function_count(module.info);
  std::vector<CompiledFunction> functions(count);
  std::atomic<u32> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  u32 failed = count;
  auto work = [&] {
    constexpr u32 kShare = 16;
    for (u32 begin = next.fetch_add(kShare); begin < count; begin = next.fetch_add(kShare))
      for (u32 i = begin; i < std::min(count, begin + kShare); ++i) {
        auto prepared = quick::quicken_function(module.info, i + module.info.imported_functions, module.quicken_options());
        if (!prepared) {
          std::lock_guard lock(mutex);
          if (i < failed) failed = i, failure = module.locate(std::move(prepared.error()));
          return;
        }
        functions[i].machine_code = compiler.assemble(module, i, *prepared);
        functions[i].prepared = std::move(*prepared);
      }
  };
  std::vector<std::jthread> others;
  for (u32 i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  others.clear();
  if (failure) return std::unexpected(std::move(*failure));
  return functions;
}

// The whole of a file: mapped where nobody but this user can change it meanwhile, else read.
struct FileBytes {
  std::span<const u8> bytes;
  std::shared_ptr<const void> owner;
};

FileBytes map_file(int fd, size_t size) {
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (mapping == MAP_FAILED) return {};
  std::shared_ptr<const void> owner(static_cast<const void*>(mapping),
                                    [size](const void* at) { ::munmap(const_cast<void*>(at), size); });
  return {{static_cast<const u8*>(mapping), size}, std::move(owner)};
}

FileBytes own(std::vector<u8> bytes) {
  auto owner = std::make_shared<const std::vector<u8>>(std::move(bytes));
  return {*owner, owner};
}

FileBytes read_file(int fd, size_t size) {
  std::vector<u8> bytes(size);
  size_t done = 0;
  while (done < size) {
    ssize_t count = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    done += static_cast<size_t>(count);
  }
  return own(std::move(bytes));
}

std::optional<FileBytes> open_program_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  FileBytes file;
  struct stat status{};
  u8 magic[sizeof kMagic];
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ::pread(fd, magic, sizeof magic, 0) == sizeof magic &&
      is_program(magic)) {
    auto size = static_cast<size_t>(status.st_size);
    file = is_ours_alone(status) ? map_file(fd, size) : read_file(fd, size);
  }
  ::close(fd);
  if (file.owner == nullptr) return std::nullopt;
  return file;
}

// Why the compiled code cannot be used; empty: it can.
std::string reason_against(const ProgramHeader& header, const runtime::ModuleState& module, const ModuleInfo& declarations) {
  if (!module.engine->config.quicken) return "this run uses no quick code";
  ProgramHeader wanted = header_for(module, declarations);
  if (std::memcmp(header.build_id, wanted.build_id, kBuildIdBytes) != 0)
    return "it was compiled by another build of brink";
  if (header.features_allowed != wanted.features_allowed || header.quicken_options != wanted.quicken_options)
    return "it was compiled for other options (--tier, --fuel, -W)";
  if (module.engine->config.compiler && header.compiler_key != wanted.compiler_key)
    return "it was compiled for another processor (--cpu)";
  return {};
}

// Finds the compiled code of a program while the module in it is loaded, with where the bodies are, so that the code section need not be read.
class ProgramFinder final : public runtime::SourceFinder {
 public:
  ProgramFinder(const FileBytes& file, const std::string& secret_file) : file_(file), secret_file_(secret_file) {}

  ProgramHeader header{};
  // Why the compiled code is not used; empty: it is, or nobody has asked.
  std::string reason;
  bool was_asked = false;

  Found find_source(runtime::ModuleState& module, const ModuleInfo& declarations, int) override {
    was_asked = true;
    reason = reason_against(header, module, declarations);
    if (!reason.empty()) return {};
    std::optional<Authenticator> authenticator;
    if (!secret_file_.empty()) authenticator = open_authenticator(secret_file_);
    if (!authenticator) return reason = "there is no secret to check it by", Found{};
    Identity identity = identify(*authenticator, module, declarations);
    auto cached = CacheFile::view(file_.bytes.subspan(header.cache_offset, header.cache_size), file_.owner, identity,
                                  own_function_count(declarations));
    if (!cached) return reason = "it was compiled with another secret, or has been changed", Found{};
    std::span<const ByteRange> bodies = cached->bodies(*authenticator, identity);
    return {std::make_unique<Source>(module, declarations, *authenticator, identity, std::move(*cached), std::string()), bodies};
  }

 private:
  const FileBytes& file_;
  const std::string& secret_file_;
};

// The module in a program, whose header it fills.
Result<Module> module_of(const Engine& engine, const FileBytes& file, const std::string& name, ProgramHeader& header,
                         ProgramFinder* finder = nullptr) {
  if (file.bytes.size() >= sizeof header) std::memcpy(&header, file.bytes.data(), sizeof header);
  auto is_inside = [&](u64 offset, u64 size) { return offset <= file.bytes.size() && size <= file.bytes.size() - offset; };
  if (header.magic != kMagic || header.module_offset < sizeof header ||
      !is_inside(header.module_offset, header.module_size) || !is_inside(header.cache_offset, header.cache_size) ||
      header.cache_offset % kUnit != 0) {
    Error error{ErrorKind::Invalid, "a compiled program that is damaged or not whole", Error::kNoOffset, 0, 0, name};
    return std::unexpected(std::move(error));
  }
  return Module::from_view(engine, file.bytes.subspan(header.module_offset, header.module_size), file.owner, name, finder);
}

Result<Program> program_of(const Engine& engine, FileBytes file, std::string name, const std::string& secret_file) {
  ProgramFinder finder(file, secret_file);
  Result<Module> module = module_of(engine, file, name, finder.header, &finder);
  if (!module) return std::unexpected(std::move(module.error()));
  runtime::ModuleState& state = *module->state();
  if (!finder.was_asked) state.source = finder.find_source(state, state.info, -1).source;  // there is no code section
  if (finder.reason.empty()) return Program{std::move(*module), {}};
  return Program{std::move(*module), name + ": its compiled code is not used, only the module in it: " + finder.reason};
}

}  // namespace

bool is_program(std::span<const u8> bytes) {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), &kMagic, sizeof kMagic) == 0;
}

Result<std::vector<u8>> compile_program(const Module& module, const Authenticator& authenticator, u32 threads,
                                        CompileFigures* figures) {
  runtime::ModuleState& state = *module.state();
  if (!state.engine->config.compiler || !state.engine->config.quicken)
    return fail(ErrorKind::Unsupported, "without a compiler there is nothing to compile");
  auto functions = compile_functions(state, threads);
  if (!functions) return std::unexpected(std::move(functions.error()));
  const ModuleInfo& info = state.info;
  CacheFileWriter writer(identify(authenticator, state, info), own_function_count(info));
  CompileFigures found{.functions = own_function_count(info), .code_bytes = info.code_section.size};
  for (u32 i = 0; i < functions->size(); ++i) {
    CompiledFunction& function = (*functions)[i];
    CodedBody body = body_of(info, i);
    writer.add(authenticator, i, body, *function.prepared);
    if (function.machine_code.empty()) ++found.interpreted;
    else writer.add_machine_code(authenticator, i, body, function.machine_code);
    found.machine_bytes += function.machine_code.size();
    function = {};
  }
  std::vector<ByteRange> bodies;
  bodies.reserve(own_function_count(info));
  for (u32 i = info.imported_functions; i < info.functions.size(); ++i) bodies.push_back(info.functions[i].body);
  writer.add_bodies(authenticator, bodies);
  std::optional<std::vector<u8>> cached = writer.finish();
  if (!cached) return fail(ErrorKind::Limit, "the compiled program would be larger than a file may be");
  ProgramHeader header = header_for(state, info);
  header.module_offset = sizeof header;
  header.module_size = info.bytes.size();
  header.cache_offset = round_up(header.module_offset + header.module_size);
  header.cache_size = cached->size();
  std::vector<u8> out;
  out.reserve(header.cache_offset + header.cache_size);
  const u8* begin = reinterpret_cast<const u8*>(&header);
  out.insert(out.end(), begin, begin + sizeof header);
  out.insert(out.end(), info.bytes.begin(), info.bytes.end());
  out.resize(header.cache_offset);
  out.insert(out.end(), cached->begin(), cached->end());
  if (figures != nullptr) *figures = found;
  return out;
}

// Without a secret nothing compiled is used.
Result<Module> open_module(const Engine& engine, const std::string& path) {
  Result<Program> program = open_program(engine, path, {}, nullptr);
  if (!program) return std::unexpected(std::move(program.error()));
  return std::move(program->module);
}

// An ordinary module pays nothing for the question whether it is a program: it is asked when the file is no module.
Result<Program> open_program(const Engine& engine, const std::string& path, const std::string& secret_file, Cache* cache) {
  Result<Module> module = Module::from_file(engine, path, cache);
  if (module) return Program{std::move(*module), {}};
  auto file = open_program_file(path);
  if (!file) return std::unexpected(std::move(module.error()));
  return program_of(engine, std::move(*file), path, secret_file);
}

Result<Program> read_program(const Engine& engine, std::vector<u8> bytes, std::string name, const std::string& secret_file) {
  if (is_program(bytes)) return program_of(engine, own(std::move(bytes)), std::move(name), secret_file);
  Result<Module> module = Module::from_bytes(engine, std::move(bytes), std::move(name));
  if (!module) return std::unexpected(std::move(module.error()));
  return Program{std::move(*module), {}};
}

}  // namespace brink::cache
