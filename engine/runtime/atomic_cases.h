// For tests: every atomic instruction, at every alignment and at the memory's borders, in each kind of memory. Whoever includes
// this, in one file of a program, says who runs the instructions: INSTANTIATE_TEST_SUITE_P(…, Atomics, …).
#pragma once
#include <gtest/gtest.h>

#include <cstring>

#include "engine/runtime/test_threads.h"

namespace brink::atomic_cases {

struct Form {
  const char* name;
  const char* memories;  // the last one is used
  int index;
  const char* address;
};
inline constexpr Form kForms[] = {
    {"unshared", "(memory 1 2)", 0, "i32"},
    {"shared", "(memory 1 2 shared)", 0, "i32"},
    {"shared64", "(memory i64 1 2 shared)", 0, "i64"},
    {"second", "(memory 0) (memory 1 2 shared)", 1, "i32"},
};
inline constexpr u64 kMemoryBytes = 65536;

struct Width {
  const char* type;    // of the operands
  const char* suffix;  // of the width in names: "", "8", "16", "32"
  u32 bytes;
};
inline constexpr Width kWidths[] = {{"i32", "", 4},  {"i32", "8", 1},  {"i32", "16", 2}, {"i64", "", 8},
                             {"i64", "8", 1}, {"i64", "16", 2}, {"i64", "32", 4}};

struct Instruction {
  std::string name, type;  // the type of operands and result
  u32 operands;            // beside the address
  bool has_result;
};

inline std::vector<Instruction> all_instructions() {
  std::vector<Instruction> all{{"memory.atomic.notify", "i32", 1, true}};
  for (const Width& width : kWidths) {
    std::string type = width.type, suffix = width.suffix, extension = suffix.empty() ? "" : "_u";
    all.push_back({type + ".atomic.load" + suffix + extension, type, 0, true});
    all.push_back({type + ".atomic.store" + suffix, type, 1, false});
    for (const char* operation : {"add", "sub", "and", "or", "xor", "xchg", "cmpxchg"}) {
      u32 operands = std::string_view(operation) == "cmpxchg" ? 2 : 1;
      all.push_back({type + ".atomic.rmw" + suffix + "." + operation + extension, type, operands, true});
    }
  }
  return all;
}

inline constexpr u64 kOld = 0x8877665544332211;
inline constexpr u64 kOperand = 0xF0E1D2C3B4A59687;

inline u64 mask(u32 bytes) { return bytes == 8 ? ~u64{0} : (u64{1} << bytes * 8) - 1; }

// The proposal's "Read-Modify-Write" table.
inline u64 updated(std::string_view operation, u64 old_value, u64 operand) {
  if (operation == "add") return old_value + operand;
  if (operation == "sub") return old_value - operand;
  if (operation == "and") return old_value & operand;
  if (operation == "or") return old_value | operand;
  if (operation == "xor") return old_value ^ operand;
  return operand;  // xchg
}

struct Runner {
  const char* name;
  Config (*config)();
};

class Atomics : public ::testing::TestWithParam<std::tuple<Form, Runner>> {
 protected:
  // A module with a function (address, operands…) of each instruction's name, for the instruction with offset 16.
  void SetUp() override {
    const Form& form = std::get<Form>(GetParam());
    std::string text = std::string("(module ") + form.memories + " (export \"m\" (memory " + std::to_string(form.index) + "))";
    for (const Instruction& instruction : all_instructions()) {
      text += "(func (export \"" + instruction.name + "\") (param " + form.address;
      for (u32 i = 0; i < instruction.operands; ++i) text += " " + instruction.type;
      text += instruction.has_result ? ") (result " + instruction.type + ")" : ")";
      for (u32 i = 0; i <= instruction.operands; ++i) text += " local.get " + std::to_string(i);
      text += " " + instruction.name + " " + std::to_string(form.index) + " offset=16)";
    }
    guest.emplace(engine, text + ")");
    auto bytes = guest->instance.get_memory("m")->span(0, kMemoryBytes);
    ASSERT_TRUE(bytes);
    memory = bytes->data();
  }

  Value value(const std::string& type, u64 bits) const {
    return type == "i32" ? Value::i32(static_cast<i32>(bits)) : Value::i64(static_cast<i64>(bits));
  }

  Outcome<std::vector<Value>> run(u64 address, const std::string& type, std::initializer_list<u64> operands) {
    std::vector<Value> arguments{value(std::get<Form>(GetParam()).address, address)};
    for (u64 operand : operands) arguments.push_back(value(type, operand));
    return guest->instance.get_function(name)->call(arguments);
  }

  u64 result(u64 address, const std::string& type, std::initializer_list<u64> operands) {
    auto outcome = run(address, type, operands);
    if (!outcome) {
      ADD_FAILURE() << outcome.error().to_string();
      return 0;
    }
    return outcome->empty() ? 0 : outcome->at(0).bits();
  }

  void put(u64 address, u64 bits) { std::memcpy(memory + address, &bits, 8); }
  u64 get(u64 address) const {
    u64 bits;
    std::memcpy(&bits, memory + address, 8);
    return bits;
  }

  // Traps of an access of some width.
  void check_traps(const std::string& type, u32 bytes, std::initializer_list<u64> operands) {
    constexpr u64 offset = 16;
    auto trap = [&](u64 address) -> int {
      auto outcome = run(address, type, operands);
      return outcome ? -1 : static_cast<int>(outcome.error().kind());
    };
    for (u32 misalignment = 1; misalignment < bytes; ++misalignment)
      EXPECT_EQ(trap(64 + misalignment), static_cast<int>(TrapKind::UnalignedAtomic)) << misalignment;
    EXPECT_EQ(trap(kMemoryBytes - offset - bytes), -1);
    EXPECT_EQ(trap(kMemoryBytes - offset), static_cast<int>(TrapKind::MemoryOutOfBounds));
    EXPECT_EQ(trap(0xFFFF'FFF8), static_cast<int>(TrapKind::MemoryOutOfBounds));
    if (std::string_view(std::get<Form>(GetParam()).address) == "i64") {  // the sum wraps
      EXPECT_EQ(trap(~u64{7}), static_cast<int>(TrapKind::MemoryOutOfBounds));
    }
  }

  Engine engine{std::get<Runner>(GetParam()).config()};
  std::optional<Guest> guest;
  std::string name;  // of the instruction that run() runs
  u8* memory = nullptr;
};

TEST_P(Atomics, Loads) {
  for (const Width& width : kWidths) {
    name = std::string(width.type) + ".atomic.load" + width.suffix + (*width.suffix ? "_u" : "");
    SCOPED_TRACE(name);
    put(32, kOld);
    EXPECT_EQ(result(16, width.type, {}), kOld & mask(width.bytes));
    check_traps(width.type, width.bytes, {});
  }
}

TEST_P(Atomics, Stores) {
  for (const Width& width : kWidths) {
    name = std::string(width.type) + ".atomic.store" + width.suffix;
    SCOPED_TRACE(name);
    put(32, kOld);
    put(24, kOld);
    put(40, kOld);
    result(16, width.type, {kOperand});
    EXPECT_EQ(get(32), (kOld & ~mask(width.bytes)) | (kOperand & mask(width.bytes)));
    EXPECT_EQ(get(24), kOld);
    EXPECT_EQ(get(40), kOld);
    check_traps(width.type, width.bytes, {kOperand});
  }
}

TEST_P(Atomics, Updates) {
  for (const char* operation : {"add", "sub", "and", "or", "xor", "xchg"}) {
    for (const Width& width : kWidths) {
      name =
          std::string(width.type) + ".atomic.rmw" + width.suffix + "." + operation + (*width.suffix ? "_u" : "");
      SCOPED_TRACE(name);
      put(32, kOld);
      EXPECT_EQ(result(16, width.type, {kOperand}), kOld & mask(width.bytes));
      EXPECT_EQ(get(32), (kOld & ~mask(width.bytes)) | (updated(operation, kOld, kOperand) & mask(width.bytes)));
      check_traps(width.type, width.bytes, {kOperand});
    }
  }
}

TEST_P(Atomics, CompareExchanges) {
  for (const Width& width : kWidths) {
    name =
        std::string(width.type) + ".atomic.rmw" + width.suffix + ".cmpxchg" + (*width.suffix ? "_u" : "");
    SCOPED_TRACE(name);
    u64 m = mask(width.bytes);
    put(32, kOld);
    EXPECT_EQ(result(16, width.type, {(kOld & m) ^ 1, kOperand}), kOld & m);
    EXPECT_EQ(get(32), kOld);
    EXPECT_EQ(result(16, width.type, {kOld & m, kOperand}), kOld & m);
    EXPECT_EQ(get(32), (kOld & ~m) | (kOperand & m));
    // The expected value is wrapped: what stands above the access's width does not matter.
    put(32, kOld);
    EXPECT_EQ(result(16, width.type, {kOld ^ ~m, kOperand}), kOld & m);
    EXPECT_EQ(get(32), (kOld & ~m) | (kOperand & m));
    check_traps(width.type, width.bytes, {0, kOperand});
  }
}

TEST_P(Atomics, NotifyTrapsAlthoughItAccessesNothing) {
  name = "memory.atomic.notify";
  EXPECT_EQ(result(16, "i32", {1}), 0u);
  check_traps("i32", 4, {1});
}

TEST_P(Atomics, AFenceIsTwoBytesLong) {
  Guest fence(engine, R"((module (func (export "f") (result i32) atomic.fence i32.const 7)))");
  EXPECT_EQ(fence.call_i32("f"), 7);
}

// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of(const ::testing::TestParamInfo<Atomics::ParamType>& info) {
  return std::string(std::get<Form>(info.param).name) + "_" + std::get<Runner>(info.param).name;
}

}  // namespace brink::atomic_cases
