// Wide arithmetic and custom page sizes through the embedding interface.
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace brink {
namespace {

class Proposals : public ::testing::Test {
 protected:
  Instance instantiate(std::string_view text) {
    auto instance = try_instantiate(text);
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    return *instance;
  }
  Result<Instance> try_instantiate(std::string_view text) {
    auto module = Module::from_text(engine, text, "test.wat");
    if (!module) return std::unexpected(module.error());
    return linker.instantiate(store, *module);
  }
  static std::vector<u64> bits(const Outcome<std::vector<Value>>& results) {
    std::vector<u64> list;
    if (!results) ADD_FAILURE() << results.error().to_string();
    for (const Value& value : results.value_or(std::vector<Value>())) list.push_back(value.bits());
    return list;
  }
  static TrapKind trap(const Outcome<std::vector<Value>>& results) {
    return results ? TrapKind::Exit : results.error().kind();
  }

  Engine engine;
  Store store{engine};
  Linker linker{engine};
};

using List = std::vector<u64>;

TEST_F(Proposals, WideArithmetic) {
  Instance instance = instantiate(R"((module
    (func (export "add") (param i64 i64 i64 i64) (result i32 i64 i64 i32)
      (i32.const 5) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (i32.const 6))
    (func (export "sub") (param i64 i64 i64 i64) (result i64 i64)
      (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (export "mul_s") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)))
    (func (export "mul_u") (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1)))))");
  auto call = [&](const char* name, std::vector<i64> operands) {
    std::vector<Value> arguments;
    for (i64 operand : operands) arguments.push_back(Value::i64(operand));
    return bits(instance.get_function(name)->call(arguments));
  };
  // What stands beside the operands stays: 2^64 - 1 + 1 carries.
  EXPECT_EQ(call("add", {-1, 3, 1, 4}), (List{5, 0, 8, 6}));
  EXPECT_EQ(call("sub", {0, 8, 1, 3}), (List{~u64{0}, 4}));
  EXPECT_EQ(call("mul_s", {-1, -1}), (List{1, 0}));
  EXPECT_EQ(call("mul_s", {-2, 3}), (List{static_cast<u64>(-6), ~u64{0}}));
  EXPECT_EQ(call("mul_u", {-1, -1}), (List{1, static_cast<u64>(-2)}));
}

// Sizes, growth and bounds count bytes; the host's own pages of 4096 bytes do not show.
TEST_F(Proposals, PagesOfOneByte) {
  for (const char* address : {"i32", "i64"}) {
    std::string text = R"((module
      (memory (export "memory") ADDRESS 5 8191 (pagesize 1))
      (data (ADDRESS.const 1) "abcd")
      (data $passive "xyz")
      (func (export "load") (param ADDRESS) (result i32) (i32.load8_u (local.get 0)))
      (func (export "load4") (param ADDRESS) (result i32) (i32.load offset=1 (local.get 0)))
      (func (export "store8") (param ADDRESS) (i64.store (local.get 0) (i64.const -1)))
      (func (export "vector") (param ADDRESS) (result i64) (i64x2.extract_lane 0 (v128.load (local.get 0))))
      (func (export "size") (result ADDRESS) (memory.size))
      (func (export "grow") (param ADDRESS) (result ADDRESS) (memory.grow (local.get 0)))
      (func (export "fill") (param ADDRESS ADDRESS) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
      (func (export "init") (param ADDRESS) (memory.init $passive (local.get 0) (i32.const 0) (i32.const 3)))))";
    for (size_t at; (at = text.find("ADDRESS")) != text.npos;) text.replace(at, 7, address);
    Instance instance = instantiate(text);
    bool is_64 = std::string_view(address) == "i64";
    auto call = [&](const char* name, std::vector<i64> operands = {}) {
      std::vector<Value> arguments;
      for (i64 operand : operands)
        arguments.push_back(is_64 ? Value::i64(operand) : Value::i32(static_cast<i32>(operand)));
      return instance.get_function(name)->call(arguments);
    };
    EXPECT_EQ(bits(call("size")), List{5});
    EXPECT_EQ(bits(call("load", {4})), List{'d'});
    EXPECT_EQ(trap(call("load", {5})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(trap(call("load", {-1})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(bits(call("load4", {0})), List{0x64636261});
    EXPECT_EQ(trap(call("load4", {1})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(trap(call("store8", {0})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(trap(call("init", {3})), TrapKind::MemoryOutOfBounds);
    EXPECT_FALSE(call("fill", {0, 6}));
    EXPECT_TRUE(call("fill", {5, 0}));
    EXPECT_EQ(bits(call("load", {4})), List{'d'}) << "nothing was written by those that trap";
    EXPECT_EQ(bits(call("grow", {11})), List{5});
    EXPECT_EQ(bits(call("size")), List{16});
    EXPECT_TRUE(call("store8", {8}));
    EXPECT_EQ(trap(call("store8", {9})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(bits(call("vector", {0})), List{0x0000006463626100});
    EXPECT_EQ(trap(call("vector", {1})), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(bits(call("grow", {8176})), List{is_64 ? ~u64{0} : 0xFFFF'FFFF});
    EXPECT_EQ(bits(call("grow", {8175})), List{16});
    EXPECT_EQ(bits(call("load", {8190})), List{0});
    EXPECT_EQ(trap(call("load", {8191})), TrapKind::MemoryOutOfBounds);
    Memory memory = *instance.get_memory("memory");
    EXPECT_EQ(memory.size_bytes(), 8191u);
    EXPECT_EQ(memory.size_pages(), 8191u);
    EXPECT_TRUE(memory.span(8190, 1));
    EXPECT_FALSE(memory.span(8190, 2));
  }
}

TEST_F(Proposals, A32BitMemoryOfBytesStaysBelowFourGigabytes) {
  // 2^32 pages would be a size that no i32 can tell.
  Instance instance = instantiate(R"((module (memory 1 (pagesize 1))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size))
    (func (export "last") (result i32) (i32.load8_u (i32.const -1)))))");
  EXPECT_EQ(bits(instance.get_function("grow")->call({Value::i32(-1)})), List{0xFFFF'FFFF});
  EXPECT_EQ(bits(instance.get_function("size")->call({})), List{1});
  EXPECT_EQ(trap(instance.get_function("last")->call({})), TrapKind::MemoryOutOfBounds);
}

TEST_F(Proposals, MemoriesOfOtherPageSizesBesideEachOther) {
  Instance instance = instantiate(R"((module
    (memory $bytes 3 (pagesize 1))
    (memory $plain 1)
    (memory $spelt 1 (pagesize 65536))
    (func (export "copy") (param i32) (result i32)
      (i32.store8 $plain (i32.const 65535) (i32.const 9))
      (memory.copy $bytes $plain (local.get 0) (i32.const 65535) (i32.const 1))
      (i32.load8_u $bytes (i32.const 2)))
    (func (export "plain") (param i32) (result i32) (i32.load8_u $plain (local.get 0)))
    (func (export "spelt") (result i32) (memory.grow $spelt (i32.const 1)) (i32.add (memory.size $spelt)))))");
  EXPECT_EQ(bits(instance.get_function("copy")->call({Value::i32(2)})), List{9});
  EXPECT_EQ(trap(instance.get_function("copy")->call({Value::i32(3)})), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(trap(instance.get_function("plain")->call({Value::i32(65536)})), TrapKind::MemoryOutOfBounds);
  EXPECT_EQ(bits(instance.get_function("spelt")->call({})), List{3});
}

TEST_F(Proposals, PageSizesOfImportsMatch) {
  Instance exporter = instantiate(R"((module
    (memory (export "bytes") 70000 (pagesize 1)) (memory (export "pages") 1)))");
  linker.define_instance("m", exporter);
  EXPECT_TRUE(try_instantiate(R"((module (import "m" "bytes" (memory 70000 (pagesize 1)))))"));
  EXPECT_TRUE(try_instantiate(R"((module (import "m" "pages" (memory 1 (pagesize 65536)))))"));
  for (const char* text :
       {R"((module (import "m" "bytes" (memory 1))))", R"((module (import "m" "pages" (memory 1 (pagesize 1)))))",
        R"((module (import "m" "bytes" (memory 70001 (pagesize 1)))))"}) {
    auto refused = try_instantiate(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::Unlinkable);
  }
}

TEST_F(Proposals, SwitchedOff) {
  Config config;
  config.features.remove(Feature::CustomPageSizes);
  auto text = Module::from_text(Engine(config), "(module\n  (memory 1 (pagesize 1)))", "test.wat");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().to_string().substr(0, 14), "test.wat:2:13:") << text.error().to_string();
  EXPECT_NE(text.error().message.find("custom-page-sizes"), std::string::npos);
  auto binary = Module::from_binary(Engine(config), {0, 'a', 's', 'm', 1, 0, 0, 0, 5, 4, 1, 8, 1, 0}, "m");
  ASSERT_FALSE(binary);
  EXPECT_EQ(binary.error().offset, 11u);
  EXPECT_NE(binary.error().message.find("custom-page-sizes"), std::string::npos);
}

}  // namespace
}  // namespace brink
