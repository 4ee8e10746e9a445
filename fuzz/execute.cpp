// The target that runs modules: what it generates of the bytes must do the same in every configuration of the engine.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "fuzz/choices.h"
#include "fuzz/generate.h"
#include "fuzz/targets.h"
#ifdef BRINK_JIT
#include "jit/jit.h"
#endif

namespace brink::fuzz {
namespace {

// The configurations that are compared; the first says what is right. Some have to do where time is short.
struct Configuration {
  const char* name;
  Config config;
  bool is_essential = false;
};

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = [] {
    std::vector<Configuration> list = {
        {"bytes in place", {.quicken = false}},
        {"quick code", {}, true},
        {"quick code that pays for fuel", {.consume_fuel = true}},
        {"quick code, not fused", {.fuse = false}},
        {"quick code, results not cached", {.cache_results = false}},
        {"quick code, neither", {.fuse = false, .cache_results = false}},
    };
#ifdef BRINK_JIT
    auto compiler = [](const jit::Options& options) {
      auto made = jit::make_compiler(options);
      check(made.has_value(), "no machine code");
      return *made;
    };
    auto usual = compiler({});
    list.push_back({"machine code", {.compiler = usual}, true});
    list.push_back({"machine code for every processor", {.compiler = compiler({.baseline = true})}});
    list.push_back({"machine code, registers at random", {.compiler = compiler({.random_seed = 1})}, true});
    // Loops go on in machine code from their second and from their tenth round.
    for (u32 threshold : {2, 10}) {
      list.push_back({threshold == 2 ? "machine code, at once" : "machine code, soon", {.compiler = usual}, threshold == 2});
      list.back().config.tier_threshold = threshold;
      list.back().config.compile_in_background = false;
    }
#endif
    return list;
  }();
  return all;
}

// The configurations in which guests pay for what they do: who runs out of fuel must do so at the same place in all of them.
const std::vector<Configuration>& paying_configurations() {
  static const std::vector<Configuration> all = [] {
    std::vector<Configuration> list;
    for (const Configuration& configuration : configurations()) {
      if (!configuration.config.quicken || configuration.config.consume_fuel) continue;
      list.push_back(configuration);
      list.back().config.consume_fuel = true;
    }
    return list;
  }();
  return all;
}

// What calls may use of the engine's fuel, which is another than the guest's own; those that come after: as much as they want.
struct Metering {
  std::vector<u64> given;
  std::vector<u64> used = {};
  static constexpr u64 kPlenty = u64{1} << 40;
};

// Enough for loops to be hot, little enough for thousands of modules a minute.
constexpr i32 kFuel = 300;
// Frames are as large as a configuration makes them, so the stack must not be what ends a module: the fuel is.
constexpr u64 kStackBytes = 64u << 20;

// FNV-1a, eight bytes at a time.
u64 hash_of(std::span<const u8> bytes, u64 hash = 0xCBF29CE484222325u) {
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    u64 word;
    std::memcpy(&word, bytes.data() + i, 8);
    hash = (hash ^ word) * 0x100000001B3u;
    hash ^= hash >> 29;
  }
  for (; i < bytes.size(); ++i) hash = (hash ^ bytes[i]) * 0x100000001B3u;
  return hash;
}

// Everything a module does that can be seen from outside, in its order; equal for equal behaviour.
class Transcript {
 public:
  void add(std::string line) { lines_.push_back(std::move(line)); }
  void add_bytes(const char* what, std::span<const u8> bytes) {
    add(std::string(what) + ": " + std::to_string(bytes.size()) + " bytes, hash " + std::to_string(hash_of(bytes)));
  }
  const std::vector<std::string>& lines() const { return lines_; }
  u64 digest() const {
    u64 hash = hash_of({});
    for (const std::string& line : lines_) hash = hash_of({reinterpret_cast<const u8*>(line.data()), line.size()}, hash);
    return hash;
  }

 private:
  std::vector<std::string> lines_;
};

// References have other addresses in every store.
std::string describe(const Value& value) {
  if (value.type().is_ref()) return value.is_null() ? "null" : "reference";
  return value.to_string();
}

Value argument(Choices& choices, const Instance& instance, ValueType type) {
  switch (type.kind()) {
    case TypeKind::I32: return Value::i32(static_cast<i32>(choices.bits(choices.one_in(2) ? 4 : 1)));
    case TypeKind::I64: return Value::i64(static_cast<i64>(choices.bits(choices.one_in(2) ? 8 : 1)));
    case TypeKind::F32: return Value::from_bits(kF32, choices.bits(4));
    case TypeKind::F64: return Value::from_bits(kF64, choices.bits(8));
    case TypeKind::V128: {
      u64 low = choices.bits(8);
      return Value::from_bits(kV128, low, choices.bits(8));
    }
    default: {
      bool is_function = type == kFuncRef && choices.one_in(2);
      return Value::reference(type, is_function ? instance.get_function("f0")->reference() : 0);
    }
  }
}

Transcript run(const Bytes& bytes, const Config& config, std::span<const u8> arguments, Metering* metering = nullptr) {
  Transcript transcript;
  Engine engine(config);
  auto module = Module::from_binary(engine, bytes);
  if (!module) {
    transcript.add("error: not a module: " + module.error().to_string());
    return transcript;
  }
  if (auto valid = module->validate(); !valid) {
    transcript.add("error: not valid: " + valid.error().to_string());
    return transcript;
  }
  Store store(engine, {.stack_bytes = kStackBytes});
  Linker linker(engine);
  linker.define_function("host", "note", [&](u32 value) -> u32 {
    transcript.add("note " + std::to_string(value) + (metering ? " with " + std::to_string(store.fuel()) : ""));
    return value * 2654435761u;
  });
  std::optional<Trap> trap;
  auto instance = linker.instantiate(store, *module, &trap);
  if (!instance) {
    transcript.add("error: no instance: " + instance.error().message);
    return transcript;
  }
  Choices choices(arguments);
  Global fuel = *instance->get_global("fuel");
  for (u32 i = 0;; ++i) {
    auto function = instance->get_function("f" + std::to_string(i));
    if (!function) break;
    check(fuel.set(Value::i32(kFuel)), "the fuel cannot be set");
    std::vector<Value> given;
    for (ValueType type : function->type().params) given.push_back(argument(choices, *instance, type));
    u64 paid = metering && i < metering->given.size() ? metering->given[i] : Metering::kPlenty;
    store.set_fuel(paid);
    auto outcome = function->call(given);
    std::string line = "f" + std::to_string(i) + ":";
    if (outcome) {
      for (const Value& value : *outcome) line += " " + describe(value);
    } else {
      line += std::string(" trap: ") + trap_message(outcome.error().kind());
      if (metering && !outcome.error().backtrace().empty())
        line += " at " + std::to_string(outcome.error().backtrace()[0].module_offset);
    }
    if (metering) {
      metering->used.push_back(paid - store.fuel());
      line += ", left " + std::to_string(store.fuel());
    }
    transcript.add(line + ", fuel " + fuel.get().to_string());
  }
  for (u32 i = 0; auto global = instance->get_global("g" + std::to_string(i)); ++i)
    transcript.add("g" + std::to_string(i) + ": " + describe(global->get()));
  for (u32 i = 0; auto memory = instance->get_memory("m" + std::to_string(i)); ++i)
    transcript.add_bytes(("m" + std::to_string(i)).c_str(), *memory->span(0, memory->size_bytes()));
  Table table = *instance->get_table("t0");
  std::string elements = "t0:";
  for (u64 i = 0; i < table.size(); ++i) elements += *table.get(i) == 0 ? " null" : " reference";
  transcript.add(std::move(elements));
  return transcript;
}

// BRINK_FUZZ_MODULE=FILE: where to write the module of a finding, or of every input.
void keep(const Bytes& module) {
  const char* path = std::getenv("BRINK_FUZZ_MODULE");
  if (path == nullptr) return;
  if (std::FILE* file = std::fopen(path, "wb")) {
    std::fwrite(module.data(), 1, module.size(), file);
    std::fclose(file);
  }
}

// The first configuration's transcript is what the others must have as well; its digest.
u64 compare(const std::vector<Configuration>& all, Configurations which, const Bytes& module, std::span<const u8> arguments,
            Metering* metering) {
  std::optional<Transcript> expected;
  const char* first = nullptr;
  for (const Configuration& configuration : all) {
    if (which == Configurations::Essential && !configuration.is_essential) continue;
    if (metering) metering->used.clear();
    Transcript found = run(module, configuration.config, arguments, metering);
    if (!expected) {
      expected = std::move(found);
      first = configuration.name;
      check(!expected->lines()[0].starts_with("error"), expected->lines()[0].c_str());
      continue;
    }
    for (size_t i = 0; i < std::max(found.lines().size(), expected->lines().size()); ++i) {
      std::string wanted = i < expected->lines().size() ? expected->lines()[i] : "the end";
      std::string got = i < found.lines().size() ? found.lines()[i] : "the end";
      if (wanted != got)
        broken((std::string(configuration.name) + (metering ? ", paying: " : ": ") + got + "; " + first + ": " + wanted).c_str());
    }
  }
  return expected->digest();
}

}  // namespace

u64 execute_in(Configurations which, std::span<const u8> bytes) {
  // What the arguments are comes from the front, so that a longer body leaves them as they are.
  std::span<const u8> arguments = bytes.first(std::min<size_t>(bytes.size(), 32));
  Bytes module = generate_module(bytes.subspan(arguments.size()));
  keep(module);
  u64 digest = compare(configurations(), which, module, arguments, nullptr);
  // Each call with some part of what it would use.
  Metering metering;
  run(module, paying_configurations().front().config, arguments, &metering);
  u64 random = 0xCBF29CE484222325u;
  for (u8 byte : bytes) random = (random ^ byte) * 0x100000001B3u;
  for (u64 used : metering.used) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    metering.given.push_back((random >> 33) % (used + 2));
  }
  return digest ^ std::rotl(compare(paying_configurations(), which, module, arguments, &metering), 1);
}

void execute(std::span<const u8> bytes) { execute_in(Configurations::All, bytes); }

}  // namespace brink::fuzz
