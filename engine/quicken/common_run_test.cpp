// CommonRun against the rules it stands for, which alone make code whose origins are asked for: random bodies, valid
// and damaged, must give the same code or the same error.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/quicken/quickener.h"
#include "engine/validate/test_module.h"

namespace brink::quick {
namespace {

// Writes the code of a function instruction by instruction, always one that its operands allow.
class BodyWriter {
 public:
  BodyWriter(u32 seed, u32 i32_locals) : random_(seed), i32_locals_(i32_locals) {
    code_ = {4};
    for (u8 type : {0x7F, 0x7E, 0x7D, 0x7C}) {
      leb(type == 0x7F ? i32_locals : 3);
      code_.push_back(type);
    }
  }

  // Parameters: i32, i64. Result: i32.
  std::vector<u8> write(u32 instructions) {
    blocks_ = {{0, false, 'i'}};
    for (u32 i = 0; i < instructions; ++i) instruction();
    while (blocks_.size() > 1) end();
    want("i");
    code_.push_back(0x0B);
    return code_;
  }

 private:
  struct Block {
    size_t height;
    bool is_loop;
    char result;  // 0: none
  };

  u32 below(u32 n) { return static_cast<u32>(random_() % n); }
  void leb(u64 value, bool padded = false) {
    for (u32 i = 0; i < (padded ? 4 : 10); ++i) {
      if (value < 0x80 && !padded) break;
      code_.push_back(static_cast<u8>(value | 0x80));
      value >>= 7;
    }
    code_.push_back(static_cast<u8>(value & 0x7F));
  }
  void signed_leb(i64 value) {
    for (; value < -64 || value > 63; value >>= 7) code_.push_back(static_cast<u8>(value | 0x80));
    code_.push_back(static_cast<u8>(value & 0x7F));
  }
  void op(u8 byte, const char* operands, const char* results) {
    code_.push_back(byte);
    stack_.resize(stack_.size() - std::strlen(operands));
    stack_ += results;
  }
  size_t height() const { return stack_.size() - blocks_.back().height; }
  bool has(std::string_view types) const { return height() >= types.size() && stack_.ends_with(types); }
  void want(const std::string& types) {
    while (height() > 0 && !has(types)) drop();
    if (!has(types))
      for (char type : types) constant(type);
    while (height() > types.size()) {
      // Below what is wanted stands more: it goes by way of a local.
      if (types.empty()) drop();
      else set_local(types[0]), drop_all(), get_local(types[0]);
    }
  }
  void drop() { op(0x1A, std::string(1, stack_.back()).c_str(), ""); }
  void drop_all() {
    while (height() > 0) drop();
  }

  void constant(char type) {
    static constexpr i64 kValues[] = {0, 1, -1, 63, -64, 127, -128, 128, 255, 256, 8191, 70000, -70000, 0x7FFFFFFF};
    i64 value = kValues[below(std::size(kValues))];
    switch (type) {
      case 'i':
        op(0x41, "", "i");
        return below(8) == 0 ? leb(static_cast<u64>(value & 0x7FFF), true) : signed_leb(value);
      case 'l': op(0x42, "", "l"); return signed_leb(below(4) == 0 ? value << 30 : value);
      default: {
        op(type == 'f' ? 0x43 : 0x44, "", type == 'f' ? "f" : "d");
        for (u32 i = 0; i < (type == 'f' ? 4u : 8u); ++i) code_.push_back(static_cast<u8>(below(256)));
      }
    }
  }
  u32 local_of(char type) {
    u32 first = 2 + i32_locals_;
    switch (type) {
      case 'i': return below(i32_locals_ + 1) == 0 ? 0 : 2 + below(i32_locals_);
      case 'l': return below(4) == 0 ? 1 : first + below(3);
      case 'f': return first + 3 + below(3);
      default: return first + 6 + below(3);
    }
  }
  void get_local(char type) { op(0x20, "", std::string(1, type).c_str()), leb(local_of(type)); }
  void set_local(char type) {
    bool is_tee = below(3) == 0;
    op(is_tee ? 0x22 : 0x21, std::string(1, type).c_str(), is_tee ? std::string(1, type).c_str() : "");
    leb(local_of(type));
  }
  void access(u8 byte, const char* operands, const char* results) {
    static constexpr u32 kOffsets[] = {0, 4, 127, 128, 255, 256, 70000};
    op(byte, operands, results);
    code_.push_back(0);
    leb(kOffsets[below(std::size(kOffsets))], below(6) == 0);
  }
  void begin(u8 byte) {
    if (byte == 0x04) want_top('i'), op(byte, "i", "");
    else code_.push_back(byte);
    char result = byte != 0x04 && below(4) == 0 ? "ilfd"[below(4)] : '\0';
    code_.push_back(result == 'i' ? 0x7F : result == 'l' ? 0x7E : result == 'f' ? 0x7D : result == 'd' ? 0x7C : 0x40);
    blocks_.push_back({stack_.size(), byte == 0x03, result});
  }
  // A try_table that leads exceptions to a label that takes nothing.
  void begin_try() {
    u32 depth = below(static_cast<u32>(blocks_.size()));
    const Block& target = blocks_[blocks_.size() - 1 - depth];
    if (target.result && !target.is_loop) return;
    code_.insert(code_.end(), {0x1F, 0x40, 1, 2});
    leb(depth);
    blocks_.push_back({stack_.size(), false, '\0'});
  }
  void end() {
    char result = blocks_.back().result;
    want(result ? std::string(1, result) : "");
    code_.push_back(0x0B);
    blocks_.pop_back();
  }
  void want_top(char type) {
    if (!has(std::string(1, type))) below(2) == 0 ? get_local(type) : constant(type);
  }
  // To a label that takes nothing; and then, mostly, the end of the block.
  void branch() {
    u32 depth = below(static_cast<u32>(blocks_.size()));
    const Block& target = blocks_[blocks_.size() - 1 - depth];
    if (target.result && !target.is_loop) return;
    if (below(3) != 0) {
      want_top('i');
      op(0x0D, "i", "");
      return leb(depth);
    }
    if (blocks_.size() == 1 || blocks_.back().result) return;
    code_.push_back(0x0C);
    leb(depth);
    stack_.resize(blocks_.back().height);
    code_.push_back(0x0B);
    blocks_.pop_back();
  }
  void instruction() {
    switch (below(24)) {
      case 0:
      case 1:
      case 2: return get_local('i');
      case 3: return get_local("ilfd"[below(4)]);
      case 4: return constant('i');
      case 5: return constant("lfd"[below(3)]);
      case 6:
      case 7:
        if (height() > 0) set_local(stack_.back());
        return;
      case 8:
      case 9:
        if (has("ii")) op(static_cast<u8>(0x46 + below(0x0A)), "ii", "i");
        else if (has("ll")) op(static_cast<u8>(0x51 + below(0x0A)), "ll", "i");
        return;
      case 10:
      case 11:
        if (has("ii")) op(static_cast<u8>(0x6A + below(0x0F)), "ii", "i");
        else if (has("ll")) op(static_cast<u8>(0x7C + below(0x0F)), "ll", "l");
        else if (has("ff")) op(static_cast<u8>(0x92 + below(7)), "ff", "f");
        else if (has("dd")) op(static_cast<u8>(0x61 + below(6)), "dd", "i");
        return;
      case 12:
        if (has("i")) op(0x45, "i", "i");
        else if (has("l")) op(0xA7, "l", "i");
        else if (has("f")) op(0xBB, "f", "d");
        return;
      case 13:
        if (has("i")) op(0xAC, "i", "l");
        else if (has("d")) op(0xAA, "d", "i");
        return;
      case 14:
      case 15:
        want_top('i');
        switch (below(4)) {
          case 0: return access(0x29, "i", "l");
          case 1: return access(0x2B, "i", "d");
          case 2: return access(0x2D, "i", "i");
          default: return access(0x28, "i", "i");
        }
      case 16:
        if (has("ii")) access(0x36, "ii", "");
        else if (has("il")) access(0x37, "il", "");
        else if (has("if")) access(0x38, "if", "");
        else if (has("id")) access(0x39, "id", "");
        return;
      case 17: return below(5) == 0 ? begin_try() : begin(static_cast<u8>(0x02 + below(3)));
      case 18:
        if (blocks_.size() > 1) end();
        return;
      case 19: return branch();
      case 20: return call();
      case 21:
        if (below(2) == 0) op(0x23, "", "i"), leb(0);
        else if (has("i")) op(0x24, "i", ""), leb(0);
        return;
      case 22:
        if (has("iii")) op(0x1B, "iii", "i");
        else if (has("ddi")) op(0x1B, "ddi", "d");
        return;
      default:
        if (below(4) == 0) code_.push_back(0x01);
        else if (height() > 0) drop();
    }
  }
  void call() {
    switch (below(4)) {
      case 0:
        want_top('i'), constant('l');
        op(0x10, "il", "i");
        return leb(0, below(2) == 0);
      case 1:
        op(0x10, "", "d");
        return leb(1);
      case 2:
        want_top('d'), get_local('i');
        op(0x10, "di", "");
        return leb(2);
      default:
        want_top('i'), get_local('l'), want_top('l'), get_local('i');
        op(0x11, "ili", "i");
        leb(0), leb(0);
    }
  }

  std::mt19937 random_;
  u32 i32_locals_;
  std::vector<u8> code_;
  std::string stack_;
  std::vector<Block> blocks_;
};

class CommonRunTest : public testing::Test {
 protected:
  CommonRunTest() {
    u32 type = module_.add_func_type({kI32, kI64}, {kI32});
    u32 gives_f64 = module_.add_func_type({}, {kF64});
    u32 takes_two = module_.add_func_type({kF64, kI32}, {});
    for (u32 imported : {type, gives_f64, takes_two}) module_.add_function(imported, {});
    module_.info.imported_functions = 3;
    module_.add_memory();
    module_.info.tables.push_back({});
    module_.info.globals.push_back({{kI32, true}, {}});
    type_ = type;
  }

  // Says whether the body is valid.
  bool check(const std::vector<u8>& body) {
    u32 function = module_.add_function(type_, body);
    std::vector<CodeOrigin> origins;
    bool is_valid = false;
    for (bool counts : {false, true}) {
      auto common = quicken_function(module_.info, function, {.count_heat = counts});
      auto general = quicken_function(module_.info, function, {.count_heat = counts, .origins = &origins});
      EXPECT_EQ(common.has_value(), general.has_value());
      if (!common || !general) {
        if (!common && !general) {
          EXPECT_EQ(common.error().message, general.error().message);
          EXPECT_EQ(common.error().offset, general.error().offset);
        }
        continue;
      }
      is_valid = true;
      EXPECT_EQ(common->code_size, general->code_size);
      EXPECT_EQ(clauses(*common), clauses(*general));
      EXPECT_EQ(common->max_operand_slots, general->max_operand_slots);
      if (common->code_size != general->code_size) continue;
      EXPECT_EQ(std::memcmp(common->code.get(), general->code.get(), common->code_size), 0);
    }
    return is_valid;
  }

  static std::vector<i32> clauses(const PreparedCode& prepared) {
    std::vector<i32> targets;
    for (const SideEntry& entry : prepared.side) targets.push_back(entry.pc_delta);
    for (const TryRegion& region : prepared.try_regions) {
      targets.push_back(static_cast<i32>(region.begin));
      targets.push_back(static_cast<i32>(region.end));
      for (const TryRegion::Clause& clause : region.clauses) targets.push_back(static_cast<i32>(clause.tag));
    }
    return targets;
  }

  TestModule module_;
  u32 type_ = 0;
};

TEST_F(CommonRunTest, RandomCode) {
  u32 valid = 0;
  for (u32 seed = 0; seed < 3000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    valid += check(BodyWriter(seed, seed % 7 == 0 ? 130 : 5).write(10 + seed % 150)) ? 1u : 0u;
  }
  EXPECT_EQ(valid, 3000u);
}

// More slots than narrow code has numbers for, of locals or of operands.
TEST_F(CommonRunTest, WideCode) {
  for (u32 seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_TRUE(check(BodyWriter(seed, 235 + seed % 20).write(200)));
  }
}

TEST_F(CommonRunTest, EveryTruncation) {
  for (u32 seed = 0; seed < 30 && !HasFailure(); ++seed) {
    std::vector<u8> body = BodyWriter(seed, 5).write(40);
    for (size_t size = body.size() - 1; size > 0; --size) {
      SCOPED_TRACE(std::to_string(seed) + ", " + std::to_string(size) + " bytes");
      EXPECT_FALSE(check({body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size)}));
    }
  }
}

TEST_F(CommonRunTest, DamagedBytes) {
  std::mt19937 random(1);
  for (u32 seed = 0; seed < 4000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::vector<u8> body = BodyWriter(seed % 100, 5).write(60);
    body[9 + random() % (body.size() - 9)] = static_cast<u8>(random());
    check(body);
  }
}

// What a catch_all names is nothing, and not what an instruction before it named.
TEST_F(CommonRunTest, LegacyCatchAll) {
  module_.info.features_allowed.add(Feature::LegacyExceptions);
  EXPECT_TRUE(check({1, 3, 0x7F, 0x06, 0x40, 0x20, 3, 0x1A, 0x20, 2, 0x1A, 0x19, 0x0B, 0x41, 0, 0x0B}));
}

// Operands that wait for their use, more than are waited for.
TEST_F(CommonRunTest, ManyPendingOperands) {
  for (u8 first : {0x20, 0x41}) {
    std::vector<u8> body{0};
    for (u32 i = 0; i < 60; ++i) body.insert(body.end(), {first, 0});
    for (u32 i = 0; i < 59; ++i) body.push_back(0x6A);
    body.push_back(0x0B);
    EXPECT_TRUE(check(body));
  }
}

}  // namespace
}  // namespace brink::quick
