// The cache gives back what was prepared, and nothing that was not: whatever happens to its files, results are right.
#include "engine/cache/cache.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <random>

#include "engine/cache/build_id.h"

namespace brink::cache {
namespace {

namespace fs = std::filesystem;
using Counts = Cache::Counts;

// Each kind of thing that is kept of a function: code, try regions of both kinds with their clauses and side entries,
// slots of v128 locals, more slots than fit a byte.
std::string program(std::string_view constant = "1000") {
  std::string many;
  for (int i = 0; i < 300; ++i) many += " i32";
  return R"((module
    (type $t (func (result i32)))
    (memory 1)
    (tag $tag (param i32))
    (table funcref (elem $loop $plain))
    (func $plain (export "plain") (result i32) (i32.add (i32.const )" +
         std::string(constant) + R"() (i32.const 1)))
    (func $loop (export "loop") (result i32) (local $i i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $i))))
        (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $sum))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
      (i32.load (i32.const 36)))
    (func $thrower (throw $tag (i32.const 7)))
    (func (export "catches") (result i32)
      (block $all
        (return (block $h (result i32) (try_table (catch $tag $h) (catch_all $all) (call $thrower)) (unreachable))))
      (i32.const 0))
    (func (export "legacy") (result i32)
      (try (result i32) (do (call $thrower) (i32.const 0)) (catch $tag (i32.const 1) (i32.add)) (catch_all (i32.const 2))))
    (func (export "vector") (result i32) (local $v v128) (local $x i32)
      (local.set $x (i32.const 4))
      (local.set $v (i32x4.splat (i32.const 5)))
      (i32.mul (local.get $x) (i32x4.extract_lane 2 (local.get $v))))
    (func (export "wide") (result i32) (local)" +
         many + R"()
      (local.set 299 (i32.const 3)) (i32.mul (local.get 299) (local.get 299)))
    (func (export "table") (result i32)
      (block $a (block $b (block $c (br_table $a $b $c (i32.const 1)))) (return (i32.const 11)))
      (call_indirect (type $t) (i32.const 0)))
    (func (export "float") (result f64) (f64.sqrt (f64.convert_i32_s (call $loop))))
  ))";
}

constexpr u32 kFunctions = 9;

struct Expected {
  const char* name;
  u64 bits;
};
constexpr Expected kExpected[] = {
    {"plain", 1001}, {"loop", 285}, {"catches", 7}, {"legacy", 8},
    {"vector", 20},  {"wide", 9},   {"table", 11},  {"float", 0x4030E1C7047B3B51},
};

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() {
    char name[] = "/tmp/brink-cache-XXXXXX";
    folder = ::mkdtemp(name);
    options = {.folder = folder / "cache", .secret_file = folder / "keys" / "secret", .min_code_bytes = 0, .min_code_bytes_for_places = 0};
    bytes = assemble(program());
  }
  ~CacheTest() override {
    std::error_code ignored;
    fs::permissions(folder / "cache", fs::perms::owner_all, ignored);
    fs::remove_all(folder, ignored);
  }

  static std::vector<u8> assemble(const std::string& text) {
    auto module = Module::from_text(Engine(), text);
    EXPECT_TRUE(module) << module.error().to_string();
    std::span<const u8> all = module->info().bytes;
    return {all.begin(), all.end()};
  }

  // Runs everything with a cache, as a process of its own would, and saves. True if all results are right.
  bool run(const std::vector<u8>& module_bytes, Counts& counts, bool save = true, u64 plain = 1001) {
    return run([&](const Engine& engine, Cache*) { return Module::from_binary(engine, module_bytes); }, counts, save, plain);
  }
  bool run_file(Counts& counts, u64 plain = 1001) {
    return run([&](const Engine& engine, Cache* cache) { return Module::from_file(engine, module_file(), cache); }, counts, true,
               plain);
  }
  std::string module_file() const { return folder / "module.wasm"; }
  // By another name first: a file that is written anew may keep the time of its last change on systems with coarse clocks.
  void write_module(const std::vector<u8>& content) const {
    write(folder / "new.wasm", content);
    fs::permissions(folder / "new.wasm", fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(folder / "new.wasm", module_file());
  }

  bool run(const std::function<Result<Module>(const Engine&, Cache*)>& load, Counts& counts, bool save, u64 plain) {
    std::shared_ptr<Cache> cache = Cache::open(options);
    Engine engine(config);
    auto module = load(engine, cache.get());
    if (!module) return false;
    if (cache) cache->attach(*module);
    Store store(engine);
    auto instance = Linker(engine).instantiate(store, *module);
    if (!instance) return false;
    for (const Expected& expected : kExpected) {
      auto function = instance->get_function(expected.name);
      if (!function) continue;
      auto results = function->call({});
      u64 wanted = std::string_view(expected.name) == "plain" ? plain : expected.bits;
      if (!results || results->at(0).bits() != wanted) {
        std::cerr << expected.name << ": "
                  << (results ? results->at(0).to_string() : results.error().to_string()) << '\n';
        return false;
      }
    }
    counts = Cache::counts(*module);
    if (cache && save) cache->save(*module);
    return true;
  }

  Counts run_right(bool save = true) {
    Counts counts;
    EXPECT_TRUE(run(bytes, counts, save));
    return counts;
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder / "cache", ignored)) found.push_back(entry.path());
    return found;
  }
  static std::vector<u8> read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, const std::vector<u8>& content) {
    // A file cut to nothing and written anew goes to the disk at once on some file systems, which takes milliseconds.
    std::error_code missing;
    bool has_size = fs::is_regular_file(path, missing) && fs::file_size(path, missing) == content.size();
    std::ofstream out(path, std::ios::binary | (has_size ? std::ios::in | std::ios::out : std::ios::trunc));
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }

  fs::path folder;
  Config config;
  Options options;
  std::vector<u8> bytes;
};

constexpr Counts kCold{0, kFunctions}, kWarm{kFunctions, 0};

TEST_F(CacheTest, TheSecondRunPreparesNothing) {
  ASSERT_EQ(build_id().size(), 32u);
  EXPECT_EQ(run_right(), kCold);
  ASSERT_EQ(files().size(), 1u);
  std::vector<u8> first = read(files()[0]);
  EXPECT_EQ(run_right(), kWarm);
  EXPECT_EQ(read(files()[0]), first);
}

TEST_F(CacheTest, FilesAndSecretAreTheUsersAlone) {
  run_right();
  struct stat status{};
  ASSERT_EQ(::stat(files()[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder / "cache").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(options.secret_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 32);
}

TEST_F(CacheTest, FunctionsAddUp) {
  auto some = [&](std::initializer_list<const char*> names) {
    std::shared_ptr<Cache> cache = Cache::open(options);
    Engine engine;
    auto module = Module::from_binary(engine, bytes);
    cache->attach(*module);
    Store store(engine);
    auto instance = Linker(engine).instantiate(store, *module);
    for (const char* name : names) EXPECT_TRUE(instance->get_function(name)->call({}));
    cache->save(*module);
    return Cache::counts(*module);
  };
  EXPECT_EQ(some({"plain", "wide"}), (Counts{0, 2}));
  EXPECT_EQ(some({"plain", "vector"}), (Counts{1, 1}));
  EXPECT_EQ(some({"wide", "vector", "plain"}), (Counts{3, 0}));
}

TEST_F(CacheTest, ABodyThatHasChangedIsPreparedAnew) {
  run_right();
  std::vector<u8> changed = assemble(program("2000"));
  ASSERT_EQ(changed.size(), bytes.size());
  Counts counts;
  EXPECT_TRUE(run(changed, counts, true, 2001));
  EXPECT_EQ(counts, (Counts{kFunctions - 1, 1}));
}

TEST_F(CacheTest, OtherDeclarationsAreAnotherFile) {
  run_right();
  std::string text = program();
  text.replace(text.find("(memory 1)"), 10, "(memory 2)");
  Counts counts;
  EXPECT_TRUE(run(assemble(text), counts));
  EXPECT_EQ(counts, kCold);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(CacheTest, OtherOptionsAreAnotherFile) {
  run_right();
  config.consume_fuel = true;
  EXPECT_EQ(run_right(), kCold);
  config.features.remove(Feature::Threads);
  EXPECT_EQ(run_right(), kCold);
  EXPECT_EQ(run_right(), kWarm);
  EXPECT_EQ(files().size(), 3u);
  config = Config();
  EXPECT_EQ(run_right(), kWarm);
  config.fuse = false;
  EXPECT_EQ(run_right(), kCold);
  config.cache_results = false;
  EXPECT_EQ(run_right(), kCold);
  config.quicken = false;
  EXPECT_EQ(run_right(), Counts{});
}

TEST_F(CacheTest, AnotherSecretTrustsNothing) {
  run_right();
  fs::path file = files()[0];
  std::vector<u8> foreign = read(file);
  fs::remove(options.secret_file);
  EXPECT_EQ(run_right(), kCold);
  ASSERT_EQ(files().size(), 2u);
  // Under the name that the new secret gives the module: the identity in it is not the wanted one.
  fs::path own = files()[0] == file ? files()[1] : files()[0];
  std::vector<u8> genuine = read(own);
  write(own, foreign);
  EXPECT_EQ(run_right(false), kCold);
  // With the right header, too.
  std::vector<u8> forged = foreign;
  std::copy_n(genuine.begin(), 32, forged.begin());
  write(own, forged);
  EXPECT_EQ(run_right(), kCold);
  EXPECT_EQ(run_right(), kWarm);
}

TEST_F(CacheTest, ASecretThatOthersCanReadIsNotUsed) {
  run_right();
  fs::permissions(options.secret_file, fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(run_right(), Counts{});
  fs::remove(options.secret_file);
  fs::create_symlink("/dev/zero", options.secret_file);
  EXPECT_EQ(run_right(), Counts{});
  fs::remove(options.secret_file);
  write(options.secret_file, {1, 2, 3});
  fs::permissions(options.secret_file, fs::perms::owner_read);
  EXPECT_EQ(run_right(), Counts{});
}

// An authentic entry in another function's place.
TEST_F(CacheTest, EntriesDoNotStandForEachOther) {
  run_right();
  std::vector<u8> file = read(files()[0]);
  constexpr size_t kPlaces = 32 + 8 * 24;
  std::vector<u8> swapped = file;
  std::swap_ranges(swapped.begin() + kPlaces, swapped.begin() + kPlaces + 4, swapped.begin() + kPlaces + 4);
  ASSERT_NE(swapped, file);
  write(files()[0], swapped);
  EXPECT_EQ(run_right(), (Counts{kFunctions - 2, 2}));
}

TEST_F(CacheTest, TruncatedFilesAreIgnored) {
  run_right();
  fs::path file = files()[0];
  std::vector<u8> whole = read(file);
  for (size_t size = 0; size < whole.size(); size += 1 + size / 16) {
    write(file, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    Counts counts;
    ASSERT_TRUE(run(bytes, counts, false)) << size;
    ASSERT_LT(counts.from_file, kFunctions) << size;
  }
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(run_right(), kCold);
}

// One to eight bits anywhere, never a wrong result. What was hit is prepared, and then written anew.
// BRINK_CACHE_TRIES=10000 for the long version.
TEST_F(CacheTest, FlippedBitsAreNoticed) {
  run_right();
  fs::path file = files()[0];
  const std::vector<u8> whole = read(file);
  std::mt19937 random(20261125);
  u32 noticed = 0;
  const char* wanted = std::getenv("BRINK_CACHE_TRIES");
  const int tries = wanted != nullptr ? std::atoi(wanted) : 2000;
  for (int i = 0; i < tries; ++i) {
    std::vector<u8> damaged = whole;
    for (u32 flips = random() % 8 + 1; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<u8>(1u << random() % 8);
    write(file, damaged);
    Counts counts;
    ASSERT_TRUE(run(bytes, counts, false)) << "try " << i;
    noticed += counts.prepared != 0;
  }
  // What is not noticed hit padding, unused sections or their reserved fields.
  EXPECT_GT(noticed, static_cast<u32>(tries) / 2);
  std::vector<u8> damaged = whole;
  damaged[damaged.size() - 20] ^= 1;
  write(file, damaged);
  EXPECT_EQ(run_right().prepared, 1u);
}

TEST_F(CacheTest, GarbageOfEverySizeIsIgnored) {
  run_right();
  fs::path file = files()[0];
  std::vector<u8> header = read(file);
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::vector<u8> garbage(random() % 4096);
    for (u8& byte : garbage) byte = static_cast<u8>(random());
    // Half of them with a header that is right, so that the sections are looked at.
    if (i % 2 && garbage.size() > 32) std::copy_n(header.begin(), 32, garbage.begin());
    // And a quarter with sections that claim all there is.
    if (i % 4 == 3 && garbage.size() > 256) std::copy_n(header.begin(), 80, garbage.begin());
    write(file, garbage);
    ASSERT_EQ(run_right(false), kCold) << i;
  }
}

TEST_F(CacheTest, AFolderThatCannotBeWrittenDoesNoHarm) {
  fs::create_directory(folder / "cache");
  fs::permissions(folder / "cache", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(run_right(), kCold);
  EXPECT_EQ(files().size(), ::geteuid() == 0 ? 1u : 0u);  // root writes all the same
  options.folder = "/proc/self/brink-cache";
  EXPECT_EQ(run_right(), kCold);
  options.folder = folder / "file";
  write(options.folder, {1});
  EXPECT_EQ(run_right(), kCold);
  options.folder = folder / "file" / "below";
  options.secret_file = options.folder + "/secret";
  EXPECT_EQ(run_right(), Counts{});
}

TEST_F(CacheTest, AFullDiskLeavesNothingBehind) {
  run_right();
  fs::remove(files()[0]);
  struct rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight{512, old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_EQ(run_right(), kCold);
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(run_right(), kCold);
  EXPECT_EQ(run_right(), kWarm);
}

TEST_F(CacheTest, TheFolderStaysWithinItsSize) {
  run_right();
  u64 size = fs::file_size(files()[0]);
  options.max_bytes = 3 * size + size / 2;
  fs::path first = files()[0];
  fs::last_write_time(first, fs::file_time_type::clock::now() - std::chrono::hours(48));
  fs::path abandoned = folder / "cache" / "0.brink-cache.1.new";
  write(abandoned, {1});
  fs::last_write_time(abandoned, fs::file_time_type::clock::now() - std::chrono::hours(2));
  fs::path others = folder / "cache" / "notes.txt";
  write(others, std::vector<u8>(10 * size));
  for (int pages = 2; pages < 8; ++pages) {
    std::string text = program();
    text.replace(text.find("(memory 1)"), 10, "(memory " + std::to_string(pages) + ")");
    Counts counts;
    ASSERT_TRUE(run(assemble(text), counts));
  }
  EXPECT_FALSE(fs::exists(first));
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(others));
  EXPECT_EQ(files().size(), 1u + 3u);
  // A file that is in use is young.
  first = files()[0] == others ? files()[1] : files()[0];
  options.max_bytes = size / 2;
  EXPECT_EQ(run_right(), kCold);
  EXPECT_EQ(files().size(), 4u);
}

TEST_F(CacheTest, SixteenProcessesAtOnce) {
  std::vector<pid_t> children;
  for (int i = 0; i < 16; ++i) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool is_right = true;
      for (int round = 0; round < 20 && is_right; ++round) {
        Counts counts;
        is_right = run(bytes, counts);
        // Some throw everything away meanwhile.
        std::error_code ignored;
        if (i % 5 == 0)
          for (const fs::path& file : files()) fs::remove(file, ignored);
      }
      ::_exit(is_right ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  run_right();
  EXPECT_EQ(run_right(), kWarm);
  for (const fs::path& file : files()) EXPECT_TRUE(file.string().ends_with(".brink-cache")) << file;
}

TEST_F(CacheTest, ThePlacesOfBodiesAreKept) {
  options.settled_after_seconds = 0;
  write_module(bytes);
  constexpr Counts kCompletelyWarm{kFunctions, 0, 0, true};
  Counts counts;
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(counts, kCold);
  EXPECT_EQ(files().size(), 2u);
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(counts, kCompletelyWarm);
  // Another file, of the same bytes: its functions are known, their places are not.
  write_module(bytes);
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(counts, kWarm);
  EXPECT_EQ(files().size(), 3u);
  // And one that has other bodies, elsewhere.
  std::string text = program("2000");
  text.replace(text.find("(i32.const 36)"), 14, "(i32.const 036)(nop)(nop)");
  write_module(assemble(text));
  ASSERT_TRUE(run_file(counts, 2001));
  EXPECT_EQ(counts, (Counts{kFunctions - 2, 2}));
  ASSERT_TRUE(run_file(counts, 2001));
  EXPECT_TRUE(counts.are_places_from_file);
}

TEST_F(CacheTest, PlacesAreNotKeptOfFilesThatMayChangeUnseen) {
  write_module(bytes);
  options.settled_after_seconds = 3600;
  Counts counts;
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(files().size(), 1u);
  options.settled_after_seconds = 0;
  fs::permissions(module_file(), fs::perms::owner_read | fs::perms::others_write);
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(counts, kWarm);
  // Nor is what was kept used then.
  fs::permissions(module_file(), fs::perms::owner_read);
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(files().size(), 2u);
  options.settled_after_seconds = 3600;
  ASSERT_TRUE(run_file(counts));
  EXPECT_EQ(counts, kWarm);
}

TEST_F(CacheTest, PlacesWithFlippedBitsAreNotUsed) {
  options.settled_after_seconds = 0;
  write_module(bytes);
  Counts counts;
  ASSERT_TRUE(run_file(counts));
  constexpr size_t kPlacesBytes = 32 + kFunctions * 8;
  fs::path file = files()[fs::file_size(files()[0]) == kPlacesBytes ? 0 : 1];
  const std::vector<u8> whole = read(file);
  ASSERT_EQ(whole.size(), kPlacesBytes);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::vector<u8> damaged = whole;
    damaged[i] ^= static_cast<u8>(1u << i % 8);
    write(file, damaged);
    ASSERT_TRUE(run_file(counts)) << i;  // writes it anew
    ASSERT_EQ(counts, kWarm) << i;
    ASSERT_EQ(read(file), whole) << i;
  }
  for (size_t size : {size_t{0}, size_t{31}, whole.size() - 8, whole.size() + 8}) {
    std::vector<u8> other = whole;
    other.resize(size);
    write(file, other);
    ASSERT_TRUE(run_file(counts)) << size;
    ASSERT_EQ(counts, kWarm) << size;
  }
}

// Somebody who is wrong about the places, in any way, makes for an error at most.
TEST_F(CacheTest, WrongPlacesAreNoticed) {
  struct Source final : runtime::PreparedSource {
    explicit Source(u32& refuted) : refuted(refuted) {}
    std::optional<PreparedCode> find(u32) override { return std::nullopt; }
    void refute_bodies() override { ++refuted; }
    u32& refuted;
  };
  struct Finder final : runtime::SourceFinder {
    Found find_source(runtime::ModuleState&, const ModuleInfo&, int) override { return {std::make_unique<Source>(refuted), bodies}; }
    std::vector<ByteRange> bodies;
    u32 refuted = 0;
  } finder;
  write_module(bytes);
  Engine engine;
  auto right = Module::from_file(engine, module_file());
  ASSERT_TRUE(right);
  std::vector<ByteRange> places;
  for (const FunctionDecl& function : right->info().functions) places.push_back(function.body);
  finder.bodies = places;
  auto module = Module::from_file(engine, module_file(), &finder);
  ASSERT_TRUE(module);
  EXPECT_TRUE(module->validate());
  // One byte more for the first body, at the second's cost: the form is right.
  ++finder.bodies[0].size;
  ++finder.bodies[1].offset;
  --finder.bodies[1].size;
  module = Module::from_file(engine, module_file(), &finder);
  ASSERT_TRUE(module);
  Result<void> valid = module->validate();
  ASSERT_FALSE(valid);
  EXPECT_NE(valid.error().message.find("no longer where it was"), std::string::npos) << valid.error().message;
  EXPECT_EQ(finder.refuted, 1u);
  Store store(engine);
  auto instance = Linker(engine).instantiate(store, *module);
  ASSERT_TRUE(instance);
  EXPECT_FALSE(instance->get_function("plain")->call({}));
  EXPECT_EQ(finder.refuted, 2u);
  // Forms that no code section has are not taken: the bodies are found as without.
  for (int i = 0; i < 5; ++i) {
    finder.bodies = places;
    if (i == 0) finder.bodies.pop_back();
    if (i == 1) finder.bodies.back().size += 1;
    if (i == 2) finder.bodies[3].offset = ~u32{0};
    if (i == 3) finder.bodies[3].size = ~u32{0};
    if (i == 4) finder.bodies[3].offset += 8, finder.bodies[3].size -= 8;
    module = Module::from_file(engine, module_file(), &finder);
    ASSERT_TRUE(module);
    EXPECT_TRUE(module->validate()) << i;
  }
}

TEST_F(CacheTest, SmallModulesAndPlainInterpretationAreLeftAlone) {
  options.min_code_bytes = 1 << 20;
  EXPECT_EQ(run_right(), Counts{});
  EXPECT_FALSE(fs::exists(folder / "keys"));
  EXPECT_TRUE(files().empty());
}

TEST_F(CacheTest, AModuleOutlivesItsCache) {
  run_right();
  Engine engine;
  auto module = Module::from_binary(engine, bytes);
  ASSERT_TRUE(module);
  Cache::open(options)->attach(*module);
  fs::remove_all(folder);
  Store store(engine);
  auto instance = Linker(engine).instantiate(store, *module);
  ASSERT_TRUE(instance);
  auto results = instance->get_function("table")->call({});
  ASSERT_TRUE(results);
  EXPECT_EQ(results->at(0).as_i32(), 11);
  EXPECT_EQ(Cache::counts(*module), (Counts{1, 0}));
}

TEST_F(CacheTest, TrapsOutOfCachedCodeKnowTheirPlace) {
  std::vector<u8> trapping = assemble(R"((module (func $deep (export "f") (param i32) (result i32)
    (i32.div_u (i32.const 1) (local.get 0)))))");
  auto trap_offset = [&]() -> u64 {
    std::shared_ptr<Cache> cache = Cache::open(options);
    Engine engine;
    auto module = Module::from_binary(engine, trapping);
    cache->attach(*module);
    Store store(engine);
    auto instance = Linker(engine).instantiate(store, *module);
    auto results = instance->get_function("f")->call({Value::i32(0)});
    cache->save(*module);
    return results ? 0 : results.error().backtrace().at(0).module_offset;
  };
  u64 cold = trap_offset();
  EXPECT_EQ(trapping.at(cold), 0x6E);  // i32.div_u
  EXPECT_EQ(trap_offset(), cold);
}

TEST(DefaultFolder, FollowsTheEnvironment) {
  auto with = [](const char* cache, const char* home) {
    cache ? ::setenv("XDG_CACHE_HOME", cache, 1) : ::unsetenv("XDG_CACHE_HOME");
    home ? ::setenv("HOME", home, 1) : ::unsetenv("HOME");
    return default_folder().value_or("none");
  };
  EXPECT_EQ(with("/c", "/h"), "/c/brink");
  EXPECT_EQ(with(nullptr, "/h"), "/h/.cache/brink");
  EXPECT_EQ(with("relative", "/h"), "/h/.cache/brink");
  EXPECT_EQ(with(nullptr, nullptr), "none");
  EXPECT_EQ(with(nullptr, ""), "none");
}

}  // namespace
}  // namespace brink::cache
