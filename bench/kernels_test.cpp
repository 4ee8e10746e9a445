// The kernels compute what they say, natively and in Brink: otherwise their times mean nothing.
#include "bench/kernels.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "engine/engine.h"

namespace brink::bench {
namespace {

// Where a kernel's checksum is a known quantity. The others' first results stand only for "native and Brink agree".
struct Known {
  std::string_view kernel;
  u32 argument;
  u32 checksum;
};
constexpr Known kKnown[] = {
    {"fib", 20, 6765},            // F(20)
    {"sieve", 100'000, 9592},     // pi(10^5)
    {"sieve", 1'000'000, 78498},  // pi(10^6)
    {"sha256", 1, 0xE3B0C442},    // of the empty message, FIPS 180-4
    {"sha256", 3, 0x471FB943},    // of the bytes 0 to 127, by Python's hashlib
    {"crc32", 2, 0xDD34AD61},     // by Python's zlib
    {"vm", 10, 67},               // steps of Collatz's sequences of 2 to 10, added by hand: 1+7+2+5+8+16+3+19+6
};

class KernelsTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("BRINK_KERNELS_WASM");
    ASSERT_NE(path, nullptr) << "BRINK_KERNELS_WASM must name kernels.wasm";
    auto module = Module::from_file(engine_, path);
    ASSERT_TRUE(module) << module.error().to_string();
    ASSERT_TRUE(module->validate());
    auto instance = Linker(engine_).instantiate(store_, *module);
    ASSERT_TRUE(instance) << instance.error().to_string();
    instance_ = *instance;
  }

  u32 in_brink(std::string_view kernel, u32 argument) {
    auto function = instance_.get_function(kernel);
    if (!function) {
      ADD_FAILURE() << "no export " << kernel;
      return 0;
    }
    auto results = function->call({Value::i32(static_cast<i32>(argument))});
    if (!results) {
      ADD_FAILURE() << kernel << ": " << results.error().message();
      return 0;
    }
    return static_cast<u32>(results->at(0).as_i32());
  }

  Engine engine_;
  Store store_{engine_};
  Instance instance_;
};

TEST_F(KernelsTest, KnownResults) {
  for (const Known& known : kKnown) {
    EXPECT_EQ(in_brink(known.kernel, known.argument), known.checksum) << known.kernel << " in Brink";
    for (const Kernel& kernel : kKernels) {
      if (known.kernel != kernel.name) continue;
      EXPECT_EQ(kernel.native(known.argument), known.checksum) << kernel.name;
    }
  }
}

TEST_F(KernelsTest, NativeAndBrinkAgree) {
  for (const Kernel& kernel : kKernels)
    for (u32 argument : {1u, 2u, 17u, 24u}) {
      u32 native = kernel.native(argument);
      EXPECT_EQ(in_brink(kernel.name, argument), native) << kernel.name << "(" << argument << ")";
      // A checksum that is the same for every amount of work would hide a kernel that does none.
      if (argument == 24) {
        EXPECT_NE(native, kernel.native(17)) << kernel.name;
      }
    }
}

}  // namespace
}  // namespace brink::bench
