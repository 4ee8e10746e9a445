// Atomic instructions in machine code: what each does, as in the interpreter, wherever its operands are; and threads that change
// the same words at once.
#include "engine/runtime/atomic_cases.h"
#include "jit/test_guest.h"

namespace brink::atomic_cases {
namespace {

Config compiled_config() {
  Config config = threads_config();
  config.compiler = jit::compiler();
  return config;
}

Config compiled_for_any_processor() {
  Config config = threads_config();
  config.compiler = jit::compiler({.baseline = true});
  return config;
}

Config compiled_at_random() {
  Config config = threads_config();
  config.compiler = jit::compiler({.random_seed = 1});
  return config;
}

constexpr Runner kRunners[] = {{"host", compiled_config}, {"baseline", compiled_for_any_processor}, {"random", compiled_at_random}};

INSTANTIATE_TEST_SUITE_P(Memories, Atomics, ::testing::Combine(::testing::ValuesIn(kForms), ::testing::ValuesIn(kRunners)), name_of);

// --- Operands in every place ---

// What surrounds an instruction.
struct Shape {
  u32 below;       // values that wait on the stack meanwhile
  u32 constants;   // a bit an operand, the address first: it is a constant
  bool computed;   // the other operands are; else they are locals
  bool dropped;    // the result is
};

// Of an address and two operands, in whose place the shape may put constants: `at`, and two others.
std::string function(const Instruction& instruction, const std::string& memory, const std::string& address, u32 offset, u64 at,
                     const Shape& shape, const std::string& name) {
  std::string text = "(func (export \"" + name + "\") (param " + address + ") (param " + instruction.type + " " +
                     instruction.type + ") (result " + instruction.type + ") (local " + instruction.type + ")\n";
  for (u32 i = 0; i < shape.below; ++i)
    text += " (" + instruction.type + ".mul (local.get 1) (" + instruction.type + ".const " + std::to_string(i + 3) + "))\n";
  const char* locals[] = {"0", "1", "2"};
  for (u32 i = 0; i <= instruction.operands; ++i) {
    std::string type = i == 0 ? address : instruction.type;
    std::string constant = "(" + type + ".const " + (i == 0 ? std::to_string(at) : i == 1 ? "-3" : "0x7A5B") + ")";
    std::string local = std::string("(local.get ") + locals[i] + ")";
    if (shape.constants >> i & 1) text += " " + constant;
    else if (shape.computed) text += " (" + type + ".xor " + local + " (" + type + ".const 0))";
    else text += " " + local;
  }
  text += " (" + instruction.name + " " + memory + " offset=" + std::to_string(offset) + ")\n";
  if (instruction.has_result) text += shape.dropped ? " drop\n" : " (local.set 3)\n";
  for (u32 i = 0; i < shape.below; ++i)
    text += " (local.set 3 (" + instruction.type + ".add (" + instruction.type + ".rotl (local.get 3) (" + instruction.type +
            ".const 5))))\n";
  return text + " (local.get 3))\n";
}

TEST(AtomicOperands, AreFoundInEveryPlace) {
  struct Memory {
    const char* text;
    const char* address;
  };
  for (const Memory& memory : {Memory{"(memory $m 1 2 shared)", "i32"}, Memory{"(memory $m i64 1 2 shared)", "i64"},
                               Memory{"(memory 1) (memory $m 1 2)", "i32"}}) {
    SCOPED_TRACE(memory.text);
    std::string text = std::string("(module ") + memory.text + " (export \"m\" (memory $m))\n";
    std::vector<std::string> names;
    std::vector<bool> are_wide;
    for (const Instruction& instruction : all_instructions())
      for (u32 below : {0, 12})
        for (u32 constants : {0, 1, 2, 6})
          for (bool computed : {false, true})
            for (bool dropped : {false, true}) {
              if (dropped && !instruction.has_result) continue;
              u32 offset = constants == 2 ? 3 : 8;
              names.push_back("f" + std::to_string(names.size()));
              are_wide.push_back(instruction.type == "i64");
              text += function(instruction, "$m", memory.address, offset, computed ? 57 : 56,
                               {below, constants, computed, dropped}, names.back());
            }
    text += ")";
    Config config = threads_config();
    jit::Guest interpreted(text, nullptr, {}, {}, config), host(text, jit::compiler(), {}, {}, config),
        baseline(text, jit::compiler({.baseline = true}), {}, {}, config),
        random(text, jit::compiler({.random_seed = 2}), {}, {}, config),
        random_baseline(text, jit::compiler({.baseline = true, .random_seed = 3}), {}, {}, config);
    auto run = [&](jit::Guest& guest, size_t i, u64 at) {
      constexpr u64 kFrom = 48, kBytes = 32;
      u8* bytes = guest.instance()->get_memory("m")->span(0, kMemoryBytes)->data();
      for (u64 word = kFrom; word < kFrom + kBytes; word += 8) std::memcpy(bytes + word, &kOperand, 8);
      auto value = [](bool is_wide, u64 bits) {
        return is_wide ? Value::i64(static_cast<i64>(bits)) : Value::i32(static_cast<i32>(bits));
      };
      std::string out = guest.call(names[i], {value(memory.address == std::string_view("i64"), at), value(are_wide[i], kOperand),
                                              value(are_wide[i], kOld)});
      return out + std::string(reinterpret_cast<char*>(bytes + kFrom), kBytes);
    };
    size_t unaligned = 0, outside = 0;
    for (size_t i = 0; i < names.size(); ++i)
      for (u64 at : {u64{56}, u64{61}, kMemoryBytes}) {
        std::string wanted = run(interpreted, i, at);
        for (jit::Guest* guest : {&host, &baseline, &random, &random_baseline})
          ASSERT_EQ(run(*guest, i, at), wanted) << names[i] << " at " << at;
        unaligned += wanted.find("unaligned atomic") != wanted.npos;
        outside += wanted.find("out of bounds") != wanted.npos;
      }
    EXPECT_GT(unaligned, names.size() / 2);
    EXPECT_GT(outside, names.size() / 2);
    EXPECT_LT(unaligned + outside, 2 * names.size());
    for (jit::Guest* guest : {&host, &baseline, &random, &random_baseline}) {
      EXPECT_EQ(guest->compiler()->statistics().left_out, 0u);
      EXPECT_EQ(guest->compiler()->statistics().failed, 0u);
    }
  }
}

// --- Several threads ---

// Each counts in words that share a line, by every way to change them; the narrow ones overflow into nothing.
constexpr const char* kCounters = R"((module
  (import "env" "memory" (memory 1 4 shared))
  (func (export "run") (param $id i32) (param $rounds i32) (local $old i32) (local $old64 i64)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 3)))
      (local.set $old (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (local.set $old64 (i64.atomic.rmw.add (i32.const 8) (i64.const 0x100000001)))
      (local.set $old (i32.atomic.rmw8.add_u (i32.const 16) (i32.const 1)))
      (local.set $old (i32.atomic.rmw16.add_u (i32.const 18) (i32.const 0x101)))
      (drop (i32.atomic.rmw8.add_u (i32.const 17) (i32.const 255)))
      (local.set $old64 (i64.atomic.rmw32.sub_u (i32.const 20) (i64.const 1)))
      (drop (i32.atomic.rmw.sub (i32.const 24) (i32.const 2)))
      ;; Bits that are one thread's own.
      (local.set $old (i32.atomic.rmw.xor (i32.const 28) (i32.shl (i32.const 1) (local.get $id))))
      (local.set $old (i32.atomic.rmw.or (i32.const 32) (i32.shl (i32.const 1) (local.get $id))))
      (if (i32.and (i32.shr_u (local.get $old) (local.get $id)) (i32.const 1)) (then (unreachable)))
      (local.set $old (i32.atomic.rmw.and (i32.const 32) (i32.xor (i32.const -1) (i32.shl (i32.const 1) (local.get $id)))))
      (if (i32.eqz (i32.and (i32.shr_u (local.get $old) (local.get $id)) (i32.const 1))) (then (unreachable)))
      (local.set $old64 (i64.atomic.rmw8.xor_u (i32.const 36) (i64.const 1)))
      ;; A word that is taken and given back: what is in hand is in no word.
      (local.set $old (i32.atomic.rmw.xchg (i32.const 40) (i32.const 0)))
      (drop (i32.atomic.rmw.add (i32.const 40) (i32.add (local.get $old) (i32.const 1))))
      ;; Additions by comparing.
      (loop $retry
        (local.set $old64 (i64.atomic.load (i32.const 48)))
        (br_if $retry (i64.ne (local.get $old64)
          (i64.atomic.rmw.cmpxchg (i32.const 48) (local.get $old64) (i64.add (local.get $old64) (i64.const 7))))))
      (loop $retry
        (local.set $old (i32.atomic.load16_u (i32.const 56)))
        (br_if $retry (i32.ne (local.get $old)
          (i32.atomic.rmw16.cmpxchg_u (i32.const 56) (local.get $old) (i32.add (local.get $old) (i32.const 1))))))
      ;; A lock of one byte around an ordinary word.
      (loop $spin (br_if $spin (i32.atomic.rmw8.cmpxchg_u (i32.const 58) (i32.const 0) (i32.const 1))))
      (i32.store (i32.const 60) (i32.add (i32.load (i32.const 60)) (i32.const 1)))
      (i32.atomic.store8 (i32.const 58) (i32.const 0))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))
)";

class AtomicThreads : public ::testing::TestWithParam<Runner> {};

TEST_P(AtomicThreads, LoseNothing) {
  constexpr u32 kThreads = 4, kRounds = 5000, kAll = kThreads * kRounds;
  Engine engine(GetParam().config());
  Module module = compile(engine, kCounters);
  SharedMemory memory = make_shared_memory(1, 4);
  in_threads(kThreads, [&](int id) {
    Guest guest(module, memory);
    auto outcome = guest.call("run", {Value::i32(id), Value::i32(kRounds)});
    EXPECT_TRUE(outcome) << outcome.error().to_string();
  });
  auto word = [&](u64 at) {
    u32 bits;
    std::memcpy(&bits, memory.span(at, 4)->data(), 4);
    return bits;
  };
  EXPECT_EQ(word(0), 3 * kAll);
  EXPECT_EQ(word(4), kAll);
  EXPECT_EQ(word(8), kAll);
  EXPECT_EQ(word(12), kAll);
  EXPECT_EQ(word(16) & 0xFF, kAll & 0xFF);
  EXPECT_EQ(word(16) >> 8 & 0xFF, -kAll & 0xFF);
  EXPECT_EQ(word(16) >> 16, kAll * 0x101 & 0xFFFF);
  EXPECT_EQ(word(20), -kAll);
  EXPECT_EQ(word(24), -2 * kAll);
  EXPECT_EQ(word(28), 0u);
  EXPECT_EQ(word(32), 0u);
  EXPECT_EQ(word(36), 0u);
  EXPECT_EQ(word(40), kAll);
  EXPECT_EQ(word(48), 7 * kAll);
  EXPECT_EQ(word(56), kAll & 0xFFFF);  // and the lock is free
  EXPECT_EQ(word(60), kAll);
}

INSTANTIATE_TEST_SUITE_P(Processors, AtomicThreads, ::testing::ValuesIn(kRunners),
                         [](const auto& info) { return std::string(info.param.name); });

// One compiler after another in a thread, for different processors: the code is for the compiler's.
TEST(AtomicInstructions, AreForTheProcessorOfTheCompiler) {
  constexpr const char* kText = R"((module (memory 1)
    (func (export "f") (param f64) (result f64)
      (drop (i32.atomic.rmw.xchg (i32.const 8) (i32.const 1)))
      (f64.add (f64.mul (local.get 0) (local.get 0)) (local.get 0)))))";
  auto compile = [&](bool baseline) {
    jit::Guest guest(kText, jit::compiler({.baseline = baseline}), {}, {}, threads_config());
    EXPECT_EQ(guest.call("f", {Value::f64(3)}), "12 ");
    return guest.compiler()->statistics().machine_bytes;
  };
  u64 alone[2] = {};
  for (bool baseline : {false, true}) std::thread([&] { alone[baseline] = compile(baseline); }).join();
  for (bool baseline : {false, true, false}) EXPECT_EQ(compile(baseline), alone[baseline]) << baseline;
}

}  // namespace
}  // namespace brink::atomic_cases
