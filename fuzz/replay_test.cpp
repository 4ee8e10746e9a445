// The corpora as tests, in every build and without a fuzzer: each seed and regression goes through its target, and so
// do some thousand inputs made from the seeds by deterministic damage.
//
// BRINK_FUZZ_FOLDER names this folder. BRINK_FUZZ_SECONDS is how long each target may be fed damaged inputs (default
// 10; what is tried is always the beginning of the same sequence), BRINK_FUZZ_MUTATIONS how many of each seed (20,000).
#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "engine/decode/decoder.h"
#include "engine/validate/validator.h"
#include "fuzz/corpus.h"
#include "fuzz/targets.h"

namespace {
size_t largest_allocation = 0;
}

void* operator new(size_t size) {
  if (size > largest_allocation) largest_allocation = size;
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  std::abort();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace brink::fuzz {
namespace {

using Target = void (*)(std::span<const u8>);

// An input that takes longer than this, of the processor's time, is a hang. Milliseconds are normal.
constexpr u32 kSecondsPerInput = 20;

// Zero: no limit any more.
void limit_time(u32 seconds) {
  itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
  setitimer(ITIMER_VIRTUAL, &timer, nullptr);
}

// No input justifies a larger block: a function may have 50,000 locals, which take a few bytes to declare, and a byte
// of input at most some hundred bytes of tables.
size_t largest_justified(size_t input_size) { return (size_t{4} << 20) + 512 * input_size; }

std::span<const u8> current_input;

// Async-signal-safe: write() only.
void print_current_input(int signal_number) {
  auto put = [](const char* text, size_t size) { (void)!write(STDERR_FILENO, text, size); };
  constexpr char kTitle[] = "\nthe input, as hexadecimal digits:\n";
  put(kTitle, sizeof kTitle - 1);
  for (u8 byte : current_input) {
    char digits[2] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    put(digits, 2);
  }
  put("\n", 1);
  std::signal(signal_number, SIG_DFL);
  raise(signal_number);
}

class Replay : public testing::Test {
 protected:
  // Once, before the engine puts its own handler of SIGSEGV in front.
  static void SetUpTestSuite() {
    for (int number : {SIGABRT, SIGVTALRM, SIGBUS, SIGFPE, SIGILL}) std::signal(number, print_current_input);
    // A sanitizer's own report of this one says more; it ends in SIGABRT.
    if (std::signal(SIGSEGV, SIG_DFL) == SIG_DFL) std::signal(SIGSEGV, print_current_input);
  }
  void SetUp() override {
    const char* folder = std::getenv("BRINK_FUZZ_FOLDER");
    ASSERT_NE(folder, nullptr) << "BRINK_FUZZ_FOLDER must name the folder fuzz/";
    folder_ = folder;
  }
  void TearDown() override { limit_time(0); }

  std::vector<Input> inputs(const std::string& name) {
    auto read = read_inputs(folder_ + "/" + name);
    if (!read) {
      ADD_FAILURE() << read.error().to_string();
      return {};
    }
    return std::move(*read);
  }

  std::vector<Input> module_seeds() {
    auto seeds = assemble_seeds(inputs("seeds"));
    if (!seeds) {
      ADD_FAILURE() << seeds.error().to_string();
      return {};
    }
    return std::move(*seeds);
  }

  void run(Target target, const Bytes& bytes, const std::string& name) {
    // Its own block, exactly as large, so that a sanitizer sees a read behind the end.
    Bytes exact(bytes.begin(), bytes.end());
    current_input = exact;
    limit_time(kSecondsPerInput);
    largest_allocation = 0;
    target(exact);
    ASSERT_LE(largest_allocation, largest_justified(exact.size())) << name;
    current_input = {};
  }

  void run_all(Target target, const std::vector<Input>& inputs) {
    for (const Input& input : inputs) run(target, input.bytes, input.name);
  }

  template <class Mutate>
  void run_mutations(Target target, const std::vector<Input>& seeds, Mutate mutate, u32 default_rounds = 20'000) {
    ASSERT_FALSE(seeds.empty());
    auto number_of = [](const char* variable, u32 otherwise) {
      const char* text = std::getenv(variable);
      return text != nullptr ? static_cast<u32>(std::strtoul(text, nullptr, 10)) : otherwise;
    };
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(number_of("BRINK_FUZZ_SECONDS", 10));
    u32 rounds = number_of("BRINK_FUZZ_MUTATIONS", default_rounds);
    u64 tried = 0;
    for (u32 round = 0; round < rounds && std::chrono::steady_clock::now() < end; ++round)
      for (const Input& seed : seeds) {
        Random random(tried++);
        const Input& other = seeds[random.below(static_cast<u32>(seeds.size()))];
        run(target, mutate(seed.bytes, other.bytes, random), seed.name + ", round " + std::to_string(round));
        if (HasFatalFailure()) return;
      }
    std::printf("%llu inputs\n", static_cast<unsigned long long>(tried));
    EXPECT_GE(tried, seeds.size());
  }

  std::string folder_;
};

Bytes mutate_module(const Bytes& seed, const Bytes& other, Random& random) {
  if (random.below(3) != 0)
    if (auto mutated = mutate_part(seed, random, [&](Bytes part) { return mutate_bytes(part, other, random); }))
      return std::move(*mutated);
  return mutate_bytes(seed, other, random);
}

// The seeds are valid modules, so the engine must accept them, and each of their functions.
TEST_F(Replay, SeedsAreValid) {
  std::vector<Input> seeds = module_seeds();
  ASSERT_GE(seeds.size(), 15u);
  for (const Input& seed : seeds) {
    TypeRegistry registry;
    auto module = decode_module(seed.bytes, registry, all_features());
    ASSERT_TRUE(module) << seed.name << ": " << module.error().to_string();
    for (u32 i = module->imported_functions; i < module->functions.size(); ++i) {
      auto valid = validate_function(*module, i);
      EXPECT_TRUE(valid) << seed.name << ", function " << i << ": " << valid.error().to_string();
    }
  }
}

TEST_F(Replay, DecodeValidateSeeds) { run_all(decode_validate, module_seeds()); }
TEST_F(Replay, DecodeValidateRegressions) { run_all(decode_validate, inputs("regressions/decode_validate")); }
TEST_F(Replay, DecodeValidateTruncations) {
  for (const Input& seed : module_seeds())
    for (size_t size = 0; size < seed.bytes.size(); ++size)
      run(decode_validate, {seed.bytes.begin(), seed.bytes.begin() + static_cast<std::ptrdiff_t>(size)}, seed.name);
}
TEST_F(Replay, DecodeValidateMutations) { run_mutations(decode_validate, module_seeds(), mutate_module); }

TEST_F(Replay, ExecuteRegressions) { run_all(execute, inputs("regressions/execute")); }
TEST_F(Replay, ExecuteChoices) {
  run_mutations(execute, {{"choices", {}}}, [](const Bytes&, const Bytes&, Random& random) { return random_choices(random); }, 400);
}

TEST_F(Replay, TextSeeds) { run_all(text, inputs("seeds")); }
TEST_F(Replay, TextRegressions) { run_all(text, inputs("regressions/text")); }
TEST_F(Replay, TextMutations) { run_mutations(text, inputs("seeds"), mutate_text); }

TEST_F(Replay, ScriptSeeds) { run_all(script, inputs("scripts")); }
TEST_F(Replay, ScriptRegressions) { run_all(script, inputs("regressions/script")); }
TEST_F(Replay, ScriptMutations) { run_mutations(script, inputs("scripts"), mutate_text); }

}  // namespace
}  // namespace brink::fuzz
