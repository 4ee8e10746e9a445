// Functions so large that what a jump or a load has to reach lies at the end of its reach, and just behind it. On AArch64 that is
// 1 MiB (assembler_a64.h); x86-64's reach 2 GiB, and run the same functions.
#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/byte_writer.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

constexpr u32 kMiB = 1 << 20;

// WebAssembly's instructions, as bytes.
class Body {
 public:
  Body& op(u8 code) { return bytes_.put(code), *this; }
  Body& op(u8 code, u32 immediate) { return bytes_.put(code), bytes_.put_u32(immediate), *this; }
  Body& get(u32 local) { return op(0x20, local); }
  Body& set(u32 local) { return op(0x21, local); }
  Body& constant(i32 value) { return bytes_.put(0x41), bytes_.put_s64(value), *this; }
  Body& block(u8 kind) { return op(kind).op(0x40); }
  Body& end() { return op(0x0B); }
  Body& vector(u32 code) { return bytes_.put(0xFD), bytes_.put_u32(code), *this; }
  // x = x + popcount(x), `count` times: 20 bytes of machine code each on AArch64.
  Body& large_steps(u32 count) {
    for (u32 i = 0; i < count; ++i) get(0).get(0).op(0x69).op(0x6A).set(0);
    return *this;
  }
  // x = x + 1: 4 bytes.
  Body& small_steps(u32 count) {
    for (u32 i = 0; i < count; ++i) get(0).constant(1).op(0x6A).set(0);
    return *this;
  }
  ByteWriter& bytes() { return bytes_; }

 private:
  ByteWriter bytes_;
};

// A module that exports "f": (i32 x, i32 y) → i32, with a local of type v128 besides.
std::string module_of(Body& body) {
  ByteWriter out;
  auto section = [&](u8 id, const ByteWriter& content) {
    out.put(id), out.put_u32(static_cast<u32>(content.size()));
    out.put_bytes(content.bytes());
  };
  auto bytes = [](std::initializer_list<u8> list) {
    ByteWriter content;
    for (u8 byte : list) content.put(byte);
    return content;
  };
  out.put_bytes(bytes({0, 'a', 's', 'm', 1, 0, 0, 0}).bytes());
  section(1, bytes({1, 0x60, 2, 0x7F, 0x7F, 1, 0x7F}));
  section(3, bytes({1, 0}));
  section(7, bytes({1, 1, 'f', 0, 0}));
  ByteWriter function, code;
  function.put_bytes(bytes({1, 1, 0x7B}).bytes());
  function.put_bytes(body.bytes().bytes());
  function.put(0x0B);
  code.put_u32(1), code.put_u32(static_cast<u32>(function.size()));
  code.put_bytes(function.bytes());
  section(10, code);
  auto all = out.bytes();
  return {all.begin(), all.end()};
}

// What large_steps and small_steps make of x.
u32 after_steps(u32 x, u32 large, u32 small) {
  for (u32 i = 0; i < large; ++i) x += static_cast<u32>(std::popcount(x));
  return x + small;
}

struct Shape {
  const char* name;
  // Puts in so many steps where they make what has to be reached far away.
  void (*write)(Body&, u32 large, u32 small);
  // f(x, y)
  std::string (*wanted)(u32 x, u32 y, u32 large, u32 small);
};

std::string text_of(u32 value) { return Value::i32(static_cast<i32>(value)).to_string() + " "; }

void steps(Body& body, u32 large, u32 small) { body.large_steps(large).small_steps(small); }

const Shape kShapes[] = {
    {"table",
     [](Body& b, u32 large, u32 small) {
       b.block(0x02).block(0x02).block(0x02).get(1);
       b.op(0x0E, 2).op(0).op(1).op(2);  // br_table, and the last is the default
       b.end();
       steps(b, large, small);
       b.end().get(0).constant(5).op(0x6A).set(0).end().get(0);
     },
     [](u32 x, u32 y, u32 large, u32 small) {
       return text_of(y == 0 ? after_steps(x, large, small) + 5 : y == 1 ? x + 5 : x);
     }},
    {"forward",
     [](Body& b, u32 large, u32 small) {
       b.block(0x02).get(1).op(0x0D, 0);  // br_if
       steps(b, large, small);
       b.end().get(0);
     },
     [](u32 x, u32 y, u32 large, u32 small) { return text_of(y != 0 ? x : after_steps(x, large, small)); }},
    // The poll of the loop's head has to reach the code behind the function, and that its way back.
    {"back",
     [](Body& b, u32 large, u32 small) {
       b.block(0x03);
       steps(b, large, small);
       b.get(1).constant(1).op(0x6B).op(0x22, 1).op(0x0D, 0).end().get(0);  // sub, local.tee, br_if
     },
     [](u32 x, u32 y, u32 large, u32 small) {
       for (; y > 0; --y) x = after_steps(x, large, small);
       return text_of(x);
     }},
    {"otherwise",
     [](Body& b, u32 large, u32 small) {
       b.get(1).block(0x04);
       steps(b, large, small);
       b.op(0x05).get(0).constant(3).op(0x6C).set(0).end().get(0);
     },
     [](u32 x, u32 y, u32 large, u32 small) { return text_of(y != 0 ? after_steps(x, large, small) : 3 * x); }},
    {"trap",
     [](Body& b, u32 large, u32 small) {
       b.get(0).get(1).op(0x6E).set(0);  // div_u
       steps(b, large, small);
       b.get(0);
     },
     [](u32 x, u32 y, u32 large, u32 small) {
       return y == 0 ? std::string("integer divide by zero") : text_of(after_steps(x / y, large, small));
     }},
    {"constant",
     [](Body& b, u32 large, u32 small) {
       b.vector(12);  // v128.const
       for (u8 i = 1; i <= 16; ++i) b.op(i);
       b.op(0x21, 2);
       steps(b, large, small);
       b.op(0x20, 2).vector(27).op(2).get(0).op(0x6A);  // i32x4.extract_lane 2, add
     },
     [](u32 x, u32, u32 large, u32 small) { return text_of(after_steps(x, large, small) + 0x0C0B0A09); }},
};

std::string name_of(const testing::TestParamInfo<Shape>& info) { return info.param.name; }

class FarCode : public testing::TestWithParam<Shape> {
 protected:
  // The function with so many steps, compiled.
  struct Function {
    Function(u32 large_steps, u32 small_steps) : large(large_steps), small(small_steps), guest(module(), compiler({.arena_bytes = 8 << 20, .observers = {finder}})) {
      guest.call("f", {Value::i32(1), Value::i32(1)});
    }
    std::string module() const {
      Body body;
      GetParam().write(body, large, small);
      return module_of(body);
    }
    void expect_right() {
      for (u32 y : {0u, 1u, 2u}) {
        if (y == 0 && std::string(GetParam().name) == "back") continue;  // goes round as often as there are numbers
        std::string found = guest.call("f", {Value::i32(1000), Value::i32(static_cast<i32>(y))});
        std::string wanted = GetParam().wanted(1000, y, large, small);
        EXPECT_EQ(found.substr(0, wanted.size()), wanted) << large << " " << small;
      }
      Statistics statistics = guest.compiler()->statistics();
      EXPECT_EQ(statistics.functions, 1u);
      EXPECT_EQ(statistics.failed, 0u);
    }
    // Whether a condition jumps over the next instruction, or a distance takes two.
    bool has_far_forms() const {
      for (size_t i = 0; i + 4 <= finder->code.size(); i += 4) {
        u32 instruction;
        std::memcpy(&instruction, finder->code.data() + i, 4);
        bool jumps_over = (instruction & 0xFFFFFFF0) == 0x54000040 || (instruction & 0x7EFFFFE0) == 0x34000040;
        if (jumps_over || (instruction & 0xFFE0001F) == 0xF2A00011) return true;
      }
      return false;
    }
    u32 large, small;
    std::shared_ptr<CodeFinder> finder = std::make_shared<CodeFinder>("f");
    Guest guest;
  };
};

#if defined(__aarch64__)
class Reach : public FarCode {};

// How many instructions may come in between before a branch or an address that reaches half a mebibyte does not reach any more.
i32 room_in(std::span<const u8> code) {
  i32 room = kMiB;
  for (size_t i = 0; i + 4 <= code.size(); i += 4) {
    u32 instruction;
    std::memcpy(&instruction, code.data() + i, 4);
    i32 distance = 0;
    if ((instruction & 0xFF000000) == 0x54000000 || (instruction & 0x7E000000) == 0x34000000) {  // b.cond, cbz, cbnz
      distance = static_cast<i32>(instruction << 8) >> 13 << 2;
    } else if ((instruction & 0x9F000000) == 0x10000000) {  // adr
      distance = static_cast<i32>(instruction << 8) >> 13 << 2 | static_cast<i32>(instruction >> 29 & 3);
    }
    if (distance > static_cast<i32>(kMiB / 2)) room = std::min(room, (static_cast<i32>(kMiB) - 4 - distance) / 4);
    if (distance < -static_cast<i32>(kMiB / 2)) room = std::min(room, (static_cast<i32>(kMiB) + distance) / 4);
  }
  return room;
}

// The last function in which everything reaches, and the next one.
TEST_P(Reach, IsUsedToItsEnd) {
  constexpr u32 kLarge = kMiB / 20 - 16;
  Function shorter(kLarge, 0);
  ASSERT_FALSE(shorter.has_far_forms());
  u32 room = static_cast<u32>(room_in(shorter.finder->code));
  ASSERT_LT(room, 200u);
  // Constants move 16 bytes at a time.
  u32 step = std::string(GetParam().name) == "constant" ? 4 : 1;
  Function last(kLarge, room / step * step), next(kLarge, room / step * step + step);
  EXPECT_FALSE(last.has_far_forms());
  EXPECT_EQ(room_in(last.finder->code), step == 1 ? 0 : static_cast<i32>(room % step));
  EXPECT_TRUE(next.has_far_forms());
  last.expect_right();
  next.expect_right();
}

// The words of a table reach further.
INSTANTIATE_TEST_SUITE_P(Shapes, Reach, testing::ValuesIn(std::begin(kShapes) + 1, std::end(kShapes)), name_of);
#endif

// Its last targets, and the default, are behind a mebibyte of table.
TEST(FarBranchTable, ThreeHundredThousandTargets) {
  constexpr u32 kTargets = 300'000;
  Body body;
  body.block(0x02).block(0x02).block(0x02).get(1).op(0x0E, kTargets);
  for (u32 i = 0; i < kTargets; ++i) body.op(i % 2 == 0 ? 0 : 1);
  body.op(2).end().get(0).constant(5).op(0x6A).set(0).end().get(0).constant(7).op(0x6A).set(0).end().get(0);
  Guest guest(module_of(body), compiler({.arena_bytes = 8 << 20}));
  auto f = [&](i32 y) { return guest.call("f", {Value::i32(1000), Value::i32(y)}); };
  EXPECT_EQ(f(0), "1012 ");
  EXPECT_EQ(f(1), "1007 ");
  EXPECT_EQ(f(kTargets - 2), "1012 ");
  EXPECT_EQ(f(kTargets - 1), "1007 ");
  EXPECT_EQ(f(kTargets), "1000 ");
  EXPECT_EQ(f(-1), "1000 ");
  EXPECT_EQ(guest.compiler()->statistics().functions, 1u);
}

TEST_P(FarCode, FarBehindIt) {
  constexpr u32 kLarge = 2 * kMiB / 20;
  Function(kLarge, 7).expect_right();
}

INSTANTIATE_TEST_SUITE_P(Shapes, FarCode, testing::ValuesIn(kShapes), name_of);

}  // namespace
}  // namespace brink::jit
